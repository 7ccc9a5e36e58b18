/* Origin validation in the speaker (RFC 6811): what the RPKI says about a route, for policies and for people. The VRPs
 * come from whoever fills the table (feeds/rtr_servers.h); without any, every route is not found. */
#pragma once

#include "base/str.h"
#include "policy/evaluate.h"
#include "rpki/vrp_table.h"
#include "speaker/speaker.h"

/* The speaker's table, made when first asked for; gone when it stops. */
struct vrp_table *validation_table(struct speaker *speaker);

/* Whose validity is asked about (RFC 6811 2): the last AS of the path; our own if nothing but a confederation is in it;
 * 0, which no VRP matches, if it ends in a set. */
uint32_t validation_origin(const struct speaker *speaker, const struct rib *rib, attr_id attrs);

/* The same of a path that stands in no table, by its canonical attributes. */
uint32_t validation_origin_of(const struct speaker *speaker, const uint8_t *attrs, uint32_t length);

enum validity validation_of(const struct speaker *speaker, const struct prefix *prefix, uint32_t origin_as);

/* "RPKI: invalid, origin AS 65001; 192.0.2.0/24 up to /24 is for AS 65002". */
void validation_describe(const struct speaker *speaker, const struct prefix *prefix, uint32_t origin_as,
                         struct str *out);

/* Fills in what conditions on validity ask. */
void validation_facts(const struct speaker *speaker, uint32_t origin_as, struct policy_facts *facts);

/* VRPs within these ranges came or went: routes in them that policies judge by their validity are judged again, in
 * slices. */
void validation_changed(struct speaker *speaker, const struct policy_change *change);
