"""What happens to AS paths on the way: loops, private AS numbers, the neighbour's own number.

Ports of GoBGP's aspath_test; FRR lies between, the stock client asks.
"""
import dataclasses

import pytest

from lab import Lab, wait_for
from network import Network, has, only
from route import Route

PREFIX = "10.0.0.0/24"


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


def counts(daemon, session):
    """(received, accepted) of a session's IPv4."""
    family = daemon.cli_json("neighbor", session.remote)["afi_safis"][0]["state"]
    return family.get("received", 0), family.get("accepted", 0)


def with_options(daemon, session, table, **config):
    """Has the daemon read its file again, with these options for one neighbour."""
    place = next(place for place, one in enumerate(daemon.sessions) if one.remote == session.remote)
    daemon.sessions[place] = dataclasses.replace(session, extra={table: config})
    daemon.reload()


def test_own_as_number_in_the_path(lab):
    """RFC 4271 9.1.2: refused; accepted as often as allow-own-as says."""
    network = Network(lab)
    origin, transit, daemon = network.add("gobgpd", 65001), network.add("frr", 65002), network.dut(65001)
    network.connect(origin, transit)
    network.connect(transit, daemon)
    network.start()
    origin.cli("global", "rib", "add", PREFIX)
    session = network.session(daemon, transit)
    wait_for(lambda: counts(daemon, session) == (1, 0), lambda: f"{counts(daemon, session)}")
    assert daemon.table() == {}
    with_options(daemon, session, "as-path-options", **{"allow-own-as": 10})
    wait_for(lambda: counts(daemon, session) == (1, 1), lambda: f"{counts(daemon, session)}", 60)
    assert only(daemon.table(), PREFIX).as_path == (65002, 65001)


def test_private_numbers_removed_and_replaced(lab):
    network = Network(lab)
    source, daemon, sink = network.add("gobgpd", 65003), network.dut(100), network.add("gobgpd", 200)
    network.connect(source, daemon)
    network.connect(daemon, sink)
    network.start()
    source.cli("global", "rib", "add", PREFIX, "aspath", "65003,64512,4200000000")
    session = network.session(daemon, sink)
    private = (65003, 65003, 64512, 4200000000)
    has(sink.table, {PREFIX})
    assert only(sink.table(), PREFIX).as_path == (100, *private)
    for word, expected in (("all", (100,)), ("replace", (100,) * 5)):
        with_options(daemon, session, "config", **{"remove-private-as": word})
        wait_for(lambda: [path.as_path for path in sink.table().get(PREFIX, [])] == [expected],
                 lambda: f"{word}: {sink.table()}", 60)


def test_the_neighbors_number_replaced(lab):
    network = Network(lab)
    source, daemon, sink = network.add("gobgpd", 300), network.dut(200), network.add("gobgpd", 100)
    network.connect(source, daemon)
    network.connect(daemon, sink, {"extra": {"as-path-options": {"replace-peer-as": True}}})
    network.start()
    source.cli("global", "rib", "add", PREFIX, "aspath", "300,100,100")
    has(sink.table, {PREFIX})
    assert only(sink.table(), PREFIX).as_path == (200, 300, 300, 200, 200)
