"""`make bench` in small: the generator, the null target and the daemon come to the end of their phases, and what is
counted there is what must have been told."""
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))
LIMIT_S = 240

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs network namespaces")


@pytest.fixture(scope="module", autouse=True)
def programs():
    subprocess.run(["ninja", "-C", BUILD, "bench/bench-load", "bench/bench-sink"], check=True, stdout=subprocess.DEVNULL)


def bench(tmp_path, *names, under=(), **environment):
    """Rows of JSON by phase and daemon, and the Markdown."""
    environment = {"RUNS": "1", "RESULTS": str(tmp_path / "results.md"), "BENCH_BUILD": str(BUILD),
                   "RIVALS": "godwitd null", **environment}
    done = subprocess.run([*under, ROOT / "tools" / "bench", *names], env=os.environ | environment, capture_output=True,
                          text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert not [row for row in rows if "failed" in row], rows
    return {(row["phase"], row["name"]): row for row in rows}, done.stdout


def test_a_table_comes_and_goes(tmp_path):
    rows, text = bench(tmp_path, "S1", PREFIXES="2k")
    for name in ("godwitd", "null"):
        told = rows["announce", name]
        assert (told["announced"], told["withdrawn"], told["missing"], told["lost"]) == (2000, 0, 0, 0), told
    assert rows["die", "godwitd"]["withdrawn"] == 2000
    assert (tmp_path / "results.md").read_text().strip() == text.strip()
    table = next(part for part in text.split("**") if "| godwitd |" in part)
    assert [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")] == ["| ", "| godwitd", "| null"]


def test_clients_of_a_route_server_are_told_what_they_may_have(tmp_path):
    rows, _ = bench(tmp_path, "S4controlled", PREFIXES="100", PEERS="5", RIVALS="godwitd")
    told = rows["announce", "godwitd"]
    assert (told["missing"], told["surplus"], told["own"], told["lost"]) == (0, 0, 0, 0) and told["announced"] > 0, told


def test_changes_during_listings_dumps_and_reloads(tmp_path):
    rows, text = bench(tmp_path, "S10", "S7one", PREFIXES="1k", PEERS="3", RATE="1000", SECONDS="4", RIVALS="godwitd")
    churn = rows["churn", "godwitd"]
    assert churn["changes"] > 3000 and churn["missing"] == 0 and churn["lost"] == 0, churn
    remarks = [line for line in text.splitlines() if "meanwhile" in line]
    listings, reloads = remarks[0].split("|")[-2].split(), remarks[1].split("|")[-2].split()
    assert int(listings[0]) > 0 and int(listings[3]) > 0, remarks
    assert int(reloads[0]) > 0, remarks


def delay_cells(text):
    """By column of the table of delays; names that come twice are told apart by what stands before."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ms | ")]
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("| godwitd | ")]
    return lines[0], [cell.strip() for cell in next(row for row in rows if len(row) == len(lines[0]))]


def test_the_witness_tells_when_the_host_was_away(tmp_path):
    rows, text = bench(tmp_path, "S7all", PREFIXES="2k", PEERS="3", RATE="1000", SECONDS="4", RIVALS="godwitd")
    churn = rows["churn", "godwitd"]
    assert 0 <= churn["left_out"] <= 1 and 0 <= churn["host_max_ms"] <= churn["host_ms"], churn
    for key in ("p50_ms", "max_ms", "gap_ms", "late_ms"):
        assert 0 <= churn[f"own_{key}"] and (churn["host_ms"] > 0 or churn[f"own_{key}"] == churn[key]), (key, churn)
    assert churn["own_max_ms"] <= churn["max_ms"] and churn["own_gap_ms"] <= churn["gap_ms"], churn
    assert churn["p99_ms"] <= churn["max_ms"] and churn["gap_ms"] > 0, churn
    head, cells = delay_cells(text)
    assert dict(zip(head, cells))["left out"] == f"{churn['left_out']:.1%}" and all(cells), cells
    assert "receive buffers of 128 KB" in text


def test_without_the_right_to_real_time_there_is_no_witness(tmp_path):
    rows, text = bench(tmp_path, "S7nothing", PREFIXES="1k", PEERS="2", RATE="1000", SECONDS="2", RIVALS="godwitd",
                       under=("setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice", "prlimit", "--rtprio=0"))
    churn = rows["churn", "godwitd"]
    assert "own_p99_ms" not in churn and "host_ms" not in churn and churn["p99_ms"] > 0, churn
    head, cells = delay_cells(text)
    assert dict(zip(head, cells))["left out"] == "" and [bool(cell) for cell in cells] == [True] * 6 + [False] * 7
