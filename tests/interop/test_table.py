"""Real routing data through the daemon to a BIRD peer, compared route for route with bgpdump's account of the input.

The messages are sent byte for byte as a collector recorded them. BIRD writes its table as MRT, and bgpdump reads that
too, so neither the daemon's view nor ours takes part in the comparison.
"""
import os
import re
import time
from pathlib import Path

import pytest

import mrt
import wire
from daemons import ROOT, Session, make
from dut import under_test
from lab import Capture, Lab, wait_for
from raw import RawSpeaker

DUT_ASN, BIRD_ASN = 4200000001, 4200000010
DATA = Path(os.environ.get("GODWIT_SHARED", ROOT.parent / "shared")) / "data" / "mrt"

# File, collector's peer, its AS (as its session with the daemon; internal if the file's peer was), routes at least.
FILES = {
    "full-table": ("ripe-bgpdump_updates.et-header.2015.gz", "206.220.231.55", 3856, True, 570000),
    "2016": ("ripe-bgpdump_updates.20160811.1600.gz", "37.49.236.145", 49463, False, 100),
    "2010": ("bgpkit_rrc15_updates.20100227.1600.gz", "200.219.130.4", 1916, False, 100),
    "2007": ("ripe-bgpdump_updates.20070211.0141.gz", "195.66.226.35", 6067, False, 500),
    "2007-ipv6": ("ripe-bgpdump_updates.20070211.0141.gz", "2001:7f8:4::d1c:1", 3356, False, 10),
}


def expected_table(path, peer, dut_asn):
    """What BIRD should hold: the peer's routes with the daemon's AS in front, without those that contain it.

    AS 0 makes a path malformed and an AGGREGATOR void (RFC 7607); GoBGP does not look.
    """
    own, seen, table = str(dut_asn), {}, {}
    refused = {own, "0"} if under_test() == "godwitd" else {own}
    for prefix, attributes in mrt.replay(path, peer).items():
        if refused & set(re.findall(r"\d+", attributes[0])):
            continue
        there = (f"{own} {attributes[0]}".strip(), *attributes[1:])
        if under_test() == "godwitd" and there[4].startswith("0 "):
            there = (*there[:4], "")
        table[prefix] = seen.setdefault(there, there)
    return table


@pytest.mark.parametrize("name", FILES)
def test_real_routes(name, record_property):
    file, peer_address, asn, internal, at_least = FILES[name]
    if not (DATA / file).exists():
        pytest.skip("the data files are not on this machine")
    version = 6 if ":" in peer_address else 4
    dut_asn = asn if internal else DUT_ASN
    expected = expected_table(DATA / file, peer_address, dut_asn)
    assert len(expected) >= at_least
    with Lab(f"table-{name}") as lab:
        hosts = {which: lab.host(which) for which in ("dut", "source", "bird")}
        local = hosts["dut"].address(version)
        sessions = [Session(local, hosts["source"].address(version), asn, families=(version,), passive=True),
                    Session(local, hosts["bird"].address(version), BIRD_ASN, families=(version,), passive=True)]
        capture = Capture(hosts["dut"]) if len(expected) < 50000 else None
        dut = make(under_test(), hosts["dut"], dut_asn, sessions).start("info")
        at_bird = Session(hosts["bird"].address(version), local, dut_asn, families=(version,))
        bird = make("bird", hosts["bird"], BIRD_ASN, [at_bird]).start()
        bird.wait_established(at_bird)
        started_s = time.monotonic()
        source = send(hosts["source"], local, asn, version, DATA / file, peer_address)
        wait_for(lambda: dut.alive() and bird.count(at_bird, version) >= len(expected) or source.closed,
                 lambda: f"{len(expected)} routes at BIRD, which has {bird.count(at_bird, version)}", 240, 0.5)
        record_property("seconds", round(time.monotonic() - started_s, 1))
        assert not source.closed, source.notification
        compare(expected, bird, at_bird, version)
        assert dut.end(60) == 0, dut.log_text()[-3000:]
        if capture:
            capture.stop()
            assert capture.count([local]) > 1
            assert capture.complaints([local]) == []


def send(host, remote, asn, version, path, peer_address):
    """A speaker that has sent all of the peer's UPDATEs in the file, as they are."""
    recorded = [item for item in mrt.messages(path, peer_address) if item[0][18] == wire.UPDATE]
    family = wire.IPV4 if version == 4 else wire.IPV6
    source = RawSpeaker(host, remote, asn, version, families=(family,), as4=recorded[0][1]).establish()
    pending = bytearray()
    for message, _ in recorded:
        pending += message
        if len(pending) > 1 << 16:
            source.send(pending)
            pending.clear()
    source.send(pending)
    return source


def compare(expected, bird, session, version):
    """Fails with the first differences if BIRD's table is not the expected one."""
    file = bird.folder / "table.mrt"

    def found():
        bird.dump(file, version)
        return mrt.replay(file)

    state = {}

    def equal():
        state["found"] = found()
        return state["found"] == expected

    def describe():
        have = state["found"]
        wrong = [f"{prefix}: expected {expected.get(prefix)}, found {have.get(prefix)}"
                 for prefix in [*expected, *(set(have) - set(expected))] if have.get(prefix) != expected.get(prefix)]
        return f"{len(wrong)} of {len(expected)} routes differ; first: " + "\n".join(wrong[:10])

    wait_for(equal, describe, 60, 2)
