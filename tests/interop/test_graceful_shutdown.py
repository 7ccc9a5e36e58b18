"""Graceful shutdown (RFC 8326) towards FRR, BIRD and GoBGP, and from FRR: by the command, without a session lost."""
import pytest

from dut import Godwitd, under_test
from lab import Lab, wait_for
from network import Network, has, heard, only
from route import Route

pytestmark = pytest.mark.skipif(under_test() != "godwitd", reason="the command is ours")
GRACEFUL_SHUTDOWN = "65535:0"
PEERS = {"frr": 65001, "bird": 65002, "gobgpd": 65003}


def command(daemon, *words):
    """Our own client: the stock one does not have the word."""
    return daemon.host.run(Godwitd.client, *words)


@pytest.fixture(scope="module")
def network():
    with Lab("graceful-shutdown") as lab:
        made = Network(lab)
        made.router = made.dut(65000)
        made.router.switches["honour-graceful-shutdown"] = True
        made.peers = {kind: made.add(kind, asn) for kind, asn in PEERS.items()}
        for peer in made.peers.values():
            made.connect(made.router, peer)
        made.start()
        made.router.cli("global", "rib", "add", "10.0.0.0/24", "community", "65000:1")
        yield made


def all_say(network, kinds):
    for kind, peer in network.peers.items():
        table = has(lambda: {prefix: paths for prefix, paths in heard(peer, network.router).items()
                             if prefix == "10.0.0.0/24"}, {"10.0.0.0/24"})
        communities = only(table, "10.0.0.0/24").communities
        if (GRACEFUL_SHUTDOWN in communities) != (kind in kinds) or "65000:1" not in communities:
            return False
    return True


def flaps(network):
    return [network.router.cli_json("neighbor", session.remote)["state"].get("flops", 0)
            for session in network.router.sessions]


def test_one_and_all(network):
    wait_for(lambda: all_say(network, set()), "the route as it is")
    frr = network.session(network.router, network.peers["frr"]).remote
    assert command(network.router, "neighbor", frr, "graceful-shutdown") == "off\n"
    command(network.router, "neighbor", frr, "graceful-shutdown", "on")
    assert command(network.router, "neighbor", frr, "graceful-shutdown") == "on\n"
    wait_for(lambda: all_say(network, {"frr"}), "GRACEFUL_SHUTDOWN to FRR alone")
    command(network.router, "global", "graceful-shutdown", "on")
    wait_for(lambda: all_say(network, set(PEERS)), "GRACEFUL_SHUTDOWN to all")
    command(network.router, "global", "graceful-shutdown", "off")
    wait_for(lambda: all_say(network, {"frr"}), "to FRR alone again")
    command(network.router, "neighbor", frr, "graceful-shutdown", "off")
    wait_for(lambda: all_say(network, set()), "to nobody")
    assert flaps(network) == [0] * len(PEERS)


def test_obeyed(network):
    """A route that says so is the last choice, whatever else speaks for it."""
    network.peers["gobgpd"].announce(Route("10.0.1.0/24", communities=frozenset({GRACEFUL_SHUTDOWN})))
    network.peers["bird"].announce(Route("10.0.1.0/24", as_path=(65010, 65011)))
    wait_for(lambda: len(network.router.table().get("10.0.1.0/24", [])) >= 2, "both paths")
    wait_for(lambda: network.router.table()["10.0.1.0/24"][0].as_path == (PEERS["bird"], 65010, 65011),
             "the longer path is the best")
    assert network.router.table()["10.0.1.0/24"][-1].local_pref == 0
