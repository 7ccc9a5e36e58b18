"""godwit prints what the stock client prints, byte for byte, from the same daemon."""
import json
import re

import pytest

import cli_lab as lab_module

pytestmark = pytest.mark.skipif(not lab_module.stock(), reason="the stock gobgp and gobgpd are not installed")

ROUTES = [
    ["10.1.0.0/24", "nexthop", "10.0.0.9", "origin", "igp", "med", "50", "community", "65002:100,no-export,no-peer"],
    ["10.1.1.0/24", "aspath", "65010 {65020,65021}", "aggregator", "65010:1.1.1.1", "large-community", "1:2:3,4:5:6"],
    ["10.1.2.0/25", "local-pref", "200", "aigp", "metric", "77", "origin", "egp"],
    ["10.1.2.128/25", "rt", "65000:1", "1.2.3.4:5", "1.4464:6", "color", "100", "encap", "vxlan"],
    ["10.1.3.0/24", "identifier", "7", "valid"],
    ["10.1.3.0/24", "identifier", "8", "aspath", "65010,65011", "not-found"],
    ["0.0.0.0/0", "nexthop", "10.0.0.8", "community", "65536,blackhole,65535:65535"],
    ["10.2.3.4/32", "community", "llgr-stale"],
    ["-a", "ipv6", "2001:db8:1::/48", "nexthop", "2001:db8::1", "med", "0", "default-gateway"],
    ["-a", "ipv6", "2001:db8:2::/48"],
    ["-a", "ipv6", "::/0", "nexthop", "fe80::1"],
    ["-a", "vpnv4", "10.9.0.0/16", "label", "100", "rd", "65000:1", "rt", "65000:1", "nexthop", "10.0.0.9"],
    ["-a", "vpnv4", "10.9.1.0/24", "label", "101", "rd", "1.2.3.4:9", "rt", "65000:2"],
    ["-a", "vpnv6", "2001:db8:9::/48", "label", "16", "rd", "1.2:3", "nexthop", "2001:db8::1"],
    ["-a", "ipv4-mpls", "10.8.0.0/16", "100/200"],
    ["-a", "ipv6-mpls", "2001:db8:8::/48", "300", "nexthop", "2001:db8::1"],
]

# Routes only the stock client can make, for showing them.
STOCK_ROUTES = [
    ["-a", "evpn", "a-d", "esi", "LACP", "aa:bb:cc:dd:ee:ff", "100", "etag", "10", "label", "20", "rd", "65000:1",
     "rt", "65000:1", "encap", "vxlan", "esi-label", "5", "single-active"],
    ["-a", "evpn", "macadv", "aa:bb:cc:dd:ee:01", "10.0.0.7", "esi", "ARBITRARY", "11:22:33:44:55:66:77:88:99", "etag",
     "10", "label", "20", "rd", "65000:1", "rt", "65000:1", "router-mac", "aa:bb:cc:dd:ee:02", "default-gateway"],
    ["-a", "evpn", "multicast", "10.0.0.7", "etag", "10", "rd", "1.1.1.1:5", "rt", "65000:1", "pmsi", "ingress-repl",
     "100", "10.0.0.7"],
    ["-a", "evpn", "esi", "10.0.0.7", "esi", "AS", "65000", "7", "rd", "65000:2", "rt", "65000:1"],
    ["-a", "evpn", "prefix", "10.7.0.0/24", "gw", "10.0.0.8", "etag", "10", "label", "30", "rd", "65000:1", "rt",
     "65000:1"],
    ["-a", "ipv4-flowspec", "match", "destination", "10.6.0.0/24", "protocol", "tcp", "destination-port", ">=80&<=90",
     "then", "rate-limit", "1000", "as", "65000"],
    ["-a", "ipv4-flowspec", "match", "source", "10.6.1.0/24", "fragment", "is-fragment", "tcp-flags", "SA", "then",
     "redirect", "65000:9", "mark", "10", "action", "sample-terminal"],
]

SHOWN = [
    ["global"], ["neighbor"], ["n"], ["-q", "neighbor"], ["neighbor", "-a", "ipv6"],
    ["neighbor", "10.0.0.2"], ["neighbor", "10.0.0.3"], ["neighbor", "2001:db8::9"], ["neighbor", "10.0.0.77"],
    ["global", "rib"], ["g", "r"], ["global", "rib", "-a", "ipv6"], ["global", "rib", "-a", "4"],
    ["global", "rib", "10.1.0.0/24"], ["global", "rib", "10.2.3.4"], ["global", "rib", "10.1.2.0/25"],
    ["global", "rib", "10.1.0.0/16", "longer-prefixes"], ["global", "rib", "10.1.2.0/25", "shorter-prefixes"],
    ["global", "rib", "192.0.2.0/24"], ["global", "rib", "10.1.0.0/24", "nonsense"], ["global", "rib", "words"],
    ["global", "rib", "summary"], ["g", "r", "s"], ["global", "rib", "summary", "-a", "ipv6"],
    ["global", "rib", "-a", "nonsense"], ["global", "rib", "-a", "rtc"],
    ["global", "rib", "-a", "vpnv4"], ["global", "rib", "-a", "vpnv6"], ["global", "rib", "-a", "ipv4-mpls"],
    ["global", "rib", "-a", "ipv6-mpls"], ["global", "rib", "-a", "evpn"],
    ["neighbor", "10.0.0.2", "adj-in"], ["neighbor", "10.0.0.2", "adj-in", "10.3.0.0/24"],
    ["neighbor", "10.0.0.2", "adj-in", "-a", "ipv6"], ["neighbor", "10.0.0.2", "adj-in", "summary"],
    ["neighbor", "10.0.0.2", "adj-out"], ["neighbor", "10.0.0.2", "adj-out", "summary"],
    ["neighbor", "10.0.0.2", "adj-out", "-a", "ipv6"],
    ["neighbor", "10.0.0.2", "accepted"], ["neighbor", "10.0.0.2", "acc"],
    ["neighbor", "10.0.0.3", "adj-in"], ["neighbor", "10.0.0.77", "adj-in"], ["neighbor", "10.0.0.2", "local"],
    ["neighbor", "10.0.0.77", "reset"], ["neighbor", "del", "10.0.0.78"], ["neighbor", "10.0.0.2", "softresetin"],
    ["neighbor", "10.0.0.2", "softreset"], ["neighbor", "10.0.0.3", "disable"], ["neighbor"],
    ["neighbor", "10.0.0.3", "enable"], ["neighbor", "10.0.0.3", "shutdown"],
    ["log-level", "debug"], ["log-level", "info"],
]

# What no daemon but the stock one can answer yet.
STOCK_ONLY = re.compile(r"vpn|mpls|evpn|flow|rtc|local$")

UNORDERED = re.compile(r"-a (vpn|ipv.-mpls|evpn)")


@pytest.fixture(scope="module", params=lab_module.daemons())
def lab(request, tmp_path_factory):
    with lab_module.Lab(tmp_path_factory.mktemp(request.param), request.param) as lab:
        for n in range(5):
            assert lab.stock("global", "rib", "add", f"10.3.{n}.0/24", "aspath", f"{65100 + n}", "community", f"65002:{n}",
                             port=lab_module.OTHER_API_PORT).returncode == 0
        for route in ROUTES + STOCK_ROUTES:
            added = lab.stock("global", "rib", "add", *route)
            assert added.returncode == 0 or STOCK_ONLY.search(" ".join(route)), added.stdout
        lab.wait_for(lambda: len(json.loads(lab.stock("-j", "neighbor", "10.0.0.2", "adj-in").stdout)) == 5,
                     "the neighbor's routes have not come")
        yield lab


def with_sorted_capabilities(value):
    """The stock daemon lists capabilities in an order it draws anew each time."""
    if isinstance(value, dict):
        for key, member in value.items():
            with_sorted_capabilities(member)
            if key.endswith("_cap"):
                member.sort(key=lambda capability: (capability["type_url"], capability.get("value", "")))
    elif isinstance(value, list):
        for member in value:
            with_sorted_capabilities(member)


def normalised(text, words):
    text = re.sub(r"(\d+d )?\d\d:\d\d:\d\d", "TIME", text)
    if "_cap" in text and text.startswith(("{", "[")):
        value = json.loads(text)
        with_sorted_capabilities(value)
        if isinstance(value, list):  # neither are neighbors in an order
            value.sort(key=lambda peer: peer["state"]["neighbor_address"])
        text = json.dumps(value, separators=(",", ":"))
    if UNORDERED.search(" ".join(words)) and "-j" not in words:
        text = "\n".join(sorted(text.splitlines()))
    return text


def outputs(lab, words):
    stock, ours = lab.stock(*words), lab.godwit("--compat", *words)
    return ((normalised(stock.stdout, words), stock.returncode), (normalised(ours.stdout, words), ours.returncode))


@pytest.mark.parametrize("form", [[], ["-j"]], ids=["text", "json"])
@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_same_output(lab, words, form):
    if lab.program != "gobgpd" and STOCK_ONLY.search(" ".join(words)):
        pytest.skip("a family the daemon does not carry")
    for _ in range(3):  # a message may arrive between the two
        expected, got = outputs(lab, form + words)
        if got == expected:
            break
    assert got == expected


def paths_of(lab, family):
    """All paths but for their ages."""
    rib = json.loads(lab.stock("-j", "global", "rib", *family).stdout)
    return {prefix: [{key: value for key, value in path.items() if key != "age"} for path in paths]
            for prefix, paths in rib.items()}


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_same_route(lab, route):
    """A route added by either client is the same in the daemon, and each deletes what the other added."""
    if lab.program != "gobgpd" and STOCK_ONLY.search(" ".join(route)):
        pytest.skip("a family the daemon does not carry")
    family = route[:2] if route[0] == "-a" else []
    before = paths_of(lab, family)
    assert lab.godwit("global", "rib", "del", *route).returncode == 0
    without = paths_of(lab, family)
    assert without != before
    assert lab.stock("global", "rib", "add", *route).returncode == 0
    by_stock = paths_of(lab, family)
    assert lab.stock("global", "rib", "del", *route).returncode == 0
    assert paths_of(lab, family) == without
    added = lab.godwit("global", "rib", "add", *route)
    assert (added.returncode, added.stdout, added.stderr) == (0, "", "")
    assert paths_of(lab, family) == by_stock


@pytest.mark.parametrize("words, complaint", [
    (["global", "rib", "add"], "invalid format"),
    (["global", "rib", "add", "10.0.0.0"], "invalid CIDR address: 10.0.0.0"),
    (["global", "rib", "add", "2001:db8::/32"], "invalid ipv4 prefix"),
    (["global", "rib", "add", "10.0.0.0/24", "origin", "x"], "invalid origin type. expect [igp|egp|incomplete] but x"),
    (["global", "rib", "add", "10.0.0.0/24", "nexthop", "x"], "invalid nexthop address"),
    (["global", "rib", "add", "10.0.0.0/24", "community", "x"], "failed to parse x as community"),
    (["global", "rib", "add", "10.0.0.0/24", "med", "-1"], 'strconv.ParseUint: parsing "-1": invalid syntax'),
    (["global", "rib", "add", "10.0.0.0/24", "words"], "failed to parse [words]"),
])
def test_same_complaint(lab, words, complaint):
    words = words[:3] + ["--"] + words[3:]
    stock, ours = lab.stock(*words), lab.godwit(*words)
    assert stock.returncode == ours.returncode == 1
    assert stock.stdout.splitlines()[0] == ours.stderr.splitlines()[0] == "error: " + complaint
    assert ours.stdout == ""


def test_errors_go_to_standard_error(lab):
    text = lab.godwit("neighbor", "10.0.0.77")
    assert (text.returncode, text.stdout, text.stderr) == (1, "", "not found neighbor 10.0.0.77\n")
    form = lab.godwit("-j", "neighbor", "10.0.0.77")
    assert (form.returncode, form.stdout) == (1, "")
    assert json.loads(form.stderr) == {"error": "not found neighbor 10.0.0.77"}


def test_neighbors_can_be_edited(lab):
    add = ["neighbor", "add", "10.0.0.99", "as", "65099", "family", "ipv4-unicast,ipv6-unicast", "allow-own-as", "3",
           "remove-private-as", "replace", "replace-peer-as", "ebgp-multihop-ttl", "9"]
    shown = []
    for client, other in ((lab.stock, lab.godwit), (lab.godwit, lab.stock)):
        assert client(*add).returncode == 0
        again = client(*add)
        assert again.returncode == 1
        peer = json.loads(lab.stock("-j", "neighbor", "10.0.0.99").stdout)
        shown.append({key: peer.get(key) for key in ("conf", "ebgp_multihop", "route_server", "route_reflector")} |
                     {"families": sorted(str(family["config"]) for family in peer["afi_safis"])})
        updated = lab.godwit("neighbor", "update", "10.0.0.99", "as", "65098")
        assert (updated.returncode, updated.stderr) == (0, "")
        assert json.loads(lab.stock("-j", "neighbor", "10.0.0.99").stdout)["conf"]["peer_asn"] == 65098
        assert other("neighbor", "del", "10.0.0.99").returncode == 0
    assert shown[0] == shown[1]
