/* Trying policies out on a route, which need not be there. Nothing changes. */
#pragma once

#include "base/err.h"
#include "policy/evaluate.h"
#include "speaker/peer.h"
#include "speaker/speaker.h"

struct policy_trial {
    struct speaker *speaker;
    enum policy_direction direction;
    const char *policy;      /* this one by itself; NULL: those that routes pass */
    const struct peer *from; /* NULL: it is our own */
    const struct peer *to;   /* export: NULL: nobody in particular, only the global policies */
    enum family_id family;
    struct prefix prefix;
    const struct policy_watcher *watcher;
};

/* What the policies are given (for import, what it makes of a route as received; for export, what that neighbor would
 * be told) is written to `given`. The result is good until policies are next asked anything; its action is POLICY_NONE
 * if a policy by itself does not decide. */
int policy_try(const struct policy_trial *trial, const struct attr_block *attrs, struct buf *given,
               struct policy_result *result, struct err *err);
