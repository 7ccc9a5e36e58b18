/* Inside of the regular expressions: a pattern as a tree. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    REGEX_REPEAT_MAX = 1000, /* RE2's */
    REGEX_DEPTH_MAX = 250,
    REGEX_INFINITE = -1,
};

struct byte_set {
    uint64_t bits[4];
};

enum regex_assertion {
    ASSERT_TEXT_START,
    ASSERT_TEXT_END,
    ASSERT_LINE_START,
    ASSERT_LINE_END,
    ASSERT_WORD_BOUNDARY,
    ASSERT_NO_WORD_BOUNDARY,
};

enum regex_node_kind {
    REGEX_EMPTY,
    REGEX_SET,
    REGEX_ASSERT,
    REGEX_THEN,   /* left, then right */
    REGEX_EITHER, /* left or right */
    REGEX_REPEAT, /* left, minimum to maximum times */
};

struct regex_node {
    enum regex_node_kind kind;
    enum regex_assertion assertion;
    struct byte_set set;
    const struct regex_node *left;
    const struct regex_node *right;
    int minimum;
    int maximum; /* REGEX_INFINITE */
};

/* The tree, in `arena`; NULL with Go's words for what is wrong. */
const struct regex_node *regex_parse(const char *pattern, struct arena *arena, struct err *err);

static inline void byte_set_add(struct byte_set *set, uint8_t byte)
{
    set->bits[byte >> 6] |= 1ull << (byte & 63);
}

static inline bool byte_set_has(const struct byte_set *set, uint8_t byte)
{
    return set->bits[byte >> 6] >> (byte & 63) & 1;
}
