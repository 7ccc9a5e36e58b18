/* See policy_export.h. The order is GoBGP's: who may be told (export_check), what every session of that kind is told
 * (export_attributes, but for the encoding), then the policy, which sees just that; last LOCAL_PREF goes again where it
 * may not go.
 */
#include "speaker/policy_export.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/memo.h"
#include "speaker/packer.h"
#include "speaker/policy_run.h"
#include "speaker/update_group.h"
#include "speaker/validation.h"

enum { VIEWPOINT_MAX = 1 << 20 };

/* Views ------------------------------------------------------------------------------------------------------------ */

void policy_views_init(struct policy_views *views)
{
    list_init(&views->list);
}

static void view_free(struct policy_view *view)
{
    list_remove(&view->link);
    buf_release(&view->viewpoint);
    mem_free(MEM_POLICY, view);
}

void policy_views_release(struct policy_views *views)
{
    list_foreach_safe (view, &views->list, struct policy_view, link) {
        view_free(view);
    }
}

static bool view_is(const struct policy_view *view, const struct policy_chain *chain, const struct buf *viewpoint)
{
    return view->chain.global == chain->global && policy_assignment_equal(view->chain.own, chain->own) &&
           view->viewpoint.length == viewpoint->length &&
           (viewpoint->length == 0 || memcmp(view->viewpoint.bytes, viewpoint->bytes, viewpoint->length) == 0);
}

void policy_views_purge(struct policy_views *views)
{
    list_foreach_safe (view, &views->list, struct policy_view, link) {
        if (view->refs == 0)
            view_free(view);
    }
}

/* The view of this neighbour. */
static struct policy_view *find_view(struct speaker *speaker, const struct policy_chain *chain,
                                     const struct addr *neighbor)
{
    struct policy_views *views = policy_run_views(speaker->policy);
    struct policy_view *found = NULL;
    struct buf viewpoint;
    buf_init(&viewpoint, VIEWPOINT_MAX);
    policy_chain_viewpoint(chain, neighbor, &viewpoint);
    list_foreach (view, &views->list, struct policy_view, link) {
        if (view_is(view, chain, &viewpoint))
            found = view;
    }
    if (found != NULL) {
        buf_release(&viewpoint);
        found->neighbor = *neighbor; /* sets may have changed: this one is in those it stands for */
        return found;
    }
    found = mem_zalloc(MEM_POLICY, sizeof(*found));
    *found = (struct policy_view){.speaker = speaker, .chain = *chain, .viewpoint = viewpoint, .neighbor = *neighbor};
    list_append(&views->list, &found->link);
    return found;
}

void policy_export_rules(const struct peer *peer, struct export_rules *rules)
{
    struct speaker *speaker = peer->speaker;
    struct policy_chain chain;
    policy_chain_of(speaker, peer, POLICY_EXPORT, &chain);
    rules->policy = NULL;
    rules->requires_policy =
        peer->kind == SOURCE_EXTERNAL && speaker->global.ebgp_requires_policy && policy_chain_is_silent(&chain);
    rules->default_export = policy_chain_default(&chain) == POLICY_REJECT ? DEFAULT_ACTION_REJECT : DEFAULT_ACTION_NONE;
    if (!policy_chain_has_policies(&chain))
        return;
    rules->default_export = DEFAULT_ACTION_NONE;
    /* An assignment that says nothing makes no difference. */
    if (policy_assignment_says_nothing(chain.own))
        chain.own = NULL;
    rules->policy = find_view(speaker, &chain, &peer->at.addr);
}

/* Whoever else has the same policies stands in for a neighbour that goes. */
void policy_views_forget(struct speaker *speaker, const struct peer *gone)
{
    const struct policy_assignment *own = gone->policies[POLICY_EXPORT];
    list_foreach (view, &policy_run_views(speaker->policy)->list, struct policy_view, link) {
        if (view->chain.own != own)
            continue;
        view->chain.own = NULL;
        list_foreach (peer, &speaker->peers, struct peer, link) {
            if (peer != gone && policy_assignment_equal(peer->policies[POLICY_EXPORT], own))
                view->chain.own = peer->policies[POLICY_EXPORT];
        }
    }
}

/* Groups ----------------------------------------------------------------------------------------------------------- */

struct policy_export {
    struct update_group *group;
    struct policy_view *view;
    struct policy_memo *memo;
    struct buf work, section, block;
    struct policy_facts facts;
    const struct rib_path *path;  /* being evaluated */
    struct policy_result *result; /* of the last evaluation; NULL: nobody asked */
};

struct policy_export *policy_export_new(struct update_group *group)
{
    if (group->rules.policy == NULL)
        return NULL;
    struct policy_export *export = mem_zalloc(MEM_GROUP, sizeof(*export));
    export->group = group;
    export->view = (struct policy_view *)group->rules.policy;
    export->view->refs++;
    export->memo = policy_memo_new(group->rib->attrs);
    buf_init(&export->work, 5 * ATTR_BLOCK_MAX);
    buf_init(&export->section, 2 * ATTR_BLOCK_MAX);
    buf_init(&export->block, 2 * ATTR_BLOCK_MAX);
    return export;
}

void policy_export_free(struct policy_export *export)
{
    if (export == NULL)
        return;
    export->view->refs--;
    policy_memo_free(export->memo);
    buf_release(&export->work);
    buf_release(&export->section);
    buf_release(&export->block);
    mem_free(MEM_GROUP, export);
}

bool policy_export_passes(const struct update_group *group, const struct policy_assignment *assignment)
{
    const struct policy_view *view = group->rules.policy;
    return view != NULL && (view->chain.global == assignment || view->chain.own == assignment);
}

bool policy_export_asks_validity(const struct update_group *group)
{
    const struct policy_view *view = group->rules.policy;
    return view != NULL && policy_chain_asks_validity(&view->chain);
}

/* What a path is rewritten in. */
struct rewriting {
    struct buf *work, *section, *block;
};

/* What every session of this kind is told, as a canonical block: with 4-octet AS numbers, and the next hop in NEXT_HOP
 * whatever the family. */
static void rewrite_path(const struct rib *rib, const struct export_rules *of, const struct rib_path *from,
                         const struct rewriting *in)
{
    struct export_rules rules = *of;
    struct export_path path;
    struct attr_edit edit;
    uint8_t next_hop[32];
    rules.four_octet_as = true;
    rules.policy = NULL;
    export_path_of(rib, from->attrs, from->source, &path);
    buf_clear(in->section);
    buf_clear(in->block);
    unsigned length = export_attributes(&rules, &path, in->work, in->section, next_hop);
    attr_edit_init(&edit, in->section->bytes, (uint32_t)in->section->length);
    attr_edit_set(&edit, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop, (uint16_t)length);
    attr_edit_finish(&edit, in->block);
}

static void rewrite(struct policy_export *export, struct attr_block *block)
{
    struct rewriting in = {.work = &export->work, .section = &export->section, .block = &export->block};
    rewrite_path(export->group->rib, &export->group->rules, export->path, &in);
    attr_block_of(export->block.bytes, (uint32_t) export->block.length, block);
}

enum export_reason policy_export_given(const struct rib *rib, const struct export_rules *rules,
                                       const struct rib_path *from, struct buf *given)
{
    struct export_rules silent = *rules;
    struct export_path path;
    struct buf work, section;
    silent.policy = NULL;
    silent.requires_policy = false;
    silent.default_export = DEFAULT_ACTION_NONE;
    export_path_of(rib, from->attrs, from->source, &path);
    enum export_reason reason = export_check(&silent, &path);
    if (reason != EXPORT_TOLD)
        return reason;
    buf_init(&work, 4 * ATTR_BLOCK_MAX);
    buf_init(&section, 2 * ATTR_BLOCK_MAX);
    rewrite_path(rib, rules, from, &(struct rewriting){.work = &work, .section = &section, .block = given});
    buf_release(&work);
    buf_release(&section);
    return EXPORT_TOLD;
}

void policy_export_facts(const struct rib *rib, const struct export_rules *rules, const struct rib_path *path,
                         struct policy_facts *facts)
{
    const struct attr_set *set = attr_get(rib->view, path->attrs);
    uint8_t kind = rib->sources[path->source].kind;
    struct addr link_local;
    facts->route_type = kind == SOURCE_LOCAL      ? ROUTE_TYPE_LOCAL
                        : kind == SOURCE_INTERNAL ? ROUTE_TYPE_INTERNAL
                                                  : ROUTE_TYPE_EXTERNAL;
    facts->family = rib->family;
    attr_block_next_hop(attr_bytes(rib->view, set), set->wire_length, &facts->old_next_hop, &link_local);
    if (rules == NULL)
        return;
    facts->confederation = rules->kind == SOURCE_CONFEDERATION;
    facts->self = rules->next_hop_ipv4.kind != ADDR_NONE ? rules->next_hop_ipv4 : rules->next_hop_ipv6;
}

/* LOCAL_PREF is for inside, whatever a policy says (RFC 4271 5.1.5). */
static attr_id finish(struct policy_export *export, const struct policy_result *result)
{
    struct update_group *group = export->group;
    struct attr_block block;
    struct attr_edit edit;
    attr_edit_init(&edit, result->attrs, result->length);
    if (group->rules.kind == SOURCE_EXTERNAL && !group->rules.route_server_client)
        attr_edit_remove(&edit, ATTR_LOCAL_PREF);
    buf_clear(&export->section);
    attr_edit_finish(&edit, &export->section);
    attr_block_of(export->section.bytes, (uint32_t) export->section.length, &block);
    return attr_store_intern(group->rib->attrs, &block, 0);
}

static attr_id evaluate(void *context, struct policy_trace *trace)
{
    struct policy_export *export = context;
    struct update_group *group = export->group;
    struct attr_block block;
    struct policy_result result;
    rewrite(export, &block);
    policy_export_facts(group->rib, &group->rules, export->path, &export->facts);
    export->facts.neighbor = export->view->neighbor;
    policy_evaluate(policy_run_scratch(export->view->speaker->policy), &export->view->chain, &export->facts, &block,
                    trace, &result);
    if (export->result != NULL)
        *export->result = result;
    if (result.action != POLICY_ACCEPT)
        return 0;
    attr_id made = finish(export, &result);
    if (made != 0 && !packer_fits(group->packer, &group->rules, made, export->path->source)) {
        attr_store_unref(group->rib->attrs, made, 1);
        return 0;
    }
    return made;
}

static void prepare(struct policy_export *export, const struct prefix *prefix, const struct rib_path *path)
{
    const struct speaker *speaker = export->view->speaker;
    export->path = path;
    export->facts = (struct policy_facts){.prefix = prefix};
    validation_facts(speaker, validation_origin(speaker, export->group->rib, path->attrs), &export->facts);
}

enum export_reason policy_export_path(struct policy_export *export, row_id row, const struct rib_path *path,
                                      attr_id *attrs)
{
    struct policy_run *run = export->view->speaker->policy;
    struct prefix prefix;
    /* What is collected already names sets of the memo. */
    if (policy_memo_is_stale(export->memo, policy_run_table(run))) {
        update_group_flush(export->group);
        policy_memo_clear(export->memo);
    }
    rib_row_prefix(export->group->rib, row, &prefix);
    prepare(export, &prefix, path);
    struct policy_lookup lookup = {
        .table = policy_run_table(run),
        .facts = &export->facts,
        .attrs = path->attrs,
        .source = path->source,
        .trace = policy_run_trace(run),
        .evaluate = evaluate,
        .context = export,
    };
    *attrs = policy_memo_get(export->memo, &lookup);
    return *attrs != 0 ? EXPORT_TOLD : EXPORT_POLICY;
}

void policy_export_explain(struct policy_export *export, row_id row, const struct rib_path *path,
                           struct policy_result *result)
{
    struct prefix prefix;
    rib_row_prefix(export->group->rib, row, &prefix);
    prepare(export, &prefix, path);
    export->result = result;
    attr_id made = evaluate(export, NULL);
    export->result = NULL;
    if (made != 0)
        attr_store_unref(export->group->rib->attrs, made, 1);
}
