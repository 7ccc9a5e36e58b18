#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/check.h"
#include "session/open_check.h"
#include "session/random.h"

static struct session_config config_make(void)
{
    return (struct session_config){
        .local_as = 65001,
        .peer_as = 65002,
        .local_id = 0x0a000001,
        .hold_time_s = 90,
        .capabilities = {.role = ROLE_NONE},
        .rules = {.ebgp = true},
    };
}

static struct open_message open_make_remote(void)
{
    return (struct open_message){
        .version = 4, .as = 65002, .hold_time_s = 90, .router_id = 0x0a000002, .capabilities = {.role = ROLE_NONE}};
}

/* The subcode; 0 if accepted. */
static unsigned check(const struct session_config *config, const struct open_message *remote, const char *reason)
{
    struct notification notification;
    char memory[256];
    struct str why = str_over(memory, sizeof(memory));
    if (open_check(config, remote, &notification, &why) == 0) {
        assert_int_equal(why.length, 0);
        return 0;
    }
    assert_int_equal(notification.code, NOTIFY_OPEN);
    if (!reason || !strstr(why.text, reason))
        fail_msg("\"%s\"", why.text);
    return notification.subcode;
}

static void test_peer_as(void **state)
{
    struct session_config config = config_make();
    struct open_message remote = open_make_remote();
    assert_int_equal(check(&config, &remote, NULL), 0);
    remote.as = 4200000000;
    assert_int_equal(check(&config, &remote, "peer announced AS 4200000000, configured is AS 65002"),
                     NOTIFY_OPEN_BAD_PEER_AS);
    config.peer_as = 0;
    assert_int_equal(check(&config, &remote, NULL), 0);
}

static void test_own_identifier(void **state)
{
    struct session_config config = config_make();
    struct open_message remote = open_make_remote();
    remote.router_id = config.local_id;
    assert_int_equal(check(&config, &remote, NULL), 0); /* another AS may have it too (RFC 6286) */
    remote.as = config.peer_as = config.local_as;
    config.ibgp = true;
    assert_int_equal(check(&config, &remote, "10.0.0.1"), NOTIFY_OPEN_BAD_ID);
    config.peer_as = 0;
    config.ibgp = false;
    assert_int_equal(check(&config, &remote, "10.0.0.1"), NOTIFY_OPEN_BAD_ID);
}

static void test_roles(void **state)
{
    static const uint8_t partner[] = {[ROLE_PROVIDER] = ROLE_CUSTOMER,
                                      [ROLE_ROUTE_SERVER] = ROLE_ROUTE_SERVER_CLIENT,
                                      [ROLE_ROUTE_SERVER_CLIENT] = ROLE_ROUTE_SERVER,
                                      [ROLE_CUSTOMER] = ROLE_PROVIDER,
                                      [ROLE_PEER] = ROLE_PEER};
    struct session_config config = config_make();
    struct open_message remote = open_make_remote();
    for (uint8_t ours = 0; ours < ARRAY_LEN(partner); ours++) {
        for (uint8_t theirs = 0; theirs < 8; theirs++) { /* 5 to 7 are nothing */
            config.capabilities.role = ours;
            remote.capabilities.role = theirs;
            bool right = theirs == partner[ours];
            assert_int_equal(check(&config, &remote, "roles do not match"), right ? 0 : NOTIFY_OPEN_ROLE_MISMATCH);
        }
    }
    remote.capabilities.role = ROLE_NONE;
    assert_int_equal(check(&config, &remote, NULL), 0);
    config.role_strict = true;
    assert_int_equal(check(&config, &remote, "announced no role"), NOTIFY_OPEN_ROLE_MISMATCH);
    config.capabilities.role = ROLE_NONE; /* we have none: theirs does not matter */
    remote.capabilities.role = ROLE_PEER;
    assert_int_equal(check(&config, &remote, NULL), 0);
    config.capabilities.role = ROLE_PROVIDER; /* nor on an internal session */
    remote.as = config.peer_as = config.local_as;
    config.ibgp = true;
    assert_int_equal(check(&config, &remote, NULL), 0);
}

static void test_collision_rule(void **state)
{
    struct session_config config = config_make();
    struct open_message remote = open_make_remote();
    assert_false(collision_keeps_ours(&config, &remote));
    config.local_id = 0xe0000001; /* compared unsigned */
    assert_true(collision_keeps_ours(&config, &remote));
    remote.router_id = config.local_id;
    assert_false(collision_keeps_ours(&config, &remote)); /* RFC 6286: 65001 < 65002 */
    config.local_as = 4200000000;
    assert_true(collision_keeps_ours(&config, &remote));
}

static unsigned keepalive(uint16_t hold_s, uint16_t keepalive_s, uint16_t peer_hold_s)
{
    struct session_config config = config_make();
    struct open_message local, remote = open_make_remote();
    struct negotiated negotiated;
    config.hold_time_s = hold_s;
    config.keepalive_s = keepalive_s;
    remote.hold_time_s = peer_hold_s;
    open_make(&config, &local);
    open_negotiate(&config, &local, &remote, &negotiated);
    return negotiated.keepalive_s;
}

static void test_keepalive_interval(void **state)
{
    assert_int_equal(keepalive(90, 0, 90), 30);
    assert_int_equal(keepalive(90, 10, 90), 10);
    assert_int_equal(keepalive(90, 10, 180), 10);
    assert_int_equal(keepalive(90, 10, 60), 20); /* the peer lowered the hold time: a third of that */
    assert_int_equal(keepalive(90, 90, 90), 30); /* would come too late */
    assert_int_equal(keepalive(3, 0, 90), 1);
    assert_int_equal(keepalive(0, 30, 90), 0);
}

static void test_rules(void **state)
{
    struct session_config config = config_make();
    struct open_message local, remote = open_make_remote();
    struct negotiated negotiated;
    struct update_rules rules;
    struct addr address = addr_ipv4(0x0a000001);
    config.peer_as = 0;
    config.rules.as_path_max = 500;
    remote.as = 65001;
    open_make(&config, &local);
    open_negotiate(&config, &local, &remote, &negotiated);
    open_rules(&config, &remote, &negotiated, &address, &rules);
    assert_false(rules.ebgp); /* known only now */
    assert_int_equal(rules.peer_as, 65001);
    assert_int_equal(rules.as_path_max, 500);
    assert_int_equal(rules.families, 1 << FAMILY_IPV4_UNICAST);
    assert_true(addr_equal(&rules.local_address, &address));
    remote.as = 65002;
    open_negotiate(&config, &local, &remote, &negotiated);
    open_rules(&config, &remote, &negotiated, &address, &rules);
    assert_true(rules.ebgp);
}

static void test_large_as_goes_as_trans(void **state)
{
    struct session_config config = config_make();
    struct open_message local;
    config.local_as = 4200000000;
    open_make(&config, &local);
    assert_int_equal(local.my_as, 23456);
    assert_int_equal(local.as, 4200000000);
}

static void test_random(void **state)
{
    struct random a, b;
    random_init(&a, 7);
    random_init(&b, 7);
    int64_t low = 1000, high = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t jittered = random_jitter_ms(&a, 1000);
        assert_int_equal(jittered, random_jitter_ms(&b, 1000)); /* the same seed, the same run */
        low = jittered < low ? jittered : low;
        high = jittered > high ? jittered : high;
    }
    assert_in_range(low, 750, 760);
    assert_in_range(high, 990, 1000);
    assert_int_equal(random_below(&a, 0), 0);
    assert_int_equal(random_below(&a, 1), 0);
    assert_int_equal(random_jitter_ms(&a, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_as),
        cmocka_unit_test(test_own_identifier),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_collision_rule),
        cmocka_unit_test(test_keepalive_interval),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_large_as_goes_as_trans),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
