/* Paths of events in words, and which of them are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.pb-c.h"
#include "fleet/route_words.h"

enum { ANYS_MAX = 4 };

/* A path with any attributes, freed by nobody: the test ends. */
struct path {
    Apipb__Path path;
    Google__Protobuf__Any nlri;
    Google__Protobuf__Any attributes[ANYS_MAX];
    Google__Protobuf__Any *list[ANYS_MAX];
    char urls[ANYS_MAX + 1][96];
    uint8_t bytes[ANYS_MAX + 1][512];
};

static void any_fill(Google__Protobuf__Any *any, char *url, uint8_t *bytes, const ProtobufCMessage *message)
{
    google__protobuf__any__init(any);
    snprintf(url, 96, "type.googleapis.com/%s", message->descriptor->name);
    any->type_url = url;
    any->value.len = protobuf_c_message_pack(message, bytes);
    any->value.data = bytes;
}

static void path_make(struct path *path, const char *prefix, unsigned length)
{
    Apipb__IPAddressPrefix nlri = APIPB__IPADDRESS_PREFIX__INIT;
    memset(path, 0, sizeof(*path));
    apipb__path__init(&path->path);
    nlri.prefix = (char *)(uintptr_t)prefix;
    nlri.prefix_len = length;
    any_fill(&path->nlri, path->urls[ANYS_MAX], path->bytes[ANYS_MAX], &nlri.base);
    path->path.nlri = &path->nlri;
    path->path.pattrs = path->list;
}

static void path_add(struct path *path, const ProtobufCMessage *message)
{
    size_t i = path->path.n_pattrs++;
    any_fill(&path->attributes[i], path->urls[i], path->bytes[i], message);
    path->list[i] = &path->attributes[i];
}

static void attributes_are_told(void **state)
{
    struct path path;
    struct route_words words;
    uint32_t sequence[] = {65001, 4200000000};
    uint32_t set[] = {7, 8};
    uint32_t communities[] = {65000u << 16 | 666};
    Apipb__AsSegment first = APIPB__AS_SEGMENT__INIT;
    Apipb__AsSegment second = APIPB__AS_SEGMENT__INIT;
    Apipb__AsSegment *segments[] = {&first, &second};
    Apipb__AsPathAttribute as_path = APIPB__AS_PATH_ATTRIBUTE__INIT;
    Apipb__NextHopAttribute next_hop = APIPB__NEXT_HOP_ATTRIBUTE__INIT;
    Apipb__CommunitiesAttribute community = APIPB__COMMUNITIES_ATTRIBUTE__INIT;
    Apipb__MultiExitDiscAttribute med = APIPB__MULTI_EXIT_DISC_ATTRIBUTE__INIT;
    first.type = APIPB__AS_SEGMENT__TYPE__AS_SEQUENCE;
    first.numbers = sequence;
    first.n_numbers = 2;
    second.type = APIPB__AS_SEGMENT__TYPE__AS_SET;
    second.numbers = set;
    second.n_numbers = 2;
    as_path.segments = segments;
    as_path.n_segments = 2;
    next_hop.next_hop = (char *)(uintptr_t) "198.18.0.1";
    community.communities = communities;
    community.n_communities = 1;
    med.med = 50;
    path_make(&path, "203.0.113.7", 24);
    path_add(&path, &as_path.base);
    path_add(&path, &next_hop.base);
    path_add(&path, &community.base);
    path_add(&path, &med.base);
    assert_true(route_words_read(&path.path, &words));
    assert_string_equal(words.as_path, "65001 4200000000 {7,8}");
    assert_string_equal(words.next_hop, "198.18.0.1");
    assert_string_equal(words.communities, "65000:666");
    assert_true(words.has_med);
    assert_int_equal(words.med, 50);
    char text[PREFIX_TEXT_MAX];
    assert_string_equal(prefix_format(&words.prefix, text), "203.0.113.0/24");
}

static void long_paths_are_cut_visibly(void **state)
{
    struct path path;
    struct route_words words;
    uint32_t numbers[90];
    Apipb__AsSegment segment = APIPB__AS_SEGMENT__INIT;
    Apipb__AsSegment *segments[] = {&segment};
    Apipb__AsPathAttribute as_path = APIPB__AS_PATH_ATTRIBUTE__INIT;
    for (unsigned i = 0; i < 90; i++)
        numbers[i] = 100000 + i;
    segment.type = APIPB__AS_SEGMENT__TYPE__AS_SEQUENCE;
    segment.numbers = numbers;
    segment.n_numbers = 90;
    as_path.segments = segments;
    as_path.n_segments = 1;
    path_make(&path, "2001:db8::", 32);
    path_add(&path, &as_path.base);
    assert_true(route_words_read(&path.path, &words));
    size_t length = strlen(words.as_path);
    assert_int_equal(length, ROUTE_PATH_TEXT_MAX - 1);
    assert_string_equal(words.as_path + length - 3, "...");
}

static void what_is_no_prefix_is_passed_over(void **state)
{
    struct path path;
    struct route_words words;
    path_make(&path, "203.0.113.7", 33);
    assert_false(route_words_read(&path.path, &words));
    path_make(&path, "nonsense", 24);
    assert_false(route_words_read(&path.path, &words));
    path.path.nlri = NULL;
    assert_false(route_words_read(&path.path, &words));
}

static bool refused(const char *route, const char *allowed, const char *part)
{
    struct route_words words = {0};
    struct prefix prefix;
    char reason[200] = "";
    unsigned count = allowed ? 1 : 0;
    assert_int_equal(prefix_parse(route, true, &words.prefix), 0);
    if (allowed)
        assert_int_equal(prefix_parse(allowed, true, &prefix), 0);
    bool is = route_refused(&words, &prefix, count, reason, sizeof(reason));
    if (is && !strstr(reason, part))
        fail_msg("\"%s\" does not say \"%s\"", reason, part);
    return is;
}

static void only_the_projects_prefixes_are_accepted(void **state)
{
    assert_false(refused("203.0.113.0/24", "203.0.113.0/24", ""));
    assert_false(refused("203.0.113.9/32", "203.0.113.0/24", ""));
    assert_true(refused("203.0.112.0/23", "203.0.113.0/24", "in none of the project's prefixes"));
    assert_true(refused("2001:db8::/32", "203.0.113.0/24", "in none of"));
    assert_true(refused("203.0.113.0/24", NULL, "no prefixes are assigned"));
    assert_true(refused("0.0.0.0/0", "203.0.113.0/24", "default route"));
}

static void what_the_router_refuses_is_not_accepted(void **state)
{
    struct route_words words = {.filtered = true};
    struct prefix prefix;
    char reason[200] = "";
    prefix_parse("203.0.113.0/24", false, &prefix);
    words.prefix = prefix;
    assert_true(route_refused(&words, &prefix, 1, reason, sizeof(reason)));
    assert_non_null(strstr(reason, "import policy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_told),
        cmocka_unit_test(long_paths_are_cut_visibly),
        cmocka_unit_test(what_is_no_prefix_is_passed_over),
        cmocka_unit_test(only_the_projects_prefixes_are_accepted),
        cmocka_unit_test(what_the_router_refuses_is_not_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
