"""A network made for one test: hosts on a common Ethernet segment, each in namespaces of its own.

A host is an `unshare` process with its own network, mount and pid namespace (an empty /run included, because some
daemons keep fixed names there). Nothing has a name in the machine's own namespaces, and all of it ends with the test
process, however that one ends: unshare dies with it, the host's first process dies with unshare, and the kernel ends
everything in the pid namespace and removes the interfaces.
"""
import ctypes
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
PREFIX4, PREFIX6 = ipaddress.ip_network("10.99.0.0/16"), ipaddress.ip_network("fd99::/64")
BGP_PORT = 179


def namespaces_missing():
    """Why this process cannot make namespaces, or None."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    probe = subprocess.run(["unshare", "-m", "-n", "-p", "-f", "true"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "cannot make network namespaces here"


def wait_for(condition, what, limit_s=30.0, interval_s=0.1):
    """Polls until `condition()` is true and returns its value. `what` may be a function that describes the state."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s:.0f} s: {what() if callable(what) else what}")
        time.sleep(interval_s)


class Host:
    """One machine on the segment. `number` gives its addresses: 10.99.0.number and fd99::number (in hexadecimal)."""

    def __init__(self, lab, name, number):
        self.lab, self.name = lab, name
        self.address4, self.address6 = str(PREFIX4[number]), str(PREFIX6[number])
        self.folder = lab.folder / name
        self.folder.mkdir()
        self.init = self._start_namespaces()

    def _start_namespaces(self):
        script = "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && echo ready && exec sleep infinity"
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", "-m", "-n", "-p", "-f", "--mount-proc", "--kill-child",
                   "sh", "-c", script]
        with open(self.folder / "init.log", "wb") as log:
            self._unshare = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        if self._unshare.stdout.readline() != b"ready\n":
            raise RuntimeError(f"no namespaces for {self.name}: {(self.folder / 'init.log').read_text()}")
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children").read_text().split()
        return int(children[0])

    def address(self, version):
        return self.address4 if version == 4 else self.address6

    def command(self, *words):
        """`words` as a command line that runs on this host."""
        return ["nsenter", f"--target={self.init}", "-m", "-n", "-p", "--", *map(str, words)]

    def run(self, *words, check=True, input=None, limit_s=30):
        """Runs a command to its end; its standard output."""
        result = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, input=input,
                                timeout=limit_s)
        if check and result.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(map(str, words))}: exit status {result.returncode}: "
                               f"{result.stdout[-2000:]}{result.stderr[-2000:]}")
        return result.stdout

    def json(self, *words, **options):
        return json.loads(self.run(*words, **options) or "null")

    def popen(self, *words, log, environment=None):
        """Starts a command that keeps running; what it prints goes to the file `log`."""
        with open(log, "ab") as output:
            return subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})})

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        """A socket of this process that belongs to the host's network."""
        made = []

        def make():
            with open(f"/proc/{self.init}/ns/net", "rb") as namespace:
                if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.socket(family, kind))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def add_address(self, number):
        """Gives the host one more pair of addresses."""
        for network in (PREFIX4, PREFIX6):
            self.run("ip", "address", "add", f"{network[number]}/{network.prefixlen}", "dev", "eth0",
                     *(["nodad"] if network is PREFIX6 else []))
        return str(PREFIX4[number]), str(PREFIX6[number])

    def stop(self):
        self._unshare.kill()
        self._unshare.wait()
        self._unshare.stdout.close()


class Lab:
    """The segment and its hosts. Use as a context manager; logs stay in `folder` if GODWIT_TEST_LOGS names one."""

    def __init__(self, name):
        parent = os.environ.get("GODWIT_TEST_LOGS")
        if parent:
            Path(parent).mkdir(parents=True, exist_ok=True)
        self.keep = parent is not None
        safe = "".join(letter if letter.isalnum() else "-" for letter in name)[:60]
        self.folder = Path(tempfile.mkdtemp(prefix=safe + "-", dir=parent))
        self.folder.chmod(0o755)
        self._hosts, self._closers = [], []
        self._switch = Host(self, "switch", 1)
        self._switch.run("ip", "link", "add", "br0", "type", "bridge")
        self._switch.run("ip", "link", "set", "br0", "up")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def host(self, name):
        """A new host on the segment."""
        number = len(self._hosts) + 11
        host = Host(self, name, number)
        port = f"port{number}"
        # Only the network namespace is entered here: the host's process has no number in the switch's pid namespace.
        subprocess.run(["nsenter", f"--net=/proc/{self._switch.init}/ns/net", "ip", "link", "add", port, "type", "veth",
                        "peer", "name", "eth0", "netns", str(host.init)], check=True, capture_output=True)
        self._switch.run("ip", "link", "set", port, "master", "br0", "up")
        host.run("ip", "link", "set", "eth0", "up")
        host.add_address(number)
        self._hosts.append(host)
        return host

    def on_close(self, closer):
        """`closer()` runs before the hosts go, last registered first."""
        self._closers.append(closer)

    def close(self):
        errors = []
        for closer in reversed(self._closers):
            try:
                closer()
            except Exception as error:  # the rest must be closed all the same
                errors.append(error)
        for host in [*self._hosts, self._switch]:
            host.stop()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        if errors:
            raise errors[0]


class Capture:
    """Everything BGP that passes a host's interface, kept to be read by tshark: a decoder that is not ours."""

    MARK_PORT = 9
    FIELDS = ("frame.number", "_ws.col.Info", "_ws.expert.message", "_ws.expert.group")

    def __init__(self, host):
        self.host = host
        self.file = host.folder / "bgp.pcapng"
        self._process = host.popen("dumpcap", "-q", "-i", "eth0", "-f",
                                   f"tcp port {BGP_PORT} or udp port {self.MARK_PORT}", "-w", self.file,
                                   log=host.folder / "dumpcap.log")
        wait_for(lambda: self.file.exists() and self.file.stat().st_size > 0, "dumpcap writes", 20)

    def stop(self):
        """Ends the capture when everything so far is in the file: dumpcap drops what it has not read yet."""
        if self._process.poll() is None:
            mark = os.urandom(16)
            sock = self.host.socket(kind=socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.sendto(mark, (str(PREFIX4.broadcast_address), self.MARK_PORT))
            sock.close()
            wait_for(lambda: mark in self.file.read_bytes(), "the mark in the capture", 20)
            child = int(Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0])
            os.kill(child, signal.SIGINT)
        self._process.wait(20)

    def complaints(self, addresses):
        """What tshark finds wrong in the BGP that was sent from `addresses`; call after stop()."""
        ours = " || ".join(f"ip{'v6' if ':' in text else ''}.src == {text}" for text in addresses)
        wrong = ("_ws.malformed || (bgp && _ws.expert.group == \"Malformed\") || "
                 "(bgp && _ws.expert.group == \"Protocol\" && _ws.expert.severity >= 0x600000)")
        command = ["tshark", "-r", self.file, "-Y", f"bgp && ({ours}) && ({wrong})", "-T", "fields"]
        for field in self.FIELDS:
            command += ["-e", field]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if result.returncode:
            raise RuntimeError(f"tshark: {result.stderr}")
        return result.stdout.splitlines()

    def count(self, addresses):
        """How many frames with BGP came from `addresses`, so that an empty capture is not taken for a clean one."""
        ours = " || ".join(f"ip{'v6' if ':' in text else ''}.src == {text}" for text in addresses)
        result = subprocess.run(["tshark", "-r", self.file, "-Y", f"bgp && ({ours})", "-T", "fields", "-e",
                                 "frame.number"], capture_output=True, text=True, check=True, timeout=120)
        return len(result.stdout.splitlines())
