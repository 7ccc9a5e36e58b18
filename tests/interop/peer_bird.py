"""BIRD 2."""
import os
import re
from pathlib import Path

from daemons import Daemon
from lab import wait_for
from route import ORIGINS, Route, address, asn, community, extended_from_text

# In the host's own /run, where the path is short enough for a socket.
SOCKET = "/run/bird.ctl"


class Bird(Daemon):
    originates = ("origin", "as_path", "med", "local_pref", "communities", "large", "extended")
    abilities = frozenset({"md5", "as2", "merges as4", "add path", "extended next hop", "refresh", "shutdown text",
                           "text heard", "passive"})

    more_configuration = ""

    def _configuration(self):
        text = f'log "{self.folder}/bird.debug" all;\nrouter id {self.router_id};\nprotocol device {{ }}\n'
        text += "timeformat protocol iso long;\n"
        for version in (4, 6):
            routes = [route for route in self.routes.values() if route.version == version]
            text += f"protocol static originated{version} {{\n ipv{version};\n"
            text += "".join(f" route {route.prefix} blackhole;\n" for route in routes) + "}\n"
        text += self._export_filter()
        for number, session in enumerate(self.sessions):
            text += self._session(number, session)
        return text + self.more_configuration

    def _export_filter(self):
        """Attributes are set on export: BIRD drops a MED that a route had before it reached the session."""
        text = "filter originated {\n if source != RTS_STATIC then reject;\n"
        text += "".join(f" if net = {route.prefix} then {{ {self._actions(self.reduce(route))} }}\n"
                        for route in self.routes.values())
        return text + " accept;\n}\n"

    def _session(self, number, session):
        lines = [f"local {session.local} as {self.asn}", f"neighbor {session.remote} as {session.remote_asn}",
                 f"hold time {session.hold_time_s}", "connect retry time 1", "connect delay time 1",
                 "error wait time 1, 2", "error forget time 1"]
        if session.md5:
            lines.append(f'password "{session.md5}"')
        if not session.as4:
            lines.append("enable as4 off")
        if session.passive:
            lines.append("passive on")
        if session.graceful:
            lines += ["graceful restart on", f"graceful restart time {session.graceful['restart_time']}"]
            if "long_lived" in session.graceful:
                lines += ["long lived graceful restart on",
                          f"long lived stale time {session.graceful['long_lived']}"]
        lines += session.extra.get("bird", ())
        channels = ""
        for version in session.families:
            words = ["import all", "export filter originated"]
            if session.add_path:
                words.append("add paths on")
            if session.extended_next_hop and version == 4:
                words.append("extended next hop on")
            channels += f" ipv{version} {{ {' '.join(word + ';' for word in words)} }};\n"
        body = "".join(f" {line};\n" for line in lines)
        return f"protocol bgp session{number} {{\n{body}{channels}}}\n"

    @staticmethod
    def _actions(route):
        actions = [f"bgp_origin = ORIGIN_{route.origin.upper()}"]
        actions += [f"bgp_path.prepend({hop})" for hop in reversed(route.as_path)]
        if route.med is not None:
            actions.append(f"bgp_med = {route.med}")
        if route.local_pref is not None:
            actions.append(f"bgp_local_pref = {route.local_pref}")
        for text in sorted(route.communities):
            actions.append("bgp_community.add((%s,%s))" % tuple(text.split(":")))
        for text in sorted(route.large):
            actions.append("bgp_large_community.add((%s,%s,%s))" % tuple(text.split(":")))
        for text in sorted(route.extended):
            kind, administrator, value = text.split(":")
            actions.append(f"bgp_ext_community.add(({kind.replace('soo', 'ro')}, {administrator}, {value}))")
        return " ".join(action + ";" for action in actions)

    def reduce(self, route):
        route = super().reduce(route)
        return route.but(as_path=tuple(hop for hop in route.as_path if isinstance(hop, int)))

    def start(self, options=()):
        file = self.folder / "bird.conf"
        file.write_text(self._configuration())
        self.spawn("bird", "-f", "-c", file, "-s", SOCKET, "-P", self.folder / "bird.pid", *options)
        wait_for(lambda: not self.alive() or self._answers(), "BIRD answers", 20, 0.05)
        if not self.alive():
            raise AssertionError(f"BIRD ended: {self.log_text()}")
        return self

    def _answers(self):
        try:
            return "BIRD" in self.control("show", "status")
        except RuntimeError:
            return False

    def control(self, *words):
        return self.host.run("birdc", "-s", SOCKET, *words)

    def log_text(self):
        debug = self.folder / "bird.debug"
        return super().log_text() + (debug.read_text(errors="replace") if debug.exists() else "")

    def _name(self, session):
        return f"session{self.sessions.index(session) if session else 0}"

    def established(self, session=None):
        return "Established" in self.control("show", "protocols", self._name(session))

    def received(self, session=None, version=4):
        return parse_routes(self.control("show", "route", "table", f"master{version}", "protocol", self._name(session),
                                         "all"))

    def count(self, session=None, version=4):
        """How many routes the session has imported."""
        text = self.control("show", "route", "table", f"master{version}", "protocol", self._name(session), "count")
        return int(re.search(r"(\d+) of \d+ routes", text).group(1))

    def dump(self, file, version=4):
        """Writes the routes the sessions have imported as an MRT table."""
        file.unlink(missing_ok=True)
        self.control("mrt", "dump", "table", f"master{version}", "to", f'"{file}"', "where", "source", "=", "RTS_BGP")
        wait_for(lambda: file.exists() and not self._still_writing(file), "BIRD's MRT dump", 60, 0.2)

    def _still_writing(self, file):
        """BIRD may write the file in slices after its client has ended."""
        folder = Path(f"/proc/{self.pid()}/fd")
        return any(os.path.realpath(entry) == str(file) for entry in folder.iterdir())

    def originate(self):
        (self.folder / "bird.conf").write_text(self._configuration())
        answer = self.control("configure")
        if "Reconfigur" not in answer:
            raise RuntimeError(answer)

    def refresh(self, session=None):
        self.control("reload", "in", self._name(session))

    def shut_down(self, text, session=None):
        self.control("disable", self._name(session), f'"{text}"')

    def last_heard(self, session=None):
        return self.control("show", "protocols", "all", self._name(session)) + self.log_text()


def parse_routes(text):
    """{prefix: [Route]} of `show route all`."""
    table, prefix, fields = {}, None, None

    def finish():
        if fields is not None and "next_hop" in fields:
            table.setdefault(prefix, []).append(Route(prefix, **fields))

    for line in text.splitlines():
        head = re.match(r"(\S+/\d+)?\s+(?:unicast|unreachable|blackhole|recipient)\b.*\[\S+ ", line)
        if head and not line.startswith("\t"):
            finish()
            prefix, fields = head.group(1) or prefix, {}
        item = re.match(r"\tBGP\.(\w+): ?(.*)$", line)
        if item and fields is not None:
            take(fields, item.group(1), item.group(2).strip())
    finish()
    return table


def take(fields, name, value):
    if name == "origin":
        fields["origin"] = ORIGINS[("IGP", "EGP", "Incomplete").index(value)]
    elif name == "as_path":
        hops = re.findall(r"\{[^}]*\}|\d+", value)
        fields["as_path"] = tuple(frozenset(map(int, re.findall(r"\d+", hop))) if hop[0] == "{" else int(hop)
                                  for hop in hops)
    elif name == "next_hop":
        fields["next_hop"] = address(value.split()[0])
    elif name == "med":
        fields["med"] = int(value)
    elif name == "local_pref":
        fields["local_pref"] = int(value)
    elif name == "atomic_aggr":
        fields["atomic"] = True
    elif name == "aggregator":
        router, number = value.split()
        fields["aggregator"] = (asn(number.removeprefix("AS")), router)
    elif name == "community":
        fields["communities"] = frozenset(community(one) for one in re.findall(r"\([^)]*\)", value))
    elif name == "large_community":
        fields["large"] = frozenset(one.replace(", ", ":") for one in re.findall(r"\(([^)]*)\)", value))
    elif name == "ext_community":
        fields["extended"] = frozenset(extended(one) for one in re.findall(r"\(([^)]*)\)", value))


def extended(text):
    kind, administrator, value = text.split(", ")
    if kind == "generic":
        return "0x%08x%08x" % (int(administrator, 16), int(value, 16))
    return extended_from_text(kind, f"{administrator}:{value}")
