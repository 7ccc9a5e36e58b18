"""Sessions in both families of one server: each by itself, with its routes and its default route."""
import json
import shutil

import pytest

from fleet_lab import Lab, network_with_ipv6, wait_for

GOBGPD = "/usr/bin/gobgpd"
BLOCK = 85
PREFIX, OTHER = "2001:db8:113::/48", "2001:db8:bad::/48"


@pytest.fixture(scope="module", params=["godwitd", "gobgpd"])
def lab(request, tmp_path_factory):
    if request.param == "gobgpd" and not shutil.which(GOBGPD):
        pytest.skip("no gobgpd here")
    with network_with_ipv6(BLOCK, servers=1):
        lab = Lab(tmp_path_factory.mktemp("fleet"), BLOCK, "--unreadable-after", "1000", ipv6=True,
                  second_router=GOBGPD if request.param == "gobgpd" else None)
        yield lab
        lab.stop()


@pytest.fixture(scope="module")
def tenant(lab):
    """A project with a server that has a session in each family, {4: id, 6: id}."""
    project = lab.project("both", md5="Secret0Secret", prefixes=("203.0.113.0/24", PREFIX))
    client = lab.token(project)
    device = lab.device(project, 1)
    sessions = {family: client.post(f"/devices/{device}/bgp/sessions?address_family=ipv{family}")["id"]
                for family in (4, 6)}
    return {"client": client, "device": device, "sessions": sessions, "server": lab.server(1, md5="Secret0Secret")}


def view(tenant, family):
    return tenant["client"].get(f"/v1/sessions/{tenant['sessions'][family]}")


def await_state(tenant, family, state):
    wait_for(lambda: view(tenant, family)["state"] == state, lambda: view(tenant, family), 40)


def table(daemon):
    return json.loads(daemon.cli("-j", "global", "rib", "-a", "ipv6") or "{}")


def test_both_come_up(lab, tenant):
    await_state(tenant, 6, "up")
    await_state(tenant, 4, "up")
    session = view(tenant, 6)
    assert session["status"] == "up,up" and session["address_family"] == "ipv6"
    assert session["customer_ip"] == lab.address6(1, 1)
    assert [leg["peer_ip"] for leg in session["legs"]] == [lab.address6(0, 1), lab.address6(0, 2)]


def test_routes_are_judged(lab, tenant):
    for prefix in (PREFIX, OTHER):
        tenant["server"].cli("global", "rib", "-a", "ipv6", "add", prefix, "nexthop", lab.address6(1, 1))
    path = f"/v1/sessions/{tenant['sessions'][6]}/routes"
    wait_for(lambda: len(tenant["client"].get(path)["routes"]) == 4, lambda: view(tenant, 6))
    session = view(tenant, 6)
    assert session["prefixes"] == {"received": 2, "accepted": 1, "rejected": 1, "limit": 10}
    assert session["learned_routes"] == [PREFIX]
    rejected = tenant["client"].get(path + "?state=rejected")["routes"]
    assert {route["reason"] for route in rejected} == {f"{OTHER} is in none of the project's prefixes"}
    assert tenant["client"].get("/v1/routes?prefix=2001:db8:113::53")["match"] == PREFIX
    # They are routes of this family alone, and a router uses just what is allowed.
    assert view(tenant, 4)["prefixes"]["received"] == 0
    for router in lab.routers:
        wait_for(lambda: list(table(router)) == [PREFIX], lambda: table(router))


def test_default_route(lab, tenant):
    """Without a gateway its next hop is the router's own address of the session."""
    tenant["client"].put(f"/bgp/sessions/{tenant['sessions'][6]}", True)
    def next_hops():
        paths = table(tenant["server"]).get("::/0", [])
        return sorted(attr["nexthop"] for path in paths for attr in path["attrs"] if "nexthop" in attr)
    wait_for(lambda: next_hops() == [lab.address6(0, 1), lab.address6(0, 2)], lambda: table(tenant["server"]))
    assert "0.0.0.0/0" not in tenant["server"].cli("global", "rib")
    tenant["client"].put(f"/bgp/sessions/{tenant['sessions'][6]}", False)
    wait_for(lambda: next_hops() == [], lambda: table(tenant["server"]))


def test_one_family_goes_and_the_other_stays(lab, tenant):
    """An address of the server that is down in one family says nothing of the other."""
    server = tenant["server"]
    for number in (1, 2):
        server.cli("neighbor", lab.address6(0, number), "disable", "--reason", "back at five")
    await_state(tenant, 6, "down")
    assert "back at five" in view(tenant, 6)["legs"][0]["reason"] and view(tenant, 4)["state"] == "up"
    for number in (1, 2):
        server.cli("neighbor", lab.address6(0, number), "enable")
    await_state(tenant, 6, "up")


def test_disabling_takes_it_off_the_routers(lab, tenant):
    tenant["client"].delete(f"/bgp/sessions/{tenant['sessions'][6]}")
    for router in lab.routers:
        wait_for(lambda: "fd00:" not in router.cli("neighbor"), lambda: router.cli("neighbor"))
        wait_for(lambda: table(router) == {}, lambda: table(router))
    assert view(tenant, 4)["state"] == "up" and view(tenant, 4)["flaps"]["hour"] == 0
