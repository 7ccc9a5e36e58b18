"""Metal's paths and shapes, with each thing that its clients trip over."""
import json
import re
import shutil
import resource
import socket
from pathlib import Path

import pytest

from fleet_lab import Client, Lab, wait_for

GOBGPD = "/usr/bin/gobgpd"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 73, second_router=GOBGPD if shutil.which(GOBGPD) else None)
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def project(lab):
    return lab.project("metal", md5="Secret0Secret")


@pytest.fixture(scope="module")
def client(lab, project):
    return lab.token(project)


@pytest.fixture
def device(lab, project, numbers=iter(range(1, 250))):
    return lab.device(project, next(numbers))


def errors(answer):
    assert answer.headers["Content-Type"].startswith("application/json")
    [text] = answer.json["errors"]
    return text


# Addresses of requests


@pytest.mark.parametrize("prefix", ["/metal/v1", "", "/", "/metal/v1/metal/v1", "//metal//v1/"])
def test_every_shape_of_path(client, project, prefix):
    assert client.get(f"{prefix}/projects/{project}/bgp-config")["asn"] == 65000
    assert client.get(f"{prefix}//projects/{project}//bgp-config?")["asn"] == 65000


def test_unknown_queries_and_includes_do_not_matter(client, project):
    assert client.get("/projects?include=some-project-name,members&exclude=nothing&whatever=1")["projects"]


def test_answers_without_token(lab):
    nobody = Client(lab.fleet.base)
    for token in (None, "wrong", ""):
        answer = nobody.ask("GET", "/projects", headers={"X-Auth-Token": token} if token is not None else None)
        assert answer.status == 401
        assert answer.json == {"error": "Invalid authentication token"}
        assert answer.headers["Content-Type"].startswith("application/json")


def test_bearer_is_a_token_too(client):
    answer = Client(client.base).ask("GET", "/user", headers={"Authorization": f"Bearer {client.token}"})
    assert answer.status == 200


def test_what_is_not_there(client):
    for path in ("/projects/00000000-0000-4000-8000-000000000000", "/projects/nonsense/bgp-config", "/nothing",
                 "/bgp/sessions/' OR 1=1 --".replace(" ", "%20")):
        answer = client.ask("GET", path)
        assert answer.status == 404 and errors(answer) == "Not found"
    assert client.ask("PUT", "/projects").status == 405


# Projects, pages


def test_project(client, project):
    answer = client.get(f"/metal/v1/projects/{project}")
    assert UUID.match(answer["id"]) and answer["name"] == "metal" and TIME.match(answer["created_at"])
    assert answer["organization"]["href"].startswith("/metal/v1/organizations/")
    assert answer["href"] == f"/metal/v1/projects/{project}"


def test_pages_have_hrefs_without_prefix(lab):
    names = [f"page{number:02}" for number in range(12)]
    for name in names:
        lab.provider.post("/projects", {"name": name})
    first = lab.provider.get("/metal/v1/projects?page=1&per_page=5")
    meta = first["meta"]
    assert len(first["projects"]) == 5 and meta["current_page"] == 1 and meta["total"] >= 12
    assert meta["next"]["href"].startswith("/projects?page=2") and meta["previous"] is None
    seen, href = [], "/projects?page=1&per_page=5"
    while href:
        page = lab.provider.get(href)
        seen += [item["name"] for item in page["projects"]]
        href = (page["meta"]["next"] or {}).get("href")
    assert len(seen) == len(set(seen)) == meta["total"]
    last = lab.provider.get(f"/projects?page={meta['last_page'] + 5}&per_page=5")
    assert last["projects"] == [] and last["meta"]["next"] is None


def test_default_page_is_ten(lab):
    assert len(lab.provider.get("/projects")["projects"]) == 10
    assert len(lab.provider.get("/projects?per_page=1000000")["projects"]) > 10


def test_project_life(lab):
    made = lab.provider.post("/projects", {"name": "short-lived"}, expect=(201,))
    assert lab.provider.put(f"/projects/{made['id']}", {"name": "renamed"})["name"] == "renamed"
    assert lab.provider.ask("PATCH", f"/projects/{made['id']}", {"name": "patched"}).json["name"] == "patched"
    assert lab.provider.ask("POST", "/projects", {"name": ""}).status == 422
    lab.provider.delete(f"/projects/{made['id']}")
    assert lab.provider.ask("DELETE", f"/projects/{made['id']}").status == 404


def test_user_organization_metros(client):
    user = client.get("/user")
    assert TIME.match(user["created_at"]) and user["id"] and user["full_name"]
    [organization] = client.get("/organizations?include=address,billing_address&page=1")["organizations"]
    assert TIME.match(organization["created_at"]) and "address" not in organization
    assert client.get(f"/organizations/{organization['id']}")["name"] == organization["name"]
    assert [metro["code"] for metro in client.get("/locations/metros")["metros"]] == ["lab"]
    assert client.get("/plans") == {"plans": []}


# BGP of a project


def test_never_enabled_is_not_an_error(lab):
    project = lab.provider.post("/projects", {"name": "nothing"})["id"]
    assert lab.provider.get(f"/projects/{project}/bgp-config") == {"max_prefix": 10, "md5": None}
    assert lab.provider.get(f"/projects/{project}/bgp/sessions") == {"bgp_sessions": []}


@pytest.mark.parametrize("nothing", [{}, {"md5": None}, {"md5": "", "use_case": ""}])
def test_three_ways_to_say_no_password(lab, nothing):
    project = lab.provider.post("/projects", {"name": "no-md5"})["id"]
    answer = lab.provider.ask("POST", f"/projects/{project}/bgp-configs",
                              {"deployment_type": "local", "asn": 65000, **nothing})
    assert answer.status == 204 and answer.body == b""
    config = lab.provider.get(f"/projects/{project}/bgp-config")
    assert config["md5"] is None and config["status"] == "enabled" and config["deployment_type"] == "local"
    assert config["asn"] == 65000 and config["max_prefix"] == 10 and config["sessions"] == [] and config["ranges"] == []
    assert TIME.match(config["created_at"]) and UUID.match(config["id"]) and config["project"]["href"]


@pytest.mark.parametrize("md5", ["short1A", "alllowercase123", "ALLUPPERCASE123", "NoDigitsAtAllHere", "Has space12345",
                                 "Waytoolongpassword12345", "Punctuation!123A"])
def test_password_rule(lab, project, md5):
    answer = lab.provider.ask("POST", f"/projects/{project}/bgp-configs",
                              {"deployment_type": "local", "asn": 65000, "md5": md5})
    assert answer.status == 422 and errors(answer).startswith("md5:") and md5 not in errors(answer)


@pytest.mark.parametrize("body", [{}, {"deployment_type": "lokal", "asn": 65000}, {"deployment_type": "local"},
                                  {"deployment_type": "local", "asn": 65001}, {"deployment_type": "global", "asn": 0},
                                  {"deployment_type": "global", "asn": 2147483648},
                                  {"deployment_type": "global", "asn": "7018"},
                                  {"deployment_type": "global", "asn": 64512}])
def test_wrong_configs(lab, project, body):
    answer = lab.provider.ask("POST", f"/projects/{project}/bgp-configs", body)
    assert answer.status == 422 and errors(answer).split(":")[0] in ("asn", "deployment_type")


def test_global_is_requested_then_approved(lab):
    project = lab.provider.post("/projects", {"name": "global"})["id"]
    owner = lab.token(project)
    owner.post(f"/projects/{project}/bgp-configs", {"deployment_type": "global", "asn": 7018})
    assert owner.get(f"/projects/{project}/bgp-config")["status"] == "requested"
    device = lab.device(project, 251)
    answer = owner.ask("POST", f"/devices/{device}/bgp/sessions")
    assert answer.status == 422 and "not enabled yet" in errors(answer)
    assert owner.ask("PATCH", f"/v1/projects/{project}/bgp-config", {"status": "enabled"}).status == 403
    approved = lab.provider.ask("PATCH", f"/v1/projects/{project}/bgp-config", {"status": "enabled", "max_prefix": 20})
    assert approved.status == 200 and approved.json["status"] == "enabled" and approved.json["max_prefix"] == 20
    owner.post(f"/projects/{project}/bgp-configs", {"deployment_type": "global", "asn": 7018, "md5": "Secret0Secret"})
    assert owner.get(f"/projects/{project}/bgp-config")["status"] == "enabled"
    lab.provider.put(f"/v1/projects/{project}/prefixes", {"prefixes": ["203.0.113.0/24"]})
    [found] = owner.get(f"/projects/{project}/global-bgp-ranges")["global_bgp_ranges"]
    assert found["range"] == "203.0.113.0/24" and found["address_family"] == 4


def test_devices(client, project, device):
    page = client.get(f"/projects/{project}/devices?include=plan&page=1&per_page=1000")
    [found] = [item for item in page["devices"] if item["id"] == device]
    assert client.get(f"/devices/{device}") == found
    assert found["state"] == "active" and found["operating_system"]["slug"] and "plan" not in found
    [address] = found["ip_addresses"]
    assert address["address_family"] == 4 and address["public"] is False and address["management"] is True
    assert address["netmask"] == "255.255.255.254" and address["network"].endswith((".0", ".2", ".4", ".6", ".8"))


def test_tenants_do_not_choose_addresses(client, project):
    answer = client.ask("POST", f"/projects/{project}/devices", {"hostname": "x", "metro": "lab"})
    assert answer.status == 403


@pytest.mark.parametrize("body, field", [
    ({"metro": "lab"}, "hostname"), ({"hostname": "<script>", "metro": "lab"}, "hostname"),
    ({"hostname": "x", "metro": "nowhere"}, "metro"),
    ({"hostname": "x", "metro": "lab", "ip_addresses": [{"address": "300.1.1.1"}]}, "ip_addresses[0].address"),
    ({"hostname": "x", "metro": "lab", "ip_addresses": [{"address": "127.73.9.9", "cidr": 33}]}, "ip_addresses[0].cidr")])
def test_wrong_devices(lab, project, body, field):
    before = lab.provider.get(f"/projects/{project}/devices")["meta"]["total"]
    answer = lab.provider.ask("POST", f"/projects/{project}/devices", body)
    assert answer.status == 422 and errors(answer).startswith(field + ":")
    assert lab.provider.get(f"/projects/{project}/devices")["meta"]["total"] == before


def test_an_address_belongs_to_one_device(lab, project):
    body = {"hostname": "x", "metro": "lab", "ip_addresses": [{"address": "127.73.8.1"}]}
    lab.provider.post(f"/projects/{project}/devices", body)
    answer = lab.provider.ask("POST", f"/projects/{project}/devices", body)
    assert answer.status == 422 and "belongs to another device" in errors(answer)


# Sessions


def test_session_without_body(client, device):
    """libcloud and the workshop's curl say the family in the query and send nothing, as JSON."""
    answer = client.ask("POST", f"/metal/v1/devices/{device}/bgp/sessions?address_family=ipv4", raw=b"")
    assert answer.status == 201
    session = answer.json
    assert session["address_family"] == "ipv4" and session["default_route"] is False
    assert session["status"] == "unknown,unknown" and session["learned_routes"] == []
    assert session["device"]["href"] == f"/metal/v1/devices/{device}" and TIME.match(session["created_at"])
    assert session["href"] == f"/metal/v1/bgp/sessions/{session['id']}"
    wait_for(lambda: client.get(f"/bgp/sessions/{session['id']}")["status"] == "down,down", "not down")


def test_duplicates_have_the_words_clients_look_for(client, device):
    client.post(f"/devices/{device}/bgp/sessions", {"address_family": "ipv4"})
    answer = client.ask("POST", f"/devices/{device}/bgp/sessions", {"address_family": "ipv4"})
    assert answer.status == 422 and "already has session" in errors(answer)


def test_family_must_be_there(client, device):
    answer = client.ask("POST", f"/devices/{device}/bgp/sessions", {"address_family": "ipv6"})
    assert answer.status == 422 and "IPv6" in errors(answer)
    answer = client.ask("POST", f"/devices/{device}/bgp/sessions", {"address_family": "IPv4"})
    assert answer.status == 422 and errors(answer).startswith("address_family:")


def test_not_enabled_project(lab):
    project = lab.provider.post("/projects", {"name": "off"})["id"]
    device = lab.device(project, 252)
    answer = lab.provider.ask("POST", f"/devices/{device}/bgp/sessions")
    assert answer.status == 422 and "not enabled" in errors(answer)


@pytest.mark.parametrize("raw, expected", [(b"true\n", True), (b"false\n", False), (b'{"default_route":true}', True)])
def test_put_takes_two_forms_and_answers_the_session(client, device, raw, expected):
    session = client.post(f"/devices/{device}/bgp/sessions", {"address_family": "ipv4", "default_route": not expected})
    assert session["default_route"] is (not expected)
    answer = client.ask("PUT", f"/bgp/sessions/{session['id']}", raw=raw)
    assert answer.status == 200 and answer.json["id"] == session["id"] and answer.json["default_route"] is expected
    assert client.get(f"/bgp/sessions/{session['id']}")["default_route"] is expected


@pytest.mark.parametrize("raw", [b"", b"1", b'"true"', b'{"default_route":"yes"}', b"{}", b"null"])
def test_put_of_something_else(client, device, raw):
    session = client.post(f"/devices/{device}/bgp/sessions")
    answer = client.ask("PUT", f"/bgp/sessions/{session['id']}", raw=raw)
    assert answer.status == 422 and errors(answer).startswith("default_route:")


def test_included_device_has_its_id(client, device):
    session = client.post(f"/devices/{device}/bgp/sessions")
    found = client.get(f"/bgp/sessions/{session['id']}?include=device,device.metro")
    assert found["device"]["id"] == device and found["device"]["hostname"]


def test_lists(client, project, device):
    session = client.post(f"/devices/{device}/bgp/sessions")
    assert [item["id"] for item in client.get(f"/devices/{device}/bgp/sessions")["bgp_sessions"]] == [session["id"]]
    assert session["id"] in [item["id"] for item in client.get(f"/projects/{project}/bgp/sessions")["bgp_sessions"]]
    # Filled without being asked for, with whole sessions.
    configured = client.get(f"/projects/{project}/bgp-config")["sessions"]
    assert session["id"] in [item["id"] for item in configured] and all("status" in item for item in configured)


def test_delete(client, device):
    session = client.post(f"/devices/{device}/bgp/sessions")
    answer = client.ask("DELETE", f"/bgp/sessions/{session['id']}")
    assert answer.status == 204 and answer.body == b""
    assert client.ask("GET", f"/bgp/sessions/{session['id']}").status == 404
    assert client.ask("DELETE", f"/bgp/sessions/{session['id']}").status == 404


def test_neighbors_have_exactly_ten_keys(lab, client, device):
    session = client.post(f"/devices/{device}/bgp/sessions", {"default_route": True})
    [neighbor] = client.get(f"/devices/{device}/bgp/neighbors")["bgp_neighbors"]
    assert set(neighbor) == {"address_family", "customer_as", "customer_ip", "md5_enabled", "md5_password", "multihop",
                             "peer_as", "peer_ips", "routes_in", "routes_out"}
    assert neighbor["address_family"] == 4 and neighbor["customer_as"] == 65000 and neighbor["peer_as"] == 65530
    assert neighbor["md5_enabled"] is True and neighbor["md5_password"] == "Secret0Secret"
    assert neighbor["peer_ips"] == [router.address for router in lab.routers] and neighbor["multihop"] is True
    assert neighbor["routes_in"] == [{"route": "203.0.113.0/24", "exact": False}]
    assert neighbor["routes_out"] == [{"route": "0.0.0.0/0", "exact": True}]
    client.put(f"/bgp/sessions/{session['id']}", False)
    assert client.get(f"/devices/{device}/bgp/neighbors")["bgp_neighbors"][0]["routes_out"] == []


def test_two_families(lab, project):
    made = lab.provider.post(f"/projects/{project}/devices", {
        "hostname": "dual", "metro": "lab",
        "ip_addresses": [{"address": "2001:db8::1", "public": True}, {"address": "198.51.100.1", "public": True},
                         {"address": "127.73.7.1", "management": True}]})
    for family in ("ipv6", "ipv4"):
        lab.provider.post(f"/devices/{made['id']}/bgp/sessions?address_family={family}")
    four, six = lab.provider.get(f"/devices/{made['id']}/bgp/neighbors")["bgp_neighbors"]
    assert four["address_family"] == 4 and four["customer_ip"] == "127.73.7.1"  # the private one
    assert six["address_family"] == 6 and six["customer_ip"] == "2001:0db8:0000:0000:0000:0000:0000:0001"
    # No router here carries IPv6: it says so instead of waiting for ever.
    [session] = [item for item in lab.provider.get(f"/devices/{made['id']}/bgp/sessions")["bgp_sessions"]
                 if item["address_family"] == "ipv6"]
    assert session["status"] == "unknown" and "no router" in session["reason"]


def test_events(client, project, device):
    session = client.post(f"/devices/{device}/bgp/sessions")
    page = client.get(f"/devices/{device}/events")
    [event] = [item for item in page["events"] if item["type"] == "bgp_session.created"]
    assert UUID.match(event["id"]) and TIME.match(event["created_at"]) and event["body"]
    assert {"href": f"/metal/v1/bgp/sessions/{session['id']}"} in event["relationships"]
    assert page["meta"]["current_page"] == 1
    assert client.get(f"/projects/{project}/events?per_page=3")["meta"]["last_page"] > 1
    assert client.get("/events")["events"]


# What nobody should send


def test_bad_json(client, project):
    for raw in (b"{", b"[1,", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 100000, b'{"name": "\\ud800"}'):
        answer = client.ask("POST", f"/projects/{project}/bgp-configs", raw=raw)
        assert answer.status == 422, raw[:20]
        assert errors(answer)


def raw_request(lab, head, body=b"", limit=1 << 20):
    """Bytes as they are; what comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", lab.fleet.port), timeout=20) as connection:
        connection.sendall(head)
        try:
            connection.sendall(body)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        received = b""
        try:
            while len(received) < limit and (piece := connection.recv(65536)):
                received += piece
        except OSError:
            pass
    return received


def test_long_bodies_are_refused_at_once(lab, client, project):
    head = (f"POST /projects/{project}/bgp-configs HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {client.token}\r\n"
            f"Content-Length: {100 << 20}\r\n\r\n").encode()
    assert raw_request(lab, head).startswith(b"HTTP/1.1 413")
    # Without saying how long: cut off, and the service lives.
    head = (f"POST /projects/{project}/bgp-configs HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {client.token}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    raw_request(lab, head, (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 20)
    assert lab.provider.get("/healthz")["status"] == "ok"


def resident_kib(lab):
    text = Path(f"/proc/{lab.fleet.process.process.pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1])


def test_memory_has_an_end(lab, client, project):
    """Bodies that are announced and never whole, bodies of 100 MB, by many at once and without a token."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    before = resident_kib(lab)
    head = (f"POST /projects/{project}/bgp-configs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n").encode()
    sockets = []
    for _ in range(300):
        stalled = socket.create_connection(("127.0.0.1", lab.fleet.port), timeout=5)
        sockets.append(stalled)
        try:
            stalled.sendall(head + b"x" * 900000)
        except OSError:
            pass  # cut off: there is no room for it
    for _ in range(10):
        raw_request(lab, head.replace(b"1000000", str(100 << 20).encode()), b"x" * (4 << 20))
    assert resident_kib(lab) - before < 128 << 10, resident_kib(lab) - before
    assert client.get("/projects")["projects"]
    for stalled in sockets:
        stalled.close()
    wait_for(lambda: client.ask("POST", "/v1/tokens", {"description": "x" * 70}).status == 201, "no room any more")


def test_more_clients_than_there_is_room_for(lab, client):
    """They say nothing, or half of it: who comes next is served all the same."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    before = resident_kib(lab)
    sockets = []
    for number in range(2600):
        slow = socket.create_connection(("127.0.0.1", lab.fleet.port), timeout=5)
        if number % 2:
            slow.sendall(b"GET /projects HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        sockets.append(slow)
        if number % 100 == 0:
            assert client.ask("GET", "/projects").status == 200
    assert client.ask("GET", "/projects").status == 200
    assert resident_kib(lab) - before < 128 << 10, resident_kib(lab) - before
    for slow in sockets:
        slow.close()


def test_nonsense_on_the_wire(lab):
    for head in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100000,
                 b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n"):
        raw_request(lab, head)
    assert lab.provider.get("/healthz")["status"] == "ok"


def test_markup_stays_text(lab, project, client):
    lab.provider.post("/projects", {"name": "<script>alert(1)</script>"})
    answer = lab.provider.ask("GET", "/projects?per_page=1000")
    assert b"<script>" not in answer.body and "<script>alert(1)</script>" in [p["name"] for p in answer.json["projects"]]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_secrets_are_not_logged(lab, client):
    log = lab.fleet.process.log.read_text()
    assert client.token not in log and "Secret0Secret" not in log and lab.provider.token not in log


def test_contract_names_every_route(lab):
    """What is served and what the document says are one set."""
    import yaml
    from fleet_lab import ROOT
    answer = lab.provider.ask("GET", "/v1/openapi.yaml")
    document = yaml.safe_load(answer.body)
    told = {(method.upper(), re.sub(r"^/metal/v1", "", path).replace("{id}", ":id"))
            for path, item in document["paths"].items() for method in item if method != "parameters"}
    table = (ROOT / "src/fleet/api_routes.c").read_text()
    served = set(re.findall(r'\{"([A-Z]+)", "([^"]+)",', table))
    empty = {("GET", path) for path in ("/facilities", "/plans", "/operating-systems")}
    assert served - empty == told
    assert json.dumps(document)
