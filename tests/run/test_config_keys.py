"""Every key of a GoBGP 3.10 file: honoured, or refused by name; without effect only where GoBGP has none for it either,
and then the log says so."""
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GODWITD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build")) / "godwitd"
KEYS = [line.split("\t") for line in (ROOT / "tests/config/gobgp-3.10-keys.tsv").read_text().splitlines()
        if not line.startswith("#")]

# Where the type alone does not make a right value.
VALUES = {
    "router-id": "192.0.2.1", "as": 65001, "port": 1790, "local-address-list[]": ["192.0.2.1"], "identifier": 65100,
    "member-as-list[]": [65101], "neighbor-address": "192.0.2.2", "local-address": "192.0.2.1", "peer-group": "group",
    "peer-group-name": "group", "afi-safi-name": "ipv4-unicast", "hold-time": 30, "keepalive-interval": 5,
    "route-reflector-cluster-id": "192.0.2.9", "import-policy-list[]": ["policy"], "export-policy-list[]": ["policy"],
    "prefix": "192.0.2.0/24", "ip-prefix": "10.0.0.0/8", "masklength-range": "8..24", "rd": "65000:1",
    "neighbor-info-list[]": ["192.0.2.0/24"], "community-list[]": ["65000:1"], "ext-community-list[]": ["rt:65000:1"],
    "as-path-list[]": ["_65000_"], "large-community-list[]": ["1:2:3"], "next-hop-in-list[]": ["192.0.2.1"],
    "afi-safi-in-list[]": ["ipv4-unicast"], "set-next-hop": "self", "set-med": "+5",
    "communities-list[]": ["65000:1"], "prefix-set": "prefixes", "neighbor-set": "neighbors", "as-path-set": "paths",
    "community-set": "communities", "ext-community-set": "extended", "large-community-set": "large",
    "options": "add", "name": "policy", "operator": "ge", "statistics-timeout": 30, "dump-interval": 60,
    "rotation-interval": 60, "restart-time": 60, "shutdown-threshold-pct": 80, "route-disposition": "accept-route",
    "peer-as": 65002, "neighbor-interface": "eth0", "vrf": "red",
}
# Exceptions by the whole path: what the same last word needs elsewhere.
AT = {
    "policy-definitions[].statements[].actions.bgp-actions.set-as-path-prepend.as": "65001",
    "policy-definitions[].statements[].actions.bgp-actions.set-ext-community.set-ext-community-method.communities-list[]":
        ["rt:65000:1"],
    "policy-definitions[].statements[].actions.bgp-actions.set-large-community.set-large-community-method"
    ".communities-list[]": ["1:2:3"],
    "policy-definitions[].statements[].conditions.igp-conditions": {},
    "rpki-servers[].config.hold-time": 30,
    "bmp-servers[].config.address": "192.0.2.1",
    "neighbors[].ttl-security.config.enabled": True,
    "mrt-dump[].config.table-name": "192.0.2.1",
}


def value_for(path, kind):
    last = path.rsplit(".", 1)[-1]
    if path in AT:
        return AT[path]
    if last in VALUES:
        return VALUES[last]
    if "list of" in kind:
        return ["word"]
    if " / " in kind:
        return next(word for word in kind.split(" / ") if word != "none")
    if kind == "bool":
        return True
    return 1 if "int" in kind or "float" in kind else "word"


def put(tree, path, value):
    """Sets a value at "neighbors[].config.peer-as": the last element of each list on the way."""
    *tables, last = path.split(".")
    for name in tables:
        if name.endswith("[]"):
            tree = tree.setdefault(name[:-2], [{}])[-1]
        else:
            tree = tree.setdefault(name, {})
    tree[last.removesuffix("[]")] = value


def base_for(path):
    """What has to stand beside a key so that nothing else is wrong with the file."""
    tree = {"global": {"config": {"as": 65001, "router-id": "192.0.2.1"}},
            "peer-groups": [{"config": {"peer-group-name": "group"}}],
            "defined-sets": {
                "prefix-sets": [{"prefix-set-name": "prefixes", "prefix-list": [{"ip-prefix": "10.0.0.0/8"}]}],
                "neighbor-sets": [{"neighbor-set-name": "neighbors", "neighbor-info-list": ["192.0.2.9"]}],
                "bgp-defined-sets": {
                    "community-sets": [{"community-set-name": "communities", "community-list": ["1:1"]}],
                    "ext-community-sets": [{"ext-community-set-name": "extended", "ext-community-list": ["rt:1:1"]}],
                    "large-community-sets": [{"large-community-set-name": "large", "large-community-list": ["1:1:1"]}],
                    "as-path-sets": [{"as-path-set-name": "paths", "as-path-list": ["1"]}]}},
            "policy-definitions": [{"name": "policy", "statements": [{"name": "statement"}]}]}
    for place, value in (("neighbors[].config.neighbor-address", "192.0.2.2"), ("neighbors[].config.peer-as", 65002),
                         ("dynamic-neighbors[].config.prefix", "192.0.2.0/24"),
                         ("dynamic-neighbors[].config.peer-group", "group"),
                         ("rpki-servers[].config.address", "192.0.2.1"), ("bmp-servers[].config.address", "192.0.2.1"),
                         ("vrfs[].config.name", "red"), ("vrfs[].config.rd", "65000:1"),
                         ("mrt-dump[].config.file-name", "/dev/null"), ("mrt-dump[].config.dump-type", "updates"),
                         ("zebra.config.enabled", True)):
        if path.startswith(place.split(".")[0]):
            put(tree, place, value)
    if path == "mrt-dump[].config.table-name":
        put(tree, "mrt-dump[].config.dump-type", "table")
    if path == "neighbors[].config.neighbor-interface":
        del tree["neighbors"][0]["config"]["neighbor-address"]
    if path.startswith("global.confederation"):
        put(tree, "global.confederation.config.identifier", 65100)
    for root in ("neighbors[]", "peer-groups[]"):
        if path.startswith(f"{root}.afi-safis[]"):
            put(tree, f"{root}.afi-safis[].config.afi-safi-name", "ipv4-unicast")
    if "set-as-path-prepend" in path:
        put(tree, "policy-definitions[].statements[].actions.bgp-actions.set-as-path-prepend.as", "65001")
        put(tree, "policy-definitions[].statements[].actions.bgp-actions.set-as-path-prepend.repeat-n", 1)
    for kind in ("community", "ext-community", "large-community"):
        action = f"policy-definitions[].statements[].actions.bgp-actions.set-{kind}"
        if path.startswith(action + "."):
            put(tree, f"{action}.options", "add")
            put(tree, f"{action}.set-{kind}-method.communities-list",
                {"community": ["65000:1"], "ext-community": ["rt:65000:1"], "large-community": ["1:2:3"]}[kind])
    return tree


def read(tmp_path, tree):
    file = tmp_path / "gobgpd.json"
    file.write_text(json.dumps(tree))
    done = subprocess.run([GODWITD, "-d", "-p", "-f", file], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def plain(path):
    return path.replace("[]", "")


def test_every_key(tmp_path):
    assert len(KEYS) > 350
    wrong, counts = [], {"honoured": 0, "refused": 0, "without effect": 0}
    for path, kind, remark in KEYS:
        tree = base_for(path)
        put(tree, path, value_for(path, kind))
        status, said = read(tmp_path, tree)
        unheeded = any("accepted without effect" in line and plain(path) in line for line in said.splitlines())
        if status == 0 and not unheeded:
            counts["honoured"] += 1
        elif status == 0 and remark == "no effect":
            counts["without effect"] += 1
        elif status == 1 and "not yet supported" in said:
            counts["refused"] += 1
        else:
            wrong.append(f"{path}: status {status}: {said.strip()[-300:]}")
    assert wrong == [], f"{counts}\n" + "\n".join(wrong)
    assert counts["honoured"] > 170 and counts["without effect"] > 20, counts


@pytest.mark.parametrize("path", ("global.config.rooter-id", "neighbors[].config.peer-ass",
                                  "neighbors[].timers.config.hold-tyme", "peer-groups[].config.colour"))
def test_an_unknown_key_is_refused_by_name(tmp_path, path):
    tree = base_for(path)
    put(tree, path, 1)
    status, said = read(tmp_path, tree)
    assert status == 1 and path.rsplit(".", 1)[-1] in said and "unknown key" in said
