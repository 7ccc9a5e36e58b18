/* MRT files (RFC 6396), plain or compressed with gzip or bzip2: record by record, and the RIB entries of TABLE_DUMP_V2.
 * Files come from anywhere: nothing in one is trusted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/err.h"
#include "net/addr.h"
#include "net/mrt.h"
#include "net/prefix.h"

struct mrt_file;

struct mrt_record {
    uint32_t timestamp;
    uint16_t type;
    uint16_t subtype;
    struct cursor body; /* good until the next record */
};

int mrt_file_open(const char *path, struct mrt_file **file, struct err *err);
void mrt_file_close(struct mrt_file *file);

/* 0; E_EOF at the end; E_INVALID with the reason and the offset. */
int mrt_file_next(struct mrt_file *file, struct mrt_record *record, struct err *err);

struct mrt_peer {
    uint32_t id; /* BGP identifier, host order */
    uint32_t asn;
    struct addr addr;
};

/* Fills `peers`, which has room for MRT_PEERS_MAX. The count, or E_INVALID. */
int mrt_peer_table(const struct mrt_record *record, struct mrt_peer *peers);

/* A RIB record: its prefix, then entry by entry. */
struct mrt_rib {
    struct prefix prefix;
    uint16_t entry_count;
    bool add_path;
    struct cursor entries;
};

struct mrt_entry {
    uint16_t peer_index;
    uint32_t originated_at;
    uint32_t path_id;
    struct cursor attrs; /* path attributes; MP_REACH_NLRI is shortened to the next hop (RFC 6396 4.3.4) */
};

int mrt_rib_read(const struct mrt_record *record, struct mrt_rib *rib);
/* False at the end; on broken bytes rib->entries is left failed. */
bool mrt_rib_next(struct mrt_rib *rib, struct mrt_entry *entry);
