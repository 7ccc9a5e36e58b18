/* What goes into the packer comes out of update_decode again: every prefix once, with its attributes, from its source,
 * in messages that fit and are full.
 */
#include "lab.h"

#include <stdlib.h>
#include <string.h>

#include "speaker/packer.h"
#include "speaker/update_group.h"
#include "wire/message.h"
#include "wire/update.h"

enum { ROWS = 1500, SETS = 12 };

struct scenario {
    enum family_id family;
    bool rfc8950;
    bool extended;
    bool add_path;
};

struct expected {
    bool told, withdrawn;
    attr_id attrs;
    source_id source;
    uint32_t path_id;
};

struct bench {
    const struct scenario *scenario;
    struct rib *rib;
    struct packer *packer;
    struct group_log log;
    struct export_rules rules;
    attr_id sets[SETS];
    row_id rows[ROWS];
    struct expected expected[ROWS];
    unsigned messages, loose; /* not full, and not the last of their kind */
};

static struct prefix row_prefix(const struct bench *bench, unsigned index)
{
    uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, (uint8_t)(index >> 8), (uint8_t)index};
    if (bench->scenario->family == FAMILY_IPV6_UNICAST) {
        struct addr addr = addr_from_bytes(ADDR_IPV6, bytes);
        return prefix_make(&addr, 48 + index % 3);
    }
    struct addr addr = addr_ipv4(0x0A000000 + (index << 8));
    return prefix_make(&addr, 24 + index % 3);
}

static attr_id make_set(struct bench *bench, unsigned index)
{
    static char text[512];
    struct str out = str_over(text, sizeof(text));
    bool ipv6 = bench->scenario->family == FAMILY_IPV6_UNICAST;
    str_printf(&out, "origin=%u path=65001,%u nh=%s comm=1", index % 3, 70000 + index,
               ipv6 ? "2001:db8::1" : "192.0.2.1");
    for (unsigned i = 0; i < index * 4; i++)
        str_printf(&out, ",%u", i + 2);
    return lab_set(bench->rib, text);
}

static void bench_init(struct bench *bench, const struct scenario *scenario)
{
    memset(bench, 0, sizeof(*bench));
    bench->scenario = scenario;
    bench->rib = lab_rib_new(scenario->family);
    bench->packer = packer_new(bench->rib);
    group_log_init(&bench->log, 0);
    bench->rules = lab_rules(scenario->family, SOURCE_EXTERNAL);
    bench->rules.extended_message = scenario->extended;
    bench->rules.add_path = scenario->add_path;
    if (scenario->rfc8950) {
        memset(&bench->rules.next_hop_ipv4, 0, sizeof(bench->rules.next_hop_ipv4));
        assert_int_equal(addr_parse("2001:db8::99", &bench->rules.next_hop_ipv6), 0);
        bench->rules.extended_next_hop = true;
    }
    for (unsigned i = 0; i < SETS; i++)
        bench->sets[i] = make_set(bench, i);
    for (unsigned i = 0; i < ROWS; i++) {
        struct prefix prefix = row_prefix(bench, i);
        rib_announce(bench->rib, LAB_LOCAL, &prefix, 0, bench->sets[0], 0);
        bench->rows[i] = rib_find(bench->rib, &prefix);
    }
}

static void bench_release(struct bench *bench)
{
    for (unsigned i = 0; i < ROWS; i++) {
        struct prefix prefix = row_prefix(bench, i);
        rib_withdraw(bench->rib, LAB_LOCAL, &prefix, 0);
    }
    for (unsigned i = 0; i < SETS; i++)
        attr_store_unref(bench->rib->attrs, bench->sets[i], 1);
    group_log_release(&bench->log);
    packer_free(bench->packer);
    lab_rib_free(bench->rib);
}

static unsigned row_index(const struct bench *bench, const struct prefix *prefix)
{
    row_id row = rib_find(bench->rib, prefix);
    for (unsigned i = 0; i < ROWS; i++)
        if (bench->rows[i] == row)
            return i;
    fail();
    return 0;
}

/* The section a receiver should see for a set, as a canonical block. */
static void expected_block(struct bench *bench, const struct expected *expected, struct buf *out)
{
    struct export_path path;
    struct buf work, section;
    uint8_t next_hop[32];
    struct attr_edit edit;
    buf_init(&work, 4 * ATTR_BLOCK_MAX);
    buf_init(&section, ATTR_BLOCK_MAX);
    export_path_of(bench->rib, expected->attrs, expected->source, &path);
    unsigned length = export_attributes(&bench->rules, &path, &work, &section, next_hop);
    attr_edit_init(&edit, section.bytes, (uint32_t)section.length);
    attr_edit_set(&edit, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop, (uint16_t)length);
    attr_edit_finish(&edit, out);
    buf_release(&work);
    buf_release(&section);
}

static void check_run(struct bench *bench, const struct nlri_run *run, const struct attr_block *attrs, source_id source)
{
    struct cursor cursor = cursor_of(run->bytes, run->length);
    struct nlri nlri;
    assert_int_equal(run->family, bench->scenario->family);
    while (nlri_next(&cursor, bench->rib->kind, run->add_path, &nlri)) {
        struct expected *expected = &bench->expected[row_index(bench, &nlri.prefix)];
        assert_true(expected->told);
        assert_int_equal(expected->withdrawn, run->withdraw);
        assert_int_equal(expected->source, source);
        assert_int_equal(expected->path_id, nlri.path_id);
        if (!run->withdraw) {
            struct buf block;
            buf_init(&block, ATTR_BLOCK_MAX);
            expected_block(bench, expected, &block);
            assert_int_equal(block.length, attrs->length);
            assert_memory_equal(block.bytes, attrs->bytes, attrs->length);
            buf_release(&block);
        }
        expected->told = false;
    }
}

static void check_messages(struct bench *bench, const uint8_t *bytes, uint32_t length, source_id source)
{
    const struct scenario *scenario = bench->scenario;
    size_t limit = scenario->extended ? MESSAGE_EXTENDED_MAX_BYTES : MESSAGE_MAX_BYTES;
    family_set bit = 1u << scenario->family;
    struct update_rules rules = {.ebgp = true,
                                 .four_octet_as = true,
                                 .allow_as_set = true,
                                 .families = bit,
                                 .add_path_receive = scenario->add_path ? bit : 0,
                                 .extended_next_hop = scenario->rfc8950 ? bit : 0};
    while (length > 0) {
        struct message message;
        struct notification notification;
        struct update update;
        struct buf scratch;
        assert_int_equal(message_frame(bytes, length, limit, &message, &notification), 1);
        assert_int_equal(message.type, MESSAGE_UPDATE);
        buf_init(&scratch, ATTR_BLOCK_MAX);
        if (update_decode(&rules, message.body, message.body_length, &scratch, &update) != VERDICT_OK)
            fail_msg("%s", update.why);
        assert_int_equal(update.run_count, 1);
        check_run(bench, &update.runs[0], &update.attrs, source);
        buf_release(&scratch);
        bench->messages++;
        bench->loose += message.length + 32u < limit;
        bytes += message.length;
        length -= message.length;
    }
}

static void read_log(struct bench *bench)
{
    group_log_publish(&bench->log);
    for (struct log_segment *segment = bench->log.tail; segment != NULL; segment = atomic_load(&segment->next)) {
        uint32_t from = 0;
        for (uint32_t i = 0; i < segment->run_count; i++) {
            check_messages(bench, segment->bytes + from, segment->runs[i].end - from, segment->runs[i].source);
            from = segment->runs[i].end;
        }
        assert_int_equal(from, atomic_load(&segment->length));
    }
}

static void run_scenario(const struct scenario *scenario, unsigned seed)
{
    struct bench bench;
    unsigned kinds = 0;
    bool seen[SETS][3] = {{false}}, withdraw_seen[3] = {false};
    srand(seed);
    bench_init(&bench, scenario);
    unsigned count = seed % 3 == 0 ? ROWS : 1 + (unsigned)rand() % 40;
    for (unsigned i = 0; i < count; i++) {
        source_id source = (source_id)(rand() % 3); /* local and two external ones */
        unsigned set = (unsigned)rand() % SETS;
        struct expected *expected = &bench.expected[i];
        *expected = (struct expected){.told = true,
                                      .withdrawn = rand() % 4 == 0,
                                      .source = source,
                                      .path_id = scenario->add_path ? 1 + (uint32_t)rand() : 0,
                                      .attrs = bench.sets[set]};
        bool *first = expected->withdrawn ? &withdraw_seen[source] : &seen[set][source];
        kinds += !*first;
        *first = true;
        if (expected->withdrawn)
            packer_withdraw(bench.packer, bench.rows[i], expected->path_id, source);
        else
            packer_announce(bench.packer, bench.rows[i], expected->path_id, bench.sets[set], source);
    }
    packer_flush(bench.packer, &(struct pack_target){.rules = &bench.rules, .log = &bench.log});
    assert_int_equal(bench.packer->count, 0);
    read_log(&bench);
    for (unsigned i = 0; i < ROWS; i++)
        assert_false(bench.expected[i].told);
    assert_true(bench.loose <= kinds); /* only the last of a kind is not full */
    for (unsigned i = 0; i < SETS; i++)
        assert_int_equal(attr_get(bench.rib->view, bench.sets[i])->pack, 0);
    bench_release(&bench);
}

static const struct scenario scenarios[] = {
    {.family = FAMILY_IPV4_UNICAST},
    {.family = FAMILY_IPV4_UNICAST, .add_path = true},
    {.family = FAMILY_IPV4_UNICAST, .extended = true},
    {.family = FAMILY_IPV4_UNICAST, .rfc8950 = true},
    {.family = FAMILY_IPV4_UNICAST, .rfc8950 = true, .add_path = true, .extended = true},
    {.family = FAMILY_IPV6_UNICAST},
    {.family = FAMILY_IPV6_UNICAST, .add_path = true},
    {.family = FAMILY_IPV6_UNICAST, .extended = true},
};

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
        for (unsigned seed = 0; seed < 6; seed++)
            run_scenario(&scenarios[i], seed);
}

static attr_id padded_set(struct rib *rib, unsigned bytes)
{
    struct buf block, padding;
    struct attr_block made;
    const uint8_t origin = 0, next_hop[4] = {192, 0, 2, 1};
    buf_init(&block, ATTR_BLOCK_MAX);
    buf_init(&padding, ATTR_BLOCK_MAX);
    attr_put(&block, ATTR_FLAG_TRANSITIVE, ATTR_ORIGIN, &origin, 1);
    attr_put(&block, ATTR_FLAG_TRANSITIVE, ATTR_AS_PATH, NULL, 0);
    attr_put(&block, ATTR_FLAG_TRANSITIVE, ATTR_NEXT_HOP, next_hop, 4);
    memset(buf_extend(&padding, bytes), 0, bytes);
    attr_put(&block, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE | ATTR_FLAG_PARTIAL, 200, padding.bytes,
             (uint16_t)bytes);
    attr_block_of(block.bytes, (uint32_t)block.length, &made);
    attr_id id = attr_store_intern(rib->attrs, &made, 0);
    buf_release(&block);
    buf_release(&padding);
    return id;
}

/* Octet by octet around the limit: what is said to fit makes a message that does, and nothing smaller is refused. */
static void test_the_longest_attributes(void **state)
{
    (void)state;
    for (unsigned extended = 0; extended < 2; extended++) {
        struct bench bench;
        unsigned limit = extended ? 64900 : MESSAGE_MAX_BYTES; /* a set is at most ATTR_BLOCK_MAX */
        bench_init(&bench, &scenarios[extended ? 2 : 0]);
        unsigned fitted = 0, refused = 0;
        for (unsigned bytes = limit - 120; bytes < limit; bytes++) {
            attr_id set = padded_set(bench.rib, bytes);
            bool fits = set != 0 && packer_fits(bench.packer, &bench.rules, set, LAB_EXTERNAL);
            fitted += fits;
            refused += !fits;
            assert_true(!fits || refused == 0);
            if (fits) {
                bench.expected[0] = (struct expected){.told = true, .attrs = set, .source = LAB_EXTERNAL};
                packer_announce(bench.packer, bench.rows[0], 0, set, LAB_EXTERNAL);
                packer_flush(bench.packer, &(struct pack_target){.rules = &bench.rules, .log = &bench.log});
                read_log(&bench);
                group_log_release(&bench.log);
                group_log_init(&bench.log, 0);
            }
            if (set != 0)
                attr_store_unref(bench.rib->attrs, set, 1);
        }
        assert_true(fitted > 0);
        assert_true(extended || refused > 0);
        /* Header, two lengths, ORIGIN, AS_PATH with ourselves, NEXT_HOP, the padding's header, room for any prefix. */
        if (!extended)
            assert_int_equal(120 - refused + limit - 120, limit - (19 + 4 + 4 + 9 + 7 + 4 + 21) + 1);
        bench_release(&bench);
    }
}

static void test_withdraws_for_one(void **state)
{
    (void)state;
    struct bench bench;
    struct buf out;
    struct pack_entry *entries = calloc(ROWS, sizeof(*entries));
    bench_init(&bench, &scenarios[6]);
    buf_init(&out, 1 << 20);
    for (unsigned i = 0; i < ROWS; i++) {
        entries[i] = (struct pack_entry){.row = bench.rows[i], .path_id = i + 1};
        bench.expected[i] = (struct expected){.told = true, .withdrawn = true, .path_id = i + 1};
    }
    packer_encode_withdraw(&bench.rules, bench.rib, entries, ROWS, &out);
    check_messages(&bench, out.bytes, (uint32_t)out.length, 0);
    for (unsigned i = 0; i < ROWS; i++)
        assert_false(bench.expected[i].told);
    assert_true(bench.loose <= 1);
    buf_release(&out);
    free(entries);
    bench_release(&bench);
}

static const struct same_case {
    uint8_t kind;
    const char *a, *b;
    bool same;
} same_cases[] = {
    {SOURCE_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1 pref=100", "origin=0 path=65001 nh=192.0.2.1 pref=200", true},
    {SOURCE_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1 med=1", "origin=0 path=65001 nh=192.0.2.1", true},
    {SOURCE_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1", "origin=0 path=65001 nh=192.0.2.2", true},
    {SOURCE_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1", "origin=0 path=65001 nh=192.0.2.1 comm=5", false},
    {SOURCE_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1", "origin=1 path=65001 nh=192.0.2.1", false},
    {SOURCE_EXTERNAL, "origin=0 path=65001,5,65002 nh=192.0.2.1", "origin=0 path=65001,6,65002 nh=192.0.2.1", false},
    {SOURCE_EXTERNAL, "origin=0 path=65001 nh=192.0.2.1", "origin=0 path=65002 nh=192.0.2.1", false},
    {SOURCE_INTERNAL, "origin=0 path=65001 nh=192.0.2.1 pref=100", "origin=0 path=65001 nh=192.0.2.1", true},
    {SOURCE_INTERNAL, "origin=0 path=65001 nh=192.0.2.1 pref=100", "origin=0 path=65001 nh=192.0.2.1 pref=200", false},
    {SOURCE_INTERNAL, "origin=0 path=65001 nh=192.0.2.1", "origin=0 path=65001 nh=192.0.2.2", false},
    {SOURCE_INTERNAL, "origin=0 path=65001 nh=192.0.2.1 med=1", "origin=0 path=65001 nh=192.0.2.1", false},
};

static void test_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(same_cases) / sizeof(same_cases[0]); i++) {
        const struct same_case *row = &same_cases[i];
        struct bench bench;
        bench_init(&bench, &scenarios[0]);
        struct export_rules rules = lab_rules(FAMILY_IPV4_UNICAST, row->kind);
        struct told_path a = {.attrs = lab_set(bench.rib, row->a), .source = LAB_EXTERNAL};
        struct told_path b = {.attrs = lab_set(bench.rib, row->b), .source = LAB_EXTERNAL_TOO};
        if (packer_same_section(bench.packer, &rules, &a, &b) != row->same)
            fail_msg("case %zu", i);
        attr_store_unref(bench.rib->attrs, a.attrs, 1);
        attr_store_unref(bench.rib->attrs, b.attrs, 1);
        bench_release(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_the_longest_attributes),
        cmocka_unit_test(test_withdraws_for_one),
        cmocka_unit_test(test_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
