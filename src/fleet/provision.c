/* Setting up neighbors on routers.
 *
 * A neighbor of ours carries a mark in its description: the session's id and a digest of all its settings. So what is
 * on a router can be compared with what should be without remembering anything, and what we did not make is never
 * touched. A change is a removal and a new beginning, which is what it is for the session anyway.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "fleet/router.h"
#include "fleet/router_policy.h"

enum {
    PROVISION_AGAIN_MS = 5000,
    MARK_DIGEST_LETTERS = 12,
    KEEPALIVES_PER_HOLD = 3,
};

static const char mark_start[] = "godwit-fleet ";

bool mark_is_ours(const char *description)
{
    return description && str_starts_with(description, mark_start);
}

void leg_mark(const struct leg *leg, char mark[LEG_MARK_MAX])
{
    const struct router *router = leg->router;
    const struct fleet_settings *settings = &router->fleet->settings;
    char text[512];
    char address[ADDR_TEXT_MAX];
    char digest[DIGEST_TEXT_MAX];
    struct str out = str_over(text, sizeof(text));
    str_printf(&out, "%s|%u|%u|%s|%u|%u|%u|%u|%d", addr_format(&leg->address, address), leg->peer_as, router->asn,
               leg->md5, leg->max_prefix, settings->hold_time_s, settings->multihop_ttl, router->multihop,
               settings->passive);
    digest_text(text, out.length, digest);
    snprintf(mark, LEG_MARK_MAX, "%s%.36s %.*s", mark_start, leg->session_id, MARK_DIGEST_LETTERS, digest);
}

static void leg_complain(struct leg *leg, const char *reason)
{
    struct observation seen = {.at_ms = time_now_ms(), .state = LEG_DOWN};
    snprintf(seen.reason, sizeof(seen.reason), "%s", reason);
    log_warn("fleet", leg->router->name, "%s: %s", leg->hostname, reason);
    leg_observe(leg, &seen);
    loop_timer_start(&leg->retry, PROVISION_AGAIN_MS);
}

bool leg_done(struct leg *leg)
{
    /* On a router that is not followed it shows by its mark once it is. */
    bool nothing_there = !leg->present[0] || leg->router->stage != ROUTER_FOLLOWING;
    if (!leg->gone || leg->calls > 0 || !nothing_there)
        return false;
    leg_free(leg);
    return true;
}

static void delete_ended(void *context, const struct rpc_status *status)
{
    struct leg *leg = context;
    leg->calls--;
    leg->changing = false;
    /* A neighbor that cannot be found is as deleted as can be. */
    if (status->code != RPC_UNAVAILABLE && status->code != RPC_DEADLINE_EXCEEDED)
        leg->present[0] = '\0';
    if (leg_done(leg))
        return;
    if (leg->present[0])
        loop_timer_start(&leg->retry, PROVISION_AGAIN_MS);
    else
        leg_provision(leg);
}

static void add_ended(void *context, const struct rpc_status *status)
{
    struct leg *leg = context;
    leg->calls--;
    leg->changing = false;
    if (status->code == RPC_OK) {
        snprintf(leg->present, sizeof(leg->present), "%s", leg->adding);
        leg->why.flaps = 0; /* the router begins to count */
        if (leg->last.state == LEG_DOWN)
            leg->last.up.flaps = 0;
    }
    if (leg_done(leg))
        return;
    if (status->code == RPC_OK)
        leg_provision(leg); /* it may have been asked to be another meanwhile */
    else if (status->code != RPC_UNAVAILABLE && status->code != RPC_CANCELLED)
        leg_complain(leg, status->text);
}

static void leg_delete(struct leg *leg)
{
    char address[ADDR_TEXT_MAX];
    Apipb__DeletePeerRequest request = APIPB__DELETE_PEER_REQUEST__INIT;
    request.address = (char *)(uintptr_t)addr_format(&leg->address, address);
    leg->calls++;
    router_call(leg->router, "/apipb.GobgpApi/DeletePeer", &request.base, NULL, delete_ended, leg);
}

static void nobody_asked(void *context, const struct rpc_status *status)
{
    struct router *router = context;
    if (status->code != RPC_OK)
        log_warn("fleet", router->name, "a neighbor that is no session's could not be removed: %s", status->text);
}

void router_delete_neighbor(struct router *router, const char *address)
{
    Apipb__DeletePeerRequest request = APIPB__DELETE_PEER_REQUEST__INIT;
    request.address = (char *)(uintptr_t)address;
    log_info("fleet", router->name, "removes %s, whose session is no more", address);
    router_call(router, "/apipb.GobgpApi/DeletePeer", &request.base, NULL, nobody_asked, router);
}

/* The parts of a request that a neighbor consists of. */
struct neighbor_message {
    char address[ADDR_TEXT_MAX];
    char mark[LEG_MARK_MAX];
    char local[ADDR_TEXT_MAX];
    Apipb__PeerConf conf;
    Apipb__EbgpMultihop multihop;
    Apipb__TimersConfig timers_config;
    Apipb__Timers timers;
    Apipb__Transport transport;
    Apipb__Family family;
    Apipb__AfiSafiConfig family_config;
    Apipb__PrefixLimit limit;
    Apipb__AfiSafi afi_safi;
    Apipb__AfiSafi *afi_safis[1];
    Apipb__Peer peer;
};

static void neighbor_family(struct neighbor_message *message, const struct leg *leg)
{
    apipb__family__init(&message->family);
    apipb__afi_safi_config__init(&message->family_config);
    apipb__prefix_limit__init(&message->limit);
    apipb__afi_safi__init(&message->afi_safi);
    message->family.afi = leg->address.kind == ADDR_IPV6 ? APIPB__FAMILY__AFI__AFI_IP6 : APIPB__FAMILY__AFI__AFI_IP;
    message->family.safi = APIPB__FAMILY__SAFI__SAFI_UNICAST;
    message->family_config.family = &message->family;
    message->family_config.enabled = true;
    message->limit.family = &message->family;
    message->limit.max_prefixes = leg->max_prefix;
    message->limit.shutdown_threshold_pct = 80;
    message->afi_safi.config = &message->family_config;
    message->afi_safi.prefix_limits = leg->max_prefix ? &message->limit : NULL;
    message->afi_safis[0] = &message->afi_safi;
}

static void neighbor_message_make(struct neighbor_message *message, const struct leg *leg)
{
    const struct router *router = leg->router;
    const struct fleet_settings *settings = &router->fleet->settings;
    const struct addr *local = &router->peer_addresses[leg->address.kind == ADDR_IPV6];
    apipb__peer_conf__init(&message->conf);
    apipb__ebgp_multihop__init(&message->multihop);
    apipb__timers_config__init(&message->timers_config);
    apipb__timers__init(&message->timers);
    apipb__transport__init(&message->transport);
    apipb__peer__init(&message->peer);
    leg_mark(leg, message->mark);
    message->conf.neighbor_address = (char *)(uintptr_t)addr_format(&leg->address, message->address);
    message->conf.peer_asn = leg->peer_as;
    message->conf.local_asn = router->asn != router->global_asn ? router->asn : 0;
    message->conf.auth_password = (char *)(uintptr_t)leg->md5;
    message->conf.description = message->mark;
    message->multihop.enabled = router->multihop;
    message->multihop.multihop_ttl = settings->multihop_ttl;
    message->timers_config.hold_time = settings->hold_time_s;
    message->timers_config.keepalive_interval = settings->hold_time_s / KEEPALIVES_PER_HOLD;
    message->timers.config = &message->timers_config;
    message->transport.local_address = (char *)(uintptr_t)addr_format(local, message->local);
    message->transport.passive_mode = settings->passive;
    neighbor_family(message, leg);
    message->peer.conf = &message->conf;
    message->peer.ebgp_multihop = router->multihop ? &message->multihop : NULL;
    message->peer.timers = &message->timers;
    message->peer.transport = &message->transport;
    message->peer.n_afi_safis = 1;
    message->peer.afi_safis = message->afi_safis;
}

static void leg_add(struct leg *leg)
{
    struct neighbor_message message;
    Apipb__AddPeerRequest request = APIPB__ADD_PEER_REQUEST__INIT;
    neighbor_message_make(&message, leg);
    request.peer = &message.peer;
    leg_mark(leg, leg->adding);
    leg->calls++;
    router_call(leg->router, "/apipb.GobgpApi/AddPeer", &request.base, NULL, add_ended, leg);
}

void leg_provision(struct leg *leg)
{
    char mark[LEG_MARK_MAX];
    if (leg_done(leg) || leg->changing || leg->router->stage != ROUTER_FOLLOWING || leg->router->fleet->hands_off)
        return;
    leg_mark(leg, mark);
    if (leg->wanted ? strcmp(leg->present, mark) == 0 : !leg->present[0])
        return;
    if (leg->wanted && !leg->policed) {
        router_policy_sync(leg->router->policy); /* comes back here when a server of this address is told nothing */
        return;
    }
    if (leg->wanted && leg->foreign) {
        leg_complain(leg, "the router has a neighbor of this address that is not the fleet's");
        return;
    }
    leg->changing = true;
    if (leg->present[0])
        leg_delete(leg);
    else
        leg_add(leg);
}

static void reset_ended(void *context, const struct rpc_status *status)
{
    struct leg *leg = context;
    leg->calls--;
    leg_done(leg);
}

static void leg_reset(struct leg *leg)
{
    char address[ADDR_TEXT_MAX];
    if (leg->router->stage != ROUTER_FOLLOWING || !leg->present[0])
        return;
    leg->calls++;
    if (leg->last.limit_hit) {
        Apipb__EnablePeerRequest request = APIPB__ENABLE_PEER_REQUEST__INIT;
        request.address = (char *)(uintptr_t)addr_format(&leg->address, address);
        router_call(leg->router, "/apipb.GobgpApi/EnablePeer", &request.base, NULL, reset_ended, leg);
    } else {
        Apipb__ResetPeerRequest request = APIPB__RESET_PEER_REQUEST__INIT;
        request.address = (char *)(uintptr_t)addr_format(&leg->address, address);
        request.communication = (char *)(uintptr_t) "reset by its owner";
        router_call(leg->router, "/apipb.GobgpApi/ResetPeer", &request.base, NULL, reset_ended, leg);
    }
}

void session_reset(struct fleet *fleet, const char *session_id)
{
    list_foreach (router, &fleet->routers, struct router, link) {
        list_foreach (leg, &router->legs, struct leg, link) {
            if (strcmp(leg->session_id, session_id) == 0)
                leg_reset(leg);
        }
    }
}
