/* An update group with members that only count: who hears what when routes change hands. */
#include "lab.h"

#include <string.h>

#include "speaker/catch_up.h"
#include "speaker/outbox.h"
#include "speaker/packer.h"
#include "speaker/update_group.h"
#include "wire/message.h"
#include "wire/update.h"

enum { MEMBERS = 3 };

struct bench {
    struct loop *loop;
    struct rib *rib;
    struct speaker_tuning tuning;
    struct packer *packer;
    struct catch_up_set *catch_ups;
    struct update_group *group;
    struct outbox members[MEMBERS]; /* of LAB_EXTERNAL, LAB_EXTERNAL_TOO, and one that announces nothing */
    char heard[4096];
};

static void no_wake(struct outbox *outbox)
{
    (void)outbox;
}

static void pipeline_has_work(void *context)
{
    (void)context;
}

static const struct outbox_ops ops = {.wake = no_wake, .caught_up = no_wake};

static void bench_open(struct bench *bench, enum source_kind kind)
{
    static const source_id sources[MEMBERS] = {LAB_EXTERNAL, LAB_EXTERNAL_TOO, 9};
    struct export_rules rules = lab_rules(FAMILY_IPV4_UNICAST, kind);
    memset(bench, 0, sizeof(*bench));
    bench->tuning = (struct speaker_tuning)SPEAKER_TUNING_DEFAULT;
    bench->loop = loop_new_simulated();
    bench->rib = lab_rib_new(FAMILY_IPV4_UNICAST);
    bench->packer = packer_new(bench->rib);
    bench->catch_ups = catch_up_set_new(bench->loop, &bench->tuning, pipeline_has_work, NULL);
    bench->group = update_group_new(1, bench->packer, bench->catch_ups, &bench->tuning, &rules);
    for (unsigned i = 0; i < MEMBERS; i++) {
        outbox_init(&bench->members[i], FAMILY_IPV4_UNICAST, sources[i], NULL, &ops);
        update_group_join(bench->group, &bench->members[i]);
    }
}

static void bench_init(struct bench *bench, enum source_kind kind)
{
    bench_open(bench, kind);
    while (update_group_fill(bench->group, 100))
        continue;
}

static void bench_release(struct bench *bench)
{
    for (unsigned i = 0; i < MEMBERS; i++)
        outbox_release(&bench->members[i]);
    while (update_group_dissolve(bench->group, 1))
        continue;
    catch_up_set_free(bench->catch_ups);
    packer_free(bench->packer);
    lab_rib_free(bench->rib);
    loop_free(bench->loop);
}

static void export_rows(struct bench *bench)
{
    row_id rows[64];
    unsigned count = 0;
    bench->packer->since_version = bench->rib->version + 1;
    while ((rows[count] = rib_dirty_take(bench->rib)) != 0)
        update_group_row(bench->group, rows[count++]);
    update_group_flush(bench->group);
    for (unsigned i = 0; i < count; i++)
        rib_row_release(bench->rib, rows[i]);
}

static void say_run(struct str *out, const struct nlri_run *run)
{
    struct cursor cursor = cursor_of(run->bytes, run->length);
    struct nlri nlri;
    char text[PREFIX_TEXT_MAX];
    while (nlri_next(&cursor, ADDR_IPV4, run->add_path, &nlri))
        str_printf(out, "%c%s ", run->withdraw ? '-' : '+', prefix_format(&nlri.prefix, text));
}

/* Everything a member has to be sent: "+192.0.2.0/24 -198.51.100.0/24 End ". */
static const char *heard(struct bench *bench, unsigned member)
{
    struct iovec piece;
    struct str out = str_over(bench->heard, sizeof(bench->heard));
    const struct update_rules rules = {
        .ebgp = bench->group->rules.kind == SOURCE_EXTERNAL, .four_octet_as = true, .families = 1};
    bool moved;
    bench->heard[0] = '\0';
    while (outbox_offer(&bench->members[member], &piece, &moved)) {
        const uint8_t *bytes = piece.iov_base;
        for (size_t left = piece.iov_len; left > 0;) {
            struct message message;
            struct notification notification;
            struct update update;
            struct buf scratch;
            buf_init(&scratch, ATTR_BLOCK_MAX);
            assert_int_equal(message_frame(bytes, left, MESSAGE_MAX_BYTES, &message, &notification), 1);
            assert_int_equal(update_decode(&rules, message.body, message.body_length, &scratch, &update), VERDICT_OK);
            for (unsigned i = 0; i < update.run_count; i++)
                say_run(&out, &update.runs[i]);
            if (update.end_of_rib != FAMILY_UNKNOWN)
                str_add(&out, "End ");
            buf_release(&scratch);
            bytes += message.length;
            left -= message.length;
        }
        outbox_taken(&bench->members[member]);
    }
    return bench->heard;
}

static void announce(struct bench *bench, source_id source, const char *prefix, const char *attrs)
{
    attr_id set = lab_set(bench->rib, attrs);
    lab_announce(bench->rib, source, prefix, 0, set);
    attr_store_unref(bench->rib->attrs, set, 1);
    export_rows(bench);
}

static void withdraw(struct bench *bench, source_id source, const char *prefix)
{
    struct prefix key = lab_prefix(prefix);
    assert_true(rib_withdraw(bench->rib, source, &key, 0));
    export_rows(bench);
}

static uint64_t told_count(const struct bench *bench, unsigned member)
{
    return update_group_told_count(bench->group, &bench->members[member]);
}

#define P "192.0.2.0/24"

static void test_changing_hands(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, SOURCE_EXTERNAL);
    for (unsigned i = 0; i < MEMBERS; i++)
        assert_string_equal(heard(&bench, i), "End ");
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001,7,8 nh=192.0.2.1");
    assert_string_equal(heard(&bench, 0), "");
    assert_string_equal(heard(&bench, 1), "+" P " ");
    assert_string_equal(heard(&bench, 2), "+" P " ");
    assert_int_equal(told_count(&bench, 0), 0);
    assert_int_equal(told_count(&bench, 1), 1);
    /* A better one from the other: he loses what he was told, the first hears of it. */
    announce(&bench, LAB_EXTERNAL_TOO, P, "origin=0 path=65002 nh=192.0.2.2");
    assert_string_equal(heard(&bench, 0), "+" P " ");
    assert_string_equal(heard(&bench, 1), "-" P " ");
    assert_string_equal(heard(&bench, 2), "+" P " ");
    assert_int_equal(told_count(&bench, 0), 1);
    assert_int_equal(told_count(&bench, 1), 0);
    withdraw(&bench, LAB_EXTERNAL_TOO, P);
    assert_string_equal(heard(&bench, 0), "-" P " ");
    assert_string_equal(heard(&bench, 1), "+" P " ");
    assert_string_equal(heard(&bench, 2), "+" P " ");
    withdraw(&bench, LAB_EXTERNAL, P);
    assert_string_equal(heard(&bench, 0), "");
    assert_string_equal(heard(&bench, 1), "-" P " ");
    assert_string_equal(heard(&bench, 2), "-" P " ");
    bench_release(&bench);
}

/* What does not cross the border is no news on the other side. */
static void test_no_news(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, SOURCE_EXTERNAL);
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001 nh=192.0.2.1");
    for (unsigned i = 0; i < MEMBERS; i++)
        heard(&bench, i);
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001 nh=192.0.2.1 med=5");
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001 nh=192.0.2.7 pref=300");
    for (unsigned i = 0; i < MEMBERS; i++)
        assert_string_equal(heard(&bench, i), "");
    struct told_path told;
    row_id row = rib_find(bench.rib, &(struct prefix){.addr = lab_prefix(P).addr, .length = 24});
    assert_int_equal(update_group_told(bench.group, &bench.members[2], row, &told, 1), 1);
    assert_int_equal(attr_get(bench.rib->view, told.attrs)->facts & ATTR_HAS_MED, 0);
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001 nh=192.0.2.7 pref=300 comm=1");
    assert_string_equal(heard(&bench, 2), "+" P " ");
    withdraw(&bench, LAB_EXTERNAL, P);
    bench_release(&bench);
}

/* Two sessions of one upstream: the same route by the other is news to these two only. */
static void test_the_same_by_another_session(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, SOURCE_EXTERNAL);
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001 nh=192.0.2.1");
    announce(&bench, LAB_EXTERNAL_TOO, P, "origin=0 path=65001 nh=192.0.2.2 pref=50");
    for (unsigned i = 0; i < MEMBERS; i++)
        heard(&bench, i);
    withdraw(&bench, LAB_EXTERNAL, P);
    assert_string_equal(heard(&bench, 0), "+" P " ");
    assert_string_equal(heard(&bench, 1), "-" P " ");
    assert_string_equal(heard(&bench, 2), "");
    assert_int_equal(told_count(&bench, 0), 1);
    assert_int_equal(told_count(&bench, 1), 0);
    assert_int_equal(told_count(&bench, 2), 1);
    withdraw(&bench, LAB_EXTERNAL_TOO, P);
    assert_string_equal(heard(&bench, 0), "-" P " ");
    assert_string_equal(heard(&bench, 1), "");
    assert_string_equal(heard(&bench, 2), "-" P " ");
    bench_release(&bench);
}

/* A member's own routes cut what it is to hear into pieces, which go out together, and in order. */
static void test_several_pieces(void **state)
{
    (void)state;
    struct bench bench;
    struct iovec first, second, third;
    bool moved;
    bench_init(&bench, SOURCE_EXTERNAL);
    struct outbox *member = &bench.members[0];
    heard(&bench, 0);
    uint64_t before = member->written_bytes;
    announce(&bench, LAB_EXTERNAL_TOO, "198.18.1.0/24", "origin=0 path=65002 nh=192.0.2.2");
    announce(&bench, LAB_EXTERNAL, "198.18.2.0/24", "origin=0 path=65001 nh=192.0.2.1");
    announce(&bench, LAB_EXTERNAL_TOO, "198.18.3.0/24", "origin=0 path=65002 nh=192.0.2.2");
    assert_true(outbox_offer(member, &first, &moved));
    assert_true(outbox_offer(member, &second, &moved));
    assert_false(outbox_offer(member, &third, &moved));
    assert_int_equal(outbox_backlog(member), first.iov_len + second.iov_len);
    assert_true((const uint8_t *)first.iov_base + first.iov_len < (const uint8_t *)second.iov_base);
    /* Cut off, it still gets what is on its way; the rest is caught up. */
    outbox_cut_off(member, true);
    outbox_taken(member);
    assert_false(outbox_offer(member, &third, &moved));
    outbox_taken(member);
    assert_int_equal(member->written_bytes - before, first.iov_len + second.iov_len);
    assert_int_equal(member->offered_bytes, 0);
    withdraw(&bench, LAB_EXTERNAL_TOO, "198.18.1.0/24");
    withdraw(&bench, LAB_EXTERNAL, "198.18.2.0/24");
    withdraw(&bench, LAB_EXTERNAL_TOO, "198.18.3.0/24");
    bench_release(&bench);
}

/* Attributes that outgrow a message take the route away. */
static void test_too_long(void **state)
{
    (void)state;
    struct bench bench;
    struct buf bytes;
    struct attr_block block;
    struct attr_edit edit;
    static uint8_t communities[4400];
    bench_init(&bench, SOURCE_EXTERNAL);
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001 nh=192.0.2.1");
    heard(&bench, 2);
    attr_id plain = lab_set(bench.rib, "origin=0 path=65001 nh=192.0.2.1");
    const struct attr_set *set = attr_get(bench.rib->view, plain);
    buf_init(&bytes, ATTR_BLOCK_MAX);
    attr_edit_init(&edit, attr_bytes(bench.rib->view, set), set->wire_length);
    attr_edit_set(&edit, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_COMMUNITIES, communities, sizeof(communities));
    attr_edit_finish(&edit, &bytes);
    attr_block_of(bytes.bytes, (uint32_t)bytes.length, &block);
    attr_id huge = attr_store_intern(bench.rib->attrs, &block, 0);
    row_id row = lab_announce(bench.rib, LAB_EXTERNAL, P, 0, huge);
    export_rows(&bench);
    assert_string_equal(heard(&bench, 2), "-" P " ");
    struct rib_path best;
    assert_true(rib_row_best(bench.rib, row, &best, NULL));
    assert_int_equal(update_group_check(bench.group, row, &best), EXPORT_TOO_LONG);
    /* It never was told: nothing to take back. */
    withdraw(&bench, LAB_EXTERNAL, P);
    assert_string_equal(heard(&bench, 2), "");
    attr_store_unref(bench.rib->attrs, plain, 1);
    attr_store_unref(bench.rib->attrs, huge, 1);
    buf_release(&bytes);
    bench_release(&bench);
}

/* What a member hears until it has caught up. */
static void catch_up(struct bench *bench, unsigned member, char *all, size_t size)
{
    struct str out = str_over(all, size);
    all[0] = '\0';
    for (unsigned i = 0; i < 20; i++) {
        str_add(&out, heard(bench, member));
        catch_up_run(bench->catch_ups, 1);
    }
    assert_null(bench->members[member].catch_up);
}

/* Cut off while a withdraw for it alone and its End-of-RIB still wait, with nothing left to read in the log. */
static void test_nothing_is_lost_with_the_cursor(void **state)
{
    (void)state;
    struct bench bench;
    char all[4096];
    bench_init(&bench, SOURCE_EXTERNAL);
    announce(&bench, LAB_EXTERNAL, P, "origin=0 path=65001 nh=192.0.2.1");
    announce(&bench, LAB_EXTERNAL_TOO, P, "origin=0 path=65001 nh=192.0.2.2 pref=50");
    assert_string_equal(heard(&bench, 1), "End +" P " ");
    assert_string_equal(heard(&bench, 0), "End ");
    withdraw(&bench, LAB_EXTERNAL, P); /* now the second's own, in the same bytes: no word of it in the log */
    outbox_cut_off(&bench.members[1], true);
    assert_true(rib_version_reached(rib_row_version(bench.rib, 1), update_group_trim(bench.group)));
    catch_up(&bench, 1, all, sizeof(all));
    assert_string_equal(all, "-" P " ");
    /* The third has not even read its End-of-RIB. */
    outbox_cut_off(&bench.members[2], false);
    catch_up(&bench, 2, all, sizeof(all));
    assert_string_equal(all, "+" P " ");
    assert_true(bench.members[2].wants_end_of_rib);
    withdraw(&bench, LAB_EXTERNAL_TOO, P);
    bench_release(&bench);
}

static void test_internal_members(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, SOURCE_INTERNAL);
    for (unsigned i = 0; i < MEMBERS; i++)
        heard(&bench, i);
    announce(&bench, LAB_INTERNAL, P, "origin=0 path=65001 nh=192.0.2.1 pref=100");
    assert_string_equal(heard(&bench, 2), "");
    announce(&bench, LAB_CLIENT, P, "origin=0 path=65001 nh=192.0.2.1 pref=200");
    assert_string_equal(heard(&bench, 2), "+" P " ");
    announce(&bench, LAB_CLIENT, P, "origin=0 path=65001 nh=192.0.2.1 pref=300");
    assert_string_equal(heard(&bench, 2), "+" P " ");
    withdraw(&bench, LAB_CLIENT, P);
    assert_string_equal(heard(&bench, 2), "-" P " ");
    withdraw(&bench, LAB_INTERNAL, P);
    bench_release(&bench);
}

/* A receiver that waits for End-of-RIB acts on it: what the queue held when the wait began has to come first. */
static void test_the_queue_goes_before_the_end(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, SOURCE_EXTERNAL);
    attr_id set = lab_set(bench.rib, "origin=0 path=65001 nh=192.0.2.1");
    lab_announce(bench.rib, LAB_EXTERNAL, P, 0, set);
    attr_store_unref(bench.rib->attrs, set, 1);
    update_group_fill_after_queue(bench.group);
    assert_false(update_group_fill(bench.group, 100));
    assert_string_equal(heard(&bench, 2), "");
    export_rows(&bench);
    while (update_group_fill(bench.group, 100))
        continue;
    assert_string_equal(heard(&bench, 2), "+" P " End ");
    withdraw(&bench, LAB_EXTERNAL, P);
    bench_release(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changing_hands),
        cmocka_unit_test(test_no_news),
        cmocka_unit_test(test_the_same_by_another_session),
        cmocka_unit_test(test_several_pieces),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_nothing_is_lost_with_the_cursor),
        cmocka_unit_test(test_internal_members),
        cmocka_unit_test(test_the_queue_goes_before_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
