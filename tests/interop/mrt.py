"""Reading MRT files (RFC 6396) as far as these tests need it: the BGP messages of one peer, byte for byte."""
import bz2
import gzip
import ipaddress
import struct
import subprocess

BGP4MP, BGP4MP_ET = 16, 17
MESSAGE, MESSAGE_AS4 = 1, 4


def read(path):
    opener = {"gz": gzip.open, "bz2": bz2.open}.get(path.name.rsplit(".", 1)[-1], open)
    with opener(path, "rb") as file:
        return file.read()


def records(path):
    """(type, subtype, body) of every record; the microseconds of BGP4MP_ET are cut off."""
    data, at = read(path), 0
    while at + 12 <= len(data):
        _, kind, subtype, size = struct.unpack_from("!IHHI", data, at)
        body = data[at + 12:at + 12 + size]
        yield kind, subtype, body[4:] if kind == BGP4MP_ET else body
        at += 12 + size


def messages(path, peer):
    """(message, whether its AS numbers have four octets) of everything that came from the address `peer`."""
    wanted = ipaddress.ip_address(peer).packed
    for kind, subtype, body in records(path):
        if kind not in (BGP4MP, BGP4MP_ET) or subtype not in (MESSAGE, MESSAGE_AS4):
            continue
        at = (8 if subtype == MESSAGE_AS4 else 4) + 2
        size = 4 if struct.unpack_from("!H", body, at)[0] == 1 else 16
        if body[at + 2:at + 2 + size] == wanted:
            yield body[at + 2 + 2 * size:], subtype == MESSAGE_AS4


def bgpdump(path):
    """The fields of each line `bgpdump -m` prints for a file."""
    process = subprocess.Popen(["bgpdump", "-m", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, encoding="ascii", errors="replace")
    with process.stdout:
        for line in process.stdout:
            yield line.rstrip("\n").split("|")
    process.wait()


def replay(path, peer=None):
    """{prefix: (as path, origin, communities, atomic, aggregator)} that the file leaves, by bgpdump's account.

    Of an update file, `peer` selects whose announcements and withdrawals are applied in order.
    """
    table, seen = {}, {}
    for fields in bgpdump(path):
        if peer is not None and (len(fields) < 6 or fields[3] != peer):
            continue
        if fields[2] == "W":
            table.pop(fields[5], None)
        elif fields[2] in ("A", "B"):
            attributes = (fields[6], fields[7], " ".join(sorted(fields[11].split())), fields[12], fields[13])
            table[fields[5]] = seen.setdefault(attributes, attributes)
    return table
