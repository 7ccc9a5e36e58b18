/* Why a session is not up: the state in words of what it waits for, and what ended it last. The sentence about the end
 * is the session's own (session/why.c); it outlives reconnecting, and the NOTIFICATIONs outlive both.
 */
#include <string.h>

#include "control/internal.h"
#include "speaker/restart.h"
#include "speaker/unnumbered.h"

enum { MS_PER_S = 1000, NS_PER_S = 1000000000, WHY_MISSING_MAX = 128 };

static int64_t rounded_up_s(int64_t ms)
{
    return (ms + MS_PER_S - 1) / MS_PER_S;
}

static void say_idle(const struct peer *peer, const struct session_status *status, struct str *out)
{
    if (peer->admin == PEER_DOWN)
        str_add(out, "disabled here; it stays down until it is enabled");
    else if (peer->admin == PEER_PREFIX_LIMIT)
        str_add(out, "sent more prefixes than its limit allows; it stays down until it is enabled");
    else if (status->idle_hold_left_ms > 0)
        str_printf(out, "resting after an error, next attempt in %lld s",
                   (long long)rounded_up_s(status->idle_hold_left_ms));
    else
        str_add(out, "about to start");
}

static void say_active(const struct peer *peer, const struct session_status *status, struct str *out)
{
    str_add(out, "waiting for the neighbor to connect");
    if (peer->config.peer.transport.passive_mode)
        str_add(out, "; passive mode: we do not connect ourselves");
    else if (status->connect_retry_left_ms > 0)
        str_printf(out, ", we try in %lld s", (long long)rounded_up_s(status->connect_retry_left_ms));
}

static void say_state(const struct peer *peer, const struct session_status *status, struct str *out)
{
    char text[ENDPOINT_TEXT_MAX];
    char missing[WHY_MISSING_MAX];
    if (peer->at.addr.kind == ADDR_NONE && peer->admin == PEER_UP) {
        str_add(out, unnumbered_why(peer, missing, sizeof(missing)));
        return;
    }
    switch (status->state) {
    case SESSION_IDLE:
        say_idle(peer, status, out);
        break;
    case SESSION_CONNECT:
        str_printf(out, "connecting to %s", endpoint_format(&status->remote, text));
        break;
    case SESSION_ACTIVE:
        say_active(peer, status, out);
        break;
    case SESSION_OPENSENT:
        str_add(out, "connected, waiting for the neighbor's OPEN");
        break;
    case SESSION_OPENCONFIRM:
        str_add(out, "OPEN accepted, waiting for the neighbor's KEEPALIVE");
        break;
    case SESSION_ESTABLISHED:
        str_printf(out, "up, hold time %u s", status->negotiated ? status->negotiated->hold_time_s : 0);
        break;
    }
}

static void remark(struct why_remark *remark, const struct notification *notification, struct wall_time when)
{
    struct str out = str_over(remark->text, sizeof(remark->text));
    if (notification->code == 0)
        return;
    notification_describe(notification, &out);
    remark->when = when;
}

/* What is kept of it, while it restarts: "ipv4-unicast: 12 routes stale since it left 3 s ago, ..." */
static void say_stale(const struct peer *peer, struct str *out)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        enum restart_phase phase = restart_phase_of(peer, family);
        if (phase == RESTART_NONE)
            continue;
        int64_t since_ns = loop_wall_now(peer->speaker->loop).ns - peer->graceful->since.ns;
        uint64_t stale = rib_source(peer_table(peer, family)->rib, peer->source)->stale;
        str_printf(out, "%s%s: %llu route%s stale for %lld s, ", out->length ? "; " : "",
                   family_get(family)->config_name, (unsigned long long)stale, stale == 1 ? "" : "s",
                   (long long)(since_ns / NS_PER_S));
        str_add(out, phase == RESTART_AWAY         ? "restart timer ends in"
                     : phase == RESTART_LONG_LIVED ? "long-lived stale timer ends in"
                                                   : "until End-of-RIB, or at the latest in");
        str_printf(out, " %lld s", (long long)rounded_up_s(restart_left_ms(peer, family)));
    }
}

int control_why_session(struct control *control, const struct peer_name *name, struct why_session *why, struct err *err)
{
    struct link_snapshot snapshot;
    struct peer *peer = control_need_peer(control, name, err);
    if (peer == NULL)
        return E_NOT_FOUND;
    link_status(peer->session, &snapshot);
    const struct session_status *status = &snapshot.status;
    *why = (struct why_session){.state = status->state, .flaps = status->flaps};
    why->since = status->state == SESSION_ESTABLISHED ? status->established_at : status->down_at;
    struct str sentence = str_over(why->sentence, sizeof(why->sentence));
    say_state(peer, status, &sentence);
    struct str stale = str_over(why->stale, sizeof(why->stale));
    say_stale(peer, &stale);
    struct str reason = str_over(why->reason.text, sizeof(why->reason.text));
    str_add(&reason, status->down.why);
    why->reason.when = status->down.when;
    remark(&why->sent, &status->last_sent, status->last_sent_at);
    remark(&why->received, &status->last_received, status->last_received_at);
    return E_OK;
}
