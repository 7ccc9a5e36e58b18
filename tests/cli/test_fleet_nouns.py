"""The fleet from the command line: every noun of `godwit` that speaks to godwit-fleet, against a live fleet."""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))

from fleet_lab import BUILD, WAIT_S, Client, Lab, free_port, wait_for  # noqa: E402

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    certificates(folder)
    port = free_port()
    lab = Lab(folder, 181, "--listen-tls", f"127.0.0.1:{port}", "--tls-cert-file", folder / "leaf.pem",
              "--tls-key-file", folder / "leaf.key")
    lab.tls_port = port
    yield lab
    lab.stop()


def certificates(folder):
    """An authority and a certificate of it for localhost."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=lab", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "leaf.pem")


def environment(lab, client=None, **more):
    kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
            if name in os.environ}
    return {**kept, "HOME": str(lab.folder), "GODWIT_FLEET_URL": lab.fleet.base,
            "GODWIT_FLEET_TOKEN": (client or lab.provider).token, **more}


def run(lab, *words, client=None, env=None, **more):
    return subprocess.run([BUILD / "godwit", *words], capture_output=True, text=True, timeout=WAIT_S,
                          env=environment(lab, client, **(env or {})), stdin=subprocess.DEVNULL, **more)


def godwit(lab, *words, **more):
    done = run(lab, *words, **more)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    assert not done.stderr
    return done.stdout


def refused(lab, *words, **more):
    """What is said on standard error; nothing is on the other."""
    done = run(lab, *words, **more)
    assert done.returncode == 1, f"{words}: {done.stdout}"
    assert not done.stdout
    return done.stderr


def table(text):
    """Rows as dictionaries, by where the titles stand."""
    titles, *lines = text.splitlines()
    if not lines:
        return []
    starts = [0] + [i + 2 for i in range(len(titles) - 2) if titles[i:i + 2] == "  " and titles[i + 2] != " "]
    ends = starts[1:] + [None]
    return [{titles[a:b].strip(): line[a:b].strip() for a, b in zip(starts, ends)} for line in lines]


class Watching:
    """A command that goes on, and what it has said so far."""

    def __init__(self, lab, *words, client=None):
        self.process = subprocess.Popen([BUILD / "godwit", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment(lab, client))
        self.text = ""

    def read(self):
        while select.select([self.process.stdout], [], [], 0)[0]:
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                break
            self.text += more.decode()
        return self.text

    def lines(self):
        """Whole ones."""
        return self.read().rpartition("\n")[0].splitlines()

    def wait(self, condition):
        return wait_for(lambda: next((line for line in self.lines() if condition(line)), None),
                        lambda: f"not among {self.lines()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=WAIT_S)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture(scope="module")
def demo(lab):
    """A project with a server whose session is up and which has sent a good route and a bad one."""
    project = lab.project("demo", md5="Demo0Demo0")
    lab.device(project, 1, "web1")
    lab.device(project, 2, "web2")
    godwit(lab, "session", "enable", "web1")
    server = lab.server(1, md5="Demo0Demo0")
    server.cli("global", "rib", "add", "203.0.113.9/32", "nexthop", "198.18.0.1")
    server.cli("global", "rib", "add", "192.0.2.0/24", "nexthop", "198.18.0.1")
    wait_for(lambda: table(godwit(lab, "session", "list"))[0]["STATE"] == "up", "the session is not up")
    wait_for(lambda: len(json.loads(godwit(lab, "session", "routes", "web1", "-o", "json"))) == 4, "no routes")
    return project


# Projects: the shape of Metal's client -------------------------------------------------------------------------------

def test_a_project_and_its_bgp(lab, demo):
    config = table(godwit(lab, "project", "bgp-config", "-p", demo))
    assert config == [{"ID": demo, "STATUS": "enabled", "ASN": "65000", "DEPLOYMENTTYPE": "local", "MAXPREFIX": "10"}]
    sessions = table(godwit(lab, "project", "bgp-sessions", "--project-id", "demo"))
    assert len(sessions) == 1
    assert sessions[0]["STATUS"] == "up,up" and sessions[0]["STATE"] == "up"
    assert sessions[0]["LEARNED ROUTES"] == "203.0.113.9/32" and sessions[0]["DEFAULT ROUTE"] == "false"
    assert sessions[0]["HOSTNAME"] == "web1" and sessions[0]["FAMILY"] == "ipv4"


@pytest.mark.parametrize("noun", ["project", "projects"])
def test_documents_are_the_services(lab, demo, noun):
    """JSON and YAML say what the API says, in lists where Metal's client has lists."""
    config = lab.provider.get(f"/projects/{demo}/bgp-config")
    assert json.loads(godwit(lab, noun, "bgp-config", "-p", demo, "-o", "json")) == config
    assert json.loads(godwit(lab, "-j", noun, "bgp-config", "-p", demo)) == config
    assert yaml.safe_load(godwit(lab, noun, "bgp-config", "-p", demo, "-oyaml")) == config
    sessions = lab.provider.get(f"/projects/{demo}/bgp/sessions")["bgp_sessions"]
    assert json.loads(godwit(lab, noun, "bgp-sessions", "-p", demo, "-o", "json")) == sessions
    assert yaml.safe_load(godwit(lab, noun, "bgp-sessions", "-p", demo, "-o", "yaml")) == sessions
    device = godwit(lab, "device", "get", "-p", demo, "-i", "web1", "-o", "json")
    assert [found["hostname"] for found in json.loads(device)] == ["web1"]


def test_a_projects_life(lab, tmp_path):
    made = table(godwit(lab, "project", "create", "-n", "short-lived"))[0]["ID"]
    assert "has not been enabled" in godwit(lab, "project", "bgp-config", "-p", "short-lived")
    assert godwit(lab, "project", "bgp-sessions", "-p", made) == f"No BGP Sessions found for project {made}\n"
    assert godwit(lab, "project", "bgp-sessions", "-p", made, "-o", "json") == "[]\n"
    (tmp_path / "md5").write_text("FromAFile1\n")
    godwit(lab, "project", "bgp-enable", "-p", made, "--deployment-type", "local", "--asn", "65000", "--md5-file",
           tmp_path / "md5")
    assert lab.provider.get(f"/projects/{made}/bgp-config")["md5"] == "FromAFile1"
    assert table(godwit(lab, "project", "bgp-limit", "-p", made, "--max-prefix", "25"))[0]["MAXPREFIX"] == "25"
    godwit(lab, "project", "prefixes", "-p", made, "198.51.100.0/24", "2001:db8::/48")
    assert lab.provider.get(f"/v1/projects/{made}/prefixes")["prefixes"] == ["198.51.100.0/24", "2001:db8::/48"]
    assert "nothing" in godwit(lab, "project", "prefixes", "-p", made, "none")
    godwit(lab, "project", "update", "short-lived", "-n", "renamed")
    assert table(godwit(lab, "project", "get", "-n", "renamed"))[0]["ID"] == made
    assert "--force" in refused(lab, "project", "delete", "-i", made)
    godwit(lab, "project", "delete", "-i", made, "--force")
    assert lab.provider.ask("GET", f"/projects/{made}").status == 404


# The others ----------------------------------------------------------------------------------------------------------

def test_devices(lab, demo):
    made = table(godwit(lab, "device", "create", "-p", "demo", "-H", "short", "-m", "lab", "--address",
                        "127.181.1.77/31", "--address", "2001:db8::77/127"))[0]
    assert made["ADDRESSES"] == "127.181.1.77,2001:db8::77"
    assert {row["HOSTNAME"] for row in table(godwit(lab, "device", "list", "-p", demo))} == {"web1", "web2", "short"}
    neighbors = table(godwit(lab, "device", "bgp-neighbors", "web1"))
    assert neighbors[0]["PEER IPS"] == "127.181.0.1,127.181.0.2" and neighbors[0]["MD5"] == "true"
    assert table(godwit(lab, "device", "bgp-sessions", "web1"))[0]["STATE"] == "up"
    assert godwit(lab, "device", "delete", "-f", "short") == "device short is deleted\n"


def test_a_session_from_end_to_end(lab, demo):
    enabled = godwit(lab, "session", "enable", "web2", "-a", "ipv4", "--default-route", "-o", "json")
    session = json.loads(enabled)
    assert session["default_route"] is True and len(session["legs"]) == 2
    assert json.loads(godwit(lab, "session", "default-route", "web2", "off", "-j"))["default_route"] is False
    godwit(lab, "session", "update-now", session["id"])
    assert len(table(godwit(lab, "session", "update-now", "-p", "demo"))) == 2
    down = wait_for(lambda: table(godwit(lab, "session", "list", "--state", "down", "-d", "web2")), "it is not down")
    assert down[0]["ID"] == session["id"] and "waiting for the neighbor to connect" in down[0]["REASON"]
    assert "begins anew" in godwit(lab, "session", "reset", "web2")
    assert godwit(lab, "session", "disable", "web2") == f"session {session['id']} is disabled\n"
    assert "has no session" in refused(lab, "session", "get", "web2")


def test_what_is_behind_a_session(lab, demo):
    shown, legs = godwit(lab, "session", "get", "web1").split("\n\n")
    assert table(shown)[0]["ACCEPTED"] == "1" and table(shown)[0]["REJECTED"] == "1"
    assert [leg["FSM"] for leg in table(legs)] == ["ESTABLISHED"] * 2
    assert {row["TO"] for row in table(godwit(lab, "session", "timeline", "web1"))} >= {"up", "down"}
    rejected = table(godwit(lab, "session", "routes", "web1", "--state", "rejected"))
    assert {row["PREFIX"] for row in rejected} == {"192.0.2.0/24"}
    assert all(row["STATE"] == "rejected" and row["REASON"] for row in rejected)
    for daemon in ("bird", "frr", "gobgp", "openbgpd", "exabgp", "godwitd"):
        assert "127.181.0.1" in godwit(lab, "session", "config", "web1", daemon)
    assert {row["HOSTNAME"] for row in table(godwit(lab, "lookup", "203.0.113.9"))} == {"web1"}
    assert table(godwit(lab, "lookup", "exact", "203.0.113.9/32"))[0]["PREFIX"] == "203.0.113.9/32"
    assert godwit(lab, "lookup", "198.51.100.1") == "No server announces it\n"


def test_routers(lab, demo):
    assert [row["NAME"] for row in table(godwit(lab, "router", "list"))] == ["r1", "r2"]
    assert table(godwit(lab, "router", "get", "r1"))[0]["STATE"] == "readable"
    godwit(lab, "metro", "create", "far", "CH", "-n", "Far away")
    godwit(lab, "router", "create", "r9", "-m", "far", "--target", f"127.0.0.1:{free_port()}", "--peer-address",
           "127.181.0.9", "--peer-address", "2001:db8::9", "--asn", "65531", "--no-multihop")
    row = json.loads(godwit(lab, "router", "get", "r9", "-j"))
    assert (row["asn"], row["peer_ipv4"], row["peer_ipv6"], row["multihop"]) == (65531, "127.181.0.9", "2001:db8::9",
                                                                                 False)
    godwit(lab, "router", "delete", "r9", "-f")


def test_tokens_and_the_rest(lab, demo):
    made = json.loads(godwit(lab, "token", "create", "-p", "demo", "--scope", "read", "--description", "for a test",
                             "-o", "json"))
    reader = Client(lab.fleet.base, made["token"])
    assert table(godwit(lab, "token", "whoami", client=reader))[0]["SCOPE"] == "read"
    assert "may only read" in refused(lab, "session", "disable", "web1", client=reader)
    listed = godwit(lab, "token", "list")
    assert "for a test" in listed and made["token"] not in listed
    shown = godwit(lab, "token", "create", "-p", "demo")
    assert "gwt_" in shown and "shown this once" in shown
    godwit(lab, "token", "delete", made["id"], "-f")
    assert "Invalid authentication token" in refused(lab, "token", "whoami", client=reader)
    hook = json.loads(godwit(lab, "webhook", "create", "-p", "demo", "http://hook.example.net/", "--hold-off", "7", "-j"))
    assert hook["secret"] and hook["hold_off_s"] == 7
    assert hook["secret"] not in godwit(lab, "webhook", "list") + godwit(lab, "webhook", "get", hook["id"], "-j")
    godwit(lab, "webhook", "delete", hook["id"], "-f")
    organization = table(godwit(lab, "organization", "create", "New ones"))[0]
    godwit(lab, "user", "create", "a@example.net", "-n", "A B", "-O", "New ones")
    assert organization in table(godwit(lab, "organization", "get"))
    assert table(godwit(lab, "user", "list"))[0]["FULL NAME"] == "A B"
    assert table(godwit(lab, "user", "get"))[0]["ID"]
    assert {row["CODE"] for row in table(godwit(lab, "metro", "list"))} >= {"lab"}
    assert {row["ACTION"] for row in table(godwit(lab, "audit", "list"))} >= {"token.create", "webhook.delete"}


# Long lists ----------------------------------------------------------------------------------------------------------

def test_long_lists_are_whole(lab):
    """More than a page of each kind: by page number, by cursor, by event."""
    project = lab.project("crowd")
    for i in range(1005):
        lab.provider.post(f"/projects/{project}/devices", {"hostname": f"h{i}", "metro": "lab"})
    assert len(table(godwit(lab, "device", "list", "-p", project))) == 1005
    assert len(json.loads(godwit(lab, "device", "list", "-p", project, "-j"))) == 1005
    assert len(table(godwit(lab, "audit", "list", "-p", project))) > 1005
    events = [json.loads(line) for line in godwit(lab, "event", "list", "-p", project, "-j")[1:-2].strip().split(",\n")]
    assert len(events) > 1005 and len({event["id"] for event in events}) == len(events)
    after = str(events[-3]["id"])
    assert len(godwit(lab, "event", "list", "-p", project, "--after", after).splitlines()) == 2


# Live ----------------------------------------------------------------------------------------------------------------

def test_up_arrives_while_watched(lab, demo):
    """A line per change: enabled, down until the server comes, up within a second or two of it, gone."""
    tenant = lab.token(demo)
    lab.device(demo, 3, "late")
    watching = Watching(lab, "session", "list", "-p", "demo", "--watch", client=tenant)
    documents = Watching(lab, "project", "bgp-sessions", "-p", "demo", "--watch", "-o", "json")
    try:
        watching.wait(lambda line: "web1  ipv4  up" in line)
        documents.wait(lambda line: '"web1"' in line)
        godwit(lab, "session", "enable", "late", client=tenant)
        watching.wait(lambda line: "late  ipv4  down" in line and "waiting for the neighbor" in line)
        server = lab.server(3, md5="Demo0Demo0")
        watching.wait(lambda line: "late  ipv4  up  up,up" in line)
        documents.wait(lambda line: json.loads(line).get("device", {}).get("hostname") == "late"
                       and json.loads(line)["state"] == "up")
        lab.daemons.remove(server)
        server.stop(signal.SIGKILL)
        watching.wait(lambda line: "late  ipv4  down  down,down" in line and "web1" not in line)
        godwit(lab, "session", "disable", "late", client=tenant)
        watching.wait(lambda line: line.endswith("late  ipv4  gone"))
        documents.wait(lambda line: json.loads(line)["state"] == "gone")
        web1 = [line for line in watching.lines() if "web1" in line]
        assert len(web1) == 1, "nothing has changed about it"
    finally:
        watching.stop()
        documents.stop()


def test_a_watched_session_ends_with_it(lab, demo):
    session = json.loads(godwit(lab, "session", "enable", "web2", "-j"))["id"]
    watching = Watching(lab, "session", "get", session, "--watch")
    try:
        watching.wait(lambda line: "web2  ipv4" in line)
        godwit(lab, "session", "disable", session)
        assert watching.process.wait(timeout=WAIT_S) == 0
        assert watching.lines()[-1].endswith("web2  ipv4  gone")
    finally:
        watching.stop()


def test_events_are_resumed_over_a_restart(lab, demo):
    """The service goes and comes back: what is told is what it has, each event once, in order."""
    def events_after(after):
        while page := lab.provider.get(f"/v1/events?limit=1000&after={after}")["events"]:
            yield from page
            after = page[-1]["id"]

    def told(line):
        event = json.loads(line)
        return event["type"] == "bgp_session.default_route" and event["id"] > last

    first, last = (ids := [event["id"] for event in events_after(0)])[0], ids[-1]
    watching = Watching(lab, "event", "list", "--watch", "-o", "json", "--after", str(first))
    silent = Watching(lab, "event", "list", "--watch", "-o", "json", "-p", "demo")
    try:
        watching.wait(lambda line: json.loads(line)["id"] == last)
        lab.fleet.stop()
        lab.fleet.start()
        lab.project("after the restart")
        godwit(lab, "session", "default-route", "web1", "on")
        godwit(lab, "session", "default-route", "web1", "off")
        watching.wait(told)
        silent.wait(told)
        seen = [json.loads(line) for line in watching.lines()]
        assert seen == list(events_after(first))[:len(seen)]
        assert select.select([watching.process.stderr], [], [], WAIT_S)[0], "nothing was said of the loss"
        assert os.read(watching.process.stderr.fileno(), 4096).decode().startswith("no live events now: ")
        wait_for(lambda: table(godwit(lab, "session", "list", "-d", "web1"))[0]["STATE"] == "up", "web1 is not up")
    finally:
        watching.stop()
        silent.stop()


def test_yaml_goes_on_in_documents(lab, demo):
    watching = Watching(lab, "event", "list", "--watch", "-o", "yaml", "--after", "0", "-p", "demo")
    try:
        watching.wait(lambda line: line == "type: bgp_session.up")
        told = list(yaml.safe_load_all(watching.read().rpartition("---\n")[0]))
        assert told and told == lab.provider.get(f"/v1/events?project={demo}&limit=1000&after=0")["events"][:len(told)]
    finally:
        watching.stop()


def test_what_never_worked_is_not_tried_again(lab):
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert "refused" in refused(lab, "event", "list", "--watch", "--after", "0", "--fleet", nowhere)
    assert "(401)" in refused(lab, "event", "list", "--watch", "--after", "0", env={"GODWIT_FLEET_TOKEN": "wrong"})


def test_nobody_reads_any_more(lab, demo):
    watching = Watching(lab, "event", "list", "--watch", "--after", "0")
    watching.wait(lambda line: "project.created" in line)
    watching.process.stdout.close()
    godwit(lab, "session", "update-now", "web1")
    lab.project("nobody sees this")
    try:
        assert watching.process.wait(timeout=WAIT_S) == 0
    finally:
        watching.process.kill()
        watching.process.stderr.close()


def test_on_a_terminal(lab, demo):
    """The list is drawn anew and coloured; names cannot steer the terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BUILD / "godwit", "session", "list", "-p", "demo", "--watch"], stdout=theirs,
                               stderr=theirs, env=environment(lab))
    os.close(theirs)
    seen = b""
    try:
        def drawn(what):
            nonlocal seen
            if select.select([ours], [], [], 0)[0]:
                seen += os.read(ours, 65536)
            return what in seen
        wait_for(lambda: drawn(b", live"), "nothing is drawn")
        assert seen.startswith(b"\x1b[H\x1b[J") and b"\x1b[32mup\x1b[0m" in seen
        seen = b""
        godwit(lab, "session", "default-route", "web1", "on")
        wait_for(lambda: drawn(b", live"), "nothing is drawn again")
        assert seen.startswith(b"\x1b[H\x1b[J") and b"true" in seen
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)
        os.close(ours)


def test_foreign_text_is_tame(lab):
    project = lab.provider.post("/projects", {"name": "evil\x1b[2J\nname", "organization_id": lab.organization["id"]})
    text = godwit(lab, "project", "get", "-i", project["id"])
    assert "\x1b" not in text and "evil\\x1b[2J\\x0aname" in text and len(text.splitlines()) == 2
    assert json.loads(godwit(lab, "project", "get", project["id"], "-j"))["name"] == "evil\x1b[2J\nname"
    assert yaml.safe_load(godwit(lab, "project", "get", project["id"], "-oyaml"))["name"] == "evil\x1b[2J\nname"
    lab.provider.delete(f"/projects/{project['id']}")


# Where, who, and what is wrong ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, complaint", [
    (["project", "bgp-config"], "project bgp-config: --project-id (-p) is missing"),
    (["project", "bgp-config", "-p", "nobody"], "nobody: there is no project of this name or identifier"),
    (["project", "bgp-config", "-p", NOWHERE], f"GET /projects/{NOWHERE}/bgp-config: Not found (404)"),
    (["project", "bgp-config", "extra"], 'project bgp-config: "extra" is one word too many'),
    (["project", "bgp-konfig"], 'did you mean "bgp-config"?'),
    (["project", "list", "--asn", "5"], '"godwit project list" does not take --asn'),
    (["project", "bgp-enable", "-p", "demo"], "--deployment-type is missing; local or global is allowed"),
    (["project", "bgp-enable", "-p", "demo", "--deployment-type", "lokal"],
     "deployment_type: must be local or global (422)"),
    (["project", "bgp-enable", "-p", "demo", "--deployment-type", "local", "--asn", "x"],
     "--asn x: 0 to 4294967295 is allowed"),
    (["project", "bgp-enable", "-p", "demo", "--deployment-type", "local", "--md5-file", "/nowhere"],
     "/nowhere: No such file or directory"),
    (["project", "list", "-o", "xml"], "--output xml: table, json or yaml is allowed"),
    (["project", "list", "--token", "secret"], "--token: everyone on this machine could read it"),
    (["session", "enable", "web1"], "already has session"),
    (["session", "enable", "web1", "-a", "ipv5"], "--address-family ipv5: ipv4 or ipv6 is allowed"),
    (["session", "list", "--state", "open"], "--state open: up, partial, down or unknown is allowed"),
    (["session", "default-route", "web1", "maybe"], '"maybe": on or off is allowed as the last word'),
    (["session", "config", "web1", "quagga"], "for: must be bird, frr, gobgp, openbgpd, exabgp or godwitd (422)"),
    (["session", "config"], "the daemon is missing"),
    (["session", "get"], "session get: the session, or --device-id (-d), is missing"),
    (["lookup", "nonsense"], "prefix: must be an address or a prefix (422)"),
    (["event", "list", "--after", "x"], "--after x: the number of an event is allowed"),
    (["token", "delete", "x", "-f"], "token delete: x: this is no identifier"),
    (["router", "create", "x", "-m", "lab"], "router create: --target is missing"),
    (["device", "create", "-p", "demo", "x"], "device create: --metro (-m) is missing"),
    (["device", "create", "-p", "demo", "x", "-m", "mars"], "metro: no such metro (422)"),
])
def test_complaints(lab, demo, words, complaint):
    said = refused(lab, *words)
    assert complaint in said
    assert "secret" not in said.replace(complaint, "") and lab.provider.token not in said
    assert "error" in json.loads(refused(lab, "-j", *words))


def test_where_and_who(lab, demo, tmp_path):
    """The command line before the environment before the file; a secret is named by where it came from."""
    token_file = tmp_path / "token"
    token_file.write_text(lab.provider.token + "\n")
    settings = tmp_path / "fleet.yaml"
    settings.write_text(f"fleet: {lab.fleet.base}\ntoken-file: {token_file}\nproject-id: demo\noutput: json\n")
    bare = {"GODWIT_FLEET_URL": "", "GODWIT_FLEET_TOKEN": ""}
    assert json.loads(godwit(lab, "project", "bgp-config", "--config", settings, env=bare))["asn"] == 65000
    home = tmp_path / "home" / ".config" / "godwit"
    home.mkdir(parents=True)
    (home / "fleet.yaml").write_text(settings.read_text())
    assert json.loads(godwit(lab, "project", "bgp-config", env={**bare, "HOME": str(tmp_path / "home")}))
    assert "STATUS" in godwit(lab, "project", "bgp-config", "--config", settings, "-o", "table", env=bare)
    assert godwit(lab, "project", "bgp-config", env={"METAL_PROJECT_ID": demo})
    assert godwit(lab, "project", "list", env={"GODWIT_FLEET_TOKEN": "", "METAL_AUTH_TOKEN": lab.provider.token})
    assert godwit(lab, "project", "list", "--token-file", token_file, env={"GODWIT_FLEET_TOKEN": "wrong"})
    said = refused(lab, "project", "list", env={"GODWIT_FLEET_TOKEN": "wrong-one"})
    assert "Invalid authentication token (401)" in said and "GODWIT_FLEET_TOKEN" in said and "wrong-one" not in said
    assert "no token: give --token-file" in refused(lab, "project", "list", env={"GODWIT_FLEET_TOKEN": ""})
    settings.write_text("fleet: x\nflet: y\n")
    assert f"{settings}:2: flet: no such setting" in refused(lab, "project", "list", "--config", settings)
    settings.write_text("fleet: [a]\n")
    assert f"{settings}:1: a setting is a name" in refused(lab, "project", "list", "--config", settings)
    assert "Connection refused" in refused(lab, "project", "list", "--fleet", f"http://127.0.0.1:{free_port()}")
    assert "the host is wrong" in refused(lab, "project", "list", "--fleet", "http://")
    assert "in the clear" in refused(lab, "project", "list", "--fleet", "http://192.0.2.1:8080")


def test_tls(lab, demo):
    """An authority of one's own; without it, or under another name, nothing is sent."""
    url = f"https://localhost:{lab.tls_port}"
    trusted = lab.folder / "ca.pem"
    assert table(godwit(lab, "project", "bgp-config", "-p", demo, "--fleet", url, "--ca-file", trusted))[0]["ID"] == demo
    assert godwit(lab, "project", "list", env={"GODWIT_FLEET_URL": url, "GODWIT_FLEET_CA_FILE": str(trusted)})
    assert "certificate" in refused(lab, "project", "list", "--fleet", url)
    other = f"https://127.0.0.1:{lab.tls_port}"
    assert "mismatch" in refused(lab, "project", "list", "--fleet", other, "--ca-file", trusted)
    watching = Watching(lab, "session", "list", "--watch", "--fleet", url, "--ca-file", str(trusted))
    try:
        watching.wait(lambda line: "web1  ipv4  up" in line)
    finally:
        watching.stop()
