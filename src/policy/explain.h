/* What happens to a route on its way through policies, statement by statement: for an operator who asks why. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "policy/spec.h"

enum { POLICY_VERDICT_TEXT_MAX = 512 };

struct policy_verdict {
    char text[POLICY_VERDICT_TEXT_MAX]; /* the condition, in the words of the command line: "prefix ours any" */
    bool holds;
};

/* One statement that was asked. All its conditions are, also those that no longer mattered. */
struct policy_step {
    const char *target; /* whose assignment */
    const char *policy;
    const char *statement;
    const struct policy_verdict *verdicts;
    size_t verdict_count;
    bool matched;
    enum policy_action action; /* of the statement; POLICY_NONE: evaluation goes on */
};

struct policy_watcher {
    void (*step)(void *context, const struct policy_step *step); /* values are good during the call */
    void *context;
};
