/* The reason why a session is not, or no longer, up, in one sentence for the operator. */
#include <string.h>

#include "session/internal.h"

static void add_sent(struct str *out, const struct conn_ending *ending)
{
    if (!ending->sent || ending->sent->code == 0)
        return;
    str_add(out, out->length ? "; we sent " : "we sent ");
    notification_describe(ending->sent, out);
}

static void add_errno(struct str *out, int system_errno)
{
    char memory[96];
    str_add(out, strerror_r(system_errno, memory, sizeof(memory)));
}

static void add_reason(struct str *out, const struct conn_ending *ending, enum session_end end)
{
    const struct conn_cause *cause = ending->cause;
    switch (end) {
    case SESSION_END_RECEIVED:
        str_add(out, "peer sent ");
        notification_describe(cause->notification, out);
        return;
    case SESSION_END_CLOSED:
        if (cause->why)
            str_add(out, cause->why);
        else
            str_printf(out, "peer closed the connection in %s without a NOTIFICATION",
                       session_state_name(ending->from));
        return;
    case SESSION_END_TRANSPORT:
        str_printf(out, "connection broke in %s: ", session_state_name(ending->from));
        add_errno(out, cause->system_errno);
        return;
    case SESSION_END_CONNECT_FAILED:
        str_add(out, "cannot connect: ");
        if (cause->why && cause->why[0])
            str_add(out, cause->why);
        else
            add_errno(out, cause->system_errno);
        return;
    case SESSION_END_ADMIN:
        str_add(out, cause->why ? cause->why : "stopped here");
        break;
    case SESSION_END_PREFIX_LIMIT:
        str_add(out, cause->why ? cause->why : "prefix limit exceeded");
        break;
    case SESSION_END_COLLISION:
        str_add(out, cause->why ? cause->why : "connection collision");
        break;
    case SESSION_END_NONE:
    case SESSION_END_SENT:
    case SESSION_END_HOLD_TIMER:
    case SESSION_END_SEND_HOLD_TIMER:
        if (cause->why)
            str_add(out, cause->why);
        break;
    }
    add_sent(out, ending);
}

void why_down(const struct conn_ending *ending, struct session_down *down)
{
    enum session_end end = ending->cause->end;
    if (end == SESSION_END_NONE && ending->sent && ending->sent->code)
        end = SESSION_END_SENT;
    down->end = end;
    down->graceful = ending->graceful;
    down->system_errno = ending->cause->system_errno;
    struct str out = str_over(down->why, sizeof(down->why));
    add_reason(&out, ending, end);
}
