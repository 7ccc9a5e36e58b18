/* The schema as a whole: every key takes a valid value, keeps it, and refuses an invalid one by its path. */
#include "config/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/check.h"
#include "config/reader.h"
#include "samples.h"

/* How a key is reached: through the lists around it, each with its own text before and behind. */
struct way {
    const struct section *root;
    char path[512];   /* as messages say it */
    char before[512]; /* as TOML says it */
    char behind[64];
    bool ignored;
    bool not_yet; /* a list on the way is */
};

struct walk {
    unsigned keys;
    unsigned not_yet;
    unsigned kept;
};

static int read_text(const struct section *root, const char *text, void *object, struct err *err)
{
    struct tree tree;
    struct reader reader = {.tree = &tree, .err = err};
    tree_init(&tree, "x");
    section_defaults(root, object);
    if (tree_read_toml(&tree, text, strlen(text), err) < 0)
        fail_msg("%s\n%s", text, err->text);
    const struct schema_node *schema = schema_compile(&tree.arena, root);
    int result = reader_table(&reader, NULL, schema, tree.root, object, PASS_VALUES);
    if (result == 0)
        result = reader_table(&reader, NULL, schema, tree.root, object, PASS_LISTS);
    tree_release(&tree);
    return result;
}

static void check_invalid(const struct way *way, const struct key *key, void *object)
{
    char text[2048];
    char expected[1024];
    struct err err;
    struct str str = str_over(text, sizeof(text));
    str_add(&str, way->before);
    sample_invalid(key, &str);
    str_add(&str, way->behind);
    if (read_text(way->root, text, object, &err) == 0)
        fail_msg("accepted: %s", text);
    /* x:line:column: path: ... */
    snprintf(expected, sizeof(expected), ": %s: ", way->path);
    if (!way->not_yet && !strstr(err.text, expected))
        fail_msg("%s does not say %s", err.text, expected);
    if (key->type == KEY_SECRET)
        assert_null(strstr(err.text, "no such value"));
}

static void check_valid(struct walk *walk, const struct way *way, const struct key *key, void *object, void *untouched)
{
    char text[2048];
    struct err err = {{0}};
    struct str str = str_over(text, sizeof(text));
    str_add(&str, way->before);
    sample_valid(key, 3, &str);
    str_add(&str, way->behind);
    int result = read_text(way->root, text, object, &err);
    if (way->not_yet || (key->class == NOT_YET && !way->ignored)) {
        if (result == 0 || !strstr(err.text, "not yet supported"))
            fail_msg("%s is not refused: %s", text, err.text);
        walk->not_yet++;
        return;
    }
    if (result < 0)
        fail_msg("%s\n%s", text, err.text);
    bool kept = section_differs(way->root, object, untouched, 0, NULL, NULL);
    walk->kept += kept;
    if (key->size > 0 && !way->ignored && !kept)
        fail_msg("%s leaves no trace", text);
}

static void walk_section(struct walk *walk, const struct way *outer, const struct section *section, void *object,
                         void *untouched)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        struct way way = *outer;
        const char *dot = *key->path ? "." : "";
        bool list = key->type == KEY_LIST;
        if (key->flags & BY_HAND)
            continue;
        size_t used = strlen(way.path);
        snprintf(way.path + used, sizeof(way.path) - used, "%s%s%s", used ? dot : "", key->path, list ? "[0]" : "");
        used = strlen(way.before);
        bool first = used == 0 || way.before[used - 1] == '{';
        snprintf(way.before + used, sizeof(way.before) - used, "%s%s%s", first ? "" : dot, key->path,
                 list                     ? " = [{"
                 : key->type == KEY_BLOCK ? ""
                                          : " = ");
        way.ignored |= key->class == IGNORED;
        way.not_yet |= list && key->class == NOT_YET;
        if (list)
            memcpy(way.behind + strlen(way.behind), "}]", sizeof("}]"));
        if (list || key->type == KEY_BLOCK) {
            walk_section(walk, &way, key->section, object, untouched);
            continue;
        }
        walk->keys++;
        check_valid(walk, &way, key, object, untouched);
        check_invalid(&way, key, object);
    }
}

static void test_every_key(void **state)
{
    static const struct section *const roots[] = {&schema_root, &schema_neighbor, &schema_peer_group,
                                                  &schema_dynamic_neighbor};
    struct walk walk = {0};
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        struct way way = {.root = roots[i]};
        void *object = malloc(roots[i]->object_size);
        void *untouched = malloc(roots[i]->object_size);
        section_defaults(roots[i], untouched);
        walk_section(&walk, &way, roots[i], object, untouched);
        free(object);
        free(untouched);
    }
    /* Neighbours and groups have about 130 each, families included; a table that fell out would show. */
    assert_in_range(walk.keys, 380, 1000);
    assert_in_range(walk.not_yet, 10, 400);
    assert_in_range(walk.kept, 150, 1000);
}

static void test_invalid_ranges_name_both_ends(void **state)
{
    struct global_config global;
    struct err err;
    assert_true(read_text(&schema_global, "config.port = -2", &global, &err) < 0);
    assert_string_equal(err.text, "x:1:8: config.port: -2 is below -1 (allowed: -1..65535)");
}

struct listing {
    unsigned count;
    bool hold_time;
    bool evpn_limit;
    bool bfd;
};

static void on_key(void *context, const char *key, const char *type, const char *remark)
{
    struct listing *listing = context;
    listing->count++;
    listing->hold_time |= strcmp(key, "neighbors[].timers.config.hold-time") == 0 && strcmp(type, "seconds") == 0 &&
                          strcmp(remark, "") == 0;
    listing->evpn_limit |= strcmp(key, "peer-groups[].afi-safis[].l2vpn-evpn.prefix-limit.config.max-prefixes") == 0 &&
                           strcmp(remark, "accepted, no effect") == 0;
    listing->bfd |= strcmp(key, "neighbors[].bfd.config.enabled") == 0 && strcmp(remark, "not yet supported; BFD") == 0;
}

static void test_listing(void **state)
{
    struct listing listing = {0};
    config_list_keys(on_key, &listing);
    assert_in_range(listing.count, 400, 1000);
    assert_true(listing.hold_time);
    assert_true(listing.evpn_limit);
    assert_true(listing.bfd);
}

/* No two rows of one object may share a name or, unless they mean to, a field. */
static void test_names_are_unique(void **state)
{
    static const struct section *const sections[] = {&schema_global,   &schema_godwit, &schema_peer,
                                                     &schema_neighbor, &schema_family, &schema_root};
    for (size_t s = 0; s < ARRAY_LEN(sections); s++) {
        const struct section *section = sections[s];
        for (size_t i = 0; i < section->key_count; i++) {
            const struct key *one = &section->keys[i];
            for (size_t j = 0; j < i; j++) {
                const struct key *other = &section->keys[j];
                if (strcmp(one->path, other->path) == 0)
                    fail_msg("%s twice in %s", one->path, section->name);
                if (one->type != KEY_BLOCK && one->size > 0 && other->size > 0 && one->offset == other->offset)
                    fail_msg("%s and %s share a field", one->path, other->path);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_invalid_ranges_name_both_ends),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_names_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
