"""What all scenario tests of this folder need: the network lab, or a reason to skip."""
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import dut  # noqa: E402  (found through the path above)
from lab import namespaces_missing  # noqa: E402


def pytest_collection_modifyitems(config, items):
    """Keeps the shard GODWIT_SHARD=number/of names (tests with a common fixture stay together), or skips everything."""
    number, shards = map(int, os.environ.get("GODWIT_SHARD", "0/1").split("/"))
    if shards > 1:
        groups = {}
        kept = [item for item in items if groups.setdefault(group_of(item), len(groups)) % shards == number]
        dropped = [item for item in items if item not in kept]
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
    reason = namespaces_missing() or dut.missing(dut.under_test())
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


def group_of(item):
    """Tests of one group run in one process: those that share a module's parametrised fixture."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return str(parameters.get("link", item.nodeid))
