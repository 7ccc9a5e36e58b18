"""Origin validation: what RPKI caches say, right and wrong, old and new, and what becomes of routes. The cache is a
script (tests/interop/rtr_server.py), or stayrtr; BIRD judges the same routes by the same VRPs."""
import collections
import ipaddress
import json
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request

import pytest

import api_lab as lab
from api_lab import ROOT, wait_for

sys.path.insert(0, str(ROOT / "tests" / "interop"))

from rtr_server import (CACHE_RESET, CACHE_RESPONSE, END_OF_DATA, ERROR_REPORT, RESET_QUERY, SERIAL_NOTIFY,  # noqa: E402
                        SERIAL_QUERY, RtrServer, error_pdu, pdu, prefix_pdu)

pytestmark = pytest.mark.skipif(not (lab.BUILD / "godwitd").exists(), reason="godwitd is not built")

OWN_AS = 65001
VRPS = [("10.0.0.0/8", 16, 65001), ("10.1.0.0/16", 24, 65002), ("2001:db8::/32", 48, 65001)]
NOT_FOUND, VALID, INVALID = 1, 2, 3
SANITIZED = "asan" in str(lab.BUILD)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory):
    return lab.contracts(tmp_path_factory.mktemp("contracts"))


class Router:
    """godwitd with the servers of a file."""

    def __init__(self, contracts, folder, servers, more=""):
        self.api, self.attribute = contracts[:2]
        self.file, self.more = folder / "godwitd.toml", more
        self.write(servers)
        self.daemon = lab.Godwitd(folder, "-p", "-f", str(self.file))
        self.client = lab.Client(self.daemon.channel, self.api.DESCRIPTOR.services_by_name["GobgpApi"])

    def write(self, servers):
        text = f'[global.config]\nas = {OWN_AS}\nrouter-id = "192.0.2.1"\nport = -1\n'
        for server in servers:
            text += f'[[rpki-servers]]\nconfig.address = "127.0.0.1"\nconfig.port = {server.port}\n'
            text += "".join(f"config.{key} = {value}\n" for key, value in getattr(server, "keys", {}).items())
        self.file.write_text(text + self.more)

    def cli(self, *words):
        done = subprocess.run([lab.BUILD / "godwit", "-p", str(self.daemon.port), *words], capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def states(self):
        """{port: state} of the servers."""
        return {answer.server.conf.remote_port: answer.server.state
                for answer in self.client.ListRpki(self.api.ListRpkiRequest())}

    def state(self, server):
        return self.states()[server.port]

    def vrps(self, version=None):
        """{(prefix, maximum length, AS number): [ports]}, in the order of the answer."""
        family = {4: {"afi": 1, "safi": 1}, 6: {"afi": 2, "safi": 1}}.get(version)
        found = collections.OrderedDict()
        for answer in self.client.ListRpkiTable(self.api.ListRpkiTableRequest(family=family)):
            roa = answer.roa
            found.setdefault((f"{roa.prefix}/{roa.prefixlen}", roa.maxlen, roa.asn), []).append(roa.conf.remote_port)
        return found

    def wait_vrps(self, vrps, limit_s=lab.WAIT_S):
        wait_for(lambda: set(self.vrps()) == set(vrps), lambda: f"{list(self.vrps())[:20]}", limit_s)

    def wait_up(self, server):
        wait_for(lambda: self.state(server).up, "the cache is in session")

    def packed(self, message):
        from google.protobuf import any_pb2
        value = any_pb2.Any()
        value.Pack(message)
        return value

    def path(self, prefix, segments):
        """`segments`: [(type, [AS numbers])]."""
        network = ipaddress.ip_network(prefix)
        family = self.api.Family(afi=1 if network.version == 4 else 2, safi=1)
        nlri = self.packed(self.attribute.IPAddressPrefix(prefix=str(network.network_address),
                                                          prefix_len=network.prefixlen))
        attrs = [self.packed(self.attribute.OriginAttribute(origin=0))]
        if segments:
            attrs.append(self.packed(self.attribute.AsPathAttribute(
                segments=[{"type": kind, "numbers": numbers} for kind, numbers in segments])))
        if network.version == 4:
            attrs.append(self.packed(self.attribute.NextHopAttribute(next_hop="192.0.2.9")))
        else:
            attrs.append(self.packed(self.attribute.MpReachNLRIAttribute(family=family, next_hops=["2001:db8::9"],
                                                                         nlris=[nlri])))
        return self.api.Path(family=family, nlri=nlri, pattrs=attrs)

    def announce(self, routes):
        requests = (self.api.AddPathStreamRequest(paths=[self.path(prefix, segments)]) for prefix, segments in routes)
        self.client.AddPathStream(requests)

    def validations(self, version=4):
        """{prefix: Validation} of the global table."""
        request = self.api.ListPathRequest(family={"afi": 1 if version == 4 else 2, "safi": 1})
        return {answer.destination.prefix: answer.destination.paths[0].validation
                for answer in self.client.ListPath(request)}

    def log(self):
        return self.daemon.log.read_text()


@pytest.fixture
def start(contracts, tmp_path):
    """Starts routers and servers, and ends them; none may have come to harm."""
    started, servers = [], []

    def starter(*made, more=""):
        servers.extend(made)
        started.append(Router(contracts, tmp_path, made, more))
        return started[-1]

    yield starter
    for router in started:
        assert router.daemon.stop() == 0, router.log()[-3000:]
    for server in servers:
        server.close()


SEQUENCE, SET = 2, 1


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("on_newer", ["error", "close", "answer lower"])
def test_versions(start, version, on_newer):
    """The highest version both know is spoken, however the cache says which it does not."""
    server = RtrServer(version=version, on_newer=on_newer, vrps=VRPS)
    router = start(server)
    router.wait_vrps(VRPS)
    tried = {"error": {2, version}, "close": set(range(version, 3)), "answer lower": {2}}[on_newer]
    assert {heard[0] for heard in server.heard} == tried
    server.change(add=[("192.0.2.0/24", 24, 65009)], remove=VRPS[:1])
    router.wait_vrps(VRPS[1:] + [("192.0.2.0/24", 24, 65009)])
    assert server.heard[-1][:3] == (version, SERIAL_QUERY, 77)
    state = router.state(server)
    assert (state.up, state.serial, state.record_ipv4, state.record_ipv6) == (True, 2, 2, 1)
    assert (state.serial_notify, state.serial_query, state.end_of_data) == (1, 1, 2)


def test_states_of_paths(start):
    server = RtrServer(vrps=VRPS + [("10.1.0.0/16", 16, 65003), ("10.2.0.0/16", 24, 0)])
    router = start(server)
    router.announce([("10.0.0.0/8", []), ("10.1.0.0/16", [(SEQUENCE, [65009, 65003])]),
                     ("10.1.1.0/24", [(SEQUENCE, [65003])]), ("10.1.2.0/24", [(SEQUENCE, [65002]), (SET, [65002])]),
                     ("10.2.0.0/16", [(SEQUENCE, [65009])]), ("11.0.0.0/8", [(SEQUENCE, [65009])]),
                     ("10.3.0.0/17", [(SEQUENCE, [65001])]), ("2001:db8:1::/48", [(SEQUENCE, [65001])])])
    router.wait_up(server)
    found = router.validations()
    assert {prefix: validation.state for prefix, validation in found.items()} == {
        "10.0.0.0/8": VALID, "10.1.0.0/16": VALID, "10.1.1.0/24": INVALID, "10.1.2.0/24": INVALID,
        "10.2.0.0/16": INVALID, "11.0.0.0/8": NOT_FOUND, "10.3.0.0/17": INVALID}
    assert router.validations(6)["2001:db8:1::/48"].state == VALID
    # By other numbers, and by length alone.
    roas = found["10.1.1.0/24"]
    assert (roas.reason, [roa.asn for roa in roas.unmatched_asn]) == (1, [65002])
    assert [(roa.asn, roa.maxlen) for roa in roas.unmatched_length] == [(65001, 16), (65003, 16)]
    assert found["10.3.0.0/17"].reason == 2 and not found["10.3.0.0/17"].unmatched_asn
    assert [(roa.prefix, roa.prefixlen, roa.conf.remote_port) for roa in found["10.1.0.0/16"].matched] == [
        ("10.1.0.0", 16, server.port)]


def test_two_servers(start):
    """A VRP is there as long as one server has it."""
    one, other = RtrServer(vrps=VRPS), RtrServer(version=0, vrps=VRPS[1:] + [("192.0.2.0/24", 24, 1)])
    router = start(one, other)
    wait_for(lambda: len(router.vrps()) == 4 and len(router.vrps()[VRPS[1]]) == 2, "both have said theirs")
    assert sorted(router.vrps()[VRPS[1]]) == sorted([one.port, other.port])
    one.change(remove=VRPS)
    wait_for(lambda: router.vrps().get(VRPS[1]) == [other.port], "the other one's stay")
    assert VRPS[0] not in router.vrps()
    # The file without one of them, and a disabled one.
    router.write([one])
    assert f"rpki-servers 127.0.0.1 port {other.port}: removed" in router.cli("reload")
    router.wait_vrps([])
    one.change(add=VRPS)
    router.wait_vrps(VRPS)
    router.write([one, other])
    router.cli("reload")
    wait_for(lambda: len(router.vrps()) == 4, "it is asked again")
    router.client.DisableRpki(router.api.DisableRpkiRequest(address="127.0.0.1", port=one.port))
    wait_for(lambda: VRPS[0] not in router.vrps(), "a disabled one says nothing")
    assert not router.state(one).up and router.state(other).up


def test_metrics(start):
    server = RtrServer(vrps=VRPS)
    port = lab.free_port()
    router = start(server, more=f'[godwit]\nmetrics-listen = "127.0.0.1:{port}"\n')
    router.wait_up(server)
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    label = f'server="127.0.0.1:{server.port}"'
    assert f"godwit_rpki_server_up{{{label}}} 1\n" in page
    assert f'godwit_rpki_server_vrps{{{label},family="ipv4"}} 2\n' in page
    assert f'godwit_rpki_server_vrps{{{label},family="ipv6"}} 1\n' in page
    answered = re.search(rf"answer_timestamp_seconds{{{label}}} (\d+)", page)
    assert abs(int(answered[1]) - time.time()) < 60


def test_list_is_sorted(start):
    rng = random.Random(20261122)
    vrps = {(f"{rng.randrange(1, 224)}.{rng.randrange(256)}.0.0/16", rng.randrange(16, 25), rng.randrange(9))
            for _ in range(3000)}
    vrps |= {(f"2001:{rng.randrange(65536):x}::/32", 48, rng.randrange(9)) for _ in range(1000)}
    vrps = {(str(ipaddress.ip_network(prefix)), longest, asn) for prefix, longest, asn in vrps}
    router = start(RtrServer(vrps=vrps))
    router.wait_vrps(vrps)
    for version in (4, 6):
        listed = list(router.vrps(version))
        keys = [(ipaddress.ip_network(prefix).network_address.packed, int(prefix.split("/")[1]), longest, asn)
                for prefix, longest, asn in listed]
        assert keys == sorted(keys) and len(keys) > 900


def test_cache_comes_back_as_another(start):
    """A new session: asked for the differences it answers with a reset; what was said holds until all is there."""
    server = RtrServer(vrps=VRPS)
    router = start(server)
    router.wait_vrps(VRPS)
    server.vrps = set(VRPS[1:])
    server.restart()
    router.wait_vrps(VRPS[1:])
    kinds = [kind for _, kind, _, _ in server.heard]
    assert kinds[-2:] == [SERIAL_QUERY, RESET_QUERY]
    assert router.state(server).cache_reset == 1


def test_session_id_changes(start):
    server = RtrServer(vrps=VRPS)
    router = start(server)
    router.wait_vrps(VRPS)
    server.session_id = 78
    server.vrps.add(("192.0.2.0/24", 24, 9))
    server.notify()
    router.wait_vrps(VRPS + [("192.0.2.0/24", 24, 9)])


def test_no_data_yet(start):
    server = RtrServer(vrps=VRPS)
    server.script = lambda session, kind, field, body: session.send(error_pdu(session.version, 2, "warming up")) or True
    router = start(server)
    wait_for(lambda: router.state(server).error == 1, "it has said so")
    assert len(server.sessions) == 1
    server.script = None
    router.client.ResetRpki(router.api.ResetRpkiRequest(address="127.0.0.1", soft=True))
    router.wait_vrps(VRPS)


def test_lifetime(start):
    """What a server said holds so long after its session ended, and no longer."""
    server = RtrServer(vrps=VRPS)
    server.keys = {"record-lifetime": 2}
    router = start(server)
    router.wait_vrps(VRPS)
    server.close()
    wait_for(lambda: not router.state(server).up, "the session ended")
    ended = time.monotonic()
    assert set(router.vrps()) == set(VRPS)
    router.wait_vrps([])
    assert time.monotonic() - ended > 1


def garbage(rng):
    return bytes(rng.randrange(256) for _ in range(rng.randrange(1, 4000)))


def whole(vrps, end=True, session_id=77):
    return (pdu(1, CACHE_RESPONSE, session_id) + b"".join(prefix_pdu(1, vrp) for vrp in vrps)
            + (pdu(1, END_OF_DATA, session_id, struct.pack("!IIII", 9, 3600, 600, 7200)) if end else b""))


HOSTILE = {
    "length 0": struct.pack("!BBHI", 1, 3, 0, 0),
    "length 7": struct.pack("!BBHI", 1, 3, 0, 7),
    "length 2^31": struct.pack("!BBHI", 1, 10, 0, 2**31),
    "report overruns": pdu(1, ERROR_REPORT, 0, struct.pack("!II", 2**32 - 1, 2**32 - 1)),
    "maximum below length": pdu(1, CACHE_RESPONSE, 77) + pdu(1, 4, 0, bytes([1, 24, 16, 0, 10, 0, 0, 0, 0, 0, 0, 1])),
    "maximum 33": pdu(1, CACHE_RESPONSE, 77) + pdu(1, 4, 0, bytes([1, 24, 33, 0, 10, 0, 0, 0, 0, 0, 0, 1])),
    "host bits": pdu(1, CACHE_RESPONSE, 77) + pdu(1, 4, 0, bytes([1, 8, 8, 0, 10, 0, 0, 1, 0, 0, 0, 1])),
    "twice": whole(VRPS[:1] * 2),
    "withdrawn out of nothing": pdu(1, CACHE_RESPONSE, 77) + prefix_pdu(1, ("198.51.100.0/24", 24, 1), False),
    "prefix before the response": prefix_pdu(1, VRPS[0]),
    "end before the response": pdu(1, END_OF_DATA, 77, struct.pack("!IIII", 9, 3600, 600, 7200)),
    "session id changes in the middle": whole(VRPS, end=False) + pdu(1, END_OF_DATA, 78, bytes(16)),
    "version changes in the middle": whole(VRPS, end=False) + prefix_pdu(0, ("192.0.2.0/24", 24, 1)),
    "queries": pdu(1, RESET_QUERY),
    "unknown type": pdu(1, 200, 0, b"?" * 40),
    "resets": pdu(1, CACHE_RESET) * 1000,
    "reports": error_pdu(1, 0, "bad\x1b[31m\0") * 1000,
    "notifies": pdu(1, SERIAL_NOTIFY, 77, struct.pack("!I", 5)) * 10000,
    "half a set, then silence": whole(VRPS, end=False),
    "responses": pdu(1, CACHE_RESPONSE, 77) * 1000,
    "too many of one prefix": whole([("10.0.0.0/8", 8, asn) for asn in range(1200)]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(start, name):
    """A server that says something wrong loses its session, not what it had said; and is asked again."""
    server = RtrServer(vrps=VRPS)
    router = start(server)
    router.wait_vrps(VRPS)
    asked = len(server.heard)
    server.script = lambda session, kind, field, body: session.send(HOSTILE[name]) or True
    server.hang_up()
    wait_for(lambda: len(server.heard) > asked, "it is asked again")
    if name not in ("half a set, then silence", "notifies"):
        wait_for(lambda: not server.sessions or len(server.heard) > asked + 2, "its session ends")
    assert set(router.vrps()) == set(VRPS)
    server.script = None
    server.vrps.add(("192.0.2.0/24", 24, 9))
    server.restart()
    router.wait_vrps(VRPS + [("192.0.2.0/24", 24, 9)], 60)
    assert "\x1b" not in router.log()


def test_garbage(start):
    rng = random.Random(1)
    server = RtrServer(vrps=VRPS)
    server.script = lambda session, kind, field, body: session.send(garbage(rng)) or True
    router = start(server)
    for _ in range(10):
        asked = len(server.heard)
        router.client.ResetRpki(router.api.ResetRpkiRequest(address="127.0.0.1"))
        wait_for(lambda: len(server.heard) > asked, "it is asked again")
    server.script = None
    router.client.ResetRpki(router.api.ResetRpkiRequest(address="127.0.0.1"))
    router.wait_vrps(VRPS)


@pytest.mark.skipif(SANITIZED, reason="memory is another one")
def test_endless(start):
    """Somebody who never ends costs what is allowed, and the API goes on answering."""
    server = RtrServer(vrps=VRPS)

    def flood(session, kind, field, body):
        session.connection.sendall(pdu(session.version, CACHE_RESPONSE, 77))
        block = []
        for number in range(1 << 32):
            vrp = (1, 32, 32, 0, *struct.pack("!I", number), *struct.pack("!I", 1))
            block.append(pdu(session.version, 4, 0, bytes(vrp)))
            if len(block) == 4096:
                session.connection.sendall(b"".join(block))
                block = []
        return True

    server.script = flood
    router = start(server)
    slowest = 0
    end = time.monotonic() + 120
    while "more VRPs than are allowed" not in router.log():
        assert time.monotonic() < end, router.log()[-2000:]
        before = time.monotonic()
        router.states()
        slowest = max(slowest, time.monotonic() - before)
        time.sleep(0.05)
    assert slowest < 1
    assert router.daemon.resident_bytes() < 200 << 20
    server.script = None
    router.client.ResetRpki(router.api.ResetRpkiRequest(address="127.0.0.1"))
    router.wait_vrps(VRPS)


def random_prefix(rng):
    if rng.random() < 0.3:
        network = ipaddress.IPv6Network((0x20010db8 << 96 | rng.randrange(16) << 92, rng.randrange(36, 56)), strict=False)
        return str(ipaddress.IPv6Network((int(network.network_address) | rng.randrange(1 << 8) << 84,
                                          network.prefixlen), strict=False))
    length = rng.randrange(10, 25)
    return str(ipaddress.IPv4Network((rng.randrange(10, 18) << 24 | rng.randrange(1 << 8) << 16, length), strict=False))


class Bird:
    """BIRD as a client of the same server: it evaluates roa_check() for us."""

    def __init__(self, folder, port):
        self.socket_path = folder / "bird.ctl"
        config = folder / "bird.conf"
        config.write_text(
            "router id 192.0.2.2;\nroa4 table r4;\nroa6 table r6;\nprotocol rpki {\n roa4 { table r4; };\n"
            f" roa6 {{ table r6; }};\n remote 127.0.0.1 port {port};\n retry 1;\n}}\n")
        self.process = subprocess.Popen(["bird", "-f", "-c", config, "-s", self.socket_path, "-P", folder / "bird.pid"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.socket_path.exists, "BIRD answers")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(self.socket_path))
        self.stream = self.socket.makefile("rw")
        self.answer()

    def answer(self):
        lines = []
        while True:
            line = self.stream.readline()
            assert line, "BIRD has gone"
            lines.append(line[5:].strip())
            if line[:4].isdigit() and line[4] == " ":
                return lines

    def ask(self, text):
        self.stream.write(text + "\n")
        self.stream.flush()
        return self.answer()

    def count(self):
        return sum(int(word) for table in ("r4", "r6") for line in self.ask(f"show route table {table} count")
                   for word in line.split(" of ")[:1] if word.isdigit())

    def check(self, prefix, asn):
        table = "r6" if ":" in prefix else "r4"
        answer = " ".join(self.ask(f"eval roa_check({table}, {prefix}, {asn})"))
        return {"ROA_UNKNOWN": NOT_FOUND, "ROA_VALID": VALID, "ROA_INVALID": INVALID,
                "(enum 35)0": NOT_FOUND, "(enum 35)1": VALID, "(enum 35)2": INVALID}[answer.split(") ")[-1] if
                answer.startswith("(e") and " " in answer else answer]

    def stop(self):
        self.socket.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)


@pytest.mark.skipif(shutil.which("bird") is None, reason="BIRD is not installed")
def test_as_bird(start, tmp_path):
    """Some thousand random routes and VRPs, changed three times, are judged as BIRD judges them."""
    rng = random.Random(65001)
    new_vrp = lambda: (lambda prefix: (prefix, min(int(prefix.split("/")[1]) + rng.randrange(6), 128),  # noqa: E731
                                       rng.choice([0, 65001, 65002, 65003])))(random_prefix(rng))
    server = RtrServer(version=1, vrps={new_vrp() for _ in range(1200)})
    router = start(server)
    bird = Bird(tmp_path, server.port)
    try:
        routes = {random_prefix(rng): rng.choice([[], [(SEQUENCE, [65009, 65001])], [(SEQUENCE, [65002])],
                                                  [(SEQUENCE, [65003])], [(SEQUENCE, [65001]), (SET, [65002, 65003])]])
                  for _ in range(3000)}
        assert len(routes) > 1200
        router.announce(routes.items())
        seen = collections.Counter()
        for _ in range(3):
            wait_for(lambda: router.state(server).serial == server.serial and bird.count() == len(server.vrps),
                     lambda: f"{bird.count()} of {len(server.vrps)}")
            found = {prefix: validation.state for version in (4, 6)
                     for prefix, validation in router.validations(version).items()}
            assert len(found) == len(routes)
            for prefix, segments in routes.items():
                origin = OWN_AS if not segments else 0 if segments[-1][0] == SET else segments[-1][1][-1]
                assert found[prefix] == bird.check(prefix, origin), (prefix, segments)
                seen[found[prefix]] += 1
            removed = rng.sample(sorted(server.vrps), 300)
            server.change(add=[new_vrp() for _ in range(300)], remove=removed)
        assert min(seen[state] for state in (NOT_FOUND, VALID, INVALID)) > 300, seen
    finally:
        bird.stop()


@pytest.mark.skipif(shutil.which("stayrtr") is None, reason="stayrtr is not installed")
@pytest.mark.parametrize("version", [0, 1, 2])
def test_stayrtr(contracts, tmp_path, version):
    """Somebody else's cache, in every version it speaks."""
    port, metrics = lab.free_port(), lab.free_port()
    cache = tmp_path / "vrps.json"

    def write(vrps):
        cache.write_text(json.dumps({
            "metadata": {"generated": int(time.time()), "valid": "2030-01-01T00:00:00Z", "counts": len(vrps)},
            "roas": [{"prefix": prefix, "maxLength": longest, "asn": f"AS{asn}", "expires": int(time.time()) + 86400}
                     for prefix, longest, asn in vrps]}))

    write(VRPS)
    process = subprocess.Popen(["stayrtr", "-bind", f"127.0.0.1:{port}", "-cache", str(cache), "-checktime=false",
                                "-protocol", str(version), "-metrics.addr", f"127.0.0.1:{metrics}", "-refresh", "1"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = collections.namedtuple("Server", "port")(port)
        router = Router(contracts, tmp_path, [server])
        try:
            router.wait_vrps(VRPS, 60)
            changed = VRPS[1:] + [("192.0.2.0/24", 24, 65009)]
            write(changed)
            router.wait_vrps(changed, 60)
        finally:
            assert router.daemon.stop() == 0, router.log()[-3000:]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
