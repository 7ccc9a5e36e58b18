"""Several replicas over one PostgreSQL: routers shared evenly, take-over and hand-over, and nothing lost or told twice:
what is told is compared with what the routers counted (fleet_record)."""
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from fleet_lab import Client, Fleet, Lab, Stream, wait_for
from fleet_record import Record

BIN = "/usr/lib/postgresql/15/bin"
pytestmark = pytest.mark.skipif(not shutil.which(f"{BIN}/initdb"), reason="no PostgreSQL 15 here")


def fixed_port():
    """One that no outgoing connection is given: the server comes back to it."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Postgres:
    """A cluster of its own, on loopback. PostgreSQL refuses to run as root, so root lends it another name."""

    def __init__(self, folder):
        self.folder, self.port = folder, fixed_port()
        folder.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        self.run("initdb", "-D", folder / "data", "-A", "trust", "-U", "fleet")
        self.start()
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "fleet", "fleet")
        self.url = f"postgresql://fleet@127.0.0.1:{self.port}/fleet"

    def run(self, program, *words):
        command = [f"{BIN}/{program}", *map(str, words)]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                              cwd=self.folder)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def control(self, verb, *more, check=True):
        # The server keeps what it inherits: it gets a log and no pipe of ours.
        command = [f"{BIN}/pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o",
                   f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1", verb, *more]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=check,
                       cwd=self.folder)

    def start(self):
        self.control("start")

    def stop(self):
        self.control("stop", "-m", "immediate")

    def query(self, sql):
        return self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "fleet", "-At", "-c", sql, "fleet").split()


@pytest.fixture(scope="module")
def postgres():
    # Not in a folder of pytest's: those are closed to others, the server's name among them.
    folder = Path(tempfile.mkdtemp(prefix="godwit-pg-"))
    server = Postgres(folder)
    yield server
    server.control("stop", "-m", "immediate", check=False)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, postgres):
    folder = tmp_path_factory.mktemp("fleet")
    lab = Lab(folder, 81, "--unreadable-after", "1000", store=postgres.url)
    second = folder / "second"
    second.mkdir()
    shutil.copy(folder / "token", second / "token")
    lab.second = Fleet(second, "--unreadable-after", "1000", store=postgres.url)
    yield lab
    lab.second.stop()
    lab.stop()


@pytest.fixture(scope="module")
def tenant(lab):
    project = lab.project("replicas")
    made = lab.provider.post("/v1/tokens", {"kind": "project", "project_id": project})
    client = lab.token(project)
    device = lab.device(project, 1)
    lab.server(1)
    session = client.post(f"/devices/{device}/bgp/sessions")["id"]
    return {"project": project, "session": session, "first": client,
            "second": Client(lab.second.base, made["token"]), "device": device}


def state(client, tenant):
    return client.get(f"/v1/sessions/{tenant['session']}")["state"]


def test_both_tell_the_same(lab, tenant):
    stream = Stream(tenant["second"], "/v1/events?after=0")
    for who in ("first", "second"):
        wait_for(lambda: state(tenant[who], tenant) == "up", lambda: tenant[who].get(f"/v1/sessions/{tenant['session']}"))
    stream.wait("bgp_session.up", 2)
    stream.close()


def test_each_router_is_watched_by_one(lab, postgres, tenant):
    holders = postgres.query("SELECT name, count(*) FROM locks WHERE name LIKE 'router:%' GROUP BY name")
    assert sorted(line.split("|")[0] for line in holders) == sorted(f"router:{id}" for id in lab.router_ids)
    text = (lab.folder / "godwit-fleet.log").read_text() + (lab.second.folder / "godwit-fleet.log").read_text()
    assert text.count("is being followed") == 2  # one stream of events for each router


def test_what_one_changes_the_other_shows(lab, tenant):
    tenant["second"].put(f"/bgp/sessions/{tenant['session']}", True)
    assert tenant["first"].get(f"/bgp/sessions/{tenant['session']}")["default_route"] is True
    tenant["second"].delete(f"/bgp/sessions/{tenant['session']}")
    for router in lab.routers:
        wait_for(lambda: "127." not in router.cli("neighbor"), "the neighbor is still there")
    tenant["session"] = tenant["second"].post(f"/devices/{tenant['device']}/bgp/sessions")["id"]
    wait_for(lambda: state(tenant["first"], tenant) == "up", "not up")


def test_take_over(lab, postgres, tenant):
    """The one that watches dies; meanwhile a router goes. The other one tells it, once, within 15 seconds."""
    before = tenant["second"].get("/v1/events?limit=1000")["events"][-1]["id"]
    lab.fleet.stop(signal.SIGKILL)
    lab.routers[1].stop()
    begin = time.monotonic()
    wait_for(lambda: state(tenant["second"], tenant) == "partial", "not taken over", 20)
    assert time.monotonic() - begin < 15
    lab.routers[1].start()
    wait_for(lambda: state(tenant["second"], tenant) == "up", "not up")
    kinds = [event["type"] for event in tenant["second"].get(f"/v1/events?limit=1000&after={before}")["events"]]
    states = [kind for kind in kinds if kind in ("bgp_session.up", "bgp_session.partial", "bgp_session.down")]
    assert states == ["bgp_session.partial", "bgp_session.up"], kinds
    lab.fleet.start()
    wait_for(lambda: state(tenant["first"], tenant) == "up", "not up")


def test_database_restart(lab, postgres, tenant):
    before = tenant["second"].get("/v1/events?limit=1000")["events"][-1]["id"]
    postgres.stop()
    assert tenant["second"].ask("GET", "/healthz").status == 503
    postgres.start()
    wait_for(lambda: tenant["second"].ask("GET", f"/v1/sessions/{tenant['session']}").status == 200, "not back", 30)
    wait_for(lambda: state(tenant["second"], tenant) == "up", "not up")
    lab.routers[0].stop()
    wait_for(lambda: state(tenant["second"], tenant) == "partial", "nobody watches")
    lab.routers[0].start()
    wait_for(lambda: state(tenant["second"], tenant) == "up", "not up")
    kinds = [event["type"] for event in tenant["second"].get(f"/v1/events?limit=1000&after={before}")["events"]]
    assert kinds.count("bgp_session.partial") == 1 and kinds.count("bgp_session.up") == 1, kinds


def flap(lab, server, record):
    counted = record.flaps()
    server.stop(signal.SIGKILL)
    wait_for(lambda: record.flaps() == counted + 2, "not down")
    for router in lab.routers:
        for verb in ("disable", "enable"):
            router.cli("neighbor", record.address, verb)
    server.start()
    wait_for(lambda: all(record.is_up(router) for router in lab.routers), "not up", 40)


@pytest.fixture(scope="module")
def other(lab, tenant):
    """Another session of the same project, with what the routers say of it."""
    device = lab.device(tenant["project"], 2)
    server = lab.server(2)
    session = tenant["first"].post(f"/devices/{device}/bgp/sessions")["id"]
    wait_for(lambda: tenant["first"].get(f"/v1/sessions/{session}")["state"] == "up", "not up")
    return {"server": server, "session": session,
            "record": Record(lab, tenant["second"], session, f"127.{lab.block}.1.2")}


def watched(postgres):
    """How many routers each living replica watches."""
    lines = postgres.query("SELECT r.holder, (SELECT count(*) FROM locks l WHERE l.holder = r.holder AND l.name LIKE"
                           " 'router:%') FROM locks r WHERE r.name LIKE 'replica:%' ORDER BY r.holder")
    return {line.split("|")[0]: int(line.split("|")[1]) for line in lines}


def third(lab):
    folder = lab.folder / "third"
    folder.mkdir(exist_ok=True)
    shutil.copy(lab.folder / "token", folder / "token")
    return Fleet(folder, "--unreadable-after", "1000", store=lab.fleet.store)


def test_routers_are_shared_evenly(lab, postgres, tenant, other):
    """Replicas come, leave and die; sessions do not notice, and nothing moves without need."""
    record = other["record"]
    record.began = record.since()
    for number in range(5):  # nobody answers there, but they are to be watched
        lab.provider.post("/v1/routers", {"name": f"far{number}", "metro": "lab", "target": "unix:///nonexistent"})
    wait_for(lambda: sorted(watched(postgres).values()) == [3, 4], lambda: watched(postgres), 30)
    replica = third(lab)
    wait_for(lambda: sorted(watched(postgres).values()) == [2, 2, 3], lambda: watched(postgres), 30)
    holders = lambda: postgres.query("SELECT name || holder FROM locks WHERE name LIKE 'router:%' ORDER BY 1")
    before = holders()
    end = time.monotonic() + 5  # a few rounds
    while time.monotonic() < end:
        assert holders() == before
    flap(lab, other["server"], record)
    replica.stop()
    wait_for(lambda: sorted(watched(postgres).values()) == [3, 4], lambda: watched(postgres), 30)
    replica = third(lab)
    wait_for(lambda: sorted(watched(postgres).values()) == [2, 2, 3], lambda: watched(postgres), 30)
    flap(lab, other["server"], record)
    replica.stop(signal.SIGKILL)
    wait_for(lambda: sorted(watched(postgres).values()) == [3, 4], lambda: watched(postgres), 30)
    record.check_flaps(lab.provider)
    record.check_history()


def test_update_now_waits_for_all(lab, postgres, tenant):
    """Whoever is asked: what is answered then has been read from every router, whoever watches it."""
    read_at = lambda: [int(number) for number in postgres.query(
        f"SELECT updated_at FROM legs WHERE router_id IN ('{lab.router_ids[0]}', '{lab.router_ids[1]}')"
        f" AND session_id = '{tenant['session']}'")]
    for who in ("first", "second"):
        asked_at = int(postgres.query("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint")[0])
        begin = time.monotonic()
        tenant[who].post(f"/projects/{tenant['project']}/bgp/discover")
        assert time.monotonic() - begin < 4, "it waited for what does not come"
        assert len(read_at()) == 2 and min(read_at()) >= asked_at


def test_update_now_does_not_wait_for_ever(lab, postgres, tenant):
    """The other one stands still: answered all the same."""
    lab.second.process.process.send_signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        tenant["first"].post(f"/projects/{tenant['project']}/bgp/discover")
        assert time.monotonic() - begin < 8
    finally:
        lab.second.process.process.send_signal(signal.SIGCONT)


def test_stopped_replica_writes_nothing_late(lab, postgres, tenant, other):
    """It stands still so long that others take its routers, and then goes on with what it had been sent."""
    record = other["record"]
    lab.second.process.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(2):
            flap(lab, other["server"], record)
        wait_for(lambda: len(watched(postgres)) == 1 or 7 in watched(postgres).values(), lambda: watched(postgres), 30)
        flap(lab, other["server"], record)
    finally:
        lab.second.process.process.send_signal(signal.SIGCONT)
    wait_for(lambda: sorted(watched(postgres).values()) == [3, 4], lambda: watched(postgres), 30)
    wait_for(lambda: tenant["first"].get(f"/v1/sessions/{other['session']}")["state"] == "up", "not up")
    record.check_flaps(lab.provider)
    record.check_history()


def test_flaps_while_the_database_is_away(lab, postgres, tenant, other):
    record = other["record"]
    postgres.stop()
    for _ in range(3):
        flap(lab, other["server"], record)
    postgres.start()
    wait_for(lambda: tenant["second"].ask("GET", f"/v1/sessions/{other['session']}").status == 200, "not back", 30)
    wait_for(lambda: tenant["first"].get(f"/v1/sessions/{other['session']}")["state"] == "up", "not up")
    record.check_flaps(lab.provider)
    record.check_history()
