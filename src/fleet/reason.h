/* Why a leg is not up, from what a router tells that cannot be asked for reasons; and what its owner can do about it.
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct peer_facts {
    bool established;
    bool admin_down;
    bool limit_hit;
    uint64_t notifications_received;
    uint64_t notifications_sent;
    uint64_t opens_received;
    uint32_t max_prefix;
};

/* `before` is what was known when it was last looked at; `was_up`: it has just gone down. */
void reason_guess(const struct peer_facts *before, const struct peer_facts *now, bool was_up, struct str *out);

/* What a session was agreed to be, as far as advice names it. */
struct session_terms {
    const char *server; /* the server's address, as text */
    uint32_t server_asn;
    bool has_password;
};

/* Adds to a reason, the router's own or a guess, what there is to look at or to do; nothing if that is not known. */
void reason_advise(const struct session_terms *terms, struct str *reason);
