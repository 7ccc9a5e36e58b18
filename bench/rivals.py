"""The daemons that are measured, each with the plainest configuration that does the scenario's work.

What all have in common: passive neighbors, everything accepted and everything told, no kernel table, no logging of
routes, hold time of an hour (but where it is measured), no timers of their own tuned, but FRR's waits for company
(MRAI of 0). What a reader must know to judge a figure stands in NOTES, and is printed with the tables.
"""
import shutil
from dataclasses import dataclass
from pathlib import Path

PORT = 1790
AS = 65000

NOTES = {
    "godwitd": "threads as asked for; RFC 8212 off, as in the others",
    "bird": "one table, `import all`, `export where source = RTS_BGP`; route server: `secondary` on a sorted table, so "
            "that no path is hidden",
    "frr": "bgpd alone (`-Z -n`), `advertisement-interval 0`, `no bgp ebgp-requires-policy`",
    "openbgpd": "`fib-update no`, `nexthop qualify via default`; all its processes count",
    "gobgp": "as packaged; no one polls it",
    "null": "passes bytes on and decides nothing: the ceiling of the generator",
}


@dataclass
class Neighbor:
    address: str
    asn: int
    role: str  # sender, receiver, client


def target(scenario):
    return "fd18::1" if scenario["ipv6"] else "198.18.0.1"


def neighbors(scenario):
    """As bench/peer.c numbers them."""
    bases = {"sender": (1, 16, 10001), "receiver": (2, 32, 20001), "client": (3, 64, 30001)}
    for role, (group, third, asn) in bases.items():
        for i in range(scenario[role + "s"]):
            number = i + 1
            address = f"fd18::{group}:{number:x}" if scenario["ipv6"] else \
                f"198.18.{third + (number >> 8)}.{number & 0xff}"
            yield Neighbor(address, AS if scenario["internal"] else asn + i, role)


def family(scenario):
    return "ipv6" if scenario["ipv6"] else "ipv4"


def is_tagged(scenario, neighbor):
    """Where a policy of one neighbor's is changed, that is the first receiver's."""
    if not scenario["tag"] or scenario["reload"] != "one":
        return scenario["tag"] > 0
    return neighbor.address == next(one.address for one in neighbors(scenario) if one.role == "receiver")


def tagging(table):
    """An export policy that puts a community on everything."""
    return [f'[{table}.apply-policy.config]', 'export-policy-list = ["tag"]', 'default-export-policy = "accept-route"']


def tag_policy(tag):
    return ['[[policy-definitions]]', 'name = "tag"', '[[policy-definitions.statements]]', 'name = "tag"',
            '[policy-definitions.statements.actions]', 'route-disposition = "accept-route"',
            '[policy-definitions.statements.actions.bgp-actions.set-community]', 'options = "add"',
            '[policy-definitions.statements.actions.bgp-actions.set-community.set-community-method]',
            f'communities-list = ["{AS}:{tag}"]']


def gobgp_file(scenario, godwit=None):
    lines = ['[global.config]', f'as = {AS}', 'router-id = "198.18.0.1"', f'port = {PORT}',
             f'local-address-list = ["{target(scenario)}"]']
    if scenario["tag"]:
        lines += tag_policy(scenario["tag"])
        if scenario["reload"] != "one":
            lines += tagging("global")
    if godwit is not None:
        lines += ['[godwit]'] + [f'{key} = {value}' for key, value in godwit.items()]
    for neighbor in neighbors(scenario):
        lines += ['[[neighbors]]', '[neighbors.config]', f'neighbor-address = "{neighbor.address}"',
                  f'peer-as = {neighbor.asn}', '[neighbors.transport.config]', 'passive-mode = true',
                  '[neighbors.timers.config]', f'hold-time = {scenario["hold"]}',
                  f'keepalive-interval = {scenario["hold"] // 3}',
                  '[[neighbors.afi-safis]]', '[neighbors.afi-safis.config]',
                  f'afi-safi-name = "{family(scenario)}-unicast"']
        if scenario["reload"] == "one" and is_tagged(scenario, neighbor):
            lines += tagging("neighbors")
        if neighbor.role == "client":
            lines += ['[neighbors.route-server.config]', 'route-server-client = true']
        if scenario["internal"]:
            lines += ['[neighbors.route-reflector.config]', 'route-reflector-client = true',
                      'route-reflector-cluster-id = "198.18.0.1"']
    return "\n".join(lines) + "\n"


def dumps(folder):
    """The table as an MRT file, again and again."""
    return "\n".join(['[[mrt-dump]]', '[mrt-dump.config]', 'dump-type = "table"',
                      f'file-name = "{folder}/dump-%H%M%S"', 'rotation-interval = 2', ''])


def godwitd(program, folder, scenario, variant):
    file = folder / "godwitd.toml"
    options = {"threads": variant or scenario["threads"]}
    if scenario["controlled"]:
        options["route-server-communities"] = "true"
    text = gobgp_file(scenario, options)
    if scenario["list"]:
        text += dumps(folder)
    file.write_text(text)
    return [program, "-f", file, "-l", "error", "--api-hosts", f"unix://{folder}/api"]


def gobgp(program, folder, scenario, _variant):
    file = folder / "gobgpd.toml"
    file.write_text(gobgp_file(scenario))
    return [program, "-f", file, "-l", "error", "--pprof-disable", "--api-hosts", f"unix://{folder}/api"]


def bird(program, folder, scenario, variant):
    name = family(scenario)
    cover = "fd18::/16" if scenario["ipv6"] else "198.18.0.0/15"
    table = "table served" + (" sorted" if scenario["clients"] else "")
    server = "rs client; " if scenario["clients"] else ""
    # A sorted table wants next hops that are neighbors themselves, and has them: see tools/bench.
    kind = "rr client; " if scenario["internal"] else "direct; " if scenario["clients"] else "multihop; "
    secondary = "secondary; " if scenario["clients"] else ""
    plain = "export where source = RTS_BGP;"
    if scenario["tag"]:
        tagging_rule = "export filter { if source != RTS_BGP then reject;" \
            f" bgp_community.add(({AS}, {scenario['tag']})); accept; }};"
    lines = ["router id 198.18.0.1;", f"threads {variant};" if variant else "", f"{name} {table};",
             "protocol device {}",
             f'protocol static {{ {name} {{ table served; }}; route {cover} via "lo"; }}']
    for number, neighbor in enumerate(neighbors(scenario)):
        rule = tagging_rule if is_tagged(scenario, neighbor) else plain
        if scenario["controlled"]:
            lines.append(f"filter to{number} {{ if source != RTS_BGP then reject;"
                         f" if (0, {neighbor.asn}) ~ bgp_community then reject;"
                         f" if (0, {AS}) ~ bgp_community && !(({AS}, {neighbor.asn}) ~ bgp_community) then reject;"
                         " accept; }")
            rule = f"export filter to{number};"
        next_hop = "" if scenario["clients"] or scenario["internal"] else "next hop self; "
        lines.append(f"protocol bgp p{number} {{ local {target(scenario)} port {PORT} as {AS}; passive; {kind}"
                     f"{server}hold time {scenario['hold']}; neighbor {neighbor.address} as {neighbor.asn};"
                     f" {name} {{ table served; import all; {secondary}{rule} {next_hop}}}; }}")
    file = folder / "bird.conf"
    file.write_text("\n".join(line for line in lines if line) + "\n")
    return [program, "-f", "-c", file, "-s", folder / "bird.ctl"]


def frr(program, folder, scenario, variant):
    lines = ["frr defaults traditional", f"router bgp {AS}", " bgp router-id 198.18.0.1",
             " no bgp ebgp-requires-policy", " no bgp network import-check", " no bgp default ipv4-unicast"]
    if variant:
        lines.append(f" coalesce-time {variant}")
    for neighbor in neighbors(scenario):
        lines += [f" neighbor {neighbor.address} remote-as {neighbor.asn}", f" neighbor {neighbor.address} passive",
                  f" neighbor {neighbor.address} timers {scenario['hold'] // 3} {scenario['hold']}",
                  f" neighbor {neighbor.address} advertisement-interval 0"]
        if not scenario["internal"]:
            lines.append(f" neighbor {neighbor.address} ebgp-multihop 255")
    lines.append(f" address-family {family(scenario)} unicast")
    for neighbor in neighbors(scenario):
        lines.append(f"  neighbor {neighbor.address} activate")
        if neighbor.role == "client":
            lines.append(f"  neighbor {neighbor.address} route-server-client")
        if scenario["internal"]:
            lines.append(f"  neighbor {neighbor.address} route-reflector-client")
    file = folder / "bgpd.conf"
    file.write_text("\n".join(lines + [" exit-address-family"]) + "\n")
    return [program, "-Z", "-n", "-S", "-l", target(scenario), "-p", PORT, "-P", "0", "-f", file, "-i",
            folder / "bgpd.pid", "--vty_socket", folder]


def openbgpd(program, folder, scenario, _variant):
    lines = [f"AS {AS}", "router-id 198.18.0.1", "fib-update no", f"listen on {target(scenario)} port {PORT}",
             "nexthop qualify via default", "nexthop qualify via bgp", f'socket "{folder}/bgpd.sock"',
             f"holdtime {scenario['hold']}"]
    if scenario["clients"]:
        lines.append("transparent-as yes")
    for neighbor in neighbors(scenario):
        lines += [f"neighbor {neighbor.address} {{", f" remote-as {neighbor.asn}", " passive", " multihop 255",
                  " enforce neighbor-as no"]
        lines += [f" announce IPv{version} {'unicast' if version == (6 if scenario['ipv6'] else 4) else 'none'}"
                  for version in (4, 6)]
        if scenario["internal"]:
            lines = [line for line in lines if line != " multihop 255"] + [" route-reflector"]
        lines.append("}")
    lines += ["allow from any", "allow to any"]
    if scenario["controlled"]:
        lines += [f"deny to any community {AS}:0", "deny to any community 0:neighbor-as",
                  f"deny to any community 0:{AS}", f"allow to any community {AS}:neighbor-as"]
    file = folder / "bgpd.conf"
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    Path("/run/openbgpd").mkdir(exist_ok=True)
    return [program, "-d", "-f", file]


def null(program, folder, scenario, _variant):
    return [program, PORT]


# Kind -> (writes the configuration and returns the command, Debian's program).
KINDS = {
    "godwitd": (godwitd, None),
    "bird": (bird, "/usr/sbin/bird"),
    "frr": (frr, "/usr/lib/frr/bgpd"),
    "openbgpd": (openbgpd, "/usr/sbin/bgpd"),
    "gobgp": (gobgp, "/usr/bin/gobgpd"),
    "rustybgp": (gobgp, None),
    "null": (null, None),
}


@dataclass
class Rival:
    """One column of the comparison: NAME[:VARIANT][=PROGRAM]. The name begins with the kind: bird3=/opt/bird3/bird.

    The variant is BIRD 3's and godwitd's number of threads, and FRR's coalesce-time."""
    name: str
    kind: str
    program: str
    variant: str

    @classmethod
    def parse(cls, text, build):
        left, _, program = text.partition("=")
        name, _, variant = left.partition(":")
        kind = next((kind for kind in KINDS if name.startswith(kind)), None)
        if kind is None:
            raise SystemExit(f"bench: no daemon {name}; there are {', '.join(KINDS)}")
        own = {"godwitd": build / "godwitd", "null": build / "bench" / "bench-sink"}
        program = program or own.get(kind) or KINDS[kind][1] or shutil.which(kind) or ""
        if not Path(program).exists():
            raise SystemExit(f"bench: {name}: no program {program or '(say NAME=PROGRAM)'}")
        return cls(left, kind, str(program), variant)

    def command(self, folder, scenario):
        return [str(word) for word in KINDS[self.kind][0](self.program, folder, scenario, self.variant)]
