#include "daemon/advice.h"

#include "base/log.h"
#include "base/str.h"

enum { SWITCHES_TEXT_MAX = 160 };

static void add_switch(struct str *list, bool on, const char *name)
{
    if (!on)
        str_printf(list, "%s%s", list->length ? ", " : "", name);
}

void advise(const struct config *config, const char *file)
{
    const struct global_config *global = &config->global;
    char memory[SWITCHES_TEXT_MAX];
    struct str off = str_over(memory, sizeof(memory));
    add_switch(&off, global->ebgp_requires_policy, "ebgp-requires-policy (RFC 8212)");
    add_switch(&off, global->honour_well_known, "well-known-communities (RFC 1997)");
    add_switch(&off, global->refuse_as_set, "refuse-as-set (RFC 9774)");
    if (off.length)
        log_warn("config", file, "off, as GoBGP has it: %s; the table \"godwit\" turns them on", off.text);
}
