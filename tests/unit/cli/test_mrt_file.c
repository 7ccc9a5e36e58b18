/* MRT files: what is in them is found, and what is broken in them does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <bzlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/mrt_file.h"

static void put_record(struct buf *file, uint16_t subtype, const struct buf *body)
{
    buf_u32(file, 1700000000);
    buf_u16(file, MRT_TABLE_DUMP_V2);
    buf_u16(file, subtype);
    buf_u32(file, (uint32_t)body->length);
    buf_put(file, body->bytes, body->length);
}

/* A peer table of two, an IPv4 prefix with two entries, an IPv6 one with path ids. */
static void put_table(struct buf *file)
{
    static const uint8_t attrs[] = {0x40, 1, 1, 0};
    struct buf body;
    uint8_t memory[512];
    buf_init_fixed(&body, memory, sizeof(memory));
    buf_u32(&body, 0x0a000001);
    buf_u16(&body, 4);
    buf_put(&body, "view", 4);
    buf_u16(&body, 2);
    buf_u8(&body, 2);
    buf_u32(&body, 0x01010101);
    buf_u32(&body, 0xc0000201);
    buf_u32(&body, 4200000000u);
    buf_u8(&body, 1);
    buf_u32(&body, 0x02020202);
    buf_u64(&body, 0x20010db800000000);
    buf_u64(&body, 2);
    buf_u16(&body, 65001);
    put_record(file, MRT_PEER_INDEX_TABLE, &body);
    buf_clear(&body);
    buf_u32(&body, 0);
    buf_u8(&body, 12);
    buf_u16(&body, 0x0a10);
    buf_u16(&body, 2);
    for (unsigned peer = 0; peer < 2; peer++) {
        buf_u16(&body, (uint16_t)peer);
        buf_u32(&body, 1000 + peer);
        buf_u16(&body, sizeof(attrs));
        buf_put(&body, attrs, sizeof(attrs));
    }
    put_record(file, MRT_RIB_IPV4_UNICAST, &body);
    buf_clear(&body);
    buf_u32(&body, 1);
    buf_u8(&body, 32);
    buf_u32(&body, 0x20010db8);
    buf_u16(&body, 1);
    buf_u16(&body, 1);
    buf_u32(&body, 2000);
    buf_u32(&body, 77);
    buf_u16(&body, 0);
    put_record(file, MRT_RIB_IPV6_UNICAST_ADDPATH, &body);
}

static void check_peers(const struct mrt_record *record)
{
    struct mrt_peer *peers = test_malloc(MRT_PEERS_MAX * sizeof(*peers));
    assert_int_equal(mrt_peer_table(record, peers), 2);
    assert_int_equal(peers[0].asn, 4200000000u);
    assert_int_equal(peers[0].addr.kind, ADDR_IPV4);
    assert_int_equal(peers[1].asn, 65001);
    assert_int_equal(peers[1].id, 0x02020202);
    assert_int_equal(peers[1].addr.kind, ADDR_IPV6);
    test_free(peers);
}

static void check_table(const char *path)
{
    struct mrt_file *file;
    struct mrt_record record;
    struct mrt_rib rib;
    struct mrt_entry entry;
    struct err err = {0};
    char text[PREFIX_TEXT_MAX];
    assert_int_equal(mrt_file_open(path, &file, &err), 0);
    assert_int_equal(mrt_file_next(file, &record, &err), 0);
    check_peers(&record);
    assert_int_equal(mrt_file_next(file, &record, &err), 0);
    assert_int_equal(mrt_rib_read(&record, &rib), 0);
    assert_string_equal(prefix_format(&rib.prefix, text), "10.16.0.0/12");
    assert_true(mrt_rib_next(&rib, &entry));
    assert_true(mrt_rib_next(&rib, &entry));
    assert_int_equal(entry.peer_index, 1);
    assert_int_equal(entry.originated_at, 1001);
    assert_int_equal(cursor_left(&entry.attrs), 4);
    assert_false(mrt_rib_next(&rib, &entry));
    assert_false(rib.entries.failed);
    assert_int_equal(mrt_file_next(file, &record, &err), 0);
    assert_int_equal(mrt_rib_read(&record, &rib), 0);
    assert_true(mrt_rib_next(&rib, &entry));
    assert_int_equal(entry.path_id, 77);
    assert_int_equal(mrt_file_next(file, &record, &err), E_EOF);
    mrt_file_close(file);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

struct paths {
    char folder[64];
    char path[128];
};

static int paths_begin(void **state)
{
    struct paths *paths = test_calloc(1, sizeof(*paths));
    struct str folder = str_over(paths->folder, sizeof(paths->folder));
    str_add(&folder, "/tmp/godwit-mrt-XXXXXX");
    assert_non_null(mkdtemp(paths->folder));
    struct str path = str_over(paths->path, sizeof(paths->path));
    str_printf(&path, "%s/file", paths->folder);
    *state = paths;
    return 0;
}

static int paths_end(void **state)
{
    struct paths *paths = *state;
    unlink(paths->path);
    rmdir(paths->folder);
    test_free(paths);
    return 0;
}

static void test_plain_gzip_bzip2(void **state)
{
    struct paths *paths = *state;
    struct buf file;
    char packed[4096];
    unsigned length = sizeof(packed);
    buf_init(&file, 65536);
    put_table(&file);
    write_file(paths->path, file.bytes, file.length);
    check_table(paths->path);
    gzFile gzip = gzopen(paths->path, "wb");
    assert_int_equal(gzwrite(gzip, file.bytes, (unsigned)file.length), file.length);
    assert_int_equal(gzclose(gzip), Z_OK);
    check_table(paths->path);
    assert_int_equal(BZ2_bzBuffToBuffCompress(packed, &length, (char *)file.bytes, (unsigned)file.length, 1, 0, 0),
                     BZ_OK);
    write_file(paths->path, packed, length);
    check_table(paths->path);
    buf_release(&file);
}

/* Reads all there is, whatever it is. */
static void read_through(const char *path, struct mrt_peer *peers)
{
    struct mrt_file *file;
    struct mrt_record record;
    struct mrt_rib rib;
    struct mrt_entry entry;
    struct err err = {0};
    assert_int_equal(mrt_file_open(path, &file, &err), 0);
    while (mrt_file_next(file, &record, &err) == 0) {
        mrt_peer_table(&record, peers);
        if (mrt_rib_read(&record, &rib) == 0) {
            while (mrt_rib_next(&rib, &entry))
                ;
        }
    }
    mrt_file_close(file);
}

static void test_cut_off_everywhere(void **state)
{
    struct paths *paths = *state;
    struct mrt_peer *peers = test_malloc(MRT_PEERS_MAX * sizeof(*peers));
    struct buf file;
    struct mrt_file *opened;
    struct mrt_record record;
    struct err err = {0};
    buf_init(&file, 65536);
    put_table(&file);
    for (size_t length = 0; length < file.length; length++) {
        write_file(paths->path, file.bytes, length);
        read_through(paths->path, peers);
    }
    write_file(paths->path, file.bytes, file.length - 1);
    assert_int_equal(mrt_file_open(paths->path, &opened, &err), 0);
    assert_int_equal(mrt_file_next(opened, &record, &err), 0);
    assert_int_equal(mrt_file_next(opened, &record, &err), 0);
    assert_int_equal(mrt_file_next(opened, &record, &err), E_INVALID);
    mrt_file_close(opened);
    for (size_t at = 0; at < file.length; at++) {
        uint8_t kept = file.bytes[at];
        file.bytes[at] ^= 0xff;
        write_file(paths->path, file.bytes, file.length);
        read_through(paths->path, peers);
        file.bytes[at] = kept;
    }
    buf_release(&file);
    test_free(peers);
}

static void test_absurd_length(void **state)
{
    struct paths *paths = *state;
    static const uint8_t bytes[] = {0, 0, 0, 0, 0, 13, 0, 1, 0xff, 0xff, 0xff, 0xff};
    struct mrt_file *file;
    struct mrt_record record;
    struct err err = {0};
    write_file(paths->path, bytes, sizeof(bytes));
    assert_int_equal(mrt_file_open(paths->path, &file, &err), 0);
    assert_int_equal(mrt_file_next(file, &record, &err), E_INVALID);
    assert_string_equal(err.text, "offset 0: a record of 4294967295 bytes is not MRT");
    mrt_file_close(file);
    assert_true(mrt_file_open("/nonexistent/file", &file, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain_gzip_bzip2, paths_begin, paths_end),
        cmocka_unit_test_setup_teardown(test_cut_off_everywhere, paths_begin, paths_end),
        cmocka_unit_test_setup_teardown(test_absurd_length, paths_begin, paths_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
