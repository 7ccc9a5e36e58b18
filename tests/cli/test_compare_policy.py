"""Every policy command: godwit prints and does what the stock client does, to either daemon."""
import pytest

import cli_lab
import policy_lab

pytestmark = pytest.mark.skipif(not cli_lab.stock(), reason="the stock gobgp and gobgpd are not installed")


SCRIPTS = {"gobgpd": policy_lab.SCRIPT + policy_lab.ODDITIES, "godwitd": policy_lab.SCRIPT}


def play(folder, program, client, script):
    with policy_lab.PolicyLab(folder, program) as lab:
        clients = {"gobgp": lab.stock, "godwit": lambda *words: lab.godwit("--compat", *words)}
        return policy_lab.run(clients[client], script)


@pytest.fixture(scope="module")
def stock_with_stock(tmp_path_factory):
    return play(tmp_path_factory.mktemp("stock"), "gobgpd", "gobgp", SCRIPTS["gobgpd"])


def complaint(found):
    return "\n".join(f"{words}\n  expected {expected}\n  got      {got}" for words, expected, got in found)


def says_more(expected, got):
    """Ours names what it refuses where the stock daemon does not."""
    return expected[1] == got[1] == 1 and str(expected[0]).strip() in str(got[0])


@pytest.mark.parametrize("program, client", [("gobgpd", "godwit"), ("godwitd", "gobgp"), ("godwitd", "godwit")])
def test_same_as_stock(tmp_path, stock_with_stock, program, client):
    if program not in cli_lab.daemons():
        pytest.skip("not built")
    seen = play(tmp_path, program, client, SCRIPTS[program])
    found = [item for item in policy_lab.differences(stock_with_stock[:len(seen)], seen) if not says_more(*item[1:])]
    assert not found, complaint(found)
