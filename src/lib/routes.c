/* Routes: what a program announces becomes a canonical attribute block (attr/block.h), and such a block answers what a
 * program asks of a route. */
#include <string.h>

#include "base/check.h"
#include "base/octets.h"
#include "lib/internal.h"

enum { COMMUNITY_BYTES = 4, LARGE_COMMUNITY_BYTES = 12, COMMUNITY_ATTRS_MAX = 65535 };

static enum family_id family_of(const struct prefix *prefix)
{
    return prefix->addr.kind == ADDR_IPV6 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST;
}

static int read_prefix(const char *text, struct prefix *prefix, struct err *err)
{
    if (!text)
        return err_set(err, E_INVALID, "prefix: it is missing");
    if (prefix_parse(text, true, prefix) < 0)
        return err_set(err, E_INVALID, "prefix: \"%s\" is not one, as 192.0.2.0/24 is", text);
    return E_OK;
}

/* Announcing ------------------------------------------------------------------------------------------------------- */

static void put_number(struct buf *attrs, uint8_t flags, uint8_t type, uint32_t number)
{
    uint8_t value[4];
    put_u32(value, number);
    attr_put(attrs, flags, type, value, sizeof(value));
}

static int put_as_path(struct buf *attrs, const char *text, struct err *err)
{
    struct buf path;
    buf_init(&path, ATTR_BLOCK_MAX);
    int result = text && *text ? as_path_parse(text, &path) : E_OK;
    if (result == E_OK)
        attr_put(attrs, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, path.bytes, (uint16_t)path.length);
    else
        err_set(err, result, "as_path: \"%s\" is not one, as 65001 65002 {65010,65011} is", text);
    buf_release(&path);
    return result;
}

/* Unspecified stands for this speaker (control.h). */
static int put_next_hop(struct buf *attrs, const char *text, enum addr_kind kind, struct err *err)
{
    struct addr next_hop = {.kind = (uint8_t)kind};
    if (text && addr_parse(text, &next_hop) < 0)
        return err_set(err, E_INVALID, "next_hop: \"%s\" is not an address", text);
    attr_put(attrs, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop.bytes, (uint16_t)(addr_bits(&next_hop) / 8));
    return E_OK;
}

static int put_communities(struct buf *attrs, const struct godwit_announcement *from, struct err *err)
{
    struct buf value;
    if (from->community_count > COMMUNITY_ATTRS_MAX / COMMUNITY_BYTES ||
        from->large_community_count > COMMUNITY_ATTRS_MAX / LARGE_COMMUNITY_BYTES)
        return err_set(err, E_LIMIT, "communities: more than fit into an attribute");
    buf_init(&value, COMMUNITY_ATTRS_MAX);
    for (size_t i = 0; i < from->community_count; i++)
        buf_u32(&value, from->communities[i]);
    if (value.length)
        attr_put(attrs, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, value.bytes,
                 (uint16_t)value.length);
    buf_clear(&value);
    for (size_t i = 0; i < from->large_community_count; i++) {
        const struct godwit_large_community *community = &from->large_communities[i];
        buf_u32(&value, community->global);
        buf_u32(&value, community->local[0]);
        buf_u32(&value, community->local[1]);
    }
    if (value.length)
        attr_put(attrs, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_LARGE_COMMUNITIES, value.bytes,
                 (uint16_t)value.length);
    buf_release(&value);
    return E_OK;
}

/* In order of type. */
static int put_attributes(struct buf *attrs, const struct godwit_announcement *from, enum addr_kind kind,
                          struct err *err)
{
    uint8_t origin = (uint8_t)from->origin;
    if (from->origin > GODWIT_ORIGIN_INCOMPLETE)
        return err_set(err, E_INVALID, "origin: %d: 0 to 2 is allowed", (int)from->origin);
    attr_put(attrs, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &origin, 1);
    if (put_as_path(attrs, from->as_path, err) < 0 || put_next_hop(attrs, from->next_hop, kind, err) < 0)
        return E_INVALID;
    if (from->has_med)
        put_number(attrs, ATTR_FLAG_OPTIONAL, ATTR_MED, from->med);
    if (from->has_local_pref)
        put_number(attrs, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, from->local_pref);
    int result = put_communities(attrs, from, err);
    if (result == E_OK && attrs->failed)
        result = err_set(err, E_LIMIT, "the attributes are longer than %d octets", (int)ATTR_BLOCK_MAX);
    return result;
}

int godwit_announce(struct godwit *bgp, const struct godwit_announcement *announcement, struct godwit_error *error)
{
    struct err err = {0};
    struct buf attrs;
    struct local_path path = {.identifier = announcement->path_id};
    int result = read_prefix(announcement->prefix, &path.prefix, &err);
    if (result < 0)
        return library_result(result, &err, error);
    path.family = family_of(&path.prefix);
    buf_init(&attrs, ATTR_BLOCK_MAX);
    result = put_attributes(&attrs, announcement, path.prefix.addr.kind, &err);
    path.attrs = attrs.bytes;
    path.attrs_length = (uint32_t)attrs.length;
    if (result == E_OK)
        result = control_path_add(bgp->control, &path, NULL, &err);
    buf_release(&attrs);
    return library_result(result, &err, error);
}

int godwit_withdraw(struct godwit *bgp, const char *prefix, uint32_t path_id, struct godwit_error *error)
{
    struct err err = {0};
    struct prefix parsed;
    int result = read_prefix(prefix, &parsed, &err);
    if (result == E_OK)
        result = control_path_delete(bgp->control, family_of(&parsed), &parsed, path_id);
    return library_result(result, &err, error);
}

/* Asking a route --------------------------------------------------------------------------------------------------- */

static bool find(const struct godwit_route *route, uint8_t type, struct attr_item *item)
{
    return route->view->attrs && attr_find(route->view->attrs, route->view->attrs_length, type, item);
}

static const char *text_into(char *text, size_t bytes, const char *from)
{
    struct str str = str_over(text, bytes);
    str_add(&str, from);
    return text;
}

const char *godwit_route_prefix(const struct godwit_route *route, char *text, size_t bytes)
{
    char prefix[PREFIX_TEXT_MAX];
    return text_into(text, bytes, prefix_format(&route->view->prefix, prefix));
}

const char *godwit_route_next_hop(const struct godwit_route *route, char *text, size_t bytes)
{
    char address[ADDR_TEXT_MAX];
    struct addr next_hop = {0}, link_local;
    if (route->view->attrs)
        attr_block_next_hop(route->view->attrs, route->view->attrs_length, &next_hop, &link_local);
    return text_into(text, bytes, addr_format(&next_hop, address));
}

const char *godwit_route_neighbor(const struct godwit_route *route, char *text, size_t bytes)
{
    char address[ADDR_TEXT_MAX];
    return text_into(text, bytes, route->view->local ? "" : addr_format(&route->view->neighbor, address));
}

const char *godwit_route_as_path(const struct godwit_route *route, char *text, size_t bytes)
{
    struct str str = str_over(text, bytes);
    struct attr_item item;
    if (find(route, ATTR_AS_PATH, &item))
        as_path_format(item.value, item.length, &str);
    return text;
}

uint32_t godwit_route_path_id(const struct godwit_route *route)
{
    return route->view->path_id;
}

bool godwit_route_withdrawn(const struct godwit_route *route)
{
    return route->view->withdraw;
}

bool godwit_route_best(const struct godwit_route *route)
{
    return route->view->best;
}

bool godwit_route_stale(const struct godwit_route *route)
{
    return route->view->stale;
}

enum godwit_origin godwit_route_origin(const struct godwit_route *route)
{
    struct attr_item item;
    return find(route, ATTR_ORIGIN, &item) ? (enum godwit_origin)item.value[0] : GODWIT_ORIGIN_INCOMPLETE;
}

static bool find_number(const struct godwit_route *route, uint8_t type, uint32_t *number)
{
    struct attr_item item;
    if (!find(route, type, &item))
        return false;
    *number = load_u32(item.value);
    return true;
}

bool godwit_route_med(const struct godwit_route *route, uint32_t *med)
{
    return find_number(route, ATTR_MED, med);
}

bool godwit_route_local_pref(const struct godwit_route *route, uint32_t *local_pref)
{
    return find_number(route, ATTR_LOCAL_PREF, local_pref);
}

size_t godwit_route_communities(const struct godwit_route *route, uint32_t *communities, size_t room)
{
    struct attr_item item;
    size_t count = find(route, ATTR_COMMUNITIES, &item) ? item.length / COMMUNITY_BYTES : 0;
    for (size_t i = 0; i < count && i < room; i++)
        communities[i] = load_u32(item.value + i * COMMUNITY_BYTES);
    return count;
}

size_t godwit_route_large_communities(const struct godwit_route *route, struct godwit_large_community *communities,
                                      size_t room)
{
    struct attr_item item;
    size_t count = find(route, ATTR_LARGE_COMMUNITIES, &item) ? item.length / LARGE_COMMUNITY_BYTES : 0;
    for (size_t i = 0; i < count && i < room; i++) {
        const uint8_t *at = item.value + i * LARGE_COMMUNITY_BYTES;
        communities[i] = (struct godwit_large_community){load_u32(at), {load_u32(at + 4), load_u32(at + 8)}};
    }
    return count;
}

const uint8_t *godwit_route_attributes(const struct godwit_route *route, size_t *bytes)
{
    *bytes = route->view->attrs_length;
    return route->view->attrs;
}

/* Looking up ------------------------------------------------------------------------------------------------------- */

static int read_query(const struct godwit_query *from, struct path_query *query, struct path_lookup *lookup,
                      struct err *err)
{
    static const enum table_type tables[] = {TABLE_GLOBAL, TABLE_ADJ_IN, TABLE_ADJ_OUT};
    static const enum lookup_type lookups[] = {
        [GODWIT_EXACT] = LOOKUP_EXACT, [GODWIT_LONGEST] = LOOKUP_LONGEST_MATCH, [GODWIT_LONGER] = LOOKUP_LONGER};
    *query = (struct path_query){.family = from->ipv6 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST};
    if ((unsigned)from->table >= ARRAY_LEN(tables) || (unsigned)from->match >= ARRAY_LEN(lookups))
        return err_set(err, E_INVALID, "table %d, match %d: there is no such table or match", (int)from->table,
                       (int)from->match);
    query->table = tables[from->table];
    query->include_filtered = from->table == GODWIT_RECEIVED;
    if (from->table != GODWIT_TABLE && !from->neighbor)
        return err_set(err, E_INVALID, "neighbor: it is missing");
    if (from->table != GODWIT_TABLE && library_peer_name(from->neighbor, &query->peer, err) < 0)
        return E_INVALID;
    if (from->match == GODWIT_ALL)
        return E_OK;
    lookup->type = lookups[from->match];
    query->lookups = lookup;
    query->lookup_count = 1;
    if (read_prefix(from->prefix, &lookup->prefix, err) < 0)
        return E_INVALID;
    query->family = family_of(&lookup->prefix);
    return E_OK;
}

int godwit_routes(struct godwit *bgp, const struct godwit_query *from,
                  bool (*route)(void *context, const struct godwit_route *route), void *context,
                  struct godwit_error *error)
{
    struct err err = {0};
    struct path_query query;
    struct path_lookup lookup;
    struct path_walk *walk;
    int result = read_query(from, &query, &lookup, &err);
    if (result == E_OK)
        result = control_path_walk(bgp->control, &query, &walk, &err);
    if (result < 0)
        return library_result(result, &err, error);
    const struct path_view *paths;
    size_t count;
    bool again, more = true;
    while (more && ((count = path_walk_next(walk, &paths, &again)) > 0 || again)) {
        for (size_t i = 0; more && i < count; i++)
            more = route(context, &(struct godwit_route){.view = &paths[i]});
    }
    path_walk_free(walk);
    return E_OK;
}

static void say_path(struct str *out, const struct why_path *path)
{
    char neighbor[ADDR_TEXT_MAX];
    str_printf(out, "%s%s: ", path->view.best ? "best, " : "",
               path->view.local ? "announced here" : addr_format(&path->view.neighbor, neighbor));
    str_printf(out, "%s%s%s\n", path->step, path->sentence[0] ? ": " : "", path->sentence);
}

int godwit_why(struct godwit *bgp, const char *prefix, const char *neighbor, char *text, size_t bytes,
               struct godwit_error *error)
{
    struct err err = {0};
    struct why_query query = {.longest_match = prefix && !strchr(prefix, '/')};
    struct peer_name name;
    const struct why *why;
    struct str out = str_over(text, bytes);
    int result = read_prefix(prefix, &query.prefix, &err);
    query.family = family_of(&query.prefix);
    if (result == E_OK && neighbor) {
        result = library_peer_name(neighbor, &name, &err);
        query.to_peer = &name;
    }
    if (result == E_OK)
        result = control_why(bgp->control, &query, &why, &err);
    if (result < 0)
        return library_result(result, &err, error);
    for (size_t i = 0; i < why->path_count; i++)
        say_path(&out, &why->paths[i]);
    if (why->asked_peer)
        str_printf(&out, "%s: %s: %s\n", neighbor, why->told.told ? "told" : "not told", why->told.sentence);
    return E_OK;
}
