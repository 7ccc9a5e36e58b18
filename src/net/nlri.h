/* NLRI of plain prefix families on the wire, with or without a path identifier (RFC 4271 4.3, RFC 7911). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "net/prefix.h"

struct nlri {
    struct prefix prefix;
    uint32_t path_id;
};

/* The next element of a run; false at the end. On bytes that do not parse the cursor is left failed. */
static inline bool nlri_next(struct cursor *cursor, enum addr_kind kind, bool add_path, struct nlri *nlri)
{
    if (cursor_done(cursor))
        return false;
    nlri->path_id = add_path ? cursor_u32(cursor) : 0;
    prefix_read(cursor, kind, &nlri->prefix);
    return !cursor->failed;
}
