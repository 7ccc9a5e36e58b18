"""What the RPKI says, as the stock client and ours show it, of the stock daemon and of ours: all four the same."""
import re
import subprocess
import sys

import pytest

import cli_lab as lab_module

pytestmark = pytest.mark.skipif(not lab_module.stock(), reason="the stock gobgp and gobgpd are not installed")

CACHE = lab_module.ROOT / "tests" / "interop" / "rtr_server.py"
VRPS = [("10.3.0.0/16", 24, 65100), ("10.3.1.0/24", 24, 65102), ("10.3.1.0/24", 24, 65103), ("10.3.2.0/23", 23, 65103),
        ("10.3.4.0/24", 24, 0), ("192.0.2.0/24", 32, 4200000000), ("2001:db8::/32", 48, 65001),
        ("2001:db8:3::/48", 128, 65100)]
ROUTES = [["10.3.0.0/24", "aspath", "65010 65100"], ["10.3.1.0/24", "aspath", "65101"],
          ["10.3.2.0/24", "aspath", "65103"], ["10.3.4.0/24", "aspath", "65100"], ["10.4.0.0/24", "aspath", "65100"],
          ["10.3.5.0/24", "aspath", "65010,65100", "identifier", "1"],
          ["10.3.5.0/24", "aspath", "65010,65020,65101", "identifier", "2"]]
NEIGHBOR = ["neighbor", "10.0.0.2", "adj-in"]
SHOWN = [
    ["rpki", "server"], ["rpki", "server", "10.0.0.9"], ["rpki", "server", "10.0.0.8"], ["rpki", "table"],
    ["rpki", "table", "-a", "ipv6"], ["rpki", "table", "10.0.0.9"], ["rpki", "table", "10.0.0.8"],
    ["-j", "rpki", "table"], ["-j", "rpki", "server"], ["rpki", "server", "10.0.0.8", "reset"],
    ["rpki", "server", "10.0.0.8", "softreset"], ["rpki", "server", "10.0.0.8", "enable"],
    ["rpki", "server", "10.0.0.8", "disable"], ["rpki", "server", "nonsense", "enable"],
    ["rpki", "server", "10.0.0.9", "nonsense"], ["rpki", "server", "10.0.0.9", "add"],
    ["global", "rib"], NEIGHBOR, ["global", "rib", "10.3.0.0/24"],
    ["global", "rib", "10.3.0.0/24", "validation"],
    *[NEIGHBOR + [prefix, "validation"] for prefix in sorted({route[0] for route in ROUTES})],
    NEIGHBOR + ["10.9.0.0/24", "validation"], NEIGHBOR + ["10.3.0.0/16", "longer-prefixes"],
]


@pytest.fixture(scope="module", params=lab_module.daemons())
def lab(request, tmp_path_factory):
    with lab_module.Lab(tmp_path_factory.mktemp(request.param), request.param) as lab:
        lab.inside("ip", "addr", "add", "10.0.0.9/32", "dev", "lo")
        cache = subprocess.Popen(["nsenter", "-t", str(lab.holder.pid), "-n", sys.executable, CACHE, "10.0.0.9", "323"],
                                 stdin=subprocess.PIPE, text=True)
        lab.processes.append(cache)
        cache.stdin.write(repr({"add": VRPS}) + "\n")
        cache.stdin.flush()
        for route in ROUTES:
            assert lab.stock("global", "rib", "add", *route, port=lab_module.OTHER_API_PORT).returncode == 0
        assert lab.godwit("rpki", "server", "10.0.0.9", "add").stderr == ""
        lab.wait_for(lambda: len(lab.stock("rpki", "table").stdout.splitlines()) == 7, "the VRPs have not come")
        lab.wait_for(lambda: len(lab.stock(*NEIGHBOR).stdout.splitlines()) == 8, "the routes have not come")
        yield lab


def shown(client, words):
    result = client(*words)
    return re.sub(r"(\d+d )?\d\d:\d\d:\d\d", "TIME", result.stdout), result.returncode


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_same_output(lab, words):
    assert shown(lambda *asked: lab.godwit("--compat", *asked), words) == shown(lab.stock, words)


ANSWERS = {}  # of the daemons so far
# What is counted in a session is not the same: GoBGP always speaks version 0.
OF_DAEMONS = [words for words in SHOWN if words[:2] != ["rpki", "server"] and words[0] != "-j"]


@pytest.mark.parametrize("words", OF_DAEMONS, ids=" ".join)
def test_same_daemon(lab, words):
    answer = shown(lab.stock, words)
    assert answer == ANSWERS.setdefault(" ".join(words), answer)
