"""`make run`: comes up with its routes, says what to try, and leaves nothing behind."""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))


def test_the_table_is_always_the_same(tmp_path):
    files = [tmp_path / name for name in "ab"]
    for file in files:
        subprocess.run([ROOT / "tools" / "make-demo-mrt", file], check=True)
    assert files[0].read_bytes() == files[1].read_bytes()
    lines = subprocess.run(["bgpdump", "-m", files[0]], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len({line.split("|")[5] for line in lines}) == len(lines) == 12000


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces")
@pytest.mark.skipif(not (BUILD / "godwitd").exists(), reason="godwitd is not there")
def test_demo_runs_until_it_is_told_to_stop(tmp_path):
    output = tmp_path / "output"
    with open(output, "wb") as file:
        demo = subprocess.Popen(["unshare", "-n", "-p", "-f", "--mount-proc", "--kill-child", "sh", "-c",
                                 'ip link set lo up; exec "$@"', "sh", ROOT / "tools" / "demo", "--build", BUILD],
                                stdout=file, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while "Ctrl-C stops both" not in output.read_text():
            assert demo.poll() is None and time.monotonic() < deadline, output.read_text()
            time.sleep(0.1)
        text = output.read_text()
        assert re.search(r"^127\.0\.0\.2 65001 .*Establ +\| +12000 +12000", text, re.MULTILINE), text
        assert "Destination: 10000, Path: 10000" in text
        assert re.search(r"^stopped$", text, re.MULTILINE) is None
        process = processes_below(demo.pid)
        assert len([command for command in process.values() if "godwitd" in command]) == 2
        python = next(pid for pid, command in process.items() if "tools/demo" in command and not command.startswith("unshare"))
        os.kill(python, signal.SIGINT)
        assert demo.wait(20) == 0, output.read_text()
        assert output.read_text().rstrip().endswith("stopped")
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()


def processes_below(pid):
    """{pid: command line} of all descendants of a process."""
    found, waiting = {}, [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").iterdir():
            for child in (task / "children").read_text().split():
                found[int(child)] = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
                waiting.append(int(child))
    return found
