"""Long-lived graceful restart (RFC 9494): GoBGP's own scenario, with godwitd in the middle.

g2 is the neighbour that goes; g1, under test, keeps its routes as a last resort; g3 knows what LLGR_STALE means, g4 does
not.
"""
import pytest

from daemons import make
from dut import under_test
from lab import Lab, wait_for
from route import Route
from test_graceful_restart import both, crash, daemon, join, stale_paths, wait_lost

LONG_LIVED_TIME_S = 30
PLAIN, MARKED, CONTESTED = "10.0.0.0/24", "10.10.0.0/24", "10.20.0.0/24"
STALE, NO_LLGR = "65535:6", "65535:7"
ASN4 = 65003

pytestmark = pytest.mark.skipif(under_test() != "godwitd", reason="each test names its daemons")


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


class Scene:
    def __init__(self, lab, restarter="gobgpd", third="gobgpd"):
        asked = both(1, long_lived=LONG_LIVED_TIME_S)
        self.g1, self.g2 = daemon(lab, "g1", "godwitd"), daemon(lab, "g2", restarter)
        self.g3, self.g4 = daemon(lab, "g3", third), make("gobgpd", lab.host("g4"), ASN4)
        self.to_g2, self.at_g2 = join(self.g1, self.g2, asked, asked)
        self.to_g3, self.at_g3 = join(self.g1, self.g3, asked, asked)
        self.to_g4, self.at_g4 = join(self.g1, self.g4, both(1), both(1))
        self.g2.routes = {PLAIN: Route(PLAIN), MARKED: Route(MARKED, communities=frozenset({NO_LLGR}))}
        for one in (self.g1, self.g2, self.g3, self.g4):
            one.start()
        if restarter == "gobgpd":
            self.g2.originate()
        for session in (self.to_g2, self.to_g3, self.to_g4):
            self.g1.wait_established(session)
        self.expect_fresh()

    def at(self, who, session, prefix):
        """The communities of the route there, or None."""
        routes = who.received(session).get(prefix)
        return routes[0].communities if routes else None

    def expect(self, **expected):
        """Each by name: what g1 has (stale?), and what g3 and g4 have heard (the communities, or None)."""
        def found():
            stale = stale_paths(self.g1)
            return {"g1": stale, "g3": {prefix: self.at(self.g3, self.at_g3, prefix) for prefix in expected["g3"]},
                    "g4": {prefix: self.at(self.g4, self.at_g4, prefix) for prefix in expected["g4"]}}
        wait_for(lambda: found() == expected, lambda: f"expected {expected}, there is {found()}", 25)

    def expect_fresh(self):
        none, marked = frozenset(), frozenset({NO_LLGR})
        self.expect(g1={PLAIN: False, MARKED: False}, g3={PLAIN: none, MARKED: marked},
                    g4={PLAIN: none, MARKED: marked})

    def expect_long_lived(self):
        self.expect(g1={PLAIN: True}, g3={PLAIN: frozenset({STALE}), MARKED: None}, g4={PLAIN: None, MARKED: None})
        paths = self.g1.table()[PLAIN]
        assert paths[0].communities == {STALE}


def blackhole(host, others, verb="add"):
    for other in others:
        host.run("ip", "route", verb, "blackhole", f"{other.address4}/32")


@pytest.mark.parametrize("third", ("gobgpd", "frr", "bird"))
def test_hold_timer_and_back(lab, third):
    """GoBGP's cases 01 to 03."""
    scene = Scene(lab, third=third)
    blackhole(scene.g2.host, [scene.g1.host])
    wait_lost(scene.g1, scene.to_g2)
    scene.expect_long_lived()
    assert "long-lived stale timer ends in" in scene.g1.cli("neighbor", scene.to_g2.remote, "why")
    blackhole(scene.g2.host, [scene.g1.host], "del")
    scene.g1.wait_established(scene.to_g2)
    scene.expect_fresh()


def test_crash_soft_reset_and_back(lab):
    """GoBGP's cases 04 to 06: a soft reset changes nothing; the restarted one says its routes anew."""
    scene = Scene(lab)
    crash(scene.g2)
    wait_lost(scene.g1, scene.to_g2)
    scene.expect_long_lived()
    for direction in ("softreset", "softresetin", "softresetout"):
        scene.g1.cli("neighbor", scene.to_g2.remote, direction)
        scene.g1.cli("neighbor", scene.to_g3.remote, direction)
        scene.g1.cli("neighbor", scene.to_g4.remote, direction)
    scene.expect_long_lived()
    scene.g2.start(options=["-r"])
    scene.g2.announce(Route(PLAIN), Route(MARKED))
    scene.g1.wait_established(scene.to_g2)
    none = frozenset()
    scene.expect(g1={PLAIN: False, MARKED: False}, g3={PLAIN: none, MARKED: none}, g4={PLAIN: none, MARKED: none})


def test_last_resort_and_its_end(lab):
    """GoBGP's cases 07 and 08: any other path is better; without one it is used, until its time is over."""
    scene = Scene(lab)
    scene.g2.announce(Route(CONTESTED))
    wait_for(lambda: scene.at(scene.g3, scene.at_g3, CONTESTED) is not None, "the first of two at g3")
    scene.g4.announce(Route(CONTESTED, as_path=(64999, 64998, 64997), med=100))
    wait_for(lambda: len(scene.g1.table().get(CONTESTED, [])) == 2, "both at g1")
    assert scene.g3.received(scene.at_g3)[CONTESTED][0].as_path[:2] == (scene.g1.asn, scene.g2.asn)
    crash(scene.g2)
    wait_lost(scene.g1, scene.to_g2)
    wait_for(lambda: scene.g3.received(scene.at_g3)[CONTESTED][0].as_path[:2] == (scene.g1.asn, ASN4),
             "the other path at g3")
    assert scene.at(scene.g3, scene.at_g3, PLAIN) == {STALE}
    step = scene.g1.cli("why", CONTESTED)
    assert "LLGR" in step, step
    wait_for(lambda: list(scene.g1.table()) == [CONTESTED], "the last resort is gone", LONG_LIVED_TIME_S + 10)
    wait_for(lambda: scene.at(scene.g3, scene.at_g3, PLAIN) is None, "at g3 as well")


def test_disabled_over_there_while_nothing_gets_through(lab):
    """GoBGP's case 09: the community is there once, however the session ends and whoever tries to come back."""
    scene = Scene(lab)
    blackhole(scene.g2.host, [scene.g1.host])
    scene.g2.cli("neighbor", scene.at_g2.remote, "disable")
    wait_lost(scene.g1, scene.to_g2)
    scene.expect_long_lived()
    blackhole(scene.g2.host, [scene.g1.host], "del")
    scene.expect_long_lived()
    communities = [attribute["communities"] for path in scene.g1.cli_json("global", "rib")[PLAIN]
                   for attribute in path["attrs"] if attribute["type"] == 8]
    assert communities == [[0xffff0006]]


def test_bird_goes_and_comes_back(lab):
    """The neighbour that goes is BIRD, which says F when it has recovered."""
    scene = Scene(lab, restarter="bird")
    scene.g2.kill()
    wait_lost(scene.g1, scene.to_g2)
    scene.expect_long_lived()
    scene.g2.start(options=["-R"])
    scene.g1.wait_established(scene.to_g2)
    scene.expect_fresh()
