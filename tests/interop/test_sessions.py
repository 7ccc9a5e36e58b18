"""Each kind of session with each peer that has it: TCP MD5, 2-octet AS, iBGP, ADD-PATH, IPv6 next hops for IPv4 routes,
opened by the daemon under test, lost and regained."""
import signal

import pytest

import wire
from daemons import Session, make
from dut import under_test
from lab import Lab, wait_for
from raw import RawSpeaker
from route import ATTRIBUTES
from test_peers import (DUT_ASN, FEED, OBSERVER_ASN, OWN, PEER_ASN, PEERS, SOURCE_ASN, build_link, expect, first, over,
                        shown, without)

KEY = "correct-horse-battery-staple"
SHORT_ASN = 64999


def able(ability):
    """The peers that have an ability, read from their classes."""
    import dut
    import peer_bird
    import peer_exabgp
    import peer_frr
    import peer_openbgpd
    classes = {"bird": peer_bird.Bird, "frr": peer_frr.Frr, "openbgpd": peer_openbgpd.OpenBgpd,
               "exabgp": peer_exabgp.ExaBgp, "gobgpd": dut.Gobgpd}
    return [kind for kind in PEERS if ability in classes[kind].abilities]


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


def check_clean(link):
    """The daemon ends well, and tshark can read all it has sent."""
    assert link.dut.end() == 0, link.dut.log_text()[-3000:]
    link.capture.stop()
    assert link.capture.count([link.to_peer.local]) > 3
    assert link.capture.complaints([link.to_peer.local]) == []
    assert link.source.errors == [] and link.observer.errors == []


def exchange(link, route_out, expected_out, route_in, expected_in, fields=None):
    """One route each way over the session with the peer: fed by our source, announced by the peer."""
    link.peer.wait_established(link.at_peer)
    link.source.announce(route_out)
    expect(expected_out, lambda: first(link.peer.received(link.at_peer, link.version), route_out.prefix),
           fields or shown(link))
    link.peer.announce(route_in)
    expect(expected_in, lambda: first(link.dut.received(link.to_peer, link.version), route_in.prefix),
           fields or without("local_pref"))


def usual_routes(link, peer_asn=PEER_ASN):
    """Arguments for exchange() on an eBGP session where nothing is special."""
    out = over(link.version, FEED["full"]).but(next_hop=link.source.local)
    into = over(link.version, OWN)
    sent = link.peer.reduce(into)
    return (out, out.but(as_path=(link.dut.asn, *out.as_path), next_hop=link.to_peer.local, med=None),
            into, sent.but(as_path=(peer_asn, *sent.as_path), next_hop=link.to_peer.remote))


@pytest.mark.parametrize("version", (4, 6))
@pytest.mark.parametrize("kind", able("md5"))
def test_tcp_md5(lab, kind, version):
    link = build_link(lab, kind, version, peer_options={"md5": KEY}, dut_options={"md5": KEY})
    exchange(link, *usual_routes(link))
    check_clean(link)


@pytest.mark.parametrize("version", (4, 6))
def test_tcp_md5_with_the_wrong_key_stays_down(lab, version):
    """And so does a connection without a key; with the right one the same neighbour comes up."""
    dut_host, peer_host = lab.host("dut"), lab.host("peer")
    session = Session(dut_host.address(version), peer_host.address(version), PEER_ASN, md5=KEY, passive=True,
                      families=(version,))
    dut = make(under_test(), dut_host, DUT_ASN, [session]).start()
    for key in (None, "wrong"):
        speaker = RawSpeaker(peer_host, session.local, PEER_ASN, version, md5=key)
        with pytest.raises(OSError):
            speaker.connect(limit_s=1)
    assert not dut.established(session)
    speaker = RawSpeaker(peer_host, session.local, PEER_ASN, version, md5=KEY).establish()
    dut.wait_established(session)
    speaker.close()


def as2(path):
    """A path as a 2-octet speaker sees it."""
    def short(asn):
        return asn if asn <= 0xffff else wire.AS_TRANS

    return tuple(frozenset(map(short, hop)) if isinstance(hop, frozenset) else short(hop) for hop in path)


@pytest.mark.parametrize("kind", able("as2"))
def test_peer_with_2_octet_as_numbers(lab, kind):
    """Its configuration can only name a short AS, but the path has long ones: the peer sees AS_TRANS, or puts the path together itself."""
    link = build_link(lab, kind, 4, peer_asn=65010, dut_asn=SHORT_ASN, peer_options={"as4": False})
    out, expected_out, into, expected_in = usual_routes(link, 65010)
    if "merges as4" not in link.peer.abilities:
        expected_out = expected_out.but(as_path=as2(expected_out.as_path))
    fields = without("local_pref", "aggregator")
    if "as2 aggregator is long" in link.peer.abilities:
        out = out.but(aggregator=None)
    into = into.but(as_path=(65005, 65044), aggregator=None)
    expected_in = expected_in.but(aggregator=None, as_path=(65010, *link.peer.reduce(into).as_path))
    exchange(link, out, expected_out, into, expected_in, fields)
    passed_on = expected_in.but(as_path=(SHORT_ASN, *expected_in.as_path), next_hop=link.to_peer.local, med=None)
    expect(passed_on, lambda: link.observer.table().get(into.prefix), fields)
    check_clean(link)


def test_long_paths_survive_a_2_octet_speaker(lab):
    """RFC 6793 with our own speaker: AS4_PATH and AS4_AGGREGATOR go out right, and come back merged."""
    hosts = {name: lab.host(name) for name in ("dut", "new", "old")}
    local = hosts["dut"].address4
    sessions = [Session(local, hosts["new"].address4, SOURCE_ASN, passive=True),
                Session(local, hosts["old"].address4, 65010, passive=True)]
    dut = make(under_test(), hosts["dut"], DUT_ASN, sessions).start()
    new = RawSpeaker(hosts["new"], local, SOURCE_ASN, families=(wire.IPV4,)).establish()
    old = RawSpeaker(hosts["old"], local, 65010, families=(wire.IPV4,), as4=False).establish()
    out = FEED["as set"].but(next_hop=hosts["new"].address4)
    new.announce(out)
    wait_for(lambda: out.prefix in old.table(), "the route at the 2-octet speaker", 15)
    seen = old.table()[out.prefix]
    unknown = {kind: value for _, kind, value in seen.unknown}
    assert seen.as_path == as2((DUT_ASN, *out.as_path))
    assert wire.parse_as_path(unknown[17]) == (DUT_ASN, *out.as_path)
    assert seen.aggregator == (wire.AS_TRANS, out.aggregator[1])
    assert int.from_bytes(unknown[18][:4], "big") == out.aggregator[0]
    into = OWN.but(as_path=(65010, 4200000055, 65001, 4200000056), next_hop=hosts["old"].address4)
    old.announce(into)
    expected = into.but(as_path=(DUT_ASN, *into.as_path), next_hop=local, med=None)
    expect(expected, lambda: new.table().get(into.prefix), ATTRIBUTES)
    assert dut.established(sessions[1])


@pytest.mark.parametrize("kind", PEERS)
def test_ibgp(lab, kind):
    """LOCAL_PREF goes both ways, the next hop from outside stays, nothing is prepended."""
    link = build_link(lab, kind, 4, peer_asn=DUT_ASN)
    out = FEED["full"].but(next_hop=link.source.local)
    into = OWN.but(prefix="10.4.1.0/24", local_pref=250)
    sent = link.peer.reduce(into)
    exchange(link, out, out.but(local_pref=100), into, sent.but(next_hop=link.to_peer.remote),
             ATTRIBUTES)
    passed_on = sent.but(as_path=(DUT_ASN, *sent.as_path), next_hop=link.to_peer.local, local_pref=None, med=None)
    expect(passed_on, lambda: link.observer.table().get(into.prefix), ATTRIBUTES)
    check_clean(link)


@pytest.mark.parametrize("kind", able("add path"))
def test_add_path(lab, kind):
    """Two paths for one prefix from two ASes: the peer gets both, and one goes when it is withdrawn."""
    link = build_link(lab, kind, 4, peer_options={"add_path": True}, dut_options={"add_path": True})
    link.peer.wait_established(link.at_peer)
    one = FEED["full"].but(next_hop=link.source.local)
    two = one.but(as_path=(OBSERVER_ASN, 65077), next_hop=link.observer.local, communities=frozenset({"65077:1"}))
    link.source.announce(one)
    link.observer.announce(two)
    expected = {(DUT_ASN, *route.as_path) for route in (one, two)}

    def paths():
        return {route.as_path for route in link.peer.received(link.at_peer).get(one.prefix, [])}

    wait_for(lambda: paths() == expected, lambda: f"both paths at the peer: {paths()}", 15)
    link.source.withdraw(one.prefix)
    wait_for(lambda: paths() == {(DUT_ASN, *two.as_path)}, lambda: f"one path at the peer: {paths()}", 15)
    into = OWN.but(prefix="10.4.2.0/24")
    link.peer.announce(into)
    sent = link.peer.reduce(into)
    expect(sent.but(as_path=(PEER_ASN, *sent.as_path), next_hop=link.to_peer.remote),
           lambda: first(link.dut.received(link.to_peer), into.prefix), without("local_pref"))
    link.peer.withdraw(into.prefix)
    wait_for(lambda: into.prefix not in link.dut.received(link.to_peer), "withdrawn at the daemon", 15)
    check_clean(link)


@pytest.mark.parametrize("kind", able("extended next hop"))
def test_ipv4_routes_with_ipv6_next_hops(lab, kind):
    """RFC 8950: a session over IPv6 that carries IPv4 routes both ways."""
    dut_host, peer_host, source_host = lab.host("dut"), lab.host("peer"), lab.host("source")
    session = Session(dut_host.address6, peer_host.address6, PEER_ASN, families=(4, 6), passive=True,
                      extended_next_hop=True)
    feed = Session(dut_host.address6, source_host.address6, SOURCE_ASN, families=(4, 6), passive=True,
                   extended_next_hop=True)
    dut = make(under_test(), dut_host, DUT_ASN, [session, feed]).start()
    at_peer = Session(peer_host.address6, dut_host.address6, DUT_ASN, families=(4, 6), extended_next_hop=True)
    peer = make(kind, peer_host, PEER_ASN, [at_peer]).start()
    source = RawSpeaker(source_host, dut_host.address6, SOURCE_ASN, 6, extended_next_hop=(wire.IPV4,)).establish()
    peer.wait_established(at_peer)
    out = FEED["full"].but(next_hop=source_host.address6)
    source.announce(out)
    expect(out.but(as_path=(DUT_ASN, *out.as_path), next_hop=dut_host.address6, med=None),
           lambda: first(peer.received(at_peer), out.prefix),
           without("local_pref", *(["next_hop"] if kind == "exabgp" else [])))
    into = OWN.but(next_hop=peer_host.address6)
    peer.announce(into)
    sent = peer.reduce(into)
    expect(sent.but(as_path=(PEER_ASN, *sent.as_path), next_hop=peer_host.address6),
           lambda: first(dut.received(session), into.prefix), without("local_pref"))


@pytest.mark.parametrize("kind", able("passive"))
def test_session_opened_by_the_daemon(lab, kind):
    link = build_link(lab, kind, 4, peer_options={"passive": True}, dut_options={"passive": False})
    exchange(link, *usual_routes(link))
    check_clean(link)


@pytest.mark.parametrize("kind", PEERS)
def test_peer_that_dies_and_returns(lab, kind):
    """Killed without a word: its routes go, and a new one is taken back."""
    link = build_link(lab, kind, 4)
    link.peer.wait_established(link.at_peer)
    link.peer.announce(OWN)
    wait_for(lambda: OWN.prefix in link.observer.table(), "route at the observer", 15)
    link.peer.signal(signal.SIGKILL)
    wait_for(lambda: OWN.prefix not in link.observer.table(), "its routes are withdrawn", 15)
    again = make(kind, link.peer.host, PEER_ASN, [link.at_peer])
    again.folder = link.peer.folder / "again"
    again.folder.mkdir()
    again.start()
    again.wait_established(link.at_peer)
    again.announce(OWN)
    wait_for(lambda: OWN.prefix in link.observer.table(), "route at the observer again", 15)
    check_clean(link)
