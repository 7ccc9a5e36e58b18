"""The gRPC services of godwitd, as any client sees them."""
import ipaddress
import threading

import grpc
import pytest
from google.protobuf import any_pb2

import api_lab as lab

pytestmark = pytest.mark.skipif(not (lab.BUILD / "godwitd").exists(), reason="godwitd is not built")


SANITIZED = "asan" in str(lab.BUILD)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory):
    return lab.contracts(tmp_path_factory.mktemp("contracts"))


@pytest.fixture
def daemon(tmp_path):
    daemon = lab.Godwitd(tmp_path)
    yield daemon
    assert daemon.stop() == 0, daemon.log.read_text()[-3000:]


@pytest.fixture
def gobgp(contracts, daemon):
    return lab.Client(daemon.channel, contracts[0].DESCRIPTOR.services_by_name["GobgpApi"])


@pytest.fixture
def started(contracts, gobgp):
    gobgp.StartBgp(contracts[0].StartBgpRequest(
        **{"global": {"asn": 65001, "router_id": "10.255.0.1", "listen_port": -1}}))
    return gobgp


def error_of(call):
    with pytest.raises(grpc.RpcError) as caught:
        result = call()
        if hasattr(result, "__iter__"):
            list(result)
    return caught.value.code(), caught.value.details()


def unknown(text):
    return grpc.StatusCode.UNKNOWN, text


def packed(message):
    any_value = any_pb2.Any()
    any_value.Pack(message)
    return any_value


def route(contracts, prefix, next_hop="192.0.2.1", **more):
    gobgp, attribute = contracts[:2]
    network = ipaddress.ip_network(prefix)
    family = gobgp.Family(afi=1 if network.version == 4 else 2, safi=1)
    nlri = packed(attribute.IPAddressPrefix(prefix=str(network.network_address), prefix_len=network.prefixlen))
    attrs = [packed(attribute.OriginAttribute(origin=0))]
    if network.version == 4:
        attrs.append(packed(attribute.NextHopAttribute(next_hop=next_hop)))
    else:
        attrs.append(packed(attribute.MpReachNLRIAttribute(family=family, next_hops=[next_hop], nlris=[nlri])))
    return gobgp.Path(family=family, nlri=nlri, pattrs=attrs, **more)


def table(contracts, client, **more):
    request = contracts[0].ListPathRequest(family={"afi": 1, "safi": 1}, **more)
    return {answer.destination.prefix: answer.destination for answer in client.ListPath(request)}


def test_before_the_start(contracts, gobgp):
    api = contracts[0]
    none = unknown("bgp server hasn't started yet")
    assert error_of(lambda: gobgp.AddPeer(api.AddPeerRequest(
        peer={"conf": {"neighbor_address": "10.0.0.1", "peer_asn": 1}}))) == none
    assert error_of(lambda: gobgp.AddPath(api.AddPathRequest(path=route(contracts, "10.0.0.0/8")))) == none
    assert error_of(lambda: gobgp.ListPath(api.ListPathRequest(family={"afi": 1, "safi": 1}))) == none
    assert error_of(lambda: gobgp.GetTable(api.GetTableRequest(family={"afi": 1, "safi": 1}))) == none
    assert list(gobgp.ListPeer(api.ListPeerRequest())) == []
    assert getattr(gobgp.GetBgp(api.GetBgpRequest()), "global").asn == 0


def test_start_and_stop(contracts, gobgp):
    api = contracts[0]
    assert error_of(lambda: gobgp.StartBgp(api.StartBgpRequest())) == unknown("nil request")
    assert error_of(lambda: gobgp.StartBgp(api.StartBgpRequest(
        **{"global": {"asn": 1, "router_id": "me"}}))) == unknown("invalid router-id format: me")
    for _ in range(2):
        gobgp.StartBgp(api.StartBgpRequest(**{"global": {"asn": 65001, "router_id": "10.255.0.1", "listen_port": -1}}))
        speaker = getattr(gobgp.GetBgp(api.GetBgpRequest()), "global")
        assert (speaker.asn, speaker.router_id, speaker.listen_port) == (65001, "10.255.0.1", -1)
        gobgp.StopBgp(api.StopBgpRequest())
        assert getattr(gobgp.GetBgp(api.GetBgpRequest()), "global").asn == 0


def test_every_method_answers(contracts, started):
    """What is not offered is refused by name; nothing hangs or ends the daemon, whatever is missing in a request."""
    service = contracts[0].DESCRIPTOR.services_by_name["GobgpApi"]
    assert len(service.methods) == 55
    refused = 0
    for method in service.methods:
        request = lab.message_class(method.input_type)()
        call = getattr(started, method.name)
        argument = iter([request]) if method.name == "AddPathStream" else request
        try:
            answer = call(argument, timeout=10)
            if lab.streams(method.name):
                list(answer)
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNIMPLEMENTED), method.name
            assert error.details()
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                assert error.details() == f"{method.name} is not offered yet"
                refused += 1
    assert refused == 4


def test_paths(contracts, started):
    api = contracts[0]
    uuid = started.AddPath(api.AddPathRequest(path=route(contracts, "10.0.0.0/8"))).uuid
    other = started.AddPath(api.AddPathRequest(path=route(contracts, "10.1.0.0/16", identifier=7))).uuid
    assert len(uuid) == len(other) == 16 and uuid != other
    destinations = table(contracts, started)
    assert sorted(destinations) == ["10.0.0.0/8", "10.1.0.0/16"]
    path = destinations["10.1.0.0/16"].paths[0]
    assert path.best and path.identifier == 7 and path.HasField("validation") and path.HasField("age")
    assert (path.source_asn, path.source_id, path.neighbor_ip) == (65001, "<nil>", "<nil>")
    assert [attr.type_url for attr in path.pattrs] == [
        f"type.googleapis.com/apipb.{name}Attribute" for name in ("Origin", "NextHop")]
    counts = started.GetTable(api.GetTableRequest(family={"afi": 1, "safi": 1}))
    assert (counts.num_destination, counts.num_path) == (2, 2)
    started.DeletePath(api.DeletePathRequest(uuid=uuid))
    assert sorted(table(contracts, started)) == ["10.1.0.0/16"]
    assert error_of(lambda: started.DeletePath(api.DeletePathRequest(uuid=uuid))) == unknown(
        "can't find a specified path")
    started.DeletePath(api.DeletePathRequest(path=route(contracts, "172.16.0.0/12")))  # not there: no error
    started.DeletePath(api.DeletePathRequest(family={"afi": 1, "safi": 1}))
    assert table(contracts, started) == {}


def test_lookups(contracts, started):
    api = contracts[0]
    prefixes = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.2.0/24", "192.168.0.0/16"]
    for prefix in prefixes:
        started.AddPath(api.AddPathRequest(path=route(contracts, prefix)))

    def found(prefix, kind=0):
        return sorted(table(contracts, started, prefixes=[{"prefix": prefix, "type": kind}]))

    assert found("10.1.0.0/16") == ["10.1.0.0/16"]
    assert found("10.2.0.0/16") == []
    assert found("10.1.1.7") == ["10.1.1.0/24"]
    assert found("10.77.0.1") == ["10.0.0.0/8"]
    assert found("10.1.0.0/16", 1) == ["10.1.0.0/16", "10.1.1.0/24", "10.1.2.0/24"]
    assert found("10.1.1.0/24", 2) == ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"]
    assert error_of(lambda: table(contracts, started, prefixes=[{"prefix": "nonsense"}])) == unknown(
        "invalid prefix: nonsense")


def test_list_errors(contracts, started):
    api = contracts[0]
    ipv4 = {"afi": 1, "safi": 1}

    def listed(**request):
        return error_of(lambda: started.ListPath(api.ListPathRequest(**request)))

    assert listed(table_type=2, name="10.0.0.9", family=ipv4) == unknown("neighbor that has 10.0.0.9 doesn't exist")
    assert listed(table_type=4, name="v1", family=ipv4) == unknown("vrf v1 not found")
    assert listed(family={"afi": 25, "safi": 70}) == unknown("address family: l2vpn-evpn not supported")
    assert listed(table_type=9, family=ipv4) == unknown("unsupported resource type: 9")


def test_binary_forms(contracts, started):
    api = contracts[0]
    started.AddPath(api.AddPathRequest(path=route(contracts, "10.1.0.0/16")))
    both = table(contracts, started, enable_nlri_binary=True, enable_attribute_binary=True)["10.1.0.0/16"].paths[0]
    assert both.nlri_binary == bytes([16, 10, 1])
    assert list(both.pattrs_binary) == [bytes([0x40, 1, 1, 0]), bytes([0x40, 3, 4, 192, 0, 2, 1])]
    assert len(both.pattrs) == 2
    only = table(contracts, started, enable_only_binary=True)["10.1.0.0/16"].paths[0]
    assert only.nlri_binary and not only.HasField("nlri") and not only.pattrs
    again = api.Path(family=only.family, nlri_binary=bytes([16, 10, 2]), pattrs_binary=only.pattrs_binary)
    started.AddPath(api.AddPathRequest(path=again))
    assert sorted(table(contracts, started)) == ["10.1.0.0/16", "10.2.0.0/16"]


def test_path_stream_is_applied_as_it_comes(contracts, started):
    """Stock clients do not close their side: what they sent must be there nevertheless."""
    api = contracts[0]
    release = threading.Event()

    def requests():
        for low in range(3):
            yield api.AddPathStreamRequest(paths=[route(contracts, f"10.{low}.{n}.0/24") for n in range(100)])
        release.wait(lab.WAIT_S)

    call = started.AddPathStream.future(requests())
    lab.wait_for(lambda: started.GetTable(api.GetTableRequest(family={"afi": 1, "safi": 1})).num_path == 300,
                 "the stream's routes are not there")
    assert not call.done()
    release.set()
    call.result(timeout=lab.WAIT_S)
    bad = route(contracts, "10.0.0.0/8")
    del bad.pattrs[1:]
    assert error_of(lambda: started.AddPathStream(iter([api.AddPathStreamRequest(paths=[bad])]))) == unknown(
        "nexthop not found")


def test_big_list_and_small_calls(contracts, started, daemon):
    """A long list goes out whole while other calls are answered, and takes no memory of its own size."""
    api = contracts[0]
    count = 60000

    def requests():
        for start in range(0, count, 2000):
            yield api.AddPathStreamRequest(paths=[
                route(contracts, f"{ipaddress.ip_address(0x0b000000 + n * 256)}/24") for n in range(start, start + 2000)])

    started.AddPathStream(requests())
    before = daemon.resident_bytes()
    listing = started.ListPath(api.ListPathRequest(family={"afi": 1, "safi": 1}))
    next(listing)
    for _ in range(20):
        assert getattr(started.GetBgp(api.GetBgpRequest(), timeout=5), "global").asn == 65001
    assert daemon.resident_bytes() - before < (64 if SANITIZED else 8) << 20
    assert 1 + sum(1 for _ in listing) == count
    abandoned = started.ListPath(api.ListPathRequest(family={"afi": 1, "safi": 1}))
    next(abandoned)
    abandoned.cancel()
    assert getattr(started.GetBgp(api.GetBgpRequest(), timeout=5), "global").asn == 65001


def test_peers(contracts, started):
    api = contracts[0]
    peer = api.Peer(conf={"neighbor_address": "127.0.0.2", "peer_asn": 65002, "description": "other"},
                    transport={"passive_mode": True}, timers={"config": {"hold_time": 30}})
    started.AddPeer(api.AddPeerRequest(peer=peer))
    assert error_of(lambda: started.AddPeer(api.AddPeerRequest(peer=peer))) == unknown(
        "can't overwrite the existing peer: 127.0.0.2")
    shown = [answer.peer for answer in started.ListPeer(api.ListPeerRequest())]
    assert len(shown) == 1
    shown = shown[0]
    for field in ("apply_policy", "conf", "ebgp_multihop", "route_reflector", "state", "timers", "transport",
                  "route_server", "graceful_restart"):
        assert shown.HasField(field), field
    for message, field in ((shown.state, "messages"), (shown.state.messages, "received"),
                           (shown.state.messages, "sent"), (shown.state, "queues"), (shown.timers, "config"),
                           (shown.timers, "state")):
        assert message.HasField(field), field
    assert shown.conf.description == "other"
    assert shown.timers.config.hold_time == 30
    assert shown.state.neighbor_address == "127.0.0.2"
    assert [(family.config.family.afi, family.config.family.safi) for family in shown.afi_safis] == [(1, 1)]
    assert shown.afi_safis[0].HasField("state") and shown.afi_safis[0].HasField("mp_graceful_restart")
    started.DisablePeer(api.DisablePeerRequest(address="127.0.0.2"))
    shown = next(iter(started.ListPeer(api.ListPeerRequest(address="127.0.0.2")))).peer
    assert shown.state.admin_state == 1
    started.EnablePeer(api.EnablePeerRequest(address="127.0.0.2"))
    shown.conf.description = "renamed"
    started.UpdatePeer(api.UpdatePeerRequest(peer=shown))
    assert next(iter(started.ListPeer(api.ListPeerRequest()))).peer.conf.description == "renamed"
    for call, request in ((started.EnablePeer, api.EnablePeerRequest), (started.DisablePeer, api.DisablePeerRequest),
                          (started.ResetPeer, api.ResetPeerRequest), (started.ShutdownPeer, api.ShutdownPeerRequest)):
        assert error_of(lambda: call(request(address="10.0.0.9"))) == unknown(
            "neighbor that has 10.0.0.9 doesn't exist")
    started.DeletePeer(api.DeletePeerRequest(address="127.0.0.2"))
    assert error_of(lambda: started.DeletePeer(api.DeletePeerRequest(address="127.0.0.2"))) == unknown(
        "can't delete a peer configuration for 127.0.0.2")
    assert list(started.ListPeer(api.ListPeerRequest())) == []


def test_peer_groups(contracts, started):
    api = contracts[0]
    group = api.PeerGroup(conf={"peer_group_name": "g1", "peer_asn": 65002}, timers={"config": {"hold_time": 60}})
    started.AddPeerGroup(api.AddPeerGroupRequest(peer_group=group))
    assert error_of(lambda: started.AddPeerGroup(api.AddPeerGroupRequest(peer_group=group))) == unknown(
        "can't overwrite the existing peer-group: g1")
    assert [answer.peer_group.conf.peer_group_name for answer in started.ListPeerGroup(
        api.ListPeerGroupRequest())] == ["g1"]
    assert error_of(lambda: started.AddPeer(api.AddPeerRequest(
        peer={"conf": {"neighbor_address": "127.0.0.2", "peer_group": "g2"}}))) == unknown("no such peer-group: g2")
    started.AddPeer(api.AddPeerRequest(peer={"conf": {"neighbor_address": "127.0.0.2", "peer_group": "g1"},
                                             "transport": {"passive_mode": True}}))
    assert next(iter(started.ListPeer(api.ListPeerRequest()))).peer.timers.config.hold_time == 60
    group.timers.config.hold_time = 45
    group.conf.peer_asn = 65003
    started.UpdatePeerGroup(api.UpdatePeerGroupRequest(peer_group=group))
    member = next(iter(started.ListPeer(api.ListPeerRequest()))).peer
    assert (member.timers.config.hold_time, member.conf.peer_asn) == (45, 65003)
    group.timers.config.hold_time = 2
    assert error_of(lambda: started.UpdatePeerGroup(api.UpdatePeerGroupRequest(peer_group=group))) == unknown(
        "peer-group g1: timers.config.hold-time: 2 s is below 3 (allowed: 0, 3..65535)")
    assert next(iter(started.ListPeer(api.ListPeerRequest()))).peer.timers.config.hold_time == 45
    assert error_of(lambda: started.DeletePeerGroup(api.DeletePeerGroupRequest(name="g1"))) == unknown(
        "failed to delete peer-group g1: neighbor 127.0.0.2 is in use")
    started.DeletePeer(api.DeletePeerRequest(address="127.0.0.2"))
    started.DeletePeerGroup(api.DeletePeerGroupRequest(name="g1"))
    assert error_of(lambda: started.DeletePeerGroup(api.DeletePeerGroupRequest(name="g1"))) == unknown(
        "can't delete a peer-group g1 which does not exist")


def test_dynamic_neighbors(contracts, started):
    api = contracts[0]

    def ranges(group=""):
        return [(answer.dynamic_neighbor.prefix, answer.dynamic_neighbor.peer_group)
                for answer in started.ListDynamicNeighbor(api.ListDynamicNeighborRequest(peer_group=group))]

    def add(prefix, group):
        started.AddDynamicNeighbor(api.AddDynamicNeighborRequest(
            dynamic_neighbor={"prefix": prefix, "peer_group": group}))

    for name in ("d1", "d2"):
        started.AddPeerGroup(api.AddPeerGroupRequest(peer_group={"conf": {"peer_group_name": name}}))
    assert error_of(lambda: add("127.1.0.0/16", "nobody")) == unknown("no such peer-group: nobody")
    assert error_of(lambda: add("127.1.0.0", "d1")) == unknown("invalid CIDR address: 127.1.0.0")
    add("127.2.0.0/16", "d1")
    add("127.1.0.0/16", "d1")
    add("::1/128", "d2")
    assert error_of(lambda: add("127.1.0.0/16", "d2")) == unknown(
        "dynamic neighbors 127.1.0.0/16 belong to peer-group d1 already")
    assert ranges() == [("127.1.0.0/16", "d1"), ("127.2.0.0/16", "d1"), ("::1/128", "d2")]
    assert ranges("d2") == [("::1/128", "d2")]
    started.DeleteDynamicNeighbor(api.DeleteDynamicNeighborRequest(prefix="127.2.0.0/16", peer_group="d1"))
    assert error_of(lambda: started.DeleteDynamicNeighbor(api.DeleteDynamicNeighborRequest(
        prefix="127.2.0.0/16", peer_group="d1"))) == unknown("peer-group d1 has no dynamic neighbors 127.2.0.0/16")
    started.DeletePeerGroup(api.DeletePeerGroupRequest(name="d1"))
    assert ranges() == [("::1/128", "d2")]
    started.DeletePeerGroup(api.DeletePeerGroupRequest(name="d2"))
    assert ranges() == []


def test_watch_paths(contracts, started):
    api = contracts[0]
    assert error_of(lambda: started.WatchEvent(api.WatchEventRequest())) == unknown("no events to watch")
    started.AddPath(api.AddPathRequest(path=route(contracts, "10.1.0.0/16")))
    events = started.WatchEvent(api.WatchEventRequest(table={"filters": [{"type": 0, "init": True}]}))

    def next_paths():
        paths = []
        while not paths:
            paths = list(next(events).table.paths)
        return [(prefix_of(contracts, path), path.is_withdraw) for path in paths]

    assert next_paths() == [("10.1.0.0/16", False)]
    started.AddPath(api.AddPathRequest(path=route(contracts, "10.2.0.0/16")))
    assert next_paths() == [("10.2.0.0/16", False)]
    started.DeletePath(api.DeletePathRequest(path=route(contracts, "10.1.0.0/16")))
    assert next_paths() == [("10.1.0.0/16", True)]
    events.cancel()


def prefix_of(contracts, path):
    nlri = contracts[1].IPAddressPrefix()
    assert path.nlri.Unpack(nlri)
    return f"{nlri.prefix}/{nlri.prefix_len}"


def test_watch_peers(contracts, started):
    api = contracts[0]
    started.AddPeer(api.AddPeerRequest(peer={"conf": {"neighbor_address": "127.0.0.2", "peer_asn": 65002},
                                             "transport": {"passive_mode": True}}))
    events = started.WatchEvent(api.WatchEventRequest(peer={}))
    first = next(events).peer
    assert (first.type, first.peer.conf.neighbor_address) == (1, "127.0.0.2")
    assert next(events).peer.type == 2
    started.DisablePeer(api.DisablePeerRequest(address="127.0.0.2"))
    event = next(events).peer
    assert event.type == 3 and event.peer.state.neighbor_address == "127.0.0.2"
    for field in ("conf", "state", "transport"):
        assert event.peer.HasField(field)
    events.cancel()


def test_watcher_that_does_not_read(contracts, started, daemon):
    """Its queue is bounded; then it is told that it lagged, and nobody else is held up."""
    api = contracts[0]
    channel = grpc.insecure_channel(f"127.0.0.1:{daemon.port}", [("grpc.http2.bdp_probe", 0),
                                                                 ("grpc.http2.lookahead_bytes", 65535)])
    lazy = lab.Client(channel, api.DESCRIPTOR.services_by_name["GobgpApi"])
    events = lazy.WatchEvent(api.WatchEventRequest(table={"filters": [{"type": 0}]}))
    before = daemon.resident_bytes()
    batch = [route(contracts, f"{ipaddress.ip_address(0x0b000000 + n * 256)}/24") for n in range(2000)]

    def requests():
        for turn in range(60):
            for path in batch:
                path.pattrs[0].Pack(contracts[1].OriginAttribute(origin=turn % 3))
            yield api.AddPathStreamRequest(paths=batch)

    started.AddPathStream(requests())
    grown = daemon.resident_bytes() - before
    assert grown < (512 if SANITIZED else 64) << 20, grown  # a sanitizer keeps freed memory for a while
    code, text = error_of(lambda: events)
    assert (code, text) == (grpc.StatusCode.OUT_OF_RANGE, "watcher lagged")
    channel.close()


def test_garbage(contracts, started, daemon):
    """Requests that are no protobuf, or unpack to far more than they are."""
    for path in ("AddPath", "ListPath", "AddPeer", "WatchEvent", "GetBgp"):
        call = daemon.channel.unary_unary(f"/apipb.GobgpApi/{path}")
        for request in (b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f", b"\x1a\x02\x08"):
            with pytest.raises(grpc.RpcError):
                call(request, timeout=10)
    flood = daemon.channel.unary_unary("/apipb.GobgpApi/SetPolicies")
    with pytest.raises(grpc.RpcError):
        flood(b"\x0a\x00" * 1000000, timeout=10)
    stream = daemon.channel.stream_unary("/apipb.GobgpApi/AddPathStream")
    with pytest.raises(grpc.RpcError):
        stream(iter([b"\x1a\x00" * 2000000]), timeout=20)
    assert getattr(started.GetBgp(contracts[0].GetBgpRequest(), timeout=5), "global").asn == 65001


def test_why_groups_counters(contracts, started, daemon):
    own = lab.Client(daemon.channel, contracts[3].DESCRIPTOR.services_by_name["Godwit"])
    started.AddPath(contracts[0].AddPathRequest(path=route(contracts, "10.1.0.0/16")))
    why = own.Why(contracts[3].WhyRequest(prefix="10.1.2.3"))
    assert why.prefix == "10.1.0.0/16"
    assert [candidate.best for candidate in why.candidates] == [True]
    assert why.candidates[0].next_hop == "192.0.2.1"
    assert error_of(lambda: own.Why(contracts[3].WhyRequest(prefix="172.16.0.0/12")))[0] == grpc.StatusCode.NOT_FOUND
    assert error_of(lambda: own.Why(contracts[3].WhyRequest(prefix="x"))) == unknown("invalid prefix: x")
    counters = own.GetCounters(contracts[3].GetCountersRequest())
    assert {table.family.afi: table.paths for table in counters.tables} == {1: 1, 2: 0}
    assert counters.resident_bytes > 1 << 20
    assert list(own.ListGroups(contracts[3].ListGroupsRequest())) == []


def test_why_a_session_is_down(contracts, started, daemon):
    own = lab.Client(daemon.channel, contracts[3].DESCRIPTOR.services_by_name["Godwit"])
    api, ask = contracts[0], contracts[3].WhyNeighborRequest
    peer = api.Peer(conf=api.PeerConf(neighbor_address="127.0.0.2", peer_asn=65002),
                    transport=api.Transport(passive_mode=True))
    started.AddPeer(api.AddPeerRequest(peer=peer))
    why = own.WhyNeighbor(ask(peer="127.0.0.2"))
    assert (why.state, why.since_s, why.HasField("sent")) == ("ACTIVE", -1, False)
    assert "passive mode" in why.sentence
    started.DisablePeer(api.DisablePeerRequest(address="127.0.0.2", communication="later"))
    why = own.WhyNeighbor(ask(peer="127.0.0.2"))
    assert why.state == "IDLE" and why.sentence.startswith("disabled here")
    assert error_of(lambda: own.WhyNeighbor(ask(peer="127.0.0.9")))[0] == grpc.StatusCode.NOT_FOUND
    started.DeletePeer(api.DeletePeerRequest(address="127.0.0.2"))


def test_reload(contracts, tmp_path):
    config = tmp_path / "godwit.toml"
    text = '[global.config]\nas = 65001\nrouter-id = "10.255.0.1"\nport = -1\n'
    neighbor = ('[[neighbors]]\n[neighbors.config]\nneighbor-address = "127.0.0.2"\npeer-as = 65002\n'
                '[neighbors.transport.config]\npassive-mode = true\n')
    config.write_text(text)
    daemon = lab.Godwitd(tmp_path, "-f", str(config))
    own = lab.Client(daemon.channel, contracts[3].DESCRIPTOR.services_by_name["Godwit"])
    gobgp = lab.Client(daemon.channel, contracts[0].DESCRIPTOR.services_by_name["GobgpApi"])
    api = contracts[0]
    config.write_text(text + neighbor)
    answer = own.Reload(contracts[3].ReloadRequest(check_only=True))
    assert (answer.applied, answer.changes, answer.error) == (False, "neighbor 127.0.0.2: would be added\n", "")
    assert list(gobgp.ListPeer(api.ListPeerRequest())) == []
    answer = own.Reload(contracts[3].ReloadRequest())
    assert (answer.applied, answer.changes, answer.error) == (True, "neighbor 127.0.0.2: added\n", "")
    assert len(list(gobgp.ListPeer(api.ListPeerRequest()))) == 1
    config.write_text(text + neighbor + "nonsense")
    answer = own.Reload(contracts[3].ReloadRequest())
    assert not answer.applied and not answer.changes and answer.error.startswith(str(config))
    assert len(list(gobgp.ListPeer(api.ListPeerRequest()))) == 1
    config.write_text(text)
    daemon.process.send_signal(lab.signal.SIGUSR1)  # ignored
    daemon.process.send_signal(lab.signal.SIGHUP)
    lab.wait_for(lambda: not list(gobgp.ListPeer(api.ListPeerRequest())), "SIGHUP did not reload the file")
    # Asked for again while it is being read, the file is read once more; and nobody waits for it at the end.
    daemon.process.send_signal(lab.signal.SIGHUP)
    config.write_text(text + neighbor)
    daemon.process.send_signal(lab.signal.SIGHUP)
    lab.wait_for(lambda: list(gobgp.ListPeer(api.ListPeerRequest())), "the second SIGHUP was lost")
    daemon.process.send_signal(lab.signal.SIGHUP)
    assert daemon.stop() == 0
