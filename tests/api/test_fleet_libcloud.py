"""Debian's python3-libcloud, unmodified: it knows one host, and finds it through a proxy's CONNECT, over TLS."""
import json
import os
import subprocess
import sys

import pytest

from fleet_lab import Lab, free_port, wait_for

pytest.importorskip("libcloud")

# Runs apart: the two variables that bring a stock client here must be there before it starts.
SCRIPT = """
import json, sys
from libcloud.compute.providers import get_driver
driver = get_driver("equinixmetal")(sys.argv[1])
project, device = sys.argv[2], sys.argv[3]
out = {"projects": [p.name for p in driver.ex_list_projects()]}
out["config"] = driver.ex_get_bgp_config_for_project(project)
node = [n for n in driver.ex_list_nodes_for_project(project) if n.id == device][0]
out["node"] = node.name
made = driver.ex_create_bgp_session(node, "ipv4")
out["made"] = made
out["of_node"] = driver.ex_list_bgp_sessions_for_node(node)
out["of_project"] = driver.ex_list_bgp_sessions_for_project(project)
out["one"] = driver.ex_get_bgp_session(made["id"])
driver.ex_delete_bgp_session(made["id"])
out["after"] = driver.ex_list_bgp_sessions_for_project(project)
print(json.dumps(out))
"""


def certificates(folder):
    """An authority of our own, and a leaf with the name that clients ask for."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    (folder / "leaf.ext").write_text("subjectAltName=DNS:api.equinix.com,DNS:api.packet.net,IP:127.0.0.1\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=fleet test authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=api.equinix.com",
            "-keyout", "leaf.key", "-out", "leaf.csr")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "leaf.ext", "-out", "leaf.pem")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    certificates(folder)
    connect, tls = free_port(), free_port()
    lab = Lab(folder, 78, "--listen-tls", f"127.0.0.1:{tls}", "--tls-cert-file", folder / "leaf.pem", "--tls-key-file",
              folder / "leaf.key", "--connect", f"127.0.0.1:{connect}")
    lab.connect_port, lab.tls_port = connect, tls
    yield lab
    lab.stop()


def environment(lab):
    ca = str(lab.folder / "ca.pem")
    return {**os.environ, "https_proxy": f"http://127.0.0.1:{lab.connect_port}", "SSL_CERT_FILE": ca,
            "REQUESTS_CA_BUNDLE": ca, "no_proxy": ""}


def test_libcloud_lists_creates_and_deletes(lab):
    project = lab.project("cloud")
    device = lab.device(project, 1, "cloud-host")
    done = subprocess.run(["/usr/bin/python3", "-c", SCRIPT, lab.token(project).token, project, device],
                          env=environment(lab), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert out["projects"] == ["cloud"] and out["config"]["asn"] == 65000 and out["node"] == "cloud-host"
    assert out["made"]["address_family"] == "ipv4"
    for sessions in (out["of_node"], out["of_project"]):
        assert [session["id"] for session in sessions["bgp_sessions"]] == [out["made"]["id"]]
    assert out["one"]["id"] == out["made"]["id"] and out["after"]["bgp_sessions"] == []


def test_curl_over_tls(lab):
    ca = lab.folder / "ca.pem"
    done = subprocess.run(["curl", "-sS", "--cacert", ca, f"https://127.0.0.1:{lab.tls_port}/healthz"],
                          capture_output=True, text=True, timeout=20)
    assert json.loads(done.stdout)["status"] == "ok", done.stderr
    done = subprocess.run(["curl", "-sS", f"https://127.0.0.1:{lab.tls_port}/healthz"], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode != 0  # nobody vouches for it without our authority


def test_connect_takes_nothing_else(lab):
    import socket
    for words, expected in ((b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 405"), (b"CONNECT a:443 HTTP/1.1\r\n\r\nmore", b""),
                            (b"A" * 5000, b"")):
        with socket.create_connection(("127.0.0.1", lab.connect_port), timeout=20) as connection:
            connection.sendall(words)
            try:
                assert connection.recv(100)[:12] == expected
            except ConnectionResetError:
                assert expected == b""


@pytest.mark.parametrize("words, complaint", [
    (["--listen", "0.0.0.0:18080"], "not loopback"),
    (["--listen-tls", "127.0.0.1:18443"], "--tls-cert-file"),
    (["--connect", "127.0.0.1:18081"], "--connect needs --listen-tls"),
    (["--connect=0.0.0.0:1"], "not loopback"),
    (["--nonsense"], "no such option"), (["--hold-time", "2"], "--hold-time"), (["--store"], "needs a value"),
    (["--store", "/nonexistent/x.db"], "/nonexistent/x.db")])
def test_wrong_options(words, complaint, tmp_path):
    from fleet_lab import BUILD
    listen = [] if "--listen" in words else ["--listen", f"127.0.0.1:{free_port()}"]
    done = subprocess.run([BUILD / "godwit-fleet", "--store", tmp_path / "x.db", *listen, *words], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode != 0 and complaint in done.stderr
