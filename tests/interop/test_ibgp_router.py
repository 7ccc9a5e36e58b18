"""A router with iBGP neighbours that also have a session between themselves (FRR), and eBGP beside.

Ports of GoBGP's ibgp_router_test; the stock client asks.
"""
import pytest

from lab import Lab, wait_for
from network import Network, has, heard, only, told
from route import Route

ASN, EXTERNAL_ASN = 65000, 65001
OWN = "10.10.0.0/24"
INNER = {"10.0.1.0/24", "10.0.2.0/24"}


@pytest.fixture(scope="module")
def network():
    with Lab("ibgp-router") as lab:
        made = Network(lab)
        made.router = made.dut(ASN)
        made.first, made.second = made.add("frr", ASN), made.add("frr", ASN)
        made.connect(made.router, made.first)
        made.connect(made.router, made.second)
        made.connect(made.first, made.second)
        made.start()
        made.first.announce(Route("10.0.1.0/24"))
        made.second.announce(Route("10.0.2.0/24"))
        has(made.router.table, INNER)
        made.router.cli("global", "rib", "add", OWN)
        yield made


@pytest.fixture
def outer(network):
    """An eBGP neighbour with a route."""
    daemon = network.add("frr", EXTERNAL_ASN)
    network.connect(network.router, daemon)
    network.start()
    daemon.announce(Route("10.0.3.0/24"))
    has(network.router.table, {*INNER, OWN, "10.0.3.0/24"})
    yield daemon
    network.remove(daemon)
    has(network.router.table, {*INNER, OWN})


def test_only_own_routes_go_to_ibgp(network):
    """RFC 4271 9.2: what came by iBGP is not told by iBGP; ours has us as next hop and no AS path."""
    router = network.router
    assert only(router.table(), OWN).next_hop == "0.0.0.0"
    for leaf in (network.first, network.second):
        path = only(has(lambda: told(router, leaf), {OWN}), OWN)
        assert (path.next_hop, path.as_path) == (router.host.address4, ())
        path = only(has(lambda: heard(leaf, router), {OWN}), OWN)
        assert (path.next_hop, path.as_path, path.local_pref) == (router.host.address4, (), 100)


def test_everything_goes_to_ebgp(network, outer):
    router = network.router
    for path in has(lambda: told(router, outer), {*INNER, OWN}).values():
        assert (path[0].next_hop, path[0].as_path) == (router.host.address4, (ASN,))
    has(lambda: heard(outer, router), {*INNER, OWN})


def test_external_routes_go_to_ibgp_as_they_are(network, outer):
    path = only(has(lambda: told(network.router, network.first), {OWN, "10.0.3.0/24"}), "10.0.3.0/24")
    assert (path.next_hop, path.as_path) == (outer.host.address4, (EXTERNAL_ASN,))


def test_disable_the_external_neighbor(network, outer):
    router = network.router
    session = network.session(router, outer)
    router.disable(session)
    has(router.table, {*INNER, OWN})
    for leaf in (network.first, network.second):
        has(lambda: told(router, leaf), {OWN})
        has(lambda: heard(leaf, router), {OWN})
    router.enable(session)
    has(router.table, {*INNER, OWN, "10.0.3.0/24"})


def test_disable_and_enable_an_internal_neighbor(network):
    router = network.router
    session = network.session(router, network.first)
    router.disable(session)
    has(router.table, {"10.0.2.0/24", OWN})
    router.enable(session)
    has(router.table, {*INNER, OWN})
    has(lambda: told(router, network.first), {OWN})


def test_a_better_path_from_ibgp(network, outer):
    """When the best is an internal one at last, what was told to iBGP is taken back."""
    router, prefix = network.router, "10.0.3.0/24"
    for leaf in (network.first, network.second):
        has(lambda: told(router, leaf), {OWN, prefix})
    wait_for(lambda: prefix in heard(network.second, router), "the external path")
    network.first.announce(Route(prefix))
    wait_for(lambda: len(router.table()[prefix]) == 2, "both paths")
    has(lambda: told(router, network.second), {OWN})
    has(lambda: heard(network.second, router), {OWN})
    assert only(heard(network.second, network.first), prefix).as_path == ()
    network.first.withdraw(prefix)
    has(lambda: told(router, network.second), {OWN, prefix})
