"""The daemon under test with each peer: one eBGP session over IPv4 and one over IPv6, both sides' routes, everything a
session does in its life. A third and a fourth speaker are ours: one feeds routes to the daemon under test, one listens.

All AS numbers that can be are above 65535.
"""
import dataclasses

import pytest

import wire
from daemons import Session, make
from dut import under_test
from lab import Capture, Lab, wait_for
from raw import RawSpeaker
from route import ATTRIBUTES, Route, difference

DUT_ASN, PEER_ASN, SOURCE_ASN, OBSERVER_ASN = 4200000001, 4200000010, 4200000100, 4200000200
PEERS = ("bird", "frr", "openbgpd", "exabgp", "gobgpd")
TEXT = "maintenance window 42, back at 06:00"

FULL = Route("10.1.1.0/24", origin="egp", as_path=(SOURCE_ASN, 65001, 4200000033), atomic=True, med=77,
             aggregator=(4200000033, "192.0.2.33"), communities=frozenset({"65001:1", "65002:65535"}),
             large=frozenset({"4200000100:1:2", "3:4:5"}),
             extended=frozenset({"rt:65001:100", "rt:4200000001:7", "soo:192.0.2.1:9"}))
FEED = {
    "plain": Route("10.1.0.0/24", as_path=(SOURCE_ASN,)),
    "full": FULL,
    "as set": FULL.but(prefix="10.1.2.0/24", as_path=(SOURCE_ASN, 65001, frozenset({65021, 4200000022}))),
    "incomplete": Route("10.1.3.0/25", origin="incomplete", as_path=(SOURCE_ASN, SOURCE_ASN, 23456)),
    "host": Route("10.1.4.255/32", as_path=(SOURCE_ASN, 65001)),
    "many communities": Route("10.1.5.0/24", as_path=(SOURCE_ASN,),
                              communities=frozenset(f"65001:{number}" for number in range(30))),
}
OWN = FULL.but(prefix="10.2.1.0/24", as_path=(65005, 4200000044), med=55)


def over(version, route):
    """The same route in the other family."""
    if version == 4:
        return route
    _, second, third, rest = route.prefix.split(".")
    length = {"24": 48, "25": 63, "32": 128}[rest.split("/")[1]]
    return route.but(prefix=f"2001:db8:{second}{third}::{'ff' if length == 128 else ''}/{length}")


@dataclasses.dataclass
class Link:
    """Everything a test of this file works with."""
    version: int
    dut: object
    peer: object
    source: RawSpeaker
    observer: RawSpeaker
    capture: Capture
    to_peer: Session
    at_peer: Session


def build_link(lab, kind, version, peer_asn=PEER_ASN, dut_asn=DUT_ASN, peer_options=None, dut_options=None):
    """The daemon, a peer with one session, and our two speakers; the options are fields of Session."""
    hosts = {name: lab.host(name) for name in ("dut", "peer", "source", "observer")}
    local = hosts["dut"].address(version)
    to_peer = Session(local, hosts["peer"].address(version), peer_asn, families=(version,),
                      **{"passive": True, **(dut_options or {})})
    ours = [Session(local, hosts[name].address(version), asn, families=(version,), passive=True)
            for name, asn in (("source", SOURCE_ASN), ("observer", OBSERVER_ASN))]
    at_peer = Session(hosts["peer"].address(version), local, dut_asn, families=(version,), **(peer_options or {}))
    capture = Capture(hosts["dut"])
    lab.on_close(capture.stop)
    dut = make(under_test(), hosts["dut"], dut_asn, [to_peer, *ours]).start()
    peer = make(kind, hosts["peer"], peer_asn, [at_peer]).start()
    family = wire.IPV4 if version == 4 else wire.IPV6
    source, observer = (RawSpeaker(hosts[name], local, asn, version, families=(family,)).establish()
                        for name, asn in (("source", SOURCE_ASN), ("observer", OBSERVER_ASN)))
    return Link(version, dut, peer, source, observer, capture, to_peer, at_peer)


@pytest.fixture(scope="module", params=[(kind, version) for kind in PEERS for version in (4, 6)],
                ids=lambda value: f"{value[0]}-ipv{value[1]}")
def link(request):
    kind, version = request.param
    with Lab(f"{kind}-ipv{version}") as lab:
        yield build_link(lab, kind, version)


def expect(expected, look, fields):
    """Waits until `look()` finds a route that equals `expected` in `fields`."""
    state = {}

    def found():
        state["route"] = look()
        return state["route"] is not None and not difference(expected, state["route"], fields)

    def describe():
        if state.get("route") is None:
            return f"{expected.prefix} not there"
        return "; ".join(difference(expected, state["route"], fields))

    wait_for(found, describe, 15, 0.2)


def shown(link, *hidden):
    """The attributes the peer's view can be held to; one peer hides the global next hop behind a link-local one."""
    peculiar = type(link.peer).__name__ == "ExaBgp" and link.version == 6
    return without("local_pref", *hidden, *(["next_hop"] if peculiar else []))


def first(table, prefix):
    paths = table.get(prefix)
    return paths[0] if isinstance(paths, list) and paths else paths or None


def without(*names):
    return [name for name in ATTRIBUTES if name not in names]


def test_session_comes_up(link):
    link.peer.wait_established(link.at_peer)
    link.dut.wait_established(link.to_peer)


@pytest.mark.parametrize("name", FEED)
def test_routes_reach_the_peer_unchanged(link, name):
    """From our speaker through the daemon: MED ends at the AS border, next hop and path are the daemon's own."""
    route = over(link.version, FEED[name]).but(next_hop=link.source.local)
    link.source.announce(route)
    expected = route.but(as_path=(DUT_ASN, *route.as_path), next_hop=link.to_peer.local, med=None)
    expect(expected, lambda: first(link.peer.received(link.at_peer, link.version), route.prefix), shown(link))


def test_originated_route_reaches_the_peer(link):
    """From the command line of the daemon, with MED."""
    route = over(link.version, OWN.but(prefix="10.3.1.0/24"))
    link.dut.announce(route)
    expected = link.dut.reduce(route).but(as_path=(DUT_ASN, *route.as_path), next_hop=link.to_peer.local)
    expect(expected, lambda: first(link.peer.received(link.at_peer, link.version), route.prefix), shown(link))
    link.dut.withdraw(route.prefix)
    wait_for(lambda: route.prefix not in link.peer.received(link.at_peer, link.version), "withdrawn at the peer", 15)


def test_routes_of_the_peer_arrive_unchanged(link):
    """From the peer to the daemon's Adj-RIB-In, and on to a third AS."""
    route = over(link.version, OWN)
    link.peer.announce(route)
    sent = link.peer.reduce(route)
    received = sent.but(as_path=(PEER_ASN, *sent.as_path), next_hop=link.to_peer.remote)
    expect(received, lambda: first(link.dut.received(link.to_peer, link.version), route.prefix), without("local_pref"))
    passed_on = received.but(as_path=(DUT_ASN, *received.as_path), next_hop=link.to_peer.local, med=None)
    expect(passed_on, lambda: link.observer.table().get(route.prefix), ATTRIBUTES)


def test_withdraws_go_both_ways(link):
    theirs, ours = over(link.version, OWN).prefix, over(link.version, FEED["full"]).prefix
    assert theirs in link.observer.table() and first(link.peer.received(link.at_peer, link.version), ours)
    link.peer.withdraw(theirs)
    wait_for(lambda: theirs not in link.dut.received(link.to_peer, link.version), "withdrawn at the daemon", 15)
    wait_for(lambda: theirs not in link.observer.table(), "withdrawn at the observer", 15)
    link.source.withdraw(ours)
    wait_for(lambda: ours not in link.peer.received(link.at_peer, link.version), "withdrawn at the peer", 15)


def test_peer_refreshes_what_it_learned(link):
    """A ROUTE-REFRESH makes the daemon send again; its own soft reset keeps what it has."""
    route = over(link.version, OWN.but(prefix="10.2.2.0/24"))
    link.peer.announce(route)
    wait_for(lambda: route.prefix in link.observer.table(), "route at the observer", 15)
    refresher = link.to_peer
    if "refresh" not in link.peer.abilities:
        refresher = next(session for session in link.dut.sessions if session.remote_asn == OBSERVER_ASN)
    before = link.dut.messages(refresher)
    if refresher is link.to_peer:
        link.peer.refresh(link.at_peer)
    else:
        link.observer.refresh(wire.IPV4 if link.version == 4 else wire.IPV6)
    wait_for(lambda: link.dut.messages(refresher)["sent"].get("update", 0) > before["sent"].get("update", 0),
             lambda: f"the daemon sends again: {before} {link.dut.messages(refresher)}", 20)
    assert link.dut.messages(refresher)["received"].get("refresh", 0) > before["received"].get("refresh", 0)
    link.dut.refresh(link.to_peer)
    known = over(link.version, FEED["plain"]).prefix
    expect(Route(known), lambda: first(link.peer.received(link.at_peer, link.version), known), ())
    assert link.dut.established(link.to_peer) and route.prefix in link.observer.table()


def test_shutdown_is_clean_and_says_why(link):
    """Over IPv4 the daemon ends the session, over IPv6 the peer does, where it can say why."""
    if link.version == 4:
        link.dut.shut_down(TEXT, link.to_peer)
        if "text heard" in link.peer.abilities:
            wait_for(lambda: TEXT in link.peer.last_heard(link.at_peer), "the text at the peer", 15)
    elif "shutdown text" in link.peer.abilities:
        link.peer.shut_down(TEXT, link.at_peer)
        wait_for(lambda: TEXT in link.dut.last_heard(link.to_peer), "the text at the daemon", 15)
    else:
        link.peer.end()
    wait_for(lambda: not link.dut.established(link.to_peer), "the session is down", 15)
    prefix = over(link.version, OWN.but(prefix="10.2.2.0/24")).prefix
    wait_for(lambda: prefix not in link.observer.table(), "the peer's routes are withdrawn", 15)


def test_another_decoder_has_no_complaint(link):
    """Everything the daemon sent in the tests above, read by tshark; and by our own strict reader."""
    assert link.dut.end() == 0, link.dut.log_text()[-3000:]
    link.capture.stop()
    assert link.capture.count([link.to_peer.local]) > 20
    assert link.capture.complaints([link.to_peer.local]) == []
    assert link.source.errors == [] and link.observer.errors == []
