/* What paths are made of, as protobuf: internal to the encoder (encode_path.h). */
#pragma once

#include "api/proto.h"
#include "control/control.h"

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
/* apipb.Roa in `field`; apipb.Validation of a path. */
void encode_roa(struct proto *proto, unsigned field, const struct roa_view *roa);
void encode_validation(struct proto *proto, unsigned field, const struct control *control,
                       const struct path_view *path);
void encode_ipv4(struct proto *proto, unsigned field, const uint8_t bytes[4]);
