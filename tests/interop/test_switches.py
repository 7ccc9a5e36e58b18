"""What GoBGP leaves open and the table `godwit` closes: each switch off (as a GoBGP file means it) and on, and what is
never let through."""
import pytest

import wire
from daemons import Session
from dut import Godwitd
from lab import Lab, wait_for
from raw import RawSpeaker
from route import Route

ASN, SOURCE, OBSERVER = 65000, 65001, 65002
PREFIX = "10.5.0.0/24"


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


class Scene:
    """The daemon between a source and an observer, both external."""

    def __init__(self, lab, switches=None, extra=None):
        hosts = {name: lab.host(name) for name in ("dut", "source", "observer")}
        local = hosts["dut"].address4
        sessions = [Session(local, hosts[name].address4, asn, passive=True, extra=extra or {})
                    for name, asn in (("source", SOURCE), ("observer", OBSERVER))]
        self.dut = Godwitd(hosts["dut"], ASN, sessions)
        self.dut.switches = switches or {}
        self.dut.start(level="info")
        self.source, self.observer = (RawSpeaker(hosts[name], local, asn, families=(wire.IPV4,)).establish()
                                      for name, asn in (("source", SOURCE), ("observer", OBSERVER)))

    def announce(self, *routes):
        self.source.announce(*routes)

    def wait_heard(self, prefix=PREFIX):
        wait_for(lambda: prefix in self.dut.received(self.dut.sessions[0]), f"{prefix} from the source")

    def wait_told(self, prefix=PREFIX):
        wait_for(lambda: prefix in self.observer.table(), f"{prefix} at the observer")


def route(prefix=PREFIX, path=(SOURCE, 65010), **fields):
    return Route(prefix, as_path=path, next_hop="10.99.0.12", **fields)


def accept(direction):
    return {"apply-policy": {f"default-{direction}-policy": "accept-route"}}


def test_policy_required(lab):
    """RFC 8212: without a word in the configuration nothing comes in, with one for import alone nothing goes out."""
    scene = Scene(lab, {"ebgp-requires-policy": True})
    scene.announce(route())
    wait_for(lambda: "RFC 8212" in why(scene), lambda: why(scene))
    assert scene.dut.table() == {} and scene.observer.table() == {}


def why(scene, *words):
    try:
        return scene.dut.cli("why", PREFIX, *words)
    except RuntimeError:
        return ""


def test_policy_required_on_the_way_out(lab):
    scene = Scene(lab, {"ebgp-requires-policy": True}, accept("import"))
    scene.announce(route())
    wait_for(lambda: PREFIX in scene.dut.table(), "the route is taken")
    assert "RFC 8212" in why(scene, "to", scene.dut.sessions[1].remote)
    assert scene.observer.table() == {}


@pytest.mark.parametrize("switches", ({}, {"ebgp-requires-policy": True}), ids=("off", "on"))
def test_policy_said(lab, switches):
    extra = {"apply-policy": {"default-import-policy": "accept-route", "default-export-policy": "accept-route"}}
    scene = Scene(lab, switches, extra if switches else None)
    scene.announce(route())
    scene.wait_told()


@pytest.mark.parametrize("refused", (False, True))
def test_as_set(lab, refused):
    """RFC 9774."""
    scene = Scene(lab, {"refuse-as-set": refused})
    scene.announce(route(path=(SOURCE, frozenset({65010, 65011}))), route("10.6.0.0/24"))
    scene.wait_told("10.6.0.0/24")
    assert (PREFIX in scene.observer.table()) is not refused
    assert scene.source.notification is None  # a withdrawal, no reset


def test_as_0_is_never_taken(lab):
    """RFC 7607, no switch: in AS_PATH it is a withdrawal, as the neighbour's own number the end."""
    scene = Scene(lab)
    scene.announce(route(), route("10.6.0.0/24"))
    scene.wait_told()
    scene.announce(route(path=(SOURCE, 0)))
    wait_for(lambda: PREFIX not in scene.observer.table(), "taken for a withdrawal")
    assert "10.6.0.0/24" in scene.observer.table() and scene.source.notification is None


@pytest.mark.parametrize("strict", (False, True))
def test_a_role_that_is_not_said(lab, strict):
    """RFC 9234 4.2: strict mode ends the session with 2/11."""
    hosts = lab.host("dut"), lab.host("peer")
    session = Session(hosts[0].address4, hosts[1].address4, SOURCE, passive=True,
                      extra={"godwit": {"role": "provider", "role-strict": strict}})
    Godwitd(hosts[0], ASN, [session]).start()
    speaker = RawSpeaker(hosts[1], hosts[0].address4, SOURCE, families=(wire.IPV4,))
    if not strict:
        speaker.establish()
        return
    speaker.connect()
    speaker.send(wire.open_message(SOURCE, hosts[1].address4, 90, speaker.capabilities))
    wait_for(lambda: speaker.notification, "NOTIFICATION")
    assert speaker.notification[:2] == (2, 11)


def warnings(daemon):
    return [line for line in daemon.log_text().splitlines() if "off, as GoBGP has it" in line]


def test_what_is_off_is_told_once(lab):
    host = lab.host("dut")
    neighbor = {"config": {"neighbor-address": "10.99.0.99", "peer-as": SOURCE}}
    daemon = Godwitd(host, ASN)
    daemon.more = {"neighbors": [neighbor]}
    daemon.start(level="info")
    assert len(warnings(daemon)) == 1
    for name in ("RFC 8212", "RFC 1997", "RFC 9774", "RFC 9234"):
        assert name in warnings(daemon)[0]
    daemon.end()
    other = Godwitd(lab.host("other"), ASN)
    neighbor["godwit"] = {"config": {"role": "provider"}}
    other.more = {"neighbors": [neighbor], "godwit": {"ebgp-requires-policy": True, "well-known-communities": True,
                                                      "refuse-as-set": True}}
    other.start(level="info")
    assert warnings(other) == []
