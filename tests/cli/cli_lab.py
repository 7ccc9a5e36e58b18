"""A network namespace with two BGP daemons that talk to each other, for tests of the command line.

GoBGP refuses next hops in 127/8, so the daemons sit on 10.0.0.1 and 10.0.0.2 on the namespace's own loopback. The
daemon under test is the first one; the other is always the stock one.
"""
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))
GODWIT = str(BUILD / "godwit")
GODWITD = BUILD / "godwitd"
API_PORT = 50051
OTHER_API_PORT = 50052
WAIT_S = 40


def stock():
    return shutil.which("gobgpd") and shutil.which("gobgp")


def daemons():
    """The programs a test can be run against."""
    found = ["gobgpd"] if stock() else []
    return found + (["godwitd"] if GODWITD.exists() else [])


CONFIG = """
[global.config]
  as = {asn}
  router-id = "10.255.0.{n}"
  port = 11790
  local-address-list = ["10.0.0.{n}"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.0.{other}"
    peer-as = {other_asn}
  [neighbors.transport.config]
    local-address = "10.0.0.{n}"
    remote-port = 11790
    passive-mode = {passive}
  [neighbors.timers.config]
    connect-retry = 5
    idle-hold-time-after-reset = 5
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 120
    notification-enabled = true
{long_lived_on}  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
    afi-safi-name = "ipv4-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
    enabled = true
{long_lived}    [neighbors.afi-safis.prefix-limit.config]
    max-prefixes = 1000
    shutdown-threshold-pct = 80
    [neighbors.afi-safis.add-paths.config]
    receive = true
    send-max = 8
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
    afi-safi-name = "ipv6-unicast"
{more}
"""

# What godwitd does not offer yet.
LONG_LIVED_ON = "    long-lived-enabled = true\n"
LONG_LIVED = """
    [neighbors.afi-safis.long-lived-graceful-restart.config]
    enabled = true
    restart-time = 100000
"""

MORE = """
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.0.3"
    peer-as = 65003
    description = "never there"
    remove-private-as = "all"
  [neighbors.as-path-options.config]
    allow-own-as = 2
    replace-peer-as = true
  [neighbors.transport.config]
    passive-mode = true
[[neighbors]]
  [neighbors.config]
    neighbor-address = "2001:db8::9"
    peer-as = 65001
  [neighbors.transport.config]
    passive-mode = true
"""
REFLECTOR = """
  [neighbors.route-reflector.config]
    route-reflector-client = true
    route-reflector-cluster-id = "10.255.0.1"
"""


class Lab:
    def __init__(self, folder, program):
        self.folder = Path(folder)
        self.program = program
        self.processes = []
        self.holder = None

    def __enter__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo ready; exec sleep 3600"],
                                       stdout=subprocess.PIPE, text=True)
        try:
            return self.build()
        except BaseException:
            self.__exit__()
            raise

    def build(self):
        assert self.holder.stdout.readline() == "ready\n", "no network namespace can be made here"
        self.inside("ip", "link", "set", "lo", "up")
        for n in (1, 2):
            self.inside("ip", "addr", "add", f"10.0.0.{n}/32", "dev", "lo")
        self.start_daemon(self.program, 1, API_PORT, MORE + (REFLECTOR if self.program == "gobgpd" else ""), "true")
        self.start_daemon("gobgpd", 2, OTHER_API_PORT, "", "false")
        self.wait_for(lambda: self.session_state() == 6, "the session is not established")
        return self

    def __exit__(self, *_):
        for process in self.processes + [self.holder]:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def inside(self, *command, check=True, **options):
        result = subprocess.run(["nsenter", "-t", str(self.holder.pid), "-n", *command], capture_output=True,
                                text=True, timeout=60, **options)
        assert not check or result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
        return result

    def config(self, program, n, more, passive):
        return CONFIG.format(n=n, asn=65000 + n, other=3 - n, other_asn=65003 - n, passive=passive, more=more,
                             long_lived_on=LONG_LIVED_ON if program == "gobgpd" else "",
                             long_lived=LONG_LIVED if program == "gobgpd" else "")

    def start_daemon(self, program, n, port, more, passive):
        config = self.folder / f"{n}.toml"
        config.write_text(self.config(program, n, more, passive))
        path = str(GODWITD) if program == "godwitd" else program
        options = ["--pprof-disable"] if program == "gobgpd" else []
        log = open(self.folder / f"{n}.log", "w")
        self.processes.append(subprocess.Popen(
            ["nsenter", "-t", str(self.holder.pid), "-n", path, "-f", str(config), "--api-hosts", f"127.0.0.1:{port}",
             *options], stdout=log, stderr=log))
        self.wait_for(lambda: self.stock("global", port=port).returncode == 0, f"{program} does not answer")

    def stock(self, *words, port=API_PORT):
        return self.inside("gobgp", "-p", str(port), *words, check=False)

    def godwit(self, *words, port=API_PORT):
        return self.inside(GODWIT, "-p", str(port), *words, check=False)

    def session_state(self):
        answer = self.stock("-j", "neighbor", "10.0.0.2")
        return json.loads(answer.stdout).get("state", {}).get("session_state") if answer.returncode == 0 else None

    @staticmethod
    def wait_for(condition, complaint):
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end, complaint
            time.sleep(0.1)
