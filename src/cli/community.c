#include "cli/community.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/str.h"

static const struct {
    uint32_t value;
    const char *name;
} well_known[] = {
    {0x00000000, "internet"},
    {0xffff0000, "planned-shut"},
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

const char *community_format(uint32_t community, char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++) {
        if (well_known[i].value == community)
            return well_known[i].name;
    }
    struct str str = str_over(text, COMMUNITY_TEXT_MAX);
    str_printf(&str, "%" PRIu32 ":%" PRIu32, community >> 16, community & 0xffff);
    return text;
}

int community_parse(const char *text, uint32_t *community)
{
    char high_text[16];
    uint64_t high, low;
    if (str_parse_u64(text, 0, UINT32_MAX, &low) == 0) {
        *community = (uint32_t)low;
        return 0;
    }
    const char *colon = strchr(text, ':');
    if (colon && (size_t)(colon - text) < sizeof(high_text)) {
        struct str str = str_over(high_text, sizeof(high_text));
        str_add_n(&str, text, (size_t)(colon - text));
        if (str_parse_u64(high_text, 0, UINT16_MAX, &high) == 0 && str_parse_u64(colon + 1, 0, UINT16_MAX, &low) == 0) {
            *community = (uint32_t)(high << 16 | low);
            return 0;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++) {
        if (strcmp(well_known[i].name, text) == 0) {
            *community = well_known[i].value;
            return 0;
        }
    }
    return E_INVALID;
}
