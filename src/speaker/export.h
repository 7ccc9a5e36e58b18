/* Export: may a path be told to a kind of peer, and what does it look like there.
 *
 * struct export_rules is everything that changes either the choice or the bytes; peers with equal rules share an
 * update group. It is compared as memory, so it is always filled from zero.
 * (RFC 4271 5.1 and 9.1.3, 1997, 4456, 5065, 6793, 8950, 9234.)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attr/store.h"
#include "base/buf.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/family.h"
#include "rib/rib.h"

struct policy_view;

struct export_rules {
    uint8_t family;        /* enum family_id */
    uint8_t kind;          /* enum source_kind of the receiver: INTERNAL, CONFEDERATION, EXTERNAL */
    bool reflector_client; /* RFC 4456 */
    bool route_server_client;
    bool secondary_route; /* what the export policy rejects does not hide the next best path */
    bool four_octet_as;
    bool extended_message;
    bool extended_next_hop; /* an IPv6 next hop is understood for IPv4 routes */
    bool add_path;
    uint8_t add_path_max;
    uint8_t local_role; /* enum role, 255 none */
    bool honour_well_known;
    bool long_lived; /* it knows what LLGR_STALE means (RFC 9494) */
    bool next_hop_self;
    bool graceful_shutdown;           /* the session is about to end (RFC 8326) */
    uint8_t default_export;           /* enum default_action: NONE tells, but RFC 8212 */
    bool requires_policy;             /* external, and no policy says what may go out (RFC 8212) */
    const struct policy_view *policy; /* policy_export.h; NULL: there is none */
    uint8_t remove_private;           /* enum remove_private */
    uint32_t replace_as;              /* the peer's own, which becomes ours in AS_PATH; 0: none does */
    uint32_t local_as;
    uint32_t cluster_id;
    uint32_t server_as;        /* whose control communities are obeyed and taken out (client_scope.h); 0: none are */
    uint32_t client_as;        /* of a route server client with add-path: such peers share a group within an AS only */
    struct addr next_hop_ipv4; /* ourselves, as this peer can reach us; ADDR_NONE: no such address */
    struct addr next_hop_ipv6;
    struct addr link_local;
};

/* Why a path is not told. */
enum export_reason {
    EXPORT_TOLD,
    EXPORT_NO_BEST,  /* no eligible path */
    EXPORT_OWN,      /* it came from this very peer */
    EXPORT_INTERNAL, /* from one internal peer to another, and nobody reflects */
    EXPORT_NO_ADVERTISE,
    EXPORT_NO_EXPORT,
    EXPORT_NO_EXPORT_SUBCONFED,
    EXPORT_ROLE,         /* RFC 9234: learned from a peer or provider */
    EXPORT_NO_NEXT_HOP,  /* no next hop this peer would understand */
    EXPORT_TOO_LONG,     /* the attributes do not fit a message of this session */
    EXPORT_NO_POLICY,    /* RFC 8212 */
    EXPORT_LLGR_STALE,   /* RFC 9494: kept as a last resort, and this peer would not know */
    EXPORT_POLICY,       /* the export policy rejects it */
    EXPORT_CLIENT_LOOP,  /* a route server client's own AS number is in AS_PATH */
    EXPORT_CLIENT_SCOPE, /* control communities keep it from this route server client */
    EXPORT_REASON_COUNT,
};
const char *export_reason_text(enum export_reason reason);

/* A path as export sees it. */
struct export_path {
    const struct attr_set *set;
    const uint8_t *attrs;
    uint8_t source_kind;
    bool source_is_client; /* a reflector client of ours */
    uint32_t source_router_id;
    uint32_t source_cluster_id;
};

void export_path_of(const struct rib *rib, attr_id attrs, source_id source, struct export_path *path);

enum export_reason export_check(const struct export_rules *rules, const struct export_path *path);
/* The rest of the question for one route server client. */
enum export_reason export_check_client(const struct export_rules *rules, const struct export_path *path,
                                       uint32_t client_as);

/* The attribute section for this receiver, without MP_REACH_NLRI; for IPv4 with an IPv4 next hop NEXT_HOP is in it.
 * `next_hop` gets the octets of the next hop (4, 16 or 32; its length is returned); in MP_REACH_NLRI where it is not
 * in the section. `work` is scratch. Call only after export_check said EXPORT_TOLD. Where the rules have a policy, the
 * path is what that made of it, and is only encoded. */
unsigned export_attributes(const struct export_rules *rules, const struct export_path *path, struct buf *work,
                           struct buf *out, uint8_t next_hop[32]);

/* True if routes of these rules travel in MP_REACH_NLRI with a next hop of this length. */
bool export_uses_mp_reach(const struct export_rules *rules, unsigned next_hop_length);

/* True if AS numbers in the middle of a path may become others. */
static inline bool export_changes_numbers(const struct export_rules *rules)
{
    return rules->remove_private != 0 || rules->replace_as != 0;
}

/* "external, local AS 65000, 4-octet AS, next hop 192.0.2.1": what the group is, for a human. */
void export_rules_describe(const struct export_rules *rules, struct str *out);
/* The first difference between two sets of rules, in words; "" if equal. */
void export_rules_difference(const struct export_rules *a, const struct export_rules *b, struct str *out);
