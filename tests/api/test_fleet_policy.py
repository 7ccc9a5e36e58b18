"""What the routers tell servers and take from them: nothing but a default route, nothing but the project's prefixes."""
import json
import shutil
import subprocess

import pytest

from fleet_lab import Lab, wait_for

GOBGPD = "/usr/bin/gobgpd"


@pytest.fixture(scope="module", params=["godwitd", "gobgpd"])
def lab(request, tmp_path_factory):
    if request.param == "gobgpd" and not shutil.which(GOBGPD):
        pytest.skip("no gobgpd here")
    block = 79 if request.param == "godwitd" else 80
    lab = Lab(tmp_path_factory.mktemp("fleet"), block, second_router=GOBGPD if request.param == "gobgpd" else None)
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def two(lab):
    """Two projects, a server each, both up, both announcing."""
    found = []
    for number, prefixes in ((1, ["203.0.113.0/24"]), (2, ["198.51.100.0/24"])):
        project = lab.project(f"policy{number}", prefixes=prefixes)
        client = lab.token(project)
        device = lab.device(project, number)
        session = client.post(f"/devices/{device}/bgp/sessions")["id"]
        server = lab.server(number)
        wait_for(lambda: client.get(f"/v1/sessions/{session}")["state"] == "up",
                 lambda: client.get(f"/v1/sessions/{session}"))
        server.cli("global", "rib", "add", prefixes[0], "nexthop", "198.18.0.1")
        server.cli("global", "rib", "add", "192.0.2.0/24", "nexthop", "198.18.0.1")
        wait_for(lambda: client.get(f"/v1/sessions/{session}")["prefixes"]["received"] == 2, "no routes")
        found.append({"project": project, "client": client, "session": session, "server": server,
                      "address": f"127.{lab.block}.1.{number}"})
    return found


def policies_are_offered(lab):
    return lab.provider.get(f"/v1/routers/{lab.router_ids[1]}")["policy"] is None


def told(lab, server):
    """What the second router tells the server, by the server's own account."""
    found = json.loads(server["server"].cli("-j", "neighbor", lab.routers[1].address, "adj-in") or "{}")
    return sorted(found)


def test_nobody_is_told_anything(lab, two):
    if not policies_are_offered(lab):
        pytest.skip("this router offers no policies")
    wait_for(lambda: told(lab, two[0]) == [] and told(lab, two[1]) == [],
             lambda: (told(lab, two[0]), told(lab, two[1])))


def test_default_route_goes_to_whom_it_is_for(lab, two):
    if not policies_are_offered(lab):
        pytest.skip("this router offers no policies")
    two[0]["client"].put(f"/bgp/sessions/{two[0]['session']}", True)
    wait_for(lambda: told(lab, two[0]) == ["0.0.0.0/0"], lambda: told(lab, two[0]))
    assert told(lab, two[1]) == []
    two[0]["client"].put(f"/bgp/sessions/{two[0]['session']}", False)
    wait_for(lambda: told(lab, two[0]) == [], lambda: told(lab, two[0]))


def test_only_the_projects_prefixes_are_taken(lab, two):
    if not policies_are_offered(lab):
        pytest.skip("this router offers no policies")
    def table():
        return sorted(json.loads(lab.routers[1].cli("-j", "global", "rib") or "{}"))
    wait_for(lambda: table() == ["198.51.100.0/24", "203.0.113.0/24"], table)
    lab.provider.put(f"/v1/projects/{two[1]['project']}/prefixes", {"prefixes": ["198.51.100.0/24", "192.0.2.0/24"]})
    wait_for(lambda: table() == ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"], table)
    lab.provider.put(f"/v1/projects/{two[1]['project']}/prefixes", {"prefixes": ["198.51.100.0/24"]})
    wait_for(lambda: table() == ["198.51.100.0/24", "203.0.113.0/24"], table)
    # Rejected there, and still shown here with its reason.
    rejected = two[1]["client"].get(f"/v1/sessions/{two[1]['session']}/routes?state=rejected")["routes"]
    assert {route["prefix"] for route in rejected} == {"192.0.2.0/24"}


def test_restart_changes_nothing_on_the_router(lab, two):
    def policies():
        return [subprocess.run(["/usr/bin/gobgp", "-u", "127.0.0.1", "-p", str(lab.routers[1].api_port), *words],
                               capture_output=True, text=True, timeout=20).stdout
                for words in (["policy"], ["policy", "prefix"], ["policy", "neighbor"])]
    if not policies_are_offered(lab) or not shutil.which("/usr/bin/gobgp"):
        pytest.skip("nothing to look at, or to look with")
    before = policies()
    flaps = [tenant["client"].get(f"/v1/sessions/{tenant['session']}")["flaps"] for tenant in two]
    lab.fleet.stop()
    lab.fleet.start()
    wait_for(lambda: two[0]["client"].get(f"/v1/sessions/{two[0]['session']}")["state"] == "up", "not up")
    assert policies() == before
    assert [tenant["client"].get(f"/v1/sessions/{tenant['session']}")["flaps"] for tenant in two] == flaps


def test_routers_without_policies_say_so(lab, two):
    router = lab.provider.get(f"/v1/routers/{lab.router_ids[1]}")
    assert router["policy"] is None or "offers no policies" in router["policy"]
