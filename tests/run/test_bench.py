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


def bench(tmp_path, *names, **environment):
    """Rows of JSON by phase and daemon, and the Markdown."""
    environment = {"RUNS": "1", "RESULTS": str(tmp_path / "results.md"), "BENCH_BUILD": str(BUILD),
                   "RIVALS": "godwitd null", **environment}
    done = subprocess.run([ROOT / "tools" / "bench", *names], env=os.environ | environment, capture_output=True,
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
