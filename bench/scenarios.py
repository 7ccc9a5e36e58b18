"""What is measured. One row each: who the neighbors are, what they say, and which phases the run goes through."""
import os

TABLE = 1_050_000
DEFAULTS = {"senders": 0, "receivers": 0, "clients": 0, "prefixes": TABLE, "ipv6": False, "internal": False,
            "best": False, "marked": False, "controlled": False, "overlap": 20, "packing": "packed", "dying": 1,
            "rate": 50_000, "seconds": 60, "hold": 3600, "buffer": 0, "phases": "up,announce", "peers": None,
            "threads": 1, "list": False, "tag": 0, "reload": "", "rivals": "godwitd bird", "limit": 900}
ALL = "godwitd bird frr openbgpd gobgp"

# `buffer` is what a router sets aside for what it has not read yet. The kernel would make it megabytes, and what the
# generator reads late, being ten neighbors on one processor, would stand in there before every change.
RELOADS = {"senders": 1, "receivers": 10, "prefixes": 200_000, "phases": "up,announce,churn", "peers": "receivers",
           "rate": 10_000, "seconds": 20, "hold": 3, "buffer": 128 * 1024, "tag": 1, "marked": True,
           "rivals": "godwitd bird null"}
# `peers` says which of the counts PEERS sets.
SCENARIOS = {
    "S1": {"title": "one table in, out to one", "senders": 1, "receivers": 1, "phases": "up,announce,die",
           "rivals": ALL},
    "S1v6": {"title": "one IPv6 table in, out to one", "senders": 1, "receivers": 1, "ipv6": True,
             "prefixes": 230_000, "phases": "up,announce,die", "rivals": ALL},
    "S2": {"title": "ten tables in, out to one", "senders": 10, "receivers": 1, "peers": "senders",
           "rivals": "godwitd bird frr openbgpd"},
    "S3": {"title": "one table out to many of one policy", "senders": 1, "receivers": 100, "prefixes": 200_000,
           "peers": "receivers", "rivals": "godwitd bird frr openbgpd"},
    "S3ten": {"title": "one table out to ten of one policy", "senders": 1, "receivers": 10, "peers": "receivers"},
    "S3many": {"title": "one table out to a thousand of one policy", "senders": 1, "receivers": 1000,
               "prefixes": 200_000, "peers": "receivers", "rivals": "godwitd bird null"},
    "S3rr": {"title": "one table out to many route reflector clients", "senders": 1, "receivers": 100,
             "prefixes": 200_000, "peers": "receivers", "internal": True, "rivals": "godwitd bird frr"},
    "S4": {"title": "route server, clients of 4,000 prefixes", "clients": 50, "prefixes": 4000, "peers": "clients",
           "rivals": "godwitd bird frr openbgpd"},
    "S4big": {"title": "route server, clients of 572 prefixes", "clients": 700, "prefixes": 572, "peers": "clients",
              "rivals": "godwitd bird"},
    "S4controlled": {"title": "route server, 40 % of the sets with control communities", "clients": 50,
                     "prefixes": 4000, "peers": "clients", "controlled": True},
    "S5": {"title": "the best of ten tables goes, and comes back", "senders": 10, "receivers": 1, "best": True,
           "phases": "up,announce,die,return", "peers": "senders", "rivals": "godwitd bird"},
    "S6": {"title": "best paths change, many receivers", "senders": 1, "receivers": 100, "prefixes": 200_000,
           "phases": "up,announce,churn", "peers": "receivers", "rivals": "godwitd bird frr null"},
    "S7all": {"title": "a policy that changes every route, reloaded during changes", "reload": "all", **RELOADS},
    "S7one": {"title": "a policy of one receiver's, reloaded during changes", "reload": "one", **RELOADS},
    "S7nothing": {"title": "the same file, reloaded during changes", "reload": "nothing", **RELOADS},
    "S8": {"title": "one of many receivers stops reading during changes", "senders": 1, "receivers": 100,
           "prefixes": 200_000, "phases": "up,announce,churn,stall", "peers": "receivers",
           "rivals": "godwitd bird frr null"},
    "S9": {"title": "sessions up from cold, and held", "receivers": 1000, "prefixes": 1, "hold": 9, "seconds": 30,
           "phases": "up,hold", "peers": "receivers", "rivals": "godwitd bird frr"},
    "S10": {"title": "full listings and table dumps during changes", "senders": 1, "receivers": 100,
            "prefixes": 200_000, "phases": "up,announce,churn", "peers": "receivers", "list": True,
            "rivals": "godwitd bird null"},
    "S11single": {"title": "one prefix in an UPDATE", "senders": 1, "receivers": 1, "packing": "single",
                  "rivals": ALL},
    "S11unique": {"title": "attributes of its own for every prefix", "senders": 1, "receivers": 1,
                  "packing": "unique", "rivals": ALL},
    "threadsS2": {"title": "ten tables in, out to one, by threads", "senders": 10, "receivers": 1, "peers": "senders",
                  "rivals": "godwitd:1 godwitd:2 godwitd:4 godwitd:0"},
    "threadsS3": {"title": "one table out to many, by threads", "senders": 1, "receivers": 100, "prefixes": 200_000,
                  "peers": "receivers", "rivals": "godwitd:1 godwitd:2 godwitd:4 godwitd:0"},
}
GROUPS = {
    "S3all": ["S3ten", "S3", "S3many"],
    "S4all": ["S4", "S4big", "S4controlled"],
    "S7": ["S7all", "S7one", "S7nothing"],
    "S11": ["S11single", "S11unique"],
    "threads": ["threadsS2", "threadsS3"],
    "all": ["S1", "S1v6", "S2", "S3ten", "S3", "S3many", "S4", "S4big", "S4controlled", "S5", "S6", "S7all", "S7one",
            "S7nothing", "S8", "S9", "S10", "S11single", "S11unique", "threadsS2", "threadsS3"],
}
# Seconds of one run at full size, by daemon where they differ much: of two processors that do nothing else.
# BIRD encodes for each receiver, which is what the longest of them are.
TAKES_S = {
    "S1": {"frr": 40, "openbgpd": 60, "gobgp": 260}, "S1v6": {"gobgp": 60},
    "S2": {"bird": 70, "frr": 150, "openbgpd": 300}, "S3": {"bird": 50, "openbgpd": 120}, "S3ten": {"bird": 25},
    "S3many": {"godwitd": 15, "bird": 420}, "S3rr": {"bird": 50}, "S4": {"bird": 20, "openbgpd": 40},
    "S4big": {"bird": 480}, "S4controlled": {"bird": 20}, "S5": {"godwitd": 15, "bird": 100},
    "S6": {"godwitd": 75, "null": 75, "bird": 560, "frr": 130}, "S7all": {"godwitd": 30, "null": 30, "bird": 60},
    "S7one": 30, "S7nothing": 30, "S8": {"godwitd": 140, "null": 140, "bird": 1100, "frr": 260}, "S9": 40,
    "S10": {"godwitd": 75, "null": 75, "bird": 560}, "S11single": {"frr": 40, "openbgpd": 60, "gobgp": 260},
    "S11unique": {"bird": 20, "frr": 60, "openbgpd": 60, "gobgp": 300}, "threadsS2": 15,
}
TAKES_OTHERWISE_S = 12


def number(text):
    """100k, 1.05M, 300."""
    for suffix, factor in (("k", 1000), ("M", 1_000_000)):
        if text.endswith(suffix):
            return round(float(text[:-1]) * factor)
    return int(text)


def expand(names):
    for name in names:
        for one in GROUPS.get(name, [name]):
            if one not in SCENARIOS:
                raise SystemExit(f"bench: no scenario {one}; there are {', '.join([*SCENARIOS, *GROUPS])}")
            yield one


def scenario(name):
    """The row, with what the environment changes."""
    row = {**DEFAULTS, **SCENARIOS[name], "name": name}
    for key in ("prefixes", "rate", "seconds", "threads", "limit", "buffer"):
        if os.environ.get(key.upper()):
            row[key] = number(os.environ[key.upper()])
    if os.environ.get("PEERS") and row["peers"]:
        row[row["peers"]] = number(os.environ["PEERS"])
    if os.environ.get("PHASES"):
        row["phases"] = os.environ["PHASES"]
    row["rivals"] = os.environ.get("RIVALS") or row["rivals"]
    row["table"] = os.environ.get("TABLE", "")
    return row


def estimate(names, runs):
    """How long it takes, in words."""
    seconds = 0
    for name in names:
        takes = TAKES_S.get(name, TAKES_OTHERWISE_S)
        for rival in scenario(name)["rivals"].split():
            kind = rival.partition("=")[0].partition(":")[0]
            seconds += takes.get(kind, TAKES_OTHERWISE_S) if isinstance(takes, dict) else takes
    return f"about {max(1, round(seconds * runs / 60))} minutes at full size, {runs} runs"
