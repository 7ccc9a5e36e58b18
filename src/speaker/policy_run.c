/* See policy_run.h. Here: chains, and import. */
#include "speaker/policy_run.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/policy_table.h"
#include "speaker/events.h"
#include "speaker/import.h"
#include "speaker/long_lived.h"
#include "speaker/policy_export.h"
#include "speaker/validation.h"

/* One source's routes on their way into one table. */
struct importing {
    struct speaker *speaker;
    struct speaker_table *table;
    struct peer *peer; /* NULL: our own routes */
    struct policy_chain chain;
    struct policy_facts facts;
    source_id source;
    attr_id attrs; /* to be evaluated */
};

struct policy_run {
    struct policy_table *table;
    struct policy_assignment *global[POLICY_EXPORT + 1]; /* by direction */
    struct policy_scratch *scratch;
    struct policy_trace trace;
    struct policy_views views;
};

struct policy_run *policy_run_new(void)
{
    struct policy_run *run = mem_zalloc(MEM_POLICY, sizeof(*run));
    run->table = policy_table_new();
    run->global[POLICY_IMPORT] = policy_assignment(run->table, POLICY_TARGET_GLOBAL, POLICY_IMPORT);
    run->global[POLICY_EXPORT] = policy_assignment(run->table, POLICY_TARGET_GLOBAL, POLICY_EXPORT);
    run->scratch = policy_scratch_new();
    policy_views_init(&run->views);
    return run;
}

void policy_run_free(struct policy_run *run)
{
    if (run == NULL)
        return;
    policy_views_release(&run->views);
    policy_scratch_free(run->scratch);
    policy_table_free(run->table);
    mem_free(MEM_POLICY, run);
}

struct policy_table *policy_run_table(struct policy_run *run)
{
    return run->table;
}

struct policy_scratch *policy_run_scratch(struct policy_run *run)
{
    return run->scratch;
}

struct policy_trace *policy_run_trace(struct policy_run *run)
{
    return &run->trace;
}

struct policy_views *policy_run_views(struct policy_run *run)
{
    return &run->views;
}

/* Chains ----------------------------------------------------------------------------------------------------------- */

void policy_chain_of(struct speaker *speaker, const struct peer *peer, enum policy_direction direction,
                     struct policy_chain *chain)
{
    *chain = (struct policy_chain){0};
    if (peer == NULL || !peer->config.peer.route_server_client)
        chain->global = speaker->policy->global[direction];
    if (peer != NULL)
        chain->own = peer->policies[direction];
}

/* Without the policies, if they do not exist: a file is applied when they do, an API client may have got it wrong. */
static int assign(struct speaker *speaker, struct assignment_spec *spec, struct err *err)
{
    int result = policy_assign_exactly(speaker->policy->table, spec, err);
    if (result == 0)
        return 0;
    spec->policy_count = 0;
    policy_assign_exactly(speaker->policy->table, spec, NULL);
    return result;
}

static int configure(struct speaker *speaker, const char *target, const struct apply_policy_config *config,
                     struct err *err)
{
    const char *names[CONFIG_POLICIES_MAX];
    struct assignment_spec spec = {.target = target, .direction = POLICY_IMPORT, .policies = names};
    for (unsigned i = 0; i < config->import_count; i++)
        names[i] = config->import_policies[i];
    spec.policy_count = config->import_count;
    spec.default_action = (enum policy_action)config->default_import;
    int result = assign(speaker, &spec, err);
    for (unsigned i = 0; i < config->export_count; i++)
        names[i] = config->export_policies[i];
    spec.policy_count = config->export_count;
    spec.default_action = (enum policy_action)config->default_export;
    spec.direction = POLICY_EXPORT;
    int other = assign(speaker, &spec, result == 0 ? err : NULL);
    return result < 0 ? result : other;
}

const char *policy_run_target(const struct peer *peer)
{
    return policy_assignment_target(peer->policies[POLICY_IMPORT]);
}

int policy_run_configure(struct peer *peer, struct err *err)
{
    char text[ADDR_TEXT_MAX];
    struct policy_table *table = peer->speaker->policy->table;
    if (peer->policies[POLICY_IMPORT] == NULL) {
        /* By the name it has now: an unnumbered neighbour gets an address when it is found. */
        const char *name = peer_name(peer, text);
        peer->policies[POLICY_IMPORT] = policy_assignment(table, name, POLICY_IMPORT);
        peer->policies[POLICY_EXPORT] = policy_assignment(table, name, POLICY_EXPORT);
    }
    return configure(peer->speaker, policy_run_target(peer), &peer->config.peer.apply_policy, err);
}

int policy_run_configure_global(struct speaker *speaker, struct err *err)
{
    return configure(speaker, POLICY_TARGET_GLOBAL, &speaker->global.apply_policy, err);
}

void policy_run_forget(struct peer *peer)
{
    char name[POLICY_NAME_MAX];
    struct str str = str_over(name, sizeof(name));
    if (peer->policies[POLICY_IMPORT] == NULL)
        return;
    policy_views_forget(peer->speaker, peer);
    str_add(&str, policy_run_target(peer)); /* goes with what is forgotten */
    policy_target_forget(peer->speaker->policy->table, name);
    peer->policies[POLICY_IMPORT] = peer->policies[POLICY_EXPORT] = NULL;
}

/* Import ----------------------------------------------------------------------------------------------------------- */

enum path_reject policy_import_default(const struct peer *peer)
{
    struct policy_chain chain;
    policy_chain_of(peer->speaker, peer, POLICY_IMPORT, &chain);
    if (policy_chain_has_policies(&chain))
        return PATH_ACCEPTED;
    if (policy_chain_is_silent(&chain) && peer->kind == SOURCE_EXTERNAL && peer->speaker->global.ebgp_requires_policy)
        return PATH_REJECT_NO_POLICY;
    return policy_chain_default(&chain) == POLICY_REJECT ? PATH_REJECT_POLICY : PATH_ACCEPTED;
}

bool policy_import_has_policies(const struct peer *peer)
{
    struct policy_chain chain;
    policy_chain_of(peer->speaker, peer, POLICY_IMPORT, &chain);
    return policy_chain_has_policies(&chain);
}

void policy_import_facts(const struct peer *peer, struct policy_facts *facts)
{
    facts->route_type = ROUTE_TYPE_LOCAL;
    if (peer == NULL)
        return;
    facts->route_type = peer->ibgp ? ROUTE_TYPE_INTERNAL : ROUTE_TYPE_EXTERNAL;
    facts->confederation = peer->kind == SOURCE_CONFEDERATION;
    facts->neighbor = peer->at.addr;
    facts->self = peer->local.addr;
}

static void begin(struct importing *importing, struct speaker *speaker, struct speaker_table *table, source_id source)
{
    struct peer *peer = speaker_peer_of(speaker, source);
    *importing = (struct importing){.speaker = speaker, .table = table, .peer = peer, .source = source};
    policy_chain_of(speaker, peer, POLICY_IMPORT, &importing->chain);
    importing->facts = (struct policy_facts){.family = table->family};
    policy_import_facts(peer, &importing->facts);
}

static attr_id evaluate(void *context, struct policy_trace *trace)
{
    struct importing *importing = context;
    struct rib *rib = importing->table->rib;
    const struct attr_set *set = attr_get(rib->view, importing->attrs);
    struct attr_block block;
    struct policy_result result;
    attr_block_of(attr_bytes(rib->view, set), set->wire_length, &block);
    policy_evaluate(importing->speaker->policy->scratch, &importing->chain, &importing->facts, &block, trace, &result);
    if (result.action != POLICY_ACCEPT)
        return 0;
    if (!result.changed) {
        attr_store_ref(rib->attrs, importing->attrs, 1);
        return importing->attrs;
    }
    attr_block_of(result.attrs, result.length, &block);
    return attr_store_intern(rib->attrs, &block, set->pre);
}

/* What becomes of a route: a set of the memo's, or 0. */
static attr_id pass(struct importing *importing, const struct prefix *prefix)
{
    struct speaker_table *table = importing->table;
    struct policy_run *run = importing->speaker->policy;
    if (table->import_memo == NULL)
        table->import_memo = policy_memo_new(table->rib->attrs);
    if (policy_memo_is_stale(table->import_memo, run->table))
        policy_memo_clear(table->import_memo);
    importing->facts.prefix = prefix;
    validation_facts(importing->speaker, validation_origin(importing->speaker, table->rib, importing->attrs),
                     &importing->facts);
    struct policy_lookup lookup = {
        .table = run->table,
        .facts = &importing->facts,
        .attrs = importing->attrs,
        .source = importing->source,
        .trace = &run->trace,
        .evaluate = evaluate,
        .context = importing,
    };
    return policy_memo_get(table->import_memo, &lookup);
}

static void apply_part(struct speaker_table *table, const struct rib_update *change, attr_id attrs,
                       struct rib_update *part)
{
    if (part->nlri_length == 0)
        return;
    part->attrs = attrs != 0 ? attrs : change->attrs;
    part->reject = attrs != 0 ? PATH_ACCEPTED : PATH_REJECT_POLICY;
    rib_apply(table->rib, part);
}

void policy_import_apply(struct peer *peer, struct speaker_table *table, struct rib_update *change)
{
    struct importing importing;
    struct rib_update part = *change;
    struct cursor cursor = cursor_of(change->nlri, change->nlri_length);
    struct nlri nlri;
    attr_id before = 0;
    begin(&importing, peer->speaker, table, peer->source);
    importing.attrs = change->attrs;
    if (!policy_chain_asks_prefix(&importing.chain)) {
        struct prefix any = {.addr.kind = table->rib->kind};
        apply_part(table, change, pass(&importing, &any), &part);
        return;
    }
    /* As long as the outcome is the same the run goes on; neighbouring prefixes mostly are treated alike. The set
     * before is held, since the memo may be cleared on the way. */
    part.nlri_length = 0;
    for (const uint8_t *at = cursor.at; nlri_next(&cursor, table->rib->kind, change->add_path, &nlri); at = cursor.at) {
        attr_id attrs = pass(&importing, &nlri.prefix);
        if (attrs != before || part.nlri_length == 0) {
            apply_part(table, change, before, &part);
            if (attrs != 0)
                attr_store_ref(table->rib->attrs, attrs, 1);
            if (before != 0)
                attr_store_unref(table->rib->attrs, before, 1);
            before = attrs;
            part.nlri = at;
            part.nlri_length = 0;
        }
        part.nlri_length += (uint32_t)(cursor.at - at);
    }
    apply_part(table, change, before, &part);
    if (before != 0)
        attr_store_unref(table->rib->attrs, before, 1);
}

static attr_id import_own(struct importing *importing, const struct prefix *prefix, attr_id attrs,
                          enum path_reject *reject)
{
    attr_id made = 0;
    importing->attrs = attrs;
    if (policy_chain_has_policies(&importing->chain))
        made = pass(importing, prefix);
    else if (policy_chain_default(&importing->chain) == POLICY_ACCEPT)
        made = attrs;
    *reject = made != 0 ? PATH_ACCEPTED : PATH_REJECT_POLICY;
    made = made != 0 ? made : attrs;
    attr_store_ref(importing->table->rib->attrs, made, 1);
    return made;
}

attr_id policy_import_local(struct speaker *speaker, struct speaker_table *table, const struct prefix *prefix,
                            attr_id attrs, enum path_reject *reject)
{
    struct importing importing;
    begin(&importing, speaker, table, RIB_SOURCE_LOCAL);
    return import_own(&importing, prefix, attrs, reject);
}

/* Looking again ---------------------------------------------------------------------------------------------------- */

static attr_id import_received(struct importing *importing, const struct prefix *prefix, attr_id received,
                               enum path_reject *reject)
{
    struct rib *rib = importing->table->rib;
    const struct attr_set *set = attr_get(rib->view, received);
    *reject = import_judge(importing->peer, attr_bytes(rib->view, set), set->wire_length, set->facts);
    attr_id imported = importing->attrs = import_attributes(importing->peer, rib, received);
    if (imported == 0 || *reject != PATH_ACCEPTED || !policy_chain_has_policies(&importing->chain))
        return imported;
    attr_id made = pass(importing, prefix);
    if (made == 0) {
        *reject = PATH_REJECT_POLICY;
        return imported;
    }
    attr_store_ref(rib->attrs, made, 1);
    attr_store_unref(rib->attrs, imported, 1);
    return made;
}

static void tell_judged(const struct importing *importing, const struct prefix *prefix, const struct rib_path *path,
                        attr_id attrs, enum path_reject reject)
{
    struct path_event event = {
        .rib = importing->table->rib, .prefix = *prefix, .path = *path, .withdraw = reject != PATH_ACCEPTED};
    event.path.attrs = attrs;
    events_judged(importing->speaker, &event);
}

static void import_again(struct importing *importing, row_id row, uint32_t index, const struct rib_path *path)
{
    struct rib *rib = importing->table->rib;
    struct prefix prefix;
    const struct attr_set *now = attr_get(rib->view, path->attrs);
    const struct attr_set *received = attr_get(rib->view, now->pre);
    bool was_marked = (now->facts & ~received->facts) & ATTR_LLGR_STALE;
    enum path_reject reject;
    rib_row_prefix(rib, row, &prefix);
    attr_id made = importing->peer != NULL ? import_received(importing, &prefix, now->pre, &reject)
                                           : import_own(importing, &prefix, now->pre, &reject);
    /* One kept beyond its neighbour's time is not to come back to life by this. */
    if (made != 0 && was_marked) {
        attr_id unmarked = made;
        made = long_lived_attrs(rib, unmarked);
        attr_store_unref(rib->attrs, unmarked, 1);
    }
    if (made == 0)
        return;
    rib_set_attrs(rib, row, index, made);
    rib_set_reject(rib, row, index, reject);
    if (importing->peer != NULL &&
        (made != path->attrs || reject != (path->flags & PATH_REJECT_MASK) >> PATH_REJECT_SHIFT))
        tell_judged(importing, &prefix, path, made, reject);
    attr_store_unref(rib->attrs, made, 1);
}

void policy_import_row(struct speaker *speaker, struct speaker_table *table, row_id row, source_id source)
{
    struct importing importing = {.source = RIB_SOURCE_NONE};
    struct rib *rib = table->rib;
    for (uint32_t i = 0; i < rib_row_path_count(rib, row); i++) {
        struct rib_path path;
        rib_row_path(rib, row, i, &path);
        if (source != RIB_SOURCE_NONE && path.source != source)
            continue;
        if (path.source != importing.source)
            begin(&importing, speaker, table, path.source);
        if (importing.peer != NULL || path.source == RIB_SOURCE_LOCAL)
            import_again(&importing, row, i, &path);
    }
}

void policy_import_explain(struct speaker *speaker, struct speaker_table *table, const struct prefix *prefix,
                           const struct rib_path *path, struct policy_result *result)
{
    struct importing importing;
    struct rib *rib = table->rib;
    struct attr_block block;
    begin(&importing, speaker, table, path->source);
    attr_id received = attr_get(rib->view, path->attrs)->pre;
    attr_id imported = importing.peer != NULL ? import_attributes(importing.peer, rib, received) : 0;
    const struct attr_set *set = attr_get(rib->view, imported != 0 ? imported : received);
    attr_block_of(attr_bytes(rib->view, set), set->wire_length, &block);
    importing.facts.prefix = prefix;
    validation_facts(speaker, validation_origin(speaker, rib, imported != 0 ? imported : received), &importing.facts);
    policy_evaluate(speaker->policy->scratch, &importing.chain, &importing.facts, &block, NULL, result);
    if (imported != 0)
        attr_store_unref(rib->attrs, imported, 1);
}
