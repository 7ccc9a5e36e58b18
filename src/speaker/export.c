/* See export.h. The order is: choice (export_check), then the rewriting every session of that kind does
 * (export_attributes). Both are functions of an attribute set and the rules alone, so they run once per set and
 * update group, whatever the number of prefixes and peers.
 */
#include "speaker/export.h"

#include <string.h>

#include "attr/as_path.h"
#include "base/octets.h"
#include "net/asn.h"
#include "base/check.h"
#include "config/config.h"
#include "speaker/client_scope.h"
#include "wire/open.h"
#include "wire/update.h"

static const char *const reason_texts[EXPORT_REASON_COUNT] = {
    [EXPORT_TOLD] = "told",
    [EXPORT_NO_BEST] = "there is no eligible path",
    [EXPORT_OWN] = "the best path came from this peer, and a route is not sent back to where it came from",
    [EXPORT_INTERNAL] = "learned from an internal peer, and this peer is internal too (RFC 4271 9.1.3: no reflection)",
    [EXPORT_NO_ADVERTISE] = "it carries the community NO_ADVERTISE (RFC 1997)",
    [EXPORT_NO_EXPORT] = "it carries the community NO_EXPORT, and this peer is external (RFC 1997)",
    [EXPORT_NO_EXPORT_SUBCONFED] = "it carries the community NO_EXPORT_SUBCONFED (RFC 1997)",
    [EXPORT_ROLE] = "it was learned from a peer, a provider or a route server (OTC), and this peer's role is not "
                    "customer (RFC 9234)",
    [EXPORT_NO_NEXT_HOP] = "there is no next hop address of ours that this peer would understand",
    [EXPORT_TOO_LONG] = "its attributes do not fit a message of this session",
    [EXPORT_POLICY] = "the export policy rejects it",
    [EXPORT_LLGR_STALE] = "it is kept as a last resort (LLGR_STALE), and this peer has not announced the capability of "
                          "long-lived graceful restart (RFC 9494)",
    [EXPORT_CLIENT_LOOP] = "this route server client's own AS number is in its AS_PATH: it would refuse it",
    [EXPORT_CLIENT_SCOPE] = "control communities keep it from this route server client",
    [EXPORT_NO_POLICY] = "no export policy is configured for this external peer (RFC 8212)",
};

const char *export_reason_text(enum export_reason reason)
{
    return reason_texts[reason];
}

void export_path_of(const struct rib *rib, attr_id attrs, source_id source, struct export_path *path)
{
    const struct attr_set *set = attr_get(rib->view, attrs);
    const struct rib_source *row = &rib->sources[source];
    *path = (struct export_path){.set = set,
                                 .attrs = attr_bytes(rib->view, set),
                                 .source_kind = row->kind,
                                 .source_is_client = row->reflector_client,
                                 .source_router_id = row->router_id,
                                 .source_cluster_id = row->cluster_id};
}

static bool is_ipv6_family(const struct export_rules *rules)
{
    return family_get(rules->family)->afi == AFI_IPV6;
}

/* Only a customer, or a route server's client, may hear what came from a peer, a provider or a route server
 * (RFC 9234 5, egress 2). */
static bool role_forbids_otc(uint8_t local_role)
{
    return local_role == ROLE_PEER || local_role == ROLE_CUSTOMER || local_role == ROLE_ROUTE_SERVER_CLIENT;
}

static bool role_adds_otc(uint8_t local_role)
{
    return local_role == ROLE_PROVIDER || local_role == ROLE_PEER || local_role == ROLE_ROUTE_SERVER;
}

static enum export_reason check_communities(const struct export_rules *rules, uint16_t facts)
{
    if (!rules->honour_well_known)
        return EXPORT_TOLD;
    if (facts & ATTR_NO_ADVERTISE)
        return EXPORT_NO_ADVERTISE;
    if ((facts & ATTR_NO_EXPORT) && rules->kind == SOURCE_EXTERNAL)
        return EXPORT_NO_EXPORT;
    if ((facts & ATTR_NO_EXPORT_SUBCONFED) && rules->kind != SOURCE_INTERNAL)
        return EXPORT_NO_EXPORT_SUBCONFED;
    return EXPORT_TOLD;
}

/* Do we say ourselves, whatever next hop the path came with? */
static bool next_hop_is_always_self(const struct export_rules *rules, const struct export_path *path)
{
    return rules->kind == SOURCE_EXTERNAL && !rules->route_server_client && path->source_kind != SOURCE_LOCAL;
}

/* Where it depends on the next hop the path came with. */
static bool next_hop_is_self(const struct export_rules *rules, const struct export_path *path,
                             const struct addr *next_hop)
{
    if (addr_is_any(next_hop) || next_hop->kind == ADDR_NONE)
        return true;
    if (rules->route_server_client || rules->kind == SOURCE_EXTERNAL)
        return false;
    return rules->next_hop_self && path->source_kind == SOURCE_EXTERNAL;
}

/* Our own address in the form the family wants; IPv4 routes fall back to IPv6 where RFC 8950 was negotiated. */
static const struct addr *own_next_hop(const struct export_rules *rules)
{
    static const struct addr none;
    if (is_ipv6_family(rules))
        return &rules->next_hop_ipv6;
    if (rules->next_hop_ipv4.kind != ADDR_NONE)
        return &rules->next_hop_ipv4;
    return rules->extended_next_hop ? &rules->next_hop_ipv6 : &none;
}

/* Is it of a kind this peer takes? */
static bool next_hop_fits(const struct export_rules *rules, const struct addr *next_hop)
{
    if (next_hop->kind == ADDR_IPV6)
        return is_ipv6_family(rules) || rules->extended_next_hop;
    return next_hop->kind == ADDR_IPV4 && !is_ipv6_family(rules);
}

/* False, and nothing of use: there is none. */
static bool choose_next_hop(const struct export_rules *rules, const struct export_path *path, struct addr *next_hop,
                            struct addr *link_local)
{
    bool is_self = next_hop_is_always_self(rules, path);
    if (!is_self) {
        attr_block_next_hop(path->attrs, path->set->wire_length, next_hop, link_local);
        is_self = next_hop_is_self(rules, path, next_hop);
    }
    if (is_self)
        *next_hop = *own_next_hop(rules);
    if (is_self && next_hop->kind == ADDR_IPV6)
        *link_local = rules->link_local;
    else if (is_self || rules->kind == SOURCE_INTERNAL) /* means nothing one hop further (RFC 2545 3) */
        link_local->kind = ADDR_NONE;
    return next_hop_fits(rules, next_hop);
}

static bool has_next_hop(const struct export_rules *rules, const struct export_path *path)
{
    struct addr next_hop, link_local;
    if (next_hop_is_always_self(rules, path))
        return next_hop_fits(rules, own_next_hop(rules));
    return choose_next_hop(rules, path, &next_hop, &link_local);
}

enum export_reason export_check(const struct export_rules *rules, const struct export_path *path)
{
    if (rules->default_export == DEFAULT_ACTION_REJECT)
        return EXPORT_POLICY;
    if (rules->requires_policy)
        return EXPORT_NO_POLICY;
    if (path->source_kind == SOURCE_INTERNAL && rules->kind == SOURCE_INTERNAL && !rules->reflector_client &&
        !path->source_is_client)
        return EXPORT_INTERNAL;
    if ((path->set->facts & ATTR_LLGR_STALE) && !rules->long_lived)
        return EXPORT_LLGR_STALE;
    enum export_reason reason = check_communities(rules, path->set->facts);
    if (reason != EXPORT_TOLD)
        return reason;
    if ((path->set->facts & ATTR_HAS_OTC) && role_forbids_otc(rules->local_role))
        return EXPORT_ROLE;
    return has_next_hop(rules, path) ? EXPORT_TOLD : EXPORT_NO_NEXT_HOP;
}

enum export_reason export_check_client(const struct export_rules *rules, const struct export_path *path,
                                       uint32_t client_as)
{
    static const enum export_reason reasons[] = {[CLIENT_MAY_HAVE] = EXPORT_TOLD,
                                                 [CLIENT_LOOP] = EXPORT_CLIENT_LOOP,
                                                 [CLIENT_NOT_INTENDED] = EXPORT_CLIENT_SCOPE};
    return reasons[client_may_have(rules->server_as, path->attrs, path->set->wire_length, client_as)];
}

/* Rewriting ---------------------------------------------------------------------------------------------------- */

enum { WORK_SMALL = 64, WORK_MORE = 64 };

struct rewrite {
    const struct export_rules *rules;
    const struct export_path *path;
    struct attr_edit edit;
    struct buf *work;
    uint8_t small[WORK_SMALL]; /* values of a few octets */
    unsigned small_used;
};

static uint8_t *small_u32(struct rewrite *rewrite, uint32_t value)
{
    CHECK(rewrite->small_used + 4 <= WORK_SMALL);
    uint8_t *at = rewrite->small + rewrite->small_used;
    rewrite->small_used += 4;
    put_u32(at, value);
    return at;
}

/* An attribute that is not there is empty. */
static bool find_attr(const struct rewrite *rewrite, uint8_t type, struct attr_item *item)
{
    const struct attr_item *found = attr_edit_find(&rewrite->edit, type);
    *item = found != NULL ? *found : (struct attr_item){0};
    return found != NULL;
}

/* The path as the operator wants this kind of peer to see it, at the end of `work`. */
static void change_numbers(const struct export_rules *rules, struct attr_item *path, struct buf *work)
{
    const struct as_path_change change = {
        .replace = rules->replace_as,
        .replace_with = rules->local_as,
        .remove_private = rules->remove_private != REMOVE_PRIVATE_NONE,
        .private_with = rules->remove_private == REMOVE_PRIVATE_REPLACE ? rules->local_as : 0,
    };
    size_t from = work->length;
    as_path_rewrite(path->value, path->length, &change, work);
    path->value = work->bytes + from;
    path->length = (uint16_t)(work->length - from);
}

/* What a confederation has put in is for its members only (RFC 5065 4.1 c). */
static void put_path_for_external(struct rewrite *rewrite, const struct attr_item *path)
{
    const struct export_rules *rules = rewrite->rules;
    struct buf *work = rewrite->work;
    struct attr_item bare = *path;
    if (rewrite->path->set->facts & ATTR_PATH_HAS_CONFED) {
        as4_path_of(path->value, path->length, work);
        bare.value = work->bytes;
        bare.length = (uint16_t)work->length;
    }
    if (export_changes_numbers(rules))
        change_numbers(rules, &bare, work);
    size_t bare_length = work->length;
    as_path_prepend(bare.value, bare.length, SEGMENT_AS_SEQUENCE, rules->local_as, rules->route_server_client ? 0 : 1,
                    work);
    buf_consume(work, bare_length);
}

/* The path that is all of `work`, as this session takes it (RFC 6793 4.2.2). */
static void encode_as_path(struct rewrite *rewrite)
{
    const struct export_rules *rules = rewrite->rules;
    size_t four_octet_length = rewrite->work->length;
    if (rules->four_octet_as) {
        attr_edit_set(&rewrite->edit, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, rewrite->work->bytes,
                      (uint16_t)four_octet_length);
        return;
    }
    bool needs_as4 = as_path_two_octet(rewrite->work->bytes, (uint16_t)four_octet_length, rewrite->work);
    size_t two_octet_end = rewrite->work->length;
    if (needs_as4)
        as4_path_of(rewrite->work->bytes, (uint16_t)four_octet_length, rewrite->work);
    attr_edit_set(&rewrite->edit, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, rewrite->work->bytes + four_octet_length,
                  (uint16_t)(two_octet_end - four_octet_length));
    if (needs_as4)
        attr_edit_set(&rewrite->edit, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_AS4_PATH,
                      rewrite->work->bytes + two_octet_end, (uint16_t)(rewrite->work->length - two_octet_end));
}

/* RFC 4271 5.1.2; 2-octet peers get AS_TRANS and the real path beside it (RFC 6793 4.2.2). */
static void rewrite_as_path(struct rewrite *rewrite)
{
    const struct export_rules *rules = rewrite->rules;
    struct attr_item item;
    find_attr(rewrite, ATTR_AS_PATH, &item); /* a local route may have none; what goes out always does */
    if (rules->kind == SOURCE_EXTERNAL) {
        put_path_for_external(rewrite, &item);
    } else if (rules->kind == SOURCE_CONFEDERATION) {
        as_path_prepend(item.value, item.length, SEGMENT_CONFED_SEQUENCE, rules->local_as, 1, rewrite->work);
    } else {
        buf_put(rewrite->work, item.value, item.length);
    }
    encode_as_path(rewrite);
}

static void rewrite_aggregator(struct rewrite *rewrite)
{
    struct attr_item item;
    if (rewrite->rules->four_octet_as || !find_attr(rewrite, ATTR_AGGREGATOR, &item) || item.length != 8)
        return;
    struct cursor value = cursor_of(item.value, item.length);
    uint32_t asn = cursor_u32(&value);
    uint32_t shown = asn > UINT16_MAX ? AS_TRANS : asn;
    uint8_t *two_octet = small_u32(rewrite, shown << 16);
    uint8_t *address = small_u32(rewrite, cursor_u32(&value));
    memmove(two_octet + 2, address, 4);
    attr_edit_set(&rewrite->edit, item.flags, ATTR_AGGREGATOR, two_octet, 6);
    if (asn > UINT16_MAX)
        attr_edit_set(&rewrite->edit, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_AS4_AGGREGATOR, item.value, 8);
}

/* What does not cross an external border (RFC 4271 5.1.4, 5.1.5; 4456 8; 7311 3.4; 8669 5). */
static void rewrite_for_external(struct rewrite *rewrite)
{
    const uint64_t dropped = 1ull << ATTR_LOCAL_PREF | 1ull << ATTR_ORIGINATOR_ID | 1ull << ATTR_CLUSTER_LIST |
                             1ull << ATTR_AIGP | 1ull << ATTR_LS | 1ull << ATTR_PREFIX_SID;
    attr_edit_remove_types(&rewrite->edit, dropped);
    if (rewrite->path->source_kind != SOURCE_LOCAL && !rewrite->rules->route_server_client)
        attr_edit_remove(&rewrite->edit, ATTR_MED);
}

/* Reflected: who the route is from, once, and that it passed here (RFC 4456 8). */
static void rewrite_for_reflection(struct rewrite *rewrite)
{
    struct attr_item clusters;
    if (!(rewrite->path->set->facts & ATTR_HAS_ORIGINATOR_ID))
        attr_edit_set(&rewrite->edit, ATTR_FLAG_OPTIONAL, ATTR_ORIGINATOR_ID,
                      small_u32(rewrite, rewrite->path->source_router_id), 4);
    find_attr(rewrite, ATTR_CLUSTER_LIST, &clusters);
    struct buf *list = rewrite->work;
    size_t from = list->length;
    const struct export_path *path = rewrite->path;
    buf_put(list, small_u32(rewrite, path->source_is_client ? path->source_cluster_id : rewrite->rules->cluster_id), 4);
    buf_put(list, clusters.value, clusters.length);
    attr_edit_set(&rewrite->edit, ATTR_FLAG_OPTIONAL, ATTR_CLUSTER_LIST, list->bytes + from,
                  (uint16_t)(list->length - from));
}

/* Another member of the confederation is told as an internal peer is, but reflection ends with the member AS. */
static void rewrite_for_internal(struct rewrite *rewrite)
{
    if (rewrite->rules->kind == SOURCE_CONFEDERATION) {
        attr_edit_remove(&rewrite->edit, ATTR_ORIGINATOR_ID);
        attr_edit_remove(&rewrite->edit, ATTR_CLUSTER_LIST);
    } else if (rewrite->path->source_kind == SOURCE_INTERNAL) {
        rewrite_for_reflection(rewrite);
    }
    if (rewrite->rules->graceful_shutdown)
        attr_edit_set(&rewrite->edit, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, small_u32(rewrite, 0), 4);
    else if (!(rewrite->path->set->facts & ATTR_HAS_LOCAL_PREF))
        attr_edit_set(&rewrite->edit, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, small_u32(rewrite, LOCAL_PREF_DEFAULT), 4);
}

/* The communities without those that were said to us as a route server, to `out`. */
static void keep_communities(const struct export_rules *rules, const struct attr_item *item, unsigned bytes,
                             struct buf *out)
{
    struct cursor list = cursor_of(item->value, item->length);
    while (!cursor_done(&list)) {
        const uint8_t *community = cursor_take(&list, bytes);
        struct cursor value = cursor_of(community, bytes);
        bool control =
            rules->server_as != 0 && (bytes == 4 ? client_scope_is_control(rules->server_as, cursor_u32(&value))
                                                 : client_scope_is_large_control(rules->server_as, community));
        if (!control)
            buf_put(out, community, bytes);
    }
}

/* GRACEFUL_SHUTDOWN joins them where the session is about to end (RFC 8326 4.1). */
static void rewrite_communities(struct rewrite *rewrite)
{
    static const struct {
        uint8_t type;
        unsigned bytes;
    } kinds[] = {{ATTR_COMMUNITIES, 4}, {ATTR_LARGE_COMMUNITIES, 12}};
    const struct export_rules *rules = rewrite->rules;
    bool adds = rules->graceful_shutdown && !(rewrite->path->set->facts & ATTR_GRACEFUL_SHUTDOWN);
    for (size_t i = 0; i < ARRAY_LEN(kinds) && (adds || rules->server_as != 0); i++) {
        struct attr_item item;
        bool there = find_attr(rewrite, kinds[i].type, &item);
        size_t from = rewrite->work->length;
        keep_communities(rules, &item, kinds[i].bytes, rewrite->work);
        if (adds && kinds[i].type == ATTR_COMMUNITIES)
            buf_u32(rewrite->work, (uint32_t)COMMUNITY_GRACEFUL_SHUTDOWN);
        size_t left = rewrite->work->length - from;
        if (left > 0)
            attr_edit_set(&rewrite->edit, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE | (item.flags & ATTR_FLAG_PARTIAL),
                          kinds[i].type, rewrite->work->bytes + from, (uint16_t)left);
        else if (there)
            attr_edit_remove(&rewrite->edit, kinds[i].type);
    }
}

static void rewrite_otc(struct rewrite *rewrite)
{
    if (!(rewrite->path->set->facts & ATTR_HAS_OTC) && role_adds_otc(rewrite->rules->local_role))
        attr_edit_set(&rewrite->edit, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_OTC,
                      small_u32(rewrite, rewrite->rules->local_as), 4);
}

static unsigned put_next_hop(const struct addr *next_hop, const struct addr *link_local, uint8_t to[32])
{
    unsigned length = next_hop->kind == ADDR_IPV4 ? 4 : 16;
    memcpy(to, next_hop->bytes, length);
    if (length == 16 && link_local->kind == ADDR_IPV6) {
        memcpy(to + 16, link_local->bytes, 16);
        length = 32;
    }
    return length;
}

bool export_uses_mp_reach(const struct export_rules *rules, unsigned next_hop_length)
{
    return rules->family != FAMILY_IPV4_UNICAST || next_hop_length != 4;
}

/* What a policy let through: nothing is left to be done but to encode it. */
static void encode_finished(struct rewrite *rewrite, struct addr *next_hop, struct addr *link_local)
{
    struct attr_item item;
    find_attr(rewrite, ATTR_AS_PATH, &item);
    buf_put(rewrite->work, item.value, item.length);
    encode_as_path(rewrite);
    rewrite_aggregator(rewrite);
    attr_block_next_hop(rewrite->path->attrs, rewrite->path->set->wire_length, next_hop, link_local);
}

static void rewrite_all(struct rewrite *rewrite, struct addr *next_hop, struct addr *link_local)
{
    rewrite_as_path(rewrite);
    rewrite_aggregator(rewrite);
    if (rewrite->rules->kind == SOURCE_EXTERNAL)
        rewrite_for_external(rewrite);
    else
        rewrite_for_internal(rewrite);
    rewrite_otc(rewrite);
    rewrite_communities(rewrite);
    choose_next_hop(rewrite->rules, rewrite->path, next_hop, link_local);
}

unsigned export_attributes(const struct export_rules *rules, const struct export_path *path, struct buf *work,
                           struct buf *out, uint8_t next_hop[32])
{
    struct rewrite rewrite; /* not zeroed: the edit's lists are kilobytes */
    rewrite.rules = rules;
    rewrite.path = path;
    rewrite.work = work;
    rewrite.small_used = 0;
    attr_edit_init(&rewrite.edit, path->attrs, path->set->wire_length);
    /* Growing the buffer would move what points into it: make room for everything first (two AS paths, each longer
     * by what we prepend, a CLUSTER_LIST and communities). */
    buf_clear(work);
    buf_extend(work, 4u * path->set->wire_length + WORK_MORE);
    buf_clear(work);
    struct addr chosen, link_local;
    if (rules->policy != NULL)
        encode_finished(&rewrite, &chosen, &link_local);
    else
        rewrite_all(&rewrite, &chosen, &link_local);
    unsigned length = put_next_hop(&chosen, &link_local, next_hop);
    if (export_uses_mp_reach(rules, length))
        attr_edit_remove(&rewrite.edit, ATTR_NEXT_HOP);
    else
        attr_edit_set(&rewrite.edit, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop, 4);
    attr_edit_finish(&rewrite.edit, out);
    return length;
}

/* In words -------------------------------------------------------------------------------------------------------- */

static const char *kind_name(uint8_t kind)
{
    return kind == SOURCE_EXTERNAL ? "external" : kind == SOURCE_INTERNAL ? "internal" : "confederation";
}

void export_rules_describe(const struct export_rules *rules, struct str *out)
{
    char text[ADDR_TEXT_MAX];
    str_printf(out, "%s, %s, local AS %u, %s-octet AS", family_get(rules->family)->config_name, kind_name(rules->kind),
               rules->local_as, rules->four_octet_as ? "4" : "2");
    if (rules->reflector_client)
        str_add(out, ", reflector client");
    if (rules->route_server_client)
        str_add(out, rules->secondary_route ? ", route server client, secondary routes" : ", route server client");
    if (rules->server_as != 0)
        str_printf(out, ", control communities of AS %u", rules->server_as);
    if (rules->client_as != 0)
        str_printf(out, ", of AS %u", rules->client_as);
    if (rules->long_lived)
        str_add(out, ", long-lived stale routes");
    if (rules->extended_message)
        str_add(out, ", extended messages");
    if (rules->extended_next_hop)
        str_add(out, ", IPv6 next hops");
    if (rules->remove_private != REMOVE_PRIVATE_NONE)
        str_printf(out, ", private AS numbers %s",
                   rules->remove_private == REMOVE_PRIVATE_REPLACE ? "replaced" : "removed");
    if (rules->replace_as != 0)
        str_printf(out, ", AS %u replaced", rules->replace_as);
    if (rules->add_path)
        str_printf(out, ", add-path %u", rules->add_path_max);
    if (rules->local_role != ROLE_NONE)
        str_printf(out, ", role %u", rules->local_role);
    if (rules->next_hop_self)
        str_add(out, ", next hop self");
    if (rules->graceful_shutdown)
        str_add(out, ", graceful shutdown");
    if (rules->next_hop_ipv4.kind != ADDR_NONE)
        str_printf(out, ", next hop %s", addr_format(&rules->next_hop_ipv4, text));
    if (rules->next_hop_ipv6.kind != ADDR_NONE)
        str_printf(out, ", next hop %s", addr_format(&rules->next_hop_ipv6, text));
    if (rules->default_export == DEFAULT_ACTION_REJECT)
        str_add(out, ", export rejected");
    if (rules->requires_policy)
        str_add(out, ", waiting for a policy (RFC 8212)");
    if (rules->policy != NULL)
        str_add(out, ", with export policies");
}

static bool differ_bool(struct str *out, const char *name, bool a, bool b)
{
    if (a == b)
        return false;
    str_printf(out, "%s: %s here, %s there", name, a ? "yes" : "no", b ? "yes" : "no");
    return true;
}

static bool differ_number(struct str *out, const char *name, uint32_t a, uint32_t b)
{
    if (a == b)
        return false;
    str_printf(out, "%s: %u here, %u there", name, a, b);
    return true;
}

static bool differ_address(struct str *out, const char *name, const struct addr *a, const struct addr *b)
{
    char text_a[ADDR_TEXT_MAX], text_b[ADDR_TEXT_MAX];
    if (addr_equal(a, b))
        return false;
    str_printf(out, "%s: %s here, %s there", name, a->kind ? addr_format(a, text_a) : "none",
               b->kind ? addr_format(b, text_b) : "none");
    return true;
}

static bool differ_policy(struct str *out, const struct policy_view *a, const struct policy_view *b)
{
    if (a == b)
        return false;
    if (a != NULL && b != NULL)
        str_add(out, "export policies: others, or they tell these neighbors apart");
    else
        str_printf(out, "export policies: %s here, %s there", a != NULL ? "some" : "none", b != NULL ? "some" : "none");
    return true;
}

void export_rules_difference(const struct export_rules *a, const struct export_rules *b, struct str *out)
{
    if (a->kind != b->kind) {
        str_printf(out, "session type: %s here, %s there", kind_name(a->kind), kind_name(b->kind));
        return;
    }
    (void)(differ_number(out, "local AS", a->local_as, b->local_as) ||
           differ_bool(out, "4-octet AS numbers", a->four_octet_as, b->four_octet_as) ||
           differ_bool(out, "reflector client", a->reflector_client, b->reflector_client) ||
           differ_bool(out, "route server client", a->route_server_client, b->route_server_client) ||
           differ_bool(out, "secondary routes", a->secondary_route, b->secondary_route) ||
           differ_number(out, "AS of control communities", a->server_as, b->server_as) ||
           differ_number(out, "AS of clients with add-path", a->client_as, b->client_as) ||
           differ_bool(out, "extended messages", a->extended_message, b->extended_message) ||
           differ_bool(out, "long-lived graceful restart", a->long_lived, b->long_lived) ||
           differ_bool(out, "IPv6 next hops for IPv4 routes", a->extended_next_hop, b->extended_next_hop) ||
           differ_bool(out, "add-path", a->add_path, b->add_path) ||
           differ_number(out, "add-path paths", a->add_path_max, b->add_path_max) ||
           differ_number(out, "cluster id", a->cluster_id, b->cluster_id) ||
           differ_number(out, "role", a->local_role, b->local_role) ||
           differ_number(out, "private AS numbers (0 kept, 1 removed, 2 replaced)", a->remove_private,
                         b->remove_private) ||
           differ_number(out, "AS number replaced", a->replace_as, b->replace_as) ||
           differ_bool(out, "well-known communities honoured", a->honour_well_known, b->honour_well_known) ||
           differ_bool(out, "graceful shutdown", a->graceful_shutdown, b->graceful_shutdown) ||
           differ_bool(out, "next hop self", a->next_hop_self, b->next_hop_self) ||
           differ_number(out, "default export policy", a->default_export, b->default_export) ||
           differ_bool(out, "waiting for a policy", a->requires_policy, b->requires_policy) ||
           differ_policy(out, a->policy, b->policy) || differ_number(out, "cluster id", a->cluster_id, b->cluster_id) ||
           differ_address(out, "IPv4 next hop", &a->next_hop_ipv4, &b->next_hop_ipv4) ||
           differ_address(out, "IPv6 next hop", &a->next_hop_ipv6, &b->next_hop_ipv6) ||
           differ_address(out, "link-local next hop", &a->link_local, &b->link_local));
}
