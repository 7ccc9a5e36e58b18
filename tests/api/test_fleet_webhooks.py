"""Events delivered to a tenant's server: signed, in order, once, after the hold-off."""
import hashlib
import hmac
import json

import pytest

from fleet_lab import Lab, wait_for
from test_fleet_tenants import Receiver


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 75, "--private-webhooks")
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def tenant(lab):
    project = lab.project("hooks")
    client = lab.token(project)
    device = lab.device(project, 1)
    session = client.post(f"/devices/{device}/bgp/sessions")["id"]
    wait_for(lambda: client.get(f"/v1/sessions/{session}")["state"] == "down", "not down")
    return {"client": client, "device": device, "session": session, "project": project}


def toggle(tenant, on):
    tenant["client"].put(f"/bgp/sessions/{tenant['session']}", on)


def test_signed_and_in_order(lab, tenant):
    receiver = Receiver()
    hook = tenant["client"].post("/v1/webhooks", {"url": receiver.url, "hold_off_s": 0})
    for on in (True, False, True):
        toggle(tenant, on)
    wait_for(lambda: len(receiver.taken) == 3, lambda: receiver.taken)
    numbers = []
    for headers, body in receiver.taken:
        signature = hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Godwit-Signature"] == f"sha256={signature}"
        event = json.loads(body)
        assert headers["X-Godwit-Delivery"] == str(event["id"]) and event["type"] == "bgp_session.default_route"
        numbers.append(event["id"])
    assert numbers == sorted(set(numbers))
    assert hook["secret"].encode() not in tenant["client"].ask("GET", "/v1/webhooks").body
    tenant["client"].delete(f"/v1/webhooks/{hook['id']}")


def test_refused_is_tried_again_over_a_restart(lab, tenant):
    receiver = Receiver()
    receiver.status = 500
    hook = tenant["client"].post("/v1/webhooks", {"url": receiver.url, "hold_off_s": 0})
    toggle(tenant, True)
    toggle(tenant, False)
    view = lambda: tenant["client"].get(f"/v1/webhooks/{hook['id']}")
    wait_for(lambda: view()["last_status"] == "HTTP 500" and view()["failures"], "not tried")
    lab.fleet.stop()
    lab.fleet.start()
    receiver.status = 204
    wait_for(lambda: len(receiver.taken) == 2, "not delivered")
    first, second = (json.loads(body)["id"] for _, body in receiver.taken)
    assert first < second
    wait_for(lambda: view()["failures"] == 0, "still failing")
    tenant["client"].delete(f"/v1/webhooks/{hook['id']}")


def test_flaps_are_held_off(lab, tenant):
    receiver = Receiver()
    hook = tenant["client"].post("/v1/webhooks", {"url": receiver.url, "hold_off_s": 3})
    server = lab.server(1)
    wait_for(lambda: tenant["client"].get(f"/v1/sessions/{tenant['session']}")["state"] == "up", "not up")
    wait_for(lambda: receiver.taken, "nothing was told")
    # Partial came and went on the way up: only what held is told.
    assert [json.loads(body)["type"] for _, body in receiver.taken] == ["bgp_session.up"]
    tenant["client"].delete(f"/v1/webhooks/{hook['id']}")
    server.stop()
