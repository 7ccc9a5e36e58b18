#include "cli/community.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "net/community.h"

const char *community_format(uint32_t community, char *text)
{
    const char *name = community_name(community);
    if (name != NULL)
        return name;
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
    return community_by_name(text, community) ? 0 : E_INVALID;
}
