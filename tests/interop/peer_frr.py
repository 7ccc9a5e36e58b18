"""FRR: bgpd, with zebra to tell it of interfaces; no route of its reaches the kernel."""
import json

from daemons import Daemon
from lab import wait_for
from route import Route, address, community, extended_from_text

BGPD, ZEBRA, RUN = "/usr/lib/frr/bgpd", "/usr/lib/frr/zebra", "/run/frr"
COMMON = ("-P", "0", "--vty_socket", RUN, "-z", f"{RUN}/zserv.api")


class Frr(Daemon):
    originates = ("origin", "as_path", "med", "local_pref", "aggregator", "atomic", "communities", "large", "extended")
    # 8.4 expects a long AGGREGATOR although it has not announced long AS numbers itself.
    abilities = frozenset({"md5", "as2", "as2 aggregator is long", "add path", "extended next hop", "refresh",
                           "shutdown text", "text heard", "passive"})

    lines = ()  # more for its router

    def _configuration(self):
        text = f"frr defaults traditional\nlog file {self.folder}/frr.debug debugging\n" \
               "debug bgp neighbor-events\ndebug bgp updates\nno bgp send-extra-data zebra\n"
        lines = [f"bgp router-id {self.router_id}", "no bgp ebgp-requires-policy", "no bgp network import-check",
                 "no bgp default ipv4-unicast", "bgp log-neighbor-changes", *self.lines]
        graceful = self.sessions[0].graceful
        if graceful:
            lines += ["bgp graceful-restart", f"bgp graceful-restart restart-time {graceful['restart_time']}",
                      "bgp graceful-restart preserve-fw-state"]
            if graceful.get("notification"):
                lines.append("bgp graceful-restart notification")
            if "long_lived" in graceful:
                lines.append(f"bgp long-lived-graceful-restart stale-time {graceful['long_lived']}")
        for session in self.sessions:
            lines += self._session(session)
        text += f"router bgp {self.asn}\n" + "".join(f" {line}\n" for line in lines)
        for version in (4, 6):
            text += f" address-family ipv{version} unicast\n"
            for session in self.sessions:
                if version not in session.families:
                    continue
                text += f"  neighbor {session.remote} activate\n"
                if session.add_path:
                    text += f"  neighbor {session.remote} addpath-tx-all-paths\n"
            text += " exit-address-family\n"
        return text

    def _session(self, session):
        lines = [f"remote-as {session.remote_asn}", f"update-source {session.local}", "timers connect 1",
                 f"timers {max(1, session.hold_time_s // 3)} {session.hold_time_s}", "advertisement-interval 0"]
        if session.remote_asn != self.asn:
            lines.append("disable-connected-check")
        if session.md5:
            lines.append(f"password {session.md5}")
        if not session.as4:
            lines.append("dont-capability-negotiate")
        if session.extended_next_hop:
            lines.append("capability extended-nexthop")
        if session.passive:
            lines.append("passive")
        return [f"neighbor {session.remote} {line}" for line in lines]

    def start(self):
        self.host.run("install", "-d", "-o", "frr", "-g", "frr", RUN)
        file = self.folder / "bgpd.conf"
        file.write_text(self._configuration())
        file.chmod(0o644)
        self._zebra = self.host.popen(ZEBRA, "-i", f"{RUN}/zebra.pid", *COMMON, log=self.folder / "zebra.log")
        wait_for(lambda: "zserv.api" in self.host.run("ls", RUN), "zebra listens", 20, 0.05)
        self.spawn(BGPD, "-n", "-S", "-f", file, "-i", f"{RUN}/bgpd.pid", "-u", "root", "-g", "root", *COMMON)
        wait_for(lambda: not self.alive() or self.established_possible(), "FRR's bgpd answers", 20, 0.05)
        if not self.alive():
            raise AssertionError(f"bgpd ended: {self.log_text()}")
        return self

    def end(self, limit_s=20):
        status = super().end(limit_s)
        self._zebra.kill()
        self._zebra.wait()
        return status

    def vty(self, *commands):
        words = [word for command in commands for word in ("-c", command)]
        return self.host.run("vtysh", "--vty_socket", RUN, "-d", "bgpd", *words)

    def established_possible(self):
        try:
            return "bgp" in self.vty("show version") or True
        except RuntimeError:
            return False

    def log_text(self):
        debug = self.folder / "frr.debug"
        return super().log_text() + (debug.read_text(errors="replace") if debug.exists() else "")

    def _neighbor(self, session):
        remote = (session or self.sessions[0]).remote
        return json.loads(self.vty(f"show bgp neighbors {remote} json")).get(remote, {})

    def established(self, session=None):
        return self._neighbor(session).get("bgpState") == "Established"

    def received(self, session=None, version=4):
        remote = (session or self.sessions[0]).remote
        prefixes = list(json.loads(self.vty(f"show bgp ipv{version} unicast json") or "{}").get("routes", {}))
        routes = {}
        for prefix in prefixes:
            answer = json.loads(self.vty(f"show bgp ipv{version} unicast {prefix} json") or "{}")
            found = [path_from_json(prefix, path) for path in answer.get("paths", [])
                     if path.get("peer", {}).get("peerId") == remote]
            if found:
                routes[prefix] = found
        return routes

    def originate(self):
        wanted = dict(self.routes)
        configured = getattr(self, "_configured", {})
        commands = ["configure terminal"]
        for route in configured.values():
            if wanted.get(route.prefix) != route:
                commands += [f"router bgp {self.asn}", f"address-family ipv{route.version} unicast",
                             f"no network {route.prefix}", "exit", "exit"]
        for number, route in enumerate(wanted.values()):
            if configured.get(route.prefix) != route:
                name = "originated-" + route.prefix.replace("/", "-").replace(":", "-")
                commands += [f"no route-map {name}"] if route.prefix in configured else []
                commands += [f"route-map {name} permit 10", *self._actions(self.reduce(route)), "exit",
                             f"router bgp {self.asn}", f"address-family ipv{route.version} unicast",
                             f"network {route.prefix} route-map {name}", "exit", "exit"]
        self._configured = wanted
        self.vty(*commands)

    @staticmethod
    def _actions(route):
        actions = [f"set origin {route.origin}"]
        if route.as_path:
            actions.append("set as-path prepend " + " ".join(map(str, route.as_path)))
        if route.med is not None:
            actions.append(f"set metric {route.med}")
        if route.local_pref is not None:
            actions.append(f"set local-preference {route.local_pref}")
        if route.aggregator:
            actions.append("set aggregator as %d %s" % route.aggregator)
        if route.atomic:
            actions.append("set atomic-aggregate")
        if route.communities:
            actions.append("set community " + " ".join(sorted(route.communities)))
        if route.large:
            actions.append("set large-community " + " ".join(sorted(route.large)))
        for kind in ("rt", "soo"):
            values = [text.split(":", 1)[1] for text in sorted(route.extended) if text.startswith(kind)]
            if values:
                actions.append(f"set extcommunity {kind} {' '.join(values)}")
        return actions

    def reduce(self, route):
        route = super().reduce(route)
        if route.aggregator:
            # 8.4 stores another number than the one given if that one is above 65535.
            route = route.but(aggregator=(route.aggregator[0] & 0x7fff, route.aggregator[1]))
        return route.but(as_path=tuple(hop for hop in route.as_path if isinstance(hop, int)))

    def refresh(self, session=None):
        session = session or self.sessions[0]
        for version in session.families:
            self.vty(f"clear bgp ipv{version} unicast {session.remote} in")

    def shut_down(self, text, session=None):
        remote = (session or self.sessions[0]).remote
        self.vty("configure terminal", f"router bgp {self.asn}", f"neighbor {remote} shutdown message {text}")

    def last_heard(self, session=None):
        return json.dumps(self._neighbor(session)) + self.log_text()


def path_from_json(prefix, path):
    fields = {"origin": path["origin"].lower()}
    hops = []
    for segment in path.get("aspath", {}).get("segments", []):
        numbers = segment["list"]
        hops += [frozenset(numbers)] if segment["type"] == "as-set" else numbers
    fields["as_path"] = tuple(hops)
    usable = [hop for hop in path["nexthops"] if hop.get("scope", "global") == "global"]
    fields["next_hop"] = address(usable[0]["ip"])
    if "metric" in path:
        fields["med"] = path["metric"]
    if "locPrf" in path:
        fields["local_pref"] = path["locPrf"]
    if path.get("atomicAggregate"):
        fields["atomic"] = True
    if "aggregatorAs" in path:
        fields["aggregator"] = (path["aggregatorAs"], path["aggregatorId"])
    if "community" in path:
        fields["communities"] = frozenset(map(community, path["community"]["list"]))
    if "largeCommunity" in path:
        fields["large"] = frozenset(path["largeCommunity"]["list"])
    if "extendedCommunity" in path:
        fields["extended"] = frozenset(extended_from_text(*text.split(":", 1))
                                       for text in path["extendedCommunity"]["string"].split())
    return Route(prefix, path_id=path.get("addpathRxId"), **fields)
