/* What one receiver was told: routes by family, prefix and path identifier, each with the hash of its attributes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/id_table.h"
#include "net/family.h"
#include "net/nlri.h"

struct told_route;

struct told {
    struct told_route *routes;
    uint32_t count, capacity;
    struct id_table places; /* index into routes, plus one */
};

void told_init(struct told *told);
void told_release(struct told *told);
void told_announce(struct told *told, enum family_id family, const struct nlri *nlri, uint64_t attrs_hash);
void told_withdraw(struct told *told, enum family_id family, const struct nlri *nlri);
bool told_find(const struct told *told, enum family_id family, const struct nlri *nlri, uint64_t *attrs_hash);
uint32_t told_count(const struct told *told, enum family_id family);

/* RFC 7313: what is not told again between the two is gone. */
void told_mark(struct told *told, enum family_id family);
void told_sweep(struct told *told, enum family_id family);
