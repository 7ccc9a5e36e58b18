"""The policy methods of godwitd's API, as any client sees them."""
import grpc
import pytest
from google.protobuf.any_pb2 import Any

import api_lab as lab

pytestmark = pytest.mark.skipif(not (lab.BUILD / "godwitd").exists(), reason="godwitd is not built")

PREFIX, NEIGHBOR, TAG, AS_PATH, COMMUNITY, EXT_COMMUNITY, LARGE_COMMUNITY, NEXT_HOP = range(8)
IMPORT, EXPORT = 1, 2
NONE, ACCEPT, REJECT = 0, 1, 2


@pytest.fixture(scope="module")
def contracts(tmp_path_factory):
    return lab.contracts(tmp_path_factory.mktemp("contracts"))


class Policies:
    """The methods, with requests from keyword arguments."""

    def __init__(self, contracts, daemon):
        self.contract = contracts[0]
        self.client = lab.Client(daemon.channel, self.contract.DESCRIPTOR.services_by_name["GobgpApi"])

    def __getattr__(self, method):
        def call(**fields):
            answer = getattr(self.client, method)(getattr(self.contract, method + "Request")(**fields))
            return list(answer) if method.startswith("List") else answer
        return call

    def refusal(self, method, **fields):
        with pytest.raises(grpc.RpcError) as caught:
            getattr(self, method)(**fields)
        assert caught.value.code() == grpc.StatusCode.UNKNOWN
        return caught.value.details()

    def members(self, kind, name=""):
        found = {}
        for answer in self.ListDefinedSet(defined_type=kind, name=name):
            members = found.setdefault(answer.defined_set.name, [])
            members += answer.defined_set.list
            members += [f"{item.ip_prefix} {item.mask_length_min}..{item.mask_length_max}"
                        for item in answer.defined_set.prefixes]
        return found

    def assigned(self, name="", direction=0):
        return [(answer.assignment.name, answer.assignment.direction, answer.assignment.default_action,
                 [policy.name for policy in answer.assignment.policies])
                for answer in self.ListPolicyAssignment(name=name, direction=direction)]


@pytest.fixture(scope="module")
def started_once(contracts, tmp_path_factory):
    daemon = lab.Godwitd(tmp_path_factory.mktemp("daemon"))
    yield daemon
    assert daemon.stop() == 0, daemon.log.read_text()[-3000:]


@pytest.fixture
def policies(contracts, started_once):
    """A speaker that has just been started, with one neighbor."""
    made = Policies(contracts, started_once)
    made.StartBgp(**{"global": {"asn": 65001, "router_id": "10.255.0.1", "listen_port": -1}})
    made.AddPeer(peer={"conf": {"neighbor_address": "192.0.2.7", "peer_asn": 65002},
                       "transport": {"passive_mode": True}})
    yield made
    made.StopBgp()


def test_nothing_without_a_speaker(contracts, started_once):
    policies = Policies(contracts, started_once)
    for method, fields in [("AddDefinedSet", {"defined_set": {"name": "s"}}), ("ListDefinedSet", {}),
                           ("AddStatement", {"statement": {"name": "s"}}), ("ListStatement", {}), ("ListPolicy", {}),
                           ("AddPolicy", {"policy": {"name": "p"}}), ("ListPolicyAssignment", {"name": "global"}),
                           ("SetPolicies", {}),
                           ("SetPolicyAssignment", {"assignment": {"name": "global", "direction": 1}})]:
        assert policies.refusal(method, **fields) == "bgp server hasn't started yet"


def test_prefix_sets(policies):
    policies.AddDefinedSet(defined_set={"defined_type": PREFIX, "name": "b", "prefixes": [
        {"ip_prefix": "10.0.0.0/8", "mask_length_min": 16, "mask_length_max": 24},
        {"ip_prefix": "192.0.2.77/24", "mask_length_min": 24, "mask_length_max": 32}]})
    policies.AddDefinedSet(defined_set={"defined_type": PREFIX, "name": "b", "prefixes": [
        {"ip_prefix": "10.0.0.0/8", "mask_length_min": 8, "mask_length_max": 8}]})
    policies.AddDefinedSet(defined_set={"defined_type": PREFIX, "name": "a", "prefixes": [
        {"ip_prefix": "2001:db8::/32", "mask_length_min": 32, "mask_length_max": 128}]})
    policies.AddDefinedSet(defined_set={"defined_type": PREFIX, "name": "empty"})
    listed = policies.members(PREFIX)
    assert list(listed) == ["a", "b", "empty"]
    assert listed["a"] == ["2001:db8::/32 32..128"] and listed["empty"] == []
    assert sorted(listed["b"]) == ["10.0.0.0/8 16..24", "10.0.0.0/8 8..8", "192.0.2.0/24 24..32"]
    assert list(policies.members(PREFIX, "a")) == ["a"]
    policies.DeleteDefinedSet(defined_set={"defined_type": PREFIX, "name": "b", "prefixes": [
        {"ip_prefix": "10.0.0.0/8", "mask_length_min": 16, "mask_length_max": 24}]})
    assert sorted(policies.members(PREFIX, "b")["b"]) == ["10.0.0.0/8 8..8", "192.0.2.0/24 24..32"]
    policies.AddDefinedSet(replace=True, defined_set={"defined_type": PREFIX, "name": "b", "prefixes": [
        {"ip_prefix": "172.16.0.0/12", "mask_length_min": 12, "mask_length_max": 12}]})
    assert policies.members(PREFIX, "b") == {"b": ["172.16.0.0/12 12..12"]}
    policies.DeleteDefinedSet(all=True, defined_set={"defined_type": PREFIX, "name": "b"})
    assert list(policies.members(PREFIX)) == ["a", "empty"]


@pytest.mark.parametrize("kind, said, listed", [
    (NEIGHBOR, ["192.0.2.1/32", "198.51.100.0/24", "2001:db8::1/128"], None),
    (AS_PATH, ["^65001_", "^6500[1-3] .*$"], None),
    (COMMUNITY, ["65001:100", "65536", "no-export", "^65001:.*$"],
     ["^65001:100$", "^1:0$", "^65535:65281$", "^65001:.*$"]),
    (EXT_COMMUNITY, ["rt:65001:100", "soo:65001:.*"], ["rt:^65001:100$", "soo:65001:.*"]),
    (LARGE_COMMUNITY, ["65001:1:2", "65001:.*:3"], ["^65001:1:2$", "65001:.*:3"]),
])
def test_other_sets(policies, kind, said, listed):
    policies.AddDefinedSet(defined_set={"defined_type": kind, "name": "s", "list": said[:1]})
    policies.AddDefinedSet(defined_set={"defined_type": kind, "name": "s", "list": said[1:]})
    assert policies.members(kind) == {"s": listed or said}
    policies.DeleteDefinedSet(defined_set={"defined_type": kind, "name": "s", "list": said[:1]})
    assert policies.members(kind) == {"s": (listed or said)[1:]}
    policies.AddDefinedSet(replace=True, defined_set={"defined_type": kind, "name": "s", "list": said[:1]})
    assert policies.members(kind) == {"s": (listed or said)[:1]}
    policies.DeleteDefinedSet(all=True, defined_set={"defined_type": kind, "name": "s"})
    assert policies.members(kind) == {}


@pytest.mark.parametrize("made, complaint", [
    ({"defined_type": PREFIX}, "empty neighbor set name"),
    ({"defined_type": TAG, "name": "s"}, "invalid defined type"),
    ({"defined_type": NEXT_HOP, "name": "s"}, "invalid defined type"),
    ({"defined_type": 99, "name": "s"}, "invalid defined type"),
    ({"name": "s", "prefixes": [{"ip_prefix": "10.0.0.0"}]}, "invalid CIDR address: 10.0.0.0"),
    ({"name": "s", "prefixes": [{"ip_prefix": "10.0.0.0/8", "mask_length_min": 9, "mask_length_max": 8}]},
     "invalid mask length range: 9..8"),
    ({"name": "s", "prefixes": [{"ip_prefix": "10.0.0.0/8", "mask_length_min": 9, "mask_length_max": 33}]},
     "invalid mask length range: 9..33"),
    ({"name": "s", "prefixes": [{"ip_prefix": "10.0.0.0/8", "mask_length_min": 8, "mask_length_max": 8},
                                {"ip_prefix": "::/0", "mask_length_max": 0}]}, "multiple families"),
    ({"defined_type": NEIGHBOR, "name": "s", "list": ["nonsense"]}, "invalid address or prefix: nonsense"),
    ({"defined_type": AS_PATH, "name": "s", "list": ["("]}, "invalid regular expression: ("),
    ({"name": "n" * 256}, "the name of a set is longer than 255 bytes"),
    ({"defined_type": AS_PATH, "name": "s", "list": ["1" * 1024]}, "a member of a set is longer than 1023 bytes"),
])
def test_refused_sets(policies, made, complaint):
    assert complaint in policies.refusal("AddDefinedSet", defined_set=made)
    assert all(policies.members(kind) == {} for kind in (PREFIX, NEIGHBOR, AS_PATH))


def test_requests_without_what_they_are_about(policies):
    for method in ("AddDefinedSet", "DeleteDefinedSet", "AddStatement", "DeleteStatement", "AddPolicy", "DeletePolicy",
                   "AddPolicyAssignment", "DeletePolicyAssignment", "SetPolicyAssignment"):
        assert policies.refusal(method) == "nil request"
    assert policies.refusal("ListDefinedSet", defined_type=TAG) == "invalid defined-set type: 2"
    assert policies.refusal("DeleteDefinedSet", defined_set={"name": "s"}, all=True) == "not found defined-set: s"
    assert policies.refusal("DeleteStatement", statement={"name": "s"}, all=True) == "not found statement: s"
    assert policies.refusal("DeletePolicy", policy={"name": "p"}, all=True) == "not found policy: p"


def test_a_large_set_comes_in_several_messages(policies):
    prefixes = [{"ip_prefix": f"10.{n >> 8}.{n & 255}.0/24", "mask_length_min": 24, "mask_length_max": 24}
                for n in range(60000)]
    for at in range(0, len(prefixes), 20000):
        policies.AddDefinedSet(defined_set={"defined_type": PREFIX, "name": "many",
                                            "prefixes": prefixes[at:at + 20000]})
    assert len(policies.ListDefinedSet(defined_type=PREFIX)) > 1
    assert len(set(policies.members(PREFIX)["many"])) == 60000


SETS = [(PREFIX, "prefix_set"), (NEIGHBOR, "neighbor_set"), (AS_PATH, "as_path_set"), (COMMUNITY, "community_set"),
        (EXT_COMMUNITY, "ext_community_set"), (LARGE_COMMUNITY, "large_community_set")]

CONDITIONS = [
    *[{condition: {"name": "s", "type": option}} for _, condition in SETS for option in (0, 1, 2)
      if option != 1 or condition not in ("prefix_set", "neighbor_set")],
    *[{"as_path_length": {"type": kind, "length": 3}} for kind in (0, 1, 2)],
    *[{"community_count": {"type": kind, "count": 3}} for kind in (0, 1, 2)],
    *[{"rpki_result": state} for state in (1, 2, 3)], *[{"route_type": kind} for kind in (1, 2, 3)],
    {"next_hop_in_list": ["192.0.2.1/32", "198.51.100.0/24", "2001:db8::1/128"]},
    {"afi_safi_in": [{"afi": 1, "safi": 1}, {"afi": 2, "safi": 1}]},
    *[{"origin": origin} for origin in (1, 2, 3)], {"local_pref_eq": {"value": 0}}, {"med_eq": {"value": 7}},
]

ACTIONS = [
    {"route_action": ACCEPT}, {"route_action": REJECT},
    {"community": {"type": 0, "communities": ["65001:1", "65535:65281"]}},
    {"community": {"type": 1, "communities": ["^65001:.*$"]}},
    {"community": {"type": 2, "communities": ["65001:1"]}},
    {"ext_community": {"type": 0, "communities": ["rt:65001:1", "soo:192.0.2.1:5"]}},
    {"ext_community": {"type": 1, "communities": ["rt:65001:.*"]}},
    {"large_community": {"type": 2, "communities": ["65001:1:2"]}},
    *[{"med": {"type": kind, "value": value}} for kind, value in ((0, 10), (0, -10), (1, 4294967295))],
    {"local_pref": {"value": 150}}, {"as_prepend": {"asn": 65001, "repeat": 2}},
    {"as_prepend": {"use_left_most": True, "repeat": 3}}, {"nexthop": {"address": "192.0.2.9"}},
    {"nexthop": {"address": "2001:db8::9"}}, {"nexthop": {"self": True}}, {"nexthop": {"unchanged": True}},
    {"nexthop": {"peer_address": True}}, *[{"origin_action": {"origin": origin}} for origin in (1, 2, 3)],
]


def test_what_a_statement_says_is_listed(policies):
    for kind, _ in SETS:
        policies.AddDefinedSet(defined_set={"defined_type": kind, "name": "s"})
    said = {}
    for n, conditions in enumerate(CONDITIONS):
        said[f"condition{n}"] = policies.contract.Statement(
            name=f"condition{n}", conditions={"rpki_result": -1, **conditions}, actions={})
    for n, actions in enumerate(ACTIONS):
        said[f"action{n}"] = policies.contract.Statement(
            name=f"action{n}", conditions={"rpki_result": -1}, actions=actions)
    for statement in said.values():
        policies.AddStatement(statement=statement)
    assert {answer.statement.name: answer.statement for answer in policies.ListStatement()} == said
    for name, statement in said.items():
        policies.DeleteStatement(statement=statement)  # what it says; it stays, and says nothing
        left = policies.ListStatement(name=name)[0].statement
        assert left == policies.contract.Statement(name=name, conditions={"rpki_result": -1}, actions={})
        policies.DeleteStatement(statement={"name": name}, all=True)
    assert policies.ListStatement() == []


def test_words_that_the_stock_client_sends(policies):
    """It has no other way to say them."""
    for n, address in enumerate(["self", "Unchanged", "peer-address"]):
        policies.AddStatement(statement={"name": f"n{n}", "actions": {"nexthop": {"address": address}}})
    policies.AddStatement(statement={"name": "p", "actions": {"as_prepend": {"asn": 0, "repeat": 2}}})
    actions = {answer.statement.name: answer.statement.actions for answer in policies.ListStatement()}
    assert getattr(actions["n0"].nexthop, "self") and actions["n1"].nexthop.unchanged
    assert actions["n2"].nexthop.peer_address and actions["p"].as_prepend.use_left_most


@pytest.mark.parametrize("statement, complaint", [
    ({}, "empty statement name"),
    ({"name": "s", "conditions": {"prefix_set": {"name": "x"}}}, "not found prefix set x"),
    ({"name": "s", "conditions": {"neighbor_set": {"name": "x"}}}, "not found neighbor set x"),
    ({"name": "s", "conditions": {"as_path_set": {"name": "x"}}}, "not found as path set x"),
    ({"name": "s", "conditions": {"community_set": {"name": "x"}}}, "not found community set x"),
    ({"name": "s", "conditions": {"ext_community_set": {"name": "x"}}}, "not found ext-community set x"),
    ({"name": "s", "conditions": {"large_community_set": {"name": "x"}}}, "not found large-community set x"),
    ({"name": "s", "conditions": {"prefix_set": {"name": "x", "type": 1}}}, "invalid match type"),
    ({"name": "s", "conditions": {"as_path_set": {"name": "x", "type": 7}}}, "invalid match type"),
    ({"name": "s", "conditions": {"as_path_length": {"type": 7}}}, "invalid comparison: 7"),
    ({"name": "s", "conditions": {"rpki_result": 4}}, "invalid rpki validation result: 4"),
    ({"name": "s", "conditions": {"route_type": 4}}, "invalid route type: 4"),
    ({"name": "s", "conditions": {"origin": 4}}, "invalid origin: 4"),
    ({"name": "s", "conditions": {"next_hop_in_list": ["x"]}}, "invalid address or prefix: x"),
    ({"name": "s", "conditions": {"afi_safi_in": [{"afi": 9, "safi": 9}]}}, "unknown afi-safi-in type value: afi:9 safi:9"),
    ({"name": "s", "actions": {"community": {"communities": ["x"]}}}, "failed to parse x as community"),
    ({"name": "s", "actions": {"community": {"type": 7}}}, "invalid option name: 7"),
    ({"name": "s", "actions": {"ext_community": {"communities": ["x"]}}}, "invalid ext-community"),
    ({"name": "s", "actions": {"large_community": {"communities": ["1:2"]}}}, "invalid large community format"),
    ({"name": "s", "actions": {"nexthop": {"address": "x"}}}, "invalid ip address format: x"),
    ({"name": "s", "actions": {"as_prepend": {"asn": 1, "repeat": 256}}},
     "AS numbers are prepended 255 times at most, not 256"),
])
def test_refused_statements(policies, statement, complaint):
    assert complaint in policies.refusal("AddStatement", statement=statement)
    assert policies.ListStatement() == []


def test_statements_grow_and_shrink(policies):
    policies.AddStatement(statement={"name": "s", "conditions": {"route_type": 1}, "actions": {"route_action": ACCEPT}})
    assert policies.refusal("AddStatement", statement={"name": "s", "conditions": {"route_type": 2}}) == \
        "condition 7 is already set"
    assert policies.refusal("AddStatement", statement={"name": "s", "actions": {"route_action": REJECT}}) == \
        "route action is already set"
    policies.AddStatement(statement={"name": "s", "actions": {"local_pref": {"value": 5}}})
    listed = policies.ListStatement(name="s")[0].statement
    assert (listed.conditions.route_type, listed.actions.route_action, listed.actions.local_pref.value) == (1, 1, 5)
    policies.AddPolicy(policy={"name": "p", "statements": [{"name": "s"}]}, refer_existing_statements=True)
    assert policies.refusal("DeleteStatement", statement={"name": "s"}, all=True) == \
        "can't delete. statement s is in use"


def test_policies(policies):
    policies.AddDefinedSet(defined_set={"name": "set"})
    policies.AddPolicy(policy={"name": "p", "statements": [
        {"conditions": {"prefix_set": {"name": "set"}}, "actions": {"route_action": REJECT}}, {"name": "last"}]})
    assert [[statement.name for statement in answer.policy.statements] for answer in policies.ListPolicy(name="p")] == \
        [["p_stmt0", "last"]]
    assert policies.refusal("DeleteDefinedSet", defined_set={"name": "set"}, all=True) == \
        "can't delete. defined-set set is in use"
    assert policies.refusal("AddPolicy", policy={}) == "empty policy name"
    assert policies.refusal("AddPolicy", policy={"name": "q", "statements": [{"name": "x"}]},
                            refer_existing_statements=True) == "not found statement x"
    assert "q" not in [answer.policy.name for answer in policies.ListPolicy()]
    policies.AddPolicy(policy={"name": "o"})
    assert [answer.policy.name for answer in policies.ListPolicy()] == ["o", "p"]
    policies.SetPolicyAssignment(assignment={"name": "global", "direction": IMPORT, "policies": [{"name": "p"}],
                                             "default_action": ACCEPT})
    assert policies.refusal("DeletePolicy", policy={"name": "p"}, all=True) == "can't delete. policy p is in use"
    policies.DeletePolicy(policy={"name": "p", "statements": [{"name": "p_stmt0"}]})
    assert [answer.statement.name for answer in policies.ListStatement()] == ["last"]
    policies.DeletePolicyAssignment(assignment={"name": "global", "direction": IMPORT, "policies": [{"name": "p"}]})
    policies.DeletePolicy(policy={"name": "p"}, all=True, preserve_statements=True)
    assert [answer.policy.name for answer in policies.ListPolicy()] == ["o"]
    assert [answer.statement.name for answer in policies.ListStatement()] == ["last"]


def test_assignments(policies):
    for name in "abc":
        policies.AddPolicy(policy={"name": name})
    assert policies.assigned("global") == [("global", EXPORT, ACCEPT, []), ("global", IMPORT, ACCEPT, [])]
    at = {"name": "global", "direction": IMPORT}
    policies.AddPolicyAssignment(assignment={**at, "policies": [{"name": "a"}, {"name": "b"}], "default_action": REJECT})
    policies.AddPolicyAssignment(assignment={**at, "policies": [{"name": "c"}]})
    assert policies.assigned("global", IMPORT) == [("global", IMPORT, REJECT, ["a", "b", "c"])]
    assert policies.refusal("AddPolicyAssignment", assignment={**at, "policies": [{"name": "c"}]}) == "duplicated policy c"
    assert policies.refusal("SetPolicyAssignment", assignment={**at, "policies": [{"name": "x"}]}) == "not found policy x"
    policies.SetPolicyAssignment(assignment={**at, "policies": [{"name": "b"}]})
    assert policies.assigned("global", IMPORT) == [("global", IMPORT, REJECT, ["b"])]
    policies.DeletePolicyAssignment(assignment=at, all=True)
    assert policies.assigned("global", IMPORT) == [("global", IMPORT, NONE, [])]
    own = {"name": "192.0.2.7", "direction": EXPORT}
    policies.SetPolicyAssignment(assignment={**own, "policies": [{"name": "a"}], "default_action": REJECT})
    assert policies.assigned("192.0.2.7", EXPORT) == [("192.0.2.7", EXPORT, REJECT, ["a"])]
    assert ("192.0.2.7", EXPORT, REJECT, ["a"]) in policies.assigned()
    for assignment, complaint in [({"direction": IMPORT}, "empty table name"), ({"name": "global"}, "invalid policy type"),
                                  ({"name": "192.0.2.8", "direction": IMPORT}, "not found peer 192.0.2.8"),
                                  ({"name": "global", "direction": 3}, "invalid policy type"),
                                  ({**at, "default_action": 3}, "invalid default action: 3")]:
        assert policies.refusal("AddPolicyAssignment", assignment=assignment) == complaint
    assert policies.refusal("ListPolicyAssignment", name="192.0.2.8") == "not found peer 192.0.2.8"
    assert policies.refusal("ListPolicyAssignment", name="global", direction=3) == "invalid policy type"


def test_all_at_once(policies):
    policies.AddDefinedSet(defined_set={"name": "old"})
    policies.SetPolicies(
        defined_sets=[{"name": "new"}, {"defined_type": AS_PATH, "name": "paths", "list": ["^65001_"]}],
        policies=[{"name": "p", "statements": [{"conditions": {"prefix_set": {"name": "new"}}}]}],
        assignments=[{"name": "global", "direction": EXPORT, "policies": [{"name": "p"}], "default_action": REJECT}])
    assert list(policies.members(PREFIX)) == ["new"] and list(policies.members(AS_PATH)) == ["paths"]
    assert policies.assigned("global", EXPORT) == [("global", EXPORT, REJECT, ["p"])]
    policies.SetPolicies(defined_sets=[{"name": "new"}], policies=[{"name": "p"}, {"name": "q"}])
    assert policies.assigned("global", EXPORT) == [("global", EXPORT, REJECT, ["p"])]
    policies.SetPolicies(defined_sets=[{"name": "new"}], policies=[{"name": "p"}])
    wrong = policies.refusal("SetPolicies", policies=[
        {"name": "q", "statements": [{"conditions": {"prefix_set": {"name": "nowhere"}}}]}])
    assert "not found prefix set nowhere" in wrong
    assert list(policies.members(PREFIX)) == ["new"] and [answer.policy.name for answer in policies.ListPolicy()] == ["p"]


def test_trying_out(contracts, policies, started_once):
    service = lab.Client(started_once.channel, contracts[3].DESCRIPTOR.services_by_name["Godwit"])
    attribute = contracts[1]

    def packed(message):
        any_value = Any()
        any_value.Pack(message)
        return any_value

    def path(prefix, numbers, communities=()):
        address, length = prefix.split("/")
        return {"family": {"afi": 1, "safi": 1},
                "nlri": packed(attribute.IPAddressPrefix(prefix=address, prefix_len=int(length))),
                "pattrs": [packed(attribute.OriginAttribute(origin=0)),
                           packed(attribute.AsPathAttribute(segments=[{"type": 2, "numbers": numbers}])),
                           packed(attribute.NextHopAttribute(next_hop="192.0.2.1")),
                           packed(attribute.CommunitiesAttribute(communities=communities))]}

    def tried(**fields):
        return service.TestPolicy(contracts[3].TestPolicyRequest(**fields))

    def refusal(**fields):
        with pytest.raises(grpc.RpcError) as caught:
            tried(**fields)
        return caught.value.details()

    policies.AddDefinedSet(defined_set={"defined_type": PREFIX, "name": "ours", "prefixes": [
        {"ip_prefix": "10.0.0.0/8", "mask_length_min": 8, "mask_length_max": 16}]})
    policies.AddPolicy(policy={"name": "p", "statements": [
        {"name": "mark", "conditions": {"as_path_length": {"type": 1, "length": 2}},
         "actions": {"local_pref": {"value": 77}}},
        {"name": "drop", "conditions": {"prefix_set": {"name": "ours"}, "route_type": 2},
         "actions": {"route_action": REJECT}}]})
    answer = tried(path=path("10.1.0.0/16", [65002, 65003]), direction=IMPORT, from_peer="192.0.2.7", policy="p")
    assert (answer.action, answer.policy, answer.statement, answer.from_peer) == (REJECT, "p", "drop", "192.0.2.7")
    assert [(step.statement, step.matched, step.action) for step in answer.statements] == \
        [("mark", True, NONE), ("drop", True, REJECT)]
    assert [(condition.text, condition.holds) for condition in answer.statements[1].conditions] == \
        [("route-type external", True), ("prefix ours any", True)]
    kinds = [[attr.type_url.rsplit(".", 1)[1] for attr in side.pattrs] for side in (answer.before, answer.after)]
    assert "LocalPrefAttribute" not in kinds[0] and "LocalPrefAttribute" in kinds[1]
    answer = tried(path=path("10.1.0.0/16", [65002]), direction=IMPORT, policy="p")  # our own: local, short
    assert (answer.action, answer.policy) == (NONE, "")
    assert [condition.holds for condition in answer.statements[1].conditions] == [False, True]
    policies.SetPolicyAssignment(assignment={"name": "global", "direction": IMPORT, "policies": [{"name": "p"}],
                                             "default_action": ACCEPT})
    policies.AddPath(path=path("10.1.0.0/16", [65002, 65003]))
    answer = tried(prefix="10.1.2.3", direction=IMPORT)  # as it was before policy
    assert (answer.prefix, answer.action, answer.assigned_to, answer.policy) == ("10.1.0.0/16", ACCEPT, "global", "")
    assert answer.statements[0].assigned_to == "global" and len(answer.before.pattrs) + 1 == len(answer.after.pattrs)
    assert tried(prefix="10.1.0.0/16", direction=EXPORT).action == ACCEPT
    for fields, complaint in [({"prefix": "x"}, "invalid prefix: x"),
                              ({"prefix": "10.2.0.0/16"}, "10.2.0.0/16: no route"),
                              ({"prefix": "10.1.0.0/16", "policy": "x"}, "not found policy x"),
                              ({"prefix": "10.1.0.0/16", "from_peer": "192.0.2.8"},
                               "neighbor that has 192.0.2.8 doesn't exist"),
                              ({"prefix": "10.1.0.0/16", "direction": 0}, "invalid policy type")]:
        assert refusal(**{"direction": IMPORT, **fields}) == complaint
