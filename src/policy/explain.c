/* See explain.h. A condition is put into words from what was said in the statement, not from what was compiled: the
 * words are those an operator would type. */
#include "policy/explain.h"

#include <inttypes.h>

#include "net/bgp.h"
#include "base/check.h"
#include "base/str.h"
#include "policy/internal.h"

static const char *const set_words[SET_TYPE_COUNT] = {
    [SET_PREFIX] = "prefix",       [SET_NEIGHBOR] = "neighbor",           [SET_AS_PATH] = "as-path",
    [SET_COMMUNITY] = "community", [SET_EXT_COMMUNITY] = "ext-community", [SET_LARGE_COMMUNITY] = "large-community",
};

static const char *const option_words[] = {"any", "all", "invert"};
static const char *const comparison_words[] = {"eq", "ge", "le"};
static const char *const rpki_words[] = {"none", "not-found", "valid", "invalid"};
static const char *const route_type_words[] = {"none", "internal", "external", "local"};

static void say_set(struct str *str, const struct condition *condition)
{
    str_printf(str, "%s %s %s", set_words[condition->kind->set_type], condition->set->head.name,
               option_words[condition->option]);
}

static void say_comparison(struct str *str, const char *word, const struct compare_number *number)
{
    str_printf(str, "%s %" PRIu32 " %s", word, number->value, comparison_words[number->comparison]);
}

static void say_families(struct str *str, family_set families)
{
    str_add(str, "afi-safi-in");
    for (unsigned id = 0; id < FAMILY_COUNT; id++) {
        if (families >> id & 1)
            str_printf(str, " %s", family_get(id)->config_name);
    }
}

static void say_next_hops(struct str *str, const struct conditions_spec *said)
{
    str_add(str, "next-hop-in-list");
    for (size_t i = 0; i < said->next_hop_count; i++)
        str_printf(str, " %s", said->next_hops[i]);
}

static void say_condition(struct str *str, const struct condition *condition, const struct conditions_spec *said)
{
    size_t offset = condition->kind->offset;
    if (condition->set != NULL)
        say_set(str, condition);
    else if (offset == offsetof(struct conditions_spec, as_path_length))
        say_comparison(str, "as-path-length", &said->as_path_length);
    else if (offset == offsetof(struct conditions_spec, community_count))
        say_comparison(str, "community-count", &said->community_count);
    else if (offset == offsetof(struct conditions_spec, origin))
        str_printf(str, "origin %s",
                   said->origin.value == ORIGIN_IGP   ? "igp"
                   : said->origin.value == ORIGIN_EGP ? "egp"
                                                      : "incomplete");
    else if (offset == offsetof(struct conditions_spec, local_pref))
        str_printf(str, "local-pref-eq %" PRIu32, said->local_pref.value);
    else if (offset == offsetof(struct conditions_spec, med))
        str_printf(str, "med-eq %" PRIu32, said->med.value);
    else if (offset == offsetof(struct conditions_spec, rpki))
        str_printf(str, "rpki %s", rpki_words[said->rpki]);
    else if (offset == offsetof(struct conditions_spec, route_type))
        str_printf(str, "route-type %s", route_type_words[said->route_type]);
    else if (offset == offsetof(struct conditions_spec, families))
        say_families(str, said->families);
    else
        say_next_hops(str, said);
}

void evaluation_explain(struct evaluation *evaluation, const char *target, const char *policy,
                        const struct policy_statement *statement)
{
    const struct policy_watcher *watcher = evaluation->facts->watcher;
    struct policy_verdict verdicts[CONDITION_KINDS];
    struct policy_step step = {.target = target,
                               .policy = policy,
                               .statement = statement->head.name,
                               .verdicts = verdicts,
                               .verdict_count = statement->condition_count,
                               .matched = true,
                               .action = statement->spec.actions.route_action};
    for (unsigned i = 0; i < statement->condition_count; i++) {
        const struct condition *condition = &statement->conditions[i];
        struct str str = str_over(verdicts[i].text, sizeof(verdicts[i].text));
        say_condition(&str, condition, &statement->spec.conditions);
        verdicts[i].holds = condition->kind->holds(condition, evaluation);
        step.matched = step.matched && verdicts[i].holds;
    }
    watcher->step(watcher->context, &step);
}
