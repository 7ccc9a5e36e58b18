#include "fleet/reason.h"

void reason_guess(const struct peer_facts *before, const struct peer_facts *now, bool was_up, struct str *out)
{
    bool received = now->notifications_received > before->notifications_received;
    bool sent = now->notifications_sent > before->notifications_sent;
    if (now->limit_hit)
        str_printf(out,
                   "the server announced more than %u prefixes, and the prefix limit took the session down; it stays "
                   "down until it is reset",
                   now->max_prefix);
    else if (now->admin_down)
        str_add(out, "the session is administratively down on the router");
    else if (received)
        str_add(out, "the server ended the session with a NOTIFICATION, which this router does not pass on");
    else if (sent && was_up)
        str_add(out, "the router ended the session: the hold timer expired, or the server made a protocol error");
    else if (sent)
        str_add(out, "the router refuses the server's OPEN: its AS number or another setting is not as agreed");
    else if (was_up)
        str_add(out, "the connection was closed or lost without a NOTIFICATION");
    else if (now->opens_received > 0)
        str_add(out, "the session was up before; the server does not connect");
    else
        str_add(out, "the server has not connected: wrong source address or MD5 password, or no daemon running");
}
