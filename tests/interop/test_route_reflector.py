"""A route reflector between clients of three makes and an internal neighbour that is none.

Ports of GoBGP's route_reflector_test (without its route target constraint); the stock client asks.
"""
import pytest

from lab import Lab, wait_for
from network import Network, has, heard, only, told
from route import Route

ASN, CLUSTER = 65000, "192.0.2.77"
ROUTES = {"gobgpd": "10.0.1.0/24", "frr": "10.0.2.0/24", "bird": "10.0.3.0/24", "other": "10.0.4.0/24"}
ORIGINATOR_ID, CLUSTER_LIST = 9, 10


@pytest.fixture(scope="module")
def network():
    with Lab("route-reflector") as lab:
        made = Network(lab)
        made.reflector = made.dut(ASN)
        made.clients = {kind: made.add(kind, ASN) for kind in ("gobgpd", "frr", "bird")}
        for client in made.clients.values():
            made.connect(made.reflector, client, left_options={"extra": {"route-reflector": {
                "route-reflector-client": True, "route-reflector-cluster-id": CLUSTER}}})
        made.other = made.add("frr", ASN)
        made.second_other = made.add("gobgpd", ASN)
        made.connect(made.reflector, made.other)
        made.connect(made.reflector, made.second_other)
        made.start()
        for kind, client in made.clients.items():
            client.announce(Route(ROUTES[kind]))
        made.other.announce(Route(ROUTES["other"]))
        has(made.reflector.table, ROUTES.values())
        yield made


def attribute(daemon, other, prefix, kind):
    """A path attribute in the stock client's JSON of what `daemon` (gobgpd) has from `other`."""
    table = daemon.cli_json("neighbor", Network.session(daemon, other).remote, "adj-in")
    return next((item.get("value") for item in table[prefix][0]["attrs"] if item["type"] == kind), None)


def test_who_is_told(network):
    """RFC 4456 6: from a client to everybody, from others to clients only."""
    for kind, client in network.clients.items():
        everything = set(ROUTES.values()) - {ROUTES[kind]}
        has(lambda: told(network.reflector, client), everything)
        has(lambda: heard(client, network.reflector), everything)
    clients = set(ROUTES.values()) - {ROUTES["other"]}
    for leaf in (network.other, network.second_other):
        has(lambda: told(network.reflector, leaf), clients)
        has(lambda: heard(leaf, network.reflector), clients)


def test_who_it_is_from_and_where_it_passed(network):
    """ORIGINATOR_ID and CLUSTER_LIST name the client and its cluster; nothing else changes."""
    client = network.clients["gobgpd"]
    frr = network.clients["frr"]
    has(lambda: heard(client, network.reflector), set(ROUTES.values()) - {ROUTES["gobgpd"]})
    assert attribute(client, network.reflector, ROUTES["frr"], ORIGINATOR_ID) == frr.router_id
    assert attribute(client, network.reflector, ROUTES["frr"], CLUSTER_LIST) == [CLUSTER]
    path = only(heard(client, network.reflector), ROUTES["frr"])
    assert (path.next_hop, path.as_path, path.local_pref) == (frr.host.address4, (), 100)
    assert attribute(network.second_other, network.reflector, ROUTES["frr"], CLUSTER_LIST) == [CLUSTER]


def test_a_client_withdraws_and_goes(network):
    gone = network.clients["bird"]
    frr = network.clients["frr"]
    gone.withdraw(ROUTES["bird"])
    has(lambda: heard(frr, network.reflector), {ROUTES["gobgpd"], ROUTES["other"]})
    gone.announce(Route(ROUTES["bird"]))
    has(lambda: heard(frr, network.reflector), {ROUTES["gobgpd"], ROUTES["other"], ROUTES["bird"]})
    network.reflector.disable(network.session(network.reflector, gone))
    has(lambda: heard(frr, network.reflector), {ROUTES["gobgpd"], ROUTES["other"]})
    network.reflector.enable(network.session(network.reflector, gone))
    has(lambda: heard(frr, network.reflector), {ROUTES["gobgpd"], ROUTES["other"], ROUTES["bird"]}, 60)
    wait_for(lambda: len(network.reflector.table()) == len(ROUTES), "all routes back")
