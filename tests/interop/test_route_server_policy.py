"""Policies of route server clients: what each condition and action does to routes on their way in and out.

One source (ExaBGP) and two clients (BIRD, GoBGP). An import policy is the source's and holds for what it announces,
whoever hears it; an export policy is the second client's, and the first must not notice. Ports of GoBGP's
route_server_policy_test (policies from the file) and route_server_policy_grpc_test (policies by command); the numbers
are those of its cases, which put the import policy at the client that hears the route: the daemon of that time filtered
there, 3.10 filters where it comes from, and so do we. The stock client asks.
"""
import contextlib
import dataclasses

import pytest

from dut import under_test
from lab import Lab, wait_for
from network import Network, heard, told
from route import Route

ASN, SOURCE_ASN = 65000, 65100
REJECT, ACCEPT = "reject-route", "accept-route"


@dataclasses.dataclass(frozen=True)
class Case:
    """A statement with its sets, the routes that are announced, and what becomes of them: {prefix: {field: value}}.
    Prefixes that are not in it must not be there; fields that are not must be as announced."""
    number: int
    name: str
    direction: str
    routes: tuple
    left: dict
    sets: tuple = ()
    action: str = ACCEPT
    conditions: dict = dataclasses.field(default_factory=dict)
    actions: dict = dataclasses.field(default_factory=dict)
    version: int = 4

    @property
    def in_table(self):
        """What the clients' tables have, and what who has no policy is told."""
        return self.left if self.direction == "import" else {route.prefix: {} for route in self.routes}


A, B, C = "192.168.100.0/24", "192.168.200.0/24", "192.168.120.0/24"
SHORT, LONG = "192.168.2.0/24", "192.168.0.0/15"
SHORT6, LONG6 = "2001::/64", "2001::/63"


def prefixes(*members):
    return ("prefix", "set0", members)


def case(number, name, direction, routes, left, **fields):
    """`left` as a list means: these prefixes, unchanged."""
    if not isinstance(left, dict):
        left = {prefix: {} for prefix in left}
    return Case(number, name, direction, tuple(routes), left, **fields)


def both(numbers, name, routes, changed, **fields):
    """The same on the way in and on the way out."""
    return [case(number, f"{name} on {direction}", direction, routes, changed, **fields)
            for number, direction in zip(numbers, ("import", "export")) if number]


TWO = (Route(SHORT), Route(LONG))
TWO6 = (Route(SHORT6), Route(LONG6))
TEN = tuple(range(65099, 65090, -1))
COMMUNITY = ("community", "set0", ("65100:10",))
MARKED = (Route(A, communities=frozenset({"65100:10"})),)
THREE = (*MARKED, Route(B, communities=frozenset({"65100:10", "65100:20"})),
         Route(C, communities=frozenset({"65100:10", "65100:30"})))
SOME = (Route(A, communities=frozenset({"65100:10", "65100:20", "65100:30"})),)
COMMUNITY_IS = {"bgp-conditions": {"match-community-set": {"community-set": "set0"}}}
PREFIX_IS = {"match-prefix-set": {"prefix-set": "set0"}}
AS_PATH_IS = {"bgp-conditions": {"match-as-path-set": {"as-path-set": "set0"}}}
EXTENDED_IS = {"bgp-conditions": {"match-ext-community-set": {"ext-community-set": "set0"}}}


def set_community(option, *values, kind=""):
    return {f"set-{kind}community": {"options": option, f"set-{kind}community-method": {"communities-list": list(values)}}}


def as_path(number, name, pattern, hit, miss):
    return case(number, f"AS path {name}", "import", (Route(A, as_path=hit), Route(B, as_path=miss)), [B],
                sets=(("as-path", "set0", (pattern,)),), conditions=AS_PATH_IS, action=REJECT)


CASES = [
    *both((1, 2), "prefix set", TWO, [LONG], sets=(prefixes(("192.168.0.0/16", "16..24")),), conditions=PREFIX_IS,
          action=REJECT),
    *both((5, 6), "IPv6 prefix set", TWO6, [LONG6], sets=(prefixes(("2001::/32", "64..128")),), conditions=PREFIX_IS,
          action=REJECT, version=6),
    case(9, "AS path length", "import", (Route(A, as_path=TEN), Route(B, as_path=TEN[:7])), [B], action=REJECT,
         conditions={"bgp-conditions": {"as-path-length": {"operator": "ge", "value": 10}}}),
    as_path(10, "begins", "^65100_65098", (65098, 65090), (65090, 65098)),
    as_path(11, "contains", "65098", (65098, 65010), (65101, 65010)),
    as_path(12, "ends", "65090$", (65098, 65090), (65101, 65010)),
    as_path(13, "is", "^65100$", (), (65101, 65010)),
    case(14, "mismatch", "import", (Route(A, as_path=(65090,)), Route(B, as_path=(65101,))), [A, B], sets=(COMMUNITY,),
         conditions=COMMUNITY_IS, action=REJECT),
    case(15, "community", "import", (*MARKED, Route(B, communities=frozenset({"65100:20"}))), [B], sets=(COMMUNITY,),
         conditions=COMMUNITY_IS, action=REJECT),
    case(16, "community pattern", "import", (*MARKED, Route(B, communities=frozenset({"55100:20"}))), [B],
         sets=(("community", "set0", ("6[0-9]+:[0-9]+",)),), conditions=COMMUNITY_IS, action=REJECT),
    *both((17, 21), "community added", MARKED, {A: {"communities": {"65100:10", "65100:20"}}}, sets=(COMMUNITY,),
          conditions=COMMUNITY_IS, actions=set_community("add", "65100:20")),
    *both((18, 22), "community replaced", MARKED, {A: {"communities": {"65100:20"}}}, sets=(COMMUNITY,),
          conditions=COMMUNITY_IS, actions=set_community("replace", "65100:20")),
    case(19, "communities removed on import", "import", THREE,
         {A: {"communities": set()}, B: {"communities": set()}, C: {"communities": {"65100:30"}}}, sets=(COMMUNITY,),
         conditions=COMMUNITY_IS, actions=set_community("remove", "65100:10", "65100:20")),
    case(20, "communities replaced by none on import", "import", THREE,
         {prefix: {"communities": set()} for prefix in (A, B, C)}, sets=(COMMUNITY,), conditions=COMMUNITY_IS,
         actions=set_community("replace")),
    case(23, "communities removed on export", "export", SOME, {A: {"communities": {"65100:10"}}}, sets=(COMMUNITY,),
         conditions=COMMUNITY_IS, actions=set_community("remove", "65100:20", "65100:30")),
    case(24, "communities replaced by none on export", "export", SOME, {A: {"communities": set()}}, sets=(COMMUNITY,),
         conditions=COMMUNITY_IS, actions=set_community("replace")),
    *both((25, 28), "MED set", (Route(A, med=300),), {A: {"med": 100}}, actions={"set-med": "100"}),
    *both((26, 29), "MED added to", (Route(A, med=300),), {A: {"med": 400}}, actions={"set-med": "+100"}),
    *both((27, 30), "MED taken from", (Route(A, med=300),), {A: {"med": 200}}, actions={"set-med": "-100"}),
    case(37, "AS path prepended on export", "export", (Route(A), Route(B)),
         {A: {"as_path": (65005,) * 5 + (SOURCE_ASN,)}, B: {}}, sets=(prefixes((A, "")),), conditions=PREFIX_IS,
         actions={"set-as-path-prepend": {"repeat-n": 5, "as": "65005"}}),
    *both((38, 39), "AS path prepended by its first", (Route(A), Route(B)), {A: {"as_path": (SOURCE_ASN,) * 6}, B: {}},
          sets=(prefixes((A, "")),), conditions=PREFIX_IS,
          actions={"set-as-path-prepend": {"repeat-n": 5, "as": "last-as"}}),
    case(40, "site of origin", "import", (Route(A, extended=frozenset({"soo:65001:200"})),
                                          Route(B, extended=frozenset({"soo:65001:100"}))), [B],
         sets=(("ext-community", "set0", ("SoO:65001:200",)),), conditions=EXTENDED_IS, action=REJECT),
    case(41, "route target pattern", "import", (Route(A, extended=frozenset({"rt:65010:320"})),
                                                Route(B, extended=frozenset({"rt:55000:320"}))), [B],
         sets=(("ext-community", "set0", ("RT:6[0-9]+:3[0-9]+",)),), conditions=EXTENDED_IS, action=REJECT),
    *both((43, 46), "route target added", (Route(A),), {A: {"extended": {"rt:65000:1"}}}, sets=(prefixes((A, "")),),
          conditions=PREFIX_IS, actions=set_community("add", "rt:65000:1", kind="ext-")),
    case(44, "route target added to another", "import", (Route(A, extended=frozenset({"rt:65000:1"})),),
         {A: {"extended": {"rt:65000:1", "rt:65100:100"}}}, sets=(prefixes((A, "")),), conditions=PREFIX_IS,
         actions=set_community("add", "rt:65100:100", kind="ext-")),
    case(45, "route targets added", "import", (Route(A),), {A: {"extended": {"rt:65100:100", "rt:100:100"}}},
         sets=(prefixes((A, "")),), conditions=PREFIX_IS,
         actions=set_community("add", "rt:65100:100", "rt:100:100", kind="ext-")),
]


@pytest.fixture(scope="module")
def server4():
    yield from serve(4)


@pytest.fixture(scope="module")
def server6():
    yield from serve(6)


@pytest.fixture
def server(request, one):
    """The network of a case's family; both live as long as the module."""
    return request.getfixturevalue(f"server{one.version}")


def serve(version):
    """A route server over IPv4 or IPv6 with a source and two clients."""
    with Lab(f"route-server-{version}") as lab:
        network = Network(lab)
        network.version = version
        network.server, network.source = network.dut(ASN), network.add("exabgp", SOURCE_ASN)
        network.first, network.second = network.add("bird", 65001), network.add("gobgpd", 65002)
        for client in (network.source, network.first, network.second):
            network.connect(network.server, client, {"extra": {"route-server": {"route-server-client": True}}},
                            version=version)
        network.start()
        yield network


# How a case's policy gets into the server -----------------------------------------------------------------------------

SET_TABLES = {"prefix": "prefix-sets", "neighbor": "neighbor-sets", "as-path": "as-path-sets",
              "community": "community-sets", "ext-community": "ext-community-sets"}


def defined_sets(sets):
    """The file's table of sets."""
    table = {}
    for kind, name, members in sets:
        if kind == "prefix":
            members = [{"ip-prefix": prefix, **({"masklength-range": lengths} if lengths else {})}
                       for prefix, lengths in members]
        member_list = "neighbor-info-list" if kind == "neighbor" else f"{kind}-list"
        place = table if kind in ("prefix", "neighbor") else table.setdefault("bgp-defined-sets", {})
        place.setdefault(SET_TABLES[kind], []).append({f"{kind}-set-name": name, member_list: list(members)})
    return table


def apply_by_file(network, one):
    """A policy in the file, and the second client's apply-policy."""
    actions = {"route-disposition": one.action, **({"bgp-actions": one.actions} if one.actions else {})}
    statement = {"name": "statement0", "conditions": one.conditions, "actions": actions}
    network.server.more.update({"defined-sets": defined_sets(one.sets),
                                "policy-definitions": [{"name": "policy0", "statements": [statement]}]})
    set_apply(network, one, {f"{one.direction}-policy-list": ["policy0"], f"default-{one.direction}-policy": ACCEPT})


def owner(network, one):
    """Whose policy it is: the server's session with him."""
    return network.session(network.server, network.source if one.direction == "import" else network.second)


def set_apply(network, one, config):
    server, session = network.server, owner(network, one)
    extra = {key: value for key, value in session.extra.items() if key != "apply-policy"}
    if config:
        extra["apply-policy"] = config
    server.sessions[server.sessions.index(session)] = dataclasses.replace(session, extra=extra)
    server.reload()
    wait_for(lambda: ("policy0" in server.cli("neighbor", session.remote, "policy")) == bool(config),
             "the file is read", 10)


def apply_by_command(network, one):
    say = network.server.cli
    for kind, name, members in one.sets:
        for member in members:
            say("policy", kind, "add", name, *(word for word in (member if kind == "prefix" else (member,)) if word))
    say("policy", "statement", "add", "statement0")
    for words in condition_words(one.conditions):
        say("policy", "statement", "statement0", "add", "condition", *words)
    for words in action_words(one.actions):
        say("policy", "statement", "statement0", "add", "action", *words)
    say("policy", "statement", "statement0", "add", "action", one.action.removesuffix("-route"))
    say("policy", "add", "policy0", "statement0")
    say("neighbor", owner(network, one).remote, "policy", one.direction, "add", "policy0", "default", "accept")


def condition_words(conditions):
    for key, value in {**conditions, **conditions.get("bgp-conditions", {})}.items():
        if key == "as-path-length":
            yield "as-path-length", value["value"], value["operator"]
        elif key.startswith("match-"):
            kind = key.removeprefix("match-").removesuffix("-set")
            yield kind, value[f"{kind}-set"]


def action_words(actions):
    for key, value in actions.items():
        if key == "set-med":
            verb = {"+": "add", "-": "sub"}.get(value[0], "set")
            yield "med", verb, value.lstrip("+-")
        elif key == "set-as-path-prepend":
            yield "as-prepend", value["as"], value["repeat-n"]
        else:
            kind = key.removeprefix("set-")
            yield kind, value["options"], *value[f"{key}-method"]["communities-list"]


def unapply_by_command(network, one):
    say = network.server.cli
    say("neighbor", owner(network, one).remote, "policy", one.direction, "set", "default", "accept")
    say("policy", "del", "policy0")
    say("policy", "statement", "del", "statement0")
    for kind, name, _ in one.sets:
        say("policy", kind, "del", name)


# What is looked at ----------------------------------------------------------------------------------------------------

def announced(network, route):
    """`route` as it arrives at a client that nothing is done to: the source's AS in front, next hop untouched."""
    return route.but(as_path=(SOURCE_ASN, *route.as_path), next_hop=network.source.host.address(network.version))


def expected(network, one, changes):
    routes = {route.prefix: announced(network, route) for route in one.routes}
    return {prefix: routes[prefix].but(**{field: frozenset(value) if isinstance(value, set) else value
                                          for field, value in fields.items()})
            for prefix, fields in changes.items()}


FIELDS = ("origin", "as_path", "next_hop", "med", "communities", "extended")


def same(table, routes):
    return set(table) == set(routes) and all(
        len(table[prefix]) == 1 and all(getattr(table[prefix][0], field) == getattr(route, field) for field in FIELDS)
        for prefix, route in routes.items())


def wait_same(look, routes, what):
    state = {}

    def look_again():
        state["table"] = look()
        return same(state["table"], routes)

    wait_for(look_again, lambda: f"{what}: {routes}\nthere: {state['table']}", 20)


def check(network, one):
    server, version = network.server, network.version
    in_table, left = expected(network, one, one.in_table), expected(network, one, one.left)
    for client, routes in ((network.first, in_table), (network.second, left)):
        wait_same(lambda: told(server, client, version), routes, "told")
        wait_same(lambda: heard(client, server, version), routes, "heard")
        wait_same(lambda: server.local(network.session(server, client), version), in_table, "in the client's table")


@contextlib.contextmanager
def policy(network, one, way):
    """The case's policy and routes, for as long as it takes."""
    (apply_by_file if way == "file" else apply_by_command)(network, one)
    network.source.announce(*one.routes)
    try:
        yield
    finally:
        network.source.withdraw(*(route.prefix for route in one.routes))
        if way == "file":
            network.server.more.update({"defined-sets": {}, "policy-definitions": []})
            set_apply(network, one, None)
        else:
            unapply_by_command(network, one)
        wait_for(lambda: not heard(network.first, network.server, network.version), "no route is left")


def each_way(cases):
    """Every case by every way it has. An empty list of communities cannot be typed, and GoBGP overlooks it in a file; it
    takes `last-as` that was typed for AS 0."""
    for one in cases:
        empty = any(not value[f"{key}-method"]["communities-list"] for key, value in one.actions.items()
                    if key.endswith("community"))
        last_as = one.actions.get("set-as-path-prepend", {}).get("as") == "last-as"
        for way in ("file", "command"):
            judged = under_test() == "godwitd" or not (empty or (last_as and way == "command"))
            if judged and not (empty and way == "command"):
                yield pytest.param(one, way, id=f"{one.number}-{one.name}-by-{way}".replace(" ", "-"))


@pytest.mark.parametrize("one, way", each_way(CASES))
def test_policy_of_a_client(server, one, way):
    with policy(server, one, way):
        check(server, one)


MANY = ("192.168.2.0/24", "192.168.20.0/24", "192.168.200.0/24")
MANY6 = ("2001:0:10:2::/64", "2001:0:10:20::/64", "2001:0:10:200::/64")
UPDATES = [case(number, f"prefix set grows smaller, {direction} of IPv{version}", direction,
                [Route(prefix) for prefix in many], many[:1], version=version, conditions=PREFIX_IS, action=REJECT,
                sets=(prefixes((many[1], ""), (many[2], "")),))
           for number, direction, version, many in ((3, "import", 4, MANY), (4, "export", 4, MANY),
                                                    (7, "import", 6, MANY6), (8, "export", 6, MANY6))]


@pytest.mark.parametrize("one, way", each_way(UPDATES))
def test_policy_that_changes(server, one, way):
    """A prefix less in the set: it comes through after a soft reset, which we do not need."""
    with policy(server, one, way):
        check(server, one)
        again = dataclasses.replace(one, sets=(prefixes((one.routes[1].prefix, "")),),
                                    left={route.prefix: {} for route in one.routes[::2]})
        if way == "file":
            server.server.more["defined-sets"] = defined_sets(again.sets)
            server.server.reload()
        else:
            server.server.cli("policy", "prefix", "del", "set0", one.routes[2].prefix)
        if under_test() != "godwitd":
            for client in (server.source, server.second):
                server.server.cli("neighbor", server.session(server.server, client).remote, "softreset", "-a",
                                  f"ipv{server.version}")
        check(server, again)


def test_a_rejected_path_takes_the_accepted_one_with_it(server4):
    """48: a path that ends with the source's AS is accepted; when a longer one replaces it, the route is gone (RFC 4271
    3.1: an announcement replaces the one before it)."""
    network = server4
    say, prefix = network.server.cli, "192.168.0.0/24"
    say("policy", "as-path", "add", "set0", f"_{SOURCE_ASN}$")
    say("policy", "statement", "add", "statement0")
    say("policy", "statement", "statement0", "add", "condition", "as-path", "set0")
    say("policy", "statement", "statement0", "add", "action", "accept")
    say("policy", "add", "policy0", "statement0")
    remote = network.session(network.server, network.source).remote
    say("neighbor", remote, "policy", "import", "add", "policy0", "default", "reject")
    try:
        network.source.announce(Route(prefix))
        wait_for(lambda: prefix in heard(network.second, network.server), "accepted")
        network.source.announce(Route(prefix, as_path=(65003,)))
        for client in (network.first, network.second):
            wait_for(lambda: prefix not in heard(client, network.server), "gone")
            assert prefix not in network.server.local(network.session(network.server, client))
        assert prefix in network.server.received(network.session(network.server, network.source))
    finally:
        network.source.withdraw(prefix)
        say("neighbor", remote, "policy", "import", "set", "default", "accept")
        say("policy", "del", "policy0")
        say("policy", "statement", "del", "statement0")
        say("policy", "as-path", "del", "set0")
