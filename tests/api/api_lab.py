"""godwitd on loopback, and a gRPC client of it made from the contracts in api/."""
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import grpc

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))
WAIT_S = 20


def wait_for(condition, complaint, limit_s=WAIT_S):
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, complaint() if callable(complaint) else complaint
        time.sleep(0.02)


def contracts(folder):
    """The contracts as Python modules."""
    names = ["gobgp.proto", "attribute.proto", "capability.proto", "godwit.proto"]
    subprocess.run(["protoc", "-I", ROOT / "api", "-I", "/usr/include", f"--python_out={folder}", *names], check=True)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return [importlib.import_module(name.replace(".proto", "_pb2")) for name in names]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Godwitd:
    def __init__(self, folder, *arguments):
        self.folder = Path(folder)
        self.port = free_port()
        self.log = self.folder / "godwitd.log"
        self.process = subprocess.Popen(
            [BUILD / "godwitd", "--api-hosts", f"127.0.0.1:{self.port}", "-l", "debug", *arguments],
            stdout=subprocess.DEVNULL, stderr=open(self.log, "w"))
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        try:
            grpc.channel_ready_future(self.channel).result(timeout=WAIT_S)
        except grpc.FutureTimeoutError:
            self.stop()
            raise AssertionError(f"godwitd does not answer: {self.log.read_text()}") from None

    def stop(self):
        """Ends it in an orderly way; what it leaves with."""
        self.channel.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Client:
    """Methods of a service by name; the shape is taken from the contract."""

    def __init__(self, channel, service):
        for method in service.methods:
            path = f"/{service.full_name}/{method.name}"
            shapes = {(False, False): channel.unary_unary, (False, True): channel.unary_stream,
                      (True, False): channel.stream_unary}
            answer = message_class(method.output_type)
            make = shapes[(getattr(method, "client_streaming", method.name == "AddPathStream"),
                           getattr(method, "server_streaming", streams(method.name)))]
            setattr(self, method.name, make(path, request_serializer=lambda message: message.SerializeToString(),
                                            response_deserializer=answer.FromString))


def streams(name):
    return name.startswith("List") or name == "WatchEvent"


def message_class(descriptor):
    from google.protobuf import symbol_database
    return symbol_database.Default().GetPrototype(descriptor)
