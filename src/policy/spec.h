/* What an operator says about policy, as plain values: the file, the API and listings all speak these.
 *
 * Everything here is borrowed: whoever fills a value owns the texts and arrays in it. The table (policy_table.h) copies
 * what it takes, and hands out values that are good until it is changed. Numbers of enumerations are those of GoBGP's
 * API, where it has them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/addr.h"
#include "net/family.h"
#include "net/prefix.h"

enum {
    POLICY_NAME_MAX = 256,        /* octets of a name, terminated */
    POLICY_TEXT_MAX = 1024,       /* of one member of a set, or of a list in a statement */
    POLICY_MEMBERS_MAX = 4000000, /* of one set */
    POLICY_LIST_MAX = 4096,       /* of a list in a statement */
    POLICY_OBJECTS_MAX = 65536,   /* sets, statements, policies: each */
};

/* The target of the assignment that holds for every neighbor but route server clients. */
#define POLICY_TARGET_GLOBAL "global"

enum policy_direction {
    POLICY_IMPORT = 1,
    POLICY_EXPORT = 2,
};

enum policy_action {
    POLICY_NONE = 0, /* in a statement: go on with the next one */
    POLICY_ACCEPT = 1,
    POLICY_REJECT = 2,
};

enum set_type {
    SET_PREFIX = 0,
    SET_NEIGHBOR = 1,
    SET_TAG = 2, /* GoBGP has the number and no use for it: refused */
    SET_AS_PATH = 3,
    SET_COMMUNITY = 4,
    SET_EXT_COMMUNITY = 5,
    SET_LARGE_COMMUNITY = 6,
    SET_NEXT_HOP = 7, /* has no name: only within a statement */
    SET_TYPE_COUNT,
};

/* Prefixes within `prefix` whose length is one of these. */
struct prefix_range {
    struct prefix prefix;
    uint8_t length_min;
    uint8_t length_max;
};

/* "192.0.2.0/24" and "24..28" (NULL or "": the prefix itself). 0 or E_INVALID. */
int prefix_range_parse(const char *prefix, const char *lengths, struct prefix_range *range, struct err *err);

/* Members of a prefix set are ranges, of any other set texts:
 * neighbors and next hops are addresses or prefixes; AS paths, communities, extended ("rt:65000:1") and large
 * communities are values or regular expressions. A listing gives the normal form GoBGP gives ("^65000:1$"). */
struct set_spec {
    enum set_type type;
    const char *name;
    const struct prefix_range *prefixes;
    const char *const *texts;
    size_t count; /* of whichever it is */
};

enum match_option {
    MATCH_ANY = 0,
    MATCH_ALL = 1, /* not for prefixes and neighbors */
    MATCH_INVERT = 2,
};

struct match_set {
    const char *set; /* NULL: no such condition */
    enum match_option option;
};

enum comparison {
    COMPARE_EQUAL = 0,
    COMPARE_AT_LEAST = 1,
    COMPARE_AT_MOST = 2,
};

struct compare_number {
    bool present;
    enum comparison comparison;
    uint32_t value;
};

struct said_number {
    bool present;
    uint32_t value;
};

enum rpki_result {
    RPKI_RESULT_ANY = 0, /* no such condition */
    RPKI_RESULT_NOT_FOUND = 1,
    RPKI_RESULT_VALID = 2,
    RPKI_RESULT_INVALID = 3,
};

enum route_type {
    ROUTE_TYPE_ANY = 0, /* no such condition */
    ROUTE_TYPE_INTERNAL = 1,
    ROUTE_TYPE_EXTERNAL = 2,
    ROUTE_TYPE_LOCAL = 3,
};

struct conditions_spec {
    struct match_set prefix_set;
    struct match_set neighbor_set;
    struct match_set as_path_set;
    struct match_set community_set;
    struct match_set ext_community_set;
    struct match_set large_community_set;
    struct compare_number as_path_length;
    struct compare_number community_count;
    struct said_number origin; /* ORIGIN_... of attr/types.h */
    struct said_number local_pref;
    struct said_number med;
    enum rpki_result rpki;
    enum route_type route_type;
    const char *const *next_hops; /* addresses or prefixes */
    size_t next_hop_count;
    family_set families; /* 0: no such condition */
};

enum community_change {
    COMMUNITY_KEEP = 0, /* no such action */
    COMMUNITY_ADD = 1,
    COMMUNITY_REMOVE = 2, /* values may be regular expressions */
    COMMUNITY_REPLACE = 3,
};

struct community_action {
    enum community_change change;
    const char *const *values;
    size_t count;
};

enum med_change {
    MED_KEEP = 0,
    MED_SET = 1,
    MED_ADD = 2, /* a negative value takes away */
};

enum next_hop_change {
    NEXT_HOP_KEEP = 0,
    NEXT_HOP_ADDRESS = 1,
    NEXT_HOP_SELF = 2,
    NEXT_HOP_UNCHANGED = 3,    /* as received */
    NEXT_HOP_PEER_ADDRESS = 4, /* the neighbor's */
};

struct actions_spec {
    enum policy_action route_action;
    struct community_action community;
    struct community_action ext_community;
    struct community_action large_community;
    struct {
        enum med_change change;
        int64_t value;
    } med;
    struct said_number local_pref;
    struct {
        bool present;
        bool last_as; /* the first AS of the path instead of `asn` */
        uint32_t asn;
        uint8_t repeat;
    } prepend;
    struct {
        enum next_hop_change change;
        struct addr address;
    } next_hop;
    struct said_number origin;
};

struct statement_spec {
    const char *name;
    struct conditions_spec conditions;
    struct actions_spec actions;
};

struct policy_spec {
    const char *name;
    const struct statement_spec *statements;
    size_t statement_count;
};

/* Which policies routes pass at a place. The target is POLICY_TARGET_GLOBAL or a neighbor's address (or interface).
 * A default of POLICY_NONE means: not said. */
struct assignment_spec {
    const char *target;
    enum policy_direction direction;
    const char *const *policies;
    size_t policy_count;
    enum policy_action default_action;
};

/* A whole set of definitions, as a file has them. */
struct policy_definitions {
    const struct set_spec *sets;
    size_t set_count;
    const struct policy_spec *policies;
    size_t policy_count;
};
