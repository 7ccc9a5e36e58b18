/* New parameters for a session that may be running: what a connection can take over, and what was said in OPEN or
 * done with the socket and so needs a new connection.
 */
#include <string.h>

#include "session/internal.h"
#include "session/open_check.h"

enum { CAPABILITIES_BYTES_MAX = 4096 };

static bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return addr_equal(&a->addr, &b->addr) && a->port == b->port && a->scope_id == b->scope_id;
}

static bool transport_equal(const struct transport_options *a, const struct transport_options *b)
{
    return endpoint_equal(&a->local, &b->local) && strcmp(a->bind_interface, b->bind_interface) == 0 &&
           a->ttl == b->ttl && a->ttl_min == b->ttl_min && a->mss == b->mss && a->tos == b->tos &&
           a->md5_key_length == b->md5_key_length && memcmp(a->md5_key, b->md5_key, a->md5_key_length) == 0;
}

/* Two sets are the same if an OPEN would carry the same bytes. */
static bool capabilities_equal(const struct capabilities *a, const struct capabilities *b)
{
    uint8_t memory[2][CAPABILITIES_BYTES_MAX];
    struct buf encoded[2];
    buf_init_fixed(&encoded[0], memory[0], CAPABILITIES_BYTES_MAX);
    buf_init_fixed(&encoded[1], memory[1], CAPABILITIES_BYTES_MAX);
    capabilities_encode(a, &encoded[0]);
    capabilities_encode(b, &encoded[1]);
    return !encoded[0].failed && !encoded[1].failed && encoded[0].length == encoded[1].length &&
           memcmp(memory[0], memory[1], encoded[0].length) == 0;
}

static bool connection_outlives(const struct session_config *old, const struct session_config *new)
{
    return endpoint_equal(&old->remote, &new->remote) && transport_equal(&old->transport, &new->transport) &&
           old->local_as == new->local_as && old->peer_as == new->peer_as && old->local_id == new->local_id &&
           old->ibgp == new->ibgp && old->hold_time_s == new->hold_time_s && old->rules.ebgp == new->rules.ebgp &&
           old->rules.confederation ==
               new->rules.confederation &&capabilities_equal(&old->capabilities, &new->capabilities);
}

static void conn_take_over(struct conn *conn)
{
    const struct session_config *config = &conn->session->config;
    if (conn->fsm.state < SESSION_OPENCONFIRM)
        return;
    family_set families = conn->rules.families; /* without those the peer's errors have disabled */
    struct endpoint local = stream_local(conn->stream);
    open_negotiate(config, conn->local, conn->remote, &conn->negotiated);
    open_rules(config, conn->remote, &conn->negotiated, &local.addr, &conn->rules);
    conn->rules.families = families;
}

/* A machine without a connection: an attempt under the old parameters is given up for one under the new. */
static void conn_try_anew(struct conn *conn, bool attempt_outlives)
{
    struct session *session = conn->session;
    bool passive = session->config.passive;
    struct conn_cause cause = {.end = SESSION_END_ADMIN};
    if (conn->fsm.state == SESSION_CONNECT && (passive || !attempt_outlives)) {
        conn_event(conn, FSM_AUTOMATIC_STOP, &cause);
        session_begin(session, false);
    } else if (conn->fsm.state == SESSION_ACTIVE && passive) {
        loop_timer_stop(&conn->connect_retry);
    } else if (conn->fsm.state == SESSION_ACTIVE && !loop_timer_running(&conn->connect_retry)) {
        loop_timer_start(&conn->connect_retry, session_retry_ms(session, SESSION_ACTIVE, FSM_DO_RETRY_SOON));
    }
}

bool session_configure(struct session *session, const struct session_config *config)
{
    bool outlives = connection_outlives(&session->config, config);
    session_set_config(session, config);
    bool open = false;
    for (unsigned i = 0; i < SESSION_CONNS; i++)
        open |= conn_is_open(&session->conns[i]);

    owner_enter(session);
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        struct conn *conn = &session->conns[i];
        if (conn->fsm.state == SESSION_CONNECT || conn->fsm.state == SESSION_ACTIVE)
            conn_try_anew(conn, outlives);
        else if (outlives)
            conn_take_over(conn);
    }
    owner_leave(session);
    return outlives || !open;
}
