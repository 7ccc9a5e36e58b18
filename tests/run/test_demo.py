"""`make run`: the whole lab comes up, routers and servers stop and start when told to, and nothing is left behind."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))
START_S, CHANGE_S = 60, 20
# No capabilities, so that it shows if something needs them; without root there are none to take away.
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


def test_the_table_is_always_the_same(tmp_path):
    files = [tmp_path / name for name in "ab"]
    for file in files:
        subprocess.run([ROOT / "tools" / "make-demo-mrt", file], check=True)
    assert files[0].read_bytes() == files[1].read_bytes()
    lines = subprocess.run(["bgpdump", "-m", files[0]], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len({line.split("|")[5] for line in lines}) == len(lines) == 12000


def wait_for(condition, complaint, limit_s):
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline, complaint() if callable(complaint) else complaint
        time.sleep(0.1)
    return value


class Demo:
    def __init__(self, folder):
        self.output = folder / "output"
        with open(self.output, "wb") as file:
            self.process = subprocess.Popen([*WITHOUT_RIGHTS, ROOT / "tools" / "demo", "--build", BUILD],
                                            stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, text=True)
        try:
            self.await_start()
        except BaseException:
            self.stop()
            raise

    def await_start(self):
        began = time.monotonic()
        wait_for(lambda: "Ctrl-C stops everything" in self.text() or self.process.poll() is not None, self.text, START_S)
        assert self.process.poll() is None, self.text()
        self.start_s = time.monotonic() - began
        self.url = re.search(r"^Console: +(http://\S+)/console/$", self.text(), re.MULTILINE).group(1)
        self.provider, self.tenant = re.findall(r"\b(gwt_\S+)  \(", self.text())

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def text(self):
        return self.output.read_text()

    def type(self, line):
        print(line, file=self.process.stdin, flush=True)

    def sessions(self, token=None):
        request = urllib.request.Request(f"{self.url}/v1/sessions", headers={"X-Auth-Token": token or self.tenant})
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = json.loads(answer.read())["sessions"]
        return {f"{session['device']['hostname']} {session['address_family']}": session for session in found}

    def await_states(self, **states):
        """`web1="up"`: of its IPv4 session."""
        def there():
            found = self.sessions()
            return all(found[f"{name} ipv4"]["state"] == state for name, state in states.items())
        wait_for(there, lambda: f"not {states}: {self.sessions()}", CHANGE_S)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    if not (BUILD / "godwit-fleet").exists():
        pytest.skip("godwit-fleet is not built")
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.stop()


def test_everything_is_there_soon(demo):
    assert demo.start_s < 15
    sessions = demo.sessions()
    assert {name: session["state"] for name, session in sessions.items() if name != "web1 ipv6"} == {
        "web1 ipv4": "up", "web2 ipv4": "up", "web3 ipv4": "down"}
    assert demo.sessions(demo.provider).keys() == sessions.keys()
    assert sessions["web1 ipv4"]["default_route"] and not sessions["web2 ipv4"]["default_route"]
    assert sessions["web1 ipv4"]["status"] == "up,up"
    assert sessions["web2 ipv4"]["prefixes"] == {"received": 3, "accepted": 2, "rejected": 1, "limit": 10}
    assert "AS 65001" in sessions["web3 ipv4"]["reason"]


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="there is no IPv6 here")
def test_one_session_is_ipv6(demo):
    session = demo.sessions()["web1 ipv6"]
    assert session["state"] == "up" and session["learned_routes"] == ["2001:db8:113::53/128"]


def test_commands_to_try_work(demo):
    lines = [line.strip() for line in demo.text().splitlines() if line.startswith("  ")]
    [export] = [line.split()[1:] for line in lines if line.startswith("export ")]
    environment = {**os.environ, "GODWIT_FLEET_CONFIG": "/dev/null", **dict(word.split("=", 1) for word in export)}
    shown = {}
    for line in lines:
        if line.startswith("build/") and "monitor" not in line and "--watch" not in line:
            done = subprocess.run(line.replace("build/", f"{BUILD}/", 1).split(), capture_output=True, text=True,
                                  timeout=30, env=environment)
            assert done.returncode == 0 and done.stdout, f"{line}: {done.stderr}"
            words = [word for word in line.split()[1:] if not word.isdigit() and word != "-p"]
            shown[" ".join(words[:2])] = done.stdout
    assert len(shown) == 8
    assert re.search(r"^127\.0\.0\.10 65530 .*Establ +\| +12000 +12000", shown["neighbor"], re.MULTILINE), shown
    assert "The server must use AS 65000" in shown["session get"]
    assert "192.0.2.0/24 is in none of the project's prefixes" in shown["session routes"]


def test_a_router_stops_and_comes_back(demo):
    demo.type("stop r2")
    demo.await_states(web1="partial", web2="partial", web3="down")
    demo.type("start r2")
    demo.await_states(web1="up", web2="up", web3="down")
    wait_for(lambda: demo.sessions()["web2 ipv4"]["legs"][1]["rejected"] == 1, "its routes did not come back", CHANGE_S)


def test_a_server_stops_and_comes_back_with_its_routes(demo):
    demo.type("stop web1")
    demo.await_states(web1="down", web2="up")
    demo.type("start web1")
    demo.await_states(web1="up", web2="up")
    wait_for(lambda: demo.sessions()["web1 ipv4"]["prefixes"]["accepted"] == 2, "its routes did not come back", CHANGE_S)


def test_who_is_ended_from_outside_can_be_started(demo):
    demo.type("list")
    pid = wait_for(lambda: re.search(r"^  r1 +\S+ +pid (\d+),", demo.text(), re.MULTILINE), demo.text, CHANGE_S).group(1)
    os.kill(int(pid), signal.SIGKILL)
    demo.await_states(web1="partial")
    wait_for(lambda: "r1 has ended; `start r1` brings it back" in demo.text(), demo.text, CHANGE_S)
    demo.type("start r1")
    demo.await_states(web1="up")


def test_nonsense_is_answered(demo):
    demo.type("stop everything")
    wait_for(lambda: "stop NAME, start NAME, list" in demo.text(), demo.text, CHANGE_S)


def test_ctrl_c_leaves_nothing(demo):
    below = processes_below(demo.process.pid)
    folder = Path(re.search(r"^Configuration and logs: (\S+)$", demo.text(), re.MULTILINE).group(1))
    assert len(below) == 7 and folder.exists()
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(20) == 0, demo.text()
    assert demo.text().rstrip().endswith("stopped")
    assert living(below) == [] and not folder.exists()


def test_killed_it_leaves_no_process(tmp_path):
    """Not even if it had no time to end the others."""
    demo = Demo(tmp_path)
    below = processes_below(demo.process.pid)
    demo.process.kill()
    demo.process.wait(20)
    wait_for(lambda: not living(below), "they live on", CHANGE_S)
    shutil.rmtree(re.search(r"^Configuration and logs: (\S+)$", demo.text(), re.MULTILINE).group(1))


def processes_below(pid):
    """Ids of all descendants of a process."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").iterdir():
            children = [int(child) for child in (task / "children").read_text().split()]
            found += children
            waiting += children
    return found


def living(pids):
    """Those that are more than a name nobody has asked for yet (such have no command line)."""
    def command_line(pid):
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""
    return [pid for pid in pids if command_line(pid)]
