/* Paths as protobuf, straight from canonical attribute blocks: for ListPath and WatchEvent, where there are millions.
 */
#pragma once

#include "api/proto.h"
#include "control/control.h"

/* How paths are told. */
struct path_form {
    bool decoded;     /* nlri and pattrs as messages */
    bool nlri_binary; /* nlri_binary, pattrs_binary: as on the wire */
    bool attrs_binary;
    const struct control *validated; /* by its RPKI servers; NULL: not told */
};

/* Writes an apipb.Path as `field` of the message around it. */
void encode_path(struct proto *proto, unsigned field, const struct path_view *path, const struct path_form *form);

/* Writes a ListPathResponse with one destination. */
void encode_destination(struct proto *proto, const struct path_view *paths, size_t count, const struct path_form *form);
