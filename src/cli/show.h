/* NLRI, path attributes and extended communities in words and in JSON, from their protobuf form. The words are those of
 * GoBGP's client, which scripts parse. Each sort is one const table by message name; what is not in a table is shown as
 * "?" and its name, or null. */
#pragma once

#include <stdbool.h>

#include "attribute.pb-c.h"
#include "base/json.h"
#include "base/str.h"
#include "net/family.h"

/* "ipv4-unicast", or "UnknownFamily(65600)". */
void family_text(const Apipb__Family *family, struct text *out);
enum family_id family_of(const Apipb__Family *family);

/* "10.0.0.0/24", "65000:1:10.0.0.0/24", "[type:macadv][rd:...]...": the key of a route. */
void nlri_text(const Google__Protobuf__Any *nlri, struct text *out);
void nlri_json(const Google__Protobuf__Any *nlri, struct json *json);
/* What GoBGP shows in the Labels column: "[100]", "[100, 200]" or nothing. */
void nlri_labels_text(const Google__Protobuf__Any *nlri, struct text *out);
/* The parts of an EVPN route that are not in its key, as further attributes: " [ESI: ...] [GW: ...]", or nothing. */
void nlri_extras_text(const Google__Protobuf__Any *nlri, struct text *out);

void rd_text(const Google__Protobuf__Any *rd, struct text *out);
void rd_json(const Google__Protobuf__Any *rd, struct json *json);

void ext_community_text(const Google__Protobuf__Any *community, struct text *out);
void ext_community_json(const Google__Protobuf__Any *community, struct json *json);

/* All attributes but those with a column of their own: "[{Origin: i} {Med: 5}]". */
void attrs_text(size_t count, Google__Protobuf__Any **attrs, const Google__Protobuf__Any *nlri, struct text *out);
void attr_json(const Google__Protobuf__Any *attr, struct json *json);

/* "65001 65002 {65010,65011}"; nothing if there is no AS_PATH. */
void attrs_as_path_text(size_t count, Google__Protobuf__Any **attrs, struct text *out);
/* "fictitious" if there is none. */
void attrs_next_hop_text(size_t count, Google__Protobuf__Any **attrs, struct text *out);
