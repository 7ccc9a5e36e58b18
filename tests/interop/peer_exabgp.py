"""ExaBGP: it announces what it is told and reports what it receives as JSON; it has no routing table of its own."""
import json
import os
from pathlib import Path

from daemons import Daemon
from lab import wait_for
from route import Route, address, community, extended_from_bytes

BRIDGE = Path(__file__).with_name("exabgp_bridge.py")


class ExaBgp(Daemon):
    originates = ("origin", "as_path", "next_hop", "med", "local_pref", "aggregator", "atomic", "communities", "large", "extended")
    # 4.2 cannot read a NOTIFICATION with a text: it answers with one of its own. Of two next hops (RFC 2545 3) it shows
    # the link-local one.
    abilities = frozenset({"md5", "as2", "merges as4", "add path", "extended next hop", "refresh"})

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._announced = {}

    def _configuration(self):
        text = f"process bridge {{\n run /usr/bin/python3 {BRIDGE} {self._pipe} {self._report};\n encoder json;\n}}\n"
        for session in self.sessions:
            text += self._session(session)
        return text

    def _session(self, session):
        capabilities = ["route-refresh enable", f"asn4 {'enable' if session.as4 else 'disable'}",
                        "graceful-restart disable"]
        if session.add_path:
            capabilities.append("add-path send/receive")
        if session.extended_next_hop:
            capabilities.append("nexthop enable")
        lines = [f"router-id {self.router_id}", f"local-address {session.local}", f"local-as {self.asn}",
                 f"peer-as {session.remote_asn}", f"hold-time {session.hold_time_s}"]
        if session.md5:
            lines.append(f'md5-password "{session.md5}"')
        blocks = "".join(f"  {line};\n" for line in capabilities)
        families = "".join(f"  ipv{version} unicast;\n" for version in session.families)
        text = f"neighbor {session.remote} {{\n" + "".join(f" {line};\n" for line in lines)
        text += f" capability {{\n{blocks} }}\n family {{\n{families} }}\n"
        if session.add_path:
            text += " add-path {\n" + families + " }\n"
        if session.extended_next_hop:
            text += " nexthop {\n  ipv4 unicast ipv6;\n }\n"
        text += " api {\n  processes [ bridge ];\n  neighbor-changes;\n"
        text += "  receive {\n   parsed;\n   update;\n   refresh;\n   open;\n  }\n }\n}\n"
        return text

    @property
    def _pipe(self):
        return self.folder / "exabgp.in"

    @property
    def _report(self):
        return self.folder / "exabgp.json"

    def start(self):
        os.mkfifo(self._pipe)
        self._report.touch()
        file = self.folder / "exabgp.conf"
        file.write_text(self._configuration())
        self.spawn("exabgp", file, environment={
            "exabgp.daemon.user": "root", "exabgp.daemon.drop": "false", "exabgp.api.cli": "false",
            "exabgp.api.ack": "false", "exabgp.log.level": "DEBUG", "exabgp.log.destination": "stdout",
            "exabgp.tcp.attempts": "0", "exabgp.cache.attributes": "false"})
        wait_for(lambda: not self.alive() or "bridge" in self.log_text(), "ExaBGP starts", 20, 0.05)
        return self

    def command(self, line):
        with open(self._pipe, "w", encoding="ascii") as pipe:
            pipe.write(line + "\n")

    def events(self, session=None):
        """What ExaBGP reported of a session since it last came up (or of all time, if it is not up)."""
        remote = (session or self.sessions[0]).remote
        events = []
        for line in self._report.read_text().splitlines():
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if event.get("neighbor", {}).get("address", {}).get("peer") == remote:
                if event["type"] == "state" and event["neighbor"]["state"] == "connected":
                    events = []
                events.append(event)
        return events

    def established(self, session=None):
        states = [event["neighbor"]["state"] for event in self.events(session) if event["type"] == "state"]
        return bool(states) and states[-1] == "up"

    def received(self, session=None, version=4):
        routes = {}
        for event in self.events(session):
            if event["type"] != "update":
                continue
            update = event["neighbor"]["message"].get("update", {})
            family = f"ipv{version} unicast"
            for item in update.get("withdraw", {}).get(family, []):
                routes.pop((item["nlri"], item.get("path-information")), None)
            for next_hop, items in update.get("announce", {}).get(family, {}).items():
                for item in items:
                    route = path_from_json(item, next_hop, update.get("attribute", {}))
                    routes[(item["nlri"], item.get("path-information"))] = route
        table = {}
        for (prefix, _), route in routes.items():
            table.setdefault(prefix, []).append(route)
        return table

    def originate(self):
        for prefix, route in list(self._announced.items()):
            if self.routes.get(prefix) != route:
                self.command(f"withdraw route {prefix} next-hop self")
                del self._announced[prefix]
        for prefix, route in self.routes.items():
            if prefix not in self._announced:
                self.command(f"announce route {prefix} {self._words(self.reduce(route))}")
                self._announced[prefix] = route

    def _words(self, route):
        words = [f"next-hop {route.next_hop or 'self'}", f"origin {route.origin}"]
        path = ([] if self.sessions[0].remote_asn == self.asn else [str(self.asn)]) + list(map(str, route.as_path))
        words.append(f"as-path [ {' '.join(path)} ]")
        if route.path_id is not None:
            words.append(f"path-information {address_of(route.path_id)}")
        if route.med is not None:
            words.append(f"med {route.med}")
        if route.local_pref is not None:
            words.append(f"local-preference {route.local_pref}")
        if route.aggregator:
            words.append("aggregator ( %d:%s )" % route.aggregator)
        if route.atomic:
            words.append("atomic-aggregate")
        for name, values in (("community", route.communities), ("large-community", route.large)):
            if values:
                words.append(f"{name} [ {' '.join(sorted(values))} ]")
        if route.extended:
            values = [text.replace("rt:", "target:").replace("soo:", "origin:") for text in sorted(route.extended)]
            words.append(f"extended-community [ {' '.join(values)} ]")
        return " ".join(words)

    def reduce(self, route):
        route = super().reduce(route)
        return route.but(as_path=tuple(hop for hop in route.as_path if isinstance(hop, int)),
                         # It encodes an origin with an address as one with a number.
                         extended=frozenset(text for text in route.extended
                                            if not (text.startswith("soo:") and "." in text)))

    def refresh(self, session=None):
        session = session or self.sessions[0]
        for version in session.families:
            self.command(f"announce route-refresh ipv{version} unicast")

    def last_heard(self, session=None):
        return self._report.read_text()


def address_of(number):
    return address(str((number >> 24) & 255) + "." + ".".join(str((number >> shift) & 255) for shift in (16, 8, 0)))


def path_from_json(item, next_hop, attributes):
    fields = {"next_hop": address(next_hop), "origin": attributes["origin"]}
    fields["as_path"] = tuple(attributes.get("as-path", ()))
    if "as-set" in attributes:
        fields["as_path"] += (frozenset(attributes["as-set"]),)
    if "med" in attributes:
        fields["med"] = attributes["med"]
    if "local-preference" in attributes:
        fields["local_pref"] = attributes["local-preference"]
    if attributes.get("atomic-aggregate"):
        fields["atomic"] = True
    if "aggregator" in attributes:
        number, router = attributes["aggregator"].split(":")
        fields["aggregator"] = (int(number), router)
    if "community" in attributes:
        fields["communities"] = frozenset(community("%d:%d" % tuple(one)) for one in attributes["community"])
    if "large-community" in attributes:
        fields["large"] = frozenset("%d:%d:%d" % tuple(one) for one in attributes["large-community"])
    if "extended-community" in attributes:
        fields["extended"] = frozenset(extended_from_bytes(one["value"].to_bytes(8, "big"))
                                       for one in attributes["extended-community"])
    return Route(item["nlri"], **fields)
