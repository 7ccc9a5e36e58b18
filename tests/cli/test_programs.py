"""The two programs without a network: their options, what they refuse, the files that go with them."""
import os
import re
import subprocess

import pytest

import cli_lab as lab

pytestmark = pytest.mark.skipif(not lab.GODWITD.exists(), reason="the programs are not built")

GOOD = '[global.config]\nas = 65001\nrouter-id = "10.255.0.1"\nport = -1\n'


def run(program, *words, **options):
    return subprocess.run([lab.BUILD / program, *words], capture_output=True, text=True, timeout=20, **options)


@pytest.mark.parametrize("program", ["godwit", "godwitd"])
def test_version_and_help(program):
    assert re.fullmatch(program + r" version \d+\.\d+\.\d+\n", run(program, "--version").stdout)
    helped = run(program, "--help")
    assert helped.returncode == 0 and "--tls-" in helped.stdout


def test_check_of_a_file(tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(GOOD)
    bad.write_text(GOOD + "nonsense = 1\n")
    assert run("godwitd", "-d", "-f", good).returncode == 0
    refused = run("godwitd", "-d", "-f", bad)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{bad}:5:1: ")
    assert run("godwitd", "-d", "-f", tmp_path / "absent.toml").returncode == 1
    assert run("godwitd", "-d").returncode == 1


@pytest.mark.parametrize("hosts", [":50051", "0.0.0.0:50051", "192.0.2.1:50051", "[::]:50051"])
def test_open_addresses_are_refused(hosts):
    refused = run("godwitd", "--api-hosts", hosts)
    assert refused.returncode == 1
    assert "refusing to serve the API on" in refused.stderr


@pytest.mark.parametrize("words, complaint", [
    (["--nonsense"], "unknown flag `nonsense'"), (["-z"], "unknown flag `z'"), (["-f"], "expected argument"),
    (["word"], '"word" is not an option'), (["-l", "loud"], '-l: "loud" is not a level'),
    (["--tls"], "--tls needs --tls-cert-file"), (["--api-hosts", "nobody"], "is not ADDRESS:PORT"),
    (["--api-hosts", "example.com:1"], "is not an address"),
])
def test_bad_options_of_the_daemon(words, complaint):
    refused = run("godwitd", *words)
    assert refused.returncode == 1
    assert complaint in refused.stderr


def test_nobody_answers():
    refused = run("godwit", "--target", "unix:///nonexistent/godwit.sock", "global")
    assert refused.returncode == 1 and refused.stdout == "" and "/nonexistent/godwit.sock" in refused.stderr
    compat = run("godwit", "--compat", "--target", "unix:///nonexistent/godwit.sock", "global")
    assert (compat.returncode, compat.stdout) == (1, "context deadline exceeded\n")


@pytest.mark.parametrize("noun", ["vrf"])
def test_not_offered(noun):
    refused = run("godwit", noun)
    assert (refused.returncode, refused.stderr) == (1, f"{noun}: not offered yet\n")


def test_completion_is_up_to_date(tmp_path):
    made = tmp_path / "made"
    assert run("godwit", "--gen-cmpl", "--bash-cmpl-file", made).returncode == 0
    assert made.read_text() == (lab.ROOT / "packaging" / "godwit-completion.bash").read_text()
    assert run("godwit", "completion", "bash").stdout in made.read_text()


@pytest.mark.parametrize("words, completed", [
    ("-p 5 neighbor 10.0.0.1 adj-in s", "summary"),
    ("p", "policy project"),
    ("-o json project bgp-s", "bgp-sessions"),
    ("device -d web1 bgp-n", "bgp-neighbors"),
    ("session routes web1.example.net --st", "--state"),
    ("project bgp-enable -p demo --as", "--asn"),
])
def test_words_and_options_are_completed(words, completed):
    script = ('source "$1"; shift; COMP_WORDS=(godwit "$@"); COMP_CWORD=$#; _godwit; echo "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", lab.ROOT / "packaging" / "godwit-completion.bash",
                           *words.split()], capture_output=True, text=True, timeout=20)
    assert done.stdout == completed + "\n"


def test_completion_for_other_shells():
    assert run("godwit", "completion", "zsh").stdout.startswith("#compdef godwit\n")
    fish = run("godwit", "completion", "fish").stdout
    assert """'test (__godwit_path) = "session"' -a 'list get enable""" in fish
    refused = run("godwit", "completion", "tcsh")
    assert (refused.returncode, refused.stderr) == (1, 'completion: "tcsh": bash, zsh or fish is allowed\n')


def test_the_fleets_commands_are_in_the_manual():
    source = (lab.ROOT / "src" / "cli" / "fleet_commands.c").read_text()
    manual = (lab.ROOT / "docs" / "man" / "godwit.1").read_text()
    paths = re.findall(r'^    \{"([a-z -]+)", cmd_', source, re.MULTILINE)
    assert len(paths) > 40
    aliases = {"event get", "session create", "session delete", "organization get", "metro get"}
    for path in set(paths) - aliases:
        noun, *verb = path.split()
        lines = [line for line in manual.splitlines() if line.startswith(f".It Ic {noun}")]
        assert any(not verb or re.search(rf"\b{verb[0]}\b", line) for line in lines), path


def test_reader_that_goes_away(tmp_path):
    """`godwit ... | head` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([lab.BUILD / "godwit", "--help"], stdout=writing, stderr=subprocess.PIPE, timeout=20)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def started(tmp_path, text):
    """The log of a daemon that was started with this configuration and stopped again."""
    config, log = tmp_path / "godwit.toml", tmp_path / "log"
    config.write_text(text)
    with open(log, "w") as output:
        daemon = subprocess.Popen([lab.GODWITD, "-p", "-f", config, "--api-hosts", f"unix://{tmp_path}/api"],
                                  stderr=output)
    try:
        lab.Lab.wait_for(lambda: "started" in log.read_text(), "the daemon does not start")
    finally:
        daemon.terminate()
    assert daemon.wait(20) == 0
    return log.read_text()


def test_advice_at_start(tmp_path):
    """A file for GoBGP leaves safe choices off, and is told so once; one that takes them hears nothing."""
    switches = ["ebgp-requires-policy", "well-known-communities", "refuse-as-set"]
    warned = [line for line in started(tmp_path, GOOD).splitlines() if "level=warn" in line]
    assert len(warned) == 1 and all(switch in warned[0] for switch in switches)
    some = started(tmp_path, GOOD + "[godwit]\nwell-known-communities = true\n")
    assert switches[0] in some and switches[1] not in some
    assert "level=warn" not in started(tmp_path, GOOD + "[godwit]\n" + "".join(f"{name} = true\n" for name in switches))
