/* apipb.ApplyPolicy: names of policies and the default actions. */
#include "api/convert.h"

static int assignment_from_api(const Apipb__PolicyAssignment *from, char names[][CONFIG_NAME_MAX], uint8_t *count,
                               uint8_t *default_action, struct err *err)
{
    if (!from)
        return 0;
    if (from->n_policies > CONFIG_POLICIES_MAX)
        return err_set(err, E_LIMIT, "more than %d policies", CONFIG_POLICIES_MAX);
    for (size_t i = 0; i < from->n_policies; i++) {
        if (copy_text(from->policies[i]->name, names[i], CONFIG_NAME_MAX, "a policy's name", err) < 0)
            return E_LIMIT;
    }
    *count = (uint8_t)from->n_policies;
    *default_action = (uint8_t)from->default_action;
    return 0;
}

int apply_policy_from_api(const Apipb__ApplyPolicy *from, struct apply_policy_config *to, struct err *err)
{
    if (!from)
        return 0;
    int result =
        assignment_from_api(from->import_policy, to->import_policies, &to->import_count, &to->default_import, err);
    if (result == 0)
        result =
            assignment_from_api(from->export_policy, to->export_policies, &to->export_count, &to->default_export, err);
    return result;
}

static Apipb__PolicyAssignment *assignment_to_api(struct arena *arena, const char names[][CONFIG_NAME_MAX],
                                                  uint8_t count, uint8_t default_action)
{
    Apipb__PolicyAssignment *to = MESSAGE_NEW(arena, Apipb__PolicyAssignment, apipb__policy_assignment__init);
    to->default_action = (Apipb__RouteAction)default_action;
    to->n_policies = count;
    to->policies = arena_alloc(arena, (count + 1u) * sizeof(*to->policies));
    for (unsigned i = 0; i < count; i++) {
        to->policies[i] = MESSAGE_NEW(arena, Apipb__Policy, apipb__policy__init);
        to->policies[i]->name = arena_strdup(arena, names[i]);
    }
    return to;
}

Apipb__ApplyPolicy *apply_policy_to_api(struct arena *arena, const struct apply_policy_config *from)
{
    Apipb__ApplyPolicy *to = MESSAGE_NEW(arena, Apipb__ApplyPolicy, apipb__apply_policy__init);
    to->import_policy = assignment_to_api(arena, from->import_policies, from->import_count, from->default_import);
    to->import_policy->direction = APIPB__POLICY_DIRECTION__IMPORT;
    to->export_policy = assignment_to_api(arena, from->export_policies, from->export_count, from->default_export);
    to->export_policy->direction = APIPB__POLICY_DIRECTION__EXPORT;
    return to;
}
