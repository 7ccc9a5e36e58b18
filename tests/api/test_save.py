"""godwit save: what runs, by whatever way it came, as a file that loads back to the same."""
import json
import subprocess

import pytest

from api_lab import BUILD, Godwitd

FILE = """
[global.config]
as = 65001
router-id = "192.0.2.1"
port = -1
[godwit]
ebgp-requires-policy = true
dynamic-neighbor-limit = 7
[global.apply-policy.config]
import-policy-list = ["from-file"]
default-import-policy = "accept-route"
[[defined-sets.prefix-sets]]
prefix-set-name = "tens"
prefix-list = [{ip-prefix = "10.0.0.0/8", masklength-range = "8..24"}]
[[policy-definitions]]
name = "from-file"
[[policy-definitions.statements]]
name = "first"
[policy-definitions.statements.conditions.match-prefix-set]
prefix-set = "tens"
[policy-definitions.statements.actions]
route-disposition = "reject-route"
[[peer-groups]]
[peer-groups.config]
peer-group-name = "transit"
peer-as = 65002
auth-password = "open sesame"
[peer-groups.timers.config]
hold-time = 30
[[dynamic-neighbors]]
[dynamic-neighbors.config]
prefix = "198.51.100.0/24"
peer-group = "transit"
[[neighbors]]
[neighbors.config]
neighbor-address = "198.51.100.1"
peer-group = "transit"
[neighbors.timers.config]
hold-time = 60
[[neighbors]]
[neighbors.config]
neighbor-interface = "nowhere0"
peer-as = 65003
"""


def run(daemon, *words, status=0):
    done = subprocess.run([BUILD / "godwit", "-p", str(daemon.port), *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture
def changed(tmp_path):
    """A daemon whose file is only half of the story."""
    file = tmp_path / "gobgpd.toml"
    file.write_text(FILE)
    daemon = Godwitd(tmp_path, "-f", file)
    for words in (["neighbor", "add", "203.0.113.9", "as", "65010", "allow-own-as", "2"],
                  ["neighbor", "198.51.100.1", "disable"],
                  ["policy", "neighbor", "add", "friends", "203.0.113.9", "203.0.113.16/28"],
                  ["policy", "community", "add", "marks", "65001:1", "^65001:2..$"],
                  ["policy", "statement", "second", "add", "condition", "neighbor", "friends"],
                  ["policy", "statement", "second", "add", "action", "community", "add", "65001:7"],
                  ["policy", "add", "by-command", "second"],
                  ["global", "policy", "export", "add", "by-command", "default", "reject"]):
        run(daemon, *words)
    yield daemon
    assert daemon.stop() == 0


@pytest.mark.parametrize("kind", ("toml", "yaml", "json"))
def test_loads_back_to_the_same(changed, tmp_path, kind):
    saved = tmp_path / f"saved.{kind}"
    run(changed, "save", saved)
    assert saved.stat().st_mode & 0o777 == 0o600
    text = saved.read_text()
    for said in ("open sesame", "203.0.113.9", "by-command", "first", "65001:7", "nowhere0", "admin-down",
                 "198.51.100.0/24"):
        assert said in text, text
    again = Godwitd(tmp_path, "-f", saved)
    try:
        assert run(again, "save", "format", kind).stdout == text
        for words in (["policy"], ["policy", "statement"], ["policy", "prefix"], ["policy", "neighbor"],
                      ["policy", "community"], ["global", "policy"]):
            assert run(again, *words, "-j").stdout == run(changed, *words, "-j").stdout
        mine, other = (sorted(json.dumps(peer["conf"]) for peer in json.loads(run(daemon, "neighbor", "-j").stdout))
                       for daemon in (changed, again))
        assert mine == other and len(mine) == 3
        assert run(again, "reload", "check").stdout == "nothing to change\n"
    finally:
        assert again.stop() == 0


def test_what_has_no_place_is_told(changed):
    run(changed, "global", "rib", "add", "10.1.0.0/24")
    run(changed, "policy", "statement", "add", "lonely")
    done = run(changed, "save")
    assert "not saved: ipv4-unicast: 1 route added through the API" in done.stderr
    assert "not saved: statement lonely: in no policy" in done.stderr


def test_without_secrets(changed):
    assert "sesame" not in run(changed, "save", "without-secrets").stdout
    assert "sesame" in run(changed, "save").stdout


def test_wrong_words(changed, tmp_path):
    assert "none of toml, yaml, json" in run(changed, "save", "format", "xml", status=1).stderr
    assert "usage: godwit save" in run(changed, "save", "a", "b", status=1).stderr
    assert run(changed, "save", tmp_path / "no" / "such" / "file.toml", status=1).stderr
