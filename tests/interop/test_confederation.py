"""A confederation of three members, of three makes, with a neighbour outside at either end.

    outside (FRR) -- dut, first member == inner (FRR) -- second member (FRR) -- far outside (FRR)
                             `---- third member (gobgpd)

Ports of GoBGP's bgp_confederation_test; the stock client asks.
"""
import dataclasses

import pytest

from lab import Lab, wait_for
from network import Network, has, heard, only, told
from route import Route

CONFEDERATION, FIRST, SECOND, THIRD, OUTSIDE, FAR = 65100, 64601, 64602, 64603, 65001, 65002
MEMBERS = [FIRST, SECOND, THIRD]
FROM_OUTSIDE, FROM_FAR, FROM_THIRD = "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"


def member(daemon):
    if hasattr(daemon, "lines"):
        others = " ".join(str(asn) for asn in MEMBERS if asn != daemon.asn)
        daemon.lines = (f"bgp confederation identifier {CONFEDERATION}", f"bgp confederation peers {others}")
    else:
        daemon.global_options["confederation"] = {
            "config": {"enabled": True, "identifier": CONFEDERATION, "member-as-list": MEMBERS}}
    return daemon


def knows_the_confederation(network, outside, inside):
    """Outside, its members are one AS."""
    session = network.session(outside, inside)
    outside.sessions[outside.sessions.index(session)] = dataclasses.replace(session, remote_asn=CONFEDERATION)


@pytest.fixture(scope="module")
def network():
    with Lab("confederation") as lab:
        made = Network(lab)
        made.border = member(made.dut(FIRST))
        made.inner, made.second = member(made.add("frr", FIRST)), member(made.add("frr", SECOND))
        made.third = member(made.add("gobgpd", THIRD))
        made.outside, made.far = made.add("frr", OUTSIDE), made.add("frr", FAR)
        made.connect(made.outside, made.border)
        made.connect(made.border, made.inner)
        made.connect(made.border, made.second)
        made.connect(made.border, made.third)
        made.connect(made.far, made.second)
        knows_the_confederation(made, made.outside, made.border)
        knows_the_confederation(made, made.far, made.second)
        made.start()
        made.outside.announce(Route(FROM_OUTSIDE, med=9))
        made.far.announce(Route(FROM_FAR))
        made.third.announce(Route(FROM_THIRD))
        has(made.border.table, {FROM_OUTSIDE, FROM_FAR, FROM_THIRD})
        yield made


def test_what_the_members_have(network):
    """RFC 5065 4: our member AS in an AS_CONFED_SEQUENCE between members; nothing within one."""
    path = only(has(lambda: heard(network.inner, network.border), {FROM_OUTSIDE, FROM_FAR, FROM_THIRD}), FROM_OUTSIDE)
    assert path.as_path == (OUTSIDE,)
    path = only(has(lambda: heard(network.second, network.border), {FROM_OUTSIDE, FROM_THIRD}), FROM_OUTSIDE)
    assert path.as_path == (FIRST, OUTSIDE)
    # What is for inside the AS goes on to other members (RFC 5065 5, RFC 4271 5.1.5).
    assert (path.local_pref, path.med) == (100, 9)
    path = only(has(lambda: heard(network.third, network.border), {FROM_OUTSIDE, FROM_FAR}), FROM_FAR)
    assert path.as_path == (FIRST, SECOND, FAR)


def test_segments(network):
    """The segment is a confederation's, as a decoder that is not ours reads it."""
    table = network.third.cli_json("neighbor", network.session(network.third, network.border).remote, "adj-in")
    as_path = next(item for item in table[FROM_OUTSIDE][0]["attrs"] if item["type"] == 2)
    kinds = [(segment["segment_type"], segment["asns"]) for segment in as_path["as_paths"]]
    assert kinds == [(3, [FIRST]), (2, [OUTSIDE])]


def test_outside_sees_one_as(network):
    table = has(lambda: heard(network.outside, network.border), {FROM_FAR, FROM_THIRD})
    assert only(table, FROM_FAR).as_path == (CONFEDERATION, FAR)
    assert only(table, FROM_THIRD).as_path == (CONFEDERATION,)
    assert only(table, FROM_FAR).next_hop == network.border.host.address4
    table = has(lambda: heard(network.far, network.second), {FROM_OUTSIDE, FROM_THIRD})
    assert only(table, FROM_OUTSIDE).as_path == (CONFEDERATION, OUTSIDE)


def test_best_path(network):
    """Confederation segments make a path no longer (RFC 5065 5.3): external wins over another member's."""
    prefix = "10.0.9.0/24"
    network.far.announce(Route(prefix))
    has(network.border.table, {FROM_OUTSIDE, FROM_FAR, FROM_THIRD, prefix})
    assert network.border.table()[prefix][0].as_path == (SECOND, FAR)
    network.outside.announce(Route(prefix))
    has(lambda: heard(network.inner, network.border), {FROM_OUTSIDE, FROM_FAR, FROM_THIRD, prefix})
    has(lambda: told(network.border, network.third), {FROM_OUTSIDE, FROM_FAR, prefix})
    wait_for(lambda: network.border.table()[prefix][0].as_path == (OUTSIDE,), "the external path is the best")
