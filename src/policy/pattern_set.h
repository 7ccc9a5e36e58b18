/* Sets of AS paths and of communities of the three kinds: values and regular expressions, asked about an attribute.
 *
 * Values, and the AS path forms ^N_ _N$ ^N$ _N_, are looked up; only what is left is run as a regular expression, over
 * the text GoBGP shows of a path or of each community.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "policy/spec.h"

struct pattern;
struct pattern_key;

struct pattern_set {
    enum set_type type; /* SET_AS_PATH or one of the communities */
    struct pattern *patterns;
    size_t count, capacity;
    size_t regex_count;
    const char **texts; /* hash table of the patterns' texts, while members are added */
    size_t text_capacity;
    struct pattern_key *index; /* the values, sorted; made when first asked for */
    size_t index_count;
    bool indexed;
};

/* An attribute to be matched. `text` is scratch of PATTERN_TEXT_BYTES. */
struct pattern_subject {
    const uint8_t *value;
    uint16_t length;
    char *text;
};

enum { PATTERN_TEXT_BYTES = 64 * 1024 };

void pattern_set_init(struct pattern_set *set, enum set_type type);
void pattern_set_release(struct pattern_set *set);

/* What is there already is not added again. */
int pattern_set_add(struct pattern_set *set, const char *text, struct err *err);
/* By text, in any form that comes to the same. True if it was there; an error if it is none at all. */
int pattern_set_remove(struct pattern_set *set, const char *text, bool *was_there, struct err *err);

const char *pattern_set_text(const struct pattern_set *set, size_t index); /* as GoBGP lists it; AS values first */
bool pattern_set_equal(const struct pattern_set *a, const struct pattern_set *b);

bool pattern_set_match(struct pattern_set *set, enum match_option option, const struct pattern_subject *subject);
/* Is this one community (4, 8 or 12 octets) in the set? */
bool pattern_set_has(struct pattern_set *set, const uint8_t *community, char *text);

unsigned community_bytes(enum set_type type); /* octets of one */
/* One value of the kind, in network order. */
int community_value_parse(enum set_type type, const char *text, uint8_t value[12], struct err *err);
/* "65000:1", "rt:65000:1", "65000:1:2" */
void community_value_format(enum set_type type, const uint8_t *value, struct str *out);
