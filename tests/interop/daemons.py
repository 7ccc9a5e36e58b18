"""The programs that take part, behind one interface: the daemon under test and the peers it is tested with.

A daemon is made with its host, AS and sessions, started, asked, and stopped by process id. What it is asked for is
always one of: is the session up, what did the other side announce, announce these routes, withdraw them, ask for a
route refresh, shut the session down with a text, and what text or code came last from the other side.
"""
import dataclasses
import os
import signal
from pathlib import Path

from lab import wait_for

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("GODWIT_BUILD", ROOT / "build"))


@dataclasses.dataclass(frozen=True)
class Session:
    """One neighbour, as the daemon that is configured with it sees it."""
    local: str
    remote: str
    remote_asn: int
    families: tuple = (4,)
    md5: str = None
    as4: bool = True
    add_path: bool = False
    extended_next_hop: bool = False
    passive: bool = False
    hold_time_s: int = 90
    # Graceful restart: {"restart_time": s, "long_lived": s (if at all), "notification": bool}.
    graceful: dict = dataclasses.field(default=None, hash=False)
    extra: dict = dataclasses.field(default_factory=dict, hash=False)

    @property
    def version(self):
        return 6 if ":" in self.remote else 4


class Daemon:
    """What every program can do. `sessions[0]` is the one meant where no session is named."""

    # Path attributes its own language can put on a route it originates (the rest stay at their defaults).
    originates = ()
    # Things a test asks for only where the program has them: "ipv4 session", "md5", "as2", "add path"...
    abilities = frozenset()

    def __init__(self, host, asn, sessions=(), router_id=None):
        self.host, self.asn, self.sessions = host, asn, list(sessions)
        self.router_id = router_id or host.address4
        self.folder = host.folder
        self.log = f"{type(self).__name__.lower()}.log"
        self._process = None
        self.routes = {}

    def spawn(self, *command, environment=None):
        self._process = self.host.popen(*command, log=self.folder / self.log, environment=environment)
        self.host.lab.on_close(self.end)

    def pid(self):
        """The daemon's process in this process's pid namespace: nsenter is its parent."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        try:
            found = children.read_text().split()
        except OSError:
            found = []
        return int(found[0]) if found else None

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def signal(self, number):
        pid = self.pid()
        if pid:
            os.kill(pid, number)

    def end(self, limit_s=20):
        """Asks the daemon to end and waits; its exit status."""
        if self.alive():
            self.signal(signal.SIGTERM)
            try:
                self._process.wait(limit_s)
            except Exception:
                self.signal(signal.SIGKILL)
                self._process.wait(limit_s)
        return self._process.returncode if self._process else None

    def kill(self):
        """As a crash: nobody is told."""
        self.signal(signal.SIGKILL)
        self._process.wait(20)

    def log_text(self):
        path = self.folder / self.log
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_established(self, session=None, limit_s=45):
        session = session or self.sessions[0]
        wait_for(lambda: self.established(session),
                 lambda: f"{type(self).__name__} session with {session.remote}; log ends:\n{self.log_text()[-1500:]}",
                 limit_s, 0.2)

    def announce(self, *routes):
        """Originates routes, reduced to what this program can express (see `reduce`)."""
        for route in routes:
            self.routes[route.prefix] = route
        self.originate()

    def withdraw(self, *prefixes):
        for prefix in prefixes:
            self.routes.pop(prefix)
        self.originate()

    def reduce(self, route):
        """`route` with only the attributes this program can originate."""
        return route.only(self.originates)

    def families(self):
        return sorted({family for session in self.sessions for family in session.families})


def make(kind, *arguments, **options):
    """The daemon of that name, with its class loaded only when needed."""
    import dut
    import peer_bird
    import peer_exabgp
    import peer_frr
    import peer_openbgpd
    classes = {"godwitd": dut.Godwitd, "gobgpd": dut.Gobgpd, "bird": peer_bird.Bird, "frr": peer_frr.Frr,
               "openbgpd": peer_openbgpd.OpenBgpd, "exabgp": peer_exabgp.ExaBgp}
    return classes[kind](*arguments, **options)
