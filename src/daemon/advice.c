#include "daemon/advice.h"

#include "base/log.h"
#include "base/str.h"

enum { SWITCHES_TEXT_MAX = 192, ROLE_NOT_SET = 255 };

static void add_switch(struct str *list, bool on, const char *name)
{
    if (!on)
        str_printf(list, "%s%s", list->length ? ", " : "", name);
}

/* An external neighbour that says no role (RFC 9234) gets its route leaks through. */
static bool lacks_role(const struct config *config)
{
    for (size_t i = 0; i < config->neighbor_count; i++) {
        const struct peer_config *peer = &config->neighbors[i].peer;
        uint32_t local_as = peer->local_as ? peer->local_as : config->global.as;
        if (peer->peer_as != local_as && peer->role == ROLE_NOT_SET)
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
    add_switch(&off, !lacks_role(config), "role of a neighbor (RFC 9234)");
    if (off.length)
        log_warn("config", file, "off, as GoBGP has it: %s; the table \"godwit\" turns them on", off.text);
}
