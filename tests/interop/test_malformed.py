"""Malformed and odd messages, sent to a running daemon, one test each, with the action due by RFC 7606 and its kin.

A sender announces a route and, when an observer has it from the daemon, sends the message of the table (which as a
rule announces the same prefix with another community), then a sentinel. What the observer sees decides: the daemon's
own view is never asked. Each message has a neighbour of its own, so no session waits for another's idle hold.

The tables have one row per message: id, name, session, rule, expected, prefix, bytes in hex after the session is up
(for "open" instead of our OPEN). One is the project's; another is used if GODWIT_SHARED says where it is. Outcomes:
    ACCEPT     the new route is there, with what it carried if that is to be passed on
    DISCARD    the new route is there, without the attribute in question
    TAW        the route is gone (treat as withdraw); so is WITHDRAWN
    STALE      nothing changed
    RESET c/s  the daemon closed the session with this NOTIFICATION (RESET alone: or without one)
    ESTAB      the daemon took the OPEN; CLOSE: it closed without a reply
"""
import os
import re
from pathlib import Path

import pytest

import wire
from daemons import ROOT, Session, make
from dut import under_test
from lab import PREFIX4, Lab, wait_for
from raw import RawSpeaker
from route import Route

DUT_ASN, SENDER_ASN, OBSERVER_ASN = 65000, 65001, 65009
OLD = "64999:64999"
NEXT_HOP4, NEXT_HOP6 = "10.99.1.1", "2001:db8:ffff::1"
# Attributes the daemon builds itself or may not send across an AS border: seen or not, they say nothing.
USUAL = {1, 2, 3, 4, 5, 8, 14, 15}

# Rows of the project's own table that a daemon answers otherwise, because there the decoder runs with other options.
BY_CONFIGURATION = {
    "hop-own": "the next hop is not this daemon's address",
    "path-501": "the daemon's limit on paths is another one",
    "communities-501": "the daemon's limit on communities is another one",
    "unknown-well-known": "error-handling.treat-as-withdraw is on",
    "unknown-local": "error-handling.treat-as-withdraw is on",
}


def shared_table():
    return Path(os.environ.get("GODWIT_SHARED", ROOT.parent / "shared")) / "vectors" / "malformed.tsv"


def is_whole(data):
    """Whether a test's bytes are messages from the first to the last octet."""
    while data:
        size = max(19, int.from_bytes(data[16:18], "big"))
        if size > len(data):
            return False
        data = data[size:]
    return True


def unfold(text):
    """Bytes of a hex text in which (hex*times) stands for a repetition."""
    return bytes.fromhex(re.sub(r"\(([0-9a-f]+)\*(\d+)\)", lambda found: found.group(1) * int(found.group(2)), text))


def rows(table, label):
    """The rows that can be sent over the sessions this file opens: those inside a confederation stay with the decoder."""
    if not table.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"the {label} table is not on this machine"),
                             id=f"{label}-absent")]
    found = []
    for number, line in enumerate(table.read_text().splitlines()[1:]):
        _, name, session, rule, expected, prefix, data = line.split("\t")
        if "confed" in session or (label == "own" and name in BY_CONFIGURATION):
            continue
        found.append(pytest.param({"name": name, "session": session, "rule": rule, "expected": expected.split("|"),
                                   "prefix": prefix, "bytes": unfold(data), "number": number, "label": label},
                                  id=f"{label}-{name}"))
    return found


TABLES = {"shared": rows(shared_table(), "shared"), "own": rows(ROOT / "tests" / "vectors" / "messages.tsv", "own")}
VECTORS = TABLES["shared"] + TABLES["own"]
BASE = {"shared": 2, "own": 6}


def sender_number(vector):
    """The host number of the neighbour that sends this vector: 10.99.2.1 and up, own table 10.99.6.1 and up."""
    return BASE[vector["label"]] * 256 + vector["number"] + 1


def wanted(vector):
    return vector["session"].split("-")


class Bench:
    """The daemon, its observers, and a host that plays every sender."""

    def __init__(self, lab, vectors):
        self.lab, self.vectors = lab, vectors
        self.hosts = {name: lab.host(name) for name in ("dut", "sender", "observer")}
        self._address_senders()
        self.dut, self.observers, self._starts = None, {}, 0

    def _address_senders(self):
        lines = [f"address add {NEXT_HOP4}/16 dev eth0", f"address add {NEXT_HOP6}/64 dev eth0 nodad"]
        lines += [f"address add {PREFIX4[sender_number(vector)]}/16 dev eth0" for vector in self.vectors]
        self.hosts["sender"].run("ip", "-batch", "-", input="\n".join(lines) + "\n")

    def start(self):
        dut_host, observer_host = self.hosts["dut"], self.hosts["observer"]
        sessions = [Session(dut_host.address(version), observer_host.address(version), OBSERVER_ASN,
                            families=(version,), passive=True) for version in (4, 6)]
        sessions += [self._session(vector) for vector in self.vectors]
        self.dut = make(under_test(), dut_host, DUT_ASN, sessions)
        if under_test() == "godwitd":
            self.dut.switches["refuse-as-set"] = True
        self.dut.start()
        self._starts += 1
        for version, family in ((4, wire.IPV4), (6, wire.IPV6)):
            self.observers[version] = RawSpeaker(observer_host, dut_host.address(version), OBSERVER_ASN, version,
                                                 families=(family,))
            self.observers[version].capabilities.append(wire.capability(6))
            self.observers[version].establish()

    def _session(self, vector):
        words = wanted(vector)
        asn = DUT_ASN if "ibgp" in words else SENDER_ASN
        extra = {"godwit": {"enforce-first-as": True}} if under_test() == "godwitd" and vector["label"] == "own" else {}
        return Session(self.hosts["dut"].address4, str(PREFIX4[sender_number(vector)]), asn, families=(4, 6),
                       passive=True, add_path="path" in words, extra=extra)

    def ready(self):
        """A daemon that runs; a new one if a test before has ended it."""
        if self.dut is None or not self.dut.alive():
            self.start()
        return self

    def speaker(self, vector):
        """The sender of a vector, not yet connected."""
        words = wanted(vector)
        options = {"families": (wire.IPV4, wire.IPV6) if len(words) > 2 or "open" in words else (wire.IPV4,)}
        if "path" in words:
            options["add_path"] = (wire.IPV4, wire.IPV6)
        if "next" in words:
            options["extended_next_hop"] = (wire.IPV4,)
        speaker = RawSpeaker(self.hosts["sender"], self.hosts["dut"].address4,
                             DUT_ASN if "ibgp" in words else SENDER_ASN, local=str(PREFIX4[sender_number(vector)]),
                             router_id=NEXT_HOP4, as4="2octet" not in words, **options)
        if "extended" in words:
            speaker.capabilities.append(wire.capability(6))
        if vector["rule"].startswith(("7313", "5291")):
            speaker.capabilities.append(wire.capability(70))
        return speaker

    def observed(self, prefix):
        """The route the daemon announces for `prefix` now."""
        return self.observers[6 if ":" in prefix else 4].table().get(prefix)


@pytest.fixture(scope="module")
def bench(request):
    vectors = [item.callspec.params["vector"] for item in request.session.items
               if item.path == request.path and "vector" in getattr(getattr(item, "callspec", None), "params", {})]
    with Lab("malformed") as lab:
        yield Bench(lab, [vector for vector in vectors if vector])


def route_of(vector, prefix, community):
    """A good route as the sender of this vector would announce it."""
    internal = "ibgp" in wanted(vector)
    return Route(prefix, as_path=() if internal else (SENDER_ASN, 65010), local_pref=100 if internal else None,
                 next_hop=NEXT_HOP6 if ":" in prefix else NEXT_HOP4, communities=frozenset({community}),
                 path_id=7 if "path" in wanted(vector) else None)


def judge_open(speaker, vector):
    """What the daemon does with an OPEN: a KEEPALIVE in answer to ours means that it took it."""
    speaker.connect()
    try:
        speaker.send(vector["bytes"])
        wait_for(lambda: speaker.closed or any(kind == wire.KEEPALIVE for kind, _ in list(speaker.received)),
                 "an answer to the OPEN", 8, 0.01)
        if not speaker.closed and vector["expected"] == ["CLOSE"]:
            wait_for(lambda: speaker.closed, "closed", 8, 0.01)
    except (OSError, AssertionError):
        pass
    return reset_of(speaker) if speaker.closed else "ESTAB" if any(
        kind == wire.KEEPALIVE for kind, _ in speaker.received) else "STALE"


def reset_of(speaker):
    return "RESET %d/%d" % speaker.notification[:2] if speaker.notification else "CLOSE"


def judge(bench, speaker, vector):
    """Plays one vector; the outcome, and the attributes the observer saw beside the usual ones."""
    prefix = vector["prefix"]
    sentinel = f"10.201.{vector['number'] // 256 + 4 * BASE[vector['label']]}.{vector['number'] % 256}/32"
    old, after = route_of(vector, prefix, OLD), route_of(vector, sentinel, OLD)
    speaker.establish()
    agreed = ":" not in prefix or wire.capability(1, b"\0\2\0\1") in speaker.capabilities
    if agreed:
        speaker.announce(old)
        wait_for(lambda: bench.observed(prefix) and OLD in bench.observed(prefix).communities,
                 lambda: f"the good route at the observer; the sender heard {speaker.notification}", 15, 0.01)
    try:
        speaker.send(vector["bytes"])
        if is_whole(vector["bytes"]):
            speaker.announce(after)
    except OSError:
        pass
    limit_s = 1 if not is_whole(vector["bytes"]) else 8
    try:
        wait_for(lambda: speaker.closed or bench.observed(sentinel), "the sentinel or the end", limit_s, 0.01)
    except AssertionError:
        pass
    if ":" in prefix and agreed:
        settle(bench, speaker)
    if speaker.closed:
        wait_for(lambda: not bench.observed(prefix) or not bench.dut.alive(),
                 "the routes of a lost session are withdrawn", 10, 0.01)
        return reset_of(speaker), None
    route = bench.observed(prefix)
    if route is None:
        return "TAW" if agreed else "STALE", None
    return ("STALE" if OLD in route.communities else "ACCEPT"), route


def settle(bench, speaker):
    """The sentinel is IPv4; another one lets IPv6 routes that came before it arrive at the other observer."""
    if speaker.closed:
        return
    marker = f"2001:db8:5e::{sum(map(ord, speaker.local)):x}/128"
    speaker.announce(Route(marker, as_path=() if speaker.asn == DUT_ASN else (speaker.asn, 65010),
                           local_pref=100 if speaker.asn == DUT_ASN else None, next_hop=NEXT_HOP6,
                           path_id=7 if (wire.IPV6 in speaker.add_path) else None))
    try:
        wait_for(lambda: speaker.closed or bench.observed(marker), "the IPv6 sentinel", 5, 0.01)
    except AssertionError:
        pass


def extra_attributes(message):
    """Types beyond the usual ones in the UPDATE of a vector, with their flags; as far as it can be read at all."""
    found, block = {}, b""
    if len(message) > 23 and message[18] == wire.UPDATE:
        withdrawn = int.from_bytes(message[19:21], "big")
        start = 23 + withdrawn
        block = message[start:start + int.from_bytes(message[start - 2:start], "big")]
    while len(block) >= 3:
        head = 4 if block[0] & 0x10 else 3
        size = int.from_bytes(block[2:head], "big")
        found.setdefault(block[1], (block[0], block[head:head + size]))
        block = block[head + size:]
    return {kind: what for kind, what in found.items() if kind not in USUAL}


def fits(outcome, expected, vector, route):
    """Whether what was seen is one of the outcomes due."""
    for due in expected:
        if due in ("WITHDRAWN", "TAW") and outcome == "TAW":
            return True
        if due.startswith("RESET") and outcome.startswith(due) or (due, outcome) == ("RESET", "CLOSE"):
            return True
        if outcome == "ACCEPT" and due in ("ACCEPT", "DISCARD"):
            seen = {kind for _, kind, _ in route.unknown} | ({32} if route.large else set()) | \
                   ({16} if route.extended else set()) | ({7} if route.aggregator else set()) | \
                   ({6} if route.atomic else set())
            if due == "ACCEPT" or not seen & set(extra_attributes(vector["bytes"])):
                return True
        elif due == outcome:
            return True
    return False


@pytest.mark.parametrize("vector", VECTORS)
def test_message(bench, vector):
    bench.ready()
    speaker = bench.speaker(vector)
    others = dict(bench.observers)
    route = None
    try:
        if vector["session"] == "open":
            outcome = judge_open(speaker, vector)
        else:
            outcome, route = judge(bench, speaker, vector)
    finally:
        speaker.close()
    assert bench.dut.alive(), f"the daemon ended:\n{bench.dut.log_text()[-4000:]}"
    assert not any(observer.closed for observer in others.values()), "another session ended too"
    assert all(observer.errors == [] for observer in others.values())
    assert fits(outcome, vector["expected"], vector, route), \
        f"{vector['rule']}: due {'|'.join(vector['expected'])}, found {outcome}; route {route}"
