"""Every policy command: godwit prints and does what the stock client does, to either daemon."""
import pytest

import cli_lab
import policy_lab

pytestmark = pytest.mark.skipif(not cli_lab.stock(), reason="the stock gobgp and gobgpd are not installed")


def play(folder, program, client):
    with policy_lab.PolicyLab(folder, program) as lab:
        clients = {"gobgp": lab.stock, "godwit": lambda *words: lab.godwit("--compat", *words)}
        return policy_lab.run(clients[client])


@pytest.fixture(scope="module")
def stock_with_stock(tmp_path_factory):
    return play(tmp_path_factory.mktemp("stock"), "gobgpd", "gobgp")


def complaint(found):
    return "\n".join(f"{words}\n  expected {expected}\n  got      {got}" for words, expected, got in found)


def test_our_client_with_the_stock_daemon(tmp_path, stock_with_stock):
    found = policy_lab.differences(stock_with_stock, play(tmp_path, "gobgpd", "godwit"))
    assert not found, complaint(found)
