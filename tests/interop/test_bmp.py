"""BMP: what a station is told of neighbors and their routes (RFC 7854, RFC 9069), by our own strict station, by tshark
and by pmacct's pmbmpd. Stations are added as GoBGP's users do it: in the file, and with the stock client."""
import json
import random
import re
import shutil
import time

import pytest

import bmp_station
import wire
from bmp_station import LOC_RIB, POST, PRE, Station
from daemons import BUILD, Session
from dut import Godwitd
from lab import Lab, wait_for
from raw import RawSpeaker
from route import Route

ASN, FIRST, SECOND = 65000, 65001, 4200000002
FAMILIES = (wire.IPV4, wire.IPV6)


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


class Scene:
    """The daemon, two external neighbors, a host for stations."""

    def __init__(self, lab, policy=None, **more):
        self.hosts = {name: lab.host(name) for name in ("dut", "first", "second", "station")}
        self.local = self.hosts["dut"].address4
        sessions = [Session(self.local, self.hosts[name].address4, asn, passive=True, families=(4, 6),
                            add_path=name == "second")
                    for name, asn in (("first", FIRST), ("second", SECOND))]
        self.dut = Godwitd(self.hosts["dut"], ASN, sessions)
        self.station = Station(self.hosts["station"])
        if policy:
            self.dut.more["bmp-servers"] = [{"config": {
                "address": self.station.host.address4, "route-monitoring-policy": policy, "statistics-timeout": 15,
                "sys-name": "router one"}}]
        self.dut.more.update(more)
        self.dut.start(level="info")
        self.first = RawSpeaker(self.hosts["first"], self.local, FIRST)
        self.second = RawSpeaker(self.hosts["second"], self.local, SECOND, add_path=FAMILIES)

    def addresses(self):
        return self.hosts["first"].address4, self.hosts["second"].address4

    def station_words(self):
        return self.station.host.address4

    def log(self):
        return self.dut.log_text()[-2000:]

    def client(self, *words):
        """GoBGP's own."""
        return self.dut.host.run("gobgp", *words)

    def has(self, address, view, expected, what):
        wait_for(lambda: self.station.table(address, view) == expected,
                 lambda: f"{what}: {view} of {address}: {difference(self.station.table(address, view), expected)} "
                         f"{self.station.errors}\n{self.log()}", 30)


def difference(found, expected):
    if found is None:
        return "it is not up"
    missing = [prefix for prefix in expected if prefix not in found]
    extra = [prefix for prefix in found if prefix not in expected]
    other = [(found[prefix], expected[prefix]) for prefix in expected if prefix in found and found[prefix] != expected[prefix]]
    return f"{len(missing)} missing {missing[:3]}, {len(extra)} too many {extra[:3]}, {len(other)} differ {other[:1]}"


def route(i, asn, **fields):
    version = fields.pop("version", 4)
    next_hop = {FIRST: {4: "10.99.0.12", 6: "fd99::12"}, SECOND: {4: "10.99.0.13", 6: "fd99::13"}}[asn][version]
    prefix = f"10.{i // 250}.{i % 250}.0/24" if version == 4 else f"2001:db8:{i + 1:x}::/48"
    return Route(prefix, as_path=(asn, 64500 + i % 7), next_hop=next_hop, **fields)


def keep(routes):
    return {one.prefix: one for one in routes}


POLICY = {
    "defined-sets": {"prefix-sets": [{"prefix-set-name": "odd", "prefix-list": [
        {"ip-prefix": f"10.0.{i}.0/24", "masklength-range": "24..24"} for i in range(1, 250, 2)]}]},
    "policy-definitions": [
        {"name": "drop", "statements": [{"name": "s1", "conditions": {"match-prefix-set": {"prefix-set": "odd"}},
                                         "actions": {"route-disposition": "reject-route"}}]},
        {"name": "mark", "statements": [{"name": "s2", "actions": {"bgp-actions": {"set-med": "77"}}}]}]}


def test_the_tables_of_a_station(lab):
    """Every view, before and after the station came, through churn, a policy that changes, and sessions that end."""
    scene = Scene(lab, **POLICY)
    first, second = scene.addresses()
    scene.first.establish()
    early = [route(i, FIRST) for i in range(200)] + [route(i, FIRST, version=6) for i in range(50)]
    scene.first.announce(*early)
    scene.first.end_of_rib()
    wait_for(lambda: len(scene.dut.table()) == 200 and len(scene.dut.table(6)) == 50, "the routes are there")
    scene.client("bmp", "add", scene.station_words(), "all")
    told = keep(early)
    for view in (PRE, POST):
        scene.has(first, view, told, "dump")
    scene.has(LOC_RIB, LOC_RIB, told, "dump")
    wait_for(lambda: scene.station.peers[first].eor == {(view, family) for view in (PRE, POST) for family in FAMILIES} and
             scene.station.peers[LOC_RIB].eor == {(LOC_RIB, family) for family in FAMILIES}, "End-of-RIB of all")
    peer = scene.station.peers[first]
    assert peer.asn == FIRST and peer.identifier == first and peer.local[12:] == bytes([10, 99, 0, 11])
    assert peer.ports[0] == 179 and peer.received["as"] == FIRST and peer.sent["as"] == ASN
    assert sorted(peer.received["capabilities"]) == sorted((value[0], value[2:]) for value in scene.first.capabilities)
    assert scene.station.peers[LOC_RIB].names == {3: b"global"}

    # A second neighbor, with path identifiers: all it says is told as it comes.
    scene.second.establish()
    paths = [route(i, SECOND, path_id=1 + i % 2) for i in range(0, 400, 2)]
    scene.second.announce(*paths)
    scene.has(second, PRE, keep(paths), "a peer that came later")
    scene.has(second, POST, keep(paths), "a peer that came later")

    # Churn, in the order of a model.
    chance = random.Random(1)
    for _ in range(30):
        some = [route(i, FIRST, med=chance.randrange(9)) for i in chance.sample(range(200), 40)]
        gone = [one.prefix for one in chance.sample(sorted(told.values(), key=lambda one: one.prefix), 20)]
        scene.first.announce(*some)
        told.update(keep(some))
        scene.first.withdraw(*gone)
        for prefix in gone:
            del told[prefix]
    for view in (PRE, POST):
        scene.has(first, view, told, "churn")

    # A policy comes, another one, none: what is left after it follows, what was said before it does not change.
    scene.client("global", "policy", "import", "add", "drop", "default", "accept")
    left = {prefix: one for prefix, one in told.items() if not (":" not in prefix and prefix.startswith("10.0.")
                                                                  and int(prefix.split(".")[2]) % 2)}
    scene.has(first, POST, left, "a policy that rejects")
    scene.client("global", "policy", "import", "add", "mark", "default", "accept")
    scene.has(first, POST, {prefix: one.but(med=77) for prefix, one in left.items()}, "a policy that changes")
    scene.first.announce(route(1, FIRST), route(2, FIRST))  # rejected, changed
    told.update(keep([route(1, FIRST), route(2, FIRST)]))
    left.update(keep([route(2, FIRST)]))
    scene.has(first, POST, {prefix: one.but(med=77) for prefix, one in left.items()}, "policies, live")
    scene.client("global", "policy", "import", "del", "drop")
    scene.client("global", "policy", "import", "del", "mark")
    scene.has(first, POST, told, "without a policy")
    scene.has(first, PRE, told, "before policy")

    # The Loc-RIB is what the daemon shows.
    best = {}
    for version in (4, 6):
        for prefix, found in scene.dut.table(version).items():
            best[prefix] = found[0].as_path
    wait_for(lambda: {prefix: one.as_path for prefix, one in scene.station.table(LOC_RIB, LOC_RIB).items()} == best,
             "the Loc-RIB")

    # Ends: by a NOTIFICATION of the peer, without a word, by us.
    scene.first.cease(text="good night")
    wait_for(lambda: scene.station.downs, "Peer Down")
    address, reason, data = scene.station.downs[-1]
    assert (address, reason) == (first, 3) and data[19:21] == bytes([6, 2]) and b"good night" in data
    scene.second.close()
    wait_for(lambda: len(scene.station.downs) == 2, "Peer Down")
    assert scene.station.downs[-1][:2] == (second, 4) and not scene.station.downs[-1][2]
    scene.first.establish()
    wait_for(lambda: first in scene.station.peers, "Peer Up again")
    assert scene.station.table(first, PRE) == {}
    scene.client("neighbor", first, "disable")
    wait_for(lambda: len(scene.station.downs) == 3, "Peer Down")
    address, reason, data = scene.station.downs[-1]
    assert (address, reason) == (first, 1) and data[19:21] == bytes([6, 2])

    assert "Up" in scene.client("bmp").splitlines()[1]
    scene.client("bmp", "del", scene.station_words())
    wait_for(lambda: scene.station.termination == 4, "Termination")
    assert scene.station.errors == [] and scene.station.connections == 1
    wrong, kinds = bmp_station.tshark(scene.station.stream, scene.dut.folder / "bmp.pcap")
    assert wrong == [] and kinds[bmp_station.PEER_DOWN] == 3 and sum(kinds.values()) == scene.station.messages


@pytest.mark.parametrize("policy, views", (("pre-policy", {PRE}), ("post-policy", {POST}), ("both", {PRE, POST}),
                                           ("local-rib", {LOC_RIB}), ("all", {PRE, POST, LOC_RIB})))
def test_policies_of_monitoring(lab, policy, views):
    """From the file, with names and numbers; peers are told of whatever the policy."""
    scene = Scene(lab, policy=policy)
    first, _ = scene.addresses()
    scene.first.establish()
    scene.first.announce(route(1, FIRST))
    where = {PRE: first, POST: first, LOC_RIB: LOC_RIB}
    for view in views:
        scene.has(where[view], view, keep([route(1, FIRST)]), policy)
    wait_for(lambda: first in scene.station.statistics, "statistics", 30)
    heard = {view for peer in scene.station.peers.values() for view, routes in peer.routes.items() if routes}
    assert heard == views and (LOC_RIB in scene.station.peers) == (LOC_RIB in views)
    numbers = scene.station.statistics[first]
    assert numbers[7] == numbers[8] == numbers[9, "000101"] == 1 and numbers[9, "000201"] == 0 == numbers[11]
    assert scene.station.initiation[2] == b"router one" and scene.station.initiation[1].startswith(b"Godwit ")
    assert scene.station.errors == []


def test_a_station_that_goes_and_comes(lab):
    """Each connection begins with all there is."""
    scene = Scene(lab, policy="all")
    first, _ = scene.addresses()
    scene.first.establish()
    scene.first.announce(*[route(i, FIRST) for i in range(20)])
    expected = keep([route(i, FIRST) for i in range(20)])
    scene.has(first, PRE, expected, "the first time")
    scene.station.close()
    scene.first.withdraw(route(0, FIRST).prefix)
    del expected[route(0, FIRST).prefix]
    wait_for(lambda: "Down" in scene.client("bmp").splitlines()[1], "the client shows it")
    scene.station.listen()
    for address, view in ((first, PRE), (first, POST), (LOC_RIB, LOC_RIB)):
        scene.has(address, view, expected, "the second time")
    assert scene.station.connections >= 2 and scene.station.errors == []


def test_a_station_that_does_not_read(lab):
    """It holds up nobody, its memory is bounded, and it is told everything once it reads again."""
    scene = Scene(lab, policy="all")
    first, _ = scene.addresses()
    scene.first.establish()
    wait_for(lambda: first in scene.station.peers, "Peer Up")
    scene.station.reading.clear()
    began = time.monotonic()
    communities = frozenset(f"65001:{i}" for i in range(200))
    for turn in range(60):
        scene.first.announce(*[route(i, FIRST, med=turn, communities=communities) for i in range(1000)])
    last = route(999, FIRST, med=59, communities=communities)
    wait_for(lambda: scene.dut.table().get(last.prefix, [None])[0] is not None and
             scene.dut.table()[last.prefix][0].med == 59, "the daemon has all", 60)
    assert time.monotonic() - began < 60
    wait_for(lambda: "too slow" in scene.dut.log_text(), lambda: f"it is cut off\n{scene.log()}", 60)
    counted = json.loads(scene.dut.cli("counters", "-j"))
    memory = {one["kind"]: int(one.get("bytes", 0)) for one in counted["memory"]}
    assert memory["buffers"] < 64 << 20, memory
    scene.station.reading.set()
    expected = keep([route(i, FIRST, med=59, communities=communities) for i in range(1000)])
    for address, view in ((first, PRE), (first, POST), (LOC_RIB, LOC_RIB)):
        scene.has(address, view, expected, "after a rest")
    assert set(scene.station.errors) <= {"the stream ends within a message"}  # of the connection that was cut


def test_a_neighbor_that_begins_again(lab):
    """RFC 7313: what it does not say again goes at the station, too."""
    scene = Scene(lab, policy="all")
    first, _ = scene.addresses()
    scene.first.capabilities = wire.capabilities(FIRST, FAMILIES) + [wire.capability(70)]
    scene.first.establish()
    scene.first.announce(*[route(i, FIRST) for i in range(20)])
    scene.has(first, PRE, keep([route(i, FIRST) for i in range(20)]), "at first")
    again = keep([route(i, FIRST, med=1) for i in range(0, 20, 2)])
    refresh = [wire.message(wire.ROUTE_REFRESH, bytes([0, 1, subtype, 1])) for subtype in (1, 2)]
    scene.first.send(refresh[0])
    scene.first.announce(*again.values())
    scene.first.send(refresh[1])
    for address, view in ((first, PRE), (first, POST), (LOC_RIB, LOC_RIB)):
        scene.has(address, view, again, "again")
    assert [down[:2] for down in scene.station.downs] == [(first, 5)] and scene.station.errors == []
    scene.first.send(b"".join(refresh[:1]))
    scene.first.announce(*again.values())
    scene.first.send(refresh[1])
    scene.first.announce(route(1, FIRST))
    scene.has(first, PRE, {**again, **keep([route(1, FIRST)])}, "nothing was left out")
    assert len(scene.station.downs) == 1


def test_the_clients_agree(lab):
    """GoBGP's client and ours: the same words, the same complaints. And metrics."""
    scene = Scene(lab, godwit={"metrics-listen": "127.0.0.1:9179"})
    station = scene.station_words()

    def both(*words):
        said = []
        for program in (("gobgp",), (BUILD / "godwit", "--compat")):
            try:
                said.append(scene.dut.host.run(*program, "bmp", *words))
            except RuntimeError as error:
                said.append(str(error).split("exit status 1: ")[-1])
        return [re.sub(r"\d\d:\d\d:\d\d", "AGE", text) for text in said]

    scene.client("bmp", "add", station)
    wait_for(lambda: "Up" in both()[0], "it is up")
    scene.client("bmp", "add", "10.99.0.99:5", "post", "-s", "30")
    for words in ([], ["-j"], ["add", station], ["add", station, "some"], ["del", "10.99.0.99:6"],
                  ["add", station, "all", "-s", "70000"]):
        stock, ours = both(*words)
        assert ours == stock, words
    scene.dut.host.run(BUILD / "godwit", "bmp", "add", "[fd99::99]:7", "local-rib")
    scene.dut.host.run(BUILD / "godwit", "bmp", "del", "10.99.0.99:5")
    stock, ours = both()
    assert ours == stock and "[fd99::99]:7" in ours and "10.99.0.99" not in ours
    metrics = scene.dut.host.run("curl", "-s", "http://127.0.0.1:9179/metrics")
    assert f'godwit_bmp_station_up{{station="{station}:11019"}} 1\n' in metrics
    assert 'godwit_bmp_station_up{station="[fd99::99]:7"} 0\n' in metrics
    assert f'godwit_bmp_station_waiting_bytes{{station="{station}:11019"}} 0\n' in metrics


@pytest.mark.skipif(not shutil.which("pmbmpd"), reason="no pmbmpd (Debian: pmacct)")
def test_pmbmpd(lab):
    """A station of somebody else's."""
    scene = Scene(lab)
    host = scene.hosts["station"]
    log, file = host.folder / "bmp.json", host.folder / "pmbmpd.conf"
    port = bmp_station.PORT + 1
    file.write_text(f"bmp_daemon_ip: {host.address4}\nbmp_daemon_port: {port}\nbmp_daemon_max_peers: 10\n"
                    f"bmp_daemon_msglog_file: {log}\ndaemonize: false\n")
    process = host.popen("pmbmpd", "-f", file, log=host.folder / "pmbmpd.log")
    first, _ = scene.addresses()
    scene.first.establish()
    early = [route(i, FIRST) for i in range(30)] + [route(3, FIRST, version=6)]
    scene.first.announce(*early)
    wait_for(lambda: len(scene.dut.table()) == 30, "the routes")
    scene.client("bmp", "add", f"{host.address4}:{port}", "all")
    expected = {one.prefix for one in early}

    def events(kind):
        lines = log.read_text().splitlines() if log.exists() else []
        return [one for one in map(json.loads, lines) if one.get("bmp_msg_type") == kind or one.get("event_type") == kind]

    def prefixes(**wanted):
        return {one["ip_prefix"] for one in events("route_monitor")
                if "ip_prefix" in one and all(one.get(name) == value for name, value in wanted.items())}

    try:
        wait_for(lambda: prefixes(peer_ip=first, is_post=0) == expected and prefixes(peer_ip=first, is_post=1) == expected
                 and prefixes(is_loc=1) == expected,
                 lambda: f"pmbmpd has {sorted(prefixes())[:5]}: "
                         f"{log.read_text()[-1500:] if log.exists() else ''}{(host.folder / 'pmbmpd.log').read_text()[-800:]}")
        scene.first.cease()
        wait_for(lambda: events("peer_down"), "Peer Down")
    finally:
        process.terminate()
        process.wait(20)
