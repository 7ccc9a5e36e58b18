"""A fleet on loopback: routers, servers' daemons, the service, and a client of its REST API.

Routers and servers have addresses of their own in 127/8 and all speak BGP on one port. Nothing needs rights. Routes
carry next hops of 198.18/15: those of 127/8 are refused, as they should be.
"""
import contextlib
import ctypes
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))
WAIT_S = 20
ROUTER_ASN = 65530
CUSTOMER_ASN = 65000
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def wait_for(condition, complaint, limit_s=WAIT_S):
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, complaint() if callable(complaint) else complaint
        time.sleep(0.02)


def free_port(address="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def address6(block, kind, number):
    """Of a router (kind 0) or a server (1) of a lab."""
    return str(ipaddress.ip_address(f"fd00:{block}::{kind}:{number}"))


@contextlib.contextmanager
def network_with_ipv6(block, servers):
    """Moves this process, and what it starts, into a network namespace where two routers and so many servers of the lab
    `block` have IPv6 addresses: of those loopback itself has only one."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root for a network namespace")
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if LIBC.unshare(CLONE_NEWNET) != 0:
        os.close(here)
        raise unittest.SkipTest("cannot make network namespaces here")
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for address in [address6(block, 0, 1), address6(block, 0, 2),
                        *(address6(block, 1, number) for number in range(1, servers + 1))]:
            subprocess.run(["ip", "address", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)
        yield
    finally:
        LIBC.setns(here, CLONE_NEWNET)
        os.close(here)


class Process:
    """A program with a log, ended by its own id."""

    def __init__(self, name, folder, arguments):
        self.log = Path(folder) / f"{name}.log"
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([str(word) for word in arguments], stdout=subprocess.DEVNULL, stderr=log)

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            if how == signal.SIGSTOP:
                return None
            self.process.send_signal(signal.SIGCONT)
        try:
            return self.process.wait(timeout=WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


class Daemon:
    """godwitd or gobgpd with a configuration of its own."""

    def __init__(self, folder, name, address, bgp_port, config, program=None):
        self.folder, self.name, self.address = Path(folder), name, address
        self.program = program or BUILD / "godwitd"
        self.api_port = free_port()
        self.target = f"127.0.0.1:{self.api_port}"
        self.config = self.folder / f"{name}.toml"
        self.config.write_text(config)
        self.process = None
        self.start()

    def start(self):
        arguments = [self.program, "-f", self.config, "--api-hosts", self.target, "-l", "debug"]
        if self.program != BUILD / "godwitd":
            arguments.append("--pprof-disable")
        self.process = Process(self.name, self.folder, arguments)
        wait_for(self.answers, lambda: f"{self.name} does not answer: {self.process.log.read_text()}")

    def answers(self):
        assert self.process.process.poll() is None, self.process.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.api_port)) == 0

    def stop(self, how=signal.SIGTERM):
        return self.process.stop(how)

    def cli(self, *words):
        """The CLI, talking to this daemon."""
        done = subprocess.run([BUILD / "godwit", "-u", "127.0.0.1", "-p", str(self.api_port), *words],
                              capture_output=True, text=True, timeout=WAIT_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def router_config(addresses, router_id, bgp_port):
    return f"""[global.config]
as = {ROUTER_ASN}
router-id = "{router_id}"
port = {bgp_port}
local-address-list = {json.dumps(addresses)}
"""


def server_config(pairs, router_id, bgp_port, asn=CUSTOMER_ASN, md5=None, hold=9):
    """A customer's daemon: dials routers; `pairs` are its own address and the router's."""
    text = f"""[global.config]
as = {asn}
router-id = "{router_id}"
port = -1
"""
    for local, router in pairs:
        text += f"""
[[neighbors]]
[neighbors.config]
neighbor-address = "{router}"
peer-as = {ROUTER_ASN}
{f'auth-password = "{md5}"' if md5 else ''}
[neighbors.transport.config]
local-address = "{local}"
remote-port = {bgp_port}
[neighbors.ebgp-multihop.config]
enabled = true
multihop-ttl = 5
[neighbors.timers.config]
connect-retry = 1
idle-hold-time-after-reset = 1
hold-time = {hold}
keepalive-interval = {hold // 3}
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv{6 if ':' in router else 4}-unicast"
"""
    return text


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """The REST API with one token."""

    def __init__(self, base, token=None):
        self.base, self.token = base, token

    def ask(self, method, path, body=None, headers=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("X-Auth-Token", self.token)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def get(self, path, **more):
        answer = self.ask("GET", path, **more)
        assert answer.status == 200, f"GET {path}: {answer.status} {answer.body}"
        return answer.json

    def post(self, path, body=None, expect=(200, 201, 202, 204), **more):
        answer = self.ask("POST", path, body, **more)
        assert answer.status in expect, f"POST {path}: {answer.status} {answer.body}"
        return answer.json if answer.body else None

    def put(self, path, body, expect=(200,)):
        answer = self.ask("PUT", path, body)
        assert answer.status in expect, f"PUT {path}: {answer.status} {answer.body}"
        return answer.json

    def delete(self, path, expect=(204,)):
        answer = self.ask("DELETE", path)
        assert answer.status in expect, f"DELETE {path}: {answer.status} {answer.body}"


class Stream:
    """Live events, read by a thread: (arrival, id, type, data)."""

    def __init__(self, client, path="/v1/events", last_id=None):
        request = urllib.request.Request(client.base + path)
        request.add_header("Accept", "text/event-stream")
        request.add_header("X-Auth-Token", client.token)
        if last_id is not None:
            request.add_header("Last-Event-ID", str(last_id))
        self.answer = urllib.request.urlopen(request, timeout=60)
        self.connection = socket.socket(fileno=os.dup(self.answer.fileno()))
        self.events = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                if not line and event:
                    self.events.append((time.monotonic(), int(event["id"]), event["event"], json.loads(event["data"])))
                    event = {}
                elif ": " in line:
                    key, value = line.split(": ", 1)
                    event[key] = value
        except (OSError, ValueError, AttributeError):
            pass

    def wait(self, kind, limit_s=WAIT_S, where=lambda data: True):
        return wait_for(lambda: next((event for event in self.events if event[2] == kind and where(event[3])), None),
                        lambda: f"no event {kind} among {[event[2] for event in self.events]}", limit_s)

    def close(self):
        # The reader holds the answer's lock until something comes; the end of the connection does.
        self.connection.shutdown(socket.SHUT_RDWR)
        self.thread.join(WAIT_S)
        self.answer.close()


class Fleet:
    """godwit-fleet with a store of its own."""

    def __init__(self, folder, *arguments, store=None):
        self.folder = Path(folder)
        self.port = free_port()
        self.arguments = arguments
        self.store = store or self.folder / "fleet.db"
        self.token_file = self.folder / "token"
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.start()
        self.provider = Client(self.base, self.token_file.read_text().strip())

    def start(self):
        self.process = Process("godwit-fleet", self.folder, [
            BUILD / "godwit-fleet", "--store", self.store, "--listen", f"127.0.0.1:{self.port}", "--token-file",
            self.token_file, "--hold-time", "9", "--log-plain", "--log-level", "debug", *self.arguments])
        wait_for(self.answers, lambda: f"godwit-fleet does not answer: {self.process.log.read_text()}")

    def answers(self):
        assert self.process.process.poll() is None, self.process.log.read_text()
        try:
            with urllib.request.urlopen(self.base + "/healthz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        status = self.process.stop(how)
        assert how != signal.SIGTERM or status == 0, f"it left with {status}: {self.process.log.read_text()[-2000:]}"


class Lab:
    """A fleet with a metro `lab`, two routers, an organization, and what tests add."""

    def __init__(self, folder, block, *arguments, second_router=None, store=None, ipv6=False):
        """`block`: a number of its own, so that labs can stand side by side (127.block/16). `ipv6`: in both families,
        within network_with_ipv6()."""
        self.folder, self.block, self.ipv6 = Path(folder), block, ipv6
        self.bgp_port = free_port(f"127.{block}.0.1")
        self.daemons = []
        self.routers = [self.add_router(1, None), self.add_router(2, second_router)]
        self.fleet = Fleet(folder, *arguments, store=store)
        provider = self.provider = self.fleet.provider
        self.metro = provider.post("/v1/metros", {"code": "lab", "name": "Laboratory", "country": "CH"})
        self.organization = provider.post("/v1/organizations", {"name": "Provider and friends"})
        self.router_ids = [provider.post("/v1/routers", {
            "name": router.name, "metro": "lab", "target": router.target, "asn": ROUTER_ASN,
            "peer_ipv4": router.address, "gateway_ipv4": "198.18.0.254",
            **({"peer_ipv6": self.address6(0, number)} if ipv6 else {})})["id"]
            for number, router in enumerate(self.routers, 1)]

    def address(self, kind, number):
        """Of a router (kind 0) or a server (1)."""
        return f"127.{self.block}.{kind}.{number}"

    def address6(self, kind, number):
        return address6(self.block, kind, number)

    def addresses(self, kind, number):
        return [self.address(kind, number)] + ([self.address6(kind, number)] if self.ipv6 else [])

    def add_router(self, number, program):
        router = Daemon(self.folder, f"r{number}", self.address(0, number), self.bgp_port,
                        router_config(self.addresses(0, number), f"10.255.{self.block}.{number}", self.bgp_port),
                        program)
        self.daemons.append(router)
        return router

    def project(self, name, md5=None, prefixes=("203.0.113.0/24",)):
        project = self.provider.post("/projects", {"name": name, "organization_id": self.organization["id"]})
        body = {"deployment_type": "local", "asn": CUSTOMER_ASN}
        if md5:
            body["md5"] = md5
        self.provider.post(f"/projects/{project['id']}/bgp-configs", body)
        self.provider.put(f"/v1/projects/{project['id']}/prefixes", {"prefixes": list(prefixes)})
        return project["id"]

    def token(self, project, scope="write"):
        made = self.provider.post("/v1/tokens", {"kind": "project", "project_id": project, "scope": scope,
                                                 "description": "tenant"})
        return Client(self.fleet.base, made["token"])

    def device(self, project, number, hostname=None):
        addresses = [{"address": self.address(1, number), "cidr": 31, "management": True}]
        if self.ipv6:
            addresses.append({"address": self.address6(1, number), "cidr": 127, "public": True})
        return self.provider.post(f"/projects/{project}/devices", {
            "hostname": hostname or f"server{number}", "metro": "lab", "ip_addresses": addresses})["id"]

    def server(self, number, **more):
        pairs = [pair for router in range(1, len(self.routers) + 1)
                 for pair in zip(self.addresses(1, number), self.addresses(0, router))]
        server = Daemon(self.folder, f"s{number}", self.address(1, number), self.bgp_port,
                        server_config(pairs, f"10.254.{self.block}.{number}", self.bgp_port, **more))
        self.daemons.append(server)
        return server

    def cli(self, token, *words):
        """The command line, speaking to the service."""
        done = subprocess.run([BUILD / "godwit", *words], capture_output=True, text=True, timeout=WAIT_S,
                              env={**os.environ, "GODWIT_FLEET_URL": self.fleet.base, "GODWIT_FLEET_TOKEN": token,
                                   "GODWIT_FLEET_CONFIG": "/dev/null"})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self):
        for daemon in self.daemons:
            daemon.stop(signal.SIGKILL)
        self.fleet.stop()
