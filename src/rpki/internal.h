/* Inside rpki/: the records of the table. */
#pragma once

#include "base/id_table.h"
#include "base/slab.h"
#include "rpki/vrp_table.h"

enum { RECORD_FREED = 0xFF };

/* One VRP: 20 octets for IPv4, 32 for IPv6. Bits of `now` and `mark` are sources. */
struct vrp_record {
    uint32_t next; /* of the same prefix, by maximum length and AS number; 0 = the last */
    uint32_t asn;
    uint16_t now;  /* who has it */
    uint16_t mark; /* whose change is about it: see vrp_table.c */
    uint8_t length;
    uint8_t max_length;
    uint8_t key[];
};

struct vrp_family {
    enum addr_kind kind;
    uint32_t record_bytes, key_bytes;
    uint32_t count;              /* records */
    uint32_t settled;            /* the last record the change being settled has passed */
    uint32_t length_counts[129]; /* prefixes by length */
    uint64_t lengths[3];         /* bits of those that are not 0 */
    uint32_t *under;             /* which lengths there are, by an address's first bits: vrp_table.c; NULL: none yet */
    struct id_table ids;         /* the first record of each prefix */
    struct slab records;
};

struct vrp_record *vrp_record_at(const struct vrp_family *family, uint32_t id);
/* The next record in use behind `id`; 0 at the end. */
uint32_t vrp_record_next(const struct vrp_family *family, uint32_t id);
uint32_t vrp_record_sources(const struct vrp_table *table, const struct vrp_family *family, uint32_t id);
void vrp_record_show(const struct vrp_family *family, const struct vrp_record *record, struct vrp *vrp);
const struct vrp_family *vrp_family_of(const struct vrp_table *table, enum addr_kind kind);
