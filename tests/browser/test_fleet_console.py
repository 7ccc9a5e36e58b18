"""The console over the real service: routers, a server's daemon, and a tenant with a browser.

The lab is driven from here, the browser by live.mjs, one step after the other: a line with the step's name each way.
"""
import hashlib
import hmac
import http.server
import os
import shutil
import signal
import sys
import threading

import pytest

from driver import Browser
from node_cases import ROOT, build_console

sys.path.insert(0, str(ROOT / "tests" / "api"))
from fleet_lab import BUILD, Client, Lab, wait_for  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

# What a peer or a tenant may write where a page shows it. It must be seen, not obeyed.
MARKUP = '<img src=x onerror="obeyed=1"><script>obeyed=1</script>'
LIMIT = 10


class Receiver:
    """Where a webhook delivers to."""

    def __init__(self):
        self.posts = posts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                posts.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    if not (BUILD / "godwit-fleet").exists():
        pytest.skip("godwit-fleet is not built")
    if not shutil.which(CHROMIUM):
        pytest.skip("chromium is not here")
    lab = Lab(tmp_path_factory.mktemp("console"), 93, "--unreadable-after", "1000", "--console", build_console(),
              "--private-webhooks")
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def tenant(lab, receiver):
    project = lab.project("Browsers", md5="Secret0Secret")
    device = lab.device(project, 1, "server1")
    browser = Browser("live.mjs", {"url": lab.fleet.base, "token": lab.token(project).token, "project": project,
                                   "device": device, "markup": MARKUP, "receiver": receiver.url})
    yield {"project": project, "device": device, "browser": browser}
    browser.close()


def test_signing_in_shows_the_project(tenant):
    tenant["browser"].do("sign in")


def test_enabling_is_one_switch(lab, tenant):
    tenant["browser"].do("enable")
    [session] = lab.provider.get(f"/v1/sessions?device={tenant['device']}")["sessions"]
    tenant["session"] = session["id"]


def test_down_is_shown_with_its_reason(tenant):
    tenant["browser"].do("see why it is down")


def test_up_arrives_by_push(lab, tenant):
    tenant["server"] = lab.server(1, md5="Secret0Secret")
    tenant["browser"].do("see it up")


def test_routes_and_their_reasons_arrive(lab, tenant):
    tenant["server"].cli("global", "rib", "add", "203.0.113.5/32", "nexthop", "198.18.0.1")
    tenant["server"].cli("global", "rib", "add", "192.0.2.0/24", "nexthop", "198.18.0.1")
    tenant["browser"].do("see routes")


def test_the_default_route_reaches_the_server(tenant):
    tenant["browser"].do("default route")
    wait_for(lambda: "0.0.0.0/0" in tenant["server"].cli("global", "rib"), "the server has no default route")


def test_partial_when_a_router_stops_and_back(lab, tenant):
    lab.routers[1].stop(signal.SIGKILL)
    tenant["browser"].do("see it partial")
    lab.routers[1].start()
    tenant["browser"].do("see it up again")


def test_the_server_page_has_both_families(tenant):
    tenant["browser"].do("see the server")


def test_words_of_a_peer_are_text(lab, tenant):
    tenant["server"].cli("neighbor", lab.routers[0].address, "disable", "--reason", MARKUP)
    tenant["browser"].do("see what the server said")
    tenant["server"].cli("neighbor", lab.routers[0].address, "enable")
    tenant["browser"].do("see it up again")


def test_the_name_of_a_project_is_text(lab, tenant):
    lab.provider.put(f"/projects/{tenant['project']}", {"name": MARKUP})
    tenant["browser"].do("see the name")
    lab.provider.put(f"/projects/{tenant['project']}", {"name": "Browsers"})


def test_a_webhook_is_made_and_delivered_to(lab, tenant, receiver):
    secret = tenant["browser"].do("make a webhook")["secret"]
    lab.provider.put(f"/v1/projects/{tenant['project']}/prefixes", {"prefixes": ["203.0.113.0/24", "198.51.100.0/24"]})
    wait_for(lambda: receiver.posts, "nothing was delivered")
    headers, body = receiver.posts[0]
    assert headers["X-Godwit-Signature"] == "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    tenant["browser"].do("see it delivered")


def test_a_token_is_made_shown_once_and_revoked(lab, tenant):
    client = Client(lab.fleet.base, tenant["browser"].do("make a token")["token"])
    assert client.get("/v1/whoami")["scope"] == "read"
    tenant["browser"].do("revoke it")
    assert client.ask("GET", "/v1/whoami").status == 401


def test_over_the_prefix_limit_the_tenant_resets(tenant):
    for i in range(LIMIT):
        tenant["server"].cli("global", "rib", "add", f"203.0.113.{100 + i}/32", "nexthop", "198.18.0.1")
    tenant["browser"].do("see it over the limit")
    for i in range(LIMIT):
        tenant["server"].cli("global", "rib", "del", f"203.0.113.{100 + i}/32")
    tenant["browser"].do("reset")
    tenant["browser"].do("see it up again")


def test_the_router_has_the_session(tenant):
    tenant["browser"].do("see the router")


def test_on_a_telephone_in_the_dark_in_chinese(tenant):
    tenant["browser"].do("see it on a telephone, in the dark, in Chinese")


def test_update_now_and_the_timeline(tenant):
    tenant["browser"].do("update now")


def test_configuration_is_filled_in(tenant):
    tenant["browser"].do("configuration")


def test_look_up_finds_the_server(tenant):
    tenant["browser"].do("look up")


def test_the_service_gone_is_said_and_back_is_live(lab, tenant):
    lab.fleet.stop()
    tenant["browser"].do("see it lost")
    lab.fleet.start()
    tenant["browser"].do("see it live")


def test_disabling_takes_the_routes(lab, tenant):
    tenant["browser"].do("disable")
    assert lab.provider.get(f"/v1/sessions?device={tenant['device']}")["sessions"] == []


def test_nothing_was_complained_of(tenant):
    assert tenant["browser"].do("complaints")["complaints"] == []
