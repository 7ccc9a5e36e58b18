#include "lab.h"

#include <string.h>

#include "attr/as_path.h"
#include "base/hash.h"
#include "base/log.h"

enum { BGP_PORT = 179 };

void lab_init(struct lab *lab)
{
    *lab = (struct lab){0};
    hash_set_seed(42);
    log_set_level(LOG_LEVEL_ERROR);
    lab->loop = loop_new_simulated();
    lab->net = memory_net_new(lab->loop);
}

void lab_release(struct lab *lab)
{
    for (unsigned i = 0; i < lab->node_count; i++)
        control_free(lab->nodes[i].control);
    memory_net_free(lab->net);
    loop_free(lab->loop);
}

struct lab_node *lab_node(struct lab *lab, uint32_t as, void (*adjust)(struct global_config *global))
{
    struct lab_node *node = &lab->nodes[lab->node_count];
    node->addr = addr_ipv4(0x0A000001 + lab->node_count++);
    node->as = as;
    node->transport = memory_net_transport(lab->net, &node->addr);
    lab_start(lab, node, adjust);
    return node;
}

void lab_kill(struct lab_node *node)
{
    control_free(node->control);
    node->control = NULL;
}

void lab_start(struct lab *lab, struct lab_node *node, void (*adjust)(struct global_config *global))
{
    struct err err = {0};
    struct global_config global = {.as = node->as,
                                   .router_id = addr_ipv4_value(&node->addr),
                                   .port = BGP_PORT,
                                   .listen_count = 1,
                                   .honour_well_known = true};
    global.listen[0] = node->addr;
    if (adjust != NULL)
        adjust(&global);
    if (node->control == NULL)
        node->control = control_new(lab->loop, node->transport);
    if (control_start(node->control, &global, &err) != E_OK)
        fail_msg("%s", err.text);
}

void lab_neighbor(struct lab_node *self, const struct lab_node *other,
                  void (*adjust)(struct neighbor_config *neighbor, const struct lab_node *self))
{
    struct err err = {0};
    struct neighbor_config neighbor = {.address = other->addr};
    peer_config_init(&neighbor.peer);
    neighbor.peer.peer_as = other->as;
    neighbor.peer.transport.local_address = self->addr;
    if (adjust != NULL)
        adjust(&neighbor, self);
    if (control_peer_add(self->control, &neighbor, &err) != E_OK)
        fail_msg("%s", err.text);
}

void lab_peer(struct lab_node *a, struct lab_node *b,
              void (*adjust)(struct neighbor_config *neighbor, const struct lab_node *self))
{
    lab_neighbor(a, b, adjust);
    lab_neighbor(b, a, adjust);
}

void lab_until(struct lab *lab, int limit_s, bool (*done)(void *context), void *context)
{
    struct mono_time limit = mono_add_ms(loop_now(lab->loop), (int64_t)limit_s * 1000);
    while (!done(context)) {
        if (!mono_before(loop_now(lab->loop), limit))
            fail_msg("not reached within %d s of simulated time", limit_s);
        loop_turn(lab->loop, 100);
    }
}

void lab_run_ms(struct lab *lab, int64_t ms)
{
    struct mono_time limit = mono_add_ms(loop_now(lab->loop), ms);
    while (mono_before(loop_now(lab->loop), limit))
        loop_turn(lab->loop, (int)mono_diff_ms(limit, loop_now(lab->loop)) + 1);
}

struct pair {
    struct lab_node *a, *b;
};

static void note_established(void *context, const struct peer_view *view)
{
    *(bool *)context = view->session->state == SESSION_ESTABLISHED;
}

static bool is_established(struct lab_node *node, const struct lab_node *other)
{
    bool up = false;
    struct peer_name name = {.address = other->addr};
    control_peer_list(node->control, &name, note_established, &up);
    return up;
}

static bool both_established(void *context)
{
    const struct pair *pair = context;
    return is_established(pair->a, pair->b) && is_established(pair->b, pair->a);
}

void lab_until_established(struct lab *lab, struct lab_node *a, struct lab_node *b)
{
    lab_until(lab, 600, both_established, &(struct pair){a, b});
}

static enum family_id family_of(const struct prefix *prefix)
{
    return prefix->addr.kind == ADDR_IPV4 ? FAMILY_IPV4_UNICAST : FAMILY_IPV6_UNICAST;
}

static void put_number(struct buf *attrs, uint8_t flags, uint8_t type, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    if (value != 0)
        attr_put(attrs, flags, type, bytes, 4);
}

void lab_offer(struct lab_node *node, const struct lab_offer *offer)
{
    struct buf attrs, numbers;
    struct err err = {0};
    struct local_path path = {0};
    const uint8_t zeros[16] = {0};
    assert_int_equal(prefix_parse(offer->prefix, false, &path.prefix), 0);
    path.family = family_of(&path.prefix);
    buf_init(&attrs, 1024);
    buf_init(&numbers, 1024);
    assert_int_equal(as_path_parse(offer->as_path, &numbers), 0);
    attr_put(&attrs, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &(uint8_t){ORIGIN_IGP}, 1);
    attr_put(&attrs, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, numbers.bytes, (uint16_t)numbers.length);
    attr_put(&attrs, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, zeros, path.prefix.addr.kind == ADDR_IPV4 ? 4 : 16);
    put_number(&attrs, ATTR_FLAG_OPTIONAL, ATTR_MED, offer->med);
    put_number(&attrs, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, offer->community);
    path.attrs = attrs.bytes;
    path.attrs_length = (uint32_t)attrs.length;
    if (control_path_add(node->control, &path, NULL, &err) != E_OK)
        fail_msg("%s", err.text);
    buf_release(&attrs);
    buf_release(&numbers);
}

void lab_announce(struct lab_node *node, const char *prefix, uint32_t med, uint32_t community)
{
    lab_offer(node, &(struct lab_offer){.prefix = prefix, .as_path = "", .med = med, .community = community});
}

void lab_withdraw(struct lab_node *node, const char *text)
{
    struct prefix prefix;
    assert_int_equal(prefix_parse(text, false, &prefix), 0);
    control_path_delete(node->control, family_of(&prefix), &prefix, 0);
}

static size_t collect(struct lab_node *node, const struct path_query *query, struct lab_route *routes, size_t max)
{
    struct path_walk *walk;
    struct err err = {0};
    const struct path_view *paths;
    size_t count = 0, found;
    bool again;
    if (control_path_walk(node->control, query, &walk, &err) != E_OK)
        fail_msg("%s", err.text);
    while ((found = path_walk_next(walk, &paths, &again)) > 0 || again) {
        if (found == 0 || count == max)
            continue;
        struct lab_route *route = &routes[count++];
        route->prefix = paths[0].prefix;
        route->view = paths[0];
        assert_true(paths[0].attrs_length <= sizeof(route->attrs));
        memcpy(route->attrs, paths[0].attrs, paths[0].attrs_length);
        route->view.attrs = route->attrs;
    }
    path_walk_free(walk);
    return count;
}

size_t lab_routes(struct lab_node *node, enum table_type table, const struct lab_node *peer, enum family_id family,
                  struct lab_route *routes, size_t max)
{
    struct path_query query = {.table = table, .family = family};
    if (peer != NULL)
        query.peer.address = peer->addr;
    return collect(node, &query, routes, max);
}

bool lab_route(struct lab_node *node, enum table_type table, const struct lab_node *peer, const char *text,
               struct lab_route *route)
{
    struct path_lookup lookup = {.type = LOOKUP_EXACT};
    assert_int_equal(prefix_parse(text, false, &lookup.prefix), 0);
    struct path_query query = {
        .table = table, .family = family_of(&lookup.prefix), .lookups = &lookup, .lookup_count = 1};
    if (peer != NULL)
        query.peer.address = peer->addr;
    return collect(node, &query, route, 1) == 1;
}

const char *lab_as_path(const struct lab_route *route)
{
    static char text[512];
    struct attr_item item;
    struct str out = str_over(text, sizeof(text));
    if (attr_find(route->attrs, route->view.attrs_length, ATTR_AS_PATH, &item))
        as_path_format(item.value, item.length, &out);
    return text;
}

static bool is_as_expected(void *context)
{
    const struct lab_expectation *expected = context;
    struct lab_route route;
    if (!lab_route(expected->node, expected->table, expected->peer, expected->prefix, &route))
        return expected->absent;
    return !expected->absent && (expected->as_path == NULL || strcmp(lab_as_path(&route), expected->as_path) == 0);
}

void lab_expect(struct lab *lab, const struct lab_expectation *expectation)
{
    lab_until(lab, 60, is_as_expected, (void *)(uintptr_t)expectation);
}

uint32_t lab_number(const struct lab_route *route, uint8_t type, unsigned index, uint32_t otherwise)
{
    struct attr_item item;
    if (!attr_find(route->attrs, route->view.attrs_length, type, &item) || item.length < 4 * (index + 1))
        return otherwise;
    struct cursor value = cursor_of(item.value + (size_t)4 * index, 4);
    return cursor_u32(&value);
}

bool lab_has(const struct lab_route *route, uint8_t type)
{
    struct attr_item item;
    return attr_find(route->attrs, route->view.attrs_length, type, &item);
}

bool lab_next_hop_is(const struct lab_route *route, const struct lab_node *node)
{
    struct addr next_hop, link_local;
    return attr_block_next_hop(route->attrs, route->view.attrs_length, &next_hop, &link_local) &&
           addr_equal(&next_hop, &node->addr);
}
