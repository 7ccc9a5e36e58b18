/* See validation.h. */
#include "speaker/validation.h"

#include "attr/block.h"
#include "speaker/policy_run.h"

_Static_assert((int)VALIDITY_NOT_FOUND == (int)RPKI_RESULT_NOT_FOUND && (int)VALIDITY_VALID == (int)RPKI_RESULT_VALID &&
                   (int)VALIDITY_INVALID == (int)RPKI_RESULT_INVALID,
               "states are counted alike by VRPs and conditions");

struct vrp_table *validation_table(struct speaker *speaker)
{
    if (speaker->vrps == NULL)
        speaker->vrps = vrp_table_new();
    return speaker->vrps;
}

/* As the world knows us: a confederation by its identifier. */
static uint32_t own_as(const struct speaker *speaker)
{
    const struct confederation_config *confederation = &speaker->global.confederation;
    return confederation->enabled && confederation->identifier != 0 ? confederation->identifier : speaker->global.as;
}

uint32_t validation_origin_of(const struct speaker *speaker, const uint8_t *attrs, uint32_t length)
{
    struct attr_summary summary;
    struct attr_item item;
    attr_summary_init(&summary);
    if (attr_find(attrs, length, ATTR_AS_PATH, &item))
        attr_summary_add(&summary, &item);
    return summary.origin_as == 0 && summary.path_length == 0 ? own_as(speaker) : summary.origin_as;
}

uint32_t validation_origin(const struct speaker *speaker, const struct rib *rib, attr_id attrs)
{
    const struct attr_set *set = attr_get(rib->view, attrs);
    if (set->origin_as != 0)
        return set->origin_as;
    if ((set->facts & ATTR_PATH_EMPTY) != 0)
        return own_as(speaker);
    if ((set->facts & ATTR_PATH_HAS_CONFED) == 0)
        return 0;
    return validation_origin_of(speaker, attr_bytes(rib->view, set), set->wire_length);
}

enum validity validation_of(const struct speaker *speaker, const struct prefix *prefix, uint32_t origin_as)
{
    return speaker->vrps != NULL ? vrp_validate(speaker->vrps, prefix, origin_as) : VALIDITY_NOT_FOUND;
}

/* The VRP to be shown: the one that makes it valid, or else the first. */
struct describing {
    uint32_t origin_as;
    uint8_t length;
    bool matched;
    unsigned count;
    struct vrp vrp;
};

static void look_at(void *context, const struct vrp *vrp, uint32_t sources)
{
    struct describing *describing = context;
    bool matches = vrp->asn != 0 && vrp->asn == describing->origin_as && describing->length <= vrp->max_length;
    if (describing->count++ == 0 || (matches && !describing->matched))
        describing->vrp = *vrp;
    describing->matched |= matches;
}

void validation_describe(const struct speaker *speaker, const struct prefix *prefix, uint32_t origin_as,
                         struct str *out)
{
    static const char *const names[] = {"not known", "not found", "valid", "invalid"};
    struct describing describing = {.origin_as = origin_as, .length = prefix->length};
    char text[PREFIX_TEXT_MAX];
    str_printf(out, "RPKI: %s, origin ", names[validation_of(speaker, prefix, origin_as)]);
    if (origin_as != 0)
        str_printf(out, "AS %u", origin_as);
    else
        str_add(out, "unknown (the path ends in a set)");
    if (speaker->vrps != NULL)
        vrp_foreach_covering(speaker->vrps, prefix, look_at, &describing);
    if (describing.count == 0)
        return;
    str_printf(out, "; %s up to /%u is for ", prefix_format(&describing.vrp.prefix, text), describing.vrp.max_length);
    if (describing.vrp.asn != 0)
        str_printf(out, "AS %u", describing.vrp.asn);
    else
        str_add(out, "nobody");
    if (describing.count > 1 && !describing.matched)
        str_printf(out, ", %u more cover it", describing.count - 1);
}

static enum rpki_result ask(void *context, const struct prefix *prefix, uint32_t origin_as)
{
    return (enum rpki_result)validation_of(context, prefix, origin_as);
}

void validation_facts(const struct speaker *speaker, uint32_t origin_as, struct policy_facts *facts)
{
    facts->origin_as = origin_as;
    facts->rpki = ask;
    facts->rpki_context = (void *)speaker;
}

void validation_changed(struct speaker *speaker, const struct policy_change *change)
{
    policy_run_validity_changed(speaker, change);
}
