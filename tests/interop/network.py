"""Several daemons with sessions between them: the daemon under test, driven by the stock `gobgp`, among others.

    network = Network(lab)
    dut, left = network.dut(65000), network.add("frr", 65001)
    network.connect(dut, left, md5="secret")
    network.start()
"""
import itertools

from daemons import Session, make
from dut import under_test
from lab import wait_for


class Network:
    def __init__(self, lab):
        self.lab, self.daemons, self._started = lab, [], []
        self._number = itertools.count(1)

    def add(self, kind, asn):
        """A daemon of that kind on a host of its own, not started yet."""
        host = self.lab.host(f"{kind}{next(self._number)}")
        daemon = make(kind, host, asn)
        self.daemons.append(daemon)
        return daemon

    def dut(self, asn, **more):
        """The daemon under test; `more` are further tables of its file. Who asks it is the stock client."""
        daemon = self.add(under_test(), asn)
        daemon.client = "gobgp"
        daemon.more.update({key.replace("_", "-"): value for key, value in more.items()})
        return daemon

    def connect(self, left, right, left_options=None, right_options=None, version=4, **both):
        """A session between two daemons; options are fields of Session. What runs already is told by a reload."""
        ends = left.host.address(version), right.host.address(version)
        both.setdefault("families", (version,))
        for daemon, other, (local, remote), options in ((left, right, ends, left_options),
                                                        (right, left, ends[::-1], right_options)):
            daemon.sessions.append(Session(local, remote, other.asn, **{**both, **(options or {})}))
            if daemon in self._started:
                daemon.reload()

    def start(self):
        """Starts what does not run yet and waits for every session between daemons that do."""
        for daemon in self.daemons:
            if daemon not in self._started:
                daemon.start()
                self._started.append(daemon)
        for daemon in self.daemons:
            for session in daemon.sessions:
                daemon.wait_established(session)

    def remove(self, daemon):
        """Ends a daemon; the others forget it."""
        daemon.end()
        self.daemons.remove(daemon)
        for other in self.daemons:
            kept = [session for session in other.sessions if session.remote not in addresses_of(daemon)]
            if len(kept) != len(other.sessions):
                other.sessions[:] = kept
                other.reload()

    @staticmethod
    def session(daemon, other):
        """How `daemon` sees its session with `other`."""
        return next(session for session in daemon.sessions if session.remote in addresses_of(other))


def addresses_of(daemon):
    return daemon.host.address4, daemon.host.address6


def told(daemon, other, version=4):
    """{prefix: [Route]} that the daemon under test says it tells `other`."""
    return daemon.sent(Network.session(daemon, other), version)


def heard(daemon, other, version=4):
    """{prefix: [Route]} that `daemon` has from `other`."""
    return daemon.received(Network.session(daemon, other), version)


def has(look, prefixes, limit_s=30):
    """Waits until the table that `look()` gives has exactly these prefixes, and returns it."""
    state = {}

    def same():
        state["table"] = look()
        return set(state["table"]) == set(prefixes)

    wait_for(same, lambda: f"{sorted(prefixes)}; there: {sorted(state['table'])}", limit_s)
    return state["table"]


def only(table, prefix):
    """The one path of a prefix."""
    paths = table[prefix]
    assert len(paths) == 1, paths
    return paths[0]
