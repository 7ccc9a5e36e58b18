"""Neighbours named by interface alone: found on their link, IPv4 and IPv6 routes over link-local next hops (RFC 8950).

Port of GoBGP's bgp_unnumbered_test.
"""
import subprocess

import pytest

from daemons import Session, make
from dut import Godwitd, under_test
from lab import Lab, wait_for
from peer_frr import Frr
from route import Route

DUT_ASN, PEER_ASN = 65001, 65002
LINK = "link0"


@pytest.fixture
def lab(request):
    with Lab(request.node.name) as made:
        yield made


def connect(one, other):
    """A link with nobody else on it: `link0` on both hosts, with the link-local addresses the kernel gives."""
    subprocess.run(["nsenter", f"--net=/proc/{one.init}/ns/net", "ip", "link", "add", LINK, "type", "veth", "peer",
                    "name", LINK, "netns", str(other.init)], check=True, capture_output=True)
    for host in (one, other):
        host.run("ip", "link", "set", LINK, "up")


def link_local(host):
    words = host.run("ip", "-6", "-o", "address", "show", "dev", LINK, "scope", "link").split()
    return words[words.index("inet6") + 1].split("/")[0] if "tentative" not in words and words else None


class UnnumberedFrr(Frr):
    def _configuration(self):
        return (f"frr defaults traditional\nlog file {self.folder}/frr.debug debugging\ndebug bgp neighbor-events\n"
                f"router bgp {self.asn}\n bgp router-id {self.router_id}\n no bgp ebgp-requires-policy\n"
                " no bgp network import-check\n no bgp default ipv4-unicast\n"
                f" neighbor {LINK} interface v6only remote-as {DUT_ASN}\n neighbor {LINK} timers connect 1\n"
                f" neighbor {LINK} advertisement-interval 0\n"
                f" address-family ipv4 unicast\n  neighbor {LINK} activate\n  network 10.2.0.0/24\n exit-address-family\n"
                f" address-family ipv6 unicast\n  neighbor {LINK} activate\n  network 2001:db8:2::/48\n"
                " exit-address-family\n")


def configured(daemon, peer_asn):
    daemon.more = {"neighbors": [{"config": {"neighbor-interface": LINK, "peer-as": peer_asn},
                                  "timers": {"config": {"connect-retry": 1, "hold-time": 9, "idle-hold-time-after-reset": 1}}}]}
    return daemon


def shown(daemon):
    peers = daemon.cli_json("neighbor")
    assert len(peers) == 1
    return peers[0]


def wait_up(daemon, limit_s=45):
    wait_for(lambda: shown(daemon)["state"].get("session_state") == 6,
             lambda: f"session over {LINK}: {daemon.cli('neighbor', LINK, 'why')}", limit_s, 0.2)


def announce_from_gobgpd(peer):
    peer.cli("global", "rib", "add", "10.2.0.0/24")
    peer.cli("global", "rib", "add", "-a", "ipv6", "2001:db8:2::/48")


@pytest.mark.parametrize("kind", ("gobgpd", "frr", "godwitd"))
def test_routes_of_both_families(lab, kind):
    hosts = lab.host("dut"), lab.host("peer")
    connect(*hosts)
    dut = configured(make(under_test(), hosts[0], DUT_ASN), PEER_ASN).start()
    if kind == "frr":
        peer = UnnumberedFrr(hosts[1], PEER_ASN).start()
    else:
        peer = configured(make(kind, hosts[1], PEER_ASN), DUT_ASN)
        if kind == "gobgpd":  # it looks for its neighbour once: ours has to have shown itself by then
            wait_for(lambda: "lladdr" in hosts[1].run("ip", "-6", "neigh", "show", "dev", LINK), "we show ourselves")
        peer.start()
        announce_from_gobgpd(peer)
    wait_up(dut)
    there, here = link_local(hosts[1]), link_local(hosts[0])
    assert shown(dut)["conf"].get("neighbor_interface") == LINK and "neighbor_address" not in shown(dut)["conf"]
    assert shown(dut)["state"]["neighbor_address"] == f"{there}%{LINK}"
    for prefix, version in (("10.2.0.0/24", 4), ("2001:db8:2::/48", 6)):
        wait_for(lambda prefix=prefix, version=version: prefix in dut.table(version), f"{prefix} from the peer")
        assert dut.table(version)[prefix][0].next_hop == there
    dut.announce(Route("10.1.0.0/24"), Route("2001:db8:1::/48"))
    if kind == "frr":
        for prefix, version in (("10.1.0.0/24", 4), ("2001:db8:1::/48", 6)):
            wait_for(lambda prefix=prefix, version=version: here in peer.vty(
                f"show bgp ipv{version} unicast {prefix} json"), f"{prefix} at FRR", 20, 0.2)
            assert '"valid":true' in peer.vty(f"show bgp ipv{version} unicast {prefix} json").replace(" ", "")
    else:
        for prefix, version in (("10.1.0.0/24", 4), ("2001:db8:1::/48", 6)):
            wait_for(lambda prefix=prefix, version=version: prefix in peer.table(version), f"{prefix} at the peer")
            assert peer.table(version)[prefix][0].next_hop == here
    assert dut.end() == 0


def test_the_link_comes_late_and_changes(lab):
    """No interface at first; then another neighbour with another address at its end."""
    hosts = lab.host("dut"), lab.host("peer")
    dut = configured(Godwitd(hosts[0], DUT_ASN), PEER_ASN).start()
    assert f"there is no interface {LINK}" in dut.cli("neighbor", LINK, "why")
    connect(*hosts)
    peer = configured(Godwitd(hosts[1], PEER_ASN), DUT_ASN).start()
    wait_up(dut)
    before = shown(dut)["state"]["neighbor_address"]
    hosts[0].run("ip", "link", "delete", LINK)
    wait_for(lambda: shown(dut)["state"].get("session_state") != 6, "the session ends with its link", 100, 0.5)
    connect(*hosts)
    wait_up(dut, 60)
    assert shown(dut)["state"]["neighbor_address"] not in (before, "")
    assert peer.alive()


def test_added_and_deleted_by_command(lab):
    hosts = lab.host("dut"), lab.host("peer")
    connect(*hosts)
    dut = Godwitd(hosts[0], DUT_ASN).start()
    configured(Godwitd(hosts[1], PEER_ASN), DUT_ASN).start()
    dut.cli("neighbor", "add", "interface", LINK, "as", str(PEER_ASN))
    wait_up(dut)
    assert dut.cli("neighbor").splitlines()[1].startswith(f"{LINK} {PEER_ASN}")
    with pytest.raises(RuntimeError, match="can't overwrite the existing peer"):
        dut.cli("neighbor", "add", "interface", LINK, "as", str(PEER_ASN))
    dut.cli("neighbor", "del", "interface", LINK)
    assert dut.cli_json("neighbor") == []


def test_with_a_key(lab):
    """TCP MD5 between link-local addresses: the key is set once the neighbour is found."""
    hosts = lab.host("dut"), lab.host("peer")
    connect(*hosts)
    daemons = [configured(Godwitd(host, asn), other)
               for host, asn, other in ((hosts[0], DUT_ASN, PEER_ASN), (hosts[1], PEER_ASN, DUT_ASN))]
    for daemon in daemons:
        daemon.more["neighbors"][0]["config"]["auth-password"] = "correct-horse"
        daemon.start()
    wait_up(daemons[0])
