"""An eBGP router among FRR, ExaBGP and GoBGP: tables, neighbours that come and go, origination, shutdown.

Ports of GoBGP's bgp_router_test; the stock client asks.
"""
import json

import pytest

from daemons import Session
from dut import ACTIVE, CONNECT, IDLE
from lab import Lab, wait_for
from network import Network, has, heard, only, told
from route import Route

ASN = 65000


@pytest.fixture(scope="module")
def network():
    with Lab("router") as lab:
        made = Network(lab)
        made.router = made.dut(ASN)
        made.leaves = [made.add("frr", ASN + number) for number in (1, 2, 3)]
        for leaf in made.leaves:
            made.connect(made.router, leaf, {"passive": False}, {"passive": True}, md5="passwd")
        made.start()
        for number, leaf in enumerate(made.leaves, 1):
            leaf.announce(Route(f"10.0.{number}.0/24"))
        has(made.router.table, BASE)
        yield made


BASE = {"10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"}


def has_all(network, leaves, prefixes):
    """Every one of `leaves` has all prefixes, but for its own, from the router."""
    for leaf in leaves:
        has(lambda: heard(leaf, network.router), prefixes - set(leaf.routes))


def test_everybody_has_everything(network):
    router, leaves = network.router, network.leaves
    has_all(network, leaves, BASE)
    for leaf in leaves:
        for paths in told(router, leaf).values():
            assert all(path.as_path[0] == ASN for path in paths)


def test_a_neighbor_joins_and_is_removed(network):
    router = network.router
    fourth = network.add("frr", ASN + 4)
    network.connect(router, fourth)
    network.start()
    fourth.announce(Route("10.0.4.0/24"))
    everything = BASE | {"10.0.4.0/24"}
    has(router.table, everything)
    has_all(network, [*network.leaves, fourth], everything)
    session = network.session(router, fourth)
    fourth.end()
    wait_for(lambda: router.state(session) in (IDLE, CONNECT, ACTIVE), "the session is down", 20)
    has(router.table, BASE)
    network.remove(fourth)
    wait_for(lambda: session.remote not in router.cli("neighbor"), "the neighbour is gone", 10)
    has_all(network, network.leaves, BASE)


def test_a_route_of_two_neighbors(network):
    """The same prefix from two, with other MEDs: one is told on, with our address as next hop."""
    router, (first, second, third) = network.router, network.leaves
    prefix = "10.0.6.0/24"
    second.announce(Route(prefix, as_path=(65005,), med=200))
    third.announce(Route(prefix, as_path=(65005,), med=100))
    wait_for(lambda: len(router.table().get(prefix, [])) == 2, "both paths", 20)
    path = only(has(lambda: told(router, first), {*BASE, prefix} - {"10.0.1.0/24"}), prefix)
    assert path.next_hop == router.host.address4
    second.withdraw(prefix)
    third.withdraw(prefix)
    has(router.table, BASE)


def test_own_route(network):
    router = network.router
    router.cli("global", "rib", "add", "10.10.0.0/24")
    path = only(router.table(), "10.10.0.0/24")
    assert (path.next_hop, path.as_path) == ("0.0.0.0", ())
    for leaf in network.leaves:
        path = only(has(lambda: told(router, leaf), (BASE | {"10.10.0.0/24"}) - set(leaf.routes)), "10.10.0.0/24")
        assert (path.next_hop, path.as_path) == (router.host.address4, (ASN,))
    router.cli("global", "rib", "del", "10.10.0.0/24")
    has(router.table, BASE)


def test_disable_and_enable(network):
    router, (first, *others) = network.router, network.leaves
    session = network.session(router, first)
    router.disable(session)
    has(router.table, BASE - {"10.0.1.0/24"})
    for leaf in others:
        has(lambda: told(router, leaf), BASE - {"10.0.1.0/24"} - set(leaf.routes))
    router.enable(session)
    has(router.table, BASE)
    has_all(network, network.leaves, BASE)


@pytest.fixture
def inner(network):
    """An iBGP neighbour that waits for our connection."""
    daemon = network.add("gobgpd", ASN)
    network.connect(network.router, daemon, None, {"passive": True})
    network.start()
    yield daemon
    network.remove(daemon)


def test_local_pref_and_med_on_their_way(network, inner):
    """iBGP gets both. LOCAL_PREF ends at the AS; the MED of a route of our own goes to eBGP."""
    router, (first, *_) = network.router, network.leaves
    prefix = "10.20.0.0/24"
    router.cli("global", "rib", "add", prefix, "local-pref", 1000, "med", 2000)
    wait_for(lambda: prefix in inner.table(), prefix)
    path = only(inner.table(), prefix)
    assert (path.local_pref, path.med) == (1000, 2000)
    wait_for(lambda: prefix in heard(first, router), prefix)
    path = only(heard(first, router), prefix)
    assert (path.local_pref, path.med) == (None, 2000)
    router.cli("global", "rib", "del", prefix)


def test_the_next_one_steps_in(network):
    """A prefix of two neighbours outlives one of them."""
    router, (first, second, third) = network.router, network.leaves
    prefix = "20.0.0.0/24"
    for leaf in (second, third):
        leaf.announce(Route(prefix))
    wait_for(lambda: len(router.table().get(prefix, [])) == 2, "both paths", 20)
    wait_for(lambda: prefix in heard(first, router), prefix)
    router.disable(network.session(router, third))
    wait_for(lambda: only(heard(first, router), prefix).as_path == (ASN, second.asn), "by the other one")
    router.enable(network.session(router, third))
    for leaf in (second, third):
        leaf.withdraw(prefix)
    has(router.table, BASE)


def test_own_route_hides_and_uncovers_another(network):
    router, (first, second, _) = network.router, network.leaves
    prefix = "30.0.0.0/24"
    router.cli("global", "rib", "add", prefix)
    first.announce(Route(prefix))
    wait_for(lambda: len(router.table().get(prefix, [])) == 2, "both paths", 20)
    for leaf in (first, second):
        assert only(told(router, leaf), prefix).as_path == (ASN,)
    router.cli("global", "rib", "del", prefix)
    wait_for(lambda: prefix not in told(router, first), "not told back to where it is from")
    assert only(told(router, second), prefix).as_path == (ASN, first.asn)
    wait_for(lambda: only(heard(second, router), prefix).as_path == (ASN, first.asn), "told")
    first.withdraw(prefix)
    has(router.table, BASE)


def test_a_neighbor_by_command(network):
    """`neighbor add` and `neighbor del`, against ExaBGP."""
    router = network.router
    daemon = network.add("exabgp", ASN)
    address = daemon.host.address4
    daemon.sessions.append(Session(address, router.host.address4, ASN))
    router.cli("neighbor", "add", address, "as", ASN)
    daemon.start()
    daemon.wait_established()
    daemon.announce(Route("10.0.7.0/24"))
    has(router.table, BASE | {"10.0.7.0/24"})
    router.cli("neighbor", "del", address)
    has(router.table, BASE)
    assert address not in router.cli("neighbor")
    network.remove(daemon)


def test_a_withdrawal_is_watched(network, inner):
    router = network.router
    prefix = "40.10.0.0/24"
    router.cli("global", "rib", "add", prefix)
    wait_for(lambda: prefix in inner.table(), prefix)
    log = router.folder / "monitor.json"
    watcher = router.host.popen("gobgp", "monitor", "global", "rib", "-j", log=log)
    try:
        # Changes before the stream stands are not in it, so make one until the first is.
        def seen():
            router.cli("global", "rib", "add", prefix)
            router.cli("global", "rib", "del", prefix)
            return any("withdrawal" in line for line in log.read_text().splitlines())
        wait_for(seen, "the withdrawal", 20)
    finally:
        watcher.kill()
        watcher.wait()
    events = [event for line in log.read_text().splitlines() for event in json.loads(line)]
    gone = [event for event in events if event.get("withdrawal")]
    assert gone and all(event["nlri"]["prefix"] == prefix for event in gone)
    wait_for(lambda: prefix not in inner.table(), "withdrawn")


def test_listing_is_in_order(network):
    router = network.router
    prefixes = [f"{high}.{low}.0.0/24" for high in range(100, 105) for low in range(100, 105)]
    for prefix in reversed(prefixes):
        router.cli("global", "rib", "add", prefix)
    listed = [line.split()[1] for line in router.cli("global", "rib").splitlines()[1:]]
    assert [prefix for prefix in listed if prefix in prefixes] == prefixes
    for prefix in prefixes:
        router.cli("global", "rib", "del", prefix)


def test_the_better_path_is_not_told_back(network):
    """Two neighbours with one prefix: each is told the other's path if that is the best, nobody his own."""
    router = network.router
    third, fourth = network.add("gobgpd", 65006), network.add("gobgpd", 65007)
    for daemon in (third, fourth):
        network.connect(router, daemon, {"passive": True}, None)
    network.start()
    prefix = "50.0.0.0/24"
    third.cli("global", "rib", "add", prefix)
    wait_for(lambda: prefix in fourth.table(), prefix)
    fourth.cli("global", "rib", "add", prefix, "med", 10)
    wait_for(lambda: len(router.table()[prefix]) == 2, "both paths")
    assert prefix not in told(router, third)
    assert only(told(router, fourth), prefix).as_path == (ASN, 65006)
    third.cli("global", "rib", "del", prefix)
    wait_for(lambda: prefix in told(router, third), "the other one's path")
    assert only(told(router, third), prefix).as_path == (ASN, 65007)
    wait_for(lambda: prefix not in told(router, fourth), "not his own")
    fourth.cli("global", "rib", "del", prefix)
    network.remove(third)
    network.remove(fourth)
