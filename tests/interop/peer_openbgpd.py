"""OpenBGPD. Its children live in chroots and its paths are fixed, so it needs the /run of its own every host has."""
import json

from daemons import Daemon
from lab import wait_for
from route import Route, address, community, extended_from_text

BGPD, SOCKET = "/usr/sbin/bgpd", "/run/bgpd.sock"


class OpenBgpd(Daemon):
    originates = ("origin", "med", "local_pref", "communities", "large", "extended")
    abilities = frozenset({"md5", "as2", "merges as4", "add path", "refresh", "shutdown text", "text heard", "passive"})

    def _configuration(self):
        text = f"AS {self.asn}\nrouter-id {self.router_id}\nfib-update no\nconnect-retry 1\nlisten on 0.0.0.0\nlisten on ::\n"
        text += f"nexthop qualify via bgp\nnexthop qualify via default\nsocket \"{SOCKET}\"\n"
        for route in self.routes.values():
            text += f"network {route.prefix} set {{ {self._actions(self.reduce(route))} }}\n"
        for session in self.sessions:
            text += self._session(session)
        return text + "allow from any\nallow to any\n"

    @staticmethod
    def _session(session):
        lines = [f"remote-as {session.remote_asn}", f"local-address {session.local}",
                 f"holdtime {session.hold_time_s}", "announce policy no", "announce restart no",
                 "announce refresh yes"]
        lines += [f"announce IPv{version} {'unicast' if version in session.families else 'none'}" for version in (4, 6)]
        if session.md5:
            lines.append(f"tcp md5sig password {session.md5}")
        if not session.as4:
            lines.append("announce as-4byte no")
        if session.add_path:
            lines += ["announce add-path recv yes", "announce add-path send all"]
        if session.passive:
            lines.append("passive")
        return f"neighbor {session.remote} {{\n" + "".join(f" {line}\n" for line in lines) + "}\n"

    @staticmethod
    def _actions(route):
        actions = [f"origin {route.origin}"]
        if route.med is not None:
            actions.append(f"med {route.med}")
        if route.local_pref is not None:
            actions.append(f"localpref {route.local_pref}")
        actions += [f"community {text}" for text in sorted(route.communities)]
        actions += [f"large-community {text}" for text in sorted(route.large)]
        actions += ["ext-community " + text.replace(":", " ", 1) for text in sorted(route.extended)]
        return " ".join(actions)

    def _write(self):
        file = self.folder / "bgpd.conf"
        file.write_text(self._configuration())
        file.chmod(0o600)
        return file

    def start(self):
        self.host.run("mkdir", "-p", "/run/openbgpd")
        self.spawn(BGPD, "-d", "-v", "-f", self._write())
        wait_for(lambda: not self.alive() or self._answers(), lambda: f"OpenBGPD answers: {self.log_text()}", 20, 0.05)
        if not self.alive():
            raise AssertionError(f"OpenBGPD ended: {self.log_text()}")
        return self

    def control(self, *words):
        return self.host.run("bgpctl", "-s", SOCKET, "-j", *words)

    def _answers(self):
        try:
            return bool(self.control("show", "summary"))
        except RuntimeError:
            return False

    def _neighbor(self, session):
        remote = (session or self.sessions[0]).remote
        return json.loads(self.control("show", "neighbor", remote))["neighbors"][0]

    def established(self, session=None):
        return self._neighbor(session).get("state") == "Established"

    def received(self, session=None, version=4):
        remote = (session or self.sessions[0]).remote
        answer = json.loads(self.control("show", "rib", "in", "detail", "neighbor", remote,
                                         "inet" if version == 4 else "inet6") or "{}")
        routes = {}
        for path in answer.get("rib", []):
            route = path_from_json(path)
            if route.version == version:
                routes.setdefault(route.prefix, []).append(route)
        return routes

    def originate(self):
        self._write()
        self.host.run("bgpctl", "-s", SOCKET, "reload")

    def refresh(self, session=None):
        self.host.run("bgpctl", "-s", SOCKET, "neighbor", (session or self.sessions[0]).remote, "refresh")

    def shut_down(self, text, session=None):
        self.host.run("bgpctl", "-s", SOCKET, "neighbor", (session or self.sessions[0]).remote, "down", text)

    def last_heard(self, session=None):
        return json.dumps(self._neighbor(session)) + self.log_text()


def path_from_json(path):
    fields = {"origin": {"IGP": "igp", "EGP": "egp"}.get(path["origin"], "incomplete")}
    fields["as_path"] = parse_as_path(path.get("aspath", ""))
    fields["next_hop"] = address(path["exit_nexthop"])
    if path.get("metric"):
        fields["med"] = path["metric"]
    if "localpref" in path:
        fields["local_pref"] = path["localpref"]
    for item in path.get("attributes", []):
        kind = item.get("type")
        if kind == "Atomic Aggregate":
            fields["atomic"] = True
        elif kind == "Aggregator":
            fields["aggregator"] = (int(item["AS"]), item["router_id"])
    if "communities" in path:
        fields["communities"] = frozenset(map(community, path["communities"]))
    if "large_communities" in path:
        fields["large"] = frozenset(path["large_communities"])
    if "extended_communities" in path:
        fields["extended"] = frozenset(extended_from_text(*text.split(" ", 1)) for text in path["extended_communities"])
    return Route(path["prefix"], path_id=path.get("path_id"), **fields)


def parse_as_path(text):
    hops, inside = [], None
    for word in text.replace("{", " { ").replace("}", " } ").split():
        if word == "{":
            inside = []
        elif word == "}":
            hops.append(frozenset(inside))
            inside = None
        else:
            (hops if inside is None else inside).append(int(word))
    return tuple(hops)
