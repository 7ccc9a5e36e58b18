/* Trying policies out: the route is found or taken as described, and the speaker asked what policies make of it. */
#include "base/mem.h"
#include "control/control_policy.h"
#include "control/internal.h"
#include "speaker/policy_try.h"

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
    buf_init(&control->tested->before, 4 * ATTR_BLOCK_MAX);
    buf_init(&control->tested->after, 4 * ATTR_BLOCK_MAX);
    return control->tested;
}

static int need_neighbor(struct control *control, const struct addr *address, const struct peer **peer, struct err *err)
{
    struct peer_name name = {.address = *address};
    if (address->kind == ADDR_NONE)
        return 0;
    *peer = control_need_peer(control, &name, err);
    return *peer ? 0 : E_NOT_FOUND;
}

/* Of the paths to a destination: that of `from`, or the best one, or (all are rejected) the first. */
static bool choose_path(struct rib *rib, row_id row, const struct peer *from, struct rib_path *path)
{
    uint32_t index, count = rib_row_path_count(rib, row);
    if (!from && rib_row_best(rib, row, path, &index))
        return true;
    for (uint32_t i = 0; i < count; i++) {
        rib_row_path(rib, row, i, path);
        if (!from || path->source == from->source)
            return true;
    }
    return false;
}

/* The route of the table that is meant; its neighbor becomes the trial's. */
static int find_route(struct control *control, const struct policy_test *test, struct policy_trial *trial,
                      struct attr_block *attrs, struct err *err)
{
    char text[PREFIX_TEXT_MAX];
    struct rib_path path;
    struct speaker_table *table =
        trial->from ? peer_table(trial->from, test->family) : speaker_table(control->speaker, test->family);
    if (!table)
        return err_set(err, E_UNSUPPORTED, "address family: %s not supported",
                       test->family < FAMILY_COUNT ? family_get(test->family)->config_name : "unknown");
    struct rib *rib = table->rib;
    row_id row = test->longest_match ? prefix_longest_match(rib->prefixes, test->prefix.addr.bytes, test->prefix.length)
                                     : rib_find(rib, &test->prefix);
    if (row == 0 || !choose_path(rib, row, trial->from, &path))
        return err_set(err, E_NOT_FOUND, "%s: no route%s", prefix_format(&test->prefix, text),
                       trial->from ? " from this neighbor" : "");
    rib_row_prefix(rib, row, &trial->prefix);
    trial->from = speaker_peer_of(control->speaker, path.source);
    const struct attr_set *set = attr_get(rib->view, path.attrs);
    if (test->direction == POLICY_IMPORT)
        set = attr_get(rib->view, set->pre);
    attr_block_of(attr_bytes(rib->view, set), set->wire_length, attrs);
    return 0;
}

static int try_out(struct control *control, const struct policy_test *test, struct policy_trial *trial,
                   struct policy_result *tried, struct err *err)
{
    struct attr_block attrs;
    int status = control_need_started(control, err);
    if (status == 0)
        status = need_neighbor(control, &test->from, &trial->from, err);
    if (status == 0)
        status = need_neighbor(control, &test->to, &trial->to, err);
    if (status == 0 && test->attrs)
        status = attr_block_check(test->attrs, test->attrs_length, err);
    else if (status == 0)
        status = find_route(control, test, trial, &attrs, err);
    if (status < 0)
        return status;
    if (test->attrs)
        attr_block_of(test->attrs, test->attrs_length, &attrs);
    trial->speaker = control->speaker;
    return policy_try(trial, &attrs, &new_answer(control)->before, tried, err);
}

int control_policy_test(struct control *control, const struct policy_test *test, struct policy_test_result *result,
                        struct err *err)
{
    struct policy_trial trial = {.direction = test->direction,
                                 .policy = test->policy,
                                 .family = test->family,
                                 .prefix = test->prefix,
                                 .watcher = test->watcher};
    struct policy_result tried = {0};
    int status = try_out(control, test, &trial, &tried, err);
    if (status < 0)
        return status;
    struct policy_tested *tested = control->tested;
    buf_put(&tested->after, tried.attrs, tried.length);
    *result = (struct policy_test_result){.action = tried.action,
                                          .family = test->family,
                                          .prefix = trial.prefix,
                                          .from = trial.from ? trial.from->config.address : (struct addr){0},
                                          .target = tried.target ? tried.target : "",
                                          .policy = tried.policy ? tried.policy : "",
                                          .statement = tried.statement ? tried.statement : "",
                                          .before = tested->before.bytes,
                                          .before_length = (uint32_t)tested->before.length,
                                          .after = tested->after.bytes,
                                          .after_length = (uint32_t)tested->after.length};
    return 0;
}
