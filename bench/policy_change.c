/* What a policy change costs: two speakers in one process, a network in memory, a million routes from one to the other.
 * For each change the processor time until nothing moves any more, of both together, and the longest turn of the loop.
 *
 * usage: bench-policy-change [routes]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attr/as_path.h"
#include "net/bgp.h"
#include "base/buf.h"
#include "base/check.h"
#include "control/control_policy.h"
#include "io/loop.h"
#include "io/memory_net.h"

enum { ROUTES_DEFAULT = 1000000, ROUTES_PER_SET = 7, QUIET_S = 2 };

struct bench {
    struct loop *loop;
    struct memory_net *net;
    struct control *nodes[2];
    uint32_t routes;
};

static struct addr address_of(unsigned node)
{
    return addr_ipv4(0x0A000001u + node);
}

static void start(struct bench *bench, unsigned node)
{
    struct addr address = address_of(node);
    struct global_config global = {
        .as = 65001 + node, .router_id = 0x0A000001u + node, .port = 179, .listen_count = 1, .listen = {address}};
    struct neighbor_config neighbor = {.address = address_of(!node)};
    struct err err = {{0}};
    bench->nodes[node] = control_new(bench->loop, memory_net_transport(bench->net, &address));
    peer_config_init(&neighbor.peer);
    neighbor.peer.peer_as = 65001 + !node;
    neighbor.peer.transport.local_address = address;
    if (control_start(bench->nodes[node], &global, &err) < 0 ||
        control_peer_add(bench->nodes[node], &neighbor, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

static struct prefix prefix_of(uint32_t number)
{
    struct addr address = addr_ipv4(0x14000000u + (number << 8));
    return prefix_make(&address, 24);
}

/* As many to a set as a full table has. */
static void add_route(struct bench *bench, uint32_t number)
{
    static const uint8_t origin = ORIGIN_IGP, next_hop[4];
    uint32_t set = number / ROUTES_PER_SET;
    char text[64];
    struct buf path, bytes;
    struct str str = str_over(text, sizeof(text));
    buf_init(&path, 1024);
    buf_init(&bytes, 4096);
    str_printf(&str, "%u %u %u", 1000 + set % 50, 20000 + set % 30000, 100000 + set);
    as_path_parse(text, &path);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &origin, 1);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, path.bytes, (uint16_t)path.length);
    attr_put(&bytes, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop, 4);
    struct local_path route = {.family = FAMILY_IPV4_UNICAST,
                               .prefix = prefix_of(number),
                               .attrs = bytes.bytes,
                               .attrs_length = (uint32_t)bytes.length};
    uint8_t uuid[UUID_BYTES];
    control_path_add(bench->nodes[0], &route, uuid, NULL);
    buf_release(&path);
    buf_release(&bytes);
}

/* Other work on the machine does not count. */
static int64_t processor_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Until the simulated clock runs: then nobody has anything to do. */
static void measure(struct bench *bench, const char *what)
{
    int64_t begin = processor_ns(), longest = 0;
    struct mono_time quiet = mono_add_ms(loop_now(bench->loop), QUIET_S * 1000);
    while (mono_before(loop_now(bench->loop), quiet)) {
        int64_t turn = processor_ns();
        loop_turn(bench->loop, 100);
        turn = processor_ns() - turn;
        longest = turn > longest ? turn : longest;
    }
    printf("%-44s %7.0f ms, longest turn %5.1f ms\n", what, (double)(processor_ns() - begin) / 1e6,
           (double)longest / 1e6);
    fflush(stdout);
}

static void define(struct bench *bench, const char *name, const struct statement_spec *statement)
{
    struct policy_spec policy = {.name = name, .statements = statement, .statement_count = 1};
    CHECK(control_policy_add(bench->nodes[0], &policy, false, NULL) == 0);
}

static void assign(struct bench *bench, enum policy_direction direction, const char *name)
{
    struct assignment_spec assignment = {.target = POLICY_TARGET_GLOBAL,
                                         .direction = direction,
                                         .policies = &name,
                                         .policy_count = name != NULL,
                                         .default_action = POLICY_ACCEPT};
    CHECK(control_assignment_set(bench->nodes[0], &assignment, NULL) == 0);
}

static void change_set(struct bench *bench, uint32_t first, uint32_t count, bool remove)
{
    struct prefix_range *ranges = calloc(count, sizeof(*ranges));
    for (uint32_t i = 0; i < count; i++)
        ranges[i] = (struct prefix_range){prefix_of(first + i), 24, 24};
    struct set_spec set = {.type = SET_PREFIX, .name = "ps", .prefixes = ranges, .count = count};
    CHECK((remove ? control_set_delete(bench->nodes[0], &set, false, NULL)
                  : control_set_add(bench->nodes[0], &set, NULL)) == 0);
    free(ranges);
}

int main(int argc, char **argv)
{
    static const char *const community = "65001:7", *const pattern = "_1[0-9]{5}$";
    struct bench bench = {.routes = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ROUTES_DEFAULT};
    const struct statement_spec in_set = {
        .name = "in-set", .conditions.prefix_set = {"ps", MATCH_ANY}, .actions.route_action = POLICY_REJECT};
    const struct statement_spec add = {.name = "add", .actions.community = {COMMUNITY_ADD, &community, 1}};
    const struct statement_spec by_path = {
        .name = "by-path", .conditions.as_path_set = {"as", MATCH_ANY}, .actions.med = {MED_SET, 5}};
    const struct set_spec paths = {.type = SET_AS_PATH, .name = "as", .texts = &pattern, .count = 1};
    bench.loop = loop_new_simulated();
    bench.net = memory_net_new(bench.loop);
    start(&bench, 0);
    start(&bench, 1);
    measure(&bench, "session up");
    for (uint32_t i = 0; i < bench.routes; i++)
        add_route(&bench, i);
    measure(&bench, "routes told");
    change_set(&bench, 0, 10, false);
    CHECK(control_set_add(bench.nodes[0], &paths, NULL) == 0);
    define(&bench, "reject", &in_set);
    define(&bench, "add", &add);
    define(&bench, "by-path", &by_path);
    assign(&bench, POLICY_IMPORT, "add");
    measure(&bench, "import: a community more for all");
    assign(&bench, POLICY_IMPORT, "reject");
    measure(&bench, "import: none again, but 10 prefixes rejected");
    change_set(&bench, 10, 1, false);
    measure(&bench, "import: one prefix more in the set");
    change_set(&bench, 0, 10, true);
    measure(&bench, "import: ten less");
    assign(&bench, POLICY_IMPORT, NULL);
    measure(&bench, "import: no policy");
    assign(&bench, POLICY_EXPORT, "by-path");
    measure(&bench, "export: MED for all, by an AS path expression");
    assign(&bench, POLICY_EXPORT, "reject");
    measure(&bench, "export: no MED, one prefix rejected");
    change_set(&bench, 100, 10, false);
    measure(&bench, "export: ten prefixes more in the set");
    change_set(&bench, 1000, bench.routes / 2, false);
    measure(&bench, "export: half of all in the set");
    assign(&bench, POLICY_EXPORT, NULL);
    measure(&bench, "export: no policy");
    control_free(bench.nodes[0]);
    control_free(bench.nodes[1]);
    memory_net_free(bench.net);
    loop_free(bench.loop);
    return 0;
}
