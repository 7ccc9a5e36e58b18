"""Metrics for Prometheus: what is served, to whom, and what a thousand neighbors or an idle reader cost."""
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest

import api_lab as lab
from test_listeners import Serving, certificates  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(not (lab.BUILD / "godwitd").exists(), reason="godwitd is not built")

FILE = """
[global.config]
as = 65001
router-id = "192.0.2.1"
port = -1
[godwit]
metrics-listen = "{where}"
"""
NEIGHBOR = """
[[neighbors]]
  [neighbors.config]
    neighbor-address = "198.18.{}.{}"
    peer-as = 65002
    admin-down = {}
  [neighbors.transport.config]
    passive-mode = true
"""
SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$')


def configuration(folder, where, neighbors=0, name="godwitd.toml"):
    text = FILE.format(where=where)
    for i in range(neighbors):
        text += NEIGHBOR.format(i // 250, i % 250 + 1, "true" if i == 0 else "false")
    (folder / name).write_text(text)
    return folder / name


def read(port, method="GET", path="/metrics", context=None):
    if context:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=lab.WAIT_S, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=lab.WAIT_S)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body


def samples(body):
    """{(name, labels): value}; each once, behind its head, with all of its name."""
    found, heads, current = {}, set(), None
    for line in body.splitlines():
        if line.startswith("# TYPE "):
            current = line.split()[2]
            assert current not in heads, f"{current} comes twice"
            heads.add(current)
        elif not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            name, labels, value = match.groups()
            assert current and re.fullmatch(current + "(_bucket|_sum|_count)?", name), line
            key = (name, labels or "")
            assert key not in found, line
            found[key] = float(value)
    return found


def test_what_is_served(tmp_path):
    port = lab.free_port()
    with Serving(tmp_path, "-f", configuration(tmp_path, f"127.0.0.1:{port}", 2)) as serving:
        assert serving.godwit("global", "rib", "add", "203.0.113.0/24").returncode == 0
        status, headers, body = read(port)
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found = samples(body)
        assert found["bgp_peer_up", 'peer="198.18.0.1"'] == 0
        assert found["bgp_peer_state", 'peer="198.18.0.1",session_state="IDLE",admin_state="DOWN"'] == 1
        assert found["bgp_peer_state", 'peer="198.18.0.2",session_state="ACTIVE",admin_state="UP"'] == 1
        assert found["bgp_peer_local_asn", 'peer="198.18.0.2"'] == 65001
        assert found["bgp_routes_received", 'peer="198.18.0.2",route_family="ipv4-unicast"'] == 0
        assert found["godwit_table_prefixes", 'route_family="ipv4-unicast",table="global"'] == 1
        assert found["process_resident_memory_bytes", ""] > 1 << 20
        assert read(port, path="/metrics?a=b")[0] == 200
        assert read(port, path="/")[0] == 404
        assert read(port, method="POST")[0] == 405
        status, _, body = read(port, method="HEAD")
        assert status == 200 and body == ""


def test_a_session(tmp_path):
    """Two daemons: numbers of a session that is up, and then lost."""
    addresses = ["198.18.77.1", "198.18.77.2"]
    script = tmp_path / "run"
    ports = [lab.free_port(), lab.free_port()]
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("no right to make network namespaces")
    for i in (0, 1):
        (tmp_path / f"{i}.toml").write_text(f"""
[global.config]
as = 6500{i + 1}
router-id = "192.0.2.{i + 1}"
local-address-list = ["{addresses[i]}"]
[godwit]
metrics-listen = "127.0.0.1:{ports[i]}"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{addresses[1 - i]}"
    peer-as = 6500{2 - i}
  [neighbors.transport.config]
    local-address = "{addresses[i]}"
    passive-mode = {"true" if i else "false"}
""")
    script.write_text(f"""#!/bin/sh
set -e
ip link set lo up
ip address add {addresses[0]}/32 dev lo
ip address add {addresses[1]}/32 dev lo
{lab.BUILD}/godwitd -f {tmp_path}/0.toml --api-hosts 127.0.0.1:50051 2>{tmp_path}/0.log & first=$!
{lab.BUILD}/godwitd -f {tmp_path}/1.toml --api-hosts 127.0.0.1:50052 2>{tmp_path}/1.log & second=$!
trap 'kill $first $second' EXIT
until_metric() {{ # port, pattern, file
    for i in $(seq 200); do
        curl -s -o {tmp_path}/$3 http://127.0.0.1:$1/metrics && grep -q "$2" {tmp_path}/$3 && return 0
        sleep 0.1
    done
    return 1
}}
until_metric {ports[0]} 'bgp_peer_up.* 1$' first
{lab.BUILD}/godwit -p 50052 global rib add 203.0.113.0/24
until_metric {ports[0]} 'bgp_routes_accepted.*ipv4.* 1$' up
until_metric {ports[1]} 'bgp_routes_advertised.*ipv4.* 1$' told
{lab.BUILD}/godwit -p 50052 neighbor {addresses[0]} disable
until_metric {ports[0]} 'bgp_peer_up.* 0$' down
""")
    run = subprocess.run(["unshare", "-n", "sh", script], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    up, down = (samples((tmp_path / name).read_text()) for name in ("up", "down"))
    peer = f'peer="{addresses[1]}"'
    assert up["bgp_received_update_total", peer] >= 1 and up["bgp_received_open_total", peer] == 1
    assert up["bgp_received_bytes_total", peer] > 60 and up["bgp_sent_bytes_total", peer] > 60
    assert abs(up["bgp_peer_established_timestamp_seconds", peer] - time.time()) < 60
    assert ("bgp_peer_established_timestamp_seconds", peer) not in down
    assert up["godwit_update_group_members", 'group="1",route_family="ipv4-unicast"'] == 1
    assert down["bgp_peer_flop_count", peer] == 1
    assert down["bgp_peer_session_losses_total", f'{peer},reason="notification_received"'] == 1


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool (Debian: prometheus)")
def test_promtool(tmp_path):
    port = lab.free_port()
    with Serving(tmp_path, "-f", configuration(tmp_path, f"127.0.0.1:{port}", 3)):
        check = subprocess.run(["promtool", "check", "metrics"], input=read(port)[2], capture_output=True, text=True)
        complaints = (check.stdout + check.stderr).splitlines()
        # A name of GoBGP's, kept for its dashboards.
        assert [line for line in complaints if not line.startswith("bgp_peer_flop_count ")] == []


def test_other_addresses_need_tls(tmp_path):
    port = lab.free_port()
    for options, words in ((["--metrics-listen", f"0.0.0.0:{port}"], "refusing to serve metrics"),
                           (["--metrics-listen", "localhost"], "is not ADDRESS:PORT"),
                           (["-f", configuration(tmp_path, "192.0.2.1:0x")], "godwit.metrics-listen"),
                           (["-d", "-f", configuration(tmp_path, ":9179")], "has no address")):
        run = subprocess.run([lab.BUILD / "godwitd", "--api-hosts", f"127.0.0.1:{lab.free_port()}", *options],
                             capture_output=True, text=True, timeout=lab.WAIT_S)
        assert run.returncode == 1 and words in run.stderr, run.stderr


def test_tls(tmp_path, certificates):  # noqa: F811
    port = lab.free_port()
    with Serving(tmp_path, "--metrics-listen", f"0.0.0.0:{port}", "--tls", "--tls-cert-file",
                 certificates / "server.pem", "--tls-key-file", certificates / "server.key"):
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        status, _, body = read(port, context=context)
        assert status == 200 and ("godwit_build_info", ) in {key[:1] for key in samples(body)}
        with pytest.raises((http.client.HTTPException, OSError)):
            read(port)


def test_a_thousand_neighbors_in_slices(tmp_path):
    port = lab.free_port()
    with Serving(tmp_path, "-f", configuration(tmp_path, f"127.0.0.1:{port}", 1000)):
        before = samples(read(port)[2])
        after = samples(read(port)[2])
        assert sum(1 for name, _ in after if name == "bgp_peer_up") == 1000
        # One reading takes many turns; that each is short is for a machine with nothing else to do.
        assert after["godwit_loop_turn_seconds_count", ""] - before["godwit_loop_turn_seconds_count", ""] > 20


def test_readers_who_do_not_read(tmp_path):
    """More of them than there is room for, who ask and do not take, or do not even ask: others get their answer."""
    port = lab.free_port()
    with Serving(tmp_path, "-f", configuration(tmp_path, f"127.0.0.1:{port}", 1000)):
        idle = []
        for i in range(40):
            reader = socket.create_connection(("127.0.0.1", port))
            if i < 8:
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                reader.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            else:
                reader.sendall(b"GET /met")
            idle.append(reader)
        body = read(port)[2]
        assert sum(1 for name, _ in samples(body) if name == "bgp_peer_up") == 1000
        rpc = samples(body)["godwit_memory_bytes", 'kind="rpc"']
        assert rpc < 32 << 20, "what waits for readers is bounded"
        for reader in idle:
            reader.close()


def test_requests_that_are_none(tmp_path):
    port = lab.free_port()
    with Serving(tmp_path, "--metrics-listen", f"127.0.0.1:{port}"):
        for request, status in ((b"\r\n\r\n", b"400"), (b"GET /metrics\r\n\r\n", b"400"),
                                (b"GET " + b"x" * 600 + b" HTTP/1.1\r\n\r\n", b"414"),
                                (b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 2000, b"431"),
                                (b"\0\xff" * 40 + b"\n\n", b"400")):
            with socket.create_connection(("127.0.0.1", port), timeout=lab.WAIT_S) as reader:
                reader.sendall(request)
                try:
                    answer = reader.recv(4096)
                except ConnectionResetError:  # it does not read to the end of nonsense
                    answer = b"HTTP/1.1 " + status
                assert answer.startswith(b"HTTP/1.1 " + status), (request[:40], answer)
        assert read(port)[0] == 200
