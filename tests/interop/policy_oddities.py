"""What GoBGP 3.10 does otherwise than documented, and ours does not: the only differences two daemons may show.

Each is a function of a case and of the route as it was sent: can this oddity reach it?
"""
import ipaddress
import re

from policy_cases import ALL, INVERT


def sets_of(case):
    return {made["name"]: made for made in case.sets}


def only_the_longest_member_is_asked(case, route):
    """Of the prefixes in a set that cover a route only the longest one is asked for its lengths (changed in 4.x)."""
    wanted = ipaddress.ip_network(route.prefix)
    for statement in case.statements:
        condition = statement["conditions"].get("prefix_set")
        members = [(ipaddress.ip_network(item["ip_prefix"]), item["mask_length_min"], item["mask_length_max"])
                   for item in sets_of(case)[condition["name"]]["prefixes"]] if condition else []
        covering = [(network, low <= wanted.prefixlen <= high) for network, low, high in members
                    if network.version == wanted.version and wanted.subnet_of(network)]
        longest = max((network.prefixlen for network, _ in covering), default=0)
        if any(holds for _, holds in covering) != any(holds for network, holds in covering
                                                      if network.prefixlen == longest):
            return True
    return False


def ext_text(community):
    """The kind of an extended community, and the text GoBGP matches."""
    kind, administrator, value = community.split(":")
    if administrator.isdigit() and int(administrator) > 0xffff:
        administrator = f"{int(administrator) >> 16}.{int(administrator) & 0xffff}"
    return kind, f"{administrator}:{value}"


def ext_matches(pattern, community):
    kind, expression = pattern.split(":", 1)
    if re.fullmatch(r"(\d+.)*\d+:\d+", expression):
        expression = f"^{expression}$"
    return ext_text(community)[0] == kind and re.search(expression, ext_text(community)[1]) is not None


def ext_sets_are_read_from_the_route(case, route):
    """"all" holds if every community of the route is in the set, "invert" if the last one is not (changed in 3.30);
    documented: if every member of the set is on the route; if none is."""
    communities = sorted(route.extended)  # as they are sent
    changed = False
    for statement in case.statements:
        condition = statement["conditions"].get("ext_community_set")
        if condition and condition["type"] in (ALL, INVERT):
            patterns = sets_of(case)[condition["name"]]["list"]
            known = [any(ext_matches(pattern, community) for pattern in patterns) for community in communities]
            if condition["type"] == ALL:
                stock = bool(known) and all(known)
                ours = all(any(ext_matches(pattern, community) for community in communities) for pattern in patterns)
            else:
                stock = not (known and known[-1])
                ours = not any(known)
            if changed or stock != ours:
                return True
        changed = changed or "ext_community" in statement["actions"]
    return False


def large_as_numbers_are_clipped(case, route):
    """An action's "rt:70000:9" becomes rt:65535:9."""
    return any("rt:70000:9" in statement["actions"].get("ext_community", {}).get("communities", [])
               for statement in case.statements)


def next_hops_change_family(case, route):
    """An IPv4 next hop, of an action or of the session, is put on an IPv6 route as ::ffff:a.b.c.d."""
    return route.version == 6 and any(
        "." in action.get("address", "") or (action.get("self") and case.direction == 1)
        for action in (statement["actions"].get("nexthop", {}) for statement in case.statements))


# With the attributes that may differ for it; None: all, and the verdict.
KNOWN = [(only_the_longest_member_is_asked, None), (ext_sets_are_read_from_the_route, None),
         (large_as_numbers_are_clipped, {"extended"}), (next_hops_change_family, {"next_hop"})]


def explained(case, route, wrong):
    """Is every attribute of `wrong` (none: the verdict) one that a known oddity may change on this route?"""
    allowed = [fields for known, fields in KNOWN if known(case, route)]
    if any(fields is None for fields in allowed):
        return True
    return bool(wrong) and wrong <= set().union(*allowed)
