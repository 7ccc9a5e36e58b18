"""Tests that node runs, as cases of pytest: each file's tests are found by name, run once, and told apart by TAP."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ROOT / "console"
BUILT = ROOT / "build" / "console"
LIMIT_S = 540

# What npm says where there is no network.
UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT")

NAME = re.compile(r"""^(?:    )?test\(\s*(['"`])(.*?)\1, """, re.MULTILINE)
CASE = re.compile(r"^ *(ok|not ok) \d+ - (.*?)(?: # (SKIP.*))?$")


def names_in(*files):
    """The names of the tests in these files. One with a `${...}` in it stands for several and is left out."""
    return [name for file in files for _, name in NAME.findall(file.read_text()) if "${" not in name]


def node():
    """The path of node, or skips: it is needed to build and to run whatever is tested here."""
    found = shutil.which("node")
    if not found or not shutil.which("npm"):
        pytest.skip("node and npm are not here")
    return found


def build_console():
    """The folder of the built console; fails if its sources do not build, skips if its packages cannot be had."""
    node()
    built = subprocess.run([ROOT / "tools" / "build-console"], capture_output=True, text=True)
    log = ROOT / "build" / "console.log"
    said = built.stdout + built.stderr + (log.read_text() if log.exists() else "")
    if built.returncode != 0 and UNREACHABLE.search(said):
        pytest.skip("the console's packages cannot be had: the npm registry is not reachable")
    assert built.returncode == 0, said
    return BUILT


def run_cases(command, cwd=ROOT, environment=None):
    """{name: None if it passed, otherwise what TAP says of it}; "SKIP reason" if it was skipped."""
    process = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    results, name = {}, None
    for line in process.stdout.splitlines():
        case = CASE.match(line)
        if case:
            name = case.group(2)
            results[name] = case.group(3) or (None if case.group(1) == "ok" else "failed\n")
        elif name and results[name] and not results[name].startswith("SKIP"):
            results[name] += line + "\n"
    assert results, process.stdout + process.stderr
    return results


def judge(results, name):
    assert name in results, f"was not run; these were: {sorted(results)}"
    if results[name] and results[name].startswith("SKIP"):
        pytest.skip(results[name])
    assert results[name] is None, results[name]
