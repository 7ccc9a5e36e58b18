"""Policies and routes drawn at random, from a seed: what two daemons are asked to agree on.

Values are those of GoBGP's API, as dictionaries; pools are small, so that conditions hold often enough to matter.
"""
import dataclasses
import ipaddress
import random

from route import Route

ACCEPT, REJECT, NONE = 1, 2, 0
ANY, ALL, INVERT = 0, 1, 2
PREFIX_SET, NEIGHBOR_SET, AS_PATH_SET, COMMUNITY_SET, EXT_COMMUNITY_SET, LARGE_COMMUNITY_SET = 0, 1, 3, 4, 5, 6

PREFIXES = ["10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/17", "10.1.128.0/17", "10.1.1.0/24", "10.1.1.128/25", "10.1.1.1/32",
            "10.2.0.0/16", "10.2.2.0/24", "10.2.3.0/24", "10.2.4.0/22", "172.16.0.0/12", "172.16.5.0/24", "0.0.0.0/0",
            "198.51.100.0/24", "203.0.113.0/25", "203.0.113.128/26"]
PREFIXES6 = ["2001:db8::/32", "2001:db8:1::/48", "2001:db8:1:1::/64", "2001:db8:2::/48", "2001:db8:2::1/128", "::/0"]
COMMUNITIES = ["65001:100", "65001:101", "65001:200", "65002:100", "65002:1", "65010:65010", "65535:65281", "1:1"]
EXT_COMMUNITIES = ["rt:65001:100", "rt:65002:7", "rt:10.0.0.1:5", "rt:70000:9", "soo:65001:100", "soo:65001:1"]
LARGE_COMMUNITIES = ["65001:1:1", "65001:1:2", "65001:2:1", "70000:1:1", "1:2:3"]
AS_NUMBERS = [65010, 65011, 65012, 65020, 70000, 3]

COMMUNITY_PATTERNS = ["65001:100", "^65001:.*$", "6500[12]:1..", "65001:1\\d+", "no-export", "^65010:", ".*:1$",
                      "4259905536", "(65002|65010):.*", "^[0-9]*:100$", "65001:2?00$", "1:1"]
EXT_PATTERNS = ["rt:65001:100", "rt:^65002:.*$", "rt:.*", "soo:65001:.*", "soo:^65001:1$", "rt:10.0.0.1:5",
                "rt:^70000:", "rt:^1\\.4464:9$"]
LARGE_PATTERNS = ["65001:1:1", "^65001:.*:1$", "65001:[12]:.*", "^70000:", ".*:3$", "1:2:3"]
AS_PATH_PATTERNS = ["^65002_", "_65010_", "_65020$", "^65002$", "^65002_[0-9]+$", "_6501[0-5]_", "65002 65010",
                    "(65010|65020)_", "^$", ".*", "_65003_", "^65003_6501", "_3$", "[{]", "^65...$", "_70000_.*_3$",
                    "^[0-9]+ [0-9]+$", "65010,65011", "5$"]
NEXT_HOPS = ["192.0.2.1", "192.0.2.2", "192.0.2.129"]
NEXT_HOP_RANGES = ["192.0.2.0/25", "192.0.2.2/32", "192.0.2.128/25", "10.99.0.0/16", "fd99::/64", "0.0.0.0/0"]


@dataclasses.dataclass
class Case:
    number: int
    direction: int  # 1 import, 2 export
    sets: list
    statements: list
    default: int


def some(rng, pool, at_most):
    return rng.sample(pool, rng.randint(1, min(at_most, len(pool))))


def draw_prefix(rng, pool):
    text = rng.choice(pool)
    network = ipaddress.ip_network(text)
    longest = network.max_prefixlen
    low = rng.choice([network.prefixlen, network.prefixlen, min(longest, network.prefixlen + rng.randint(0, 9))])
    high = rng.choice([low, longest, min(low + 8, longest)])
    return {"ip_prefix": text, "mask_length_min": low, "mask_length_max": high}


def draw_set(rng, kind, name, neighbors):
    made = {"defined_type": kind, "name": name}
    if kind == PREFIX_SET:
        pool = PREFIXES if rng.random() < 0.85 else PREFIXES6
        made["prefixes"] = [draw_prefix(rng, pool) for _ in range(rng.randint(1, 5))]
    elif kind == NEIGHBOR_SET:
        made["list"] = some(rng, [f"{address}/32" for address in neighbors] + ["10.99.0.0/16", "192.0.2.0/24"], 3)
    else:
        pool = {AS_PATH_SET: AS_PATH_PATTERNS, COMMUNITY_SET: COMMUNITY_PATTERNS, EXT_COMMUNITY_SET: EXT_PATTERNS,
                LARGE_COMMUNITY_SET: LARGE_PATTERNS}[kind]
        made["list"] = some(rng, pool, 3)
    return made


CONDITION_OF = {PREFIX_SET: "prefix_set", NEIGHBOR_SET: "neighbor_set", AS_PATH_SET: "as_path_set",
                COMMUNITY_SET: "community_set", EXT_COMMUNITY_SET: "ext_community_set",
                LARGE_COMMUNITY_SET: "large_community_set"}


def draw_conditions(rng, sets):
    conditions = {}
    for made in sets:
        if rng.random() < 0.35:
            options = [ANY, INVERT] if made["defined_type"] in (PREFIX_SET, NEIGHBOR_SET) else [ANY, ANY, ALL, INVERT]
            conditions[CONDITION_OF[made["defined_type"]]] = {"name": made["name"], "type": rng.choice(options)}
    if rng.random() < 0.15:
        conditions["as_path_length"] = {"type": rng.randint(0, 2), "length": rng.randint(0, 4)}
    if rng.random() < 0.15:
        conditions["route_type"] = rng.randint(1, 3)
    if rng.random() < 0.1:
        conditions["next_hop_in_list"] = some(rng, NEXT_HOP_RANGES, 2)
    if rng.random() < 0.1:
        conditions["afi_safi_in"] = [{"afi": afi, "safi": 1} for afi in some(rng, [1, 2], 2)]
    return conditions


def draw_community_action(rng, values, patterns):
    kind = rng.randint(0, 2)
    return {"type": kind, "communities": some(rng, patterns if kind == 1 else values, 3)}


def draw_actions(rng):
    actions = {"route_action": rng.choice([NONE, NONE, ACCEPT, ACCEPT, REJECT])}
    if rng.random() < 0.3:
        actions["community"] = draw_community_action(rng, COMMUNITIES, COMMUNITY_PATTERNS)
    if rng.random() < 0.2:
        actions["ext_community"] = draw_community_action(rng, EXT_COMMUNITIES, EXT_PATTERNS)
    if rng.random() < 0.2:
        actions["large_community"] = draw_community_action(rng, LARGE_COMMUNITIES, LARGE_PATTERNS)
    if rng.random() < 0.25:
        actions["med"] = {"type": rng.randint(0, 1), "value": rng.choice([0, 1, 10, 4000000000])}
        if actions["med"]["type"] == 0 and rng.random() < 0.5:
            actions["med"]["value"] *= -1
    if rng.random() < 0.25:
        actions["local_pref"] = {"value": rng.choice([50, 150, 4294967295])}
    if rng.random() < 0.25:
        actions["as_prepend"] = {"repeat": rng.randint(1, 4), **rng.choice([{"asn": 65001}, {"asn": 70000},
                                                                            {"use_left_most": True}])}
    if rng.random() < 0.2:
        actions["nexthop"] = rng.choice([{"address": "192.0.2.77"}, {"self": True}, {"unchanged": True}])
    return actions


def draw_case(seed, number, neighbors):
    rng = random.Random(f"{seed}/{number}")
    sets = [draw_set(rng, kind, f"set{number}-{kind}", neighbors) for kind in CONDITION_OF]
    statements = [{"name": f"statement{number}-{n}", "conditions": draw_conditions(rng, sets),
                   "actions": draw_actions(rng)} for n in range(rng.randint(1, 4))]
    used = {condition["name"] for statement in statements for condition in statement["conditions"].values()
            if isinstance(condition, dict) and "name" in condition}
    return Case(number, 1 + number % 2, [made for made in sets if made["name"] in used], statements,
                rng.choice([ACCEPT, REJECT]))


def draw_path(rng, first):
    path = ([first] if first else []) + [rng.choice(AS_NUMBERS) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
    if rng.random() < 0.15:
        path.append(frozenset(rng.sample(AS_NUMBERS, 2)))
    return tuple(path)


def draw_routes(seed, first_as, internal, share, shares):
    """Routes of one source; of each pool it gets every `shares`-th prefix."""
    rng = random.Random(f"{seed}/routes/{share}")
    routes = []
    for prefix in PREFIXES[share::shares] + PREFIXES6[share::shares]:
        more = {}
        if internal:
            more["local_pref"] = rng.choice([100, 100, 200])
        if rng.random() < 0.5:
            more["med"] = rng.choice([0, 5, 50, 4294967295])
        routes.append(Route(prefix, origin=rng.choice(["igp", "egp", "incomplete"]), as_path=draw_path(rng, first_as),
                            next_hop=rng.choice(NEXT_HOPS) if ":" not in prefix else "fd99::77",
                            communities=frozenset(rng.sample(COMMUNITIES, rng.randint(0, 3))),
                            large=frozenset(rng.sample(LARGE_COMMUNITIES, rng.choice([0, 0, 1, 2]))),
                            extended=frozenset(rng.sample(EXT_COMMUNITIES, rng.choice([0, 0, 1, 2]))), **more))
    return routes
