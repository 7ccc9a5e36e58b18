/* What a router says of a neighbor, made into what happened to a leg.
 *
 * Up is told at once. Down is told with its reason, which has to be asked for: godwitd answers in a sentence
 * (WhyNeighbor), others give counters to guess from (ListPeer). The time that is told is when it went down. If it comes
 * up again before the answer is here, both are told, in order.
 *
 * While a leg is down its reason may change with every attempt of the server, so it is asked for again when the router
 * says anything about it, but not more often than once in a second.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "fleet/reason.h"
#include "fleet/router.h"
#include "godwit.pb-c.h"

enum { ASK_AGAIN_MS = 1000 };

static const char *fsm_name(Apipb__PeerState__SessionState state)
{
    static const char *const names[] = {"", "IDLE", "CONNECT", "ACTIVE", "OPENSENT", "OPENCONFIRM", "ESTABLISHED"};
    return (unsigned)state < ARRAY_LEN(names) ? names[state] : "";
}

static void remember_counters(struct leg *leg, const Apipb__PeerState *state)
{
    if (!state->messages || !state->messages->received || !state->messages->sent)
        return;
    leg->facts.notifications_received = state->messages->received->notification;
    leg->facts.notifications_sent = state->messages->sent->notification;
    leg->facts.opens_received = state->messages->received->open;
}

static struct peer_facts facts_of(const struct leg *leg, const Apipb__PeerState *state)
{
    struct peer_facts facts = leg->facts;
    facts.established = state->session_state == APIPB__PEER_STATE__SESSION_STATE__ESTABLISHED;
    facts.admin_down = state->admin_state == APIPB__PEER_STATE__ADMIN_STATE__DOWN;
    facts.limit_hit = state->admin_state == APIPB__PEER_STATE__ADMIN_STATE__PFX_CT;
    facts.max_prefix = leg->max_prefix;
    if (state->messages && state->messages->received && state->messages->sent) {
        facts.notifications_received = state->messages->received->notification;
        facts.notifications_sent = state->messages->sent->notification;
        facts.opens_received = state->messages->received->open;
    }
    return facts;
}

static void observe_up(struct leg *leg, int64_t at_ms)
{
    const struct observation seen = {.at_ms = at_ms, .state = LEG_UP, .fsm = "ESTABLISHED"};
    leg_observe(leg, &seen);
}

void leg_observe_peer(struct router *router, const Apipb__Peer *peer)
{
    const Apipb__PeerState *state = peer->state;
    const char *address = peer->conf && peer->conf->neighbor_address[0] ? peer->conf->neighbor_address
                          : state                                       ? state->neighbor_address
                                                                        : "";
    struct leg *leg = leg_find(router, address);
    if (!leg || !state || leg->foreign || !leg->wanted)
        return;
    leg->limit_hit = state->admin_state == APIPB__PEER_STATE__ADMIN_STATE__PFX_CT;
    snprintf(leg->fsm, sizeof(leg->fsm), "%s", fsm_name(state->session_state));
    if (state->session_state == APIPB__PEER_STATE__SESSION_STATE__ESTABLISHED) {
        remember_counters(leg, state);
        leg->up_after_pending = leg->down_pending;
        leg->up_at_ms = time_now_ms();
        if (!leg->down_pending)
            observe_up(leg, leg->up_at_ms);
        return;
    }
    if (leg->last.state != LEG_DOWN && !leg->down_pending) {
        leg->down_pending = true;
        leg->down_at_ms = time_now_ms();
    }
    leg->up_after_pending = false;
    leg_ask_why(leg);
}

/* The answer is here, or will not come. */
static void tell_down(struct leg *leg, const char *reason)
{
    bool pending = leg->down_pending;
    struct observation seen = {
        .at_ms = pending ? leg->down_at_ms : time_now_ms(), .state = LEG_DOWN, .limit_hit = leg->limit_hit};
    snprintf(seen.fsm, sizeof(seen.fsm), "%s", leg->up_after_pending ? "IDLE" : leg->fsm);
    snprintf(seen.reason, sizeof(seen.reason), "%s", reason);
    leg->down_pending = false;
    if (pending || leg->last.state == LEG_DOWN)
        leg_observe(leg, &seen);
    if (leg->up_after_pending)
        observe_up(leg, leg->up_at_ms);
    leg->up_after_pending = false;
}

static void asked(struct leg *leg)
{
    leg->calls--;
    leg->asking = false;
    loop_timer_start(&leg->ask, ASK_AGAIN_MS);
}

/* Guessing --------------------------------------------------------------------------------------------------------- */

static bool peer_message(void *context, const uint8_t *bytes, size_t length)
{
    struct leg *leg = context;
    char reason[LEG_REASON_MAX];
    struct str out = str_over(reason, sizeof(reason));
    Apipb__ListPeerResponse *response = apipb__list_peer_response__unpack(NULL, length, bytes);
    if (response && response->peer && response->peer->state && leg->asking) {
        const Apipb__PeerState *state = response->peer->state;
        struct peer_facts now = facts_of(leg, state);
        bool news = leg->down_pending || now.limit_hit || now.admin_down ||
                    now.notifications_received != leg->facts.notifications_received ||
                    now.notifications_sent != leg->facts.notifications_sent;
        leg->limit_hit = now.limit_hit;
        reason_guess(&leg->facts, &now, leg->last.state == LEG_UP, &out);
        leg->facts = now;
        /* Without news the reason that was told stays: a guess from nothing is worse. */
        if (!now.established && (news || !leg->last.reason[0]))
            tell_down(leg, reason);
    }
    if (response)
        apipb__list_peer_response__free_unpacked(response, NULL);
    return true;
}

static void peer_ended(void *context, const struct rpc_status *status)
{
    struct leg *leg = context;
    asked(leg);
    if (leg_done(leg))
        return;
    if (leg->down_pending && status->code != RPC_UNAVAILABLE)
        tell_down(leg, "the router does not say why");
}

static void ask_peer(struct leg *leg)
{
    char address[ADDR_TEXT_MAX];
    Apipb__ListPeerRequest request = APIPB__LIST_PEER_REQUEST__INIT;
    request.address = (char *)(uintptr_t)addr_format(&leg->address, address);
    router_call(leg->router, "/apipb.GobgpApi/ListPeer", &request.base, peer_message, peer_ended, leg);
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

static bool why_message(void *context, const uint8_t *bytes, size_t length)
{
    struct leg *leg = context;
    Godwit__V1__WhyNeighborResponse *response = godwit__v1__why_neighbor_response__unpack(NULL, length, bytes);
    if (response && (leg->down_pending || strcmp(response->state, "ESTABLISHED") != 0)) {
        bool has_reason = response->reason && response->reason->text[0];
        tell_down(leg, has_reason ? response->reason->text : response->sentence);
    }
    if (response)
        godwit__v1__why_neighbor_response__free_unpacked(response, NULL);
    return true;
}

static void why_ended(void *context, const struct rpc_status *status)
{
    struct leg *leg = context;
    if (status->code == RPC_UNIMPLEMENTED) {
        leg->router->has_why = false;
        ask_peer(leg);
        return;
    }
    asked(leg);
    if (leg_done(leg))
        return;
    if (leg->down_pending && status->code != RPC_UNAVAILABLE)
        tell_down(leg, "the router does not say why");
}

void leg_ask_why(struct leg *leg)
{
    char address[ADDR_TEXT_MAX];
    Godwit__V1__WhyNeighborRequest request = GODWIT__V1__WHY_NEIGHBOR_REQUEST__INIT;
    if (leg->asking || (loop_timer_running(&leg->ask) && !leg->down_pending)) {
        leg->ask_again = true;
        return;
    }
    leg->asking = true;
    leg->ask_again = false;
    leg->calls++;
    if (!leg->router->has_why) {
        ask_peer(leg);
        return;
    }
    request.peer = (char *)(uintptr_t)addr_format(&leg->address, address);
    router_call(leg->router, "/godwit.v1.Godwit/WhyNeighbor", &request.base, why_message, why_ended, leg);
}

void leg_ask_expired(struct loop_timer *timer)
{
    struct leg *leg = container_of(timer, struct leg, ask);
    if (leg->ask_again && leg->last.state == LEG_DOWN && leg->router->stage == ROUTER_FOLLOWING && leg->wanted)
        leg_ask_why(leg);
}

void leg_unreadable(struct leg *leg)
{
    struct observation seen = {.at_ms = time_now_ms(), .state = LEG_UNKNOWN};
    struct str out = str_over(seen.reason, sizeof(seen.reason));
    str_printf(&out, "router %s cannot be read: %s", leg->router->name, leg->router->reason);
    leg->down_pending = false;
    leg->up_after_pending = false;
    leg_observe(leg, &seen);
}
