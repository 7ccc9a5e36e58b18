/* See policy_try.h. The route is put into the attribute store for the time of the trial, so that the very functions
 * that prepare routes for policies can be asked. */
#include "speaker/policy_try.h"

#include "speaker/import.h"
#include "speaker/peer_groups.h"
#include "speaker/policy_export.h"
#include "speaker/policy_run.h"
#include "speaker/validation.h"

static int too_many(struct err *err)
{
    return err_set(err, E_LIMIT, "there is no room for another set of attributes");
}

static void give(const struct rib *rib, attr_id attrs, struct buf *given)
{
    const struct attr_set *set = attr_get(rib->view, attrs);
    buf_clear(given);
    buf_put(given, attr_bytes(rib->view, set), set->wire_length);
}

static int give_import(const struct policy_trial *trial, struct rib *rib, attr_id received, struct buf *given,
                       struct err *err)
{
    attr_id imported = trial->from ? import_attributes(trial->from, rib, received) : 0;
    if (trial->from && imported == 0)
        return too_many(err);
    give(rib, imported ? imported : received, given);
    if (imported)
        attr_store_unref(rib->attrs, imported, 1);
    return 0;
}

/* A neighbor whose session has no address of ours yet is given the route as it is. */
static int give_export(const struct policy_trial *trial, struct rib *rib, attr_id attrs, struct policy_facts *facts,
                       struct buf *given, struct err *err)
{
    struct export_rules rules;
    struct rib_path path = {.attrs = attrs, .source = trial->from ? trial->from->source : RIB_SOURCE_LOCAL};
    give(rib, attrs, given);
    policy_export_facts(rib, NULL, &path, facts);
    if (!trial->to)
        return 0;
    if (trial->to == trial->from)
        return err_set(err, E_STATE, "whatever policies say, it is not told: %s", export_reason_text(EXPORT_OWN));
    peer_export_rules(trial->to, trial->family, &rules);
    enum export_reason reason = policy_export_given(rib, &rules, &path, given);
    if (reason != EXPORT_TOLD && reason != EXPORT_NO_NEXT_HOP)
        return err_set(err, E_STATE, "whatever policies say, it is not told: %s", export_reason_text(reason));
    policy_export_facts(rib, &rules, &path, facts);
    facts->neighbor = trial->to->at.addr;
    return 0;
}

static int evaluate(const struct policy_trial *trial, const struct policy_facts *facts, struct buf *given,
                    struct policy_result *result, struct err *err)
{
    struct policy_run *run = trial->speaker->policy;
    struct policy_chain chain;
    struct attr_block block;
    attr_block_of(given->bytes, (uint32_t)given->length, &block);
    if (trial->policy) {
        struct policy *policy = policy_find(policy_run_table(run), trial->policy);
        if (!policy)
            return err_set(err, E_NOT_FOUND, "not found policy %s", trial->policy);
        policy_evaluate_one(policy_run_scratch(run), policy, facts, &block, result);
        return 0;
    }
    policy_chain_of(trial->speaker, trial->direction == POLICY_IMPORT ? trial->from : trial->to, trial->direction,
                    &chain);
    policy_evaluate(policy_run_scratch(run), &chain, facts, &block, NULL, result);
    return 0;
}

int policy_try(const struct policy_trial *trial, const struct attr_block *attrs, struct buf *given,
               struct policy_result *result, struct err *err)
{
    const struct peer *of = trial->direction == POLICY_IMPORT || !trial->to ? trial->from : trial->to;
    struct speaker_table *table = of ? peer_table(of, trial->family) : speaker_table(trial->speaker, trial->family);
    if (!table)
        return err_set(err, E_UNSUPPORTED, "address family: %s not supported", family_get(trial->family)->config_name);
    struct rib *rib = table->rib;
    struct policy_facts facts = {.family = trial->family};
    attr_id id = attr_store_intern(rib->attrs, attrs, 0);
    if (id == 0)
        return too_many(err);
    int status = 0;
    if (trial->direction == POLICY_IMPORT) {
        policy_import_facts(trial->from, &facts);
        status = give_import(trial, rib, id, given, err);
    } else {
        status = give_export(trial, rib, id, &facts, given, err);
    }
    facts.prefix = &trial->prefix;
    validation_facts(trial->speaker, validation_origin(trial->speaker, rib, id), &facts);
    facts.watcher = trial->watcher;
    attr_store_unref(rib->attrs, id, 1);
    return status < 0 ? status : evaluate(trial, &facts, given, result, err);
}
