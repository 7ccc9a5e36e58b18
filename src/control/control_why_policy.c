/* Why, as far as policies are it: the policy is asked again, and says which of its statements decided. */
#include <string.h>

#include "control/control.h"
#include "control/internal.h"
#include "speaker/policy_export.h"
#include "speaker/policy_run.h"
#include "speaker/validation.h"

static void describe(const struct policy_result *result, const char *direction, struct str *out)
{
    const char *whose = strcmp(result->target, POLICY_TARGET_GLOBAL) == 0 ? "the global" : "this neighbor's";
    if (result->policy == NULL)
        str_printf(out, "the default of %s %s policies rejects what none of them decides on", whose, direction);
    else
        str_printf(out, "%s %s policy %s, statement %s, rejects it", whose, direction, result->policy,
                   result->statement);
}

static void tell_validity(const struct speaker *speaker, const struct rib *rib, const struct prefix *prefix,
                          const struct rib_path *path, struct str *out)
{
    str_add(out, " (");
    validation_describe(speaker, prefix, validation_origin(speaker, rib, path->attrs), out);
    str_add(out, ")");
}

/* Policies may have asked about an accepted one, too. */
static void tell_accepted(struct control *control, struct rib *rib, const struct rib_path *path, struct why_path *why)
{
    struct policy_chain chain;
    struct policy_result result;
    struct peer *peer = speaker_peer_of(control->speaker, path->source);
    policy_chain_of(control->speaker, peer, POLICY_IMPORT, &chain);
    if ((path->flags & PATH_REJECT_MASK) != 0 || !policy_chain_asks_validity(&chain))
        return;
    policy_import_explain(control->speaker, speaker_table_of(control->speaker, rib), &why->view.prefix, path, &result);
    if (!result.asked_validity)
        return;
    size_t length = strlen(why->sentence);
    struct str out = str_over(why->sentence + length, sizeof(why->sentence) - length);
    tell_validity(control->speaker, rib, &why->view.prefix, path, &out);
}

void control_why_import_policy(struct control *control, struct rib *rib, const struct rib_path *path,
                               struct why_path *why)
{
    struct policy_result result;
    if ((path->flags & PATH_REJECT_MASK) >> PATH_REJECT_SHIFT != PATH_REJECT_POLICY) {
        tell_accepted(control, rib, path, why);
        return;
    }
    struct str out = str_over(why->sentence, sizeof(why->sentence));
    struct speaker_table *table = speaker_table_of(control->speaker, rib);
    policy_import_explain(control->speaker, table, &why->view.prefix, path, &result);
    str_add(&out, "rejected: ");
    if (result.action == POLICY_REJECT)
        describe(&result, "import", &out);
    else
        str_add(&out, "the import policy of before rejected it, today's is about to be asked");
    if (result.asked_validity)
        tell_validity(control->speaker, rib, &why->view.prefix, path, &out);
}

bool control_why_export_policy(const struct speaker *speaker, struct update_group *group, row_id row,
                               const struct rib_path *path, struct str *out)
{
    struct policy_result result;
    if (group->policy == NULL)
        return false;
    policy_export_explain(group->policy, row, path, &result);
    if (result.action != POLICY_REJECT)
        return false;
    describe(&result, "export", out);
    if (result.asked_validity) {
        struct prefix prefix;
        rib_row_prefix(group->rib, row, &prefix);
        tell_validity(speaker, group->rib, &prefix, path, out);
    }
    return true;
}
