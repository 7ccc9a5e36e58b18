"""Neighbours by prefix: who comes from within a range becomes a neighbour made from a peer group, and goes again.

Ports of GoBGP's bgp_router_test (dynamic peers) and tcp_md5_test (dynamic, IPv4 and IPv6).
"""
import pytest

import wire
from daemons import Session, make
from dut import under_test
from lab import Lab, wait_for
from raw import RawSpeaker
from route import Route

HUB_ASN, LEAF_ASN, OTHER_ASN = 65000, 65001, 65002
KEY = "correct-horse-battery-staple"
RANGE = {4: "10.99.0.0/24", 6: "fd99::/112"}


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


def group(name, asn, version=4, **config):
    return {"config": {"peer-group-name": name, "peer-as": asn, **config},
            "afi-safis": [{"config": {"afi-safi-name": f"ipv{version}-unicast"}}]}


def hub(lab, groups, ranges, **options):
    """The daemon under test, without a neighbour of its own: {prefix: group}."""
    daemon = make(under_test(), lab.host("hub"), HUB_ASN)
    daemon.more = {"peer-groups": groups, "dynamic-neighbors": [
        {"config": {"prefix": prefix, "peer-group": name}} for prefix, name in ranges.items()], **options}
    return daemon.start()


def listed(daemon):
    return {peer["state"]["neighbor_address"]: peer["state"].get("session_state") == 6
            for peer in daemon.cli_json("neighbor")}


@pytest.mark.parametrize("md5", (None, KEY), ids=("plain", "md5"))
@pytest.mark.parametrize("version", (4, 6))
@pytest.mark.parametrize("kind", ("gobgpd", "frr", "bird"))
def test_a_leaf_comes_and_goes(lab, kind, version, md5):
    config = {"auth-password": md5} if md5 else {}
    daemon = hub(lab, [group("leaves", LEAF_ASN, version, **config)], {RANGE[version]: "leaves"})
    host = lab.host("leaf")
    remote = host.address(version)
    session = Session(remote, daemon.host.address(version), HUB_ASN, families=(version,), md5=md5)
    leaf = make(kind, host, LEAF_ASN, [session]).start()
    leaf.wait_established(session)
    assert listed(daemon) == {remote: True}
    shown = daemon.cli_json("neighbor")[0]["conf"]
    assert shown["peer_group"] == "leaves" and shown["peer_asn"] == LEAF_ASN
    assert "neighbor_address" not in shown  # as GoBGP: nobody configured it
    prefix = {4: "10.5.0.0/24", 6: "2001:db8:5::/48"}[version]
    leaf.announce(Route(prefix, origin="igp"))
    wait_for(lambda: prefix in daemon.table(version), f"{prefix} in the table")
    leaf.end()
    wait_for(lambda: not listed(daemon), "the neighbour is gone", 20)
    wait_for(lambda: not daemon.table(version), "its routes are gone", 20)
    leaf.start()
    leaf.wait_established(session)
    assert listed(daemon) == {remote: True}


def test_the_wrong_key_stays_out(lab):
    daemon = hub(lab, [group("leaves", LEAF_ASN, **{"auth-password": KEY})], {RANGE[4]: "leaves"})
    stranger = RawSpeaker(lab.host("stranger"), daemon.host.address4, LEAF_ASN, md5="guess")
    with pytest.raises(OSError):
        stranger.connect(limit_s=4)
    assert listed(daemon) == {}
    friend = RawSpeaker(lab.host("friend"), daemon.host.address4, LEAF_ASN, md5=KEY, families=(wire.IPV4,)).establish()
    wait_for(lambda: listed(daemon) == {friend.local: True}, "the one with the key is in")


def test_longest_range_and_outside(lab):
    """A host of its own range gets that group; one in no range gets no session; an address configured stays so."""
    hosts = {name: lab.host(name) for name in ("many", "one", "known", "outside")}
    daemon = hub(lab, [group("many", LEAF_ASN), group("one", OTHER_ASN)],
                 {"10.99.0.0/28": "many", f"{hosts['one'].address4}/32": "one"},
                 neighbors=[{"config": {"neighbor-address": hosts["known"].address4, "peer-as": OTHER_ASN},
                             "transport": {"config": {"passive-mode": True}}}])

    def speak(name, asn):
        return RawSpeaker(hosts[name], daemon.host.address4, asn, families=(wire.IPV4,))

    speak("many", LEAF_ASN).establish()
    speak("one", OTHER_ASN).establish()
    speak("known", OTHER_ASN).establish()
    outside, _ = hosts["outside"].add_address(200)
    with pytest.raises((AssertionError, OSError)):
        speaker = speak("outside", LEAF_ASN)
        speaker.local = outside
        speaker.establish(limit_s=4)
    groups = {peer["state"]["neighbor_address"]: peer["conf"].get("peer_group") for peer in daemon.cli_json("neighbor")}
    assert groups == {hosts["many"].address4: "many", hosts["one"].address4: "one", hosts["known"].address4: None}


def test_the_limit(lab):
    daemon = hub(lab, [group("leaves", LEAF_ASN)], {RANGE[4]: "leaves"}, godwit={"dynamic-neighbor-limit": 2})
    speakers = [RawSpeaker(lab.host(f"leaf{number}"), daemon.host.address4, LEAF_ASN, families=(wire.IPV4,))
                for number in range(3)]
    for speaker in speakers[:2]:
        speaker.establish()
    with pytest.raises((AssertionError, OSError)):
        speakers[2].establish(limit_s=3)
    assert len(listed(daemon)) == 2
    assert "godwit.dynamic-neighbor-limit" in daemon.log_text()
    speakers[0].cease()
    wait_for(lambda: len(listed(daemon)) == 1, "a place is free")
    speakers[2].establish()
    assert len(listed(daemon)) == 2
