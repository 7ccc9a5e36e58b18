/* What the RPKI says about who may originate which prefixes: validated ROA payloads (VRPs) of several caches, and the
 * origin validation state of routes (RFC 6811) as a look-up.
 *
 * A VRP that several caches have is kept once. What a cache says is taken in changes, a whole set or differences, that
 * come into force at once, however large they are, when they are committed; the table is tidied up afterwards in slices
 * (vrp_table_settle), and tells then which prefixes it is about. One change settles at a time.
 *
 * Pure: no clock, no socket. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/prefix.h"

enum {
    VRP_SOURCES_MAX = 16,
    VRP_RECORDS_MAX = 4 << 20,        /* of each address family */
    VRP_PER_PREFIX_MAX = 1024,        /* which bounds every look-up */
    VRP_SOURCE_RECORDS_MAX = 2000000, /* one cache's, and of one change */
};

/* Names for the states of RFC 6811 2; the numbers are those of policies' conditions. */
enum validity {
    VALIDITY_NOT_FOUND = 1,
    VALIDITY_VALID = 2,
    VALIDITY_INVALID = 3,
};

struct vrp {
    struct prefix prefix;
    uint8_t max_length;
    uint32_t asn;
};

struct vrp_table;

struct vrp_table *vrp_table_new(void);
void vrp_table_free(struct vrp_table *table);

/* Sources ---------------------------------------------------------------------------------------------------------- */

/* A number for a cache, or E_LIMIT. It is given back without VRPs and without a change under way. */
int vrp_source_take(struct vrp_table *table);
void vrp_source_give(struct vrp_table *table, unsigned source);

struct vrp_counts { /* by family: IPv4, IPv6 */
    uint32_t records[2];
    uint32_t prefixes[2];
};
/* As of the last change that has settled. */
struct vrp_counts vrp_source_counts(const struct vrp_table *table, unsigned source);
bool vrp_source_is_empty(const struct vrp_table *table, unsigned source);

/* Changes ---------------------------------------------------------------------------------------------------------- */

/* `whole`: what is not announced goes. Not while another change of the source is under way or settles. */
void vrp_change_begin(struct vrp_table *table, unsigned source, bool whole);
/* E_INVALID: no VRP can be like this. E_EXISTS, E_NOT_FOUND: the source had announced it, or not. E_LIMIT. */
int vrp_change_announce(struct vrp_table *table, unsigned source, const struct vrp *vrp);
int vrp_change_withdraw(struct vrp_table *table, unsigned source, const struct vrp *vrp);
/* From now on look-ups find it as changed, or (abandon) as before. Only while nothing settles. */
void vrp_change_commit(struct vrp_table *table, unsigned source);
void vrp_change_abandon(struct vrp_table *table, unsigned source);
bool vrp_change_is_open(const struct vrp_table *table, unsigned source);

/* Tidies up after a change, so many records. `changed` is told of every prefix with a VRP that was there for nobody
 * before, or is not any more. True while there is more to do. */
bool vrp_table_settle(struct vrp_table *table, uint32_t records,
                      void (*changed)(void *context, const struct prefix *prefix), void *context);
bool vrp_table_is_settling(const struct vrp_table *table);

/* Look-ups --------------------------------------------------------------------------------------------------------- */

/* Origin 0 stands for none (a path that ends in a set), which no VRP matches; AS 0 matches nobody (RFC 6483 4). */
enum validity vrp_validate(const struct vrp_table *table, const struct prefix *prefix, uint32_t origin_as);

/* Every VRP that covers the prefix, the shorter first. `sources`: one bit for each that has it. */
void vrp_foreach_covering(const struct vrp_table *table, const struct prefix *prefix,
                          void (*found)(void *context, const struct vrp *vrp, uint32_t sources), void *context);

uint32_t vrp_table_count(const struct vrp_table *table, enum addr_kind kind);
uint64_t vrp_table_bytes(const struct vrp_table *table);

/* Listing ---------------------------------------------------------------------------------------------------------- */

/* All VRPs of a family by address, length, maximum length, AS number. Sorting is done in slices: the list is ready when
 * vrp_list_prepare says so. What comes or goes meanwhile may be in it or not. */
struct vrp_list;

struct vrp_list *vrp_list_new(const struct vrp_table *table, enum addr_kind kind);
void vrp_list_free(struct vrp_list *list);
bool vrp_list_prepare(struct vrp_list *list, uint32_t steps); /* true: ready */
/* False at the end. */
bool vrp_list_next(struct vrp_list *list, struct vrp *vrp, uint32_t *sources);
