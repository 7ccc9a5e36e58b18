/* What a chain made of sets of attributes, remembered: evaluation runs once for each set, or, where the chain asks
 * about prefixes, once for each way to answer.
 *
 * For one set the memo is a tree: a node is a question about the prefix, its children the answers, a leaf what came of
 * it. A route that is looked up answers only the questions on its way. Bounded: a full memo is emptied by its owner.
 * It holds references on all sets it names, so they stay what they are until then.
 */
#pragma once

#include "attr/store.h"
#include "policy/evaluate.h"

struct policy_memo;

struct policy_memo *policy_memo_new(struct attr_store *store);
void policy_memo_free(struct policy_memo *memo);
void policy_memo_clear(struct policy_memo *memo);

struct policy_lookup {
    const struct policy_table *table;
    const struct policy_facts *facts;
    attr_id attrs; /* with `source` the key */
    uint16_t source;
    struct policy_trace *trace; /* scratch */
    /* Evaluates, with the trace filled: the set that comes out, with a reference for the memo; 0 if it is rejected. */
    attr_id (*evaluate)(void *context, struct policy_trace *trace);
    void *context;
};

/* The set that came out, 0 if the route is rejected: the memo's until it is cleared. */
attr_id policy_memo_get(struct policy_memo *memo, const struct policy_lookup *lookup);

/* Has it to be cleared before the next policy_memo_get: it is full, or the table has changed since? */
bool policy_memo_is_stale(const struct policy_memo *memo, const struct policy_table *table);
