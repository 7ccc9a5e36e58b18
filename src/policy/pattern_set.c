/* See pattern_set.h. */
#include "policy/pattern_set.h"

#include <stdlib.h>
#include <string.h>

#include "attr/as_path.h"
#include "net/bgp.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/octets.h"
#include "net/community.h"
#include "policy/ext_community.h"
#include "policy/regex.h"

enum {
    COMMUNITY_TEXT_BYTES = 80,
    EXPANDED_MAX = POLICY_TEXT_MAX * 14 + 1,
};

/* What a "_" in a pattern for AS paths stands for. */
static const char boundary[] = "(^|[,{}() ]|$)";

enum pattern_kind {
    PATTERN_REGEX,
    PATTERN_VALUE, /* one community */
    PATTERN_AS_ANYWHERE,
    PATTERN_AS_FIRST,
    PATTERN_AS_LAST,
    PATTERN_AS_ONLY,
};

struct pattern_key {
    uint32_t kind;
    uint32_t value[3];
};

struct pattern {
    char *text;
    uint8_t ext_kind; /* enum ext_community_kind, of extended communities */
    struct pattern_key key;
    struct regex *regex;
};

void pattern_set_init(struct pattern_set *set, enum set_type type)
{
    *set = (struct pattern_set){.type = type};
}

static void pattern_release(struct pattern *pattern)
{
    mem_free(MEM_POLICY, pattern->text);
    regex_free(pattern->regex);
}

static void forget_index(struct pattern_set *set)
{
    mem_free(MEM_POLICY, set->index);
    set->index = NULL;
    set->index_count = 0;
    set->indexed = false;
}

static void forget_texts(struct pattern_set *set)
{
    mem_free(MEM_POLICY, set->texts);
    set->texts = NULL;
    set->text_capacity = 0;
}

void pattern_set_release(struct pattern_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        pattern_release(&set->patterns[i]);
    mem_free(MEM_POLICY, set->patterns);
    forget_texts(set);
    forget_index(set);
    pattern_set_init(set, set->type);
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

unsigned community_bytes(enum set_type type)
{
    return type == SET_COMMUNITY ? 4 : type == SET_EXT_COMMUNITY ? 8 : 12;
}

/* "N:N:N" with so many numbers up to `maximum`. */
static bool parse_numbers(const char *text, unsigned count, uint64_t maximum, uint32_t *numbers)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = 0;
        const char *start = text;
        while (*text >= '0' && *text <= '9' && value <= maximum)
            value = value * 10 + (uint64_t)(*text++ - '0');
        if (text == start || value > maximum || *text != (i + 1 < count ? ':' : '\0'))
            return false;
        numbers[i] = (uint32_t)value;
        text++;
    }
    return true;
}

/* A number, a pair or a name, case and "_" aside. */
static bool parse_community(const char *text, uint32_t *community)
{
    char name[32];
    uint64_t number;
    uint32_t pair[2];
    if (str_parse_u64(text, 0, UINT32_MAX, &number) == 0) {
        *community = (uint32_t)number;
        return true;
    }
    if (parse_numbers(text, 2, UINT16_MAX, pair)) {
        *community = pair[0] << 16 | pair[1];
        return true;
    }
    struct str str = str_over(name, sizeof(name));
    for (; *text != '\0'; text++)
        str_add_char(&str, *text == '_' ? '-' : *text);
    return !str.truncated && community_by_name(name, community);
}

int community_value_parse(enum set_type type, const char *text, uint8_t value[12], struct err *err)
{
    uint32_t numbers[3];
    switch (type) {
    case SET_COMMUNITY:
        if (!parse_community(text, numbers))
            return err_set(err, E_INVALID, "failed to parse %s as community", text);
        put_u32(value, numbers[0]);
        return 0;
    case SET_LARGE_COMMUNITY:
        if (!parse_numbers(text, 3, UINT32_MAX, numbers))
            return err_set(err, E_INVALID, "invalid large community format: %s", text);
        for (unsigned i = 0; i < 3; i++)
            put_u32(value + 4 * i, numbers[i]);
        return 0;
    default:
        if (ext_community_parse(text, value) == 0)
            return 0;
        return err_set(err, E_INVALID,
                       "%s: invalid ext-community (rt|soo|encap|lb):<value> | valid | not-found | invalid", text);
    }
}

/* The text between ^ and $, if that is all they are around. */
static bool strip_anchors(const char *text, char *bare, size_t size)
{
    size_t length = strlen(text);
    if (length < 3 || length - 2 >= size || text[0] != '^' || text[length - 1] != '$')
        return false;
    memcpy(bare, text + 1, length - 2);
    bare[length - 2] = '\0';
    return true;
}

static int set_regex(struct pattern *pattern, const char *text, struct err *err)
{
    pattern->key.kind = PATTERN_REGEX;
    pattern->regex = regex_new(text, err);
    return pattern->regex != NULL ? 0 : E_INVALID;
}

static void set_text(struct pattern *pattern, const char *before, const char *middle, const char *behind)
{
    size_t size = strlen(before) + strlen(middle) + strlen(behind) + 1;
    pattern->text = mem_alloc(MEM_POLICY, size);
    struct str str = str_over(pattern->text, size);
    str_add(&str, before);
    str_add(&str, middle);
    str_add(&str, behind);
}

/* ^N_ _N$ _N_ ^N$ */
static bool parse_single_as(const char *text, struct pattern *pattern)
{
    char number[16];
    uint64_t as;
    size_t length = strlen(text);
    if (length < 3 || length - 2 >= sizeof(number))
        return false;
    char first = text[0], last = text[length - 1];
    memcpy(number, text + 1, length - 2);
    number[length - 2] = '\0';
    if (strspn(number, "0123456789") != length - 2 || str_parse_u64(number, 0, UINT32_MAX, &as) < 0)
        return false;
    if (first == '^')
        pattern->key.kind = last == '_' ? PATTERN_AS_FIRST : last == '$' ? PATTERN_AS_ONLY : PATTERN_REGEX;
    else if (first == '_')
        pattern->key.kind = last == '_' ? PATTERN_AS_ANYWHERE : last == '$' ? PATTERN_AS_LAST : PATTERN_REGEX;
    pattern->key.value[0] = (uint32_t)as;
    return pattern->key.kind != PATTERN_REGEX;
}

static int read_as_path(struct pattern *pattern, const char *text, struct err *err)
{
    char expanded[EXPANDED_MAX];
    struct str str = str_over(expanded, sizeof(expanded));
    if (parse_single_as(text, pattern)) {
        set_text(pattern, "", text, "");
        return 0;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '_')
            str_add(&str, boundary);
        else
            str_add_char(&str, *at);
    }
    set_text(pattern, "", expanded, "");
    if (str.truncated || set_regex(pattern, expanded, NULL) < 0)
        return err_set(err, E_INVALID, "invalid regular expression: %s", text);
    return 0;
}

/* "N:N" and what else begins with numbers and ends in such a pair: anchored, as GoBGP does it. */
static bool is_community_like(const char *text)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon[1] == '\0' || colon[1 + strspn(colon + 1, "0123456789")] != '\0' || colon == text ||
        colon[-1] < '0' || colon[-1] > '9')
        return false;
    /* (digits and one character) over and over, then digits */
    for (const char *at = text; at < colon; at++) {
        const char *start = at;
        at += strspn(at, "0123456789");
        if (at == start)
            return false;
        if (at >= colon)
            return at == colon;
    }
    return false;
}

static int read_community_regex(struct pattern *pattern, const char *prefix, const char *text, struct err *err)
{
    bool anchor = is_community_like(text);
    set_text(pattern, prefix, anchor ? "^" : "", "");
    char *head = pattern->text;
    set_text(pattern, head, text, anchor ? "$" : "");
    mem_free(MEM_POLICY, head);
    return set_regex(pattern, pattern->text + strlen(prefix), err);
}

static int read_community(struct pattern *pattern, const char *text, struct err *err)
{
    char bare[32];
    uint32_t community, pair[2];
    bool anchored = strip_anchors(text, bare, sizeof(bare));
    if (anchored ? parse_numbers(bare, 2, UINT16_MAX, pair) : parse_community(text, &community)) {
        if (anchored)
            community = pair[0] << 16 | pair[1];
        struct str str = str_over(bare, sizeof(bare));
        str_printf(&str, "%u:%u", community >> 16, community & 0xFFFF);
        pattern->key = (struct pattern_key){.kind = PATTERN_VALUE, .value = {community}};
        set_text(pattern, "^", bare, "$");
        return 0;
    }
    return read_community_regex(pattern, "", text, err);
}

static void ext_key(const uint8_t bytes[EXT_COMMUNITY_BYTES], struct pattern_key *key)
{
    *key = (struct pattern_key){.kind = PATTERN_VALUE,
                                .value = {(uint32_t)ext_community_kind_of(bytes) << 8 | bytes[0],
                                          (uint32_t)bytes[2] << 8 | bytes[3], load_u32(bytes + 4)}};
}

static int read_ext_community(struct pattern *pattern, const char *text, struct err *err)
{
    char bare[COMMUNITY_TEXT_BYTES], whole[COMMUNITY_TEXT_BYTES], shown[COMMUNITY_TEXT_BYTES];
    enum ext_community_kind kind;
    const char *value;
    uint8_t bytes[EXT_COMMUNITY_BYTES];
    if (ext_community_kind_parse(text, &kind, &value) < 0)
        return strchr(text, ':') == NULL
                   ? err_set(err, E_INVALID, "%s: invalid ext-community format([rt|soo|encap|lb]:<value>)", text)
                   : err_set(err, E_INVALID, "%s: unknown ext-community subtype. rt, soo, encap, lb is supported",
                             text);
    pattern->ext_kind = (uint8_t)kind;
    char head[8];
    struct str prefix = str_over(head, sizeof(head));
    str_printf(&prefix, "%s:", ext_community_word(kind));
    /* A value is one if it looks the same when it is shown again. */
    bool anchored = strip_anchors(value, bare, sizeof(bare));
    struct str str = str_over(whole, sizeof(whole));
    struct str seen = str_over(shown, sizeof(shown));
    str_printf(&str, "%s%s", head, anchored ? bare : value);
    if (!str.truncated && (anchored || is_community_like(value)) && ext_community_parse(whole, bytes) == 0) {
        ext_community_format(bytes, &seen);
        if (strcmp(shown, anchored ? bare : value) == 0) {
            ext_key(bytes, &pattern->key);
            str_add(&prefix, "^");
            set_text(pattern, head, shown, "$");
            return 0;
        }
    }
    return read_community_regex(pattern, head, value, err);
}

/* Does N:N:N stand in it anywhere? GoBGP then anchors the whole. */
static bool holds_triple(const char *text)
{
    for (; *text != '\0'; text++) {
        const char *at = text;
        unsigned parts = 0;
        for (; parts < 3; parts++) {
            size_t digits = strspn(at, "0123456789");
            if (digits == 0)
                break;
            at += digits;
            if (parts < 2 && *at++ != ':')
                break;
        }
        if (parts == 3)
            return true;
    }
    return false;
}

static int read_large_community(struct pattern *pattern, const char *text, struct err *err)
{
    char bare[COMMUNITY_TEXT_BYTES];
    bool anchored = strip_anchors(text, bare, sizeof(bare));
    if (parse_numbers(anchored ? bare : text, 3, UINT32_MAX, pattern->key.value)) {
        pattern->key.kind = PATTERN_VALUE;
        set_text(pattern, anchored ? "" : "^", text, anchored ? "" : "$");
        return 0;
    }
    bool anchor = !anchored && holds_triple(text);
    set_text(pattern, anchor ? "^" : "", text, anchor ? "$" : "");
    struct err inner = {0};
    if (set_regex(pattern, pattern->text, &inner) < 0)
        return err_set(err, E_INVALID, "invalid large-community format: %s", inner.text);
    return 0;
}

static int pattern_read(enum set_type type, const char *text, struct pattern *pattern, struct err *err)
{
    *pattern = (struct pattern){.text = NULL};
    if (strlen(text) >= POLICY_TEXT_MAX)
        return err_set(err, E_INVALID, "a member of %zu octets, at most %d are allowed", strlen(text),
                       POLICY_TEXT_MAX - 1);
    int result;
    switch (type) {
    case SET_AS_PATH:
        result = read_as_path(pattern, text, err);
        break;
    case SET_COMMUNITY:
        result = read_community(pattern, text, err);
        break;
    case SET_EXT_COMMUNITY:
        result = read_ext_community(pattern, text, err);
        break;
    default:
        result = read_large_community(pattern, text, err);
        break;
    }
    if (result < 0)
        pattern_release(pattern);
    return result;
}

/* Changing --------------------------------------------------------------------------------------------------------- */

static size_t find_text(const struct pattern_set *set, const char *text)
{
    size_t at = 0;
    while (at < set->count && strcmp(set->patterns[at].text, text) != 0)
        at++;
    return at;
}

/* Where a text is in the table of those that are there, or would be. */
static const char **text_place(const struct pattern_set *set, const char *text)
{
    size_t at = hash_bytes(text, strlen(text)) & (set->text_capacity - 1);
    while (set->texts[at] != NULL && strcmp(set->texts[at], text) != 0)
        at = (at + 1) & (set->text_capacity - 1);
    return &set->texts[at];
}

/* Large sets are made member by member: whether one is there already must not cost a look at all others. */
static void reach_texts(struct pattern_set *set)
{
    if (set->text_capacity / 2 > set->count)
        return;
    size_t capacity = set->text_capacity ? set->text_capacity : 8;
    while (capacity / 2 <= set->count)
        capacity *= 2;
    forget_texts(set);
    set->texts = mem_zalloc(MEM_POLICY, capacity * sizeof(*set->texts));
    set->text_capacity = capacity;
    for (size_t i = 0; i < set->count; i++)
        *text_place(set, set->patterns[i].text) = set->patterns[i].text;
}

/* AS numbers stand before expressions. */
static size_t place_of(const struct pattern_set *set, const struct pattern *pattern)
{
    if (set->type != SET_AS_PATH || pattern->regex != NULL)
        return set->count;
    return set->count - set->regex_count;
}

int pattern_set_add(struct pattern_set *set, const char *text, struct err *err)
{
    struct pattern pattern;
    int result = pattern_read(set->type, text, &pattern, err);
    if (result < 0)
        return result;
    reach_texts(set);
    const char **place = text_place(set, pattern.text);
    if (*place != NULL) {
        pattern_release(&pattern);
        return 0;
    }
    *place = pattern.text;
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? set->capacity * 2 : 8;
        set->patterns = mem_realloc(MEM_POLICY, set->patterns, set->capacity * sizeof(*set->patterns));
    }
    size_t at = place_of(set, &pattern);
    memmove(&set->patterns[at + 1], &set->patterns[at], (set->count - at) * sizeof(*set->patterns));
    set->patterns[at] = pattern;
    set->count++;
    set->regex_count += pattern.regex != NULL;
    forget_index(set);
    return 0;
}

int pattern_set_remove(struct pattern_set *set, const char *text, bool *was_there, struct err *err)
{
    struct pattern pattern;
    int result = pattern_read(set->type, text, &pattern, err);
    *was_there = false;
    if (result < 0)
        return result;
    size_t at = find_text(set, pattern.text);
    pattern_release(&pattern);
    if (at == set->count)
        return 0;
    *was_there = true;
    forget_texts(set);
    set->regex_count -= set->patterns[at].regex != NULL;
    pattern_release(&set->patterns[at]);
    set->count--;
    memmove(&set->patterns[at], &set->patterns[at + 1], (set->count - at) * sizeof(*set->patterns));
    forget_index(set);
    return 0;
}

const char *pattern_set_text(const struct pattern_set *set, size_t index)
{
    return set->patterns[index].text;
}

bool pattern_set_equal(const struct pattern_set *a, const struct pattern_set *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->patterns[i].text, b->patterns[i].text) != 0)
            return false;
    return true;
}

/* Matching --------------------------------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const struct pattern_key *one = a, *other = b;
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    for (unsigned i = 0; i < 3; i++)
        if (one->value[i] != other->value[i])
            return one->value[i] < other->value[i] ? -1 : 1;
    return 0;
}

static void make_index(struct pattern_set *set)
{
    if (set->indexed)
        return;
    set->indexed = true;
    set->index = mem_alloc(MEM_POLICY, (set->count + 1) * sizeof(*set->index));
    for (size_t i = 0; i < set->count; i++)
        if (set->patterns[i].regex == NULL)
            set->index[set->index_count++] = set->patterns[i].key;
    qsort(set->index, set->index_count, sizeof(*set->index), compare_keys);
}

static bool index_has(const struct pattern_set *set, uint32_t kind, uint32_t value)
{
    struct pattern_key key = {.kind = kind, .value = {value}};
    return bsearch(&key, set->index, set->index_count, sizeof(key), compare_keys) != NULL;
}

/* A path as its plain numbers: a segment that is not AS_SEQUENCE counts as one number that is nobody's. */
struct as_numbers {
    uint32_t count; /* of all, others included */
    uint32_t first;
    uint32_t last;
};

static void sum_up(const struct pattern_subject *subject, struct as_numbers *numbers)
{
    struct cursor path = cursor_of(subject->value, subject->length);
    struct as_segment segment;
    *numbers = (struct as_numbers){0};
    while (as_segment_next(&path, &segment)) {
        bool plain = segment.type == SEGMENT_AS_SEQUENCE;
        if (numbers->count == 0)
            numbers->first = plain ? as_segment_number(&segment, 0) : 0;
        numbers->last = plain ? as_segment_number(&segment, segment.count - 1u) : 0;
        numbers->count += plain ? segment.count : 1u;
    }
}

static bool path_has(const struct pattern_subject *subject, uint32_t as)
{
    struct cursor path = cursor_of(subject->value, subject->length);
    struct as_segment segment;
    while (as_segment_next(&path, &segment))
        for (unsigned i = 0; segment.type == SEGMENT_AS_SEQUENCE && i < segment.count; i++)
            if (as_segment_number(&segment, i) == as)
                return true;
    return false;
}

static bool any_number_indexed(const struct pattern_set *set, const struct pattern_subject *subject)
{
    struct cursor path = cursor_of(subject->value, subject->length);
    struct as_segment segment;
    while (as_segment_next(&path, &segment))
        for (unsigned i = 0; segment.type == SEGMENT_AS_SEQUENCE && i < segment.count; i++)
            if (index_has(set, PATTERN_AS_ANYWHERE, as_segment_number(&segment, i)))
                return true;
    return false;
}

static bool path_in_index(const struct pattern_set *set, const struct pattern_subject *subject)
{
    struct as_numbers numbers;
    sum_up(subject, &numbers);
    if (numbers.count == 0 || set->index_count == 0)
        return false;
    return index_has(set, PATTERN_AS_FIRST, numbers.first) || index_has(set, PATTERN_AS_LAST, numbers.last) ||
           (numbers.count == 1 && index_has(set, PATTERN_AS_ONLY, numbers.first)) || any_number_indexed(set, subject);
}

static bool path_is(const struct pattern *pattern, const struct pattern_subject *subject)
{
    struct as_numbers numbers;
    uint32_t as = pattern->key.value[0];
    sum_up(subject, &numbers);
    switch (pattern->key.kind) {
    case PATTERN_AS_FIRST:
        return numbers.count > 0 && numbers.first == as;
    case PATTERN_AS_LAST:
        return numbers.count > 0 && numbers.last == as;
    case PATTERN_AS_ONLY:
        return numbers.count == 1 && numbers.first == as;
    default:
        return path_has(subject, as);
    }
}

static bool match_path(struct pattern_set *set, enum match_option option, const struct pattern_subject *subject)
{
    bool any = option != MATCH_ALL;
    if (any && path_in_index(set, subject))
        return option == MATCH_ANY;
    struct str text = str_over(subject->text, PATTERN_TEXT_BYTES);
    if (set->regex_count > 0)
        as_path_format(subject->value, subject->length, &text);
    for (size_t i = any ? set->count - set->regex_count : 0; i < set->count; i++) {
        struct pattern *pattern = &set->patterns[i];
        bool matches =
            pattern->regex != NULL ? regex_match(pattern->regex, text.text, text.length) : path_is(pattern, subject);
        if (matches == any)
            return option == MATCH_ANY;
    }
    return option != MATCH_ANY;
}

static void community_key(enum set_type type, const uint8_t *community, struct pattern_key *key)
{
    *key = (struct pattern_key){.kind = PATTERN_VALUE};
    if (type == SET_EXT_COMMUNITY) {
        ext_key(community, key);
        return;
    }
    for (unsigned i = 0; i < community_bytes(type) / 4; i++)
        key->value[i] = load_u32(community + 4 * i);
}

static void community_text(enum set_type type, const uint8_t *community, struct str *out)
{
    switch (type) {
    case SET_COMMUNITY:
        str_printf(out, "%u:%u", load_u32(community) >> 16, load_u32(community) & 0xFFFF);
        return;
    case SET_LARGE_COMMUNITY:
        str_printf(out, "%u:%u:%u", load_u32(community), load_u32(community + 4), load_u32(community + 8));
        return;
    default:
        ext_community_format(community, out);
        return;
    }
}

void community_value_format(enum set_type type, const uint8_t *value, struct str *out)
{
    if (type == SET_EXT_COMMUNITY) {
        const char *word = ext_community_word(ext_community_kind_of(value));
        str_printf(out, "%s%s", word, word[0] != '\0' ? ":" : "");
    }
    community_text(type, value, out);
}

bool pattern_set_has(struct pattern_set *set, const uint8_t *community, char *text)
{
    struct pattern_key key;
    make_index(set);
    community_key(set->type, community, &key);
    if (bsearch(&key, set->index, set->index_count, sizeof(key), compare_keys) != NULL)
        return true;
    if (set->regex_count == 0)
        return false;
    struct str str = str_over(text, COMMUNITY_TEXT_BYTES);
    community_text(set->type, community, &str);
    for (size_t i = 0; i < set->count; i++) {
        struct pattern *pattern = &set->patterns[i];
        if (pattern->regex != NULL &&
            (set->type != SET_EXT_COMMUNITY || pattern->ext_kind == ext_community_kind_of(community)) &&
            regex_match(pattern->regex, str.text, str.length))
            return true;
    }
    return false;
}

static bool any_community_is(enum set_type type, struct pattern *pattern, const struct pattern_subject *subject)
{
    unsigned step = community_bytes(type);
    for (unsigned at = 0; at + step <= subject->length; at += step) {
        const uint8_t *community = subject->value + at;
        struct pattern_key key;
        if (pattern->regex == NULL) {
            community_key(type, community, &key);
            if (compare_keys(&key, &pattern->key) == 0)
                return true;
            continue;
        }
        struct str str = str_over(subject->text, COMMUNITY_TEXT_BYTES);
        community_text(type, community, &str);
        if ((type != SET_EXT_COMMUNITY || pattern->ext_kind == ext_community_kind_of(community)) &&
            regex_match(pattern->regex, str.text, str.length))
            return true;
    }
    return false;
}

static bool match_communities(struct pattern_set *set, enum match_option option, const struct pattern_subject *subject)
{
    if (option == MATCH_ALL) {
        for (size_t i = 0; i < set->count; i++)
            if (!any_community_is(set->type, &set->patterns[i], subject))
                return false;
        return set->count > 0;
    }
    unsigned step = community_bytes(set->type);
    for (unsigned at = 0; at + step <= subject->length; at += step)
        if (pattern_set_has(set, subject->value + at, subject->text))
            return option == MATCH_ANY;
    return option != MATCH_ANY;
}

bool pattern_set_match(struct pattern_set *set, enum match_option option, const struct pattern_subject *subject)
{
    make_index(set);
    return set->type == SET_AS_PATH ? match_path(set, option, subject) : match_communities(set, option, subject);
}
