/* The schema: every key of the configuration, once.
 *
 * A section is the const table of what may stand in one table of the file and where it goes in one C structure.
 * Reading, defaults, comparing, printing and the list of keys all walk sections; adding a key is one row. Sections
 * nest: a KEY_BLOCK row puts another section under its path (or, with an empty path, beside the rows around it), a
 * KEY_LIST row repeats one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "config/config.h"

enum key_type {
    /* Kept as integers. */
    KEY_BOOL,
    KEY_NUMBER,
    KEY_SECONDS, /* a fraction is cut off */
    KEY_WORD,
    KEY_ASN,
    KEY_FAMILY,
    KEY_ROUTER_ID,  /* dotted quad */
    KEY_CLUSTER_ID, /* dotted quad or number */
    /* Kept as they are. */
    KEY_TEXT,
    KEY_INTERFACE, /* what names a neighbour without an address */
    KEY_SECRET,    /* a text that is neither printed nor shown in a message */
    KEY_ADDR,
    KEY_PREFIX,
    KEY_NEIGHBOR_ADDRESS, /* with zone; fills three fields of a neighbour */
    /* Several of one kind. */
    KEY_TEXTS,
    KEY_ADDRS,
    KEY_ASNS,
    KEY_FAMILY_SET, /* afi-safis as bits */
    KEY_LIST,
    KEY_BLOCK,
};

enum key_class {
    HONOURED,
    IGNORED, /* accepted without effect */
    NOT_YET, /* accepted at its default, refused by name otherwise */
};

enum {
    ZERO = 1 << 0,    /* 0 is allowed below the minimum */
    LIVE = 1 << 1,    /* a running session takes a change over */
    BY_HAND = 1 << 2, /* load.c and print.c know it: variable length, or references */
    ALWAYS = 1 << 3,  /* printed even at its default */
};

struct word {
    const char *name; /* NULL ends the list */
    int64_t value;    /* of several names the first is printed */
};

struct section;

struct key {
    const char *path; /* below the section: "timers.config.hold-time" */
    enum key_type type;
    enum key_class class;
    unsigned flags;
    uint32_t offset;
    uint32_t size; /* of the field; 0: checked, not kept */
    uint32_t count_offset;
    uint8_t count_size;
    uint32_t element_size;
    int64_t minimum; /* both 0: what the field holds */
    int64_t maximum;
    int64_t fallback; /* of integers; everything else starts empty */
    const struct word *words;
    const struct section *section;
    const char *remark;
};

struct section {
    const char *name; /* for people */
    const struct key *keys;
    size_t key_count;
    size_t object_size; /* 0: nothing is kept */
    /* Called on a fresh element of a list in `owner`: what it inherits. May be NULL. */
    void (*prepare)(void *element, const void *owner);
};

#define IN(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define LIST_IN(type, member, count)                                                                                 \
    IN(type, member), .count_offset = offsetof(struct type, count), .count_size = sizeof(((struct type *)0)->count), \
                      .element_size = sizeof(((struct type *)0)->member[0])
#define RANGE(low, high) .minimum = (low), .maximum = (high)
#define SECTION(text, table, bytes)                                                            \
    {                                                                                          \
        .name = (text), .keys = (table), .key_count = ARRAY_LEN(table), .object_size = (bytes) \
    }

extern const struct section schema_root; /* over struct config */
extern const struct section schema_global;
extern const struct section schema_godwit; /* our own keys, over struct global_config */
extern const struct section schema_neighbor;
extern const struct section schema_peer; /* what neighbours and groups share, over struct peer_config */
extern const struct section schema_peer_group;
extern const struct section schema_dynamic_neighbor;
extern const struct section schema_family;
extern const struct section schema_graceful_restart;
extern const struct section schema_route_selection;
extern const struct section schema_multiple_paths;
extern const struct section schema_apply_policy;
extern const struct section schema_rpki_server;
extern const struct section schema_bmp_server;
extern const struct section schema_vrf;
extern const struct section schema_mrt_dump;
extern const struct section schema_zebra;
extern const struct section schema_collector;
extern const struct section schema_defined_sets;
extern const struct section schema_policy_definition;

extern const struct word schema_remove_private_words[];
extern const struct word schema_default_action_words[];
extern const struct word schema_role_words[];
extern const struct word schema_match_words[];
extern const struct word schema_origin_words[];
extern const struct word schema_operator_words[];
extern const struct word schema_route_type_words[];
extern const struct word schema_validation_words[];
extern const struct word schema_disposition_words[];

enum { SCHEMA_NOT_KEPT = UINT32_MAX };

/* The sections as one tree of names, for walking beside a file's tree. */
struct schema_node {
    struct schema_node *next; /* sibling */
    struct schema_node *first;
    const struct schema_node *outer;
    const char *name;
    const struct key *key; /* NULL: only a table on the way */
    uint32_t base;         /* where the key's section begins in the object, or SCHEMA_NOT_KEPT */
    bool ignored;          /* by itself or through a block around it */
    bool has_state;        /* a table with "config" also takes "state", unread */
};

/* In `arena`; NULL past its ceiling. */
struct schema_node *schema_compile(struct arena *arena, const struct section *section);
const struct schema_node *schema_child(const struct schema_node *node, const char *name);

/* Everything at its default. `object` is one of the section's. */
void section_defaults(const struct section *section, void *object);

/* Calls `differs` (may be NULL) with the path of each key in which two objects differ; returns whether any did.
 * `skipped` are flags: keys that carry one of them do not count. */
bool section_differs(const struct section *section, const void *a, const void *b, unsigned skipped,
                     void (*differs)(void *context, const char *path), void *context);

/* The first NOT_YET key that is not at its default: its path and remark ("" if none). False if there is none. */
bool section_not_yet(const struct section *section, const void *object, struct str *path, const char **remark);

/* The same as section_differs for one key. The objects are the section's. */
bool key_differs(const struct key *key, const void *a, const void *b, unsigned skipped);

/* A key's field in an object of its section. */
int64_t key_integer(const struct key *key, const void *object);
void key_integer_set(const struct key *key, void *object, int64_t value);
uint64_t key_count(const struct key *key, const void *object); /* of a list's elements */
void key_count_set(const struct key *key, void *object, uint64_t count);
size_t key_capacity(const struct key *key); /* how many elements there is room for */
void key_range(const struct key *key, int64_t *minimum, int64_t *maximum);

bool key_is_integer(const struct key *key);
bool key_is_values(const struct key *key);        /* a list of texts, addresses or AS numbers */
struct key key_element(const struct key *key);    /* the key of one value of such a list */
const char *key_type_text(const struct key *key); /* "number", "list of text" */
