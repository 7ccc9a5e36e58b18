/* See evaluate.h. */
#include "policy/evaluate.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/internal.h"

enum {
    VALUES_MAX = 4 * UINT16_MAX + (1 << 20),
    VALUES_MORE = POLICY_LIST_MAX * 12 * 3 + 8192, /* what the actions of one statement add at most, and small change */
    BYTES_MAX = 4 * ATTR_BLOCK_MAX,
};

/* Chains ----------------------------------------------------------------------------------------------------------- */

bool policy_chain_has_policies(const struct policy_chain *chain)
{
    return (chain->global != NULL && chain->global->count > 0) || (chain->own != NULL && chain->own->count > 0);
}

bool policy_chain_asks_prefix(const struct policy_chain *chain)
{
    return (chain->global != NULL && chain->global->asks_prefix) || (chain->own != NULL && chain->own->asks_prefix);
}

bool policy_chain_asks_validity(const struct policy_chain *chain)
{
    return (chain->global != NULL && chain->global->asks_validity) || (chain->own != NULL && chain->own->asks_validity);
}

enum policy_action policy_chain_default(const struct policy_chain *chain)
{
    if (chain->own != NULL && chain->own->default_action != POLICY_NONE)
        return chain->own->default_action;
    if (chain->global != NULL)
        return chain->global->default_action == POLICY_ACCEPT ? POLICY_ACCEPT : POLICY_REJECT;
    return chain->own == NULL || !chain->own->default_said ? POLICY_ACCEPT : POLICY_REJECT;
}

bool policy_chain_is_silent(const struct policy_chain *chain)
{
    bool said =
        (chain->own != NULL && chain->own->default_said) || (chain->global != NULL && chain->global->default_said);
    return !said && !policy_chain_has_policies(chain);
}

static void add_viewpoint(const struct policy_assignment *assignment, const struct addr *neighbor, struct buf *out)
{
    for (size_t i = 0; assignment != NULL && i < assignment->count; i++) {
        const struct policy *policy = assignment->policies[i];
        for (size_t at = 0; at < policy->count; at++) {
            const struct policy_statement *statement = policy->statements[at];
            for (unsigned c = 0; c < statement->condition_count; c++) {
                const struct condition *condition = &statement->conditions[c];
                if (condition->set == NULL || condition->set->type != SET_NEIGHBOR)
                    continue;
                uint8_t inside = address_set_match(&condition->set->addresses, neighbor);
                buf_put(out, &inside, 1);
            }
            if (statement->spec.actions.next_hop.change == NEXT_HOP_PEER_ADDRESS)
                buf_put(out, neighbor, sizeof(*neighbor));
        }
    }
}

void policy_chain_viewpoint(const struct policy_chain *chain, const struct addr *neighbor, struct buf *out)
{
    add_viewpoint(chain->global, neighbor, out);
    add_viewpoint(chain->own, neighbor, out);
}

/* Scratch ---------------------------------------------------------------------------------------------------------- */

struct policy_scratch *policy_scratch_new(void)
{
    struct policy_scratch *scratch = mem_zalloc(MEM_POLICY, sizeof(*scratch));
    buf_init(&scratch->bytes[0], BYTES_MAX);
    buf_init(&scratch->bytes[1], BYTES_MAX);
    buf_init(&scratch->values, VALUES_MAX);
    scratch->text = mem_alloc(MEM_POLICY, PATTERN_TEXT_BYTES);
    return scratch;
}

void policy_scratch_free(struct policy_scratch *scratch)
{
    if (scratch == NULL)
        return;
    buf_release(&scratch->bytes[0]);
    buf_release(&scratch->bytes[1]);
    buf_release(&scratch->values);
    mem_free(MEM_POLICY, scratch->text);
    mem_free(MEM_POLICY, scratch);
}

/* Questions -------------------------------------------------------------------------------------------------------- */

static bool answer(uint32_t test, const struct policy_set *set, const struct policy_facts *facts)
{
    if (test < TEST_FIRST_SET)
        return facts->rpki != NULL &&
               facts->rpki(facts->rpki_context, facts->prefix, facts->origin_as) == test - TEST_RPKI;
    return set != NULL && prefix_set_match(&set->prefixes, facts->prefix);
}

bool policy_question_ask(const struct policy_table *table, uint32_t test, const struct policy_facts *facts)
{
    const struct policy_set *set = test < table->test_capacity ? table->tests[test] : NULL;
    return answer(test, set, facts);
}

bool evaluation_ask(struct evaluation *evaluation, uint32_t test, const struct policy_set *set)
{
    bool yes = answer(test, set, evaluation->facts);
    evaluation->asked_validity |= test < TEST_FIRST_SET;
    struct policy_trace *trace = evaluation->trace;
    if (trace == NULL)
        return yes;
    for (uint32_t i = trace->count; i-- > 0;)
        if (trace->questions[i].test == test)
            return yes; /* asked before: the answer is the same */
    if (trace->count == POLICY_QUESTIONS_MAX)
        trace->full = true;
    else
        trace->questions[trace->count++] = (struct policy_question){.test = test, .answer = yes};
    return yes;
}

/* Statements ------------------------------------------------------------------------------------------------------- */

static bool matches(const struct policy_statement *statement, struct evaluation *evaluation)
{
    for (unsigned i = 0; i < statement->condition_count; i++)
        if (!statement->conditions[i].kind->holds(&statement->conditions[i], evaluation))
            return false;
    return true;
}

static void act(const struct policy_statement *statement, struct evaluation *evaluation)
{
    struct policy_scratch *scratch = evaluation->scratch;
    struct change change; /* not zeroed: the edit's lists are kilobytes */
    change.values = &scratch->values;
    if (statement->action_count == 0)
        return;
    /* Values point into the buffer: it must not move while they are collected. */
    buf_clear(&scratch->values);
    if (buf_extend(&scratch->values, 3 * evaluation->length + VALUES_MORE) == NULL)
        return;
    buf_clear(&scratch->values);
    attr_edit_init(&change.edit, evaluation->attrs, evaluation->length);
    for (unsigned i = 0; i < statement->action_count; i++)
        statement->actions[i].kind->apply(&statement->actions[i], evaluation, &change);
    scratch->turn = !scratch->turn;
    struct buf *out = &scratch->bytes[scratch->turn];
    buf_clear(out);
    attr_edit_finish(&change.edit, out);
    if (out->length > ATTR_BLOCK_MAX) {
        scratch->turn = !scratch->turn; /* what is in the other one stays */
        return;
    }
    struct attr_block block;
    attr_block_of(out->bytes, (uint32_t)out->length, &block);
    evaluation->attrs = out->bytes;
    evaluation->length = (uint32_t)out->length;
    evaluation->summary = block.summary;
    evaluation->changed = true;
}

/* What one assignment decides; POLICY_NONE: nothing, but it may have changed attributes. */
static enum policy_action pass(const struct policy_assignment *assignment, struct evaluation *evaluation,
                               struct policy_result *result)
{
    for (size_t i = 0; assignment != NULL && i < assignment->count; i++) {
        const struct policy *policy = assignment->policies[i];
        for (size_t at = 0; at < policy->count; at++) {
            const struct policy_statement *statement = policy->statements[at];
            if (evaluation->facts->watcher != NULL)
                evaluation_explain(evaluation, assignment->head.name, policy->head.name, statement);
            if (!matches(statement, evaluation))
                continue;
            act(statement, evaluation);
            if (statement->spec.actions.route_action == POLICY_NONE)
                continue;
            result->policy = policy->head.name;
            result->statement = statement->head.name;
            result->target = assignment->head.name;
            return statement->spec.actions.route_action;
        }
    }
    return POLICY_NONE;
}

static enum policy_action pass_chain(const struct policy_chain *chain, struct evaluation *evaluation,
                                     struct policy_result *result)
{
    enum policy_action global = pass(chain->global, evaluation, result);
    if (global == POLICY_REJECT)
        return global;
    struct policy_result before = *result;
    enum policy_action own = pass(chain->own, evaluation, result);
    if (own != POLICY_NONE)
        return own;
    *result = before;
    bool own_default = chain->own != NULL && chain->own->default_action != POLICY_NONE;
    if (global != POLICY_NONE && !own_default)
        return global;
    result->policy = result->statement = NULL;
    const struct policy_assignment *decides = own_default || chain->global == NULL ? chain->own : chain->global;
    result->target = decides != NULL ? decides->head.name : "";
    return policy_chain_default(chain);
}

void policy_evaluate(struct policy_scratch *scratch, const struct policy_chain *chain, const struct policy_facts *facts,
                     const struct attr_block *attrs, struct policy_trace *trace, struct policy_result *result)
{
    struct evaluation evaluation = {.scratch = scratch,
                                    .facts = facts,
                                    .attrs = attrs->bytes,
                                    .length = attrs->length,
                                    .summary = attrs->summary,
                                    .trace = trace};
    *result = (struct policy_result){.action = POLICY_ACCEPT};
    if (trace != NULL)
        trace->count = trace->full = 0;
    result->action = pass_chain(chain, &evaluation, result);
    result->changed = evaluation.changed;
    result->asked_validity = evaluation.asked_validity;
    result->attrs = evaluation.attrs;
    result->length = evaluation.length;
}

struct policy *policy_find(const struct policy_table *table, const char *name)
{
    return names_find(&table->policies, name);
}

void policy_evaluate_one(struct policy_scratch *scratch, struct policy *policy, const struct policy_facts *facts,
                         const struct attr_block *attrs, struct policy_result *result)
{
    char nobody[] = "";
    struct policy_assignment alone = {
        .head.name = nobody, .policies = &policy, .count = 1, .default_action = POLICY_ACCEPT};
    struct policy_chain chain = {.own = &alone};
    policy_evaluate(scratch, &chain, facts, attrs, NULL, result);
    result->target = "";
    if (result->policy == NULL)
        result->action = POLICY_NONE;
}
