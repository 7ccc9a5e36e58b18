"""Where godwitd serves its API: TLS with and without clients' certificates, UNIX sockets."""
import os
import shutil
import signal
import ssl
import stat
import subprocess

import grpc
import pytest

import api_lab as lab

pytestmark = pytest.mark.skipif(not (lab.BUILD / "godwitd").exists(), reason="godwitd is not built")


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and a certificate by it for the server and for a client."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
            "-days", "2", "-subj", "/CN=authority")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / f"{name}.key", "-out",
                folder / f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-out", folder / f"{name}.pem", "-days", "2", "-extfile", folder / "extensions")
    return folder


class Serving:
    """godwitd with these options; it need not be reachable in the clear."""

    def __init__(self, folder, *options):
        self.port = lab.free_port()
        self.log = folder / "godwitd.log"
        self.process = subprocess.Popen([lab.BUILD / "godwitd", "--api-hosts", f"127.0.0.1:{self.port}", *options],
                                        stderr=open(self.log, "w"))
        lab.wait_for(lambda: "started" in self.log.read_text() or self.process.poll() is not None, "it does not start")
        assert self.process.poll() is None, self.log.read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(timeout=lab.WAIT_S) == 0

    def godwit(self, *words):
        return subprocess.run([lab.BUILD / "godwit", "-p", str(self.port), *words], capture_output=True, text=True,
                              timeout=lab.WAIT_S)


def answers(channel):
    try:
        channel.unary_unary("/apipb.GobgpApi/GetBgp")(b"", timeout=5)
        return True
    except grpc.RpcError:
        return False
    finally:
        channel.close()


def test_tls(tmp_path, certificates):
    with Serving(tmp_path, "--tls", "--tls-cert-file", certificates / "server.pem", "--tls-key-file",
                 certificates / "server.key") as serving:
        target = f"127.0.0.1:{serving.port}"
        authority = (certificates / "ca.pem").read_bytes()
        assert answers(grpc.secure_channel(target, grpc.ssl_channel_credentials(authority)))
        assert not answers(grpc.secure_channel(target, grpc.ssl_channel_credentials()))
        assert not answers(grpc.insecure_channel(target))
        assert serving.godwit("--tls", "--tls-ca-file", certificates / "ca.pem", "global").returncode == 0
        assert serving.godwit("--tls", "global").returncode == 1
        refused = serving.godwit("global")
        assert refused.returncode == 1 and "if it serves TLS, give --tls" in refused.stderr


def test_clients_need_a_certificate(tmp_path, certificates):
    with Serving(tmp_path, "--tls", "--tls-cert-file", certificates / "server.pem", "--tls-key-file",
                 certificates / "server.key", "--tls-client-ca-file", certificates / "ca.pem") as serving:
        target = f"127.0.0.1:{serving.port}"
        authority, key, certificate = ((certificates / name).read_bytes()
                                       for name in ("ca.pem", "client.key", "client.pem"))
        assert answers(grpc.secure_channel(target, grpc.ssl_channel_credentials(authority, key, certificate)))
        assert not answers(grpc.secure_channel(target, grpc.ssl_channel_credentials(authority)))
        ours = ["--tls", "--tls-ca-file", certificates / "ca.pem"]
        refused = serving.godwit(*ours, "global")
        assert refused.returncode == 1 and "certificate required" in refused.stderr
        ours += ["--tls-client-cert-file", certificates / "client.pem", "--tls-client-key-file",
                 certificates / "client.key"]
        assert serving.godwit(*ours, "global").returncode == 0


def test_certificates_are_renewed(tmp_path, certificates):
    """SIGHUP reads them again; a broken one changes nothing."""
    for kind in ("key", "pem"):
        shutil.copy(certificates / f"server.{kind}", tmp_path / f"now.{kind}")
    with Serving(tmp_path, "-p", "--tls", "--tls-cert-file", tmp_path / "now.pem", "--tls-key-file",
                 tmp_path / "now.key") as serving:
        def served():
            return ssl.get_server_certificate(("127.0.0.1", serving.port), timeout=lab.WAIT_S)

        def hang_up(expected):
            serving.process.send_signal(signal.SIGHUP)
            lab.wait_for(lambda: expected in serving.log.read_text(), f"\"{expected}\" in the log")

        assert served() == (certificates / "server.pem").read_text()
        (tmp_path / "now.pem").write_text("nonsense")
        hang_up("the certificates stay as they were")
        assert served() == (certificates / "server.pem").read_text()
        for kind in ("key", "pem"):
            shutil.copy(certificates / f"client.{kind}", tmp_path / f"now.{kind}")
        hang_up("certificates were read again")
        assert served() == (certificates / "client.pem").read_text()


def test_unix_socket(tmp_path):
    path = tmp_path / "godwit.sock"
    log = open(tmp_path / "log", "w")
    process = subprocess.Popen([lab.BUILD / "godwitd", "--api-hosts", f"unix://{path}"], stderr=log)
    try:
        lab.wait_for(lambda: path.exists() and answers(grpc.insecure_channel(f"unix://{path}")), "nobody answers there")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
        shown = subprocess.run([lab.BUILD / "godwit", "--target", f"unix://{path}", "-j", "global"],
                               capture_output=True, text=True, timeout=lab.WAIT_S)
        assert (shown.returncode, shown.stdout) == (0, "{}\n")
    finally:
        process.terminate()
        assert process.wait(timeout=lab.WAIT_S) == 0
    assert not path.exists()


def test_the_process_is_hardened(tmp_path):
    path = tmp_path / "godwit.sock"
    process = subprocess.Popen([lab.BUILD / "godwitd", "--api-hosts", f"unix://{path}"], stderr=subprocess.DEVNULL)
    try:
        lab.wait_for(lambda: path.exists() and answers(grpc.insecure_channel(f"unix://{path}")), "it does not start")
        with open(f"/proc/{process.pid}/status") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status)
        assert fields["NoNewPrivs"] == "1"
        net_admin, net_raw, net_bind_service = 1 << 12, 1 << 13, 1 << 10
        assert int(fields["CapPrm"], 16) & ~(net_admin | net_raw | net_bind_service) == 0
        with open(f"/proc/{process.pid}/limits") as limits:
            core = next(line for line in limits if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]
    finally:
        process.terminate()
        assert process.wait(timeout=lab.WAIT_S) == 0
