"""What breaks: the service killed in the middle, a full disk, readers that do not read. BGP never notices."""
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from fleet_lab import BUILD, Fleet, Lab, Process, Stream, wait_for


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 82, "--unreadable-after", "1000")
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def tenant(lab):
    project = lab.project("faults")
    client = lab.token(project)
    device = lab.device(project, 1)
    session = client.post(f"/devices/{device}/bgp/sessions")["id"]
    server = lab.server(1)
    made = {"client": client, "session": session, "server": server, "project": project}
    await_state(made, "up")
    return made


def view(tenant):
    return tenant["client"].get(f"/v1/sessions/{tenant['session']}")


def await_state(tenant, state, limit_s=40):
    wait_for(lambda: view(tenant)["state"] == state, lambda: f"not {state}: {view(tenant)}", limit_s)


def timeline(tenant):
    return tenant["client"].get(f"/v1/sessions/{tenant['session']}/timeline?limit=1000")["timeline"][::-1]


def check_history(tenant):
    """For each leg every step begins where the one before ended, and none says nothing."""
    at = {}
    for entry in timeline(tenant):
        router = entry["router"]["name"]
        assert entry["from"] == at.get(router, "unknown"), timeline(tenant)
        at[router] = entry["to"]


def test_killed_during_a_flap(lab, tenant):
    for pause in (0, 0.05, 0.2):
        tenant["server"].stop(signal.SIGKILL)
        time.sleep(pause)  # wherever it stands just then
        lab.fleet.stop(signal.SIGKILL)
        tenant["server"].start()
        lab.fleet.start()
        await_state(tenant, "up")
        check_history(tenant)
    ids = [event["id"] for event in tenant["client"].get("/v1/events?limit=1000")["events"]]
    assert ids == sorted(set(ids))


def test_bgp_does_not_notice(lab, tenant):
    uptime = lambda: json.loads(lab.routers[0].cli("-j", "neighbor"))[0]["timers"]["state"]["uptime"]
    before = uptime()
    lab.fleet.stop(signal.SIGKILL)
    lab.fleet.start()
    await_state(tenant, "up")
    tenant["client"].post(f"/projects/{tenant['project']}/bgp/discover")
    assert uptime() == before


def resident_kib(fleet):
    text = Path(f"/proc/{fleet.process.process.pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


def test_readers_that_do_not_read(lab, tenant):
    sockets = []
    for _ in range(50):
        reader = socket.create_connection(("127.0.0.1", lab.fleet.port))
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.sendall((f"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                        f"X-Auth-Token: {tenant['client'].token}\r\n\r\n").encode())
        sockets.append(reader)
    good = Stream(tenant["client"])
    before = resident_kib(lab.fleet)
    count = 300
    begin = time.monotonic()
    for number in range(count):
        tenant["client"].put(f"/bgp/sessions/{tenant['session']}", number % 2 == 0)
    wait_for(lambda: len([e for e in good.events if e[2] == "bgp_session.default_route"]) == count, "events are missing")
    assert time.monotonic() - begin < 20
    assert resident_kib(lab.fleet) - before < 32 << 10
    good.close()
    for reader in sockets:
        reader.close()


def test_many_slow_requests(lab):
    """Half a request each, by many: the others are served."""
    sockets = []
    for _ in range(200):
        slow = socket.create_connection(("127.0.0.1", lab.fleet.port))
        slow.sendall(b"GET /projects HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        sockets.append(slow)
    begin = time.monotonic()
    assert lab.provider.get("/projects")["projects"]
    assert time.monotonic() - begin < 2
    for slow in sockets:
        slow.close()


@pytest.mark.skipif(os.getuid() != 0, reason="a small disk of its own needs root")
def test_full_disk(lab, tmp_path):
    """A second service with its store on a small disk. Nothing is lost that happened while it was full."""
    disk = tmp_path / "disk"
    disk.mkdir()

    class SmallFleet(Fleet):
        def start(self):
            self.process = Process("small-fleet", self.folder, [
                "unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size=3m none {disk} && exec \"$@\"", "sh",
                BUILD / "godwit-fleet", "--store", disk / "fleet.db", "--listen", f"127.0.0.1:{self.port}",
                "--token-file", self.token_file, "--unreadable-after", "500", "--log-plain"])
            wait_for(self.answers, lambda: self.process.log.read_text())

    small = SmallFleet(tmp_path)
    try:
        provider = small.provider
        provider.post("/v1/metros", {"code": "lab", "name": "x", "country": "x"})
        router = provider.post("/v1/routers", {"name": "r2", "metro": "lab", "target": lab.routers[1].target,
                                               "asn": 65530})["id"]
        wait_for(lambda: provider.get(f"/v1/routers/{router}")["state"] == "readable", "not read")
        filler = Path(f"/proc/{small.process.process.pid}/root{disk}/filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        refused = wait_for(lambda: next((answer for answer in [
            provider.ask("POST", "/v1/organizations", {"name": "x" * 80}) for _ in range(20)] if answer.status == 503),
            None), "the disk does not get full")
        assert "store" in refused.json["errors"][0]
        assert provider.get("/v1/routers")["routers"]  # reading goes on
        filler.unlink()
        wait_for(lambda: provider.ask("POST", "/v1/organizations", {"name": "room"}).status == 201, "not written again")
        lab.routers[1].stop()
        wait_for(lambda: provider.get(f"/v1/routers/{router}")["state"] == "unreadable", "not told")
        lab.routers[1].start()
        wait_for(lambda: provider.get(f"/v1/routers/{router}")["state"] == "readable", "not told")
    finally:
        small.stop()
