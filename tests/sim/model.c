#include "model.h"

#include <string.h>

#include "attr/block.h"

enum {
    NO_EXPORT = 0xFFFFFF01,
    NO_ADVERTISE = 0xFFFFFF02,
    NO_EXPORT_SUBCONFED = 0xFFFFFF03,
    DEFAULT_LOCAL_PREF = 100,
    PLAIN_MESSAGE_COMMUNITIES = 900, /* more do not fit 4096 octets; the tests use far fewer or far more */
};

/* In --------------------------------------------------------------------------------------------------------------- */

static bool in_path(const struct model_attrs *attrs, uint32_t as)
{
    for (unsigned i = 0; i < attrs->path_length; i++)
        if (attrs->path[i] == as)
            return true;
    return false;
}

static bool is_rejected(const struct model *model, const struct model_peer *from, const struct model_attrs *attrs)
{
    if (from->kind == MODEL_LOCAL)
        return false;
    if (in_path(attrs, model->as))
        return true;
    if (from->kind == MODEL_INTERNAL) {
        for (unsigned i = 0; i < attrs->cluster_count; i++)
            if (attrs->clusters[i] == model->router_id)
                return true;
        return attrs->has_originator && attrs->originator == model->router_id;
    }
    if (!attrs->has_otc)
        return false;
    /* RFC 9234 5: a customer or client has no business to relay it; a peer only its own. */
    if (from->role == MODEL_PROVIDER || from->role == MODEL_ROUTE_SERVER)
        return true;
    return from->role == MODEL_PEERING && attrs->otc != from->as;
}

void model_announce(struct model *model, unsigned family, unsigned prefix, unsigned source, unsigned id,
                    const struct model_attrs *attrs)
{
    const struct model_peer *from = &model->peers[source];
    struct model_path *path = &model->paths[family][prefix][source][id];
    bool same = path->present && memcmp(&path->received, attrs, sizeof(*attrs)) == 0;
    path->stale = false;
    if (same)
        return; /* keeps its age */
    path->present = true;
    path->age = ++model->clock;
    path->received = path->imported = *attrs;
    path->rejected = is_rejected(model, from, attrs);
    bool from_above =
        from->role == MODEL_CUSTOMER || from->role == MODEL_PEERING || from->role == MODEL_ROUTE_SERVER_CLIENT;
    if (from->kind == MODEL_EXTERNAL && from_above && !attrs->has_otc) {
        path->imported.has_otc = true;
        path->imported.otc = from->as;
    }
}

void model_withdraw(struct model *model, unsigned family, unsigned prefix, unsigned source, unsigned id)
{
    model->paths[family][prefix][source][id] = (struct model_path){0};
}

void model_drop(struct model *model, unsigned source)
{
    for (unsigned family = 0; family < MODEL_FAMILIES; family++)
        for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
            for (unsigned id = 0; id < MODEL_IDS; id++)
                model_withdraw(model, family, prefix, source, id);
}

void model_refresh_begin(struct model *model, unsigned family, unsigned source)
{
    for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
        for (unsigned id = 0; id < MODEL_IDS; id++)
            model->paths[family][prefix][source][id].stale = true;
}

void model_refresh_end(struct model *model, unsigned family, unsigned source)
{
    for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
        for (unsigned id = 0; id < MODEL_IDS; id++)
            if (model->paths[family][prefix][source][id].stale)
                model_withdraw(model, family, prefix, source, id);
}

void model_counts(const struct model *model, unsigned family, unsigned source, uint64_t *received, uint64_t *accepted)
{
    *received = *accepted = 0;
    for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++) {
        for (unsigned id = 0; id < MODEL_IDS; id++) {
            const struct model_path *path = &model->paths[family][prefix][source][id];
            *received += path->present;
            *accepted += path->present && !path->rejected;
        }
    }
}

/* Choice: RFC 4271 9.1.2.2 as it is written, striking out what loses, step by step. -------------------------------- */

struct choice {
    const struct model *model;
    const struct model_path *paths[MODEL_TOLD_MAX];
    unsigned sources[MODEL_TOLD_MAX];
    unsigned ids[MODEL_TOLD_MAX];
    size_t count;
};

typedef int64_t (*choice_measure)(const struct choice *choice, size_t index);

static void strike_out_larger(struct choice *choice, choice_measure measure)
{
    int64_t least = INT64_MAX;
    size_t kept = 0;
    for (size_t i = 0; i < choice->count; i++)
        least = measure(choice, i) < least ? measure(choice, i) : least;
    for (size_t i = 0; i < choice->count; i++) {
        if (measure(choice, i) != least)
            continue;
        choice->paths[kept] = choice->paths[i];
        choice->sources[kept] = choice->sources[i];
        choice->ids[kept++] = choice->ids[i];
    }
    choice->count = kept;
}

static const struct model_attrs *attrs_of(const struct choice *choice, size_t index)
{
    return &choice->paths[index]->imported;
}

static const struct model_peer *peer_of(const struct choice *choice, size_t index)
{
    return &choice->model->peers[choice->sources[index]];
}

static int64_t by_local_pref(const struct choice *choice, size_t index)
{
    const struct model_attrs *attrs = attrs_of(choice, index);
    return -(int64_t)(attrs->has_local_pref ? attrs->local_pref : DEFAULT_LOCAL_PREF);
}

static int64_t by_local_origin(const struct choice *choice, size_t index)
{
    return choice->sources[index] != 0;
}

static int64_t by_path_length(const struct choice *choice, size_t index)
{
    return choice->model->ignore_path_length ? 0 : attrs_of(choice, index)->path_length;
}

static int64_t by_origin(const struct choice *choice, size_t index)
{
    return attrs_of(choice, index)->origin;
}

static uint32_t med_of(const struct model_attrs *attrs)
{
    return attrs->has_med ? attrs->med : 0;
}

static uint32_t neighbor_as(const struct model_attrs *attrs)
{
    return attrs->path_length > 0 ? attrs->path[0] : 0;
}

static int64_t by_med(const struct choice *choice, size_t index)
{
    const struct model_attrs *attrs = attrs_of(choice, index);
    for (size_t i = 0; i < choice->count; i++) {
        const struct model_attrs *other = attrs_of(choice, i);
        bool comparable = choice->model->always_compare_med || neighbor_as(attrs) == neighbor_as(other);
        if (comparable && med_of(other) < med_of(attrs))
            return 1;
    }
    return 0;
}

/* Judged against all at once: not while others are already struck out. */
static void strike_out_by_med(struct choice *choice)
{
    struct choice before = *choice;
    size_t kept = 0;
    for (size_t i = 0; i < before.count; i++) {
        if (by_med(&before, i) != 0)
            continue;
        choice->paths[kept] = before.paths[i];
        choice->sources[kept] = before.sources[i];
        choice->ids[kept++] = before.ids[i];
    }
    choice->count = kept;
}

static int64_t by_kind(const struct choice *choice, size_t index)
{
    return peer_of(choice, index)->kind != MODEL_EXTERNAL;
}

static int64_t by_age(const struct choice *choice, size_t index)
{
    bool matters = !choice->model->compare_router_id && peer_of(choice, index)->kind == MODEL_EXTERNAL;
    return matters ? (int64_t)choice->paths[index]->age : 0;
}

static int64_t by_router_id(const struct choice *choice, size_t index)
{
    const struct model_attrs *attrs = attrs_of(choice, index);
    return attrs->has_originator ? attrs->originator : peer_of(choice, index)->router_id;
}

static int64_t by_clusters(const struct choice *choice, size_t index)
{
    return attrs_of(choice, index)->cluster_count;
}

static int64_t by_address(const struct choice *choice, size_t index)
{
    int64_t below = 0;
    for (size_t i = 0; i < choice->count; i++)
        below += addr_compare(&peer_of(choice, i)->address, &peer_of(choice, index)->address) < 0;
    return below > 0;
}

static int64_t by_path_id(const struct choice *choice, size_t index)
{
    return choice->ids[index];
}

static void choose(struct choice *choice)
{
    strike_out_larger(choice, by_local_pref);
    strike_out_larger(choice, by_local_origin);
    strike_out_larger(choice, by_path_length);
    strike_out_larger(choice, by_origin);
    strike_out_by_med(choice);
    strike_out_larger(choice, by_kind);
    strike_out_larger(choice, by_age);
    strike_out_larger(choice, by_router_id);
    strike_out_larger(choice, by_clusters);
    strike_out_larger(choice, by_address);
    strike_out_larger(choice, by_path_id);
}

/* Route server clients are a world of their own. */
static void gather(const struct model *model, unsigned family, unsigned prefix, bool of_clients, struct choice *choice)
{
    *choice = (struct choice){.model = model};
    for (unsigned source = 0; source < MODEL_PEERS; source++) {
        for (unsigned id = 0; id < MODEL_IDS; id++) {
            const struct model_path *path = &model->paths[family][prefix][source][id];
            if (!path->present || path->rejected || model->peers[source].route_server_client != of_clients)
                continue;
            choice->paths[choice->count] = path;
            choice->sources[choice->count] = source;
            choice->ids[choice->count++] = id;
        }
    }
}

bool model_best(const struct model *model, unsigned family, unsigned prefix, unsigned *source, unsigned *id)
{
    struct choice choice;
    gather(model, family, prefix, false, &choice);
    if (choice.count == 0)
        return false;
    choose(&choice);
    *source = choice.sources[0];
    *id = choice.ids[0];
    return true;
}

/* Out -------------------------------------------------------------------------------------------------------------- */

static bool allowed(const struct model_peer *from, const struct model_peer *to, const struct model_attrs *attrs)
{
    bool external = to->kind == MODEL_EXTERNAL;
    if (from->kind == MODEL_INTERNAL && !external && !from->reflector_client && !to->reflector_client)
        return false;
    if (attrs->no_advertise || (external && (attrs->no_export || attrs->no_export_subconfed)))
        return false;
    if (attrs->padding > PLAIN_MESSAGE_COMMUNITIES && !to->extended_message)
        return false;
    bool only_downwards =
        to->role == MODEL_PEERING || to->role == MODEL_CUSTOMER || to->role == MODEL_ROUTE_SERVER_CLIENT;
    return !(external && attrs->has_otc && only_downwards);
}

static struct addr own_address(const struct model *model, unsigned family, const struct model_peer *to)
{
    if (family == 1)
        return to->ipv6_transport ? model->ipv6 : (struct addr){0};
    if (!to->ipv6_transport)
        return model->ipv4;
    return to->extended_next_hop ? model->ipv6 : (struct addr){0};
}

static bool choose_next_hop(const struct model *model, unsigned family, const struct model_peer *from,
                            const struct model_peer *to, struct addr *next_hop)
{
    bool self;
    if (addr_is_any(next_hop))
        self = true;
    else if (to->route_server_client)
        self = false;
    else if (to->kind == MODEL_EXTERNAL)
        self = from->kind != MODEL_LOCAL;
    else
        self = to->next_hop_self && from->kind == MODEL_EXTERNAL;
    if (self)
        *next_hop = own_address(model, family, to);
    if (family == 1)
        return next_hop->kind == ADDR_IPV6;
    return next_hop->kind == ADDR_IPV4 || (next_hop->kind == ADDR_IPV6 && to->extended_next_hop);
}

static void rewrite_internal(const struct model *model, const struct model_peer *from, struct model_attrs *attrs)
{
    if (!attrs->has_local_pref) {
        attrs->has_local_pref = true;
        attrs->local_pref = DEFAULT_LOCAL_PREF;
    }
    if (from->kind != MODEL_INTERNAL)
        return;
    if (!attrs->has_originator) {
        attrs->has_originator = true;
        attrs->originator = from->router_id;
    }
    memmove(attrs->clusters + 1, attrs->clusters, attrs->cluster_count * sizeof(attrs->clusters[0]));
    attrs->clusters[0] = model->router_id;
    attrs->cluster_count++;
}

static void rewrite_external(const struct model *model, const struct model_peer *from, const struct model_peer *to,
                             struct model_attrs *attrs)
{
    attrs->has_local_pref = attrs->has_originator = false;
    attrs->local_pref = attrs->originator = 0;
    memset(attrs->clusters, 0, sizeof(attrs->clusters));
    attrs->cluster_count = 0;
    if (from->kind != MODEL_LOCAL && !to->route_server_client) {
        attrs->has_med = false;
        attrs->med = 0;
    }
    if (!to->route_server_client) {
        memmove(attrs->path + 1, attrs->path, attrs->path_length * sizeof(attrs->path[0]));
        attrs->path[0] = model->as;
        attrs->path_length++;
    }
    bool adds_otc = to->role == MODEL_PROVIDER || to->role == MODEL_PEERING || to->role == MODEL_ROUTE_SERVER;
    if (adds_otc && !attrs->has_otc) {
        attrs->has_otc = true;
        attrs->otc = model->as;
    }
}

/* RFC 7947 2.3, and the control communities: 0:peer, server:peer, 0:server. */
static bool client_may_have(const struct model *model, const struct model_peer *to, const struct model_attrs *attrs)
{
    bool closed = false, wanted = false, refused = in_path(attrs, to->as);
    for (unsigned i = 0; i < MODEL_CONTROLS && model->communities; i++) {
        closed |= attrs->control[i] == model->as;
        refused |= attrs->control[i] != 0 && attrs->control[i] == to->as;
        wanted |= attrs->control[i] == (model->as << 16 | to->as);
    }
    return !refused && (wanted || !closed);
}

static bool export(const struct model *model, unsigned family, unsigned source, unsigned to, struct model_attrs *attrs)
{
    const struct model_peer *from = &model->peers[source];
    const struct model_peer *receiver = &model->peers[to];
    if (!allowed(from, receiver, attrs) || !choose_next_hop(model, family, from, receiver, &attrs->next_hop))
        return false;
    if (receiver->kind == MODEL_INTERNAL)
        rewrite_internal(model, from, attrs);
    else
        rewrite_external(model, from, receiver, attrs);
    if (receiver->route_server_client && model->communities)
        memset(attrs->control, 0, sizeof(attrs->control));
    return true;
}

static void leave_out(struct choice *choice, size_t index)
{
    choice->count--;
    choice->paths[index] = choice->paths[choice->count];
    choice->sources[index] = choice->sources[choice->count];
    choice->ids[index] = choice->ids[choice->count];
}

/* A route server client hears the best of what it may hear. */
static size_t told_as_client(const struct model *model, unsigned family, unsigned prefix, unsigned to,
                             struct model_told *told)
{
    struct choice all;
    gather(model, family, prefix, true, &all);
    while (all.count > 0) {
        struct choice rest = all;
        choose(&rest);
        told[0] = (struct model_told){.source = rest.sources[0], .id = rest.ids[0], .attrs = rest.paths[0]->imported};
        if (rest.sources[0] != to && client_may_have(model, &model->peers[to], &rest.paths[0]->imported) &&
            export(model, family, rest.sources[0], to, &told[0].attrs))
            return 1;
        for (size_t i = 0; i < all.count; i++)
            if (all.paths[i] == rest.paths[0])
                leave_out(&all, i);
    }
    return 0;
}

/* Add-path: the best `send_max` of what may be told to a session of this kind, without those that are its own. */
static size_t told_several(const struct model *model, unsigned family, unsigned prefix, unsigned to,
                           struct model_told *told)
{
    struct choice all, rest;
    size_t count = 0, places = model->peers[to].send_max;
    gather(model, family, prefix, model->peers[to].route_server_client, &all);
    for (size_t i = 0; i < all.count;) {
        struct model_attrs attrs = all.paths[i]->imported;
        bool may = !model->peers[to].route_server_client || client_may_have(model, &model->peers[to], &attrs);
        if (may && export(model, family, all.sources[i], to, &attrs))
            i++;
        else
            leave_out(&all, i);
    }
    for (; places > 0 && all.count > 0; places--) {
        rest = all;
        choose(&rest);
        if (rest.sources[0] != to) {
            told[count] = (struct model_told){.source = rest.sources[0], .id = rest.ids[0]};
            told[count].attrs = rest.paths[0]->imported;
            export(model, family, rest.sources[0], to, &told[count].attrs);
            count++;
        }
        for (size_t i = 0; i < all.count; i++) {
            if (all.paths[i] == rest.paths[0])
                leave_out(&all, i);
        }
    }
    return count;
}

size_t model_told(const struct model *model, unsigned family, unsigned prefix, unsigned to,
                  struct model_told told[MODEL_TOLD_MAX])
{
    const struct model_peer *receiver = &model->peers[to];
    unsigned source, id;
    if (!receiver->up || !receiver->families[family])
        return 0;
    if (receiver->send_max > 0)
        return told_several(model, family, prefix, to, told);
    if (receiver->route_server_client)
        return told_as_client(model, family, prefix, to, told);
    if (!model_best(model, family, prefix, &source, &id) || source == to)
        return 0;
    told[0] =
        (struct model_told){.source = source, .id = id, .attrs = model->paths[family][prefix][source][id].imported};
    return export(model, family, source, to, &told[0].attrs);
}

/* Bytes ------------------------------------------------------------------------------------------------------------ */

static void put_number(struct buf *out, uint8_t flags, uint8_t type, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    attr_put(out, flags, type, bytes, 4);
}

static void put_communities(const struct model_attrs *attrs, struct buf *out)
{
    struct buf list;
    buf_init(&list, 65536);
    for (uint32_t i = 0; i < attrs->padding; i++)
        buf_u32(&list, 0x00010000 + i);
    if (attrs->mark != 0)
        buf_u32(&list, attrs->mark);
    for (unsigned i = 0; i < MODEL_CONTROLS; i++)
        if (attrs->control[i] != 0)
            buf_u32(&list, attrs->control[i]);
    if (attrs->no_export)
        buf_u32(&list, NO_EXPORT);
    if (attrs->no_advertise)
        buf_u32(&list, NO_ADVERTISE);
    if (attrs->no_export_subconfed)
        buf_u32(&list, NO_EXPORT_SUBCONFED);
    if (list.length > 0)
        attr_put(out, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, list.bytes, (uint16_t)list.length);
    buf_release(&list);
}

static void put_numbers(struct buf *out, uint8_t type, const uint32_t *numbers, uint32_t count)
{
    struct buf list;
    buf_init(&list, 1024);
    bool path = type == ATTR_AS_PATH;
    if (path && count > 0) {
        buf_u8(&list, SEGMENT_AS_SEQUENCE);
        buf_u8(&list, (uint8_t)count);
    }
    for (uint32_t i = 0; i < count; i++)
        buf_u32(&list, numbers[i]);
    attr_put(out, path ? ATTR_FLAG_TRANSITIVE : ATTR_FLAG_OPTIONAL, type, list.bytes, (uint16_t)list.length);
    buf_release(&list);
}

void model_encode(const struct model_attrs *attrs, struct buf *out)
{
    attr_put(out, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &attrs->origin, 1);
    put_numbers(out, ATTR_AS_PATH, attrs->path, attrs->path_length);
    attr_put(out, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, attrs->next_hop.bytes,
             attrs->next_hop.kind == ADDR_IPV4 ? 4 : 16);
    if (attrs->has_med)
        put_number(out, ATTR_FLAG_OPTIONAL, ATTR_MED, attrs->med);
    if (attrs->has_local_pref)
        put_number(out, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, attrs->local_pref);
    put_communities(attrs, out);
    if (attrs->has_originator)
        put_number(out, ATTR_FLAG_OPTIONAL, ATTR_ORIGINATOR_ID, attrs->originator);
    if (attrs->cluster_count > 0)
        put_numbers(out, ATTR_CLUSTER_LIST, attrs->clusters, attrs->cluster_count);
    if (attrs->has_otc)
        put_number(out, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_OTC, attrs->otc);
}

struct prefix model_prefix(unsigned family, unsigned prefix)
{
    struct addr addr;
    if (family == 0) {
        addr = addr_ipv4(0xC0000000 + (prefix << 8));
        return prefix_make(&addr, 24);
    }
    uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, 0, (uint8_t)prefix};
    addr = addr_from_bytes(ADDR_IPV6, bytes);
    return prefix_make(&addr, 48);
}

int model_prefix_index(unsigned family, const struct prefix *prefix)
{
    for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
        struct prefix ours = model_prefix(family, i);
        if (prefix_equal(prefix, &ours))
            return (int)i;
    }
    return -1;
}
