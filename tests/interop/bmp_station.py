"""A BMP station for tests (RFC 7854, RFC 9069): takes what it is told, strictly, and keeps the tables it comes to."""
import ipaddress
import socket
import struct
import subprocess
import threading

import wire

PORT = 11019
ROUTE_MONITORING, STATISTICS, PEER_DOWN, PEER_UP, INITIATION, TERMINATION = range(6)
PRE, POST, LOC_RIB = "pre", "post", "loc-rib"
ADD_PATH, SEND = 69, 2


class Peer:
    """What is known since its Peer Up."""

    def __init__(self, asn, identifier, local, ports, sent, received, names):
        self.asn, self.identifier, self.local, self.ports, self.names = asn, identifier, local, ports, names
        self.sent, self.received = sent, received  # OPENs, as wire.parse_open has them
        self.routes = {PRE: {}, POST: {}, LOC_RIB: {}}  # {(prefix, path id): Route}
        self.eor = set()  # of (view, family)
        self.add_path = [(afi, safi) for code, value in received["capabilities"] if code == ADD_PATH
                         for afi, safi, mode in struct.iter_unpack("!HBB", value) if mode & SEND]

    def table(self, view):
        return {prefix: route for (prefix, _), route in self.routes[view].items()}


class Station:
    """peers: {address, or "loc-rib": Peer}; downs: [(address, reason, data)]; statistics: {address: {type: value}};
    connections: how many there were; stream: all bytes of the last one. Whatever is wrong goes to `errors`."""

    def __init__(self, host, port=PORT):
        self.host, self.port = host, port
        self.reading = threading.Event()
        self.reading.set()
        self.peers, self.downs, self.statistics, self.errors = {}, [], {}, []
        self.connections, self.messages, self.initiation, self.termination = 0, 0, None, None
        self.stream = b""
        self.connection = self.listener = None
        self.listen()

    def listen(self):
        self.listener = self.host.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind((self.host.address4, self.port))
        self.listener.listen()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        """Gone: nobody listens, the connection is cut."""
        for sock in (self.listener, self.connection):
            if sock:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                sock.close()
        self.connection = None

    def table(self, address, view):
        peer = self.peers.get(address)
        return peer.table(view) if peer else None

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connection = connection
            self.peers, self.stream, self.initiation = {}, b"", None
            self.connections += 1
            try:
                self._read(connection)
            except OSError:
                pass
            except Exception as error:  # shown by the test
                self.errors.append(f"{type(error).__name__}: {error}")
            self.peers = {}

    def _read(self, connection):
        rest = b""
        while True:
            self.reading.wait()
            data = connection.recv(1 << 20)
            if not data:
                if rest:
                    self.errors.append("the stream ends within a message")
                return
            self.stream += data
            rest += data
            while len(rest) >= 6:
                version, length, kind = struct.unpack("!BIB", rest[:6])
                if version != 3 or length < 6 or length > 1 << 20:
                    raise ValueError(f"header {rest[:6].hex()}")
                if len(rest) < length:
                    break
                self._message(kind, rest[6:length])
                self.messages += 1
                rest = rest[length:]

    def _message(self, kind, body):
        if (kind == INITIATION) != (self.initiation is None):
            raise ValueError("not begun with one Initiation")
        if kind == INITIATION:
            self.initiation = tlvs(body)
            return
        if kind == TERMINATION:
            self.termination = struct.unpack("!HHH", body)[2]
            return
        kind_of_peer, flags, distinguisher, raw, asn, identifier, seconds, micros = struct.unpack("!BBQ16sI4sII", body[:42])
        if distinguisher or micros >= 1000000 or seconds == 0 or kind_of_peer not in (0, 3) or flags & ~0xc0:
            raise ValueError(f"peer header {body[:42].hex()}")
        key = str(ipaddress.ip_address(raw if flags & 0x80 else raw[12:])) if kind_of_peer == 0 else LOC_RIB
        if kind_of_peer == 3 and (any(raw) or flags):
            raise ValueError("the Loc-RIB has neither address nor flags")
        view = LOC_RIB if kind_of_peer == 3 else POST if flags & 0x40 else PRE
        getattr(self, ("_route", "_statistics", "_down", "_up")[kind])(key, view, asn, identifier, body[42:])

    def _up(self, key, view, asn, identifier, body):
        if key in self.peers:
            raise ValueError(f"{key} is up already")
        local, ports, rest, opens = body[:16], struct.unpack("!HH", body[16:20]), body[20:], []
        for _ in range(2):
            length, = struct.unpack("!H", rest[16:18])
            if rest[:16] != wire.MARKER or rest[18] != wire.OPEN:
                raise ValueError("no OPEN")
            opens.append(wire.parse_open(rest[19:length]))
            rest = rest[length:]
        self.peers[key] = Peer(asn, str(ipaddress.IPv4Address(identifier)), local, ports, *opens, tlvs(rest))

    def _down(self, key, view, asn, identifier, body):
        del self.peers[key]
        self.downs.append((key, body[0], body[1:]))

    def _statistics(self, key, view, asn, identifier, body):
        count, rest, found = struct.unpack("!I", body[:4])[0], body[4:], {}
        for kind, value in tlv_list(rest):
            name = (kind, value[:3].hex()) if len(value) == 11 else kind
            if name in found:
                raise ValueError(f"statistic {name} comes twice")
            found[name] = int.from_bytes(value[3:] if len(value) == 11 else value, "big")
        if len(found) != count or key not in self.peers:
            raise ValueError("statistics")
        self.statistics[key] = found

    def _route(self, key, view, asn, identifier, body):
        peer = self.peers[key]
        length, = struct.unpack("!H", body[16:18])
        if body[:16] != wire.MARKER or body[18] != wire.UPDATE or length != len(body):
            raise ValueError("not one UPDATE")
        announced, withdrawn, eor = wire.parse_update(body[19:], True, peer.add_path if view != LOC_RIB else ())
        for _, prefix, path_id in withdrawn:
            peer.routes[view].pop((prefix, path_id), None)
        for route in announced:
            peer.routes[view][route.prefix, route.path_id] = route
        if eor:
            peer.eor.add((view, eor))


def tlv_list(data):
    while data:
        kind, length = struct.unpack("!HH", data[:4])
        if len(data) < 4 + length:
            raise ValueError("TLV")
        yield kind, data[4:4 + length]
        data = data[4 + length:]


def tlvs(data):
    return dict(tlv_list(data))


def without_names(message):
    """A Peer Up without its TLVs: tshark 4.0 takes them for one more BGP message."""
    if message[5] != PEER_UP:
        return message
    end = 6 + 42 + 20
    for _ in range(2):
        end += int.from_bytes(message[end + 16:end + 18], "big")
    return message[:1] + struct.pack("!I", end) + message[5:end]


def whole_messages(stream, size):
    """The stream in pieces of about this size that end with a message."""
    piece, at = b"", 0
    while at < len(stream):
        end = at + int.from_bytes(stream[at + 1:at + 5], "big")
        piece += without_names(stream[at:end])
        at = end
        if len(piece) >= size or at >= len(stream):
            yield piece
            piece = b""


def tshark(stream, file):
    """What tshark finds wrong in a BMP stream, and how many messages it saw: {type: count}."""
    packets, sequence = [struct.pack("!IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 101)], 1
    for payload in whole_messages(stream, 32768):
        tcp = struct.pack("!HHIIBBHHH", 40000, PORT, sequence, 1, 0x50, 0x18, 65535, 0, 0)
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, bytes([192, 0, 2, 1]),
                         bytes([192, 0, 2, 2]))
        packets.append(struct.pack("!IIII", 0, sequence, 40 + len(payload), 40 + len(payload)) + ip + tcp + payload)
        sequence += len(payload)
    file.write_bytes(b"".join(packets))
    command = ["tshark", "-r", file, "-d", f"tcp.port=={PORT},bmp", "-o", "tcp.check_checksum:FALSE",
               "-o", "ip.check_checksum:FALSE", "-T", "fields", "-E", "occurrence=a"]
    found = subprocess.run([*command, "-e", "bmp.type", "-e", "_ws.malformed", "-e", "_ws.expert.message"],
                           capture_output=True, text=True, check=True, timeout=120).stdout
    kinds, wrong = {}, []
    for line in found.splitlines():
        types, malformed, expert = (line.split("\t") + ["", "", ""])[:3]
        for kind in filter(None, types.split(",")):
            kinds[int(kind)] = kinds.get(int(kind), 0) + 1
        if malformed or "alformed" in expert:
            wrong.append(line)
    return wrong, kinds
