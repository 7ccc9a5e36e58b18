#include "net/community.h"

#include <stddef.h>

#include "base/check.h"
#include "base/str.h"

/* Of two names for one value the first is shown. */
static const struct {
    uint32_t value;
    const char *name;
} well_known[] = {
    {0x00000000, "internet"},
    {0xffff0000, "planned-shut"},
    {0xffff0000, "graceful-shutdown"},
    {0xffff0001, "accept-own"},
    {0xffff0002, "route-filter-translated-v4"},
    {0xffff0003, "route-filter-v4"},
    {0xffff0004, "route-filter-translated-v6"},
    {0xffff0005, "route-filter-v6"},
    {0xffff0006, "llgr-stale"},
    {0xffff0007, "no-llgr"},
    {0xffff029a, "blackhole"},
    {0xffffff01, "no-export"},
    {0xffffff02, "no-advertise"},
    {0xffffff03, "no-export-subconfed"},
    {0xffffff04, "no-peer"},
};

const char *community_name(uint32_t community)
{
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++)
        if (well_known[i].value == community)
            return well_known[i].name;
    return NULL;
}

bool community_by_name(const char *name, uint32_t *community)
{
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++) {
        if (str_equal_nocase(name, well_known[i].name)) {
            *community = well_known[i].value;
            return true;
        }
    }
    return false;
}
