"""What breaks: the service killed in the middle, routers gone and back, a full disk, readers that do not read.

What the service tells is compared with what the routers counted (fleet_record): nothing is lost, nothing is told twice;
and a session that nobody touches is up from the beginning to the end."""
import os
import signal
import socket
import time
from pathlib import Path

import pytest

import fleet_lab
from fleet_lab import BUILD, Fleet, Lab, Process, Stream, wait_for
from fleet_record import Record, neighbor


def make_tenant(lab, name, number):
    project = lab.project(name)
    client = lab.token(project)
    device = lab.device(project, number)
    session = client.post(f"/devices/{device}/bgp/sessions")["id"]
    server = lab.server(number)
    tenant = {"client": client, "session": session, "server": server, "project": project,
              "address": f"127.{lab.block}.1.{number}"}
    await_state(tenant, "up")
    tenant["record"] = Record(lab, client, session, tenant["address"])
    return tenant


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 82, "--unreadable-after", "1000")
    yield lab
    if lab.fleet.process.process.poll() is not None:
        lab.fleet.start()  # a test that failed left it dead
    lab.stop()


@pytest.fixture(scope="module")
def bystander(lab):
    return make_tenant(lab, "bystander", 2)


@pytest.fixture(scope="module")
def tenant(lab, bystander):
    return make_tenant(lab, "faults", 1)


@pytest.fixture(autouse=True)
def nobody_else_is_touched(bystander):
    yield
    bystander["record"].check_untouched()


def view(tenant):
    return tenant["client"].get(f"/v1/sessions/{tenant['session']}")


def await_state(tenant, state, limit_s=40):
    wait_for(lambda: view(tenant)["state"] == state, lambda: f"not {state}: {view(tenant)}", limit_s)


def await_up(lab, tenant):
    """As the routers have it, and then as the service tells it."""
    wait_for(lambda: all(neighbor(router, tenant["address"])[2] for router in lab.routers), "not up", 40)
    await_state(tenant, "up")


def update_now(tenant):
    tenant["client"].post(f"/projects/{tenant['project']}/bgp/discover")


def hurry(lab, tenant):
    """Routers rest after each flap, and longer each time; an operator's hand makes them begin anew."""
    for router in lab.routers:
        for verb in ("disable", "enable"):
            router.cli("neighbor", tenant["address"], verb)


def fall(lab, tenant):
    """Down, as the routers see it."""
    counted = tenant["record"].flaps()
    tenant["server"].stop(signal.SIGKILL)
    wait_for(lambda: tenant["record"].flaps() == counted + 2, "not down")
    hurry(lab, tenant)


def flap(lab, tenant):
    fall(lab, tenant)
    tenant["server"].start()
    wait_for(lambda: all(neighbor(router, tenant["address"])[2] for router in lab.routers), "not up", 40)


def check(lab, tenant):
    tenant["record"].check_flaps(lab.provider)
    tenant["record"].check_history()


def test_killed_during_a_flap(lab, tenant):
    for pause in (0, 0.05, 0.2):
        update_now(tenant)
        counted = tenant["record"].flaps()
        tenant["server"].stop(signal.SIGKILL)
        time.sleep(pause)  # wherever it stands just then
        lab.fleet.stop(signal.SIGKILL)
        wait_for(lambda: tenant["record"].flaps() == counted + 2, "not down")
        hurry(lab, tenant)
        tenant["server"].start()
        lab.fleet.start()
        await_up(lab, tenant)
        check(lab, tenant)


def test_killed_while_it_comes_up(lab, tenant):
    for pause in (0, 0.3, 0.6):
        fall(lab, tenant)
        tenant["server"].start()
        time.sleep(pause)
        lab.fleet.stop(signal.SIGKILL)
        lab.fleet.start()
        await_up(lab, tenant)
        check(lab, tenant)


@pytest.mark.parametrize("count", [1, 3])
def test_what_happened_while_nobody_watched_is_told(lab, tenant, count):
    update_now(tenant)
    before = tenant["record"].timeline()[-1]["id"]
    lab.fleet.stop(signal.SIGKILL)
    for _ in range(count):
        flap(lab, tenant)
    lab.fleet.start()
    await_up(lab, tenant)
    check(lab, tenant)
    told = [entry for entry in tenant["record"].timeline() if entry["id"] > before]
    assert sum("before the fleet service could see it" in (entry["reason"] or "") for entry in told) >= 2, told


def test_many_flaps_watched(lab, tenant):
    for _ in range(3):
        flap(lab, tenant)
    await_up(lab, tenant)
    check(lab, tenant)
    update_now(tenant)  # reading everything again tells nothing twice
    check(lab, tenant)


def test_a_router_gone_and_back(lab, tenant, bystander):
    """It replays everything when it is back: routes are not told anew one by one, nor what did not change."""
    for number in range(1, 9):
        tenant["server"].cli("global", "rib", "add", f"203.0.113.{number}/32", "nexthop", "198.18.0.1")
    received = lambda: [leg["received"] for leg in view(tenant)["legs"]]
    wait_for(lambda: received() == [8, 8], received)
    second = lab.routers[1]
    for who in (tenant, bystander):
        who["record"].forget(second)
    before = tenant["record"].events()[-1]["id"]
    second.stop(signal.SIGKILL)
    await_state(tenant, "partial")
    second.start()
    await_state(tenant, "up")
    wait_for(lambda: received() == [8, 8], received)
    check(lab, tenant)
    check(lab, bystander)
    kinds = [event["type"] for event in tenant["record"].events() if event["id"] > before]
    assert kinds.count("bgp_session.partial") == kinds.count("bgp_session.up") == 1, kinds
    assert kinds.count("bgp_session.routes") <= 8, kinds  # it may have come in pieces
    await_state(bystander, "up")
    assert neighbor(lab.routers[0], bystander["address"])[0] == 0
    bystander["record"] = Record(lab, bystander["client"], bystander["session"], bystander["address"])


def test_stopped_for_a_while(lab, tenant):
    """A process that stands still and then goes on with what was sent meanwhile."""
    lab.fleet.stop(signal.SIGSTOP)
    flap(lab, tenant)
    lab.fleet.process.process.send_signal(signal.SIGCONT)
    await_state(tenant, "up")
    check(lab, tenant)


def resident_kib(fleet):
    text = Path(f"/proc/{fleet.process.process.pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


def test_readers_that_do_not_read(lab, tenant):
    sockets = []
    for _ in range(50):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", lab.fleet.port))
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
    # One that begins to read after all is told everything, in order, once.
    expected = []
    after = 0
    while after is not None:
        page = tenant["client"].get(f"/v1/events?limit=1000&after={after}")
        expected += [event["id"] for event in page["events"]]
        after = page["next"]
    sockets[0].settimeout(20)
    text = b""
    while f"id: {expected[-1]}\n".encode() not in text:
        text += sockets[0].recv(65536)
    told = [int(line.split()[1]) for line in text.decode().splitlines() if line.startswith("id: ")]
    assert told == expected[:len(told)] and len(told) == len(expected)
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
def test_full_disk(tmp_path, monkeypatch):
    """A lab of its own whose store is on a small disk. What happened while that was full is told once there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()

    class SmallFleet(Fleet):
        def start(self):
            self.process = Process("small-fleet", self.folder, [
                "unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size=3m none {disk} && exec \"$@\"", "sh",
                BUILD / "godwit-fleet", "--store", disk / "fleet.db", "--listen", f"127.0.0.1:{self.port}",
                "--token-file", self.token_file, "--hold-time", "9", "--unreadable-after", "500", "--log-plain"])
            wait_for(self.answers, lambda: self.process.log.read_text())

    monkeypatch.setattr(fleet_lab, "Fleet", SmallFleet)
    small = Lab(tmp_path, 84)
    try:
        provider = small.provider
        tenant = make_tenant(small, "disk", 1)
        check(small, tenant)
        before = len(tenant["record"].timeline())
        filler = Path(f"/proc/{small.fleet.process.process.pid}/root{disk}/filler")
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
        for _ in range(3):
            flap(small, tenant)
        assert len(tenant["record"].timeline()) - before < 12, "nothing was kept waiting"
        filler.unlink()
        wait_for(lambda: provider.ask("POST", "/v1/organizations", {"name": "room"}).status == 201, "not written again")
        await_state(tenant, "up")
        check(small, tenant)
        steps = [(entry["from"], entry["to"]) for entry in tenant["record"].timeline()[before:]]
        assert steps.count(("up", "down")) == steps.count(("down", "up")) == 6, steps
    finally:
        small.stop()
