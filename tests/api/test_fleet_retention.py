"""What is kept, and for how long; and that who comes too late for it is told so."""
import sqlite3
import time

import pytest

from fleet_lab import Lab, Stream, wait_for

KEPT = 60
DAY_MS = 24 * 3600 * 1000


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 83, "--keep-events", str(KEPT), "--keep-audit", "20", "--keep-days", "30",
              "--keep-audit-days", "10")
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def tenant(lab):
    project = lab.project("kept")
    client = lab.token(project)
    device = lab.device(project, 1)
    session = client.post(f"/devices/{device}/bgp/sessions")["id"]
    wait_for(lambda: client.get(f"/v1/sessions/{session}")["state"] == "down", "not down")
    return {"client": client, "session": session, "project": project}


def restart(lab):
    """It clears away what is old when it starts, and then twice a minute."""
    lab.fleet.stop()
    lab.fleet.start()


def rows(lab, sql):
    with sqlite3.connect(lab.fleet.store, timeout=10) as store:
        return store.execute(sql).fetchall()


def toggle(tenant, count):
    for number in range(count):
        tenant["client"].put(f"/bgp/sessions/{tenant['session']}", number % 2 == 0)


def test_by_count(lab, tenant):
    toggle(tenant, 2 * KEPT)
    restart(lab)
    wait_for(lambda: rows(lab, "SELECT count(*) FROM events")[0][0] <= KEPT, lambda: rows(lab, "SELECT count(*) FROM events"))
    wait_for(lambda: rows(lab, "SELECT count(*) FROM audit")[0][0] <= 20, lambda: rows(lab, "SELECT count(*) FROM audit"))
    page = tenant["client"].get("/v1/events?limit=1000")
    numbers = [event["id"] for event in page["events"]]
    [[oldest]] = rows(lab, "SELECT min(id) FROM events")
    assert page["trimmed"] == oldest - 1 and min(numbers) >= oldest
    assert len(tenant["client"].get("/v1/audit")["audit"]) <= 20


def test_a_reader_that_comes_too_late_is_told(lab, tenant):
    trimmed = tenant["client"].get("/v1/events")["trimmed"]
    assert trimmed > 10
    late = Stream(tenant["client"], last_id=trimmed - 5)
    _, number, _, data = late.wait("reset")
    assert number == trimmed and data["type"] == "reset"
    expected = [event["id"] for event in tenant["client"].get("/v1/events?limit=1000")["events"]]
    wait_for(lambda: len(late.events) == len(expected) + 1, "it does not go on")
    assert [event[1] for event in late.events] == [trimmed, *expected]  # first the reset, then all that is there
    late.close()
    # Who goes on from the reset, or from what is there, is not told again.
    for last in (trimmed, expected[-1]):
        on_time = Stream(tenant["client"], last_id=last)
        toggle(tenant, 1)
        on_time.wait("bgp_session.default_route")
        assert "reset" not in [event[2] for event in on_time.events]
        on_time.close()


def last_event(client):
    """The newest: pages begin with the oldest, which may be cleared away any moment."""
    last, page = 0, {"next": "0"}
    while page["next"] is not None:
        page = client.get(f"/v1/events?limit=1000&after={last}")
        last = page["events"][-1]["id"]
    return last


def test_a_reader_that_is_overtaken_is_told(lab, tenant):
    """It does not read while what it has not read is cleared away."""
    import socket
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # before: a window that shrinks is left to slow probes
    reader.connect(("127.0.0.1", lab.fleet.port))
    start = tenant["client"].get("/v1/events?limit=1000")["events"][-1]["id"]
    reader.sendall((f"GET /v1/events?after={start} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n"
                    f"X-Auth-Token: {tenant['client'].token}\r\n\r\n").encode())
    trimmed = lambda: tenant["client"].get("/v1/events?limit=1")["trimmed"]
    toggle(tenant, 4000)
    wait_for(lambda: trimmed() > start + 3000, trimmed, 60)
    reader.settimeout(20)
    text, numbers = b"", []
    newest = last_event(tenant["client"])
    while f"id: {newest}\n".encode() not in text:
        piece = reader.recv(65536)
        assert piece, "it was cut off"
        text += piece
    blocks = [dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
              for block in text.decode().replace("\r\n", "\n").split("\n\n")]
    seen = [(int(block["id"]), block["event"]) for block in blocks if "event" in block and "id" in block]
    numbers = [number for number, _ in seen]
    assert numbers == sorted(set(numbers))
    for (one, _), (other, kind) in zip(seen, seen[1:]):
        assert other == one + 1 or kind == "reset", (one, other, kind)
    reader.close()


def test_by_age(lab, tenant):
    lab.fleet.stop()
    with sqlite3.connect(lab.fleet.store) as store:
        now = int(time.time() * 1000)
        [[last]] = store.execute("SELECT max(id) FROM events").fetchall()
        store.execute("UPDATE events SET at = ? WHERE id < ?", (now - 31 * DAY_MS, last))
        store.execute("UPDATE audit SET at = ?", (now - 11 * DAY_MS,))
        store.execute("UPDATE transitions SET at = ?", (now - 31 * DAY_MS,))
    store.close()
    lab.fleet.start()
    wait_for(lambda: rows(lab, "SELECT min(id) FROM events")[0][0] == last, lambda: rows(lab, "SELECT min(id) FROM events"))
    wait_for(lambda: rows(lab, f"SELECT count(*) FROM audit WHERE at < {now - 10 * DAY_MS}") == [(0,)], "audit is kept")
    wait_for(lambda: rows(lab, f"SELECT count(*) FROM transitions WHERE at < {now - 30 * DAY_MS}") == [(0,)], "kept")


def test_flaps_are_counted_on(lab, tenant):
    """The count is of the session, not of the rows that are still there."""
    text = lambda: lab.provider.ask("GET", f"/metrics?project={tenant['project']}").body.decode()
    before = next(line for line in text().splitlines() if "flaps_total" in line)
    restart(lab)
    assert before in text()
