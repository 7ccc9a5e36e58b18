"""BGP messages in Python, written for these tests from the RFCs: building them right or wrong, and reading them.

Strict where it reads: what the daemon under test sends must parse completely, or decoding raises ValueError.
"""
import ipaddress
import struct

from route import Route, ORIGINS, address, community, extended_from_bytes, extended_to_bytes

MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5
IPV4, IPV6 = (1, 1), (2, 1)
AS_TRANS = 23456


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def capability(code, value=b""):
    return bytes([code, len(value)]) + value


def capabilities(asn, families=(IPV4,), as4=True, add_path=(), add_path_mode=3, extended_next_hop=(), refresh=True):
    """The capabilities of a usual speaker. `add_path` lists families, `extended_next_hop` those with IPv6 next hops."""
    result = [capability(1, struct.pack("!HBB", afi, 0, safi)) for afi, safi in families]
    if refresh:
        result.append(capability(2))
    if as4:
        result.append(capability(65, struct.pack("!I", asn)))
    if add_path:
        result.append(capability(69, b"".join(struct.pack("!HBB", afi, safi, add_path_mode) for afi, safi in add_path)))
    if extended_next_hop:
        result.append(capability(5, b"".join(struct.pack("!HHH", afi, safi, 2) for afi, safi in extended_next_hop)))
    return result


def open_message(asn, router_id, hold_time_s=90, options=()):
    """An OPEN whose optional parameters are one parameter of type 2 for each capability in `options`."""
    parameters = b"".join(bytes([2, len(option)]) + option for option in options)
    return message(OPEN, struct.pack("!BHH4sB", 4, asn if asn <= 0xffff else AS_TRANS, hold_time_s,
                                     ipaddress.IPv4Address(router_id).packed, len(parameters)) + parameters)


def parse_open(body):
    """{as, hold_time_s, router_id, capabilities: [(code, value)]}; the AS from the 4-octet capability if present."""
    version, asn, hold_time_s, identifier, length = struct.unpack("!BHH4sB", body[:10])
    if version != 4 or length != len(body) - 10:
        raise ValueError("OPEN: version or length")
    found, rest = [], body[10:]
    while rest:
        kind, size, parameter, rest = rest[0], rest[1], rest[2:2 + rest[1]], rest[2 + rest[1]:]
        if kind != 2 or len(parameter) != size:
            raise ValueError("OPEN: parameter")
        while parameter:
            code, size, value, parameter = (parameter[0], parameter[1], parameter[2:2 + parameter[1]],
                                            parameter[2 + parameter[1]:])
            if len(value) != size:
                raise ValueError("OPEN: capability")
            found.append((code, value))
            if code == 65:
                asn = struct.unpack("!I", value)[0]
    return {"as": asn, "hold_time_s": hold_time_s, "router_id": str(ipaddress.IPv4Address(identifier)),
            "capabilities": found}


def nlri(prefix, path_id=None):
    network = ipaddress.ip_network(prefix)
    octets = network.network_address.packed[:(network.prefixlen + 7) // 8]
    return (struct.pack("!I", path_id) if path_id is not None else b"") + bytes([network.prefixlen]) + octets


def parse_nlri(data, family, add_path=False):
    """[(prefix, path id or None), ...]"""
    result, size = [], 4 if family[0] == 1 else 16
    while data:
        path_id = None
        if add_path:
            path_id, data = struct.unpack("!I", data[:4])[0], data[4:]
        bits, octets = data[0], (data[0] + 7) // 8
        if bits > size * 8 or len(data) < 1 + octets:
            raise ValueError("NLRI")
        base = ipaddress.ip_address(data[1:1 + octets].ljust(size, b"\0"))
        result.append((str(ipaddress.ip_network((base, bits))), path_id))
        data = data[1 + octets:]
    return result


def attribute(flags, kind, value):
    if len(value) > 255:
        return struct.pack("!BBH", flags | 0x10, kind, len(value)) + value
    return struct.pack("!BBB", flags, kind, len(value)) + value


def as_path(path, as4=True):
    """Segments of a path as Route holds it."""
    width, result, run = ("!I" if as4 else "!H"), b"", []

    def number(asn):
        return struct.pack(width, asn if as4 or asn <= 0xffff else AS_TRANS)

    def sequence():
        return bytes([2, len(run)]) + b"".join(map(number, run)) if run else b""

    for hop in path:
        if isinstance(hop, frozenset):
            result += sequence() + bytes([1, len(hop)]) + b"".join(map(number, sorted(hop)))
            run = []
        else:
            run.append(hop)
    return result + sequence()


def parse_as_path(value, as4=True):
    width, path = (4 if as4 else 2), []
    while value:
        kind, count = value[0], value[1]
        octets, value = value[2:2 + count * width], value[2 + count * width:]
        if kind not in (1, 2) or count == 0 or len(octets) != count * width:
            raise ValueError("AS_PATH")
        numbers = [int.from_bytes(octets[at:at + width], "big") for at in range(0, len(octets), width)]
        path += [frozenset(numbers)] if kind == 1 else numbers
    return tuple(path)


def attributes(route, as4=True, without=()):
    """The attribute block of a route; types in `without` are left out. IPv6 routes get MP_REACH_NLRI with the NLRI."""
    block = {1: attribute(0x40, 1, bytes([ORIGINS.index(route.origin)])),
             2: attribute(0x40, 2, as_path(route.as_path, as4))}
    next_hop = ipaddress.ip_address(route.next_hop).packed
    if route.version == 4 and len(next_hop) == 4:
        block[3] = attribute(0x40, 3, next_hop)
    else:
        block[14] = attribute(0x80, 14, struct.pack("!HBB", 1 if route.version == 4 else 2, 1, len(next_hop)) +
                              next_hop + b"\0" + nlri(route.prefix, route.path_id))
    if route.med is not None:
        block[4] = attribute(0x80, 4, struct.pack("!I", route.med))
    if route.local_pref is not None:
        block[5] = attribute(0x40, 5, struct.pack("!I", route.local_pref))
    if route.atomic:
        block[6] = attribute(0x40, 6, b"")
    if route.aggregator:
        asn, router = route.aggregator
        packed = ipaddress.IPv4Address(router).packed
        block[7] = attribute(0xc0, 7, struct.pack("!I" if as4 else "!H", asn if as4 or asn <= 0xffff else AS_TRANS) +
                             packed)
        if not as4 and asn > 0xffff:
            block[18] = attribute(0xc0, 18, struct.pack("!I", asn) + packed)
    if route.communities:
        block[8] = attribute(0xc0, 8, b"".join(struct.pack("!HH", *map(int, text.split(":")))
                                               for text in sorted(route.communities)))
    if route.extended:
        block[16] = attribute(0xc0, 16, b"".join(map(extended_to_bytes, sorted(route.extended))))
    if not as4 and any(asn > 0xffff for hop in route.as_path for asn in ([hop] if isinstance(hop, int) else hop)):
        block[17] = attribute(0xc0, 17, as_path(route.as_path))
    if route.large:
        block[32] = attribute(0xc0, 32, b"".join(struct.pack("!III", *map(int, text.split(":")))
                                                 for text in sorted(route.large)))
    for flags, kind, value in route.unknown:
        block[kind] = attribute(flags, kind, value)
    return b"".join(block[kind] for kind in sorted(block) if kind not in without)


def update(attribute_block=b"", announced=b"", withdrawn=b""):
    return message(UPDATE, struct.pack("!H", len(withdrawn)) + withdrawn +
                   struct.pack("!H", len(attribute_block)) + attribute_block + announced)


def announcement(route, as4=True):
    """The UPDATE that announces one route."""
    in_nlri_field = route.version == 4 and ipaddress.ip_address(route.next_hop).version == 4
    return update(attributes(route, as4), nlri(route.prefix, route.path_id) if in_nlri_field else b"")


def withdrawal(prefix, path_id=None):
    """The UPDATE that withdraws one route."""
    if ipaddress.ip_network(prefix).version == 4:
        return update(withdrawn=nlri(prefix, path_id))
    return update(attribute(0x80, 15, struct.pack("!HB", 2, 1) + nlri(prefix, path_id)))


def split_attributes(block):
    """{type: (flags, value)} of an attribute block."""
    found = {}
    while block:
        flags, kind = block[0], block[1]
        head = 4 if flags & 0x10 else 3
        size = int.from_bytes(block[2:head], "big")
        value = block[head:head + size]
        if len(value) != size or kind in found:
            raise ValueError(f"attribute {kind}: length, or twice")
        found[kind] = (flags, value)
        block = block[head + size:]
    return found


def parse_next_hop(value):
    """The global address of a next-hop field (a link-local one may follow it)."""
    if len(value) not in (4, 16, 32):
        raise ValueError("next hop length")
    return address(str(ipaddress.ip_address(value[:4] if len(value) == 4 else value[:16])))


def parse_update(body, as4=True, add_path=()):
    """(announced routes, withdrawn [(family, prefix, path id)], family of an End-of-RIB or None) of an UPDATE."""
    size = int.from_bytes(body[:2], "big")
    withdrawn_field, rest = body[2:2 + size], body[2 + size:]
    size = int.from_bytes(rest[:2], "big")
    found, nlri_field = split_attributes(rest[2:2 + size]), rest[2 + size:]
    withdrawn = [(IPV4, *item) for item in parse_nlri(withdrawn_field, IPV4, IPV4 in add_path)]
    if not withdrawn and not found and not nlri_field:
        return [], [], IPV4
    if 15 in found:
        family = struct.unpack("!HB", found[15][1][:3])
        items = parse_nlri(found[15][1][3:], family, family in add_path)
        if not items and len(found) == 1:
            return [], [], family
        withdrawn += [(family, *item) for item in items]
    announced = [(item, None) for item in parse_nlri(nlri_field, IPV4, IPV4 in add_path)]
    if 14 in found:
        value = found[14][1]
        family, length = struct.unpack("!HB", value[:3]), value[3]
        next_hop = parse_next_hop(value[4:4 + length])
        announced += [(item, next_hop) for item in parse_nlri(value[5 + length:], family, family in add_path)]
    return route_list(announced, found, as4), withdrawn, None


def route_list(announced, found, as4):
    if not announced:
        return []
    if 1 not in found or 2 not in found:
        raise ValueError("no ORIGIN or AS_PATH")
    fields = {"origin": ORIGINS[found[1][1][0]], "as_path": parse_as_path(found[2][1], as4), "atomic": 6 in found}
    for kind, name in ((4, "med"), (5, "local_pref")):
        if kind in found:
            fields[name] = struct.unpack("!I", found[kind][1])[0]
    if 7 in found:
        value = found[7][1]
        fields["aggregator"] = (int.from_bytes(value[:-4], "big"), str(ipaddress.IPv4Address(value[-4:])))
    if 8 in found:
        fields["communities"] = frozenset(community(number) for number, in struct.iter_unpack("!I", found[8][1]))
    if 16 in found:
        value = found[16][1]
        fields["extended"] = frozenset(extended_from_bytes(value[at:at + 8]) for at in range(0, len(value), 8))
    if 32 in found:
        fields["large"] = frozenset("%d:%d:%d" % item for item in struct.iter_unpack("!III", found[32][1]))
    fields["unknown"] = tuple((flags & 0xef, kind, value) for kind, (flags, value) in sorted(found.items())
                              if kind not in (1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 32))
    routes = []
    for (prefix, path_id), next_hop in announced:
        if next_hop is None and 3 not in found:
            raise ValueError("no NEXT_HOP")
        routes.append(Route(prefix, path_id=path_id, next_hop=next_hop or parse_next_hop(found[3][1]), **fields))
    return routes
