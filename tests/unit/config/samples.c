#include "samples.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"

static void sample_number(const struct key *key, unsigned seed, struct str *text)
{
    int64_t minimum;
    int64_t maximum;
    key_range(key, &minimum, &maximum);
    int64_t span = maximum - minimum < 1000 ? maximum - minimum + 1 : 1000;
    int64_t value = seed % 2 ? maximum - seed % span : minimum + seed % span;
    if (value == key->fallback)
        value = value == maximum ? value - 1 : value + 1;
    str_printf(text, "%" PRId64, value);
}

static void sample_word(const struct key *key, unsigned seed, struct str *text)
{
    unsigned candidates = 0;
    for (const struct word *word = key->words; word->name; word++)
        candidates += word->value != key->fallback;
    CHECK(candidates > 0);
    unsigned chosen = seed % candidates;
    for (const struct word *word = key->words; word->name; word++) {
        if (word->value != key->fallback && chosen-- == 0)
            str_printf(text, "\"%s\"", word->name);
    }
}

void sample_valid(const struct key *key, unsigned seed, struct str *text)
{
    struct key element;
    switch (key->type) {
    case KEY_BOOL:
        str_add(text, key->fallback ? "false" : "true");
        break;
    case KEY_NUMBER:
    case KEY_SECONDS:
        sample_number(key, seed, text);
        break;
    case KEY_WORD:
        sample_word(key, seed, text);
        break;
    case KEY_ASN:
        str_printf(text, "%u", 4200000000u + seed % 1000);
        break;
    case KEY_FAMILY:
        str_add(text, seed % 2 ? "\"ipv4-unicast\"" : "\"ipv6-unicast\"");
        break;
    case KEY_TEXT:
    case KEY_INTERFACE:
    case KEY_SECRET:
        str_printf(text, "\"x%u\"", seed);
        break;
    case KEY_PREFIX:
        str_printf(text, "\"192.0.2.%u/32\"", seed % 256);
        break;
    case KEY_ROUTER_ID:
    case KEY_CLUSTER_ID:
    case KEY_ADDR:
    case KEY_NEIGHBOR_ADDRESS:
        str_printf(text, "\"192.0.2.%u\"", 1 + seed % 250);
        break;
    case KEY_TEXTS:
    case KEY_ADDRS:
    case KEY_ASNS:
        element = key_element(key);
        str_add(text, "[");
        sample_valid(&element, seed, text);
        str_add(text, ", ");
        sample_valid(&element, seed + 1, text);
        str_add(text, "]");
        break;
    case KEY_FAMILY_SET:
        str_add(text, "[{config.afi-safi-name = \"ipv6-unicast\"}]");
        break;
    default:
        CHECK(!"a key with a value");
    }
}

void sample_invalid(const struct key *key, struct str *text)
{
    int64_t minimum;
    int64_t maximum;
    switch (key->type) {
    case KEY_TEXT:
    case KEY_INTERFACE:
    case KEY_SECRET:
    case KEY_TEXTS:
        str_add(text, "{}");
        break;
    case KEY_NUMBER:
    case KEY_SECONDS:
        key_range(key, &minimum, &maximum);
        if (minimum > INT64_MIN && maximum == INT64_MAX)
            str_printf(text, "%" PRId64, minimum - 1 ? minimum - 1 : 1);
        else
            str_printf(text, "%" PRId64, maximum + 1);
        break;
    case KEY_ASN:
    case KEY_ASNS:
        str_add(text, "4294967296");
        break;
    default:
        str_add(text, "\"no such value\"");
        break;
    }
}
