/* Trying a policy out (control_policy.h): the same evaluation routes go through, on a route somebody wrote down or on
 * one of the table. */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "control/control_policy.h"
#include "control/internal.h"
#include "policy/evaluate.h"
#include "policy/policy_table.h"
#include "speaker/policy_run.h"

/* No neighbour is called that. */
#define TEST_TARGET " test"

struct policy_tested {
    struct buf before, after;
};

void policy_tested_free(struct policy_tested *tested)
{
    if (tested == NULL)
        return;
    buf_release(&tested->before);
    buf_release(&tested->after);
    mem_free(MEM_OTHER, tested);
}

static struct policy_tested *new_answer(struct control *control)
{
    policy_tested_free(control->tested);
    control->tested = mem_zalloc(MEM_OTHER, sizeof(*control->tested));
    buf_init(&control->tested->before, ATTR_BLOCK_MAX);
    buf_init(&control->tested->after, ATTR_BLOCK_MAX);
    return control->tested;
}

/* The route's attributes, or the best route's of the table. */
static int take_attributes(struct control *control, const struct policy_test *test, struct buf *bytes, struct err *err)
{
    char text[PREFIX_TEXT_MAX];
    struct rib_path best;
    if (test->attrs != NULL) {
        int result = attr_block_check(test->attrs, test->attrs_length, err);
        return result == 0 ? buf_put(bytes, test->attrs, test->attrs_length), 0 : result;
    }
    struct speaker_table *table = speaker_table(control->speaker, test->family);
    row_id row = table != NULL ? rib_find(table->rib, &test->prefix) : 0;
    if (row == 0 || !rib_row_best(table->rib, row, &best, NULL))
        return err_set(err, E_NOT_FOUND, "%s: no route", prefix_format(&test->prefix, text));
    const struct attr_set *set = attr_get(table->rib->view, best.attrs);
    buf_put(bytes, attr_bytes(table->rib->view, set), set->wire_length);
    return 0;
}

/* The chain to be tried; one policy by itself is assigned to nobody for as long as it takes. */
static int choose_chain(struct control *control, const struct policy_test *test, struct policy_chain *chain,
                        struct err *err)
{
    struct policy_table *table = policy_run_table(control->speaker->policy);
    *chain = (struct policy_chain){0};
    if (test->against == POLICY_TEST_POLICY) {
        const struct assignment_spec alone = {
            .target = TEST_TARGET, .direction = POLICY_IMPORT, .policies = &test->name, .policy_count = 1};
        int result = policy_assign_set(table, &alone, err);
        chain->own = policy_assignment(table, TEST_TARGET, POLICY_IMPORT);
        return result;
    }
    if (test->direction != POLICY_IMPORT && test->direction != POLICY_EXPORT)
        return err_set(err, E_INVALID, "invalid policy type");
    const struct peer *peer = control_policy_target(control, test->name);
    if (peer == NULL && strcmp(test->name, POLICY_TARGET_GLOBAL) != 0)
        return err_set(err, E_NOT_FOUND, "not found peer %s", test->name);
    policy_chain_of(control->speaker, peer, test->direction, chain);
    return 0;
}

static void collect_facts(struct control *control, const struct policy_test *test, struct policy_facts *facts)
{
    const struct peer *peer =
        test->neighbor.kind != ADDR_NONE ? peer_find(control->speaker, &test->neighbor, NULL) : NULL;
    enum route_type otherwise = test->neighbor.kind != ADDR_NONE ? ROUTE_TYPE_EXTERNAL : ROUTE_TYPE_LOCAL;
    *facts = (struct policy_facts){
        .prefix = &test->prefix,
        .family = test->family,
        .neighbor = test->neighbor,
        .route_type = (uint8_t)(test->route_type != ROUTE_TYPE_ANY ? test->route_type : otherwise),
    };
    if (peer != NULL)
        facts->self = peer->local.addr;
}

int control_policy_test(struct control *control, const struct policy_test *test, struct policy_test_result *result,
                        struct err *err)
{
    struct policy_chain chain;
    struct policy_facts facts;
    struct policy_result found = {0};
    struct attr_block block;
    int code = control_need_started(control, err);
    if (code < 0)
        return code;
    struct policy_tested *tested = new_answer(control);
    code = take_attributes(control, test, &tested->before, err);
    if (code == 0)
        code = choose_chain(control, test, &chain, err);
    if (code == 0) {
        attr_block_of(tested->before.bytes, (uint32_t)tested->before.length, &block);
        collect_facts(control, test, &facts);
        facts.origin_as = block.summary.origin_as;
        facts.watcher = test->watcher;
        policy_evaluate(policy_run_scratch(control->speaker->policy), &chain, &facts, &block, NULL, &found);
        buf_put(&tested->after, found.attrs, found.length);
    }
    bool alone = test->against == POLICY_TEST_POLICY;
    *result = (struct policy_test_result){
        .action = alone && found.policy == NULL ? POLICY_NONE : found.action,
        .target = alone || found.target == NULL ? "" : found.target,
        .policy = found.policy != NULL ? found.policy : "",
        .statement = found.statement != NULL ? found.statement : "",
        .before = tested->before.bytes,
        .before_length = (uint32_t)tested->before.length,
        .after = tested->after.bytes,
        .after_length = (uint32_t)tested->after.length,
    };
    if (alone)
        policy_target_forget(policy_run_table(control->speaker->policy), TEST_TARGET);
    return code;
}
