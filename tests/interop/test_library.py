"""A program with a speaker inside (examples/embed.c) beside BIRD, and built as a stranger would: with pkg-config."""
import os
import shutil
import signal
import subprocess

import pytest

from daemons import BUILD, ROOT, Daemon, Session
from lab import Lab, namespaces_missing, wait_for
from peer_bird import Bird
from route import Route

ASN, BIRD_ASN = 65000, 65001
OURS, THEIRS, LATER = "203.0.113.0/24", "198.51.100.0/24", "198.51.101.0/24"


class Embedded(Daemon):
    """The example: one neighbor, prefixes to announce; prints a line for each thing it hears."""

    def start(self, *prefixes):
        session = self.sessions[0]
        self.spawn(BUILD / "embed", self.asn, self.router_id, session.remote, session.remote_asn, *prefixes)
        return self

    def said(self, line):
        return line in self.log_text().splitlines()


@pytest.fixture
def pair(request):
    reason = namespaces_missing()
    if reason:
        pytest.skip(reason)
    with Lab("library") as lab:
        program, bird = lab.host("program"), lab.host("bird")
        embedded = Embedded(program, ASN, [Session(program.address4, bird.address4, BIRD_ASN)])
        neighbor = Bird(bird, BIRD_ASN, [Session(bird.address4, program.address4, ASN)])
        neighbor.routes = {THEIRS: Route(THEIRS, communities=frozenset({"65001:7"}))}
        neighbor.start()
        embedded.start(OURS)
        yield embedded, neighbor


def test_routes_both_ways(pair):
    embedded, bird = pair
    wait_for(lambda: embedded.said(f"{THEIRS} via {bird.host.address4}, path [{BIRD_ASN}]"), embedded.log_text)
    wait_for(lambda: OURS in bird.received(), bird.log_text)
    assert bird.received()[OURS][0].as_path == (ASN,)
    bird.announce(Route(LATER))
    wait_for(lambda: embedded.said(f"{LATER} via {bird.host.address4}, path [{BIRD_ASN}]"), embedded.log_text)
    bird.withdraw(LATER)
    wait_for(lambda: embedded.said(f"{LATER} is gone"), embedded.log_text)


def test_goodbye_when_interrupted(pair):
    embedded, bird = pair
    wait_for(lambda: OURS in bird.received(), bird.log_text)
    embedded.signal(signal.SIGINT)
    wait_for(lambda: not embedded.alive(), "the program has ended")
    assert embedded._process.returncode == 0
    wait_for(lambda: "embed ends" in bird.log_text(), bird.log_text)
    wait_for(lambda: bird.received() == {}, "its routes are gone")


def test_why_the_neighbor_is_away(pair):
    embedded, bird = pair
    wait_for(lambda: OURS in bird.received(), bird.log_text)
    bird.end()
    wait_for(lambda: embedded.said(f"{THEIRS} is gone"), embedded.log_text)
    assert "Administrative" in embedded.log_text()


@pytest.mark.skipif(not shutil.which("pkgconf") and not shutil.which("pkg-config"), reason="there is no pkg-config")
def test_built_against_what_is_installed(tmp_path):
    tree, program = tmp_path / "tree", tmp_path / "embed"
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", tree], check=True,
                   stdout=subprocess.DEVNULL)
    folder = next(tree.glob("**/pkgconfig/godwit.pc")).parent
    environment = {**os.environ, "PKG_CONFIG_PATH": str(folder), "PKG_CONFIG_SYSROOT_DIR": str(tree),
                   "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1", "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1"}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "godwit"], env=environment, check=True,
                           capture_output=True, text=True).stdout.split()
    subprocess.run(["cc", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-o", program,
                    ROOT / "examples" / "embed.c", *flags], check=True)
    place = next(tree.glob("**/libgodwit.so.0")).parent
    ran = subprocess.run([program], env={**os.environ, "LD_LIBRARY_PATH": str(place)}, capture_output=True, text=True)
    assert ran.returncode == 2 and ran.stderr.startswith("usage: embed AS")


def test_exports_nothing_but_its_own():
    table = subprocess.run(["nm", "-D", "--defined-only", BUILD / "src" / "lib" / "libgodwit.so"], check=True,
                           capture_output=True, text=True).stdout
    names = {line.split()[-1] for line in table.splitlines()}
    assert names and all(name.startswith("godwit_") for name in names), names
