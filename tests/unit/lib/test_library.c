/* The library as programs use it: through its header alone, over loopback, two speakers in one process. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "godwit/godwit.h"

enum { AS = 65000, HEARD_MAX = 16, LIMIT_S = 20 };

static const char *const first_address = "127.61.0.1", *const second_address = "127.61.0.2";

/* What a speaker's program has heard. */
struct heard {
    enum godwit_session session;
    char why[512];
    char lines[HEARD_MAX][256]; /* of best paths */
    unsigned best_count, received_count;
};

struct pair {
    struct godwit *first, *second;
    struct heard first_heard, second_heard;
};

static void hear_peer(void *context, const struct godwit_peer_state *state)
{
    struct heard *heard = context;
    heard->session = state->session;
    snprintf(heard->why, sizeof(heard->why), "%s", state->why);
}

static void hear_best(void *context, const struct godwit_route *route)
{
    struct heard *heard = context;
    char prefix[GODWIT_PREFIX_BYTES], next_hop[GODWIT_ADDRESS_BYTES], path[128], neighbor[GODWIT_ADDRESS_BYTES];
    if (heard->best_count < HEARD_MAX)
        snprintf(heard->lines[heard->best_count], sizeof(heard->lines[0]), "%s%s [%s] via %s from %s",
                 godwit_route_withdrawn(route) ? "-" : "+", godwit_route_prefix(route, prefix, sizeof(prefix)),
                 godwit_route_as_path(route, path, sizeof(path)),
                 godwit_route_next_hop(route, next_hop, sizeof(next_hop)),
                 godwit_route_neighbor(route, neighbor, sizeof(neighbor)));
    heard->best_count++;
}

static void hear_received(void *context, const struct godwit_route *route)
{
    struct heard *heard = context;
    heard->received_count++;
}

static struct godwit *speaker_new(struct heard *heard)
{
    const struct godwit_watcher watcher = {
        .peer = hear_peer, .best = hear_best, .received = hear_received, .context = heard};
    struct godwit *bgp = godwit_new(&watcher);
    assert_non_null(bgp);
    return bgp;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, first_address, &address.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* Both turn until `done`, or the time is up. */
static void turn_until(struct pair *pair, bool (*done)(const struct pair *pair))
{
    time_t limit = time(NULL) + LIMIT_S;
    while (!done(pair)) {
        assert_true(time(NULL) < limit);
        godwit_turn(pair->first, 1);
        godwit_turn(pair->second, 1);
    }
}

static bool both_up(const struct pair *pair)
{
    return pair->first_heard.session == GODWIT_ESTABLISHED && pair->second_heard.session == GODWIT_ESTABLISHED;
}

static bool second_down(const struct pair *pair)
{
    return pair->second_heard.session != GODWIT_ESTABLISHED;
}

static bool second_heard_one(const struct pair *pair)
{
    return pair->second_heard.best_count == 1;
}

static bool second_heard_two(const struct pair *pair)
{
    return pair->second_heard.best_count == 2;
}

static bool second_heard_three(const struct pair *pair)
{
    return pair->second_heard.best_count == 3;
}

static void pair_start(struct pair *pair)
{
    struct godwit_error error;
    uint16_t port = free_port();
    memset(pair, 0, sizeof(*pair));
    pair->first = speaker_new(&pair->first_heard);
    pair->second = speaker_new(&pair->second_heard);
    const struct godwit_speaker listening = {.as = AS, .router_id = "192.0.2.1", .port = port, .listen = first_address};
    const struct godwit_speaker silent = {.as = AS, .router_id = "192.0.2.2", .silent = true};
    if (godwit_start(pair->first, &listening, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(godwit_start(pair->second, &silent, &error), GODWIT_OK);
    const struct godwit_peer from = {.address = second_address, .as = AS, .passive = true, .password = "secret"};
    const struct godwit_peer to = {
        .address = first_address, .local_address = second_address, .as = AS, .port = port, .password = "secret"};
    if (godwit_peer_add(pair->first, &from, &error) < 0 || godwit_peer_add(pair->second, &to, &error) < 0)
        fail_msg("%s", error.text);
    turn_until(pair, both_up);
}

static void pair_end(struct pair *pair)
{
    godwit_free(pair->first);
    godwit_free(pair->second);
}

static void routes_go_from_one_to_the_other(void **state)
{
    struct pair pair;
    struct godwit_error error;
    pair_start(&pair);
    const struct godwit_announcement announcement = {
        .prefix = "203.0.113.0/24", .next_hop = "192.0.2.9", .as_path = "65010 {65011,65012}"};
    assert_int_equal(godwit_announce(pair.first, &announcement, &error), GODWIT_OK);
    turn_until(&pair, second_heard_one);
    assert_string_equal(pair.second_heard.lines[0],
                        "+203.0.113.0/24 [65010 {65011,65012}] via 192.0.2.9 from 127.61.0.1");
    assert_int_equal(pair.second_heard.received_count, 1);
    assert_int_equal(godwit_withdraw(pair.first, "203.0.113.0/24", 0, &error), GODWIT_OK);
    turn_until(&pair, second_heard_two);
    assert_memory_equal(pair.second_heard.lines[1], "-203.0.113.0/24", 15);
    pair_end(&pair);
}

static bool check_attributes(void *context, const struct godwit_route *route)
{
    unsigned *seen = context;
    uint32_t number, communities[4];
    struct godwit_large_community large[4];
    size_t bytes;
    assert_true(godwit_route_best(route));
    assert_false(godwit_route_stale(route));
    assert_int_equal(godwit_route_origin(route), GODWIT_ORIGIN_EGP);
    assert_true(godwit_route_med(route, &number));
    assert_int_equal(number, 77);
    assert_true(godwit_route_local_pref(route, &number));
    assert_int_equal(number, 222);
    assert_int_equal(godwit_route_communities(route, communities, 1), 2);
    assert_int_equal(communities[0], 65000u << 16 | 1);
    assert_int_equal(godwit_route_large_communities(route, large, 4), 1);
    assert_int_equal(large[0].global, 65000);
    assert_int_equal(large[0].local[1], 3);
    assert_non_null(godwit_route_attributes(route, &bytes));
    assert_true(bytes > 40);
    ++*seen;
    return true;
}

static void attributes_arrive_as_they_were_said(void **state)
{
    struct pair pair;
    struct godwit_error error;
    unsigned seen = 0;
    const uint32_t communities[] = {65000u << 16 | 1, 65000u << 16 | 2};
    const struct godwit_large_community large[] = {{65000, {2, 3}}};
    pair_start(&pair);
    const struct godwit_announcement announcement = {.prefix = "203.0.113.0/24",
                                                     .next_hop = "192.0.2.9",
                                                     .origin = GODWIT_ORIGIN_EGP,
                                                     .has_med = true,
                                                     .med = 77,
                                                     .has_local_pref = true,
                                                     .local_pref = 222,
                                                     .communities = communities,
                                                     .community_count = 2,
                                                     .large_communities = large,
                                                     .large_community_count = 1};
    assert_int_equal(godwit_announce(pair.first, &announcement, &error), GODWIT_OK);
    turn_until(&pair, second_heard_one);
    const struct godwit_query whole = {.table = GODWIT_TABLE};
    assert_int_equal(godwit_routes(pair.second, &whole, check_attributes, &seen, &error), GODWIT_OK);
    const struct godwit_query longest = {.match = GODWIT_LONGEST, .prefix = "203.0.113.77"};
    assert_int_equal(godwit_routes(pair.second, &longest, check_attributes, &seen, &error), GODWIT_OK);
    const struct godwit_query elsewhere = {.match = GODWIT_EXACT, .prefix = "203.0.112.0/24"};
    assert_int_equal(godwit_routes(pair.second, &elsewhere, check_attributes, &seen, &error), GODWIT_OK);
    assert_int_equal(seen, 2);
    char why[1024];
    assert_int_equal(godwit_why(pair.first, "203.0.113.1", second_address, why, sizeof(why), &error), GODWIT_OK);
    assert_non_null(strstr(why, "announced here"));
    assert_non_null(strstr(why, "127.61.0.2: told"));
    assert_int_equal(godwit_why(pair.second, "203.0.113.1", first_address, why, sizeof(why), &error), GODWIT_OK);
    assert_non_null(strstr(why, "127.61.0.1: not told"));
    pair_end(&pair);
}

struct list {
    unsigned count;
    uint64_t received, advertised;
};

static void count_peer(void *context, const struct godwit_peer_state *peer)
{
    struct list *list = context;
    list->count++;
    list->received += peer->received;
    list->advertised += peer->advertised;
    assert_string_equal(peer->why, "up, hold time 90 s");
}

static void neighbors_are_listed_with_their_counts(void **state)
{
    struct pair pair;
    struct godwit_error error;
    struct list list = {0};
    pair_start(&pair);
    for (unsigned i = 0; i < 3; i++) {
        char prefix[32];
        snprintf(prefix, sizeof(prefix), "203.0.%u.0/24", i);
        assert_int_equal(godwit_announce(pair.first,
                                         &(struct godwit_announcement){.prefix = prefix, .next_hop = "192.0.2.9"},
                                         &error),
                         GODWIT_OK);
    }
    turn_until(&pair, second_heard_three);
    assert_int_equal(godwit_peers(pair.first, NULL, count_peer, &list), 1);
    assert_int_equal(list.advertised, 3);
    assert_int_equal(godwit_peers(pair.second, first_address, count_peer, &list), 1);
    assert_int_equal(list.received, 3);
    assert_int_equal(godwit_peers(pair.second, "192.0.2.77", count_peer, &list), 0);
    assert_int_equal(list.count, 2);
    pair_end(&pair);
}

static void goodbye_is_said_with_its_text(void **state)
{
    struct pair pair;
    pair_start(&pair);
    godwit_stop(pair.first, "the program ends");
    turn_until(&pair, second_down);
    assert_non_null(strstr(pair.second_heard.why, "the program ends"));
    godwit_run(pair.first); /* ends, because everybody was told */
    const struct godwit_speaker again = {.as = AS, .router_id = "192.0.2.1", .silent = true};
    assert_int_equal(godwit_start(pair.first, &again, NULL), GODWIT_OK);
    pair_end(&pair);
}

static void removing_a_neighbor_ends_its_session(void **state)
{
    struct pair pair;
    struct godwit_error error;
    pair_start(&pair);
    assert_int_equal(godwit_peer_remove(pair.first, second_address, "moved away", &error), GODWIT_OK);
    turn_until(&pair, second_down);
    assert_int_equal(godwit_peer_remove(pair.first, second_address, NULL, &error), GODWIT_NOT_FOUND);
    pair_end(&pair);
}

static void configuration_is_taken_as_text_and_its_differences_applied(void **state)
{
    struct godwit_error error = {{0}};
    struct heard heard = {0};
    struct godwit *bgp = speaker_new(&heard);
    static const char *const one = "[global.config]\nas = 65000\nrouter-id = \"192.0.2.1\"\nport = -1\n"
                                   "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"192.0.2.2\"\n"
                                   "peer-as = 65001\n[neighbors.transport.config]\npassive-mode = true\n";
    static const char *const none = "[global.config]\nas = 65000\nrouter-id = \"192.0.2.1\"\nport = -1\n";
    struct list list = {0};
    if (godwit_configure(bgp, one, GODWIT_TOML, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(godwit_peers(bgp, NULL, hear_peer, &heard), 1);
    assert_int_equal(godwit_configure(bgp, "[global.config]\nas = \"many\"\n", GODWIT_TOML, &error), GODWIT_INVALID);
    assert_non_null(strstr(error.text, "configuration:2"));
    assert_int_equal(godwit_peers(bgp, NULL, hear_peer, &heard), 1);
    assert_int_equal(godwit_configure(bgp, none, GODWIT_TOML, &error), GODWIT_OK);
    assert_int_equal(godwit_peers(bgp, NULL, count_peer, &list), 0);
    godwit_free(bgp);
}

static void mistakes_are_told_with_value_and_what_is_allowed(void **state)
{
    struct godwit_error error;
    struct heard heard = {0};
    struct godwit *bgp = speaker_new(&heard);
    assert_int_equal(godwit_announce(bgp, &(struct godwit_announcement){.prefix = "203.0.113.0/24"}, &error),
                     GODWIT_STATE);
    assert_int_equal(godwit_start(bgp, &(struct godwit_speaker){.as = 65000, .router_id = "one"}, &error),
                     GODWIT_INVALID);
    assert_string_equal(error.text, "router_id: \"one\" is not an IPv4 address");
    const struct godwit_speaker speaker = {.as = 65000, .router_id = "192.0.2.1", .silent = true};
    assert_int_equal(godwit_start(bgp, &speaker, &error), GODWIT_OK);
    assert_int_equal(godwit_start(bgp, &speaker, &error), GODWIT_STATE);
    assert_int_equal(godwit_peer_add(bgp, &(struct godwit_peer){.as = 65001}, &error), GODWIT_INVALID);
    assert_string_equal(error.text, "address: it is missing");
    assert_int_equal(
        godwit_peer_add(bgp, &(struct godwit_peer){.address = "192.0.2.2", .as = 65001, .families = 4}, &error),
        GODWIT_INVALID);
    assert_int_equal(godwit_announce(bgp, &(struct godwit_announcement){.prefix = "203.0.113.0/33"}, &error),
                     GODWIT_INVALID);
    assert_string_equal(error.text, "prefix: \"203.0.113.0/33\" is not one, as 192.0.2.0/24 is");
    assert_int_equal(
        godwit_announce(bgp, &(struct godwit_announcement){.prefix = "203.0.113.0/24", .as_path = "65000 x"}, &error),
        GODWIT_INVALID);
    assert_int_equal(
        godwit_announce(bgp, &(struct godwit_announcement){.prefix = "203.0.113.0/24", .next_hop = "nowhere"}, NULL),
        GODWIT_INVALID);
    const struct godwit_query query = {.table = GODWIT_RECEIVED, .neighbor = "192.0.2.77"};
    assert_int_equal(godwit_routes(bgp, &query, check_attributes, NULL, &error), GODWIT_NOT_FOUND);
    char why[64];
    assert_int_equal(godwit_why(bgp, "198.51.100.1", NULL, why, sizeof(why), &error), GODWIT_NOT_FOUND);
    godwit_free(bgp);
}

/* Posting ---------------------------------------------------------------------------------------------------------- */

struct posting {
    struct godwit *bgp;
    pthread_t speaker_thread;
    bool same_thread;
};

static void announce_and_leave(void *context)
{
    struct posting *posting = context;
    posting->same_thread = pthread_equal(posting->speaker_thread, pthread_self());
    godwit_announce(posting->bgp, &(struct godwit_announcement){.prefix = "203.0.113.0/24"}, NULL);
    godwit_leave(posting->bgp);
}

static void *post(void *context)
{
    struct posting *posting = context;
    godwit_post(posting->bgp, announce_and_leave, posting);
    return NULL;
}

static void other_threads_post(void **state)
{
    struct heard heard = {0};
    struct posting posting = {.bgp = speaker_new(&heard), .speaker_thread = pthread_self()};
    pthread_t thread;
    const struct godwit_speaker speaker = {.as = 65000, .router_id = "192.0.2.1", .silent = true};
    assert_int_equal(godwit_start(posting.bgp, &speaker, NULL), GODWIT_OK);
    assert_true(godwit_descriptor(posting.bgp) >= 0);
    assert_int_equal(pthread_create(&thread, NULL, post, &posting), 0);
    godwit_run(posting.bgp);
    pthread_join(thread, NULL);
    assert_true(posting.same_thread);
    while (heard.best_count == 0)
        godwit_turn(posting.bgp, 10);
    assert_int_equal(heard.best_count, 1);
    godwit_free(posting.bgp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_go_from_one_to_the_other),
        cmocka_unit_test(attributes_arrive_as_they_were_said),
        cmocka_unit_test(neighbors_are_listed_with_their_counts),
        cmocka_unit_test(goodbye_is_said_with_its_text),
        cmocka_unit_test(removing_a_neighbor_ends_its_session),
        cmocka_unit_test(configuration_is_taken_as_text_and_its_differences_applied),
        cmocka_unit_test(mistakes_are_told_with_value_and_what_is_allowed),
        cmocka_unit_test(other_threads_post),
    };
    godwit_log(GODWIT_LOG_ERROR, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
