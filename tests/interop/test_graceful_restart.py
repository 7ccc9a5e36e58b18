"""Graceful restart (RFC 4724), in both roles: GoBGP's own scenario, FRR and BIRD, and packets that must not be lost.

A daemon that "crashes" is killed with SIGKILL; a godwitd that is to find out by itself that it has crashed before is
started again by the same command line, with a folder for its state.
"""
import socket
import threading
import time

import pytest

from daemons import Session, make
from dut import under_test
from lab import Lab, wait_for
from route import Route

RESTART_TIME_S = 10
HOLD_TIME_S = 9
ASNS = {"g1": 65000, "g2": 65001, "g3": 65002}
ONE, OTHER, THIRD = "10.10.10.0/24", "10.10.20.0/24", "10.10.30.0/24"

pytestmark = pytest.mark.skipif(under_test() != "godwitd", reason="each test names its daemons")


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


def join(one, other, graceful, other_graceful=None, **options):
    """Configures two daemons as neighbours; the sessions as each side sees it."""
    sessions = []
    for self, peer, asked in ((one, other, graceful), (other, one, other_graceful)):
        session = Session(self.host.address4, peer.host.address4, peer.asn, hold_time_s=HOLD_TIME_S, graceful=asked,
                          **options)
        self.sessions.append(session)
        sessions.append(session)
    return sessions


def daemon(lab, name, kind):
    return make(kind, lab.host(name), ASNS[name])


def both(seconds=RESTART_TIME_S, **more):
    return {"restart_time": seconds, **more}


def stale_paths(helper):
    """{prefix: stale?} of all paths in the table of a gobgpd or godwitd."""
    return {prefix: any(path.get("stale", False) for path in paths)
            for prefix, paths in (helper.cli_json("global", "rib") or {}).items()}


def expect_table(helper, expected, limit_s=20):
    wait_for(lambda: stale_paths(helper) == expected, lambda: f"{expected}, but there is {stale_paths(helper)}", limit_s)


def wait_lost(helper, session, limit_s=30):
    wait_for(lambda: not helper.established(session), "the session is lost", limit_s, 0.05)


PAIRS = [("gobgpd", "godwitd"), ("godwitd", "gobgpd"), ("godwitd", "godwitd")]


def scenario(lab, restarter, helper, graceful=None):
    g1, g2 = daemon(lab, "g1", restarter), daemon(lab, "g2", helper)
    at_g1, at_g2 = join(g1, g2, graceful or both(), graceful or both())
    g1.start(), g2.start()
    g1.announce(Route(ONE), Route(OTHER))
    g2.wait_established(at_g2)
    expect_table(g2, {ONE: False, OTHER: False})
    return g1, g2, at_g1, at_g2


def crash(g1):
    g1.kill()
    g1.routes, g1._announced = {}, {}


@pytest.mark.parametrize("restarter,helper", PAIRS)
def test_routes_are_kept_and_swept(lab, restarter, helper):
    """GoBGP's cases 01 to 03."""
    g1, g2, at_g1, at_g2 = scenario(lab, restarter, helper)
    crash(g1)
    wait_lost(g2, at_g2)
    assert stale_paths(g2) == {ONE: True, OTHER: True}
    adj_in = g2.cli_json("neighbor", at_g2.remote, "adj-in")
    assert {prefix: paths[0]["stale"] for prefix, paths in adj_in.items()} == {ONE: True, OTHER: True}
    g1.start(options=["-r"])
    g1.announce(Route(OTHER))
    g2.wait_established(at_g2)
    expect_table(g2, {OTHER: False})
    assert list(g2.cli_json("neighbor", at_g2.remote, "adj-in")) == [OTHER]
    assert "restart timer expired" not in g2.log_text()


@pytest.mark.parametrize("restarter,others", [("godwitd", "gobgpd"), ("godwitd", "godwitd")])
def test_neighbor_without_graceful_restart_is_told_in_time(lab, restarter, others):
    """GoBGP's case 04: the restarted one waits for the neighbour with graceful restart before it tells the other.
    (gobgpd 3.10 in the place of the restarted one tells it after its deferral time only.)"""
    g1, g2, at_g1, at_g2 = scenario(lab, restarter, others)
    g1.end(), g2.end()
    g3 = daemon(lab, "g3", others)
    to_g3, at_g3 = join(g1, g3, both())
    g1.start(), g2.start(), g3.start()
    g1._announced = {}
    g1.originate()
    g3.announce(Route(THIRD))
    g2.wait_established(at_g2), g3.wait_established(at_g3)
    expect_table(g3, {ONE: False, OTHER: False, THIRD: False})
    crash(g1), crash(g3)
    g1.start(options=["-r"])
    g1.announce(Route(OTHER))
    g3.start()
    g2.wait_established(at_g2), g3.wait_established(at_g3)
    expect_table(g3, {OTHER: False})
    g3.announce(Route(THIRD))
    expect_table(g2, {OTHER: False, THIRD: False})


@pytest.mark.parametrize("restarter,helper", PAIRS[:1])
def test_hold_timer_and_restart_timer(lab, restarter, helper):
    """GoBGP's cases 05 to 07: nothing gets through for a while."""
    g1, g2, at_g1, at_g2 = scenario(lab, restarter, helper)
    g1.host.run("ip", "route", "add", "blackhole", f"{g2.host.address4}/32")
    wait_lost(g2, at_g2, HOLD_TIME_S + 10)
    assert stale_paths(g2) == {ONE: True, OTHER: True}
    expect_table(g2, {}, RESTART_TIME_S + 5)
    g1.host.run("ip", "route", "del", "blackhole", f"{g2.host.address4}/32")
    g2.wait_established(at_g2)
    expect_table(g2, {ONE: False, OTHER: False})


@pytest.mark.parametrize("restarter,helper", PAIRS)
def test_restart_timer(lab, restarter, helper):
    """GoBGP's cases 08 and 09: it never comes back."""
    g1, g2, at_g1, at_g2 = scenario(lab, restarter, helper)
    crash(g1)
    wait_lost(g2, at_g2)
    left_at = time.monotonic()
    while stale_paths(g2):
        assert stale_paths(g2) in ({ONE: True, OTHER: True}, {})
        assert time.monotonic() < left_at + RESTART_TIME_S + 5
        time.sleep(0.2)
    assert time.monotonic() > left_at + RESTART_TIME_S - 2


def test_restarted_without_the_word(lab):
    """Without -r, and without a note of the crash, a restart is none: no F bit, and what was kept goes at once."""
    g1, g2, at_g1, at_g2 = scenario(lab, "godwitd", "godwitd", both(60))
    crash(g1)
    wait_lost(g2, at_g2)
    assert stale_paths(g2) == {ONE: True, OTHER: True}
    g1.start()
    g2.wait_established(at_g2)
    expect_table(g2, {}, 5)
    assert "has not kept forwarding" in g2.log_text()


def test_several_neighbors_and_nobody_refused(lab):
    """GoBGP's cases 10 and 11: with long-lived graceful restart on, connections are not refused while things restart."""
    g1 = daemon(lab, "g1", "godwitd")
    others = [daemon(lab, "g2", "gobgpd"), daemon(lab, "g3", "godwitd")]
    sessions = [join(g1, other, both(1, long_lived=30), both(1, long_lived=30)) for other in others]
    for one in (g1, *others):
        one.start()
    for (to_other, at_other), other in zip(sessions, others):
        other.wait_established(at_other)
    crash(g1)
    for (to_other, at_other), other in zip(sessions, others):
        wait_lost(other, at_other)
    g1.start(options=["-r"])

    def states():
        found = [g1.cli_json("neighbor", to_other.remote)["state"].get("session_state")
                 for to_other, unused in sessions]
        assert 1 not in found, "IDLE: connections are refused"
        return found

    wait_for(lambda: states() == [6, 6], states, 45, 0.1)


@pytest.mark.parametrize("kind", ("frr", "gobgpd"))
def test_routes_survive_a_notification_but_no_hard_reset(lab, kind):
    """RFC 8538, both ways: a reset leaves the routes where they are, disabling the neighbour takes them away."""
    peer, dut = make(kind, lab.host("peer"), 65030), make("godwitd", lab.host("dut"), 65020)
    graceful = both(60, notification=True)
    at_peer, to_peer = join(peer, dut, graceful, graceful)
    peer.start(), dut.start()
    peer.announce(Route(ONE))
    dut.announce(Route(OTHER, next_hop=dut.host.address4))
    dut.wait_established(to_peer)
    wait_for(lambda: OTHER in peer.received(at_peer) and ONE in stale_paths(dut), "a route each way", 20)

    def lose(*words):
        """The session ends by a command of ours; who still has the other's route when it has ended?"""
        dut.cli("neighbor", to_peer.remote, *words)
        wait_lost(peer, at_peer, 10)
        wait_lost(dut, to_peer, 10)
        time.sleep(0.3)
        at_the_peer = stale_paths(peer) if kind == "gobgpd" else peer.received(at_peer)
        return OTHER in at_the_peer, stale_paths(dut).get(ONE)

    assert lose("reset") == (True, True)
    dut.wait_established(to_peer), peer.wait_established(at_peer)
    wait_for(lambda: stale_paths(dut).get(ONE) is False, "it is said again", 20)
    assert lose("disable") == (False, None)
    dut.cli("neighbor", to_peer.remote, "enable")
    dut.wait_established(to_peer)
    wait_for(lambda: stale_paths(dut).get(ONE) is False, "it is said again", 60)
    if kind == "frr":  # it sends a Hard Reset unless it is told otherwise
        peer.vty(f"clear bgp {at_peer.remote}")
        wait_lost(dut, to_peer, 10)
        assert ONE not in stale_paths(dut)


# By itself, under a supervisor -------------------------------------------------------------------------------------------


class Supervised:
    """godwitd as systemd runs it: the same command line after every end, a folder that outlives the process."""

    def __init__(self, dut):
        self.dut = dut
        self.folder = dut.folder / "state"
        self.folder.mkdir()
        self.start()

    def start(self):
        self.dut.start(level="info", options=["--state-dir", self.folder])

    def note(self):
        file = self.folder / "restart.state"
        return file.read_text() if file.exists() else ""


FEED = Route("203.0.113.0/24", next_hop=None)


def relay(lab, kind, graceful):
    """source (BIRD) - godwitd - peer; the peer has learned the source's route."""
    source, dut = make("bird", lab.host("source"), 65010), make("godwitd", lab.host("dut"), 65020)
    peer = make(kind, lab.host("peer"), 65030)
    at_source, to_source = join(source, dut, graceful, graceful)
    to_peer, at_peer = join(dut, peer, graceful, graceful)
    source.routes[FEED.prefix] = FEED
    source.start(), peer.start()
    supervised = Supervised(dut)
    peer.wait_established(at_peer)
    wait_for(lambda: FEED.prefix in peer.received(at_peer), "the route at the peer", 30)
    return source, supervised, peer, at_peer


@pytest.mark.parametrize("kind", ("bird", "frr", "gobgpd"))
def test_crash_is_survived_by_itself(lab, kind):
    """kill -9 and the same command line again: the peer never is without the route, and drops what is not said again."""
    graceful = both(30)
    source, supervised, peer, at_peer = relay(lab, kind, graceful)
    dut = supervised.dut
    dut.announce(Route("198.51.100.0/24", next_hop=dut.host.address4))
    wait_for(lambda: "198.51.100.0/24" in peer.received(at_peer), "our own route at the peer", 20)
    wait_for(lambda: "promise 30" in supervised.note(), "the note of the promise", 5)
    crash(dut)
    wait_lost(peer, at_peer)
    assert set(peer.received(at_peer)) == {FEED.prefix, "198.51.100.0/24"}
    supervised.start()
    assert "restarting gracefully" in dut.log_text()
    deadline = time.monotonic() + 40
    while not (peer.established(at_peer) and set(peer.received(at_peer)) == {FEED.prefix}):
        assert FEED.prefix in peer.received(at_peer), "the peer has lost the route"
        assert time.monotonic() < deadline, peer.received(at_peer)
        time.sleep(0.05)
    assert dut.end() == 0
    assert supervised.note() == "", "an orderly end leaves no note"
    supervised.start()
    assert dut.log_text().count("restarting gracefully") == 1


def test_a_whole_table_over_a_crash(lab):
    """Not one of many routes is missing at any moment: End-of-RIB comes when all of them have been said again."""
    count = 50_000
    source, dut, peer = (make(kind, lab.host(name), asn) for kind, name, asn in
                         (("bird", "source", 65010), ("godwitd", "dut", 65020), ("bird", "peer", 65030)))
    join(source, dut, both(60), both(60))
    to_peer, at_peer = join(dut, peer, both(60), both(60))
    routes = "".join(f" route 10.{i >> 8 & 255}.{i & 255}.0/24 blackhole;\n" for i in range(count))
    source.more_configuration = f"protocol static many {{ ipv4;\n{routes}}}\n"
    source.start(), peer.start()
    supervised = Supervised(dut)
    wait_for(lambda: peer.count(at_peer) == count, lambda: f"{peer.count(at_peer)} routes", 60)
    wait_for(lambda: "promise 60" in supervised.note(), "the note of the promise", 5)
    crash(dut)
    wait_lost(peer, at_peer)
    supervised.start()

    def over():
        assert peer.count(at_peer) == count
        family, = dut.cli_json("neighbor", to_peer.remote)["afi_safis"]
        return family["mp_graceful_restart"]["state"].get("end_of_rib_sent", False)

    wait_for(over, "our End-of-RIB is out", 60, 0.01)
    time.sleep(1)  # it has arrived, and what was not said before it would be gone
    assert peer.count(at_peer) == count and peer.established(at_peer)


@pytest.mark.parametrize("kind", ("bird", "frr"))
def test_others_restart(lab, kind):
    """BIRD and FRR crash and come back; godwitd keeps their routes meanwhile."""
    peer, dut = make(kind, lab.host("peer"), 65030), make("godwitd", lab.host("dut"), 65020)
    at_peer, to_peer = join(peer, dut, both(60), both(60))
    peer.routes = {prefix: Route(prefix) for prefix in (ONE, OTHER)}
    peer.start()
    if kind == "frr":
        peer.originate()
    dut.start()
    dut.wait_established(to_peer)
    expect_table(dut, {ONE: False, OTHER: False})
    peer.kill()
    wait_lost(dut, to_peer)
    expect_table(dut, {ONE: True, OTHER: True}, 5)
    assert "restart timer ends in" in dut.cli("neighbor", to_peer.remote, "why")
    del peer.routes[ONE]
    if kind == "frr":
        peer._zebra.kill()
        peer._configured = {}
        peer.start()
        peer.originate()
    else:
        peer.start(options=["-R"])
    dut.wait_established(to_peer)
    deadline = time.monotonic() + 30
    while stale_paths(dut) != {OTHER: False}:
        assert OTHER in stale_paths(dut) and time.monotonic() < deadline, stale_paths(dut)
        time.sleep(0.05)


# Packets -------------------------------------------------------------------------------------------------------------

PROBE_INTERVAL_S, PROBE_PORT = 0.002, 7007


class Probes:
    """A stream of UDP packets from one host to an address of another, which sends them back; how many did not come."""

    def __init__(self, host, target_host, target):
        self._echo, self._socket = target_host.socket(kind=socket.SOCK_DGRAM), host.socket(kind=socket.SOCK_DGRAM)
        self._echo.bind((target, PROBE_PORT))
        self._echo.settimeout(0.2)
        self._socket.settimeout(0.2)
        self._target = (target, PROBE_PORT)
        self._sent, self._heard, self._ending, self._ended = 0, set(), False, False
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._answer, self._hear, self._send)]
        for thread in self._threads:
            thread.start()

    def _answer(self):
        while not self._ended:
            try:
                self._echo.sendto(*self._echo.recvfrom(64))
            except TimeoutError:
                pass

    def _hear(self):
        while not self._ended:
            try:
                self._heard.add(self._socket.recv(64))
            except (TimeoutError, ConnectionRefusedError):
                pass

    def _send(self):
        while not self._ending:
            try:
                self._socket.sendto(b"%d" % self._sent, self._target)
            except OSError:
                pass  # no route: lost as well
            self._sent += 1
            time.sleep(PROBE_INTERVAL_S)

    def stop(self):
        self._ending = True
        self._threads[2].join()
        time.sleep(1)  # what is under way
        self._ended = True
        for thread in self._threads:
            thread.join()
        self._echo.close(), self._socket.close()
        return self._sent, self._sent - len(self._heard)


def seconds_to_listening(host, port=179, limit_s=10):
    begun = time.monotonic()
    while time.monotonic() < begun + limit_s:
        with host.socket() as probe:
            probe.settimeout(1)
            try:
                probe.connect((host.address4, port))
                return time.monotonic() - begun
            except OSError:
                time.sleep(0.002)
    raise AssertionError("nobody listens")


@pytest.mark.parametrize("graceful", (True, False), ids=("graceful", "not"))
def test_no_packet_is_lost_over_a_crash(lab, graceful):
    """peer (BIRD, which writes its kernel's routes) -> godwitd's host, which forwards -> source. Without graceful restart
    the same loses packets, or this test would prove nothing."""
    asked = both(30) if graceful else None
    hosts = {name: lab.host(name) for name in ("source", "dut", "peer")}
    source, dut = make("bird", hosts["source"], 65010), make("godwitd", hosts["dut"], 65020)
    peer = make("bird", hosts["peer"], 65030)
    at_source, to_source = join(source, dut, asked, asked)
    to_peer, at_peer = join(dut, peer, asked, asked)
    source.routes[FEED.prefix] = FEED
    hosts["source"].run("ip", "address", "add", "203.0.113.1/32", "dev", "lo")
    hosts["dut"].run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0",
                     "net.ipv4.conf.eth0.send_redirects=0")
    hosts["dut"].run("ip", "route", "add", FEED.prefix, "via", hosts["source"].address4)
    hosts["peer"].run("sysctl", "-q", "-w", "net.ipv4.conf.all.accept_redirects=0",
                      "net.ipv4.conf.eth0.accept_redirects=0")
    peer.more_configuration = "protocol kernel { persist; ipv4 { export where source = RTS_BGP; }; }\n"
    source.start(), peer.start()
    supervised = Supervised(dut)
    wait_for(lambda: "203.0.113.0/24" in hosts["peer"].run("ip", "route"), "the route in the peer's kernel", 30)
    if graceful:
        wait_for(lambda: "promise 30" in supervised.note(), "the note of the promise", 5)
    probes = Probes(hosts["peer"], hosts["source"], "203.0.113.1")
    time.sleep(1)  # the stream is to run before, and after, what is looked at
    dut.kill()
    begun = time.monotonic()
    supervised.start()
    listening_s = seconds_to_listening(hosts["dut"]) + time.monotonic() - begun
    peer.wait_established(at_peer)
    wait_for(lambda: FEED.prefix in peer.received(at_peer), "the route is told again", 30)
    time.sleep(3)
    sent, lost = probes.stop()
    print(f"{sent} probes sent, {lost} lost; listening {listening_s:.3f} s after the start")
    assert sent > 1000
    if graceful:
        assert lost == 0
        assert listening_s <= 1
    else:
        assert lost > 0
