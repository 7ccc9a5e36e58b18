/* A client's path as what control/ takes: a prefix and a canonical attribute block. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "control/control.h"
#include "gobgp.pb-c.h"

/* Fills `local`; its attributes are written to `attrs` (emptied first; ATTR_BLOCK_MAX is room enough). A withdraw needs
 * no attributes. Texts are those of GoBGP. 0 or E_*. */
int convert_path(struct arena *arena, const Apipb__Path *path, bool withdraw, struct buf *attrs,
                 struct local_path *local, struct err *err);

/* Internal ------------------------------------------------------------------------------------------------------ */

/* One extended community of 8 octets, or (IPv6) of 20, appended. E_UNSUPPORTED if it is none we know. */
int convert_ext_community(struct arena *arena, const Google__Protobuf__Any *any, struct buf *out, struct err *err);
int convert_ipv6_ext_community(struct arena *arena, const Google__Protobuf__Any *any, struct buf *out, struct err *err);
