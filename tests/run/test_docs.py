"""The documentation says what is so: links lead somewhere, files and functions it names exist, configurations load."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MANUALS = sorted(ROOT.glob("docs/man/*"))
SOURCE = {path: path.read_text(errors="replace") for folder in ("src", "api", "tests", "fuzz", "tools", "bench")
          for path in ROOT.glob(f"{folder}/**/*") if path.is_file() and "corpus" not in path.parts}
BLOCK = re.compile(r"^```(toml|yaml|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links(page):
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    for target in targets:
        if "://" in target or target.startswith("#"):
            continue
        assert (page.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_and_functions(page):
    """`speaker/peer.h` and `rib_apply()` are there; `schema_peer.c` behind `config/schema_global.c` means its folder."""
    names = {path.name for path in SOURCE}
    whole = "\n".join(text for path, text in SOURCE.items() if path.suffix in (".c", ".h"))
    for code in CODE.findall(page.read_text()):
        function = re.fullmatch(r"(\w+)\(\)", code)
        file = re.fullmatch(r"(?:[\w.-]+/)*[\w-]+\.(?:c|h|proto|py)", code)
        if function:
            assert re.search(rf"\b{function.group(1)}\(", whole), code
        elif file and "/" in code:
            assert (ROOT / code).exists() or (ROOT / "src" / code).exists(), code
        elif file:
            assert code in names, code


@pytest.mark.skipif(not (BUILD / "godwitd").exists(), reason="godwitd is not there")
@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=name_of)
def test_configurations(page, tmp_path):
    for syntax, text in BLOCK.findall(page.read_text()):
        file = tmp_path / f"file.{syntax}"
        file.write_text(text)
        checked = subprocess.run([BUILD / "godwitd", "-d", "-f", file], capture_output=True, text=True, timeout=20)
        assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
@pytest.mark.parametrize("manual", MANUALS, ids=name_of)
def test_manuals(manual, tmp_path):
    """They are read without a complaint, and the configurations in godwitd.conf(5) load."""
    shown = subprocess.run(["man", "-l", "--warnings", manual], capture_output=True, text=True, timeout=60,
                           env={**os.environ, "MANWIDTH": "120", "LC_ALL": "C.UTF-8"})
    assert shown.returncode == 0 and shown.stderr == "", shown.stderr
    for text in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", manual.read_text(), re.MULTILINE | re.DOTALL):
        if "router-id" not in text:
            continue
        file = tmp_path / ("file.toml" if "[global" in text else "file.yaml")
        file.write_text(text)
        assert subprocess.run([BUILD / "godwitd", "-d", "-f", file], timeout=20).returncode == 0, text


@pytest.mark.skipif(not (BUILD / "godwitd").exists(), reason="godwitd is not there")
def test_options_are_in_the_manuals():
    """Every option of --help stands in the program's manual page."""
    for program, section in (("godwitd", 8), ("godwit", 1), ("godwit-fleet", 8)):
        manual = (ROOT / "docs" / "man" / f"{program}.{section}").read_text().replace("\\-", "-")
        shown = subprocess.run([BUILD / program, "--help"], capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--([a-z-]+)", shown[shown.index("ptions"):]):
            letter = re.search(rf"-(\w),\s+--{option}\b", shown)
            assert f"-{option}" in manual or letter and f".Fl {letter.group(1)}" in manual, f"{program} --{option}"
