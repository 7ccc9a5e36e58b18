#include "cli/mrt_file.h"

#include <bzlib.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    RECORD_MAX_BYTES = 16 << 20, /* far above any RIB record; a length beyond it is garbage */
    READ_BYTES = 256 * 1024,
};

struct mrt_file {
    FILE *plain;
    gzFile gzip; /* also reads what is not compressed */
    BZFILE *bzip2;
    bool bzip2_ended;
    uint64_t offset; /* of the next record, uncompressed */
    uint8_t *record;
    uint32_t record_capacity;
};

static int open_bzip2(struct mrt_file *file, const char *path, struct err *err)
{
    int error;
    file->plain = fopen(path, "rbe");
    if (!file->plain)
        return err_set(err, E_IO, "failed to open file: %s: %s", path, strerror(errno));
    file->bzip2 = BZ2_bzReadOpen(&error, file->plain, 0, 0, NULL, 0);
    return file->bzip2 ? 0 : err_set(err, E_IO, "failed to open file: %s: bzip2 error %d", path, error);
}

static bool is_bzip2(const char *path)
{
    char magic[3] = {0};
    FILE *file = fopen(path, "rbe");
    size_t length = file ? fread(magic, 1, sizeof(magic), file) : 0;
    if (file)
        fclose(file);
    return length == sizeof(magic) && memcmp(magic, "BZh", sizeof(magic)) == 0;
}

int mrt_file_open(const char *path, struct mrt_file **opened, struct err *err)
{
    struct mrt_file *file = mem_zalloc(MEM_OTHER, sizeof(*file));
    int result = 0;
    if (is_bzip2(path)) {
        result = open_bzip2(file, path, err);
    } else {
        errno = 0;
        file->gzip = gzopen(path, "rbe");
        if (!file->gzip)
            result = err_set(err, E_IO, "failed to open file: %s: %s", path, strerror(errno ? errno : ENOMEM));
        else
            gzbuffer(file->gzip, READ_BYTES);
    }
    if (result < 0) {
        mrt_file_close(file);
        return result;
    }
    *opened = file;
    return 0;
}

void mrt_file_close(struct mrt_file *file)
{
    int error;
    if (!file)
        return;
    if (file->gzip)
        gzclose(file->gzip);
    if (file->bzip2)
        BZ2_bzReadClose(&error, file->bzip2);
    if (file->plain)
        fclose(file->plain);
    mem_free(MEM_OTHER, file->record);
    mem_free(MEM_OTHER, file);
}

/* How many bytes were read: fewer than `length` only at the end. E_IO if the file is damaged. */
static int64_t file_read(struct mrt_file *file, void *bytes, uint32_t length)
{
    if (file->gzip) {
        int got = gzread(file->gzip, bytes, length);
        return got < 0 ? E_IO : got;
    }
    uint32_t done = 0;
    while (done < length && !file->bzip2_ended) {
        int error;
        int got = BZ2_bzRead(&error, file->bzip2, (char *)bytes + done, (int)(length - done));
        if (error != BZ_OK && error != BZ_STREAM_END)
            return E_IO;
        done += (uint32_t)got;
        file->bzip2_ended = error == BZ_STREAM_END;
    }
    return done;
}

int mrt_file_next(struct mrt_file *file, struct mrt_record *record, struct err *err)
{
    uint8_t header[MRT_HEADER_BYTES];
    int64_t got = file_read(file, header, sizeof(header));
    if (got == 0)
        return E_EOF;
    if (got < (int64_t)sizeof(header))
        return err_set(err, E_INVALID, "the file is cut off or damaged at offset %" PRIu64, file->offset);
    struct cursor cursor = cursor_of(header, sizeof(header));
    record->timestamp = cursor_u32(&cursor);
    record->type = cursor_u16(&cursor);
    record->subtype = cursor_u16(&cursor);
    uint32_t length = cursor_u32(&cursor);
    if (length > RECORD_MAX_BYTES)
        return err_set(err, E_INVALID, "offset %" PRIu64 ": a record of %" PRIu32 " bytes is not MRT", file->offset,
                       length);
    if (length > file->record_capacity) {
        file->record = mem_realloc(MEM_OTHER, file->record, length);
        file->record_capacity = length;
    }
    if (file_read(file, file->record, length) < (int64_t)length)
        return err_set(err, E_INVALID, "the file is cut off or damaged at offset %" PRIu64, file->offset);
    file->offset += MRT_HEADER_BYTES + length;
    record->body = cursor_of(file->record, length);
    return 0;
}

int mrt_peer_table(const struct mrt_record *record, struct mrt_peer *peers)
{
    struct cursor cursor = record->body;
    cursor_u32(&cursor); /* the collector's identifier */
    cursor_take(&cursor, cursor_u16(&cursor));
    unsigned count = cursor_u16(&cursor);
    for (unsigned i = 0; i < count && !cursor.failed; i++) {
        uint8_t kind = cursor_u8(&cursor);
        peers[i].id = cursor_u32(&cursor);
        const uint8_t *addr = cursor_take(&cursor, kind & MRT_PEER_IPV6 ? 16 : 4);
        peers[i].addr = addr ? addr_from_bytes(kind & MRT_PEER_IPV6 ? ADDR_IPV6 : ADDR_IPV4, addr) : (struct addr){0};
        peers[i].asn = kind & MRT_PEER_AS4 ? cursor_u32(&cursor) : cursor_u16(&cursor);
    }
    return cursor.failed ? E_INVALID : (int)count;
}

int mrt_rib_read(const struct mrt_record *record, struct mrt_rib *rib)
{
    bool ipv6 = record->subtype == MRT_RIB_IPV6_UNICAST || record->subtype == MRT_RIB_IPV6_UNICAST_ADDPATH;
    rib->add_path = record->subtype >= MRT_RIB_IPV4_UNICAST_ADDPATH;
    rib->entries = record->body;
    cursor_u32(&rib->entries); /* sequence number */
    prefix_read(&rib->entries, ipv6 ? ADDR_IPV6 : ADDR_IPV4, &rib->prefix);
    rib->entry_count = cursor_u16(&rib->entries);
    return rib->entries.failed ? E_INVALID : 0;
}

bool mrt_rib_next(struct mrt_rib *rib, struct mrt_entry *entry)
{
    if (rib->entry_count == 0 || rib->entries.failed)
        return false;
    rib->entry_count--;
    entry->peer_index = cursor_u16(&rib->entries);
    entry->originated_at = cursor_u32(&rib->entries);
    entry->path_id = rib->add_path ? cursor_u32(&rib->entries) : 0;
    entry->attrs = cursor_sub(&rib->entries, cursor_u16(&rib->entries));
    return !rib->entries.failed;
}
