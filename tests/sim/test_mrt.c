/* MRT dumps of whole speakers: who is in them, what was said, and what a table may go through while it is walked. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/file.h"
#include "net/mrt.h"

enum { RECORDS_MAX = 64, NAME_BYTES = 128, FILE_MAX_BYTES = 64 << 20, BIG_ROWS = 30000, INTERVAL_S = 60 };

static char folder[] = "/tmp/godwit-mrt-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[NAME_BYTES];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/* Files ------------------------------------------------------------------------------------------------------------ */

struct dump {
    char *bytes;
    struct cursor cursor;
    unsigned peer_count;
    struct addr peers[16];
    uint32_t peer_asns[16];
};

static void dump_open(struct dump *dump, const char *name)
{
    size_t length;
    struct err err;
    *dump = (struct dump){0};
    if (file_read(path_of(name), FILE_MAX_BYTES, &dump->bytes, &length, &err) < 0)
        fail_msg("%s", err.text);
    dump->cursor = cursor_of(dump->bytes, length);
}

static void dump_close(struct dump *dump)
{
    assert_false(dump->cursor.failed);
    mem_free(MEM_OTHER, dump->bytes);
}

struct record {
    uint16_t type, subtype;
    struct cursor body;
};

static bool dump_next(struct dump *dump, struct record *record)
{
    if (cursor_done(&dump->cursor))
        return false;
    cursor_u32(&dump->cursor);
    record->type = cursor_u16(&dump->cursor);
    record->subtype = cursor_u16(&dump->cursor);
    record->body = cursor_sub(&dump->cursor, cursor_u32(&dump->cursor));
    return !dump->cursor.failed;
}

static void read_peers(struct dump *dump)
{
    struct record record;
    assert_true(dump_next(dump, &record));
    assert_int_equal(record.type, MRT_TABLE_DUMP_V2);
    assert_int_equal(record.subtype, MRT_PEER_INDEX_TABLE);
    cursor_u32(&record.body);
    assert_int_equal(cursor_u16(&record.body), 0);
    dump->peer_count = cursor_u16(&record.body);
    assert_in_range(dump->peer_count, 1, 16);
    for (unsigned i = 0; i < dump->peer_count; i++) {
        assert_int_equal(cursor_u8(&record.body), MRT_PEER_AS4);
        cursor_u32(&record.body);
        dump->peers[i] = addr_from_bytes(ADDR_IPV4, cursor_take(&record.body, 4));
        dump->peer_asns[i] = cursor_u32(&record.body);
    }
    assert_true(cursor_done(&record.body) && !record.body.failed);
}

/* One line a path: "192.0.2.0/24 #ID FROM-AS ATTRIBUTE-BYTES". */
static void dump_text(const char *name, char *text, size_t room)
{
    struct str str = str_over(text, room);
    struct dump dump;
    struct record record;
    dump_open(&dump, name);
    read_peers(&dump);
    while (dump_next(&dump, &record)) {
        char prefix_text[PREFIX_TEXT_MAX];
        struct prefix prefix;
        bool add_path = record.subtype >= MRT_RIB_IPV4_UNICAST_ADDPATH;
        bool ipv6 = (add_path ? record.subtype - 6 : record.subtype) == MRT_RIB_IPV6_UNICAST;
        cursor_u32(&record.body);
        prefix_read(&record.body, ipv6 ? ADDR_IPV6 : ADDR_IPV4, &prefix);
        for (unsigned left = cursor_u16(&record.body); left > 0; left--) {
            uint16_t peer = cursor_u16(&record.body);
            cursor_u32(&record.body);
            str_printf(&str, "%s", prefix_format(&prefix, prefix_text));
            if (add_path)
                str_printf(&str, " #%u", cursor_u32(&record.body));
            cursor_take(&record.body, cursor_u16(&record.body));
            assert_in_range(peer, 0, dump.peer_count - 1);
            str_printf(&str, " %u\n", dump.peer_asns[peer]);
        }
        assert_true(cursor_done(&record.body) && !record.body.failed);
    }
    assert_false(str.truncated);
    dump_close(&dump);
}

static void assert_dump(const char *name, const char *expected)
{
    char text[2048];
    dump_text(name, text, sizeof(text));
    assert_string_equal(text, expected);
}

/* Dumps ------------------------------------------------------------------------------------------------------------ */

static struct mrt_dump_config dump_config(enum mrt_dump_type type, const char *name)
{
    struct mrt_dump_config config = {.type = (uint8_t)type};
    struct str str = str_over(config.file_name, sizeof(config.file_name));
    str_add(&str, path_of(name));
    return config;
}

static void enable(struct lab_node *node, const struct mrt_dump_config *config)
{
    struct err err;
    if (control_mrt_enable(node->control, config, &err) != E_OK)
        fail_msg("%s", err.text);
}

static void enable_table(struct lab_node *node, const char *name)
{
    struct mrt_dump_config config = dump_config(MRT_DUMP_TABLE, name);
    enable(node, &config);
}

static void run_interval(struct lab *lab)
{
    lab_run_ms(lab, INTERVAL_S * 1000 + 100);
}

static void expect(struct lab *lab, struct lab_node *node, const char *prefix, const char *as_path)
{
    lab_expect(lab, &(struct lab_expectation){.node = node, .prefix = prefix, .as_path = as_path});
}

static void with_add_path(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.add_paths.receive = true;
    neighbor->peer.add_paths.send_max = 4;
}

/* Best first; own routes from peer 0; what was rejected is not in it; identifiers where there are any. */
static void test_table(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    lab_peer(a, b, NULL);
    lab_peer(a, c, with_add_path);
    lab_until_established(&lab, a, b);
    lab_until_established(&lab, a, c);
    enable_table(a, "table");
    lab_offer(b, &(struct lab_offer){.prefix = "192.0.2.0/24", .as_path = "65010 65011"});
    lab_offer(b, &(struct lab_offer){.prefix = "198.51.100.0/24", .as_path = "65001"}); /* a loop */
    expect(&lab, a, "192.0.2.0/24", "65002 65010 65011");
    lab_announce(a, "203.0.113.0/24", 0, 0);
    lab_announce(a, "2001:db8::/32", 0, 0);
    assert_true(access(path_of("table"), F_OK) != 0);
    run_interval(&lab);
    assert_dump("table", "192.0.2.0/24 65002\n203.0.113.0/24 0\n2001:db8::/32 0\n");
    /* From now on the other neighbour's is the best, and has an identifier: a record of its own. */
    lab_announce(c, "192.0.2.0/24", 0, 0);
    expect(&lab, a, "192.0.2.0/24", "65003");
    run_interval(&lab);
    char text[2048];
    dump_text("table", text, sizeof(text));
    assert_non_null(strstr(text, "192.0.2.0/24 65002\n192.0.2.0/24 #"));
    assert_true(access(path_of("table.part"), F_OK) != 0);
    lab_release(&lab);
}

static void test_best_first(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    lab_peer(a, b, NULL);
    lab_peer(a, c, NULL);
    lab_until_established(&lab, a, b);
    lab_until_established(&lab, a, c);
    lab_offer(b, &(struct lab_offer){.prefix = "192.0.2.0/24", .as_path = "65010"});
    expect(&lab, a, "192.0.2.0/24", "65002 65010");
    lab_announce(c, "192.0.2.0/24", 0, 0);
    expect(&lab, a, "192.0.2.0/24", "65003");
    enable_table(a, "best");
    run_interval(&lab);
    assert_dump("best", "192.0.2.0/24 65003\n192.0.2.0/24 65002\n");
    lab_release(&lab);
}

static void as_client(struct neighbor_config *neighbor, const struct lab_node *self)
{
    neighbor->peer.route_server_client = self->as == 65000;
    neighbor->peer.enforce_first_as = false;
}

/* What it may choose from: not its own, not what has its number. */
static void test_table_of_a_client(void **state)
{
    struct lab lab;
    lab_init(&lab);
    struct lab_node *server = lab_node(&lab, 65000, NULL);
    struct lab_node *one = lab_node(&lab, 65001, NULL);
    struct lab_node *two = lab_node(&lab, 65002, NULL);
    lab_peer(server, one, as_client);
    lab_peer(server, two, as_client);
    lab_until_established(&lab, server, one);
    lab_until_established(&lab, server, two);
    lab_announce(one, "192.0.2.0/24", 0, 0);
    lab_announce(two, "198.51.100.0/24", 0, 0);
    lab_offer(two, &(struct lab_offer){.prefix = "203.0.113.0/24", .as_path = "65001"});
    expect(&lab, one, "198.51.100.0/24", "65002");
    expect(&lab, two, "192.0.2.0/24", "65001");
    struct mrt_dump_config config = dump_config(MRT_DUMP_TABLE, "client"), nobody = dump_config(MRT_DUMP_TABLE, "none");
    config.table = one->addr;
    nobody.table = addr_ipv4(0x0A000099);
    enable(server, &config);
    enable(server, &nobody);
    run_interval(&lab);
    assert_dump("client", "198.51.100.0/24 65002\n");
    assert_true(access(path_of("none"), F_OK) != 0 && access(path_of("none.part"), F_OK) != 0);
    lab_release(&lab);
}

static bool is_being_written(void *context)
{
    return access(path_of("big.part"), F_OK) == 0;
}

static bool is_complete(void *context)
{
    return access(path_of("big"), F_OK) == 0;
}

/* Routes come and go, a neighbour goes and another gets its number, all while the table is walked: whoever was not
 * touched is there once, nobody is there twice, and nothing is from a peer that is not listed. */
static void test_changes_during_the_walk(void **state)
{
    struct lab lab;
    struct err err;
    char prefix[PREFIX_TEXT_MAX];
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    lab_peer(a, b, NULL);
    lab_until_established(&lab, a, b);
    for (unsigned i = 0; i < BIG_ROWS; i++) {
        snprintf(prefix, sizeof(prefix), "20.%u.%u.0/24", i >> 8, i & 0xff);
        lab_announce(a, prefix, 0, 0);
    }
    lab_announce(b, "192.0.2.0/24", 0, 0);
    expect(&lab, a, "192.0.2.0/24", "65002");
    enable_table(a, "big");
    lab_until(&lab, 2 * INTERVAL_S, is_being_written, NULL);
    unsigned touched = 0;
    for (; !is_complete(NULL); touched++) {
        assert_true(touched < BIG_ROWS / 2);
        snprintf(prefix, sizeof(prefix), "20.%u.%u.0/24", touched >> 8, touched & 0xff);
        lab_withdraw(a, prefix);
        lab_announce(a, prefix, 7, 0);
        if (touched == 0) {
            assert_int_equal(control_peer_delete(a->control, &(struct peer_name){.address = b->addr}, NULL, &err),
                             E_OK);
            lab_neighbor(a, c, NULL);
            lab_announce(c, "198.51.100.0/24", 0, 0);
        }
        loop_turn(lab.loop, 0);
    }
    struct dump dump;
    struct record record;
    static uint8_t seen[BIG_ROWS];
    memset(seen, 0, sizeof(seen));
    dump_open(&dump, "big");
    read_peers(&dump);
    assert_int_equal(dump.peer_count, 2);
    assert_int_equal(dump.peer_asns[1], 65002);
    while (dump_next(&dump, &record)) {
        struct prefix row;
        cursor_u32(&record.body);
        prefix_read(&record.body, ADDR_IPV4, &row);
        assert_int_equal(cursor_u16(&record.body), 1);
        uint16_t peer = cursor_u16(&record.body);
        assert_int_equal(peer, row.addr.bytes[0] == 20 ? 0 : 1);
        if (peer == 0)
            seen[row.addr.bytes[1] << 8 | row.addr.bytes[2]]++;
    }
    dump_close(&dump);
    for (unsigned i = 0; i < BIG_ROWS; i++)
        assert_in_range(seen[i], i < touched ? 0 : 1, 1);
    lab_release(&lab);
}

/* Updates ---------------------------------------------------------------------------------------------------------- */

/* A letter a record: states as their numbers, A announce, W withdraw, E End-of-RIB; of peers in AS `asn` only. */
static void updates_text(const char *name, uint32_t asn, char *text, size_t room)
{
    enum { SESSION_REST = 4 + 2 + 2 + 4 + 4, MARKER_LENGTH_TYPE = 19 };
    struct str str = str_over(text, room);
    struct dump dump;
    struct record record;
    dump_open(&dump, name);
    while (dump_next(&dump, &record)) {
        assert_int_equal(record.type, MRT_BGP4MP);
        uint32_t from = cursor_u32(&record.body);
        cursor_take(&record.body, SESSION_REST);
        if (from != asn)
            continue;
        if (record.subtype == MRT_STATE_CHANGE_AS4) {
            str_printf(&str, "%u", cursor_u16(&record.body));
            str_printf(&str, ">%u ", cursor_u16(&record.body));
            continue;
        }
        cursor_take(&record.body, MARKER_LENGTH_TYPE);
        uint16_t withdrawn = cursor_u16(&record.body);
        cursor_take(&record.body, withdrawn);
        uint16_t attrs = cursor_u16(&record.body);
        assert_false(record.body.failed);
        /* The End-of-RIB of IPv6 is an empty MP_UNREACH_NLRI. */
        str_add(&str, withdrawn > 0 ? "W " : attrs <= 7 ? "E " : "A ");
    }
    assert_false(str.truncated);
    dump_close(&dump);
}

static void test_updates(void **state)
{
    struct lab lab;
    struct err err;
    char text[1024];
    lab_init(&lab);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    struct lab_node *c = lab_node(&lab, 65003, NULL);
    struct mrt_dump_config config = dump_config(MRT_DUMP_UPDATES, "updates.%s");
    char first[NAME_BYTES], second[NAME_BYTES];
    snprintf(first, sizeof(first), "updates.%lld", (long long)(loop_wall_now(lab.loop).ns / 1000000000));
    config.rotation_interval_s = 120;
    enable(a, &config);
    lab_peer(a, b, NULL);
    lab_peer(a, c, NULL);
    lab_until_established(&lab, a, b);
    lab_announce(b, "192.0.2.0/24", 0, 0);
    expect(&lab, a, "192.0.2.0/24", "65002");
    lab_withdraw(b, "192.0.2.0/24");
    lab_run_ms(&lab, 30 * 1000);
    updates_text(first, 65002, text, sizeof(text));
    const char *up = strstr(text, "5>6 ");
    assert_non_null(up);
    assert_non_null(strstr(up, "A "));
    assert_non_null(strstr(strstr(up, "A "), "W "));
    assert_true(strncmp(text, "1>", 2) == 0);
    /* Another file: what comes afterwards is there and nowhere else. */
    lab_run_ms(&lab, 91 * 1000);
    snprintf(second, sizeof(second), "updates.%lld", (long long)(loop_wall_now(lab.loop).ns / 1000000000) - 1);
    assert_int_equal(control_peer_delete(a->control, &(struct peer_name){.address = b->addr}, NULL, &err), E_OK);
    lab_announce(c, "198.51.100.0/24", 0, 0);
    expect(&lab, a, "198.51.100.0/24", "65003");
    assert_int_equal(control_mrt_disable(a->control, config.file_name, &err), E_OK);
    lab_announce(c, "203.0.113.0/24", 0, 0);
    lab_run_ms(&lab, 5000);
    updates_text(second, 65002, text, sizeof(text));
    assert_string_equal(text, "6>1 ");
    updates_text(second, 65003, text, sizeof(text));
    assert_string_equal(text, "A ");
    assert_int_equal(control_mrt_disable(a->control, config.file_name, &err), E_NOT_FOUND);
    lab_release(&lab);
}

/* A file that cannot be opened is tried again after a minute; what was said meanwhile is lost, and only that. */
static void test_updates_after_a_failure(void **state)
{
    struct lab lab;
    char text[1024];
    lab_init(&lab);
    log_set_level(LOG_LEVEL_PANIC);
    struct lab_node *a = lab_node(&lab, 65001, NULL);
    struct lab_node *b = lab_node(&lab, 65002, NULL);
    FILE *in_the_way = fopen(path_of("folder"), "w");
    assert_non_null(in_the_way);
    fclose(in_the_way);
    struct mrt_dump_config config = dump_config(MRT_DUMP_UPDATES, "folder/updates%%");
    config.rotation_interval_s = 3600;
    enable(a, &config);
    lab_peer(a, b, NULL);
    lab_until_established(&lab, a, b);
    lab_announce(b, "192.0.2.0/24", 0, 0);
    expect(&lab, a, "192.0.2.0/24", "65002");
    assert_int_equal(unlink(path_of("folder")), 0);
    lab_run_ms(&lab, 70 * 1000);
    lab_announce(b, "198.51.100.0/24", 0, 0);
    expect(&lab, a, "198.51.100.0/24", "65002");
    lab_run_ms(&lab, 2000);
    updates_text("folder/updates%", 65002, text, sizeof(text));
    assert_string_equal(text, "A ");
    lab_release(&lab);
}

static int set_up(void **state)
{
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[NAME_BYTES];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_best_first),
        cmocka_unit_test(test_table_of_a_client),
        cmocka_unit_test(test_changes_during_the_walk),
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_updates_after_a_failure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
