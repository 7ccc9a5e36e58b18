"""The daemon under test, and the one whose files and commands it understands: same configuration, same command line."""
import base64
import json
import os
import shutil
import signal

from daemons import BUILD, Daemon
from lab import wait_for
from route import ORIGINS, Route, address, community, extended_from_bytes, extended_from_text

FAMILY = {4: "ipv4", 6: "ipv6"}
API = "127.0.0.1:50051"
SHOWN_AS_TEXT = (9,)  # ORIGINATOR_ID; what nobody knows is in base64
IDLE, CONNECT, ACTIVE, ESTABLISHED = 1, 2, 3, 6  # session_state


class Gobgpd(Daemon):
    originates = ("origin", "as_path", "next_hop", "med", "local_pref", "aggregator", "communities", "large", "extended", "atomic")
    abilities = frozenset({"md5", "add path", "extended next hop", "shutdown text", "text heard"})
    program, client = "gobgpd", "gobgp"
    # Free-standing attributes the client's grammar lacks a word for.
    lacks_words_for = ("atomic",)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.originates = tuple(name for name in self.originates if name not in self.lacks_words_for)
        self.global_options = {}
        self.switches = {}
        self.more = {}  # other tables of the file
        self.api_hosts = API
        if under_test() == "godwitd" and "GODWIT_THREADS" in os.environ:
            self.switches["threads"] = int(os.environ["GODWIT_THREADS"])
        self._announced = {}

    def neighbor(self, session):
        config = {"neighbor-address": session.remote, "peer-as": session.remote_asn}
        if session.md5:
            config["auth-password"] = session.md5
        families = [{"config": {"afi-safi-name": f"ipv{version}-unicast"}} for version in session.families]
        if session.add_path:
            for family in families:
                family["add-paths"] = {"config": {"receive": True, "send-max": 8}}
        neighbor = {
            "config": config,
            "timers": {"config": {"hold-time": session.hold_time_s, "connect-retry": 1,
                                  "idle-hold-time-after-reset": 1}},
            "transport": {"config": {"local-address": session.local, "passive-mode": session.passive}},
            "afi-safis": families,
        }
        if session.graceful:
            self._graceful(neighbor, session.graceful)
        for table, values in session.extra.items():
            part = config if table == "config" else neighbor.setdefault(table, {"config": {}})["config"]
            part.update(values)
        return neighbor

    @staticmethod
    def _graceful(neighbor, asked):
        config = {"enabled": True, "restart-time": asked["restart_time"],
                  "notification-enabled": asked.get("notification", False),
                  "long-lived-enabled": "long_lived" in asked}
        neighbor["graceful-restart"] = {"config": config}
        for family in neighbor["afi-safis"]:
            family["mp-graceful-restart"] = {"config": {"enabled": True}}
            if "long_lived" in asked:
                family["long-lived-graceful-restart"] = {
                    "config": {"enabled": True, "restart-time": asked["long_lived"]}}

    def configuration(self):
        configuration = {"global": {"config": {"as": self.asn, "router-id": self.router_id, "port": 179},
                                    **self.global_options},
                         "neighbors": [self.neighbor(session) for session in self.sessions]}
        if self.switches and type(self) is Godwitd:
            configuration["godwit"] = self.switches
        return {**configuration, **self.more}

    def start(self, level="debug", options=()):
        file = self.folder / "daemon.json"
        file.write_text(json.dumps(self.configuration(), indent=1))
        self.spawn(self.program, "-f", file, "--api-hosts", self.api_hosts, "-l", level, *options)
        wait_for(lambda: not self.alive() or self._answers(),
                 lambda: f"{self.program} answers; log ends:\n{self.log_text()[-1500:]}", 20, 0.05)
        if not self.alive():
            raise AssertionError(f"{self.program} ended at its start:\n{self.log_text()[-3000:]}")
        return self

    def reload(self):
        """Has the daemon read its file again, as the sessions are now."""
        (self.folder / "daemon.json").write_text(json.dumps(self.configuration(), indent=1))
        self.signal(signal.SIGHUP)

    def disable(self, session):
        self.cli("neighbor", session.remote, "disable")
        wait_for(lambda: self.state(session) == IDLE, "idle", 20)

    def enable(self, session):
        self.cli("neighbor", session.remote, "enable")
        self.wait_established(session)

    def state(self, session):
        """The session's state, as the API numbers it."""
        return self.cli_json("neighbor", session.remote)["state"].get("session_state", 0)

    def _answers(self):
        try:
            return bool(self.cli("global", "-j"))
        except RuntimeError:
            return False

    def cli(self, *words, limit_s=30):
        """What the command-line client prints for `words`."""
        return self.host.run(self.client, *words, limit_s=limit_s)

    def cli_json(self, *words, limit_s=60):
        return json.loads(self.cli(*words, "-j", limit_s=limit_s) or "null")

    def established(self, session=None):
        return self.state(session or self.sessions[0]) == ESTABLISHED

    def received(self, session=None, version=4):
        """{prefix: [Route]} as the session's other side announced them (before import policy)."""
        remote = (session or self.sessions[0]).remote
        return self._paths(self.cli_json("neighbor", remote, "adj-in", "-a", FAMILY[version]))

    def sent(self, session=None, version=4):
        remote = (session or self.sessions[0]).remote
        return self._paths(self.cli_json("neighbor", remote, "adj-out", "-a", FAMILY[version]))

    def local(self, session, version=4):
        """The table of a route server client."""
        return self._paths(self.cli_json("neighbor", session.remote, "local", "-a", FAMILY[version]))

    def table(self, version=4):
        return self._paths(self.cli_json("global", "rib", "-a", FAMILY[version]))

    @staticmethod
    def _paths(table):
        """A prefix without a path is one that went: GoBGP goes on to list it."""
        return {prefix: [path_from_json(path) for path in paths] for prefix, paths in (table or {}).items() if paths}

    def originate(self):
        for prefix, route in list(self._announced.items()):
            if self.routes.get(prefix) != route:
                self.cli("global", "rib", "del", prefix, "-a", FAMILY[route.version])
                del self._announced[prefix]
        for prefix, route in self.routes.items():
            if prefix not in self._announced:
                self.cli("global", "rib", "add", prefix, "-a", FAMILY[route.version], *self._words(self.reduce(route)))
                self._announced[prefix] = route

    def reduce(self, route):
        """The client has a word for route targets only, not for other extended communities."""
        route = super().reduce(route)
        return route.but(extended=frozenset(text for text in route.extended if text.startswith("rt:")))

    @staticmethod
    def _words(route):
        words = ["origin", route.origin]
        if route.as_path:
            words += ["aspath", as_path_words(route.as_path)]
        if route.next_hop:
            words += ["nexthop", route.next_hop]
        for name in ("med", "local_pref"):
            if getattr(route, name) is not None:
                words += [name.replace("_", "-"), getattr(route, name)]
        if route.aggregator:
            words += ["aggregator", "%d:%s" % route.aggregator]
        if route.communities:
            words += ["community", ",".join(sorted(route.communities))]
        if route.large:
            words += ["large-community", ",".join(sorted(route.large))]
        for text in sorted(route.extended):
            kind, administrator, value = text.split(":")
            if administrator.isdigit() and int(administrator) > 0xffff:
                administrator = f"{int(administrator) >> 16}.{int(administrator) & 0xffff}"
            words += [kind, f"{administrator}:{value}"]
        return words

    def messages(self, session=None):
        """{"sent": {kind: number}, "received": {kind: number}} of a session."""
        counts = self.cli_json("neighbor", (session or self.sessions[0]).remote)["state"].get("messages", {})
        return {"sent": counts.get("sent", {}), "received": counts.get("received", {})}

    def refresh(self, session=None):
        """Asks the other side to send everything again."""
        self.cli("neighbor", (session or self.sessions[0]).remote, "softresetin")

    def shut_down(self, text, session=None):
        self.cli("neighbor", (session or self.sessions[0]).remote, "shutdown", "--reason", text)

    def last_heard(self, session=None):
        """Text in which the other side's last NOTIFICATION can be found."""
        return self.log_text()


class Godwitd(Gobgpd):
    program, client = str(BUILD / "godwitd"), str(BUILD / "godwit")

    def shut_down(self, text, session=None):
        self.cli("neighbor", (session or self.sessions[0]).remote, "disable", "--reason", text)


def missing(kind):
    """Why the daemon under test cannot run here, or None."""
    program = {"godwitd": Godwitd.program, "gobgpd": Gobgpd.program}[kind]
    return None if shutil.which(program) else f"{program if kind == 'gobgpd' else 'godwitd'} is not there"


def under_test():
    return os.environ.get("DUT", "godwitd")


def as_path_words(path):
    return " ".join("{%s}" % ",".join(map(str, sorted(hop))) if isinstance(hop, frozenset) else str(hop)
                    for hop in path)


def path_from_json(path):
    """A Route from one path as the clients print it with -j."""
    fields, unknown = {}, []
    for item in path["attrs"]:
        kind = item["type"]
        if kind == 1:
            fields["origin"] = ORIGINS[item.get("value", 0)]
        elif kind == 2:
            hops = []
            for segment in item.get("as_paths") or []:
                numbers = segment.get("asns") or []
                hops += [frozenset(numbers)] if segment["segment_type"] == 1 else numbers
            fields["as_path"] = tuple(hops)
        elif kind in (3, 14):
            fields["next_hop"] = address(item["nexthop"])
        elif kind == 4:
            fields["med"] = item.get("metric", 0)
        elif kind == 5:
            fields["local_pref"] = item.get("value", 0)
        elif kind == 6:
            fields["atomic"] = True
        elif kind == 7:
            fields["aggregator"] = (item["as"], item["address"])
        elif kind == 8:
            fields["communities"] = frozenset(community(number) for number in item["communities"])
        elif kind == 16:
            fields["extended"] = frozenset(map(extended_from_json, item["value"]))
        elif kind == 32:
            fields["large"] = frozenset("%d:%d:%d" % (one["ASN"], one["LocalData1"], one["LocalData2"])
                                        for one in item["value"])
        elif kind not in SHOWN_AS_TEXT and isinstance(item.get("value"), str):
            unknown.append((item.get("flags", 0), kind, base64.b64decode(item["value"])))
    return Route(path["nlri"]["prefix"], path_id=path["nlri"].get("id"), unknown=tuple(unknown), **fields)


def extended_from_json(item):
    if item.get("subtype") in (2, 3) and isinstance(item.get("value"), str):
        return extended_from_text({2: "rt", 3: "soo"}[item["subtype"]], item["value"])
    if isinstance(item.get("value"), str):
        return extended_from_bytes(bytes([item["type"], item["subtype"]]) + base64.b64decode(item["value"])[:6])
    return json.dumps(item, sort_keys=True)
