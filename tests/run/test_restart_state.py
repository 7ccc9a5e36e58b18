"""The note a process leaves of itself (docs/design/2026-11-22-restart-state.md): which of them count, and what becomes of
them. What writes it is tested with real neighbours, in tests/interop."""
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))
FILE = """
[global.config]
as = 65001
router-id = "192.0.2.1"
port = -1
[[neighbors]]
[neighbors.config]
neighbor-address = "192.0.2.2"
peer-as = 65002
[neighbors.graceful-restart.config]
enabled = true
restart-time = 100
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv4-unicast"
[neighbors.afi-safis.mp-graceful-restart.config]
enabled = true
"""
NOW = int(time.clock_gettime(time.CLOCK_BOOTTIME))
FACTS = {
    "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
    "netns": os.stat("/proc/self/ns/net").st_ino,
    "as": 65001,
    "router-id": 0xC0000201,
    "promise": 100,
    "alive": NOW,
}

pytestmark = pytest.mark.skipif(not (BUILD / "godwitd").exists(), reason="godwitd is not there")


def note(**changes):
    lines = ["godwit-restart 1", *(f"{word} {value}" for word, value in (FACTS | changes).items()), "end"]
    return "\n".join(lines) + "\n"


class Daemon:
    def __init__(self, folder, *options):
        self.folder = folder
        (folder / "godwit.toml").write_text(FILE)
        self.state = folder / "restart.state"
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [BUILD / "godwitd", "-p", "-f", folder / "godwit.toml", "--api-hosts", f"unix://{folder}/api", *options],
                stderr=log)
        self.wait(lambda: " started" in self.text())

    def text(self):
        return self.log.read_text()

    def wait(self, condition):
        deadline = time.monotonic() + 20
        while not condition():
            assert self.process.poll() is None and time.monotonic() < deadline, self.text()
            time.sleep(0.01)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def start(folder, content=None):
    if content is not None:
        (folder / "restart.state").write_text(content)
    return Daemon(folder, "--state-dir", folder)


def test_a_note_of_a_moment_ago(tmp_path):
    """Restarted: and as neighbours are still to come back, the note goes on being true until an orderly end."""
    with start(tmp_path, note()) as daemon:
        assert "restarting gracefully" in daemon.text()
        daemon.wait(lambda: "promise 100" in daemon.state.read_text())
        daemon.end(signal.SIGKILL)
    with start(tmp_path) as daemon:
        assert "restarting gracefully" in daemon.text()
        assert daemon.end() == 0
        assert daemon.state.read_text() == ""
    with start(tmp_path) as daemon:
        assert "without a goodbye" not in daemon.text()


@pytest.mark.parametrize("changes,why", (
    ({"boot": "00000000-0000-0000-0000-000000000000"}, "the machine was restarted"),
    ({"netns": 1}, "another network namespace"),
    ({"as": 65009}, "another AS number or router id"),
    ({"router-id": 1}, "another AS number or router id"),
    ({"alive": NOW - 110}, "given its routes up"),
    ({"alive": NOW + 10000}, "given its routes up"),
), ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")
def test_notes_that_do_not_count(tmp_path, changes, why):
    with start(tmp_path, note(**changes)) as daemon:
        assert "not restarting gracefully" in daemon.text() and why in daemon.text()
        daemon.wait(lambda: daemon.state.read_text() == "")


@pytest.mark.parametrize("content", (
    "", "\n", "end\n", note()[:-4], note().replace("godwit-restart 1", "godwit-restart 2"),
    note(alive="soon"), note(alive=-1), note(boot="b" * 5000), note().replace("promise", "promises"), "\0" * 2000,
), ids=range(10))
def test_what_is_no_note(tmp_path, content):
    with start(tmp_path, content) as daemon:
        assert "restarting gracefully" not in daemon.text().replace("not restarting gracefully", "")
        assert daemon.end() == 0


def test_the_longer_note_of_before_is_no_harm(tmp_path):
    with start(tmp_path, note() + "rest of a longer one\n") as daemon:
        assert "end: restarting gracefully" in daemon.text().replace("goodbye", "end")


def test_one_process_at_a_time(tmp_path):
    (tmp_path / "other").mkdir()
    with start(tmp_path):
        with Daemon(tmp_path / "other", "--state-dir", tmp_path) as second:
            assert "another process uses it" in second.text()


def test_the_operator_knows(tmp_path):
    with Daemon(tmp_path, "-r") as daemon:
        assert "restarting gracefully, as asked for" in daemon.text()
        assert not daemon.state.exists()


def test_a_folder_that_is_not_there(tmp_path):
    with Daemon(tmp_path, "--state-dir", tmp_path / "nowhere") as daemon:
        assert "a restart after a crash will not be graceful" in daemon.text()


def test_what_systemd_gives(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:{tmp_path}/another")
    (tmp_path / "restart.state").write_text(note())
    with Daemon(tmp_path) as daemon:
        assert "restarting gracefully" in daemon.text()
