#include "net/asn.h"

#include <string.h>

#include "base/err.h"
#include "base/str.h"

int asn_parse(const char *text, uint32_t *asn)
{
    uint64_t value;
    const char *dot = strchr(text, '.');
    if (!dot) {
        int result = str_parse_u64(text, 0, UINT32_MAX, &value);
        if (result == E_OK)
            *asn = (uint32_t)value;
        return result;
    }

    char high_text[ASN_TEXT_MAX];
    size_t high_length = (size_t)(dot - text);
    uint64_t high;
    if (high_length >= sizeof(high_text))
        return E_INVALID;
    memcpy(high_text, text, high_length);
    high_text[high_length] = '\0';
    if (str_parse_u64(high_text, 0, UINT16_MAX, &high) != E_OK || str_parse_u64(dot + 1, 0, UINT16_MAX, &value) != E_OK)
        return E_INVALID;
    *asn = (uint32_t)(high << 16 | value);
    return E_OK;
}

bool asn_is_private(uint32_t asn)
{
    return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000 && asn <= 4294967294);
}
