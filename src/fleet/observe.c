/* What a router says of a neighbor, made into what happened to a leg.
 *
 * Up is told at once. Down is told with its reason, which has to be asked for: godwitd answers in a sentence
 * (WhyNeighbor), others give counters to guess from (ListPeer). The time that is told is when it went down. If it comes
 * up again before the answer is here, both are told, in order.
 *
 * What nobody watched is told too: a router says since when a session has been up, and if that is later than what was
 * known, it was down in between. The same time settles which is right where a list and an event say different things:
 * they come on two streams, and either may overtake the other.
 *
 * While a leg is down its reason may change with every attempt of the server, so it is asked for again when the router
 * says anything about it, but not more often than once in a second.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fleet/reason.h"
#include "fleet/router.h"
#include "godwit.pb-c.h"

enum { ASK_AGAIN_MS = 1000, AHEAD_MS = 10000 };

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

/* Only lists tell the count (`listed`), and not all events tell the time. */
static struct up_mark mark_of(const Apipb__Peer *peer, bool listed)
{
    struct up_mark mark = {.flaps = listed ? (int64_t)peer->state->flops : -1};
    if (peer->timers && peer->timers->state && peer->timers->state->uptime)
        mark.at_s = peer->timers->state->uptime->seconds;
    return mark;
}

/* How often it went down that nobody saw. A router that counts less than it did was started anew, and so does one that
 * counts the same though the session came up later. */
static unsigned missed_flaps(const struct up_mark *known, const struct up_mark *mark)
{
    bool counted = known->flaps >= 0 && mark->flaps >= 0;
    if (known->at_s > 0 && mark->at_s > known->at_s) {
        if (!counted)
            return 1;
        return (unsigned)(mark->flaps > known->flaps ? mark->flaps - known->flaps : mark->flaps + 1);
    }
    if (!counted)
        return 0;
    if (mark->flaps >= known->flaps)
        return (unsigned)(mark->flaps - known->flaps);
    return known->at_s > 0 ? 0 : (unsigned)mark->flaps; /* if it is up as before, this is an old list */
}

static void observe_up(struct leg *leg, int64_t at_ms, struct up_mark mark)
{
    const struct observation *last = &leg->last;
    struct observation seen = {.at_ms = at_ms, .state = LEG_UP, .fsm = "ESTABLISHED", .up = mark};
    bool old = last->state == LEG_UP && mark.at_s < last->up.at_s;
    if (old)
        seen.up = last->up;
    else if (mark.flaps < 0)
        seen.up.flaps = last->up.flaps;
    seen.flaps = old ? 0 : missed_flaps(&last->up, &mark); /* before this: up, and down again */
    leg_observe(leg, &seen);
}

/* `at_s`, by the router's clock, if it can be so: not before what was told last, and not to come. */
static int64_t plausible(const struct leg *leg, int64_t at_s)
{
    int64_t now = time_now_ms();
    return at_s * 1000 > leg->last.at_ms && at_s * 1000 <= now ? at_s * 1000 : now;
}

/* It was down while nobody watched: the service, or the connection to the router, was gone. */
static void observe_missed(struct leg *leg, const Apipb__Peer *peer, const struct up_mark *mark)
{
    const Apipb__TimersState *timers = peer->timers->state;
    unsigned count = missed_flaps(&leg->last.up, mark);
    int64_t flaps = mark->flaps < 0 && leg->last.up.flaps >= 0 ? leg->last.up.flaps + count : mark->flaps;
    struct observation seen = {.state = LEG_DOWN, .fsm = "IDLE", .up = {-leg->last.up.at_s, flaps}};
    struct str out = str_over(seen.reason, sizeof(seen.reason));
    seen.at_ms = plausible(leg, timers->downtime ? timers->downtime->seconds : 0);
    seen.flaps = leg->last.state == LEG_UP ? count - 1 : count; /* the step from up to down is counted as such */
    if (count > 1)
        str_printf(&out, "it went down %u times before the fleet service could see it, and came up again", count);
    else
        str_add(&out, "it went down and came up again before the fleet service could see it");
    leg->why.ahead_until_ms = time_now_ms() + AHEAD_MS;
    leg_observe(leg, &seen);
}

/* Lists and events come on two streams. Is this a list from before it went down, of which an event told just now? */
static bool is_old_list(const struct leg *leg, const struct up_mark *mark)
{
    int64_t known_s = leg->last.up.at_s < 0 ? -leg->last.up.at_s : leg->last.up.at_s;
    bool down = leg->why.down || leg->last.state == LEG_DOWN;
    return down && mark->at_s != 0 && mark->at_s <= known_s && time_now_ms() - leg->why.down_at_ms < AHEAD_MS;
}

static void observe_established(struct leg *leg, const Apipb__Peer *peer, bool listed)
{
    struct up_mark mark = mark_of(peer, listed);
    if (listed && is_old_list(leg, &mark)) {
        router_learn(leg->router);
        return;
    }
    leg->why.up_after = leg->why.down;
    leg->why.up_at_ms = time_now_ms();
    leg->why.up_mark = mark;
    if (leg->why.down)
        return;
    if (leg->last.up.at_s > 0 && mark.at_s >= leg->last.up.at_s && missed_flaps(&leg->last.up, &mark) > 0) {
        observe_missed(leg, peer, &mark);
        leg->why.up_at_ms = plausible(leg, mark.at_s);
    }
    observe_up(leg, leg->why.up_at_ms, mark);
}

void leg_observe_peer(struct router *router, const Apipb__Peer *peer, bool listed)
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
        observe_established(leg, peer, listed);
        if (!listed)
            router_learn(router); /* how often it went down so far; of some, even since when it is up */
        return;
    }
    if (leg->last.state != LEG_DOWN && !leg->why.down) {
        leg->why.down = true;
        leg->why.down_at_ms = time_now_ms();
        leg->why.doubtful = listed || leg->why.ahead_until_ms > leg->why.down_at_ms;
    }
    leg->why.doubtful = leg->why.doubtful && (listed || leg->why.ahead_until_ms > time_now_ms());
    if (listed && router->stage == ROUTER_LISTING)
        leg->why.flaps = (int64_t)state->flops;
    leg->why.up_after = false;
    leg_ask_why(leg);
}

void leg_keep_reason(struct leg *leg, const char *reason)
{
    mem_free(MEM_OTHER, leg->why.reason);
    leg->why.reason = reason ? mem_strdup(MEM_OTHER, reason) : NULL;
}

static void leg_reason(const struct leg *leg, const char *said, char reason[LEG_REASON_MAX])
{
    char address[ADDR_TEXT_MAX];
    const struct session_terms terms = {
        .server = addr_format(&leg->address, address), .server_asn = leg->peer_as, .has_password = leg->md5[0] != '\0'};
    struct str out = str_over(reason, LEG_REASON_MAX);
    str_add(&out, said);
    reason_advise(&terms, &out);
}

static struct up_mark gone_down(const struct up_mark *up)
{
    if (up->at_s <= 0)
        return *up;
    return (struct up_mark){.at_s = -up->at_s, .flaps = up->flaps < 0 ? -1 : up->flaps + 1};
}

/* How often it went down unseen, when it is found down and counted `now` instead of `expected`. */
static unsigned missed_down(int64_t expected, int64_t now)
{
    if (expected < 0)
        return 0;
    if (now >= expected)
        return (unsigned)(now - expected);
    return now < expected - 1 ? (unsigned)now : 0; /* the router was started anew */
}

/* The answer is here, or will not come. */
static void tell_down(struct leg *leg, const char *reason)
{
    bool pending = leg->why.down;
    struct observation seen = {
        .at_ms = pending ? leg->why.down_at_ms : time_now_ms(), .state = LEG_DOWN, .limit_hit = leg->limit_hit};
    snprintf(seen.fsm, sizeof(seen.fsm), "%s", leg->why.up_after ? "IDLE" : leg->fsm);
    leg_reason(leg, reason, seen.reason);
    seen.up = gone_down(&leg->last.up);
    if (leg->why.flaps >= 0) {
        seen.flaps = missed_down(seen.up.flaps, leg->why.flaps);
        seen.up.flaps = leg->why.flaps;
        leg->why.flaps = -1;
    }
    seen.flaps +=
        leg->last.state == LEG_UNKNOWN && leg->last.up.at_s > 0; /* the step from up to down counts by itself */
    leg->why.down = false;
    if (pending || leg->last.state == LEG_DOWN)
        leg_observe(leg, &seen);
    if (leg->why.up_after)
        observe_up(leg, leg->why.up_at_ms, leg->why.up_mark);
    leg->why.up_after = false;
}

/* It is up, though something said that it went down: either it came up again since, or a list was overtaken by an event
 * and told of what was over long ago. The time of its coming up says which. */
static void settle_pending(struct leg *leg, const Apipb__Peer *peer, const char *reason)
{
    const struct up_mark mark = mark_of(peer, true);
    leg->why.up_after = true;
    leg->why.up_at_ms = time_now_ms();
    leg->why.up_mark = mark;
    if (leg->why.doubtful && leg->last.state == LEG_UP && mark.at_s != 0 && mark.at_s <= leg->last.up.at_s) {
        leg->why.down = false;
        leg->why.up_after = false;
        observe_up(leg, leg->why.up_at_ms, mark);
    } else {
        tell_down(leg, reason);
    }
}

static void asked(struct leg *leg)
{
    leg->calls--;
    leg->why.asking = false;
    loop_timer_start(&leg->why.timer, ASK_AGAIN_MS);
}

/* Guessing --------------------------------------------------------------------------------------------------------- */

static bool peer_message(void *context, const uint8_t *bytes, size_t length)
{
    struct leg *leg = context;
    char reason[LEG_REASON_MAX];
    struct str out = str_over(reason, sizeof(reason));
    Apipb__ListPeerResponse *response = apipb__list_peer_response__unpack(NULL, length, bytes);
    if (response && response->peer && response->peer->state && leg->why.asking) {
        const Apipb__PeerState *state = response->peer->state;
        struct peer_facts now = facts_of(leg, state);
        bool news = leg->why.down || now.limit_hit || now.admin_down ||
                    now.notifications_received != leg->facts.notifications_received ||
                    now.notifications_sent != leg->facts.notifications_sent;
        leg->limit_hit = now.limit_hit;
        reason_guess(&leg->facts, &now, leg->last.state == LEG_UP, &out);
        leg->facts = now;
        /* Without news the reason that was told stays: a guess from nothing is worse. */
        if (now.established && leg->why.down)
            settle_pending(leg, response->peer, leg->why.reason ? leg->why.reason : reason);
        else if (!now.established && leg->why.reason)
            tell_down(leg, leg->why.reason);
        else if (!now.established && (news || !leg->last.reason[0]))
            tell_down(leg, reason);
        leg_keep_reason(leg, NULL);
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
    if (leg->why.down && status->code != RPC_UNAVAILABLE)
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
    if (response) {
        bool established = strcmp(response->state, "ESTABLISHED") == 0;
        bool has_reason = response->reason && response->reason->text[0];
        const char *reason = has_reason ? response->reason->text : response->sentence;
        if (!established || (leg->why.down && !leg->why.doubtful))
            tell_down(leg, reason);
        else if (leg->why.down)
            leg_keep_reason(leg, reason);
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
    if (status->code == RPC_OK && leg->why.reason && leg->why.down) {
        ask_peer(leg); /* when did it come up? */
        return;
    }
    leg_keep_reason(leg, NULL);
    asked(leg);
    if (leg_done(leg))
        return;
    if (leg->why.down && status->code != RPC_UNAVAILABLE)
        tell_down(leg, "the router does not say why");
}

void leg_ask_why(struct leg *leg)
{
    char address[ADDR_TEXT_MAX];
    Godwit__V1__WhyNeighborRequest request = GODWIT__V1__WHY_NEIGHBOR_REQUEST__INIT;
    if (leg->why.asking || (loop_timer_running(&leg->why.timer) && !leg->why.down)) {
        leg->why.again = true;
        return;
    }
    leg->why.asking = true;
    leg->why.again = false;
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
    struct leg *leg = container_of(timer, struct leg, why.timer);
    if (leg->why.again && leg->last.state == LEG_DOWN && leg->router->stage == ROUTER_FOLLOWING && leg->wanted)
        leg_ask_why(leg);
}

void leg_unreadable(struct leg *leg)
{
    struct observation seen = {.at_ms = time_now_ms(), .state = LEG_UNKNOWN, .up = leg->last.up};
    /* Why it cannot is the provider's business, and names his addresses. */
    leg_reason(leg, "the router cannot be read", seen.reason);
    leg->why.down = false;
    leg->why.up_after = false;
    leg_keep_reason(leg, NULL);
    leg_observe(leg, &seen);
}
