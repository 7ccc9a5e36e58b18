"""MRT dumps, as their readers find them: bgpdump, godwit mrt inject, GoBGP's own client."""
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import grpc
import pytest

import api_lab as lab
from api_lab import BUILD, ROOT, Godwitd, wait_for

pytestmark = pytest.mark.skipif(shutil.which("bgpdump") is None, reason="bgpdump is not installed")

ROUTES = 10_000  # IPv4, of tools/make-demo-mrt; it has IPv6 too

SPEAKER = """
[global.config]
as = 65001
router-id = "192.0.2.{own}"
port = {port}
local-address-list = ["127.0.0.{own}"]
[[neighbors]]
config.neighbor-address = "127.0.0.{other}"
config.peer-as = 65001
transport.config.local-address = "127.0.0.{own}"
transport.config.remote-port = {remote_port}
timers.config.connect-retry = 1
[[neighbors.afi-safis]]
config.afi-safi-name = "ipv4-unicast"
[[neighbors.afi-safis]]
config.afi-safi-name = "ipv6-unicast"
"""

ALONE = '[global.config]\nas = 65001\nrouter-id = "192.0.2.1"\nport = -1\n'


def dump(kind, name, **keys):
    lines = [f'config.dump-type = "{kind}"', f'config.file-name = "{name}"']
    lines += [f"config.{key.replace('_', '-')} = {value}" for key, value in keys.items()]
    return "\n[[mrt-dump]]\n" + "\n".join(lines) + "\n"


def godwit(daemon, *words):
    done = subprocess.run([BUILD / "godwit", "-p", str(daemon.port), *map(str, words)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bgpdump(path):
    """The fields of each line; bgpdump must have found nothing wrong."""
    done = subprocess.run(["bgpdump", "-m", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "warn" not in done.stderr.lower() and "error" not in done.stderr.lower(), done.stderr
    return [line.split("|") for line in done.stdout.splitlines()]


def listed(daemon, *family):
    """(prefix, AS path, next hop) of every path, as the API lists them."""
    found = set()
    for prefix, paths in json.loads(godwit(daemon, "global", "rib", *family, "-j") or "{}").items():
        for path in paths:
            attrs = {attr["type"]: attr for attr in path["attrs"]}
            as_path = " ".join(str(asn) for part in attrs.get(2, {}).get("as_paths", []) for asn in part["asns"])
            found.add((prefix, as_path, attrs[14 if 14 in attrs else 3]["nexthop"]))
    return found


def rib_entries(path):
    assert Path(path).stat().st_size > 0
    lines = bgpdump(path)
    assert all(fields[0] == "TABLE_DUMP2" for fields in lines)
    return {(fields[5], fields[6], fields[8]) for fields in lines}, len(lines)


def as_pattern(path):
    """A fixed name for files that rotate: as a layout its digits would change."""
    return f"{path}.%%"


def client_of(tmp_path, daemon):
    modules = lab.contracts(tmp_path)
    return modules[0], lab.Client(daemon.channel, modules[0].DESCRIPTOR.services_by_name["GobgpApi"])


@pytest.fixture
def pair(tmp_path):
    """Two internal neighbors: the first has a dump of each kind; what the second announces is in it."""
    ports = lab.free_port(), lab.free_port()
    dumps = tmp_path / "dumps"
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    text = SPEAKER.format(own=1, other=2, port=ports[0], remote_port=ports[1])
    (tmp_path / "one" / "one.toml").write_text(
        text + dump("table", dumps / "table", dump_interval=1) +
        dump("updates", dumps / "updates.%s", rotation_interval=1))
    (tmp_path / "two" / "two.toml").write_text(
        SPEAKER.format(own=2, other=1, port=ports[1], remote_port=ports[0]))
    one = Godwitd(tmp_path / "one", "-f", tmp_path / "one" / "one.toml")
    two = Godwitd(tmp_path / "two", "-f", tmp_path / "two" / "two.toml")
    yield one, two, dumps
    assert two.stop() == 0 and one.stop() == 0


def inject(daemon, file):
    godwit(daemon, "mrt", "inject", "global", file)


def paths_at(daemon):
    return int(re.search(r"Path: (\d+)", godwit(daemon, "global", "rib", "summary")).group(1))


def test_both_kinds_say_what_the_table_says(pair, tmp_path):
    one, two, dumps = pair
    demo = tmp_path / "demo.mrt"
    subprocess.run([ROOT / "tools" / "make-demo-mrt", demo], check=True)
    inject(two, demo)
    godwit(two, "global", "rib", "add", "-a", "ipv6", "2001:db8::/32", "nexthop", "2001:db8::1", "community", "65001:7")
    godwit(two, "global", "rib", "add", "203.0.113.0/24", "nexthop", "198.18.0.9", "med", "7")
    godwit(one, "global", "rib", "add", "192.0.2.128/25", "nexthop", "198.18.0.8")
    wait_for(lambda: paths_at(one) > ROUTES, "the routes do not arrive")
    wait_for(lambda: listed(one, "-a", "ipv6"), "the IPv6 route does not arrive")
    expected = listed(one) | listed(one, "-a", "ipv6")
    assert len(expected) > ROUTES

    wait_for(lambda: (dumps / "table").exists() and rib_entries(dumps / "table")[0] == expected,
             "no dump has what the table has")
    entries, lines = rib_entries(dumps / "table")
    assert lines == len(entries) == len(expected)
    peers = {(fields[3], fields[4]) for fields in bgpdump(dumps / "table")}
    assert peers == {("127.0.0.2", "65001"), ("0.0.0.0", "0")}
    assert not list(dumps.glob("*.part")) or list(dumps.glob("*.part")) == [dumps / "table.part"]

    godwit(two, "global", "rib", "del", "203.0.113.0/24")

    def updates():
        return [fields for file in sorted(dumps.glob("updates.*")) for fields in bgpdump(file)]
    wait_for(lambda: ["W", "203.0.113.0/24"] in [[fields[2], fields[5]] for fields in updates() if len(fields) > 5],
             "the withdrawal is not dumped")
    said = updates()
    announced = {(fields[5], fields[6], fields[8]) for fields in said if fields[2] == "A"}
    assert announced == {entry for entry in expected if entry[0] != "192.0.2.128/25"}
    assert ["127.0.0.2", "65001", "5", "6"] in [fields[3:7] for fields in said if fields[2] == "STATE"]
    assert len(list(dumps.glob("updates.*"))) > 1


@pytest.mark.parametrize("client", ("godwit", "gobgp"))
def test_a_dump_can_be_injected(pair, tmp_path, client):
    one, two, dumps = pair
    demo = tmp_path / "demo.mrt"
    subprocess.run([ROOT / "tools" / "make-demo-mrt", demo], check=True)
    inject(two, demo)
    for number in range(300):
        godwit(two, "global", "rib", "add", "-a", "ipv6", f"2001:db8:{number:x}::/48", "nexthop", "2001:db8::1")
        if number >= 3 and client == "godwit":
            break
    wait_for(lambda: paths_at(one) >= ROUTES and listed(one, "-a", "ipv6"), "the routes do not arrive")
    expected = listed(one)
    wait_for(lambda: (dumps / "table").exists() and expected <= rib_entries(dumps / "table")[0], "no whole dump")
    shutil.copy(dumps / "table", tmp_path / "copy")
    (tmp_path / "three.toml").write_text(ALONE)
    three = Godwitd(tmp_path, "-f", tmp_path / "three.toml")
    if client == "godwit":
        inject(three, tmp_path / "copy")
        assert {entry[0] for entry in listed(three)} == {entry[0] for entry in expected}
        assert listed(three, "-a", "ipv6")
    elif shutil.which("gobgp"):
        done = subprocess.run(["gobgp", "-p", str(three.port), "mrt", "inject", "global", tmp_path / "copy"],
                              capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0 and "failed" not in done.stdout + done.stderr
        # It does not wait for the daemon, so the last ones may be lost.
        wait_for(lambda: paths_at(three) > ROUTES / 2, "nothing of it arrives")
    assert three.stop() == 0


def test_enable_and_disable(tmp_path):
    (tmp_path / "alone.toml").write_text(ALONE)
    daemon = Godwitd(tmp_path, "-f", tmp_path / "alone.toml")
    proto, client = client_of(tmp_path, daemon)
    table, updates = proto.EnableMrtRequest.TABLE, proto.EnableMrtRequest.UPDATES

    def refused(call, request, text):
        with pytest.raises(grpc.RpcError) as error:
            call(request)
        assert error.value.details() == text

    file, name = tmp_path / "folder" / "table.%", as_pattern(tmp_path / "folder" / "table")
    request = proto.EnableMrtRequest(type=table, filename=name, rotation_interval=1)
    client.EnableMrt(request)
    refused(client.EnableMrt, request, f"{name} already exists")
    refused(client.EnableMrt, proto.EnableMrtRequest(type=table, filename="x", dump_interval=1, rotation_interval=1),
            "can't specify both intervals in the table dump type")
    refused(client.EnableMrt, proto.EnableMrtRequest(type=updates), "the file name is missing")
    refused(client.EnableMrt, proto.EnableMrtRequest(type=updates, filename="%Q"),
            "%Q: no conversion that a file name can have (as in strftime)")
    refused(client.DisableMrt, proto.DisableMrtRequest(filename="other"), "other doesn't exists")
    wait_for(file.exists, "no table is dumped")
    assert f'file-name = "{name}"' in godwit(daemon, "save")
    client.DisableMrt(proto.DisableMrtRequest(filename=name))
    refused(client.DisableMrt, proto.DisableMrtRequest(filename=name), f"{name} doesn't exists")
    assert "mrt-dump" not in godwit(daemon, "save")
    for number in range(64):
        client.EnableMrt(proto.EnableMrtRequest(type=updates, filename=f"{tmp_path}/many.%%{number}"))
    refused(client.EnableMrt, proto.EnableMrtRequest(type=updates, filename="one-more"), "there are 64 dumps already")
    assert daemon.stop() == 0


def test_reload(tmp_path):
    file = tmp_path / "alone.toml"
    kept, gone, new = as_pattern(tmp_path / "kept"), as_pattern(tmp_path / "gone"), tmp_path / "new"
    file.write_text(ALONE + dump("updates", kept) + dump("updates", gone))
    daemon = Godwitd(tmp_path, "-f", file)
    wait_for(lambda: (tmp_path / "kept.%").exists() and (tmp_path / "gone.%").exists(), "the files are not opened")
    file.write_text(ALONE + dump("updates", kept, rotation_interval=90) + dump("table", new, dump_interval=1))
    said = godwit(daemon, "reload", "check")
    assert f"mrt-dump {gone}: would be removed" in said and not new.exists()
    said = godwit(daemon, "reload").splitlines()
    assert sorted(said) == sorted([f"mrt-dump {kept}: changed", f"mrt-dump {gone}: removed", f"mrt-dump {new}: added"])
    wait_for(new.exists, "the new dump is not written")
    assert daemon.stop() == 0


class Confined:
    """godwitd with a file system of 256 KiB at `folder`, which only it (and /proc) sees."""

    def __init__(self, tmp_path, text):
        self.folder = tmp_path / "small"
        self.folder.mkdir()
        self.log = tmp_path / "godwitd.log"
        self.port = lab.free_port()
        (tmp_path / "file.toml").write_text(text)
        script = f"mount -t tmpfs -o size=256k none {self.folder} && exec {BUILD}/godwitd -l debug " \
                 f"--api-hosts 127.0.0.1:{self.port} -f {tmp_path}/file.toml"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(["unshare", "--map-root-user", "--mount", "sh", "-c", script], stderr=log)
        self.inside = Path(f"/proc/{self.process.pid}/root{self.folder}")
        wait_for(lambda: "started" in self.log.read_text() or self.process.poll() is not None, "it does not start")
        if self.process.poll() is not None:
            pytest.skip("no namespaces of our own here")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=lab.WAIT_S) == 0


def test_a_disk_that_is_full(tmp_path):
    name = tmp_path / "small" / "table"
    with Confined(tmp_path, ALONE + dump("table", name, dump_interval=1)) as daemon:
        demo = tmp_path / "demo.mrt"
        subprocess.run([ROOT / "tools" / "make-demo-mrt", demo], check=True)
        inside = daemon.inside / "table"
        wait_for(inside.exists, "no table is dumped")
        inject(daemon, demo)
        wait_for(lambda: daemon.log.read_text().count("No space left on device") > 1, "it does not say why, or not again")
        said = json.loads(next(line for line in daemon.log.read_text().splitlines() if "No space left" in line))
        assert (said["level"], said["Topic"], said["Key"]) == ("warning", "mrt", str(name))
        # The last table that was whole is still there, and routing goes on.
        assert len(bgpdump(inside)) < ROUTES
        assert paths_at(daemon) >= ROUTES
        godwit(daemon, "global", "rib", "del", "all")
        wait_for(lambda: paths_at(daemon) == 0, "the routes stay")
        before = inside.stat().st_mtime_ns
        wait_for(lambda: inside.stat().st_mtime_ns > before, "it does not recover")


def test_updates_that_cannot_be_written(tmp_path):
    """Counted, said, and nobody else's business."""
    ports = lab.free_port(), lab.free_port()
    (tmp_path / "one.toml").write_text(SPEAKER.format(own=3, other=4, port=ports[0], remote_port=ports[1]) +
                                       dump("updates", "/dev/full") + dump("updates", "/proc/none/of/these"))
    (tmp_path / "two.toml").write_text(SPEAKER.format(own=4, other=3, port=ports[1], remote_port=ports[0]))
    (tmp_path / "two").mkdir()
    one = Godwitd(tmp_path, "-f", tmp_path / "one.toml")
    two = Godwitd(tmp_path / "two", "-f", tmp_path / "two.toml")
    godwit(two, "global", "rib", "add", "203.0.113.0/24", "nexthop", "198.18.0.9")
    wait_for(lambda: paths_at(one) == 1, "the route does not arrive")
    wait_for(lambda: one.log.read_text().count("updates are being lost") == 2, "the loss is not told")
    log = one.log.read_text()
    assert "the dump cannot be written: cannot write: No space left on device" in log
    assert "the dump cannot be written: cannot open it: No such file or directory" in log
    assert two.stop() == 0 and one.stop() == 0
    assert re.search(r"\d+ records were lost", one.log.read_text())


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/proc/self/ns/user"), reason="no user namespaces")
def test_a_folder_without_permission(tmp_path):
    (tmp_path / "alone.toml").write_text(ALONE + dump("table", "/sys/kernel/table", dump_interval=1))
    daemon = Godwitd(tmp_path, "-f", tmp_path / "alone.toml")
    wait_for(lambda: daemon.log.read_text().count("the dump cannot be written: cannot open it") > 1,
             "it does not say why, or not again")
    assert paths_at(daemon) == 0
    assert daemon.stop() == 0
