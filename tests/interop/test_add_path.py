"""Several paths of a prefix (RFC 7911): from ExaBGP and by command, to one who wants them all and one who does not.

Ports of GoBGP's addpath_test; the stock client asks.
"""
import pytest

from dut import under_test
from lab import Lab, wait_for
from network import Network, told
from route import Route

ASN, PREFIX = 65000, "192.168.100.0/24"


@pytest.fixture(scope="module")
def network():
    with Lab("add-path") as lab:
        made = Network(lab)
        made.router, made.source = made.dut(ASN), made.add("exabgp", ASN)
        made.plain, made.rich = made.add("gobgpd", ASN), made.add("gobgpd", ASN)
        client = {"extra": {"route-reflector": {"route-reflector-client": True,
                                                "route-reflector-cluster-id": "192.168.0.1"}}}
        made.connect(made.router, made.source, add_path=True)
        made.connect(made.router, made.plain, client, {"passive": True})
        made.connect(made.router, made.rich, client, {"passive": True}, add_path=True)
        made.start()
        yield made


def paths(daemon):
    """AS paths of the prefix in a daemon's table."""
    return sorted(path.as_path for path in daemon.table().get(PREFIX, []))


def wait_paths(network, everywhere, best):
    """The router and who takes all have `everywhere`, the plain one has `best`."""
    for daemon, expected in ((network.router, everywhere), (network.rich, everywhere), (network.plain, best)):
        wait_for(lambda: paths(daemon) == sorted(expected),
                 lambda: f"{daemon.folder.name} has {sorted(expected)}; there: {paths(daemon)}", 20)
    assert len(told(network.router, network.plain).get(PREFIX, [])) == len(best)
    assert len(told(network.router, network.rich).get(PREFIX, [])) == len(everywhere)


LONG, MIDDLE, SHORT, OWN = (100, 200, 300), (100, 200), (100,), ()


@pytest.fixture
def three(network):
    """ExaBGP's three paths, by identifiers 10, 20 and 30."""
    for identifier, as_path in ((10, LONG), (20, MIDDLE), (30, SHORT)):
        command(network, "announce", identifier, as_path)
    wait_paths(network, [LONG, MIDDLE, SHORT], [SHORT])
    yield
    for identifier, as_path in ((10, LONG), (20, MIDDLE), (30, SHORT)):
        command(network, "withdraw", identifier, as_path)
    wait_paths(network, [], [])


def command(network, verb, identifier, as_path):
    network.source.command(f"{verb} route {PREFIX} next-hop self as-path [ {' '.join(map(str, as_path))} ] "
                           f"path-information 0.0.0.{identifier}")


def test_withdrawn_by_its_identifier(network, three):
    command(network, "withdraw", 30, SHORT)
    wait_paths(network, [LONG, MIDDLE], [MIDDLE])


def test_a_path_by_command_beside_them(network, three):
    """Its identifier is one of a neighbour's: they are two paths all the same."""
    router = network.router
    command(network, "withdraw", 30, SHORT)
    wait_paths(network, [LONG, MIDDLE], [MIDDLE])
    router.cli("global", "rib", "add", PREFIX, "identifier", 10, "local-pref", 500)
    wait_paths(network, [LONG, MIDDLE, OWN], [OWN])
    assert [path.local_pref for path in router.table()[PREFIX] if path.as_path == OWN] == [500]
    assert [path.local_pref for path in network.rich.table()[PREFIX] if path.as_path == OWN] == [500]
    # 20 is the identifier of a neighbour's path, not of one of ours.
    router.host.run("gobgp", "global", "rib", "del", PREFIX, "identifier", "20", check=False)
    wait_paths(network, [LONG, MIDDLE, OWN], [OWN])
    router.cli("global", "rib", "del", PREFIX, "identifier", 10)
    wait_paths(network, [LONG, MIDDLE], [MIDDLE])


@pytest.mark.skipif(under_test() != "godwitd", reason="GoBGP takes a new number only with a new session")
def test_no_more_than_asked_for(network, three):
    """send-max: of three paths the best two."""
    router = network.router
    session = network.session(router, network.rich)
    plain = router.neighbor

    def two_at_most(one):
        neighbor = plain(one)
        if one is session:
            for family in neighbor["afi-safis"]:
                family["add-paths"]["config"]["send-max"] = 2
        return neighbor

    router.neighbor = two_at_most
    router.reload()
    try:
        wait_for(lambda: paths(network.rich) == sorted([MIDDLE, SHORT]), lambda: f"the best two: {paths(network.rich)}")
    finally:
        router.neighbor = plain
        router.reload()
    wait_paths(network, [LONG, MIDDLE, SHORT], [SHORT])
