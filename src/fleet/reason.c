#include "fleet/reason.h"

#include <string.h>

#include "base/check.h"

void reason_guess(const struct peer_facts *before, const struct peer_facts *now, bool was_up, struct str *out)
{
    bool received = now->notifications_received > before->notifications_received;
    bool sent = now->notifications_sent > before->notifications_sent;
    if (now->limit_hit)
        str_printf(out, "the server announced more than %u prefixes, and the prefix limit took the session down",
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
        str_add(out, "the server has not connected");
}

enum advice_kind { ADVICE_PLAIN, ADVICE_ASN, ADVICE_CONNECT };

/* The first whose words are in the reason holds. What godwitd says (session/why.c) and what is guessed above. */
static const struct advice {
    const char *words;
    enum advice_kind kind;
    const char *text;
} advices[] = {
    {"waiting for the neighbor to connect", ADVICE_CONNECT, NULL},
    {"has not connected", ADVICE_CONNECT, NULL},
    {"does not connect", ADVICE_CONNECT, NULL},
    {"Bad Peer AS", ADVICE_ASN, NULL},
    {"refuses the server's OPEN", ADVICE_ASN, NULL},
    {"Hold Timer Expired", ADVICE_PLAIN, "The server is down, cut off, or its daemon hangs"},
    {"hold timer expired, or", ADVICE_PLAIN, "The server is down or cut off, or its daemon's log says more"},
    {"prefix limit", ADVICE_PLAIN, "Announce fewer, then reset the session"},
    {"we sent Cease / Administrative", ADVICE_PLAIN, "It was switched off on the router: ask its provider"},
    {"administratively down on the router", ADVICE_PLAIN, "Ask its provider"},
    {"peer sent Cease / Administrative Shutdown", ADVICE_PLAIN, "It was switched off on the server"},
    {"peer sent Cease / Peer De-configured", ADVICE_PLAIN,
     "The server's daemon ended, or has this router no longer in its configuration"},
    {"ended the session with a NOTIFICATION", ADVICE_PLAIN, "The server's daemon knows why: see its log"},
    {"closed the connection", ADVICE_PLAIN, "The server's daemon ended without a word: see its log"},
    {"the router cannot be read", ADVICE_PLAIN,
     "Whether the session is up there is not known; its provider has to look"},
    {"closed or lost", ADVICE_PLAIN, "The server's daemon ended without a word, or the server is cut off"},
};

static void advise_connect(const struct session_terms *terms, struct str *reason)
{
    str_printf(reason, "See that the server's daemon runs and connects from %s", terms->server);
    /* A segment with a wrong signature is dropped before anybody sees it. */
    if (terms->has_password)
        str_add(reason, " with the session's MD5 password");
}

void reason_advise(const struct session_terms *terms, struct str *reason)
{
    const struct advice *advice = NULL;
    for (size_t i = 0; i < ARRAY_LEN(advices) && !advice; i++) {
        if (reason->length && strstr(reason->text, advices[i].words))
            advice = &advices[i];
    }
    if (!advice)
        return;
    str_add(reason, ". ");
    switch (advice->kind) {
    case ADVICE_PLAIN:
        str_add(reason, advice->text);
        break;
    case ADVICE_ASN:
        str_printf(reason, "The server must use AS %u", terms->server_asn);
        break;
    case ADVICE_CONNECT:
        advise_connect(terms, reason);
        break;
    }
}
