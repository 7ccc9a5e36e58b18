"""The web console: its build, its pure parts in node, and every page of it in Chromium over a service of paper."""
import gzip
import os
import shutil
import subprocess

import pytest

from node_cases import CONSOLE, ROOT, build_console, judge, names_in, node, run_cases

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PAGES = ROOT / "tests" / "browser" / "console.mjs"
SCALE = ROOT / "tests" / "browser" / "scale.mjs"
UNITS = sorted((CONSOLE / "test").glob("*.test.ts"))
BUNDLE_MAX_BYTES = 60 * 1024

# The two tests that one line of console.mjs makes.
LEGIBLE = [f"every page is legible in the {scheme}, wide and narrow" for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def built():
    return build_console()


@pytest.fixture(scope="module")
def units(built):
    return run_cases([node(), "tools/unit.mjs"], cwd=CONSOLE)


@pytest.fixture(scope="module")
def pages(built):
    if not shutil.which(CHROMIUM):
        pytest.skip("chromium is not here")
    return run_cases([node(), "--test-reporter=tap", PAGES]) | run_cases([node(), "--test-reporter=tap", SCALE])


@pytest.mark.parametrize("name", names_in(*UNITS))
def test_unit(units, name):
    judge(units, name)


@pytest.mark.parametrize("name", names_in(PAGES, SCALE) + LEGIBLE)
def test_page(pages, name):
    judge(pages, name)


def test_what_the_browser_loads_is_small_and_compressed(built):
    files = [file for file in built.rglob("*") if file.suffix in (".html", ".js", ".css", ".svg")]
    assert {file.suffix for file in files} == {".html", ".js", ".css", ".svg"}
    total = 0
    for file in files:
        compressed = (built / f"{file}.gz").read_bytes()
        assert gzip.decompress(compressed) == file.read_bytes(), file
        total += len(compressed)
    assert total < BUNDLE_MAX_BYTES


def test_the_page_names_nothing_but_hashed_files_of_its_own(built):
    text = (built / "index.html").read_text()
    assert "http://" not in text and "https://" not in text and "<style" not in text and " style=" not in text
    for reference in text.split('"')[1::2]:
        if "/" in reference and not reference.startswith(("text/", "image/")):
            assert reference.startswith("./assets/") and (built / reference).is_file(), reference


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (CONSOLE / "package-lock.json").read_text()


def test_without_npm_the_build_says_so_and_goes_on(tmp_path):
    copy = tmp_path / "tree"
    (copy / "tools").mkdir(parents=True)
    (copy / "console").mkdir()
    (copy / "console" / "package.json").write_text("{}")
    (copy / "console" / ".npmrc").write_text("")
    (copy / "console" / "src").mkdir()
    shutil.copy(ROOT / "tools" / "build-console", copy / "tools")
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for program in ("sh", "dirname", "find", "head", "echo"):
        (bin_folder / program).symlink_to(shutil.which(program))
    words = "console: not built: node and npm are not here (make deps)\n"
    for options, status in ((["--optional"], 0), ([], 1)):
        command = [copy / "tools" / "build-console", *options]
        ended = subprocess.run(command, env={"PATH": str(bin_folder)}, capture_output=True, text=True)
        assert (ended.returncode, ended.stdout) == (status, words)
