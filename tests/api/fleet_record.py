"""What the routers themselves say of a session, to compare with what the fleet service tells of it.

A router counts how often a session left Established, and knows since when it is up. So whatever happens to the service
meanwhile: as many flaps must be told as were counted, every step of the timeline must begin where the one before it
ended, each must have its event, and a session that nobody touched must have been up all the time.
"""
import json

from fleet_lab import wait_for


def neighbor(router, address):
    """(flaps, up since, is it up) as the router has them."""
    for peer in json.loads(router.cli("-j", "neighbor")):
        if peer["conf"]["neighbor_address"] == address:
            up_since = peer.get("timers", {}).get("state", {}).get("uptime")
            return peer["state"].get("flops", 0), json.dumps(up_since), peer["state"].get("session_state") == 6
    return 0, None, False


class Record:
    """A session's, over all routers of the lab. `client` may read the session."""

    def __init__(self, lab, client, session, address):
        self.lab, self.client, self.session, self.address = lab, client, session, address
        self.before = {router.name: 0 for router in lab.routers}  # flaps of routers that were started anew since
        self.began = self.since()

    def since(self):
        return {router.name: neighbor(router, self.address)[1] for router in self.lab.routers}

    def is_up(self, router):
        return neighbor(router, self.address)[2]

    def forget(self, router):
        """The router is about to be killed, which ends its session and its counting."""
        self.before[router.name] += neighbor(router, self.address)[0] + 1

    def flaps(self):
        return sum(self.before.values()) + sum(neighbor(router, self.address)[0] for router in self.lab.routers)

    def told_flaps(self, provider):
        project = self.client.get(f"/v1/sessions/{self.session}")["project_id"]
        text = provider.ask("GET", f"/metrics?project={project}").body.decode()
        [line] = [line for line in text.splitlines()
                  if line.startswith("godwit_fleet_session_flaps_total") and self.session in line]
        return int(line.split()[-1])

    def timeline(self):
        entries, cursor = [], ""
        while cursor is not None:
            page = self.client.get(f"/v1/sessions/{self.session}/timeline?limit=1000{cursor}")
            entries += page["timeline"]
            cursor = f"&cursor={page['next']}" if page["next"] else None
        return entries[::-1]

    def events(self):
        events, after = [], 0
        while after is not None:
            page = self.client.get(f"/v1/events?session={self.session}&limit=1000&after={after}")
            events += page["events"]
            after = page["next"]
        return events

    def check_history(self):
        """For each leg every step begins where the one before ended; each has one event and no event has none."""
        at, told = {}, []
        for entry in self.timeline():
            router = entry["router"]["name"]
            assert entry["from"] == at.get(router, "unknown"), self.timeline()
            at[router] = entry["to"]
            told.append((entry["router"]["id"], entry["to"] if entry["from"] != entry["to"] else "reason",
                         entry["at"], entry["reason"] if entry["to"] != "up" else None))
        events = self.events()
        assert [event["id"] for event in events] == sorted({event["id"] for event in events})
        of_legs = [(event["router_id"], event["type"].removeprefix("bgp_leg."), event["at"], event["reason"])
                   for event in events if event["type"].startswith("bgp_leg.")]
        assert of_legs == told
        states = [event["state"] for event in events if event["type"] in (
            "bgp_session.up", "bgp_session.partial", "bgp_session.down", "bgp_session.unknown")]
        assert all(one != other for one, other in zip(states, states[1:])), states

    def check_flaps(self, provider, limit_s=20):
        """As many are told as the routers counted: none lost, none doubled."""
        wait_for(lambda: self.told_flaps(provider) >= self.flaps(),
                 lambda: f"told {self.told_flaps(provider)} of {self.flaps()}: {self.timeline()}", limit_s)
        assert self.told_flaps(provider) == self.flaps(), self.timeline()

    def check_untouched(self):
        assert self.since() == self.began and self.flaps() == 0, (self.since(), self.began)
