"""Next hops against the kernel's routes: godwit.next-hop-tracking, event by event.

Ports of GoBGP's bgp_zebra_nht_test: there the answers come from zebra, here from the kernel itself.
"""
import pytest

import wire
from daemons import Session, make
from dut import Godwitd
from lab import Lab, wait_for
from raw import RawSpeaker
from route import Route

ASN = 65000
PREFIX, HOP, OTHER_HOP = "10.5.0.0/24", "192.0.2.1", "198.51.100.1"


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


class Scene:
    """The daemon, two internal speakers that announce, an external one that listens."""

    def __init__(self, lab, **switches):
        self.hosts = {name: lab.host(name) for name in ("dut", "one", "two", "observer")}
        local = self.hosts["dut"].address4
        sessions = [Session(local, self.hosts[name].address4, asn, passive=True, families=(4, 6))
                    for name, asn in (("one", ASN), ("two", ASN), ("observer", 65009))]
        self.dut = Godwitd(self.hosts["dut"], ASN, sessions)
        self.dut.switches = switches
        self.dut.start()
        self.one, self.two, self.observer = (RawSpeaker(self.hosts[name], local, asn).establish()
                                             for name, asn in (("one", ASN), ("two", ASN), ("observer", 65009)))

    def route(self, *words):
        self.hosts["dut"].run("ip", *words)

    def why(self, prefix=PREFIX):
        """Why the best path is the best; "" while there is none."""
        try:
            return self.dut.cli("why", prefix)
        except RuntimeError:
            return ""

    def best(self, prefix=PREFIX, version=4):
        """The next hop of the best path, or None."""
        table = self.dut.cli_json("global", "rib", prefix, "-a", f"ipv{version}")
        for path in (table or {}).get(prefix, []):
            if path.get("best"):
                return next(item["nexthop"] for item in path["attrs"] if item["type"] in (3, 14))
        return None

    def wait_best(self, next_hop, prefix=PREFIX, version=4):
        wait_for(lambda: self.best(prefix, version) == next_hop,
                 lambda: f"best next hop {next_hop}: {self.why(prefix)}", 10, 0.05)

    def wait_told(self, there, prefix=PREFIX):
        wait_for(lambda: (prefix in self.observer.table()) == there, f"{prefix} {'told' if there else 'withdrawn'}", 10)


def internal(prefix, next_hop, local_pref=100):
    return Route(prefix, as_path=(65001,), next_hop=next_hop, local_pref=local_pref)


def test_a_route_comes_and_goes(lab):
    scene = Scene(lab, **{"next-hop-tracking": True})
    via = scene.hosts["one"].address4
    scene.one.announce(internal(PREFIX, HOP), internal("10.6.0.0/24", via))
    scene.wait_best(via, "10.6.0.0/24")
    scene.wait_best(None)
    scene.wait_told(True, "10.6.0.0/24")
    scene.wait_told(False)
    assert f"its next hop {HOP} cannot be reached: there is no route to it" in scene.why()
    scene.route("route", "add", "192.0.2.0/24", "via", via)
    scene.wait_best(HOP)
    scene.wait_told(True)
    scene.route("route", "add", "blackhole", f"{HOP}/32")
    scene.wait_best(None)
    scene.wait_told(False)
    assert "says that it is not reachable" in scene.why()
    scene.route("route", "del", "blackhole", f"{HOP}/32")
    scene.wait_best(HOP)
    scene.route("route", "del", "192.0.2.0/24")
    scene.wait_best(None)
    assert scene.dut.end() == 0


def test_the_metric_decides(lab):
    scene = Scene(lab, **{"next-hop-tracking": True})
    scene.route("route", "add", f"{HOP}/32", "via", scene.hosts["one"].address4, "metric", "20")
    scene.route("route", "add", f"{OTHER_HOP}/32", "via", scene.hosts["two"].address4, "metric", "10")
    scene.one.announce(internal(PREFIX, HOP))
    scene.two.announce(internal(PREFIX, OTHER_HOP))
    scene.wait_best(OTHER_HOP)
    wait_for(lambda: "IGP metric" in scene.why(), "the step that decided")
    scene.route("route", "add", f"{HOP}/32", "via", scene.hosts["one"].address4, "metric", "5")
    scene.wait_best(HOP)
    scene.route("route", "del", f"{HOP}/32", "metric", "5")
    scene.wait_best(OTHER_HOP)
    scene.route("route", "del", f"{OTHER_HOP}/32")
    scene.wait_best(HOP)


def test_an_interface_goes_down(lab):
    """The kernel says nothing of the IPv4 routes that go with it."""
    scene = Scene(lab, **{"next-hop-tracking": True})
    scene.route("link", "add", "side", "type", "bridge")
    scene.route("link", "set", "side", "up")
    scene.route("address", "add", "192.0.2.254/24", "dev", "side")
    scene.route("address", "add", "2001:db8:2::fe/64", "dev", "side", "nodad")
    scene.one.announce(internal(PREFIX, HOP), internal("2001:db8:5::/48", "2001:db8:2::1"))
    scene.wait_best(HOP)
    scene.wait_best("2001:db8:2::1", "2001:db8:5::/48", 6)
    scene.route("link", "set", "side", "down")
    scene.wait_best(None)
    scene.wait_best(None, "2001:db8:5::/48", 6)
    scene.route("link", "set", "side", "up")
    scene.wait_best(HOP)
    scene.route("address", "del", "192.0.2.254/24", "dev", "side")
    scene.wait_best(None)


@pytest.mark.parametrize("counts", (False, True))
def test_the_default_route(lab, counts):
    scene = Scene(lab, **{"next-hop-tracking": True, "next-hop-via-default": counts})
    scene.one.announce(internal(PREFIX, HOP))
    scene.wait_best(None)
    scene.route("route", "add", "default", "via", scene.hosts["one"].address4)
    if counts:
        scene.wait_best(HOP)
    else:
        wait_for(lambda: "only the default route leads to it" in scene.why(), "the reason")
        assert scene.best() is None


def test_our_own_address_is_no_next_hop(lab):
    scene = Scene(lab, **{"next-hop-tracking": True})
    own, _ = scene.hosts["dut"].add_address(200)
    scene.one.announce(internal(PREFIX, own))
    wait_for(lambda: "it is an address of our own" in scene.why(), "the reason")
    assert scene.best() is None


def test_off_as_gobgp_has_it(lab):
    scene = Scene(lab)
    scene.one.announce(internal(PREFIX, HOP))
    scene.wait_best(HOP)
    scene.wait_told(True)
