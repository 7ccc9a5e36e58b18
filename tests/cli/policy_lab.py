"""One daemon without a session, for the policy commands; and a run of them that leaves out nothing."""
import json

import cli_lab

NEIGHBOR = "10.0.0.3"

CONFIG = """
[global.config]
  as = 65001
  router-id = "10.255.0.1"
  port = -1
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.0.3"
    peer-as = 65003
  [neighbors.transport.config]
    passive-mode = true
{more}[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.0.4"
    peer-as = 65004
  [neighbors.transport.config]
    passive-mode = true
"""


# The stock daemon gives policies of their own to route server clients only, ours to all; there the default is to accept.
SERVER_CLIENT = """
  [neighbors.route-server.config]
    route-server-client = true
"""
ANY_NEIGHBOR = """
  [neighbors.apply-policy.config]
    default-import-policy = "accept-route"
    default-export-policy = "accept-route"
"""


class PolicyLab(cli_lab.Lab):
    def build(self):
        assert self.holder.stdout.readline() == "ready\n", "no network namespace can be made here"
        self.inside("ip", "link", "set", "lo", "up")
        self.start_daemon(self.program, 1, cli_lab.API_PORT, "", "true")
        return self

    def config(self, program, n, more, passive):
        return CONFIG.format(more=SERVER_CLIENT if program == "gobgpd" else ANY_NEIGHBOR)


LISTS = [["policy", noun] for noun in
         ("prefix", "neighbor", "as-path", "community", "ext-community", "large-community", "statement")]
LISTS += [["policy"], ["global", "policy"], ["neighbor", NEIGHBOR, "policy"]]

# In order, every verb and most ways to get it wrong; each line is one command behind "gobgp".
SCRIPT = """
policy prefix add ps1 10.0.0.0/8 16..24
policy prefix add ps1 10.0.0.0/8
policy prefix add ps1 192.0.2.0/24 24..24
policy prefix add ps1 192.0.2.77/24 25..32
policy prefix add ps1 2001:db8::/32
policy prefix add ps6 2001:db8::/32 32..48
policy prefix add ps6 ::/0 0..128
policy prefix add empty
policy prefix add ps2 10.0.0.0
policy prefix add ps2 10.0.0.0/8 24..16
policy prefix add ps2 10.0.0.0/8 24
policy prefix add ps2 10.0.0.0/8 24..33
policy prefix add ps6 2001:db8::/32 32..129
policy prefix add
policy prefix
policy prefix ps1
policy prefix nothere
-q policy prefix
policy prefix del ps1 10.0.0.0/8 16..24
policy prefix del ps1 10.9.0.0/16
policy prefix del nothere
policy prefix del nothere 10.0.0.0/8
policy neighbor add ns1 10.0.0.2
policy neighbor add ns1 10.0.0.3 2001:db8::1
policy neighbor add ns2 nonsense
policy neighbor add
policy neighbor
policy neighbor del ns1 10.0.0.3
policy as-path add as1 ^65001_ _65002$ _65003_ ^65004$ ^65.*_
policy as-path add as1 (65001|65002)_[0-9]+$
policy as-path add
policy as-path
policy as-path del as1 _65003_
policy community add cs1 65001:100 65002 no-export ^65001:.*$ 6500[1-3]:.* 65001:1..$
policy community add cs1 BLACKHOLE
policy community
policy community del cs1 65001:100
policy ext-community add es1 rt:65001:100 soo:65001:.* rt:^65002:.*$ lb:65001:100
policy ext-community add es1 65001:100
policy ext-community add es1 foo:65001:100
policy ext-community add
policy ext-community
policy ext-community del es1 soo:65001:.*
policy large-community add ls1 65001:1:2 65001:2:3 65001:.*:3
policy large-community
policy large-community del ls1 65001:1:2
policy statement add st1
policy statement add
policy statement st1 add condition prefix ps1
policy statement st1 add condition prefix ps1 invert
policy statement st1 add condition neighbor ns1 INVERT
policy statement st1 add condition as-path as1 all
policy statement st1 add condition community cs1 invert
policy statement st1 add condition ext-community es1
policy statement st1 add condition large-community ls1 any
policy statement st1 add condition as-path-length 10 le
policy statement st1 add condition rpki valid
policy statement st1 add condition route-type external
policy statement st1 add condition next-hop-in-list 10.0.0.2 10.1.0.0/16 2001:db8::5
policy statement st1 add condition afi-safi-in ipv4-unicast ipv6-unicast
policy statement st1 add action community add 65001:1 no-export 131072
policy statement st1 add action ext-community add rt:65001:1 soo:10.0.0.1:5 encap:vxlan
policy statement st1 add action large-community replace 65001:1:2
policy statement st1 add action med add 10
policy statement st1 add action local-pref 150
policy statement st1 add action as-prepend 65001 2
policy statement st1 add action next-hop self
policy statement st1 add action accept
policy statement st1 add action reject
policy statement st2 add action community remove 65001:1 65001:.* no-export
policy statement st2 add action ext-community remove rt:65001:.*
policy statement st2 add action large-community remove 65001:1:2 ^1:.*
policy statement st2 add action med sub 10
policy statement st2 add action next-hop 10.0.0.77
policy statement st2 add action reject
policy statement st2 add condition as-path-length 3 ge
policy statement st2 add condition rpki not-found
policy statement st2 add condition route-type local
policy statement st3 add action med set 77
policy statement st3 add action next-hop unchanged
policy statement st3 add action community replace 65001:5
policy statement st3 add condition as-path-length 0 eq
policy statement st3 add condition prefix empty
policy statement st4 add action next-hop 2001:db8::7
policy statement st4 add action community replace
policy statement st4 add condition prefix nothere
policy statement st4 add condition neighbor nothere
policy statement st4 add condition as-path nothere
policy statement st4 add condition community nothere
policy statement st4 add condition ext-community nothere
policy statement st4 add condition large-community nothere
policy statement st5 add action next-hop nonsense
policy statement st5 add action community add nonsense
policy statement st5 add action ext-community add nonsense
policy statement st5 add action large-community add 1:2
policy statement st4 add condition
policy statement st4 add condition nonsense x
policy statement st4 add condition prefix
policy statement st4 add condition prefix ps1 all
policy statement st4 add condition as-path as1 nonsense
policy statement st4 add condition as-path-length 5
policy statement st4 add condition as-path-length x eq
policy statement st4 add condition as-path-length 5 lt
policy statement st4 add condition rpki nonsense
policy statement st4 add condition route-type nonsense
policy statement st4 add action
policy statement st4 add action community
policy statement st4 add action community nonsense
policy statement st4 add action med add
policy statement st4 add action local-pref
policy statement st4 add action local-pref x
policy statement st4 add action as-prepend 5
policy statement st4 add action as-prepend 5 256
policy statement st4 add action next-hop
policy statement
policy statement st1
policy statement nothere
-q policy statement
policy statement del nothere
policy add p1 st1 st2
policy add p2 st3
policy add p4
policy add p1 st3
policy add
policy
policy p1
policy p2
policy nothere
-q policy
policy statement del st1
policy prefix del ps1
policy neighbor del ns1
policy as-path del as1
policy community del cs1
policy ext-community del es1
policy large-community del ls1
policy del p1 st2
policy del p9
policy p1
global policy import add p1 default reject
global policy import add p2
global policy import add p2
global policy import add p9
global policy import add
global policy import add p4 default
global policy import add p4 default nonsense
global policy export set p2 p1 default accept
global policy export set p2 p2
global policy
global policy import
global policy export
global policy nonsense
policy del p2
global policy import del p2
global policy import del p9
global policy import
global policy export del
global policy export
global policy export add p1 default accept
neighbor 10.0.0.3 policy
neighbor 10.0.0.3 policy import
neighbor 10.0.0.3 policy import add p1 default reject
neighbor 10.0.0.3 policy export set p2 p1
neighbor 10.0.0.3 policy import add p9
neighbor 10.0.0.3 policy import add
neighbor 10.0.0.77 policy import add p1
neighbor 10.0.0.77 policy
neighbor 10.0.0.3 policy
neighbor 10.0.0.3 policy import del p1
neighbor 10.0.0.3 policy export del
neighbor 10.0.0.3 policy
global policy import del
global policy export set p4 default accept
policy del p1
policy del p2
policy del p4
policy statement st1 del condition prefix ps1
policy statement st1 del condition neighbor ns1
policy statement st1 del condition as-path as1
policy statement st1 del condition community cs1
policy statement st1 del condition ext-community es1
policy statement st1 del condition large-community ls1
policy statement st1 del condition as-path-length 10 le
policy statement st1 del condition route-type external
policy statement st1 del condition next-hop-in-list 10.0.0.2
policy statement st1 del condition afi-safi-in ipv4-unicast
policy statement st1 del condition rpki valid
policy statement st1 del condition rpki valid
policy statement st1 del action community add 65001:1
policy statement st1 del action ext-community add rt:65001:1
policy statement st1 del action large-community replace 65001:1:2
policy statement st1 del action med add 10
policy statement st1 del action med add 10
policy statement st1 del action local-pref 150
policy statement st1 del action as-prepend 65001 2
policy statement st1 del action next-hop self
policy statement st1 del action reject
policy statement st1 del action accept
policy statement st1
policy statement del st1
policy statement del st2
policy statement del st3
policy statement del st4
policy prefix del ps1
policy prefix del ps6
policy prefix del empty
policy neighbor del ns1
policy as-path del as1
policy community del cs1
policy ext-community del es1
policy large-community del ls1
policy
policy statement
policy prefix
"""

# What the stock daemon does in ways of its own, and ours does not (see test_compare_policy.py).
ODDITIES = """
policy ext-community add es9 encap:8
policy ext-community
policy large-community add ls9 ^65001:2:3$
policy large-community
policy statement st9 add action ext-community add rt:nonsense
policy add p9 nothere
policy
"""


def is_list(words):
    return words[0] == "-q" or not {"add", "del", "set"} & set(words)


def run(client, script=SCRIPT):
    """What every command of the script printed and returned; lists also as JSON."""
    seen = []
    for line in filter(None, script.splitlines()):
        words = line.split()
        answer = client(*words)
        seen.append((" ".join(words), answer.stdout, answer.returncode))
        if is_list(words):
            answer = client("-j", *words)
            seen.append((" ".join(["-j"] + words), answer.stdout, answer.returncode))
    return seen


def normalised(text):
    """Without what the two clients may differ in: their names, and who of client and daemon refused."""
    if "usage: " in text:
        text = text[:text.index("usage: ")] + "usage"
    text = text.replace("rpc error: code = Unknown desc = ", "")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value.sort(key=lambda item: item.get("name", ""))
    return value


def statements_sorted(words, text):
    """The stock daemon lists statements in an order it draws anew each time."""
    if words.endswith("policy statement") and "Statement" in text:
        return "StatementName".join(sorted(text.split("StatementName")))
    if words == "-q policy statement":
        return "".join(sorted(text.splitlines(True)))
    return text


def differences(expected, got):
    assert [words for words, *_ in expected] == [words for words, *_ in got]
    found = []
    for (words, *left), (_, *right) in zip(expected, got):
        left[0], right[0] = (normalised(statements_sorted(words, text)) for text in (left[0], right[0]))
        if left != right:
            found.append((words, left, right))
    return found
