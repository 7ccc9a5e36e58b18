"""What a changed policy and a soft reset make clients of a route server hear: what changed, once, and nothing else.

Ports of GoBGP's route_server_softreset_test. After each step another client announces a route: when that has arrived,
everything before it has, and UPDATEs can be counted.
"""
import itertools

import pytest

from lab import Lab, wait_for
from network import Network, has, heard
from route import Route

KEPT, GOING = "10.0.10.0/24", "10.0.20.0/24"


@pytest.fixture
def network(request):
    with Lab(request.node.name) as lab:
        made = Network(lab)
        made.server = made.dut(65000)
        made.first, made.second, made.third = (made.add("gobgpd", 65000 + number) for number in (1, 2, 3))
        for client in (made.first, made.second, made.third):
            options = {"route-server": {"route-server-client": True}}
            if client is made.second:
                options["apply-policy"] = {"import-policy-list": ["policy0"], "default-import-policy": "reject-route"}
            made.connect(made.server, client, {"passive": True, "extra": options}, None, md5="passwd")
        made.marks = (f"10.9.{number}.0/24" for number in itertools.count())
        accept(made, KEPT, GOING)
        made.start()
        yield made


def accept(network, *prefixes):
    """The file's policy for what the second client announces."""
    statement = {"name": "statement0", "conditions": {"match-prefix-set": {"prefix-set": "set0"}},
                 "actions": {"route-disposition": "accept-route"}}
    network.server.more.update({
        "defined-sets": {"prefix-sets": [{"prefix-set-name": "set0",
                                          "prefix-list": [{"ip-prefix": prefix} for prefix in prefixes]}]},
        "policy-definitions": [{"name": "policy0", "statements": [statement]}]})


def heard_updates(network):
    """UPDATEs the first client has received, a mark of the third client's included."""
    mark = next(network.marks)
    network.third.announce(Route(mark))
    wait_for(lambda: mark in heard(network.first, network.server), mark, 20)
    return network.first.messages()["received"].get("update", 0)


def test_only_what_changes_is_told(network):
    server, second = network.server, network.second
    second.announce(Route(KEPT), Route(GOING))
    has(lambda: heard(network.first, server), {KEPT, GOING})
    before = heard_updates(network)
    accept(network, KEPT)
    server.reload()
    wait_for(lambda: GOING not in heard(network.first, server), "withdrawn", 20)
    assert heard_updates(network) == before + 2
    # The source says everything again, and then we look at everything again.
    second.cli("neighbor", server.host.address4, "softresetout")
    assert heard_updates(network) == before + 3
    server.cli("neighbor", "all", "softresetin")
    assert heard_updates(network) == before + 4
    assert KEPT in heard(network.first, server) and GOING not in heard(network.first, server)
