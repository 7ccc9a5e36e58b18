"""The ready-made configurations are what the daemons they are for can read, and carry what they must."""
import shutil
import subprocess

import pytest

from fleet_lab import BUILD, Lab

DAEMONS = ["bird", "frr", "gobgp", "openbgpd", "exabgp", "godwitd"]
CHECKS = {
    "bird": ["/usr/sbin/bird", "-p", "-c"],
    "frr": ["/usr/lib/frr/bgpd", "-C", "-f"],
    "gobgp": ["/usr/bin/gobgpd", "-d", "-f"],
    "openbgpd": ["/usr/sbin/bgpd", "-n", "-f"],
    "exabgp": ["/usr/sbin/exabgp", "--test"],
    "godwitd": [BUILD / "godwitd", "-d", "-f"],
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("fleet"), 72)
    yield lab
    lab.stop()


@pytest.fixture(scope="module", params=[None, "Secret0Secret"])
def session(lab, request):
    project = lab.project(f"configs-{request.param}", md5=request.param, prefixes=["203.0.113.0/24", "198.51.100.7/32"])
    device = lab.device(project, 10 if request.param else 11, f"host{request.param}")
    lab.provider.post(f"/devices/{device}/bgp/sessions", {"default_route": bool(request.param)})
    [session] = lab.provider.get(f"/v1/sessions?device={device}")["sessions"]
    return {**session, "md5": request.param}


def config_of(lab, session, name):
    return lab.provider.ask("GET", f"/v1/sessions/{session['id']}/config?for={name}").body.decode()


@pytest.mark.parametrize("name", DAEMONS)
def test_config(lab, session, name, tmp_path):
    text = config_of(lab, session, name)
    for router in lab.routers:
        assert router.address in text
    assert session["customer_ip"] in text and "65000" in text and "65530" in text and "203.0.113.0/24" in text
    assert (session["md5"] or "no such word") in text or not session["md5"]
    program = CHECKS[name]
    if not shutil.which(str(program[0])):
        pytest.skip(f"{program[0]} is not here")
    file = tmp_path / (f"{name}.toml" if name in ("gobgp", "godwitd") else f"{name}.conf")
    file.write_text(text)
    file.chmod(0o600)
    done = subprocess.run([*program, file], capture_output=True, text=True, timeout=20)
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{output}\n{text}"
    assert "rror" not in output.replace("no error", ""), f"{output}\n{text}"


def test_unknown_daemon(lab, session):
    answer = lab.provider.ask("GET", f"/v1/sessions/{session['id']}/config?for=quagga")
    assert answer.status == 422 and "bird, frr" in answer.json["errors"][0]
