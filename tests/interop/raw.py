"""A BGP speaker under the test's full control: it sends what it is told, right or wrong, and keeps what it hears."""
import socket
import struct
import threading
import time

import wire
from lab import BGP_PORT, wait_for

TCP_MD5SIG = 14


class Closed(Exception):
    """The other side ended the connection."""


def set_md5(sock, address, key):
    """Signs all segments of `sock` to and from `address` (RFC 2385)."""
    if ":" in address:
        peer = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, address), 0)
    else:
        peer = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))
    key = key.encode()
    sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, peer.ljust(128, b"\0") +
                    struct.pack("=BBHi80s", 0, 0, len(key), 0, key))


class RawSpeaker:
    """One session with `remote`, opened from this side.

    routes: {(prefix, path id): Route} now announced by the other side, withdrawals: all that came, in order;
    eor: families whose End-of-RIB came; received: all messages as (type, body); notification: (code, subcode, data);
    errors: what the strict decoder refused. Set `silent` to send no more KEEPALIVEs.
    """

    def __init__(self, host, remote, asn, version=4, md5=None, local=None, families=(wire.IPV4, wire.IPV6), as4=True,
                 hold_time_s=90, capabilities=None, router_id=None, **options):
        self.host, self.remote, self.asn, self.version, self.md5 = host, remote, asn, version, md5
        self.local = local or host.address(version)
        self.as4, self.hold_time_s = as4, hold_time_s
        self.router_id = router_id or host.address4
        self.capabilities = wire.capabilities(asn, families, as4, **options) if capabilities is None else capabilities
        self.add_path = options.get("add_path", ())
        self.socket = None
        self._lock = threading.Lock()
        self.reset()

    def reset(self):
        self.routes, self.withdrawals, self.eor, self.received, self.errors = {}, [], set(), [], []
        self.notification, self.peer_open, self.closed = None, None, False
        self._last_sent_s = 0.0
        self.silent = False
        self._reading = threading.Event()
        self._reading.set()

    def connect(self, limit_s=30.0):
        """Connects, retrying while the other side refuses; sends nothing yet."""
        self.close()
        self.reset()
        deadline = time.monotonic() + limit_s
        family = socket.AF_INET6 if self.version == 6 else socket.AF_INET
        while True:
            sock = self.host.socket(family)
            sock.settimeout(2)
            try:
                if self.md5:
                    set_md5(sock, self.remote, self.md5)
                sock.bind((self.local, 0))
                sock.connect((self.remote, BGP_PORT))
                break
            except OSError:
                sock.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        threading.Thread(target=self._read, args=(sock,), daemon=True).start()
        return self

    def establish(self, limit_s=30.0):
        """Connects and exchanges OPEN and KEEPALIVE, again if the other side closes (it may still be in idle hold)."""
        deadline = time.monotonic() + limit_s
        while True:
            self.connect(max(1.0, deadline - time.monotonic()))
            try:
                self.send(wire.open_message(self.asn, self.router_id, self.hold_time_s, self.capabilities))
                wait_for(lambda: self.peer_open or self.closed, "OPEN of the other side", 10, 0.01)
                if not self.closed:
                    self.send(wire.message(wire.KEEPALIVE))
                    wait_for(lambda: self.closed or any(kind == wire.KEEPALIVE for kind, _ in list(self.received)),
                             "KEEPALIVE of the other side", 10, 0.01)
                if not self.closed:
                    return self
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.remote} does not keep the session: {self.notification}")
            time.sleep(0.2)

    def send(self, data):
        with self._lock:
            self.socket.sendall(data)

    def announce(self, *routes):
        self.send(b"".join(wire.announcement(route, self.as4) for route in routes))

    def withdraw(self, *prefixes):
        self.send(b"".join(wire.withdrawal(prefix) for prefix in prefixes))

    def end_of_rib(self):
        self.send(wire.update() + wire.update(wire.attribute(0x80, 15, b"\0\2\1")))

    def refresh(self, family=wire.IPV4):
        self.send(wire.message(wire.ROUTE_REFRESH, struct.pack("!HBB", family[0], 0, family[1])))

    def stop_reading(self):
        """From now on nothing is taken from the socket: the window closes."""
        self._reading.clear()

    def updates(self):
        return sum(kind == wire.UPDATE for kind, _ in list(self.received))

    def table(self):
        """{prefix: Route} of what the other side announces now (the last one, if there are several paths)."""
        return {prefix: route for (prefix, _), route in list(self.routes.items())}

    def close(self):
        """Ends the TCP connection without a word."""
        if self.socket:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.socket.close()
            self.socket = None

    def cease(self, subcode=2, text=""):
        """Ends the session with a Cease, with a communication (RFC 9003) if there is one."""
        said = text.encode()
        self.send(wire.message(wire.NOTIFICATION, bytes([6, subcode]) + (bytes([len(said)]) + said if said else b"")))
        self.close()

    def _read(self, sock):
        pending = bytearray()
        try:
            while self._reading.wait():
                data = sock.recv(1 << 18)
                if not data:
                    break
                pending += data
                at = 0
                while len(pending) - at >= 19:
                    size, kind = struct.unpack_from("!HB", pending, at + 16)
                    if size < 19 or bytes(pending[at:at + 16]) != wire.MARKER:
                        raise ValueError("header")
                    if len(pending) - at < size:
                        break
                    self._message(kind, bytes(pending[at + 19:at + size]))
                    at += size
                del pending[:at]
        except OSError:
            pass
        except ValueError as error:
            self.errors.append(str(error))
        if sock is self.socket:
            self.closed = True

    def _message(self, kind, body):
        self.received.append((kind, body))
        if kind == wire.OPEN:
            self.peer_open = wire.parse_open(body)
            if not any(code == 65 for code, _ in self.peer_open["capabilities"]):
                self.as4 = False
        elif kind == wire.NOTIFICATION:
            self.notification = (body[0], body[1], body[2:])
        elif kind == wire.KEEPALIVE:
            now_s = time.monotonic()
            if not self.silent and self.peer_open and now_s - self._last_sent_s > 1 and len(self.received) > 2:
                self._last_sent_s = now_s
                self.send(wire.message(wire.KEEPALIVE))
        elif kind == wire.UPDATE:
            try:
                announced, withdrawn, family = wire.parse_update(body, self.as4, self.add_path)
            except (ValueError, IndexError, struct.error) as error:
                self.errors.append(f"{error}: {body.hex()}")
                return
            if family:
                self.eor.add(family)
            for family, prefix, path_id in withdrawn:
                self.routes.pop((prefix, path_id), None)
                self.withdrawals.append(prefix)
            for route in announced:
                self.routes[(route.prefix, route.path_id)] = route
