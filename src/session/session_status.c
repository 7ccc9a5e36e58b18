#include <string.h>

#include "session/internal.h"

/* The connection to show: the most advanced one that is one. */
static const struct conn *shown_conn(const struct session *session)
{
    const struct conn *shown = NULL;
    for (unsigned i = 0; i < SESSION_CONNS; i++) {
        const struct conn *conn = &session->conns[i];
        if (conn_is_open(conn) && (!shown || conn->fsm.state > shown->fsm.state))
            shown = conn;
    }
    return shown;
}

void session_status(const struct session *session, struct session_status *status)
{
    const struct session_memory *memory = &session->memory;
    *status = (struct session_status){
        .state = session->state,
        .admin_down = session->config.admin_down,
        .flaps = memory->flaps,
        .established_at = memory->established_at,
        .down_at = memory->down_at,
        .remote = session->config.remote,
        .offer = &session->config.capabilities,
        .local_open = memory->local_open,
        .remote_open = memory->remote_open,
        .received = memory->received,
        .sent = memory->sent,
        .idle_hold_left_ms = loop_timer_left_ms(&session->idle_hold),
    };
    if (memory->failures != NULL) {
        status->last_sent = memory->failures->last_sent;
        status->last_received = memory->failures->last_received;
        status->last_sent_at = memory->failures->last_sent_at;
        status->last_received_at = memory->failures->last_received_at;
        status->down = memory->failures->down;
        memcpy(status->losses, memory->failures->losses, sizeof(status->losses));
    }
    for (unsigned i = 0; i < SESSION_CONNS; i++)
        status->connect_retry_left_ms += loop_timer_left_ms(&session->conns[i].connect_retry);
    const struct conn *conn = shown_conn(session);
    if (!conn)
        return;
    status->local = stream_local(conn->stream);
    status->remote = stream_remote(conn->stream);
    if (conn->fsm.state >= SESSION_OPENCONFIRM)
        status->negotiated = &conn->negotiated;
    if (conn->local)
        status->local_open = conn->local;
    if (conn->remote)
        status->remote_open = conn->remote;
    status->output_pending = conn->blocked && (conn->owner_pending || conn->out.length > 0);
}
