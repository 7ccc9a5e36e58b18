"""Tenants never see each other: every route there is, asked about everything that belongs to somebody else."""
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fleet_lab import ROOT, Client, Lab, Stream, wait_for

ROUTES = re.findall(r'\{"([A-Z]+)", "([^"]+)", (API_[A-Z_]+),', (ROOT / "src/fleet/api_routes.c").read_text())
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 74)
    yield lab
    lab.stop()


def tenant(lab, name, number):
    """A project with everything in it that a project can have; its words are all its own."""
    organization = lab.provider.post("/v1/organizations", {"name": f"org-{name}"})
    user = lab.provider.post("/v1/users", {"full_name": f"user-{name}", "email": f"{name}@example.net",
                                           "organization_id": organization["id"]})
    project = lab.provider.post("/projects", {"name": f"project-{name}", "organization_id": organization["id"]})["id"]
    lab.provider.post(f"/projects/{project}/bgp-configs",
                      {"deployment_type": "local", "asn": 65000, "md5": f"Md5{name}0Md5"})
    lab.provider.put(f"/v1/projects/{project}/prefixes", {"prefixes": [f"203.0.{number}.0/24"]})
    device = lab.device(project, number, f"host-{name}")
    client = lab.token(project)
    made = lab.provider.post("/v1/tokens", {"kind": "user", "user_id": user["id"], "description": f"token-{name}"})
    session = client.post(f"/devices/{device}/bgp/sessions")["id"]
    webhook = client.post("/v1/webhooks", {"project_id": project, "url": f"http://{name}.example.net/"})["id"]
    server = lab.server(number, md5=f"Md5{name}0Md5")
    server.cli("global", "rib", "add", f"203.0.{number}.9/32", "nexthop", "198.18.0.1")
    wait_for(lambda: client.get(f"/v1/routes?prefix=203.0.{number}.9")["match"], "no route")
    return {"name": name, "number": number, "client": client, "user": Client(lab.fleet.base, made["token"]),
            "token": made["id"], "ids": {"projects": project, "devices": device, "bgp/sessions": session,
                                         "sessions": session, "webhooks": webhook, "tokens": made["id"],
                                         "organizations": organization["id"], "bgp/discover": project}}


@pytest.fixture(scope="module")
def tenants(lab):
    return tenant(lab, "alpha", 21), tenant(lab, "omega", 22)


def words_of(lab, tenant):
    """What must never be told to somebody else."""
    return [*set(tenant["ids"].values()), f"-{tenant['name']}", f"{tenant['name']}@", f"Md5{tenant['name']}",
            f"{tenant['name']}.example", f"203.0.{tenant['number']}.", f"127.74.1.{tenant['number']}"]


def check(lab, answer, other):
    text = answer.body.decode() + str(answer.headers)
    for word in words_of(lab, other):
        assert word not in text, f"{word} in {text}"


def identifier(path, tenant, lab):
    """The identifier that this path takes, of the tenant's."""
    parts = path.strip("/").removeprefix("v1/").split("/:id")[0]
    return tenant["ids"].get(parts) or lab.router_ids[0]


QUERIES = "?project={projects}&device={devices}&session={sessions}&prefix=203.0.{number}.9&after=0&per_page=1000&limit=1000"


@pytest.mark.parametrize("method, path, need", ROUTES)
@pytest.mark.parametrize("role", ["client", "user"])
def test_every_route(lab, tenants, method, path, need, role):
    mine, other = tenants
    asking = mine[role]
    with_id = ":id" in path
    real = path.replace(":id", identifier(path, other, lab))
    none = path.replace(":id", NOWHERE)
    query = QUERIES.format(number=other["number"], **{k: v for k, v in other["ids"].items() if "/" not in k})
    body = {"project_id": other["ids"]["projects"], "user_id": NOWHERE, "url": "http://x.example/", "name": "x",
            "organization_id": other["ids"]["organizations"], "kind": "project", "description": "x"}
    if path in ("/projects",) and method == "POST" and role == "user":
        answer = asking.ask(method, real, body)
        assert answer.status == 422  # the organization is not his
        check(lab, answer, other)
        return
    answer = asking.ask(method, real + (query if method == "GET" else ""), body if method != "GET" else None)
    routers = path.startswith("/v1/routers")
    if with_id and not routers:
        asked_for_nothing = asking.ask(method, none + (query if method == "GET" else ""),
                                       body if method != "GET" else None)
        # The same answer, to the letter, as for what never was.
        assert (answer.status, answer.body) == (asked_for_nothing.status, asked_for_nothing.body)
        assert answer.status in (403, 404)
    answer.body = answer.body.replace(other["ids"]["projects"].encode(), b"") if answer.status == 422 else answer.body
    check(lab, answer, other)
    if need.startswith("API_PROVIDER"):
        assert answer.status == 403


def test_what_is_ones_own_is_there(lab, tenants):
    """The other side of the coin: nothing above is hidden because nothing is shown at all."""
    mine, _ = tenants
    for role in ("client", "user"):
        ask = mine[role]
        assert [p["name"] for p in ask.get("/projects")["projects"]] == ["project-alpha"]
        assert len(ask.get("/v1/sessions")["sessions"]) == 1
        assert ask.get("/v1/routes?prefix=203.0.21.9")["match"] == "203.0.21.9/32"
        assert ask.get("/v1/events")["events"] and ask.get("/v1/webhooks")["webhooks"]
        assert ask.get("/v1/audit")["audit"] and ask.get("/v1/tokens")["tokens"]


def test_streams_are_apart(lab, tenants):
    mine, other = tenants
    streams = [Stream(mine["client"], "/v1/events?after=0"), Stream(mine["user"], "/v1/events?after=0"),
               Stream(mine["client"], f"/v1/events?after=0&project={other['ids']['projects']}")]
    other["client"].put(f"/bgp/sessions/{other['ids']['sessions']}", True)
    mine["client"].put(f"/bgp/sessions/{mine['ids']['sessions']}", True)
    for stream in streams[:2]:
        stream.wait("bgp_session.default_route")
        assert {event[3]["project_id"] for event in stream.events} == {mine["ids"]["projects"]}
        for word in words_of(lab, other):
            assert word not in json.dumps([event[3] for event in stream.events])
    assert streams[2].events == []
    for stream in streams:
        stream.close()


def test_routers_are_shown_without_their_insides(lab, tenants):
    mine, _ = tenants
    [first, _] = mine["client"].get("/v1/routers")["routers"]
    assert first["name"] == "r1" and "target" not in first and "sessions" not in first
    stranger = lab.token(lab.project("stranger"))
    assert stranger.get("/v1/routers") == {"routers": []}
    assert stranger.ask("GET", f"/v1/routers/{first['id']}").status == 404


# Tokens


def test_tokens_are_shown_once_and_kept_as_digests(lab, tenants):
    mine, _ = tenants
    made = mine["client"].post("/v1/tokens", {"description": "for a script", "scope": "read"})
    assert made["token"].startswith("gwt_") and made["scope"] == "read" and made["kind"] == "project"
    listed = mine["client"].ask("GET", "/v1/tokens")
    assert made["token"].encode() not in listed.body and made["id"].encode() in listed.body
    for file in lab.folder.glob("fleet.db*"):
        assert made["token"].encode() not in file.read_bytes()


def test_scopes(lab, tenants):
    mine, _ = tenants
    made = mine["client"].post("/v1/tokens", {"description": "reader", "scope": "read"})
    reader = Client(lab.fleet.base, made["token"])
    assert reader.get("/v1/sessions")["sessions"]
    for method, path, need in ROUTES:
        if need in ("API_WRITE", "API_PROVIDER_WRITE"):
            answer = reader.ask(method, path.replace(":id", identifier(path, mine, lab)), {})
            assert answer.status == 403, (method, path)
    mine["client"].delete(f"/v1/tokens/{made['id']}")
    assert reader.ask("GET", "/v1/sessions").status == 401


def test_nobody_grants_more_than_he_has(lab, tenants):
    mine, other = tenants
    for body in ({"kind": "provider"}, {"kind": "user", "user_id": mine["token"]},
                 {"kind": "project", "project_id": other["ids"]["projects"]}):
        for role in ("client", "user"):
            assert mine[role].ask("POST", "/v1/tokens", body).status == 422


def test_not_without_end(lab):
    project = lab.project("collector")
    client = lab.token(project)
    answers = [client.ask("POST", "/v1/tokens", {"description": "one more"}).status for _ in range(200)]
    assert answers.count(201) == 199 and answers[-1] == 422


def test_streams_have_a_limit(lab, tenants):
    """One tenant cannot take the room of all others."""
    client = lab.token(lab.project("streams"))  # with none before: that a reader is gone may be noticed late
    streams, refused = [], None
    import urllib.error
    for _ in range(101):
        try:
            streams.append(Stream(client))
        except urllib.error.HTTPError as error:
            refused = error
    assert len(streams) == 100 and refused.code == 429
    Stream(tenants[1]["client"]).close()
    for stream in streams:
        stream.close()


def test_expiry(lab, tenants):
    mine, _ = tenants
    assert mine["client"].ask("POST", "/v1/tokens", {"expires_at": "2001-01-01T00:00:00Z"}).status == 422
    made = mine["client"].post("/v1/tokens", {"expires_at": "2100-01-01T00:00:00Z"})
    assert Client(lab.fleet.base, made["token"]).get("/v1/whoami")["kind"] == "project"


def test_audit_says_who(lab, tenants):
    mine, _ = tenants
    mine["client"].put(f"/bgp/sessions/{mine['ids']['sessions']}", False)
    newest = mine["client"].get("/v1/audit?limit=1")
    [entry] = newest["audit"]
    assert entry["action"] == "bgp_session.default_route" and entry["object"] == mine["ids"]["sessions"]
    assert entry["who"] == "tenant" and entry["detail"] == "off" and newest["next"]
    older = mine["client"].get(f"/v1/audit?limit=1&cursor={newest['next']}")
    assert older["audit"][0]["id"] < entry["id"]


# Webhooks


class Receiver:
    """Takes POSTs on loopback; answers with `status`."""

    def __init__(self):
        self.taken, self.status = [], 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 204:
                    receiver.taken.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "localhost", "0.0.0.0",
                                  "127.1", "2130706433", "0x7f000001"])
def test_webhooks_keep_away_from_private_addresses(lab, tenants, host):
    """Nor by another way of writing them: what is dialed is judged, not what is written."""
    mine, _ = tenants
    receiver = Receiver()
    made = mine["client"].post("/v1/webhooks", {"url": receiver.url.replace("127.0.0.1", host), "hold_off_s": 0})
    mine["client"].put(f"/bgp/sessions/{mine['ids']['sessions']}", True)
    wait_for(lambda: mine["client"].get(f"/v1/webhooks/{made['id']}")["last_status"], "nothing was tried")
    assert mine["client"].get(f"/v1/webhooks/{made['id']}")["last_status"] == "its address is a private one"
    assert receiver.taken == []
    mine["client"].delete(f"/v1/webhooks/{made['id']}")


@pytest.mark.parametrize("body", [{"url": "ftp://x/"}, {"url": "http://"}, {"url": "http://a b/"}, {"url": 5},
                                  {"url": "http://user@host/"}, {"url": "http://x:99999/"},
                                  {"url": "http://x/", "hold_off_s": -1}, {"url": "http://x/\r\nX: y"}])
def test_wrong_webhooks(tenants, body):
    assert tenants[0]["client"].ask("POST", "/v1/webhooks", body).status == 422
