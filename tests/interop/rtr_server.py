"""An RPKI cache for tests (RFC 6810, RFC 8210): says what it is told to, right or wrong. In threads of this process, or
as a program that is told what to do on standard input (`rtr_server.py ADDRESS PORT`, one Python dictionary a line)."""
import ipaddress
import socket
import struct
import sys
import threading

SERIAL_NOTIFY, SERIAL_QUERY, RESET_QUERY, CACHE_RESPONSE = 0, 1, 2, 3
IPV4_PREFIX, IPV6_PREFIX, END_OF_DATA, CACHE_RESET, ERROR_REPORT, ASPA = 4, 6, 7, 8, 10, 11
UNSUPPORTED_VERSION = 4


def pdu(version, kind, field=0, body=b""):
    return struct.pack("!BBHI", version, kind, field, 8 + len(body)) + body


def prefix_pdu(version, vrp, announce=True):
    text, longest, asn = vrp
    net = ipaddress.ip_network(text)
    return pdu(version, IPV4_PREFIX if net.version == 4 else IPV6_PREFIX, 0,
               struct.pack("!BBBB", announce, net.prefixlen, longest, 0) + net.network_address.packed
               + struct.pack("!I", asn))


def error_pdu(version, code, text="", about=b""):
    return pdu(version, ERROR_REPORT, code, struct.pack("!I", len(about)) + about + struct.pack("!I", len(text))
               + text.encode())


class Session:
    def __init__(self, server, connection):
        self.server, self.connection = server, connection
        self.version = None

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            pass

    def read(self, length):
        data = b""
        while len(data) < length:
            more = self.connection.recv(length - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def run(self):
        try:
            while True:
                header = self.read(8)
                version, kind, field, length = struct.unpack("!BBHI", header)
                body = self.read(length - 8)
                self.server.heard.append((version, kind, field, body))
                if version > self.server.version and self.server.on_newer == "close":
                    break
                if version > self.server.version and self.server.on_newer == "error":
                    self.send(error_pdu(self.server.version, UNSUPPORTED_VERSION, "no", header + body))
                    break
                self.version = min(version, self.server.version)
                with self.server.lock:
                    self.server.answer(self, kind, field, body)
        except (ConnectionError, OSError):
            pass
        self.server.leave(self)


class RtrServer:
    """`vrps` as {(prefix, maximum length, AS number)}; change() makes a new serial and tells everybody."""

    def __init__(self, address="127.0.0.1", port=0, version=1, on_newer="error", vrps=()):
        self.version, self.on_newer = version, on_newer
        self.session_id, self.serial = 77, 1
        self.vrps = set(vrps)
        self.history = {}  # serial: (added, removed) that led to it
        self.timing = (3600, 600, 7200)
        self.script = None  # a function (session, kind, field, body) -> answered itself?
        self.heard, self.sessions = [], []
        self.lock = threading.RLock()
        self.listener = socket.create_server((address, port))
        self.address, self.port = self.listener.getsockname()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(self, connection)
            with self.lock:
                self.sessions.append(session)
            threading.Thread(target=session.run, daemon=True).start()

    def leave(self, session):
        with self.lock:
            if session in self.sessions:
                self.sessions.remove(session)
        session.connection.close()

    def end(self, version):
        return pdu(version, END_OF_DATA, self.session_id, struct.pack("!I", self.serial)
                   + (struct.pack("!III", *self.timing) if version > 0 else b""))

    def answer(self, session, kind, field, body):
        if self.script is not None and self.script(session, kind, field, body):
            return
        version = session.version
        if kind == RESET_QUERY:
            session.send(pdu(version, CACHE_RESPONSE, self.session_id)
                         + b"".join(prefix_pdu(version, vrp) for vrp in sorted(self.vrps)) + self.end(version))
        elif kind == SERIAL_QUERY:
            serial = struct.unpack("!I", body)[0]
            steps = range(serial + 1, self.serial + 1)
            if field != self.session_id or serial > self.serial or any(step not in self.history for step in steps):
                session.send(pdu(version, CACHE_RESET))
                return
            added, removed = set(), set()
            for step in steps:
                more, less = self.history[step]
                added, removed = (added - less) | (more - removed), (removed - more) | (less - added)
            session.send(pdu(version, CACHE_RESPONSE, self.session_id)
                         + b"".join(prefix_pdu(version, vrp) for vrp in sorted(added))
                         + b"".join(prefix_pdu(version, vrp, False) for vrp in sorted(removed)) + self.end(version))

    def change(self, add=(), remove=(), notify=True):
        with self.lock:
            add, remove = set(add) - self.vrps, set(remove) & self.vrps
            self.vrps = (self.vrps | add) - remove
            self.serial += 1
            self.history[self.serial] = (add, remove)
            if notify:
                self.notify()

    def notify(self, session_id=None, serial=None):
        body = struct.pack("!I", self.serial if serial is None else serial)
        for session in list(self.sessions):
            if session.version is not None:
                session.send(pdu(session.version, SERIAL_NOTIFY, self.session_id if session_id is None else session_id,
                                 body))

    def restart(self):
        """Another session, with nothing known of the one before."""
        with self.lock:
            self.session_id = (self.session_id + 1) % 65536
            self.history = {}
            self.hang_up()

    def hang_up(self):
        for session in list(self.sessions):
            try:
                session.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # close() alone would leave accept() waiting
        except OSError:
            pass
        self.listener.close()
        self.hang_up()


def main():
    address, port = sys.argv[1:3]
    server = RtrServer(address, int(port), version=int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    for line in sys.stdin:
        server.change(**eval(line, {"__builtins__": {}}))  # a test's own words
    server.close()


if __name__ == "__main__":
    main()
