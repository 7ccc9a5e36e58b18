"""What godwit-fleet serves under /console/: the files of the build it was linked with, or of a folder."""
import gzip
import http.client
import os
import shutil
import subprocess
import sys

import pytest

from node_cases import BUILT, ROOT

sys.path.insert(0, str(ROOT / "tests" / "api"))
from fleet_lab import BUILD, Fleet  # noqa: E402

EMBED = ROOT / "tools" / "embed-files"
PLAIN = ROOT / "console" / "plain.html"
FOR_EVER = "public, max-age=31536000, immutable"


class Browser:
    """Asks as a browser would, or not quite."""

    def __init__(self, fleet):
        self.port = fleet.port

    def ask(self, path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        return answer


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    if not (BUILD / "godwit-fleet").exists():
        pytest.skip("godwit-fleet is not built")
    fleet = Fleet(tmp_path_factory.mktemp("embedded"))
    yield Browser(fleet)
    fleet.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """--console FOLDER, with a file above it that must never be seen."""
    root = tmp_path_factory.mktemp("folder")
    (root / "secret.txt").write_text("secret")
    page = root / "console"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<p>mine</p>")
    (page / ".hidden.txt").write_text("secret")
    (page / "assets" / "a-0.js").write_text("let a = 0;")
    (page / "assets" / "a-0.js.gz").write_bytes(gzip.compress(b"let a = 0;"))
    fleet = Fleet(root, "--console", page)
    yield Browser(fleet)
    fleet.stop()


def embedded_files():
    """{path: bytes} of what the program under test has in it: of the console's build, unless it was not there."""
    table = (BUILD / "src" / "fleet" / "console.gen.c").read_text()
    if "assets/" not in table:
        return {"index.html": PLAIN.read_bytes()}
    files = {path.relative_to(BUILT).as_posix(): path for path in BUILT.rglob("*") if path.is_file()}
    files = {name: path.read_bytes() for name, path in files.items() if not name.endswith(".gz")}
    if any(f'"{name}"' not in table for name in files):
        pytest.skip("the console was built anew after the program")
    return files


@pytest.mark.parametrize("accepts", ["gzip, deflate, br", "*", "br;q=1.0, GZIP;q=0.1"])
def test_who_takes_gzip_gets_it(embedded, accepts):
    for path, data in embedded_files().items():
        answer = embedded.ask(f"/console/{path}", Accept_Encoding=accepts)
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip"), path
        assert gzip.decompress(answer.body) == data, path


@pytest.mark.parametrize("accepts", [None, "", "br", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "not-gzip", "identity"])
def test_who_does_not_gets_it_as_it_is(embedded, accepts):
    headers = {} if accepts is None else {"Accept_Encoding": accepts}
    for path, data in embedded_files().items():
        answer = embedded.ask(f"/console/{path}", **headers)
        assert (answer.status, answer.headers["Content-Encoding"], answer.body) == (200, None, data), path
        assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("where", ["embedded", "folder"])
def test_a_page_is_asked_for_again_and_a_hashed_file_is_kept(where, request):
    browser = request.getfixturevalue(where)
    assert browser.ask("/console/").headers["Cache-Control"] == "no-cache"
    files = ["assets/a-0.js"] if where == "folder" else [path for path in embedded_files() if "/" in path]
    for path in files:
        assert browser.ask(f"/console/{path}").headers["Cache-Control"] == FOR_EVER, path


@pytest.mark.parametrize("where", ["embedded", "folder"])
def test_who_has_it_is_told_so(where, request):
    browser = request.getfixturevalue(where)
    plain, compressed = browser.ask("/console/"), browser.ask("/console/", Accept_Encoding="gzip")
    tag = plain.headers["ETag"]
    if compressed.headers["Content-Encoding"]:
        assert compressed.headers["ETag"] != tag
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = browser.ask("/console/", If_None_Match=known)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag), known
        assert answer.headers["Cache-Control"] == "no-cache" and "Content-Security-Policy" in answer.headers
    for unknown in ('"other"', tag.strip('"'), tag[:-2] + '"'):
        assert browser.ask("/console/", If_None_Match=unknown).status == 200, unknown


def test_types_and_policy(embedded):
    types = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
             ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    for path in embedded_files():
        answer = embedded.ask(f"/console/{path}")
        assert answer.headers["Content-Type"] == types[os.path.splitext(path)[1]], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = answer.headers["Content-Security-Policy"]
        for word in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "trusted-types 'none'"):
            assert word in policy
        assert "unsafe" not in policy


def test_head_has_everything_but_the_body(embedded):
    whole, head = embedded.ask("/console/"), embedded.ask("/console/", "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(whole.body)))
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_the_front_door_leads_to_the_console(embedded):
    for path in ("/", "/console"):
        answer = embedded.ask(path)
        assert (answer.status, answer.headers["Location"]) == (302, "/console/")
    assert embedded.ask("/console/", "POST").status == 404


@pytest.mark.parametrize("path", ["assets/none.js", "../secret.txt", "%2e%2e/secret.txt", "assets/..%2f..%2fsecret.txt",
                                  ".hidden.txt", "assets/.", "..\\secret.txt", "a.%0a", "assets/a-0.js/../../x.js"])
def test_what_is_not_there_is_not_found(embedded, folder, path):
    for browser in (embedded, folder):
        answer = browser.ask(f"/console/{path}")
        assert answer.status in (400, 404) and b"secret" not in answer.body


def test_a_folder_goes_before_what_is_embedded(folder):
    assert folder.ask("/console/").body == b"<p>mine</p>"
    answer = folder.ask("/console/assets/a-0.js", Accept_Encoding="gzip")
    assert (answer.headers["Content-Encoding"], gzip.decompress(answer.body)) == ("gzip", b"let a = 0;")
    assert folder.ask("/console/assets/a-0.js", Accept_Encoding="gzip;q=0").body == b"let a = 0;"


def embed(tmp_path, folder):
    outputs = [tmp_path / f"console.gen.{ending}" for ending in "chd"]
    command = [EMBED, "fleet_console", folder, PLAIN, *outputs]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return ended.stdout, outputs


def test_without_a_built_console_a_page_says_how_to_get_it(tmp_path):
    said, (code, _, depends) = embed(tmp_path, tmp_path / "none")
    assert "not embedded" in said and '"index.html", file_0' in code.read_text()
    assert str(tmp_path / "none" / "index.html") in depends.read_text()
    page = PLAIN.read_text()
    assert "make" in page and "--console" in page and "<script" not in page and "style=" not in page


def test_what_did_not_change_is_not_written_again(tmp_path):
    folder = tmp_path / "console"
    folder.mkdir()
    (folder / "index.html").write_text("one")
    said, (code, header, _) = embed(tmp_path, folder)
    assert said == ""
    before = [path.stat().st_mtime_ns for path in (code, header)]
    shutil.copy(folder / "index.html", folder / "index.html.gz")
    embed(tmp_path, folder)
    assert [path.stat().st_mtime_ns for path in (code, header)] == before
    (folder / "index.html").write_text("two")
    embed(tmp_path, folder)
    assert code.stat().st_mtime_ns != before[0] and header.stat().st_mtime_ns == before[1]
