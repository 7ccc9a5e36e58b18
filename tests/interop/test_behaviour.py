"""What the daemon does towards speakers of our own: attributes it does not know, timers, errors, many routes, a peer that
does not read, a changed file. Where a switch of its own is needed, GoBGP is not asked."""
import json
import signal
import struct
import time

import pytest

import wire
from daemons import Session, make
from dut import under_test
from lab import Capture, Lab, wait_for
from raw import RawSpeaker
from route import ATTRIBUTES, Route
from test_peers import expect

DUT_ASN, SOURCE_ASN, OBSERVER_ASN, OTHER_ASN = 65000, 65001, 65009, 65010
ours = pytest.mark.skipif(under_test() != "godwitd", reason="a switch that GoBGP does not have")


class Scene:
    """The daemon with some speakers, each a host and an eBGP neighbour of its own."""

    def __init__(self, lab):
        self.lab = lab
        self.dut_host = lab.host("dut")
        self.capture = Capture(self.dut_host)
        lab.on_close(self.capture.stop)
        self.sessions, self.hosts, self.dut = {}, {}, None

    def neighbour(self, name, asn, **options):
        self.hosts[name] = self.lab.host(name)
        self.sessions[name] = Session(self.dut_host.address4, self.hosts[name].address4, asn,
                                      **{"passive": True, "families": (4, 6), **options})
        return self.sessions[name]

    def start(self, switches=None, level="debug"):
        self.dut = make(under_test(), self.dut_host, DUT_ASN, list(self.sessions.values()))
        self.dut.switches.update(switches or {})
        self.dut.start(level)
        return self.dut

    def speaker(self, name, **options):
        session = self.sessions[name]
        return RawSpeaker(self.hosts[name], session.local, session.remote_asn, **options)

    def up(self, name, **options):
        return self.speaker(name, **options).establish()

    def check_clean(self):
        assert self.dut.end() == 0, self.dut.log_text()[-3000:]
        self.capture.stop()
        assert self.capture.count([self.dut_host.address4]) > 1
        assert self.capture.complaints([self.dut_host.address4]) == []


@pytest.fixture
def scene(request):
    with Lab(request.node.name) as lab:
        yield Scene(lab)


def simple(scene):
    """A source and an observer, both up."""
    scene.neighbour("source", SOURCE_ASN)
    scene.neighbour("observer", OBSERVER_ASN)
    scene.start()
    return scene.up("source"), scene.up("observer")


def route(prefix, source, *more, **fields):
    return Route(prefix, as_path=(source.asn, *more), next_hop=source.local, **fields)


def seen(observer, prefix, limit_s=15):
    return wait_for(lambda: observer.table().get(prefix), f"{prefix} at the observer", limit_s, 0.02)


@pytest.mark.parametrize("value", (b"", b"\xde\xad\xbe\xef", b"\x00" * 255, b"\xa5" * 256, b"\xff" * 1900),
                         ids=lambda value: str(len(value)))
def test_unknown_attributes(scene, value):
    """RFC 4271 5: transitive ones go on unchanged with the Partial bit, others end here."""
    source, observer = simple(scene)
    source.announce(route("10.1.0.0/24", source, unknown=((0xc0, 253, value), (0x80, 252, value))))
    found = seen(observer, "10.1.0.0/24")
    assert found.unknown == ((0xe0, 253, value),)


def test_nothing_goes_back_to_where_it_came_from(scene):
    source, observer = simple(scene)
    source.announce(route("10.1.0.0/24", source))
    observer.announce(route("10.2.0.0/24", observer))
    seen(observer, "10.1.0.0/24")
    seen(source, "10.2.0.0/24")
    assert "10.1.0.0/24" not in source.table() and "10.2.0.0/24" not in observer.table()


def test_the_best_path_wins_and_the_next_best_steps_in(scene):
    """By LOCAL_PREF's default, path length, origin, MED; and what is withdrawn gives way at once."""
    scene.neighbour("source", SOURCE_ASN)
    scene.neighbour("other", OTHER_ASN)
    scene.neighbour("observer", OBSERVER_ASN)
    scene.start()
    source, other, observer = scene.up("source"), scene.up("other"), scene.up("observer")
    prefix = "10.1.0.0/24"
    source.announce(route(prefix, source, 65100))
    seen(observer, prefix)
    other.announce(route(prefix, other))
    wait_for(lambda: seen(observer, prefix).as_path == (DUT_ASN, OTHER_ASN), "the shorter path", 15, 0.02)
    source.announce(route(prefix, source))
    other.announce(route(prefix, other, origin="incomplete"))
    wait_for(lambda: seen(observer, prefix).as_path == (DUT_ASN, SOURCE_ASN), "the better origin", 15, 0.02)
    source.withdraw(prefix)
    wait_for(lambda: seen(observer, prefix).as_path == (DUT_ASN, OTHER_ASN), "the path that is left", 15, 0.02)
    other.withdraw(prefix)
    wait_for(lambda: prefix not in observer.table(), "withdrawn", 15, 0.02)
    assert wire.IPV4 in observer.eor
    scene.check_clean()


def test_silence_ends_a_session(scene):
    """Hold timer (4/0), and the routes go."""
    source_session = scene.neighbour("source", SOURCE_ASN)
    scene.neighbour("observer", OBSERVER_ASN)
    dut = scene.start()
    observer = scene.up("observer")
    source = scene.up("source", hold_time_s=3)
    source.announce(route("10.1.0.0/24", source))
    seen(observer, "10.1.0.0/24")
    source.silent = True
    wait_for(lambda: source.closed, "the session ends", 10)
    assert source.notification[:2] == (4, 0)
    wait_for(lambda: "10.1.0.0/24" not in observer.table(), "withdrawn", 10)
    assert not dut.established(source_session) and not observer.closed


def test_shutdown_text_on_the_wire(scene):
    """RFC 9003: Cease, administrative shutdown, with the operator's words; and a disabled neighbour stays so."""
    source, observer = simple(scene)
    session = scene.sessions["source"]
    scene.dut.shut_down("disk change, 5 minutes", session)
    wait_for(lambda: source.closed, "the session ends", 10)
    text = b"disk change, 5 minutes"
    assert source.notification == (6, 2, bytes([len(text)]) + text)
    assert not observer.closed
    if under_test() == "godwitd":
        again = scene.speaker("source").connect()
        again.send(wire.open_message(SOURCE_ASN, again.router_id, 90, again.capabilities))
        wait_for(lambda: again.closed, "a disabled neighbour is turned away", 10)
        scene.dut.cli("neighbor", session.remote, "enable")
        scene.up("source")
        scene.dut.wait_established(session)


HOSTILE = b"\x1b]0;x\x07<img src=x onerror=alert(1)>\xff\xfe\x00\x9b2J\xe2\x80\xae"


@ours
def test_what_a_peer_says_cannot_drive_a_terminal(scene):
    """A communication with escapes, invalid UTF-8 and NUL is kept in log, text and JSON without any of them."""
    source, _ = simple(scene)
    session = scene.sessions["source"]
    source.send(wire.message(wire.NOTIFICATION, bytes([6, 2, len(HOSTILE)]) + HOSTILE))
    wait_for(lambda: not scene.dut.established(session), "the session ends", 10)
    texts = [scene.dut.cli("neighbor", session.remote), scene.dut.cli("neighbor", session.remote, "-j"),
             scene.dut.cli("neighbor"), scene.dut.log_text()]
    assert "img src" in scene.dut.log_text()
    for text in texts:
        assert all(letter >= " " or letter in "\n\t" for letter in text), repr(text)
        assert not any(letter in text for letter in "\x7f\x9b\u202e"), repr(text)
    json.loads(texts[1])


def test_second_connection_does_not_disturb_the_first(scene):
    source, observer = simple(scene)
    source.announce(route("10.1.0.0/24", source))
    seen(observer, "10.1.0.0/24")
    second = scene.speaker("source").connect()
    try:
        second.send(wire.open_message(SOURCE_ASN, second.router_id, 90, second.capabilities))
    except OSError:
        pass
    wait_for(lambda: second.closed, "the second connection is closed", 15)
    source.announce(route("10.1.1.0/24", source))
    seen(observer, "10.1.1.0/24")
    assert not source.closed and "10.1.0.0/24" in observer.table()


def test_strangers_are_turned_away(scene):
    """300 connections from an address that no neighbour has: each is closed, and the daemon serves the others."""
    source, observer = simple(scene)
    stranger = scene.lab.host("stranger")
    closed = 0
    for _ in range(300):
        speaker = RawSpeaker(stranger, scene.dut_host.address4, SOURCE_ASN)
        try:
            speaker.connect(1)
            speaker.send(wire.open_message(SOURCE_ASN, "192.0.2.9", 90, speaker.capabilities))
            wait_for(lambda: speaker.closed, "closed", 10, 0.005)
        except OSError:
            pass
        assert speaker.peer_open is None
        speaker.close()
        closed += 1
    assert closed == 300
    source.announce(route("10.1.0.0/24", source))
    seen(observer, "10.1.0.0/24")


@ours
def test_prefix_limit_ends_the_session(scene):
    """RFC 4486 subcode 1, only that session, and its routes go."""
    scene.neighbour("source", SOURCE_ASN)
    scene.neighbour("observer", OBSERVER_ASN)
    limit = {"prefix-limit": {"config": {"max-prefixes": 10}}}
    dut = make(under_test(), scene.dut_host, DUT_ASN, list(scene.sessions.values()))
    plain = dut.neighbor

    def limited(session):
        neighbour = plain(session)
        if session is scene.sessions["source"]:
            for family in neighbour["afi-safis"]:
                family.update(limit)
        return neighbour

    dut.neighbor = limited
    scene.dut = dut.start()
    source, observer = scene.up("source"), scene.up("observer")
    source.announce(*(route(f"10.1.{number}.0/24", source) for number in range(10)))
    seen(observer, "10.1.9.0/24")
    assert not source.closed
    source.announce(route("10.1.10.0/24", source))
    wait_for(lambda: source.closed, "the session ends", 10)
    assert source.notification[:2] == (6, 1)
    wait_for(lambda: not observer.table(), "withdrawn", 10)
    assert not observer.closed


@ours
@pytest.mark.parametrize("switch", (True, False))
def test_well_known_communities(scene, switch):
    """RFC 1997 where the switch is on; passed on like any other, as GoBGP does, where it is off."""
    scene.neighbour("source", SOURCE_ASN)
    scene.neighbour("observer", OBSERVER_ASN)
    scene.start({"well-known-communities": switch})
    source, observer = scene.up("source"), scene.up("observer")
    for number, value in enumerate(("65535:65281", "65535:65282", "65535:65283")):
        source.announce(route(f"10.1.{number}.0/24", source, communities=frozenset({value, "65001:1"})))
    source.announce(route("10.1.99.0/24", source))
    seen(observer, "10.1.99.0/24")
    hidden = {f"10.1.{number}.0/24" for number in range(3)} - set(observer.table())
    assert hidden == ({"10.1.0.0/24", "10.1.1.0/24", "10.1.2.0/24"} if switch else set())


@ours
def test_roles(scene):
    """RFC 9234: two providers do not make a session (2/11); what a provider tells its customer carries OTC."""
    roles = {"provider": 0, "customer": 3}
    scene.neighbour("source", SOURCE_ASN, extra={"godwit": {"role": "provider"}})
    scene.neighbour("observer", OBSERVER_ASN, extra={"godwit": {"role": "provider"}})
    scene.start()
    source = scene.speaker("source")
    source.capabilities.append(wire.capability(9, bytes([roles["provider"]])))
    source.connect()
    source.send(wire.open_message(SOURCE_ASN, source.router_id, 90, source.capabilities))
    wait_for(lambda: source.closed, "the session is refused", 10)
    assert source.notification[:2] == (2, 11)
    customers = []
    for name in ("source", "observer"):
        speaker = scene.speaker(name)
        speaker.capabilities.append(wire.capability(9, bytes([roles["customer"]])))
        customers.append(speaker.establish())
    customers[0].announce(route("10.1.0.0/24", customers[0]))
    found = seen(customers[1], "10.1.0.0/24")
    assert (0xc0, 35, struct.pack("!I", DUT_ASN)) in [(flags & 0xc0, kind, value)
                                                    for flags, kind, value in found.unknown]


def many(source, count, start=0):
    """UPDATEs with `count` routes, 100 to a message, as fast as they can be built."""
    block = wire.attributes(route("10.0.0.0/32", source))
    messages = []
    for first in range(start, start + count, 100):
        field = b"".join(b"\x20" + struct.pack("!I", (11 << 24) + number)
                         for number in range(first, min(first + 100, start + count)))
        messages.append(wire.update(block, field))
    return b"".join(messages)


def test_late_joiners_get_the_same_table(scene):
    """Four that come at once and one later, while routes keep coming: all end with the same 20,000."""
    names = [f"joiner{number}" for number in range(5)]
    scene.neighbour("source", SOURCE_ASN)
    for number, name in enumerate(names):
        scene.neighbour(name, OBSERVER_ASN + number)
    scene.start(level="info")
    source = scene.up("source")
    source.send(many(source, 10000))
    joiners = [scene.up(name) for name in names[:4]]
    source.send(many(source, 10000, 10000))
    joiners.append(scene.up(names[4]))
    wait_for(lambda: all(len(joiner.routes) == 20000 for joiner in joiners),
             lambda: f"20,000 routes each: {[len(joiner.routes) for joiner in joiners]}", 60)
    wait_for(lambda: all(wire.IPV4 in joiner.eor for joiner in joiners), "End-of-RIB for all", 20)
    source.close()
    wait_for(lambda: not any(joiner.routes for joiner in joiners),
             lambda: f"withdrawn everywhere: {[len(joiner.routes) for joiner in joiners]}", 60)
    assert all(joiner.errors == [] and not joiner.closed for joiner in joiners)


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@ours
def test_a_peer_that_does_not_read_costs_the_others_nothing(scene):
    """100,000 routes, ten times changed: the reader has all of the last state, the daemon does not grow with the rest."""
    scene.neighbour("source", SOURCE_ASN)
    scene.neighbour("deaf", OTHER_ASN)
    scene.neighbour("observer", OBSERVER_ASN)
    dut = scene.start(level="info")
    source, observer, deaf = scene.up("source"), scene.up("observer"), scene.up("deaf")
    deaf.stop_reading()
    source.send(many(source, 100000))
    wait_for(lambda: len(observer.routes) == 100000, lambda: f"{len(observer.routes)} routes", 60)
    before_kib = resident_kib(dut.pid())
    for turn in range(10):
        block = wire.attributes(route("10.0.0.0/32", source, 65100 + turn))
        for first in range(0, 100000, 500):
            source.send(wire.update(block, b"".join(b"\x20" + struct.pack("!I", (11 << 24) + number)
                                                    for number in range(first, first + 500))))
    last = (DUT_ASN, SOURCE_ASN, 65109)
    wait_for(lambda: len(observer.routes) == 100000 and
             all(one.as_path == last for one in list(observer.routes.values())[::997]), "the last state", 90, 1)
    assert resident_kib(dut.pid()) - before_kib < 64 * 1024
    assert not observer.closed and not source.closed and observer.errors == []


def test_reload_changes_only_what_differs(scene):
    """SIGHUP with a neighbour more, then with one less: the others' sessions and routes stay."""
    source, observer = simple(scene)
    source.announce(route("10.1.0.0/24", source))
    seen(observer, "10.1.0.0/24")
    added = scene.neighbour("added", OTHER_ASN)
    scene.dut.sessions.append(added)
    scene.dut.reload()
    newcomer = scene.up("added")
    seen(newcomer, "10.1.0.0/24")
    scene.dut.sessions.remove(scene.sessions["source"])
    scene.dut.reload()
    wait_for(lambda: source.closed, "the neighbour that is gone", 15)
    assert source.notification[:2] == (6, 3)
    wait_for(lambda: not newcomer.table() and not observer.table(), "its routes", 15)
    assert not observer.closed and not newcomer.closed


@ours
def test_bad_file_changes_nothing(scene):
    """A reload with an error in the file leaves everything as it was."""
    source, observer = simple(scene)
    source.announce(route("10.1.0.0/24", source))
    seen(observer, "10.1.0.0/24")
    file = scene.dut.folder / "daemon.json"
    configuration = scene.dut.configuration()
    configuration["neighbors"] = [{"config": {"neighbor-address": "not an address", "peer-as": 1}}]
    file.write_text(json.dumps(configuration))
    scene.dut.signal(signal.SIGHUP)
    wait_for(lambda: "not an address" in scene.dut.log_text(), "the error in the log", 10)
    source.announce(route("10.1.1.0/24", source))
    seen(observer, "10.1.1.0/24")
    assert not source.closed and not observer.closed


def test_peer_that_flaps(scene):
    """Ends with and without a NOTIFICATION; each time the observer sees the route go, and come again after the idle hold,
    which doubles from turn to turn."""
    source, observer = simple(scene)
    for turn in range(3):
        source.announce(route("10.1.0.0/24", source, med=turn))
        seen(observer, "10.1.0.0/24")
        if turn % 2:
            source.cease(4)
        else:
            source.close()
        wait_for(lambda: "10.1.0.0/24" not in observer.table(), f"withdrawn, turn {turn}", 15, 0.01)
        if turn < 2:
            source = scene.up("source")
    assert not observer.closed and observer.errors == []


def test_equal_routes_are_not_told_twice(scene):
    """The same announcement again makes no message to others."""
    source, observer = simple(scene)
    source.announce(route("10.1.0.0/24", source, communities=frozenset({"65001:7"})))
    seen(observer, "10.1.0.0/24")
    before = observer.updates()
    for _ in range(5):
        source.announce(route("10.1.0.0/24", source, communities=frozenset({"65001:7"})))
    source.announce(route("10.1.1.0/24", source))
    expect(Route("10.1.1.0/24"), lambda: observer.table().get("10.1.1.0/24"), ())
    assert observer.updates() <= before + (1 if under_test() == "godwitd" else 6)


def test_update_attributes_are_what_the_source_said(scene):
    """All attributes at once through the daemon to an observer with both families on one session."""
    source, observer = simple(scene)
    full = route("10.1.0.0/24", source, 4200000001, frozenset({65021, 4200000002}), origin="egp", atomic=True, med=5,
                 aggregator=(4200000001, "192.0.2.1"), communities=frozenset({"1:2", "65535:0"}),
                 large=frozenset({"1:2:3"}), extended=frozenset({"rt:1:2", "soo:192.0.2.1:3"}))
    source.announce(full)
    expected = full.but(as_path=(DUT_ASN, *full.as_path), next_hop=scene.dut_host.address4, med=None)
    expect(expected, lambda: observer.table().get("10.1.0.0/24"), ATTRIBUTES)
    scene.check_clean()


def test_busy_daemon_answers_its_clients(scene):
    """While 200,000 routes come in, `neighbor` is answered within two seconds."""
    source, observer = simple(scene)
    source.send(many(source, 200000))
    slowest_s = 0.0
    while len(observer.routes) < 200000 and slowest_s < 60:
        started_s = time.monotonic()
        scene.dut.cli("neighbor")
        slowest_s = max(slowest_s, time.monotonic() - started_s)
    assert slowest_s < 2, slowest_s
