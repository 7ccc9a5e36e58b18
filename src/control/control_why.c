/* Why: which path won, at which step, and whether a peer is told it. The same functions that decide are asked, so the
 * answer cannot disagree with what happens.
 */
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "control/control.h"
#include "control/internal.h"

struct why_answer {
    struct why why;
    struct why_path *paths;
    struct buf told_bytes;
};

void why_answer_free(struct why_answer *answer)
{
    if (answer == NULL)
        return;
    buf_release(&answer->told_bytes);
    mem_free(MEM_OTHER, answer->paths);
    mem_free(MEM_OTHER, answer);
}

/* What a step compared, in words, from the side of `self`, which won or lost against `other`. */
static void say_step(enum decision_step step, const struct decision_path *self, const struct decision_path *other,
                     bool won, struct str *out)
{
    static const char *const origins[] = {"IGP", "EGP", "INCOMPLETE"};
    const char *whom = won ? "the next best" : "the best one";
    char self_address[ADDR_TEXT_MAX], other_address[ADDR_TEXT_MAX];
    struct attr_block mine, others;
    attr_block_of(self->attrs, self->set->wire_length, &mine);
    attr_block_of(other->attrs, other->set->wire_length, &others);
    switch (step) {
    case DECISION_LLGR_STALE:
        str_printf(out, "%s carries LLGR_STALE", won ? whom : "it");
        break;
    case DECISION_LOCAL_PREF:
        str_printf(out, "LOCAL_PREF %u, %s has %u", mine.summary.local_pref, whom, others.summary.local_pref);
        break;
    case DECISION_LOCAL_ORIGIN:
        str_printf(out, "%s is %s", whom, won ? "from a neighbor" : "originated here");
        break;
    case DECISION_AS_PATH_LENGTH:
        str_printf(out, "AS_PATH is %u long, that of %s %u", mine.summary.path_length, whom,
                   others.summary.path_length);
        break;
    case DECISION_ORIGIN:
        str_printf(out, "ORIGIN %s, %s has %s", origins[mine.summary.origin % 3], whom,
                   origins[others.summary.origin % 3]);
        break;
    case DECISION_MED:
        str_printf(out, "MED %u, %s has %u", mine.summary.med, whom, others.summary.med);
        if (mine.summary.neighbor_as == others.summary.neighbor_as)
            str_printf(out, ", both from AS %u", mine.summary.neighbor_as);
        break;
    case DECISION_EXTERNAL:
        str_printf(out, "%s is %s", whom, won ? "internal" : "external");
        break;
    case DECISION_IGP_METRIC:
        str_printf(out, "its next hop is at metric %u, that of %s at %u", self->igp_metric, whom, other->igp_metric);
        break;
    case DECISION_AGE:
        str_printf(out, "%s is %s", whom, won ? "younger" : "older");
        break;
    case DECISION_ROUTER_ID:
        str_printf(out, "its router id (or ORIGINATOR_ID) is %s than that of %s", won ? "lower" : "higher", whom);
        break;
    case DECISION_CLUSTER_LIST:
        str_printf(out, "its CLUSTER_LIST is %s than that of %s", won ? "shorter" : "longer", whom);
        break;
    case DECISION_NEIGHBOR_ADDRESS:
        str_printf(out, "%s, %s is from %s", addr_format(self->peer, self_address), whom,
                   addr_format(other->peer, other_address));
        break;
    default:
        str_printf(out, "path id %u, %s has %u", self->path_id, whom, other->path_id);
        break;
    }
}

struct gathered {
    struct rib_path *paths; /* best first, the rejected last */
    size_t count;
    size_t eligible;
};

static void gather(struct rib *rib, row_id row, struct gathered *gathered)
{
    uint32_t all = rib_row_path_count(rib, row);
    struct rib_path *paths = mem_alloc(MEM_OTHER, (all + 1) * sizeof(*paths));
    size_t eligible = 0, behind = all;
    for (uint32_t i = 0; i < all; i++) {
        struct rib_path path;
        rib_row_path(rib, row, i, &path);
        if (rib_path_eligible(&path))
            paths[eligible++] = path;
        else
            paths[--behind] = path;
    }
    control_sort_paths(rib, paths, eligible);
    *gathered = (struct gathered){.paths = paths, .count = all, .eligible = eligible};
}

static void explain_rejected(struct speaker *speaker, struct rib *rib, const struct rib_path *path,
                             struct why_path *why)
{
    enum path_reject reject = (path->flags & PATH_REJECT_MASK) >> PATH_REJECT_SHIFT;
    const struct attr_set *set = attr_get(rib->view, path->attrs);
    struct addr next_hop, link_local;
    char text[ADDR_TEXT_MAX];
    struct str out = str_over(why->sentence, sizeof(why->sentence));
    why->step = decision_step_name(DECISION_NOT_ELIGIBLE);
    if (reject != PATH_ACCEPTED) {
        str_printf(&out, "rejected: %s", path_reject_text(reject));
        return;
    }
    attr_block_next_hop(attr_bytes(rib->view, set), set->wire_length, &next_hop, &link_local);
    str_printf(&out, "its next hop %s cannot be reached: %s", addr_format(&next_hop, text),
               next_hop_tracking_why(speaker, &next_hop));
}

/* The best against the next, every other against the best. */
static void explain_path(struct speaker *speaker, struct rib *rib, const struct gathered *gathered, size_t index,
                         struct why_path *why)
{
    struct decision_path best, other;
    enum decision_step step;
    struct str out = str_over(why->sentence, sizeof(why->sentence));
    if (index >= gathered->eligible) {
        explain_rejected(speaker, rib, &gathered->paths[index], why);
        return;
    }
    if (gathered->eligible == 1) {
        why->step = decision_step_name(DECISION_ONLY_PATH);
        str_add(&out, "no other path is eligible");
        return;
    }
    rib_decision_path(rib, &gathered->paths[0], 0, &best);
    rib_decision_path(rib, &gathered->paths[index ? index : 1], 1, &other);
    if (decision_compare(&rib->options.decision, &best, &other, &step) > 0)
        step = DECISION_MED; /* beaten by a third path of its neighbour AS, which MED put first */
    why->step = decision_step_name(step);
    if (index == 0)
        say_step(step, &best, &other, true, &out);
    else
        say_step(step, &other, &best, false, &out);
}

/* About the best path; a route server client may be told the next one, but was not. */
static enum export_reason why_not_told(struct rib *rib, row_id row, const struct gathered *gathered,
                                       const struct peer *peer, struct update_group *group)
{
    struct export_path path;
    if (gathered->eligible == 0)
        return EXPORT_NO_BEST;
    if (gathered->paths[0].source == peer->source)
        return EXPORT_OWN;
    enum export_reason reason = update_group_check(group, row, &gathered->paths[0]);
    if (reason != EXPORT_TOLD || !group->rules.route_server_client)
        return reason;
    export_path_of(rib, gathered->paths[0].attrs, gathered->paths[0].source, &path);
    return export_check_client(&group->rules, &path, peer->negotiated.peer_as);
}

static void explain_told(struct control *control, struct rib *rib, row_id row, const struct gathered *gathered,
                         const struct peer *peer, struct why_answer *answer)
{
    struct why_told *told = &answer->why.told;
    struct str out = str_over(told->sentence, sizeof(told->sentence));
    const struct outbox *outbox = peer->families[rib->family].outbox;
    struct told_path sent;
    answer->why.asked_peer = true;
    if (!peer->established) {
        str_printf(&out, "the session is not established (%s)", session_state_name(peer_session_state(peer)));
        return;
    }
    if (outbox == NULL) {
        str_printf(&out, "%s was not negotiated with this peer", family_get(rib->family)->config_name);
        return;
    }
    if (outbox->group->rib != rib) {
        str_add(&out, "route server clients are told what other clients announced, everybody else the rest");
        return;
    }
    if (update_group_told(outbox->group, outbox, row, &sent, 1) == 1) {
        told->told = true;
        str_printf(&out, "in update group %u", outbox->group->id);
        control_view_told(control, outbox->group, &answer->why.prefix, &sent, &answer->told_bytes, &told->sent);
        return;
    }
    enum export_reason reason = why_not_told(rib, row, gathered, peer, outbox->group);
    if (reason == EXPORT_TOLD)
        str_add(&out, "not yet: it is waiting to be sent");
    else if (reason != EXPORT_POLICY ||
             !control_why_export_policy(peer->speaker, outbox->group, row, &gathered->paths[0], &out))
        str_printf(&out, "%s", export_reason_text(reason));
}

static row_id find_in(const struct speaker_table *table, const struct why_query *query)
{
    if (table == NULL)
        return 0;
    row_id row = query->longest_match
                     ? prefix_longest_match(table->rib->prefixes, query->prefix.addr.bytes, query->prefix.length)
                     : rib_find(table->rib, &query->prefix);
    return row != 0 && rib_row_path_count(table->rib, row) > 0 ? row : 0;
}

/* The row asked about and its table, or 0 with the reason. It is looked for where the peer's routes are first, then
 * in the other world: what route server clients announced, or what everybody else did. */
static row_id find_row(struct control *control, const struct why_query *query, const struct peer *peer,
                       struct rib **rib, struct err *err)
{
    char text[PREFIX_TEXT_MAX];
    struct speaker_table *table = speaker_table(control->speaker, query->family);
    if (table == NULL) {
        err_set(err, E_UNSUPPORTED, "address family: %s not supported",
                query->family < FAMILY_COUNT ? family_get(query->family)->config_name : "unknown");
        return 0;
    }
    struct speaker_table *other = speaker_client_table(control->speaker, query->family);
    if (peer != NULL && peer->is_client) {
        other = table;
        table = peer_table(peer, query->family);
    }
    if (find_in(table, query) == 0)
        table = other;
    row_id row = find_in(table, query);
    if (row == 0)
        err_set(err, E_NOT_FOUND, "%s: no route", prefix_format(&query->prefix, text));
    else
        *rib = table->rib;
    return row;
}

int control_why(struct control *control, const struct why_query *query, const struct why **why, struct err *err)
{
    const struct peer *peer = NULL;
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (query->to_peer != NULL && (peer = control_need_peer(control, query->to_peer, err)) == NULL)
        return E_NOT_FOUND;
    struct rib *rib;
    row_id row = find_row(control, query, peer, &rib, err);
    if (row == 0)
        return E_NOT_FOUND;
    why_answer_free(control->why);
    struct why_answer *answer = control->why = mem_zalloc(MEM_OTHER, sizeof(*answer));
    struct gathered gathered;
    gather(rib, row, &gathered);
    buf_init(&answer->told_bytes, 2 * ATTR_BLOCK_MAX);
    rib_row_prefix(rib, row, &answer->why.prefix);
    answer->paths = mem_zalloc(MEM_OTHER, gathered.count * sizeof(*answer->paths));
    for (size_t i = 0; i < gathered.count; i++) {
        control_view_path(control, rib, &answer->why.prefix, &gathered.paths[i], gathered.paths[i].attrs,
                          &answer->paths[i].view);
        answer->paths[i].view.best = i == 0 && gathered.eligible > 0;
        explain_path(control->speaker, rib, &gathered, i, &answer->paths[i]);
        control_why_import_policy(control, rib, &gathered.paths[i], &answer->paths[i]);
    }
    answer->why.paths = answer->paths;
    answer->why.path_count = gathered.count;
    if (peer != NULL)
        explain_told(control, rib, row, &gathered, peer, answer);
    mem_free(MEM_OTHER, gathered.paths);
    *why = &answer->why;
    return E_OK;
}

/* Groups ----------------------------------------------------------------------------------------------------------- */

static const struct update_group *largest_other(const struct speaker_table *table, const struct update_group *than)
{
    const struct update_group *largest = NULL;
    list_foreach (group, &table->groups, struct update_group, link) {
        if (group != than && (largest == NULL || group->member_count > largest->member_count))
            largest = group;
    }
    return largest;
}

static void describe_difference(const struct speaker_table *table, const struct update_group *group, struct str *out)
{
    const struct update_group *other = largest_other(table, group);
    if (other == NULL)
        return;
    str_printf(out, "from group %u: ", other->id);
    export_rules_difference(&group->rules, &other->rules, out);
}

static void show_group(struct control *control, const struct speaker_table *table, const struct update_group *group,
                       void (*show)(void *context, const struct group_view *view), void *context)
{
    char key[512], difference[256];
    struct str words = str_over(key, sizeof(key));
    struct str other = str_over(difference, sizeof(difference));
    struct addr *members = mem_alloc(MEM_OTHER, (group->member_count + 1) * sizeof(*members));
    struct group_view view = {.id = group->id,
                              .family = table->family,
                              .key = key,
                              .members = members,
                              .advertised = group->advertised,
                              .difference = difference};
    export_rules_describe(&group->rules, &words);
    describe_difference(table, group, &other);
    list_foreach (outbox, &group->members, struct outbox, link) {
        uint64_t backlog = outbox_backlog(outbox);
        members[view.member_count++] = speaker_peer_of(control->speaker, outbox->self)->at.addr;
        view.backlog_bytes = backlog > view.backlog_bytes ? backlog : view.backlog_bytes;
        view.members_behind += outbox->behind || outbox->catch_up != NULL;
    }
    show(context, &view);
    mem_free(MEM_OTHER, members);
}

size_t control_group_list(struct control *control, void (*show)(void *context, const struct group_view *view),
                          void *context)
{
    size_t count = 0;
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        struct speaker_table *table = &control->speaker->tables[i];
        if (table->rib == NULL)
            continue;
        list_foreach (group, &table->groups, struct update_group, link) {
            show_group(control, table, group, show, context);
            count++;
        }
    }
    return count;
}
