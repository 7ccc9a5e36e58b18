"""Each cause of Down, reached for real, told in the same sentence by REST, the command line and the console.

The second router is the one that is looked at: godwitd, which knows why, or a stock gobgpd, of which it is guessed. Of
that no more is said than can be known.
"""
import json
import os
import shutil
import signal
import sys

import pytest

from fleet_lab import ROOT, Lab, wait_for

sys.path.insert(0, str(ROOT / "tests" / "browser"))
from driver import Browser  # noqa: E402

GOBGPD = "/usr/bin/gobgpd"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

# What is said with godwitd, with gobgpd, and what there is to do about it.
CAUSES = {
    "nobody connects": ("waiting for the neighbor to connect", "the server has not connected",
                        "See that the server's daemon runs and connects from {server}"),
    "password": ("waiting for the neighbor to connect", "the server has not connected",
                 "connects from {server} with the session's MD5 password"),
    "wrong AS": ("peer announced AS 65001, configured is AS 65000", "the router refuses the server's OPEN",
                 "The server must use AS 65000"),
    "hold timer": ("nothing heard from the peer for 9 s", "the hold timer expired, or the server made a protocol error",
                   "The server is down"),
    "killed": ("peer closed the connection", "the connection was closed or lost without a NOTIFICATION",
               "The server's daemon ended without a word"),
    "goodbye": ("peer sent Cease / Peer De-configured", "with a NOTIFICATION, which this router does not pass on",
                "The server's daemon"),
    "server's shutdown": ('peer sent Cease / Administrative Shutdown: "back at five"',
                          "with a NOTIFICATION, which this router does not pass on", "the server"),
    "provider's shutdown": ('stopped here; we sent Cease / Administrative Shutdown: "maintenance"',
                            "administratively down on the router", "sk its provider"),
    "prefix limit": ("prefix limit exceeded; we sent Cease / Maximum Number of Prefixes Reached (ipv4-unicast, 3)",
                     "announced more than 3 prefixes, and the prefix limit took the session down",
                     "Announce fewer, then reset the session"),
}


@pytest.fixture(scope="module", params=["godwitd", "gobgpd"])
def lab(request, tmp_path_factory):
    if request.param == "gobgpd" and not shutil.which(GOBGPD):
        pytest.skip("no gobgpd here")
    block = 76 if request.param == "godwitd" else 77
    lab = Lab(tmp_path_factory.mktemp("fleet"), block, "--unreadable-after", "1000",
              second_router=GOBGPD if request.param == "gobgpd" else None)
    lab.stock = request.param == "gobgpd"
    lab.browser = open_browser(lab)
    yield lab
    if lab.browser:
        lab.browser.close()
    lab.stop()


def open_browser(lab):
    """One for all causes, with the provider signed in; None where there is none, or no console in the program."""
    page = lab.provider.ask("GET", "/console/").body
    if not shutil.which(CHROMIUM) or not shutil.which("node") or b"<script" not in page:
        return None
    return Browser("sentences.mjs", {"url": lab.fleet.base, "token": lab.provider.token})


class Tenant:
    def __init__(self, lab, number, md5=None, max_prefix=None):
        self.lab, self.number = lab, number
        self.project = lab.project(f"causes{number}", md5=md5)
        if max_prefix:
            lab.provider.ask("PATCH", f"/v1/projects/{self.project}/bgp-config", {"max_prefix": max_prefix})
        self.client = lab.token(self.project)
        self.device = lab.device(self.project, number)
        self.session = self.client.post(f"/devices/{self.device}/bgp/sessions")["id"]

    def view(self):
        return self.client.get(f"/v1/sessions/{self.session}")

    def leg(self):
        """With the second router."""
        return self.view()["legs"][1]

    def await_state(self, state):
        wait_for(lambda: self.view()["state"] == state, lambda: f"not {state}: {self.view()}", 40)

    def await_leg(self, state, *words, limit_s=30):
        """Until the leg has the state and a reason with all the words; then everybody says the same."""
        def there():
            leg = self.leg()
            return leg["state"] == state and all(part in (leg["reason"] or "") for part in words)
        wait_for(there, lambda: f"not {state} {words}: {self.leg()}", limit_s)
        sentence = self.leg()["reason"]
        self.rest_says(sentence)
        self.command_line_says(sentence)
        self.console_says(sentence)
        assert self.leg()["reason"] == sentence

    def await_cause(self, cause, **more):
        by_godwitd, by_gobgpd, advice = CAUSES[cause]
        server = self.lab.address(1, self.number)
        self.await_leg("down", by_gobgpd if self.lab.stock else by_godwitd, advice.format(server=server), **more)

    def rest_says(self, sentence):
        assert sentence in self.view()["reason"]
        assert sentence in self.client.get(f"/metal/v1/bgp/sessions/{self.session}")["reason"]
        told = self.client.get(f"/v1/sessions/{self.session}/timeline")["timeline"]
        assert next(entry for entry in told if entry["router"]["name"] == "r2")["reason"] == sentence
        events = self.client.get("/v1/events?limit=1000")["events"]
        assert any(sentence in event["body"] for event in events)

    def command_line_says(self, sentence):
        def ask(*words):
            return self.lab.cli(self.client.token, *words)
        assert sentence in ask("session", "get", self.session)
        assert json.loads(ask("session", "get", self.session, "-o", "json"))["legs"][1]["reason"] == sentence
        assert sentence in ask("project", "bgp-sessions", "-p", self.project)
        assert sentence in ask("session", "timeline", self.session)

    def console_says(self, sentence):
        if self.lab.browser:
            state = self.view()["state"].capitalize()
            self.lab.browser.do(json.dumps({"session": self.session, "state": state, "words": sentence}))


def test_the_console_is_asked(lab):
    if not lab.browser:
        pytest.skip("no chromium or no node here, or a program without console: the other two were asked")


def test_nobody_connects(lab):
    Tenant(lab, 1).await_cause("nobody connects")


def test_wrong_as(lab):
    tenant = Tenant(lab, 2)
    lab.server(2, asn=65001)
    tenant.await_cause("wrong AS")
    assert tenant.view()["state"] == "down"


def test_wrong_password(lab):
    """A segment with a wrong signature is dropped by the kernel: nobody sees more than silence."""
    tenant = Tenant(lab, 3, md5="Secret0Secret")
    lab.server(3, md5="Wrong0Password")
    tenant.await_cause("password")


def test_right_password(lab):
    tenant = Tenant(lab, 4, md5="Secret0Secret")
    lab.server(4, md5="Secret0Secret")
    tenant.await_state("up")
    # Another password is another session: it goes down, and up once the server has it too.
    tenant.client.post(f"/projects/{tenant.project}/bgp-configs",
                       {"deployment_type": "local", "asn": 65000, "md5": "Other1Secret"})
    tenant.await_state("down")


def test_hold_timer(lab):
    tenant = Tenant(lab, 5)
    server = lab.server(5)
    tenant.await_state("up")
    server.stop(signal.SIGSTOP)
    tenant.await_cause("hold timer")
    server.process.process.send_signal(signal.SIGCONT)
    tenant.await_state("up")
    assert tenant.view()["flaps"]["hour"] >= 1


def test_server_killed(lab):
    tenant = Tenant(lab, 6)
    server = lab.server(6)
    tenant.await_state("up")
    server.stop(signal.SIGKILL)
    tenant.await_cause("killed")


def test_server_says_goodbye(lab):
    tenant = Tenant(lab, 7)
    server = lab.server(7)
    tenant.await_state("up")
    server.stop(signal.SIGTERM)
    tenant.await_cause("goodbye")


def test_shutdown_by_the_server(lab):
    tenant = Tenant(lab, 10)
    server = lab.server(10)
    tenant.await_state("up")
    server.cli("neighbor", lab.routers[1].address, "disable", "--reason", "back at five")
    tenant.await_cause("server's shutdown")
    assert tenant.view()["state"] == "partial"
    server.cli("neighbor", lab.routers[1].address, "enable")
    tenant.await_state("up")


def test_shutdown_by_the_provider(lab):
    """On the router itself, past the service: which says so, and does not undo it."""
    tenant = Tenant(lab, 11)
    lab.server(11)
    tenant.await_state("up")
    lab.routers[1].cli("neighbor", lab.address(1, 11), "disable", "--reason", "maintenance")
    tenant.await_cause("provider's shutdown")
    assert tenant.view()["state"] == "partial"
    lab.routers[1].cli("neighbor", lab.address(1, 11), "enable")
    tenant.await_state("up")


def test_prefix_limit_and_reset(lab):
    tenant = Tenant(lab, 8, max_prefix=3)
    server = lab.server(8)
    tenant.await_state("up")
    for number in range(4):
        server.cli("global", "rib", "add", f"203.0.113.{number}/32", "nexthop", "198.18.0.1")
    tenant.await_cause("prefix limit")
    leg = tenant.leg()
    assert leg["limit_hit"] and leg["received"] == 0
    # It stays down until the tenant has removed the excess and resets it himself.
    server.cli("global", "rib", "del", "203.0.113.3/32")
    tenant.client.post(f"/v1/sessions/{tenant.session}/reset")
    tenant.await_state("up")
    wait_for(lambda: tenant.view()["prefixes"]["received"] == 3, lambda: tenant.view())
    assert tenant.view()["prefixes"] == {"received": 3, "accepted": 3, "rejected": 0, "limit": 3}


def test_router_gone_does_not_block_the_other(lab):
    tenant = Tenant(lab, 9)
    lab.server(9)
    tenant.await_state("up")
    lab.routers[1].stop(signal.SIGSTOP)  # it hangs: the connection stands, and nobody answers
    tenant.await_leg("unknown", "the router cannot be read", "not known", limit_s=10)
    assert "does not answer" in lab.provider.get(f"/v1/routers/{lab.router_ids[1]}")["reason"]
    assert tenant.view()["state"] == "partial" and tenant.view()["legs"][0]["state"] == "up"
    tenant.client.post(f"/projects/{tenant.project}/bgp/discover")  # not held up by it
    lab.routers[1].process.process.send_signal(signal.SIGCONT)
    tenant.await_state("up")
    lab.routers[1].stop(signal.SIGKILL)
    tenant.await_leg("unknown", "the router cannot be read", limit_s=10)
    lab.routers[1].start()
    tenant.await_state("up")
