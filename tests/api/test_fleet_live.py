"""The life of a session, from being enabled to being gone, as its owner sees it."""
import shutil
import time
from datetime import datetime, timezone

import pytest

from fleet_lab import Lab, Stream, wait_for

GOBGPD = "/usr/bin/gobgpd"


@pytest.fixture(scope="module", params=["godwitd", "gobgpd"])
def lab(request, tmp_path_factory):
    """The second router is the one that stops and comes back."""
    if request.param == "gobgpd" and not shutil.which(GOBGPD):
        pytest.skip("no gobgpd here")
    lab = Lab(tmp_path_factory.mktemp("fleet"), 71, "--unreadable-after", "1000",
              second_router=GOBGPD if request.param == "gobgpd" else None)
    lab.stock = request.param == "gobgpd"
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def tenant(lab):
    """A project with a server that talks to both routers, and its session."""
    project = lab.project("live")
    client = lab.token(project)
    device = lab.device(project, 1)
    stream = Stream(client)
    session = client.post(f"/metal/v1/devices/{device}/bgp/sessions", {"address_family": "ipv4"})
    yield {"project": project, "client": client, "device": device, "session": session["id"], "stream": stream}
    stream.close()


def session_of(tenant):
    return tenant["client"].get(f"/v1/sessions/{tenant['session']}")


def await_state(tenant, state):
    return wait_for(lambda: (lambda s: s if s["state"] == state else None)(session_of(tenant)),
                    lambda: f"not {state}: {session_of(tenant)}")


def server_of(lab, tenant):
    """The server's daemon, up and announcing a route that is allowed and one that is not."""
    if "server" not in tenant:
        tenant["server"] = lab.server(1)
    await_state(tenant, "up")
    if session_of(tenant)["prefixes"]["received"] == 0:
        for words in (["203.0.113.5/32", "nexthop", "198.18.0.1", "community", "65000:1"],
                      ["192.0.2.0/24", "nexthop", "198.18.0.1"]):
            tenant["server"].cli("global", "rib", "add", *words)
    await_routes(tenant)
    return tenant["server"]


def await_routes(tenant):
    wait_for(lambda: all(leg["received"] == 2 for leg in session_of(tenant)["legs"]),
             lambda: f"the routes did not come: {session_of(tenant)}")


def test_down_has_a_reason(lab, tenant):
    await_state(tenant, "down")
    session = wait_for(lambda: (lambda s: s if s["status"] == "down,down" else None)(session_of(tenant)),
                       lambda: f"not both down: {session_of(tenant)}")
    # What both say is said once.
    routers = "r1" if lab.stock else "r1, r2"
    assert session["reason"].startswith(f"{routers}: waiting for the neighbor to connect")
    assert session["reason"].endswith(f"See that the server's daemon runs and connects from {lab.address(1, 1)}")


def test_up_is_pushed(lab, tenant):
    begin = time.monotonic()
    tenant["server"] = lab.server(1)
    arrival = tenant["stream"].wait("bgp_session.up")[0]
    up = await_state(tenant, "up")
    assert up["status"] == "up,up" and up["reason"] is None
    assert arrival - begin < 10


def test_routes_are_judged(lab, tenant):
    server_of(lab, tenant)
    client, path = tenant["client"], f"/v1/sessions/{tenant['session']}/routes"
    wait_for(lambda: len(client.get(path)["routes"]) == 4, "the routes did not come")
    session = session_of(tenant)
    assert session["prefixes"] == {"received": 2, "accepted": 1, "rejected": 1, "limit": 10}
    assert session["learned_routes"] == ["203.0.113.5/32"]
    accepted = client.get(path + "?state=accepted")["routes"]
    assert [route["router"]["name"] for route in accepted] == ["r1", "r2"]
    assert accepted[0]["as_path"] == "65000" and accepted[0]["next_hop"] == "198.18.0.1"
    assert accepted[0]["communities"] == ["65000:1"]
    rejected = client.get(path + "?state=rejected")["routes"]
    assert {route["reason"] for route in rejected} == {"192.0.2.0/24 is in none of the project's prefixes"}


def test_new_prefixes_judge_again(lab, tenant):
    server_of(lab, tenant)
    path = f"/v1/projects/{tenant['project']}/prefixes"
    lab.provider.put(path, {"prefixes": ["203.0.113.0/24", "192.0.2.0/24"]})
    assert session_of(tenant)["prefixes"]["accepted"] == 2
    lab.provider.put(path, {"prefixes": ["203.0.113.0/24"]})
    assert session_of(tenant)["prefixes"]["accepted"] == 1


def test_lookup_is_by_longest_match(lab, tenant):
    server_of(lab, tenant)
    found = tenant["client"].get("/v1/routes?prefix=203.0.113.5")
    assert found["match"] == "203.0.113.5/32" and len(found["routes"]) == 2
    assert tenant["client"].get("/v1/routes?prefix=203.0.113.6") == {"match": None, "routes": []}
    assert tenant["client"].get("/v1/routes?prefix=192.0.2.77")["match"] == "192.0.2.0/24"
    assert tenant["client"].get("/v1/routes?prefix=192.0.2.77/32&match=exact")["match"] is None


def test_partial_when_a_router_stops(lab, tenant):
    server_of(lab, tenant)
    seen = len(tenant["stream"].events)
    lab.routers[1].stop()
    begin = time.monotonic()
    wait_for(lambda: [e for e in tenant["stream"].events[seen:] if e[2] == "bgp_session.partial"], "no event", 10)
    assert time.monotonic() - begin < 10
    session = session_of(tenant)
    assert session["state"] == "partial" and session["status"] == "up,unknown"
    assert session["reason"] == "r2: the router cannot be read. " \
        "Whether the session is up there is not known; its provider has to look"
    assert session["legs"][1]["state"] == "unknown"
    # What the router held is not claimed any more; the other one still has it.
    assert session["legs"][1]["received"] == 0 and session["learned_routes"] == ["203.0.113.5/32"]
    router = lab.provider.get(f"/v1/routers/{lab.router_ids[1]}")
    assert router["state"] == "unreadable" and router["reason"]


def test_and_back(lab, tenant):
    lab.routers[1].start()
    session = await_state(tenant, "up")
    wait_for(lambda: session_of(tenant)["legs"][1]["received"] == 2, "the routes did not come back")
    assert lab.provider.get(f"/v1/routers/{lab.router_ids[1]}")["state"] == "readable"
    # Once each: nothing is told twice after everything was replayed.
    kinds = [event[2] for event in tenant["stream"].events]
    assert kinds.count("bgp_session.up") == 2 and session["flaps"]["hour"] == 0


def test_restart_of_the_service_tells_nothing_again(lab, tenant):
    server_of(lab, tenant)
    before = tenant["client"].get("/v1/events?limit=1000")["events"]
    lab.fleet.stop()
    restarted_at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lab.fleet.start()
    # What is shown at first is what was stored; the routers have been asked once that is younger than the restart.
    wait_for(lambda: all(leg["updated_at"] > restarted_at for leg in session_of(tenant)["legs"]), "nobody was asked")
    await_state(tenant, "up")
    await_routes(tenant)
    after = tenant["client"].get("/v1/events?limit=1000")["events"]
    states = [event["type"] for event in after[len(before):] if event["type"] != "bgp_session.routes"]
    assert states == [], states


def test_down_with_the_servers_words(lab, tenant):
    server_of(lab, tenant)
    tenant["server"].cli("neighbor", lab.routers[0].address, "disable")
    session = await_state(tenant, "partial")
    assert "r1:" in session["reason"] and "dministrative" in session["reason"], session["reason"]
    tenant["server"].cli("neighbor", lab.routers[0].address, "enable")
    await_state(tenant, "up")
    timeline = tenant["client"].get(f"/v1/sessions/{tenant['session']}/timeline")["timeline"]
    down = next(entry for entry in timeline if entry["from"] == "up" and entry["to"] == "down")
    assert down["router"]["name"] == "r1" and down["reason"]
    assert session_of(tenant)["flaps"]["hour"] == 1


def test_update_now_waits_for_the_routers(lab, tenant):
    before = session_of(tenant)["updated_at"]
    answer = tenant["client"].post(f"/projects/{tenant['project']}/bgp/discover")
    assert answer["updated_at"] > before
    assert session_of(tenant)["updated_at"] > before
    assert tenant["client"].post(f"/devices/{tenant['device']}/bgp/discover")["updated_at"] > before
    assert tenant["client"].post(f"/bgp/discover/{tenant['project']}")["updated_at"] > before


def test_streams_resume(lab, tenant):
    events = tenant["client"].get("/v1/events?limit=1000")["events"]
    middle = events[len(events) // 2]["id"]
    stream = Stream(tenant["client"], last_id=middle)
    expected = [event["id"] for event in events if event["id"] > middle]
    wait_for(lambda: len(stream.events) >= len(expected), "the rest did not come")
    assert [event[1] for event in stream.events][:len(expected)] == expected
    stream.close()


def test_disabling_takes_it_off_the_routers(lab, tenant):
    tenant["client"].delete(f"/bgp/sessions/{tenant['session']}")
    assert tenant["client"].ask("GET", f"/bgp/sessions/{tenant['session']}").status == 404
    for router in lab.routers:
        wait_for(lambda: "127." not in router.cli("neighbor"), "the neighbor is still there")
    # Enabled again, it needs nothing on the server.
    again = tenant["client"].post(f"/devices/{tenant['device']}/bgp/sessions?address_family=ipv4")
    tenant["session"] = again["id"]
    await_state(tenant, "up")
