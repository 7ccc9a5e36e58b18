/* Each rule of choice and each rewriting, one row each. */
#include "lab.h"

#include <string.h>

#include "config/config.h"
#include "wire/open.h"

enum change {
    PLAIN,
    REFLECTOR_CLIENT,
    ROUTE_SERVER_CLIENT,
    TWO_OCTET,
    SELF_INSIDE,
    DISREGARD_COMMUNITIES,
    WAITS_FOR_POLICY,
    DEFAULT_REJECT,
    IPV6_SESSION, /* IPv4 routes over IPv6, no extended next hops */
    IPV6_SESSION_RFC8950,
    BE_PROVIDER,
    BE_CUSTOMER,
    BE_PEER,
    BE_ROUTE_SERVER,
    BE_ROUTE_SERVER_CLIENT,
};

static void change_rules(struct export_rules *rules, enum change change)
{
    rules->reflector_client = change == REFLECTOR_CLIENT;
    rules->route_server_client = change == ROUTE_SERVER_CLIENT;
    rules->four_octet_as = change != TWO_OCTET;
    rules->next_hop_self = change == SELF_INSIDE;
    rules->honour_well_known = change != DISREGARD_COMMUNITIES;
    rules->requires_policy = change == WAITS_FOR_POLICY;
    rules->default_export = change == DEFAULT_REJECT ? DEFAULT_ACTION_REJECT : DEFAULT_ACTION_NONE;
    if (change == IPV6_SESSION || change == IPV6_SESSION_RFC8950) {
        memset(&rules->next_hop_ipv4, 0, sizeof(rules->next_hop_ipv4));
        assert_int_equal(addr_parse("2001:db8::99", &rules->next_hop_ipv6), 0);
        rules->extended_next_hop = change == IPV6_SESSION_RFC8950;
    }
    static const uint8_t roles[] = {ROLE_PROVIDER, ROLE_CUSTOMER, ROLE_PEER, ROLE_ROUTE_SERVER,
                                    ROLE_ROUTE_SERVER_CLIENT};
    if (change >= BE_PROVIDER)
        rules->local_role = roles[change - BE_PROVIDER];
}

#define BASE "origin=0 path=65001 nh=192.0.2.1"
#define NO_EXPORT "4294967041"
#define NO_ADVERTISE "4294967042"
#define NO_EXPORT_SUBCONFED "4294967043"

static const struct choice_case {
    uint8_t kind;
    enum change change;
    uint8_t source;
    const char *attrs;
    enum export_reason reason;
} choice_cases[] = {
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, BASE, EXPORT_TOLD},
    {SOURCE_EXTERNAL, PLAIN, LAB_INTERNAL, BASE, EXPORT_TOLD},
    {SOURCE_EXTERNAL, PLAIN, LAB_LOCAL, "origin=0 nh=0.0.0.0", EXPORT_TOLD},
    /* RFC 4271 9.1.3, RFC 4456 6 */
    {SOURCE_INTERNAL, PLAIN, LAB_EXTERNAL, BASE, EXPORT_TOLD},
    {SOURCE_INTERNAL, PLAIN, LAB_CONFEDERATION, BASE, EXPORT_TOLD},
    {SOURCE_INTERNAL, PLAIN, LAB_INTERNAL, BASE, EXPORT_INTERNAL},
    {SOURCE_INTERNAL, REFLECTOR_CLIENT, LAB_INTERNAL, BASE, EXPORT_TOLD},
    {SOURCE_INTERNAL, PLAIN, LAB_CLIENT, BASE, EXPORT_TOLD},
    {SOURCE_INTERNAL, REFLECTOR_CLIENT, LAB_CLIENT, BASE, EXPORT_TOLD},
    /* RFC 1997 */
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, BASE " comm=" NO_EXPORT, EXPORT_NO_EXPORT},
    {SOURCE_INTERNAL, PLAIN, LAB_EXTERNAL, BASE " comm=" NO_EXPORT, EXPORT_TOLD},
    {SOURCE_CONFEDERATION, PLAIN, LAB_EXTERNAL, BASE " comm=" NO_EXPORT, EXPORT_TOLD},
    {SOURCE_EXTERNAL, PLAIN, LAB_LOCAL, BASE " comm=" NO_EXPORT, EXPORT_NO_EXPORT},
    {SOURCE_INTERNAL, PLAIN, LAB_EXTERNAL, BASE " comm=" NO_ADVERTISE, EXPORT_NO_ADVERTISE},
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, BASE " comm=5," NO_ADVERTISE, EXPORT_NO_ADVERTISE},
    {SOURCE_CONFEDERATION, PLAIN, LAB_EXTERNAL, BASE " comm=" NO_EXPORT_SUBCONFED, EXPORT_NO_EXPORT_SUBCONFED},
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, BASE " comm=" NO_EXPORT_SUBCONFED, EXPORT_NO_EXPORT_SUBCONFED},
    {SOURCE_INTERNAL, PLAIN, LAB_EXTERNAL, BASE " comm=" NO_EXPORT_SUBCONFED, EXPORT_TOLD},
    {SOURCE_EXTERNAL, DISREGARD_COMMUNITIES, LAB_EXTERNAL, BASE " comm=" NO_ADVERTISE, EXPORT_TOLD},
    /* RFC 9234 5 */
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, BASE " otc=65001", EXPORT_TOLD},
    {SOURCE_EXTERNAL, BE_PROVIDER, LAB_EXTERNAL, BASE " otc=65001", EXPORT_TOLD},
    {SOURCE_EXTERNAL, BE_ROUTE_SERVER, LAB_EXTERNAL, BASE " otc=65001", EXPORT_TOLD},
    {SOURCE_EXTERNAL, BE_CUSTOMER, LAB_EXTERNAL, BASE " otc=65001", EXPORT_ROLE},
    {SOURCE_EXTERNAL, BE_PEER, LAB_EXTERNAL, BASE " otc=65001", EXPORT_ROLE},
    {SOURCE_EXTERNAL, BE_ROUTE_SERVER_CLIENT, LAB_EXTERNAL, BASE " otc=65001", EXPORT_ROLE},
    {SOURCE_EXTERNAL, BE_CUSTOMER, LAB_EXTERNAL, BASE, EXPORT_TOLD},
    /* RFC 8212, and no better */
    {SOURCE_EXTERNAL, WAITS_FOR_POLICY, LAB_EXTERNAL, BASE, EXPORT_NO_POLICY},
    {SOURCE_EXTERNAL, DEFAULT_REJECT, LAB_EXTERNAL, BASE, EXPORT_POLICY},
    /* Next hops */
    {SOURCE_EXTERNAL, IPV6_SESSION, LAB_EXTERNAL, BASE, EXPORT_NO_NEXT_HOP},
    {SOURCE_EXTERNAL, IPV6_SESSION_RFC8950, LAB_EXTERNAL, BASE, EXPORT_TOLD},
    {SOURCE_INTERNAL, IPV6_SESSION, LAB_EXTERNAL, BASE, EXPORT_TOLD},
    {SOURCE_INTERNAL, PLAIN, LAB_EXTERNAL, "origin=0 path=65001 nh=2001:db8::1", EXPORT_NO_NEXT_HOP},
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, "origin=0 path=65001 nh=2001:db8::1", EXPORT_TOLD},
    {SOURCE_INTERNAL, IPV6_SESSION_RFC8950, LAB_EXTERNAL, "origin=0 path=65001 nh=2001:db8::1", EXPORT_TOLD},
};

static void test_choice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(choice_cases) / sizeof(choice_cases[0]); i++) {
        const struct choice_case *row = &choice_cases[i];
        struct rib *rib = lab_rib_new(FAMILY_IPV4_UNICAST);
        struct export_rules rules = lab_rules(FAMILY_IPV4_UNICAST, row->kind);
        struct export_path path;
        attr_id set = lab_set(rib, row->attrs);
        change_rules(&rules, row->change);
        export_path_of(rib, set, row->source, &path);
        enum export_reason reason = export_check(&rules, &path);
        if (reason != row->reason)
            fail_msg("case %zu: %s", i, export_reason_text(reason));
        assert_true(strlen(export_reason_text(reason)) > 0);
        attr_store_unref(rib->attrs, set, 1);
        lab_rib_free(rib);
    }
}

static const struct rewrite_case {
    uint8_t kind;
    enum change change;
    uint8_t source;
    const char *attrs;
    const char *out; /* without what travels in MP_REACH_NLRI */
} rewrite_cases[] = {
    /* To external neighbours: ourselves in front, ourselves as next hop, nothing that is the AS's own. */
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL,
     "origin=1 path=65001,65002 nh=192.0.2.1 med=5 pref=200 comm=7 originator=9 clusters=1,2 aigp=1 sid=1",
     "origin=1 path=65000 65001 65002 nh=192.0.2.99 comm=7"},
    {SOURCE_EXTERNAL, PLAIN, LAB_LOCAL, "origin=0 nh=0.0.0.0 med=5 pref=7", "origin=0 path=65000 nh=192.0.2.99 med=5"},
    {SOURCE_EXTERNAL, PLAIN, LAB_LOCAL, "origin=0 path=64999 nh=192.0.2.5", "origin=0 path=65000 64999 nh=192.0.2.5"},
    {SOURCE_EXTERNAL, PLAIN, LAB_INTERNAL, "origin=0 path= nh=192.0.2.1 med=1 pref=100 originator=9 clusters=3",
     "origin=0 path=65000 nh=192.0.2.99"},
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, "origin=0 path=65001,{65002,65003} nh=192.0.2.1",
     "origin=0 path=65000 65001 {65002,65003} nh=192.0.2.99"},
    /* RFC 5065 4.1: a confederation's segments stay inside. */
    {SOURCE_EXTERNAL, PLAIN, LAB_CONFEDERATION, "origin=0 path=(64601),65001 nh=192.0.2.1",
     "origin=0 path=65000 65001 nh=192.0.2.99"},
    {SOURCE_CONFEDERATION, PLAIN, LAB_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1 med=5",
     "origin=0 path=(65000) 65001 nh=192.0.2.1 med=5 pref=100"},
    /* RFC 7947: a route server is not there. */
    {SOURCE_EXTERNAL, ROUTE_SERVER_CLIENT, LAB_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1 med=5 pref=9",
     "origin=0 path=65001 nh=192.0.2.1 med=5"},
    {SOURCE_EXTERNAL, ROUTE_SERVER_CLIENT, LAB_LOCAL, "origin=0 nh=0.0.0.0", "origin=0 path= nh=192.0.2.99"},
    /* To internal ones: as it is, with LOCAL_PREF. */
    {SOURCE_INTERNAL, PLAIN, LAB_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1 med=5",
     "origin=0 path=65001 nh=192.0.2.1 med=5 pref=100"},
    {SOURCE_INTERNAL, PLAIN, LAB_LOCAL, "origin=0 nh=0.0.0.0 pref=7", "origin=0 path= nh=192.0.2.99 pref=7"},
    {SOURCE_INTERNAL, SELF_INSIDE, LAB_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1",
     "origin=0 path=65001 nh=192.0.2.99 pref=100"},
    {SOURCE_INTERNAL, SELF_INSIDE, LAB_CLIENT, "origin=0 path=65001 nh=192.0.2.1 pref=1",
     "origin=0 path=65001 nh=192.0.2.1 pref=1 originator=16843012 clusters=78"},
    /* RFC 4456 8: who brought it, and that it passed here. */
    {SOURCE_INTERNAL, REFLECTOR_CLIENT, LAB_INTERNAL, "origin=0 path= nh=192.0.2.1 pref=1",
     "origin=0 path= nh=192.0.2.1 pref=1 originator=16843011 clusters=77"},
    {SOURCE_INTERNAL, REFLECTOR_CLIENT, LAB_INTERNAL, "origin=0 path= nh=192.0.2.1 pref=1 originator=9 clusters=5,6",
     "origin=0 path= nh=192.0.2.1 pref=1 originator=9 clusters=77,5,6"},
    /* RFC 6793 4.2.2: old speakers. */
    {SOURCE_EXTERNAL, TWO_OCTET, LAB_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1 aggregator=65001",
     "origin=0 path=2:65000,65001 nh=192.0.2.99 aggregator=2:65001"},
    {SOURCE_EXTERNAL, TWO_OCTET, LAB_EXTERNAL, "origin=0 path=70000,65001 nh=192.0.2.1 aggregator=70000",
     "origin=0 path=2:65000,23456,65001 nh=192.0.2.99 aggregator=2:23456 as4path=65000 70000 65001 "
     "as4aggregator=70000"},
    {SOURCE_INTERNAL, TWO_OCTET, LAB_EXTERNAL, "origin=0 path=70000,5,6 nh=192.0.2.1",
     "origin=0 path=2:23456,5,6 nh=192.0.2.1 pref=100 as4path=70000 5 6"},
    {SOURCE_EXTERNAL, PLAIN, LAB_EXTERNAL, "origin=0 path=70000 nh=192.0.2.1 aggregator=70000",
     "origin=0 path=65000 70000 nh=192.0.2.99 aggregator=70000"},
    /* RFC 9234 5: marked on the way down and to peers, once. */
    {SOURCE_EXTERNAL, BE_PROVIDER, LAB_EXTERNAL, BASE, "origin=0 path=65000 65001 nh=192.0.2.99 otc=65000"},
    {SOURCE_EXTERNAL, BE_PEER, LAB_EXTERNAL, BASE, "origin=0 path=65000 65001 nh=192.0.2.99 otc=65000"},
    {SOURCE_EXTERNAL, BE_ROUTE_SERVER, LAB_EXTERNAL, BASE, "origin=0 path=65000 65001 nh=192.0.2.99 otc=65000"},
    {SOURCE_EXTERNAL, BE_CUSTOMER, LAB_EXTERNAL, BASE, "origin=0 path=65000 65001 nh=192.0.2.99"},
    {SOURCE_EXTERNAL, BE_PROVIDER, LAB_EXTERNAL, BASE " otc=5", "origin=0 path=65000 65001 nh=192.0.2.99 otc=5"},
    /* RFC 8950: the next hop is in MP_REACH_NLRI. */
    {SOURCE_EXTERNAL, IPV6_SESSION_RFC8950, LAB_EXTERNAL, BASE, "origin=0 path=65000 65001"},
};

static void test_rewriting(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rewrite_cases) / sizeof(rewrite_cases[0]); i++) {
        const struct rewrite_case *row = &rewrite_cases[i];
        struct rib *rib = lab_rib_new(FAMILY_IPV4_UNICAST);
        struct export_rules rules = lab_rules(FAMILY_IPV4_UNICAST, row->kind);
        struct export_path path;
        struct buf work, out;
        uint8_t next_hop[32];
        attr_id set = lab_set(rib, row->attrs);
        buf_init(&work, 4 * ATTR_BLOCK_MAX);
        buf_init(&out, ATTR_BLOCK_MAX);
        change_rules(&rules, row->change);
        export_path_of(rib, set, row->source, &path);
        assert_int_equal(export_check(&rules, &path), EXPORT_TOLD);
        unsigned length = export_attributes(&rules, &path, &work, &out, next_hop);
        bool mp_reach = row->change == IPV6_SESSION_RFC8950;
        assert_int_equal(length, mp_reach ? 16 : 4);
        assert_int_equal(export_uses_mp_reach(&rules, length), mp_reach);
        const char *text = lab_text(out.bytes, out.length, rules.four_octet_as);
        if (strcmp(text, row->out) != 0)
            fail_msg("case %zu: %s", i, text);
        buf_release(&work);
        buf_release(&out);
        attr_store_unref(rib->attrs, set, 1);
        lab_rib_free(rib);
    }
}

static void check_ipv6_next_hop(struct export_rules *rules, source_id source, const char *attrs, const char *expected)
{
    struct rib *rib = lab_rib_new(FAMILY_IPV6_UNICAST);
    struct export_path path;
    struct buf work, out;
    uint8_t next_hop[32];
    char text[2 * ADDR_TEXT_MAX], address[ADDR_TEXT_MAX];
    struct str words = str_over(text, sizeof(text));
    attr_id set = lab_set(rib, attrs);
    buf_init(&work, 4 * ATTR_BLOCK_MAX);
    buf_init(&out, ATTR_BLOCK_MAX);
    export_path_of(rib, set, source, &path);
    assert_int_equal(export_check(rules, &path), EXPORT_TOLD);
    unsigned length = export_attributes(rules, &path, &work, &out, next_hop);
    struct addr addr = addr_from_bytes(ADDR_IPV6, next_hop);
    str_add(&words, addr_format(&addr, address));
    if (length == 32) {
        addr = addr_from_bytes(ADDR_IPV6, next_hop + 16);
        str_printf(&words, "+%s", addr_format(&addr, address));
    }
    assert_string_equal(text, expected);
    struct attr_item item;
    assert_false(attr_find(out.bytes, (uint32_t)out.length, ATTR_NEXT_HOP, &item));
    buf_release(&work);
    buf_release(&out);
    attr_store_unref(rib->attrs, set, 1);
    lab_rib_free(rib);
}

/* RFC 2545 3: the link-local address goes along on the link only. */
static void test_ipv6_next_hops(void **state)
{
    (void)state;
    struct export_rules external = lab_rules(FAMILY_IPV6_UNICAST, SOURCE_EXTERNAL);
    struct export_rules internal = lab_rules(FAMILY_IPV6_UNICAST, SOURCE_INTERNAL);
    check_ipv6_next_hop(&external, LAB_EXTERNAL, "origin=0 path=65001 nh=2001:db8::1", "2001:db8::99");
    assert_int_equal(addr_parse("fe80::99", &external.link_local), 0);
    check_ipv6_next_hop(&external, LAB_EXTERNAL, "origin=0 path=65001 nh=2001:db8::1", "2001:db8::99+fe80::99");
    check_ipv6_next_hop(&internal, LAB_EXTERNAL, "origin=0 path=65001 nh=2001:db8::1+fe80::1", "2001:db8::1");
    internal.next_hop_self = true;
    check_ipv6_next_hop(&internal, LAB_EXTERNAL, "origin=0 path=65001 nh=2001:db8::1+fe80::1", "2001:db8::99");
}

static void test_rules_in_words(void **state)
{
    (void)state;
    struct export_rules a = lab_rules(FAMILY_IPV4_UNICAST, SOURCE_EXTERNAL), b = a;
    char text[512];
    struct str out = str_over(text, sizeof(text));
    export_rules_describe(&a, &out);
    assert_string_equal(text, "ipv4-unicast, external, local AS 65000, 4-octet AS, next hop 192.0.2.99");
    text[0] = '\0';
    out = str_over(text, sizeof(text));
    export_rules_difference(&a, &b, &out);
    assert_string_equal(text, "");
    b.add_path = true;
    b.add_path_max = 4;
    out = str_over(text, sizeof(text));
    export_rules_difference(&a, &b, &out);
    assert_string_equal(text, "add-path: no here, yes there");
    b = a;
    b.cluster_id = 5;
    out = str_over(text, sizeof(text));
    export_rules_difference(&a, &b, &out);
    assert_string_equal(text, "cluster id: 0 here, 5 there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_rewriting),
        cmocka_unit_test(test_ipv6_next_hops),
        cmocka_unit_test(test_rules_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
