/* Routes written down in a few words, and policies to pass them through. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "attr/block.h"
#include "base/buf.h"
#include "policy/evaluate.h"
#include "policy/policy_table.h"

struct route {
    const char *prefix;   /* "192.0.2.0/24" if not said */
    const char *as_path;  /* "65002 65003" */
    const char *next_hop; /* "192.0.2.1" if not said */
    int64_t med;          /* 0: none; else one more than it is */
    int64_t local_pref;   /* the same */
    uint8_t origin;
    const char *communities; /* "65001:1 65001:2" */
    const char *ext_communities;
    const char *large_communities;
    const char *neighbor; /* NULL: our own */
    enum route_type type; /* ANY: external */
    enum family_id family;
};

struct policy_lab {
    struct policy_table *table;
    struct policy_scratch *scratch;
    struct policy_facts facts; /* those of the last route; what a test wants to be otherwise it sets before */
    struct policy_trace trace;
    struct policy_result result;
    struct buf bytes;
};

void policy_lab_init(struct policy_lab *lab);
void policy_lab_release(struct policy_lab *lab);

void lab_set(struct policy_lab *lab, enum set_type type, const char *name, const char *const *members, size_t count);
#define LAB_SET(lab, type, name, ...)                            \
    lab_set(lab, type, name, (const char *const[]){__VA_ARGS__}, \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* A policy "p" of these statements, assigned to the global import; what none decides on is rejected. */
void lab_policy(struct policy_lab *lab, const struct statement_spec *statements, size_t count);

void lab_block(struct policy_lab *lab, const struct route *route, struct attr_block *block);
/* Passes it through the global import. */
enum policy_action lab_pass(struct policy_lab *lab, const struct route *route);

/* What came out, in words: "path [65002 65003] next-hop 192.0.2.1 med 5 local-pref 100 ..." */
const char *lab_outcome(struct policy_lab *lab);
