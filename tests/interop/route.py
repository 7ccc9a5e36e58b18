"""A route as every program in these tests is made to show it: plain values that compare equal if the routes do.

AS paths are tuples of numbers, with a frozenset for each AS_SET; communities of all three kinds are frozensets of text
("65001:1", "1:2:3", "rt:65001:1", "soo:1.2.3.4:5", "0x0b03000000000005" where nobody has a better name).
"""
import dataclasses
import ipaddress
import struct

ORIGINS = ("igp", "egp", "incomplete")
ATTRIBUTES = ("origin", "as_path", "next_hop", "med", "local_pref", "atomic", "aggregator", "communities", "large",
              "extended")


@dataclasses.dataclass(frozen=True)
class Route:
    prefix: str
    origin: str = "igp"
    as_path: tuple = ()
    next_hop: str = None
    med: int = None
    local_pref: int = None
    atomic: bool = False
    aggregator: tuple = None
    communities: frozenset = frozenset()
    large: frozenset = frozenset()
    extended: frozenset = frozenset()
    path_id: int = None
    unknown: tuple = ()

    def but(self, **changes):
        """The same route, with other values in some fields."""
        return dataclasses.replace(self, **changes)

    def only(self, names):
        """The same route, with every attribute that `names` does not list put back to its default."""
        default = Route(self.prefix)
        return self.but(**{name: getattr(default, name) for name in ATTRIBUTES if name not in names})

    @property
    def version(self):
        return ipaddress.ip_network(self.prefix).version


def address(text):
    """An address in its shortest form, whoever printed it."""
    return str(ipaddress.ip_address(text.split("%")[0]))


def asn(text):
    """An AS number from plain or dotted text."""
    text = str(text)
    if "." in text:
        high, low = text.split(".")
        return int(high) << 16 | int(low)
    return int(text)


WELL_KNOWN = {"no-export": "65535:65281", "no-advertise": "65535:65282", "local-as": "65535:65283",
              "no-export-subconfed": "65535:65283", "no-peer": "65535:65284", "blackhole": "65535:666",
              "graceful-shutdown": "65535:0", "llgr-stale": "65535:6", "no-llgr": "65535:7",
              "llgrstale": "65535:6", "nollgr": "65535:7", "gracefulshutdown": "65535:0"}


def community(value):
    """A community from a number or any program's text."""
    if isinstance(value, int):
        return f"{value >> 16}:{value & 0xffff}"
    text = value.lower().replace("_", "-").replace(",", ":").strip("()")
    return WELL_KNOWN.get(text, text)


def extended_from_bytes(raw):
    """The name of an extended community of eight octets."""
    kind, subtype = raw[0], raw[1]
    name = {2: "rt", 3: "soo"}.get(subtype)
    if name and kind == 0:
        return "%s:%d:%d" % (name, *struct.unpack("!HI", raw[2:]))
    if name and kind == 1:
        return "%s:%s:%d" % (name, ipaddress.IPv4Address(raw[2:6]), *struct.unpack("!H", raw[6:]))
    if name and kind == 2:
        return "%s:%d:%d" % (name, *struct.unpack("!IH", raw[2:]))
    return "0x" + raw.hex()


def extended_to_bytes(text):
    """The eight octets of what extended_from_bytes names."""
    if text.startswith("0x"):
        return bytes.fromhex(text[2:])
    name, administrator, value = text.split(":")
    subtype = {"rt": 2, "soo": 3}[name]
    if "." in administrator:
        return bytes([1, subtype]) + ipaddress.IPv4Address(administrator).packed + struct.pack("!H", int(value))
    if int(administrator) > 0xffff:
        return struct.pack("!BBIH", 2, subtype, int(administrator), int(value))
    return struct.pack("!BBHI", 0, subtype, int(administrator), int(value))


def extended_from_text(kind, value):
    """The name from a kind ("rt", "target", "ro"...) and "administrator:value" as a program printed them."""
    name = {"rt": "rt", "target": "rt", "soo": "soo", "ro": "soo", "origin": "soo"}[kind.lower()]
    administrator, number = value.rsplit(":", 1)
    if administrator.count(".") == 1:
        administrator = asn(administrator)
    return f"{name}:{administrator}:{int(number)}"


def by_prefix(routes):
    """Routes as {prefix: [route, ...]}, paths of one prefix in a fixed order."""
    table = {}
    for route in routes:
        table.setdefault(route.prefix, []).append(route)
    for paths in table.values():
        paths.sort(key=lambda route: (str(route.as_path), str(route.next_hop), route.path_id or 0))
    return table


def difference(expected, found, fields=ATTRIBUTES):
    """What is wrong, in words, for a test's message; empty if the route is as expected in `fields`."""
    return [f"{expected.prefix} {name}: expected {getattr(expected, name)!r}, found {getattr(found, name)!r}"
            for name in fields if getattr(expected, name) != getattr(found, name)]
