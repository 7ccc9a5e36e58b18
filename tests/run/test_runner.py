"""The test runner counts what ran, and takes nothing that ended early for success."""
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runner(tmp_path, monkeypatch):
    loader = importlib.machinery.SourceFileLoader("run_tests", str(ROOT / "tools" / "run-tests"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tests", loader))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    return module


def test_cases_of_a_unit_test_are_counted(runner):
    text = "1..3\nok 1 - a\nnot ok 2 - b\n# 0x1 != 0x2\nnot ok 3 # SKIP c\n1..1\nok 1 - d\n"
    assert runner.count_tap(text) == (2, ["b"], ["c"], 4)


@pytest.mark.parametrize("script,passed,failed,skipped", [
    ("echo 1..2; echo ok 1 - a; echo ok 2 - b", 2, 0, 0),
    ("echo 1..2; echo ok 1 - a; kill -9 $$", 1, 1, 0),
    ("echo 1..2; echo ok 1 - a; echo ok 2 - b; exit 1", 2, 1, 0),
    ("echo 1..1; echo not ok 1 - a; exit 1", 0, 1, 0),
    ("exit 0", 1, 0, 0),
    ("exit 3", 0, 1, 0),
    ("exit 77", 0, 0, 1),
    ("sleep 30", 0, 1, 0),
])
def test_how_a_program_ends_counts_too(runner, capsys, script, passed, failed, skipped):
    tally = runner.Tally()
    test = {"name": "unit/x", "cmd": ["sh", "-c", script], "env": {}, "timeout": 1, "workdir": "/"}
    runner.run_unit(test, "build", tally)
    assert (tally.passed, tally.failed, tally.skipped) == (passed, failed, skipped)
    assert len(tally.failures) == failed and all(log.exists() for _, log in tally.failures)
    assert "unit/x" in capsys.readouterr().out


def test_pytest_cases_are_counted(runner, tmp_path):
    (tmp_path / "x.xml").write_text(
        '<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure message="no"/></testcase>'
        '<testcase name="c"><skipped message="not here"/></testcase><testcase name="d"><error/></testcase>'
        '</testsuite></testsuites>')
    assert runner.count_junit(tmp_path / "x.xml") == (1, ["b", "d"], ["not here"])


def test_the_last_line_and_the_exit_status(runner, monkeypatch, capsys):
    for failures, status in (((), 0), (("x",), 1)):
        monkeypatch.setattr(sys, "argv", ["run-tests", "unit"])
        monkeypatch.setattr(runner, "run_suites",
                            lambda suites, tally, failures=failures: tally.add("job", 3, failures, ("why",)))
        assert runner.main() == status
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == f"3 passed, {len(failures)} failed, 1 skipped"
