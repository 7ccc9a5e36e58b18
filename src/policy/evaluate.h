/* Passing a route through policies.
 *
 *   chain = [global assignment] + [the neighbor's own]
 *   policy_evaluate(chain, facts, attributes) -> accept or reject, the attributes as they are then, who decided
 *
 * Order (GoBGP's): policies as assigned, statements as listed; all conditions of a statement must hold; then its
 * actions change the attributes, which later statements see, and evaluation of the assignment ends at the first accept
 * or reject. A route passes the global assignment first and then its neighbor's own; a reject of either is final. What
 * the own one does not decide, its default decides, if it has one; else what the global one said holds, or its default.
 *
 * Pure: no allocation per route, no clock. What depends on the prefix is asked last and can be recorded, so that routes
 * with the same attributes need not be evaluated again (memo.h).
 */
#pragma once

#include "attr/block.h"
#include "policy/explain.h"
#include "policy/policy_table.h"

struct policy_chain {
    const struct policy_assignment *global; /* NULL: does not apply (route server clients have only their own) */
    const struct policy_assignment *own;    /* NULL: has none */
};

/* Has it any policy? Without, its default is what becomes of every route. */
bool policy_chain_has_policies(const struct policy_chain *chain);
/* Has nobody said anything about these routes, neither a policy nor a default (RFC 8212)? */
bool policy_chain_is_silent(const struct policy_chain *chain);
/* May the outcome differ between prefixes with the same attributes? */
bool policy_chain_asks_prefix(const struct policy_chain *chain);
/* May it depend on the origin's validity? */
bool policy_chain_asks_validity(const struct policy_chain *chain);
enum policy_action policy_chain_default(const struct policy_chain *chain);

/* What conditions and actions may ask about a route, besides its attributes. */
struct policy_facts {
    const struct prefix *prefix;
    enum family_id family;
    uint8_t route_type;       /* enum route_type of the source: INTERNAL, EXTERNAL, LOCAL */
    bool confederation;       /* what is put in front goes into AS_CONFED_SEQUENCE */
    struct addr neighbor;     /* import: whom it is from; export: who is told. ADDR_NONE: nobody (a local route) */
    struct addr self;         /* our address on that session; ADDR_NONE: there is none */
    struct addr old_next_hop; /* export: before we put in our own; ADDR_NONE: the same */
    uint32_t origin_as;       /* whose validity is asked about; see attr_summary */
    /* The origin validation state of a prefix (enum rpki_result); NULL: not known, such conditions do not hold. */
    enum rpki_result (*rpki)(void *context, const struct prefix *prefix, uint32_t origin_as);
    void *rpki_context;
    const struct policy_watcher *watcher; /* is told what happens; NULL: nobody */
};

struct policy_result {
    enum policy_action action; /* POLICY_ACCEPT or POLICY_REJECT */
    bool changed;              /* the attributes are others */
    bool asked_validity;       /* of the origin, on the way to this */
    const uint8_t *attrs;      /* canonical; the caller's, or the scratch's until its next use */
    uint32_t length;
    const char *policy; /* what decided; NULL: a default */
    const char *statement;
    const char *target; /* whose assignment decided */
};

struct policy_scratch;
struct policy_scratch *policy_scratch_new(void);
void policy_scratch_free(struct policy_scratch *scratch);

/* A question about the prefix that came up on the way, and its answer. */
struct policy_question {
    uint32_t test; /* names the question within the table as long as that does not change */
    bool answer;
};

enum { POLICY_QUESTIONS_MAX = 4096 };

struct policy_trace {
    uint32_t count;
    bool full; /* more questions than there is room for: the result holds for this prefix only */
    struct policy_question questions[POLICY_QUESTIONS_MAX];
};

/* `trace` may be NULL. */
void policy_evaluate(struct policy_scratch *scratch, const struct policy_chain *chain, const struct policy_facts *facts,
                     const struct attr_block *attrs, struct policy_trace *trace, struct policy_result *result);

/* A policy by its name; NULL: there is none. */
struct policy;
struct policy *policy_find(const struct policy_table *table, const char *name);

/* Through this policy by itself. The action is POLICY_NONE if it does not decide. */
void policy_evaluate_one(struct policy_scratch *scratch, struct policy *policy, const struct policy_facts *facts,
                         const struct attr_block *attrs, struct policy_result *result);

/* Asks one such question about another route. */
bool policy_question_ask(const struct policy_table *table, uint32_t test, const struct policy_facts *facts);

/* All that makes an export chain treat one neighbor otherwise than another, written to `out`: neighbors for whom it is
 * the same can be told the same. */
void policy_chain_viewpoint(const struct policy_chain *chain, const struct addr *neighbor, struct buf *out);
