"""Each cause of Down, reached for real, told in a sentence; with godwitd, and with a stock gobgpd beside it."""
import shutil
import signal

import pytest

from fleet_lab import Lab, wait_for

GOBGPD = "/usr/bin/gobgpd"


@pytest.fixture(scope="module", params=["godwitd", "gobgpd"])
def lab(request, tmp_path_factory):
    """The second router is the one that is looked at."""
    if request.param == "gobgpd" and not shutil.which(GOBGPD):
        pytest.skip("no gobgpd here")
    block = 76 if request.param == "godwitd" else 77
    lab = Lab(tmp_path_factory.mktemp("fleet"), block, "--unreadable-after", "1000",
              second_router=GOBGPD if request.param == "gobgpd" else None)
    lab.stock = request.param == "gobgpd"
    yield lab
    lab.stop()


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

    def await_leg(self, state, words=(), limit_s=30):
        def there():
            leg = self.leg()
            return leg if leg["state"] == state and (not words or any(w in (leg["reason"] or "") for w in words)) else None
        return wait_for(there, lambda: f"not {state} {words}: {self.leg()}", limit_s)

    def await_state(self, state):
        wait_for(lambda: self.view()["state"] == state, lambda: f"not {state}: {self.view()}", 40)


def test_nobody_connects(lab):
    tenant = Tenant(lab, 1)
    tenant.await_leg("down", ["waiting for the neighbor to connect", "the server has not connected"])


def test_wrong_as(lab):
    tenant = Tenant(lab, 2)
    lab.server(2, asn=65001)
    tenant.await_leg("down", ["AS", "refuses the server's OPEN"])
    assert tenant.view()["state"] == "down"


def test_wrong_password(lab):
    tenant = Tenant(lab, 3, md5="Secret0Secret")
    lab.server(3, md5="Wrong0Password")
    # A segment with a wrong signature is dropped by the kernel: nobody sees more than silence.
    tenant.await_leg("down", ["waiting for the neighbor to connect", "MD5"])


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
    tenant.await_leg("down", ["old timer", "Hold Timer"])
    server.process.process.send_signal(signal.SIGCONT)
    tenant.await_state("up")
    assert tenant.view()["flaps"]["hour"] >= 1


def test_server_gone(lab):
    tenant = Tenant(lab, 6)
    server = lab.server(6)
    tenant.await_state("up")
    server.stop(signal.SIGKILL)
    tenant.await_leg("down", ["closed"])


def test_server_says_goodbye(lab):
    tenant = Tenant(lab, 7)
    server = lab.server(7)
    tenant.await_state("up")
    server.stop(signal.SIGTERM)
    tenant.await_leg("down", ["dministrative", "NOTIFICATION", "Cease", "econfigured"])


def test_prefix_limit_and_reset(lab):
    tenant = Tenant(lab, 8, max_prefix=3)
    server = lab.server(8)
    tenant.await_state("up")
    for number in range(4):
        server.cli("global", "rib", "add", f"203.0.113.{number}/32", "nexthop", "198.18.0.1")
    leg = tenant.await_leg("down", ["prefix", "Prefix"])
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
    tenant.await_leg("unknown", ["does not answer"], limit_s=10)
    assert tenant.view()["state"] == "partial" and tenant.view()["legs"][0]["state"] == "up"
    tenant.client.post(f"/projects/{tenant.project}/bgp/discover")  # not held up by it
    lab.routers[1].process.process.send_signal(signal.SIGCONT)
    tenant.await_state("up")
