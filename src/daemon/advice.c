#include "daemon/advice.h"

#include "base/log.h"
#include "base/str.h"

enum { SWITCHES_TEXT_MAX = 160 };

static void add_switch(struct str *list, bool on, const char *name)
{
    if (!on)
        str_printf(list, "%s%s", list->length ? ", " : "", name);
}

static bool announces_restart(const struct config *config)
{
    for (size_t i = 0; i < config->neighbor_count; i++) {
        if (config->neighbors[i].peer.graceful_restart.enabled)
            return true;
    }
    return false;
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
    if (announces_restart(config))
        log_warn("config", file,
                 "graceful-restart is announced, but routes of a neighbor that restarts are not kept yet");
}
