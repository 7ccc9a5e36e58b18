"""The global policy, changed by command while neighbours are up (ExaBGP outside, GoBGP inside).

Ports of GoBGP's global_policy_test; the stock client asks. GoBGP looks at what it told again only after a soft reset;
we do at once, and a soft reset then changes nothing.
"""
import pytest

from dut import under_test
from lab import Lab, wait_for
from network import Network, has, told
from route import Route

ASN = 65000
ROUTES = {f"10.0.{number}.0/24" for number in (1, 2, 3)}


@pytest.fixture
def network(request):
    with Lab(request.node.name) as lab:
        made = Network(lab)
        made.router = made.dut(ASN)
        made.outside = [made.add("exabgp", ASN + number) for number in (1, 2, 3)]
        made.inside = made.add("gobgpd", ASN)
        for daemon in (*made.outside, made.inside):
            made.connect(made.router, daemon, None, {"passive": daemon is made.inside})
        yield made


def say(network, *lines):
    for line in lines:
        network.router.cli(*line.split())


def soft_reset(network, way="out"):
    """What GoBGP needs to notice."""
    if under_test() != "godwitd":
        for session in network.router.sessions:
            network.router.cli("neighbor", session.remote, "softreset" + way)


def start(network, *lines):
    """Everything up, with `lines` said before the first route is there."""
    network.start()
    say(network, *lines)
    for number, daemon in enumerate(network.outside, 1):
        daemon.announce(Route(f"10.0.{number}.0/24"))
    has(network.router.table, ROUTES)


def nothing_told(network, *but):
    for daemon in network.outside:
        if daemon not in but:
            assert told(network.router, daemon) == {}


def test_export_to_nobody_and_to_one(network):
    """01-10: rejected by default; whatever neighbours do, nobody is told; then one by name, then everybody, marked for
    that one."""
    router, (first, second, third) = network.router, network.outside
    start(network, "global policy export add default reject")
    nothing_told(network)
    session = network.session(router, third)
    router.disable(session)
    nothing_told(network, third)
    router.enable(session)
    has(router.table, ROUTES)
    third.announce(Route("10.0.1.0/24"))
    wait_for(lambda: len(router.table()["10.0.1.0/24"]) == 2, "two paths")
    nothing_told(network)
    router.disable(session)
    nothing_told(network, third)
    say(network, f"policy neighbor add ns0 {first.host.address4}", "policy statement add st0",
        "policy statement st0 add condition neighbor ns0", "policy statement st0 add action accept",
        "policy add p0 st0", "global policy export add p0 default reject")
    soft_reset(network)
    has(lambda: told(router, first), {"10.0.2.0/24"})
    nothing_told(network, first, third)
    say(network, "policy statement st0 add action community add 65100:10",
        "global policy export set p0 default accept")
    soft_reset(network)
    wait_for(lambda: marks(told(router, first)) == {"10.0.2.0/24": {"65100:10"}}, "marked for the first")
    wait_for(lambda: marks(told(router, second)) == {"10.0.1.0/24": set()}, "unmarked for the second")


def marks(table):
    return {prefix: set(paths[0].communities) for prefix, paths in table.items()}


def test_local_pref_inside_only(network):
    """11-13: set on export, it reaches who may see it."""
    router = network.router
    start(network, "policy statement add st1", "policy statement st1 add action accept",
          "policy statement st1 add action local-pref 300", "policy add p1 st1",
          "global policy export set p1 default reject")
    soft_reset(network)
    has(lambda: told(router, network.inside), ROUTES)
    assert {paths[0].local_pref for paths in told(router, network.inside).values()} == {300}
    wait_for(lambda: {path.local_pref for paths in network.inside.table().values() for path in paths} == {300}, "300")
    assert {paths[0].local_pref for paths in told(router, network.outside[0]).values()} == {None}


OWN, INNER, OUTER = "10.20.0.0/24", "10.30.0.0/24", "10.0.2.0/24"


@pytest.mark.parametrize("kind, left", (("local", {OWN}), ("internal", {INNER}),
                                        ("external", {OUTER, "10.0.3.0/24"})))
def test_route_type(network, kind, left):
    """14-16: ours, from inside, from outside."""
    router = network.router
    start(network, "policy statement add st2", "policy statement st2 add action accept",
          f"policy statement st2 add condition route-type {kind}", "policy add p2 st2",
          "global policy export set p2 default reject")
    router.cli("global", "rib", "add", OWN)
    network.inside.cli("global", "rib", "add", INNER)
    has(router.table, {*ROUTES, OWN, INNER})
    soft_reset(network)
    has(lambda: told(router, network.outside[0]), left)


def test_several_statements(network):
    """17: actions of all that match; import policy holds for what we announce ourselves too."""
    start(network, "policy statement add st3", "policy statement st3 add action med set 100",
          "policy statement add st4", "policy statement st4 add action local-pref 100", "policy add p3 st3 st4",
          "global policy import set p3 default accept")
    network.router.cli("global", "rib", "add", "10.70.0.0/24")
    path = network.router.table()["10.70.0.0/24"][0]
    assert (path.med, path.local_pref) == (100, 100)


def test_everything_rejected(network):
    """18: what neighbours announced goes, and comes back. What we announce ourselves stays: GoBGP does not look at it
    again."""
    router = network.router
    start(network)
    router.cli("global", "rib", "add", OWN)
    say(network, "global policy import set default reject")
    soft_reset(network, "in")
    if under_test() == "godwitd":
        has(router.table, set())
    else:
        has(router.table, {OWN})
    assert set(router.received(network.session(router, network.outside[0]))) == {"10.0.1.0/24"}
    say(network, "global policy import set default accept")
    soft_reset(network, "in")
    has(router.table, {*ROUTES, OWN})
