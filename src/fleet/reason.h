/* Why a leg is not up, from what a router tells that cannot be asked for reasons. Pure. */
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
