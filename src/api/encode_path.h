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
};

/* Writes an apipb.Path as `field` of the message around it. */
void encode_path(struct proto *proto, unsigned field, const struct path_view *path, const struct path_form *form);

/* Writes a ListPathResponse with one destination. */
void encode_destination(struct proto *proto, const struct path_view *paths, size_t count, const struct path_form *form);

/* Internal to the encoder --------------------------------------------------------------------------------------- */

/* The elements of Path.pattrs (field 2), one Any per attribute. */
void encode_attrs(struct proto *proto, const struct path_view *path);
/* The elements of ExtendedCommunitiesAttribute.communities (field 1). */
void encode_ext_communities(struct proto *proto, const uint8_t *value, size_t length);
void encode_ipv6_ext_communities(struct proto *proto, const uint8_t *value, size_t length);

/* apipb.Family in `field`. */
void encode_family(struct proto *proto, unsigned field, enum family_id family);
/* IPAddressPrefix in an Any in `field`. */
void encode_nlri(struct proto *proto, unsigned field, const struct prefix *prefix);
void encode_addr(struct proto *proto, unsigned field, const struct addr *addr);
void encode_ipv4(struct proto *proto, unsigned field, const uint8_t bytes[4]);
