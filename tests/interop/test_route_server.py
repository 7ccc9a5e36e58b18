"""A route server with clients of three makes, and an ordinary neighbour beside them.

Ports of GoBGP's route_server_test, route_server_test2, route_server_as2_test and route_server_ipv4_v6_test; the stock
client asks. What GoBGP cannot do (control communities) is asked only of us.
"""
import pytest

from dut import under_test
from lab import Lab, wait_for
from network import Network, has, heard, only, told
from route import Route

ASN = 65000
CLIENTS = {"gobgpd": 65001, "frr": 65002, "bird": 65003}
ROUTES = {"gobgpd": "10.0.1.0/24", "frr": "10.0.2.0/24", "bird": "10.0.3.0/24"}
IPV6 = {"gobgpd": "2001:db8:1::/48", "frr": "2001:db8:2::/48", "bird": "2001:db8:3::/48"}
CLIENT = {"extra": {"route-server": {"route-server-client": True}}}


@pytest.fixture(scope="module")
def network():
    with Lab("route-server") as lab:
        made = Network(lab)
        made.server = made.dut(ASN)
        made.server.switches["route-server-communities"] = True
        made.clients = {kind: made.add(kind, asn) for kind, asn in CLIENTS.items()}
        for kind, client in made.clients.items():
            # FRR speaks 2-octet AS numbers only (route_server_as2_test).
            made.connect(made.server, client, left_options=CLIENT, right_options={"as4": kind != "frr"})
        made.start()
        for kind, client in made.clients.items():
            client.announce(Route(ROUTES[kind]))
        yield made


def local(network, client):
    """The client's view, as the stock client lists it."""
    session = network.session(network.server, client)
    return network.server._paths(network.server.cli_json("neighbor", session.remote, "local"))


def others(kind):
    return {prefix for of, prefix in ROUTES.items() if of != kind}


def test_each_client_has_a_view(network):
    for kind, client in network.clients.items():
        # FRR also sends back what it was told.
        wait_for(lambda: ROUTES[kind] in network.server.received(network.session(network.server, client)),
                 f"{kind}'s own route")
        has(lambda: local(network, client), others(kind))
        has(lambda: told(network.server, client), others(kind))
        has(lambda: heard(client, network.server), others(kind))
    # No table of everybody's has them.
    assert network.server.table() == {}


def test_it_cannot_be_seen(network):
    """RFC 7947 2.2: AS_PATH, NEXT_HOP and MED as the announcing client gave them."""
    client = network.clients["frr"]
    client.announce(Route("10.0.20.0/24", med=33))
    for kind in ("gobgpd", "bird"):
        reader = network.clients[kind]
        path = only(has(lambda: heard(reader, network.server), {*others(kind), "10.0.20.0/24"}), "10.0.20.0/24")
        assert (path.as_path, path.next_hop, path.med) == ((CLIENTS["frr"],), client.host.address4, 33)
    client.withdraw("10.0.20.0/24")
    has(lambda: heard(network.clients["bird"], network.server), others("bird"))


def test_nothing_is_hidden(network):
    """RFC 7947 2.3: who announced the best path is told the next one."""
    prefix = "10.0.30.0/24"
    network.clients["gobgpd"].announce(Route(prefix))
    network.clients["bird"].announce(Route(prefix, as_path=(65033, 65034)))
    path = only(has(lambda: heard(network.clients["gobgpd"], network.server), {*others("gobgpd"), prefix}), prefix)
    assert path.as_path == (CLIENTS["bird"], 65033, 65034)
    path = only(has(lambda: heard(network.clients["bird"], network.server), {*others("bird"), prefix}), prefix)
    assert path.as_path == (CLIENTS["gobgpd"],)
    wait_for(lambda: [path.as_path for path in local(network, network.clients["frr"]).get(prefix, [])] ==
             [(CLIENTS["gobgpd"],), (CLIENTS["bird"], 65033, 65034)], "both paths in the third client's view")
    network.clients["gobgpd"].withdraw(prefix)
    wait_for(lambda: only(heard(network.clients["frr"], network.server), prefix).as_path ==
             (CLIENTS["bird"], 65033, 65034), "the next path steps in")
    network.clients["bird"].withdraw(prefix)
    has(lambda: heard(network.clients["frr"], network.server), others("frr"))


def test_a_client_goes_and_comes(network):
    gone = network.clients["bird"]
    session = network.session(network.server, gone)
    network.server.disable(session)
    has(lambda: heard(network.clients["gobgpd"], network.server), {ROUTES["frr"]})
    has(lambda: local(network, network.clients["frr"]), {ROUTES["gobgpd"]})
    network.server.enable(session)
    has(lambda: heard(network.clients["gobgpd"], network.server), others("gobgpd"), 60)
    has(lambda: heard(gone, network.server), others("bird"), 60)


def test_an_ordinary_neighbor_is_elsewhere(network):
    daemon = network.add("frr", 65077)
    network.connect(network.server, daemon)
    network.start()
    daemon.announce(Route("10.0.77.0/24"))
    has(network.server.table, {"10.0.77.0/24"})
    assert told(network.server, daemon) == {}
    has(lambda: heard(network.clients["frr"], network.server), others("frr"))
    network.remove(daemon)
    has(network.server.table, set())


@pytest.mark.skipif(under_test() != "godwitd", reason="control communities are ours")
def test_control_communities(network):
    """Whom the route is not for has the next one; what was said to us is not passed on."""
    prefix = "10.0.40.0/24"
    announcer, spurned, reader = (network.clients[kind] for kind in ("gobgpd", "frr", "bird"))
    announcer.announce(Route(prefix, communities=frozenset({f"0:{CLIENTS['frr']}", "65001:7"})))
    path = only(has(lambda: heard(reader, network.server), {*others("bird"), prefix}), prefix)
    assert path.communities == {"65001:7"}
    assert prefix not in heard(spurned, network.server)
    assert prefix not in local(network, spurned)
    announcer.announce(Route(prefix, communities=frozenset({f"0:{ASN}"})))
    has(lambda: heard(reader, network.server), others("bird"))
    announcer.announce(Route(prefix, communities=frozenset({f"0:{ASN}", f"{ASN}:{CLIENTS['bird']}"})))
    has(lambda: heard(reader, network.server), {*others("bird"), prefix})
    assert prefix not in heard(spurned, network.server)
    announcer.withdraw(prefix)
    has(lambda: heard(reader, network.server), others("bird"))


def test_both_families():
    """route_server_ipv4_v6_test: IPv6 clients have the same."""
    with Lab("route-server-ipv6") as lab:
        network = Network(lab)
        network.server = network.dut(ASN)
        clients = {kind: network.add(kind, asn) for kind, asn in CLIENTS.items()}
        for client in clients.values():
            network.connect(network.server, client, left_options=CLIENT, version=6)
        network.start()
        for kind, client in clients.items():
            client.announce(Route(IPV6[kind]))
        for kind, client in clients.items():
            expected = {prefix for of, prefix in IPV6.items() if of != kind}
            table = has(lambda: heard(client, network.server, 6), expected)
            for of, prefix in IPV6.items():
                if of != kind:
                    assert only(table, prefix).as_path == (CLIENTS[of],)
