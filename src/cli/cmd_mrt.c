/* godwit mrt inject: the routes of a table dump, sent to the daemon as they are in the file.
 *
 * NLRI and attributes travel in their wire form (nlri_binary, pattrs_binary): nothing is converted here. Several
 * prefixes share a message. The stream is closed in an orderly way and the daemon's answer awaited, so that nothing is
 * lost whatever the size of the file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "cli/ext_community.h"
#include "net/bgp.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/mrt_file.h"
#include "cli/words.h"
#include "gobgp.pb-c.h"

enum {
    BATCH_PATHS = 512,
    BATCH_BYTES = 512 * 1024,
    PATH_ATTRS_MAX = 64,
    ATTR_NEXT_HOP_FLAGS = ATTR_FLAG_TRANSITIVE,
};

/* One path of the batch being filled, with room for what it points to. */
struct batch_path {
    Apipb__Path path;
    Apipb__Family family;
    ProtobufCBinaryData attrs[PATH_ATTRS_MAX];
    char source_id[ADDR_TEXT_MAX];
};

struct injection {
    struct cli *cli;
    struct mrt_peer *peers;
    int peer_count;       /* -1: no PEER_INDEX_TABLE yet */
    struct addr next_hop; /* ADDR_NONE: as in the file */
    uint64_t count;       /* records to send */
    uint64_t skip;        /* records to leave out first */
    uint64_t record;      /* RIB records seen */
    struct batch_path *paths;
    Apipb__Path *list[BATCH_PATHS];
    size_t path_count;
    struct buf bytes;  /* the wire forms of the batch; never grows beyond its first allocation */
    bool has_next_hop; /* of the path being put */
    bool stopped;      /* the daemon has ended the stream */
    uint64_t left_out; /* paths without a next hop: a collector's own networks */
};

static void batch_clear(struct injection *injection)
{
    injection->path_count = 0;
    buf_clear(&injection->bytes);
}

static bool batch_send(struct injection *injection)
{
    Apipb__AddPathStreamRequest request = APIPB__ADD_PATH_STREAM_REQUEST__INIT;
    if (injection->path_count == 0)
        return true;
    request.n_paths = injection->path_count;
    request.paths = injection->list;
    injection->stopped = !call_send(injection->cli, &request.base);
    batch_clear(injection);
    return !injection->stopped;
}

static ProtobufCBinaryData written_since(const struct injection *injection, size_t start)
{
    return (ProtobufCBinaryData){.data = injection->bytes.bytes + start, .len = injection->bytes.length - start};
}

/* MP_REACH_NLRI whole again: the file has only the next hop in it (RFC 6396 4.3.4); some writers keep all of it. */
static void put_mp_reach(struct injection *injection, const struct prefix *prefix, struct cursor value)
{
    struct buf *out = &injection->bytes;
    uint8_t nlri[1 + 16];
    unsigned nlri_length = prefix_write(prefix, nlri);
    if (cursor_left(&value) > 0 && value.at[0] == 0) /* an AFI, not a length */
        cursor_take(&value, 3);
    struct cursor next_hop = cursor_sub(&value, cursor_u8(&value));
    size_t length = cursor_left(&next_hop);
    const uint8_t *bytes = next_hop.at;
    if (injection->next_hop.kind != ADDR_NONE) {
        bytes = injection->next_hop.bytes;
        length = injection->next_hop.kind == ADDR_IPV4 ? 4 : 16;
    }
    if (next_hop.failed || length > 64) {
        out->failed = true;
        return;
    }
    buf_u8(out, ATTR_FLAG_OPTIONAL);
    buf_u8(out, ATTR_MP_REACH);
    buf_u8(out, (uint8_t)(2 + 1 + 1 + length + 1 + nlri_length));
    buf_u16(out, prefix->addr.kind == ADDR_IPV4 ? AFI_IPV4 : AFI_IPV6);
    buf_u8(out, SAFI_UNICAST);
    buf_u8(out, (uint8_t)length);
    buf_put(out, bytes, length);
    buf_u8(out, 0);
    buf_put(out, nlri, nlri_length);
}

/* The next attribute of the file into the batch. False on bytes that are no attribute. */
static bool put_attr(struct injection *injection, const struct prefix *prefix, struct cursor *attrs)
{
    struct buf *out = &injection->bytes;
    const uint8_t *start = attrs->at;
    uint8_t flags = cursor_u8(attrs), type = cursor_u8(attrs);
    uint16_t length = flags & ATTR_FLAG_EXTENDED_LENGTH ? cursor_u16(attrs) : cursor_u8(attrs);
    struct cursor value = cursor_sub(attrs, length);
    if (attrs->failed)
        return false;
    injection->has_next_hop = injection->has_next_hop || type == ATTR_NEXT_HOP || type == ATTR_MP_REACH;
    if (type == ATTR_MP_REACH) {
        put_mp_reach(injection, prefix, value);
    } else if (type == ATTR_NEXT_HOP && injection->next_hop.kind == ADDR_IPV4) {
        buf_u8(out, ATTR_NEXT_HOP_FLAGS);
        buf_u8(out, ATTR_NEXT_HOP);
        buf_u8(out, 4);
        buf_put(out, injection->next_hop.bytes, 4);
    } else {
        buf_put(out, start, (size_t)(attrs->at - start));
    }
    return !out->failed;
}

static bool put_entry(struct injection *injection, const struct prefix *prefix, const struct mrt_entry *entry)
{
    struct batch_path *room = &injection->paths[injection->path_count];
    Apipb__Path *path = &room->path;
    uint8_t nlri[1 + 16];
    struct cursor attrs = entry->attrs;
    struct addr id = addr_ipv4(injection->peers[entry->peer_index].id);
    apipb__path__init(path);
    apipb__family__init(&room->family);
    room->family.afi = prefix->addr.kind == ADDR_IPV4 ? APIPB__FAMILY__AFI__AFI_IP : APIPB__FAMILY__AFI__AFI_IP6;
    room->family.safi = APIPB__FAMILY__SAFI__SAFI_UNICAST;
    path->family = &room->family;
    path->identifier = entry->path_id;
    path->source_asn = injection->peers[entry->peer_index].asn;
    path->source_id = (char *)addr_format(&id, room->source_id);
    size_t start = injection->bytes.length;
    buf_put(&injection->bytes, nlri, prefix_write(prefix, nlri));
    path->nlri_binary = written_since(injection, start);
    path->pattrs_binary = room->attrs;
    injection->has_next_hop = false;
    while (!cursor_done(&attrs)) {
        start = injection->bytes.length;
        if (path->n_pattrs_binary == PATH_ATTRS_MAX || !put_attr(injection, prefix, &attrs))
            return false;
        room->attrs[path->n_pattrs_binary++] = written_since(injection, start);
    }
    if (!injection->has_next_hop) {
        injection->left_out++;
        return true;
    }
    injection->list[injection->path_count++] = path;
    return true;
}

/* The most a path adds to the batch: its attributes, a few octets more in each, and its prefix. */
static bool batch_has_room(const struct injection *injection, const struct mrt_entry *entry)
{
    size_t most = cursor_left(&entry->attrs) + 128;
    return injection->path_count < BATCH_PATHS && injection->bytes.length + most <= injection->bytes.limit_bytes;
}

static int inject_rib(struct injection *injection, const struct mrt_record *record)
{
    struct cli *cli = injection->cli;
    struct mrt_rib rib;
    struct mrt_entry entry;
    if (injection->peer_count < 0)
        return cli_fail(cli, "not found PEER_INDEX_TABLE");
    if (mrt_rib_read(record, &rib) < 0)
        return cli_fail(cli, "RIB record %" PRIu64 " is not readable", injection->record);
    while (mrt_rib_next(&rib, &entry)) {
        if (entry.peer_index >= injection->peer_count)
            return cli_fail(cli, "invalid peer index: %u (PEER_INDEX_TABLE has only %d peers)", entry.peer_index,
                            injection->peer_count);
        if (!batch_has_room(injection, &entry) && !batch_send(injection))
            return 0;
        if (!batch_has_room(injection, &entry) || !put_entry(injection, &rib.prefix, &entry))
            return cli_fail(cli, "RIB record %" PRIu64 ": a path's attributes are not readable", injection->record);
        if (cli->options.only_best)
            return 0;
    }
    return rib.entries.failed ? cli_fail(cli, "RIB record %" PRIu64 " is not readable", injection->record) : 0;
}

/* 0: go on; E_EOF: enough; else the error is noted. */
static int inject_record(struct injection *injection, const struct mrt_record *record)
{
    struct cli *cli = injection->cli;
    if (record->type != MRT_TABLE_DUMP_V2)
        return 0;
    switch (record->subtype) {
    case MRT_PEER_INDEX_TABLE:
        injection->peer_count = mrt_peer_table(record, injection->peers);
        return injection->peer_count < 0 ? cli_fail(cli, "the PEER_INDEX_TABLE is not readable") : 0;
    case MRT_RIB_IPV4_UNICAST:
    case MRT_RIB_IPV4_UNICAST_ADDPATH:
        if (cli->options.no_ipv4)
            return 0;
        break;
    case MRT_RIB_IPV6_UNICAST:
    case MRT_RIB_IPV6_UNICAST_ADDPATH:
        if (cli->options.no_ipv6)
            return 0;
        break;
    case MRT_GEO_PEER_TABLE:
        return 0;
    default:
        return cli_fail(cli, "unsupported subType: %u", record->subtype);
    }
    if (injection->record >= injection->skip && inject_rib(injection, record) < 0)
        return E_INVALID;
    injection->record++;
    bool enough = injection->record >= injection->skip && injection->record - injection->skip == injection->count;
    return enough ? E_EOF : 0;
}

static int inject_file(struct injection *injection, const char *path)
{
    struct cli *cli = injection->cli;
    struct mrt_file *file;
    struct mrt_record record;
    struct err err = {0};
    int result;
    if (mrt_file_open(path, &file, &err) < 0)
        return cli_fail(cli, "%s", err.text);
    if (call_begin(cli, "AddPathStream") < 0) {
        mrt_file_close(file);
        return E_INVALID;
    }
    do {
        result = mrt_file_next(file, &record, &err);
        if (result == E_INVALID)
            cli_fail(cli, "%s: %s", path, err.text);
        if (result == 0)
            result = inject_record(injection, &record);
    } while (result == 0 && !injection->stopped);
    mrt_file_close(file);
    batch_send(injection);
    bool file_failed = result < 0 && result != E_EOF;
    const char *reason = file_failed ? arena_strdup(&cli->arena, cli->error.bytes) : NULL;
    int ended = call_finish(cli);
    if (injection->left_out)
        fprintf(stderr, "%" PRIu64 " paths without a next hop were left out\n", injection->left_out);
    return reason ? cli_fail(cli, "%s", reason) : ended;
}

static int injection_read_words(struct injection *injection, const struct words *words)
{
    struct cli *cli = injection->cli;
    if (words->count < 1)
        return cli_fail(cli, "usage: godwit mrt inject global <filename> [<count> [<skip>]]");
    if (words->count > 1 && strcmp(words->word[1], "-1") != 0 &&
        str_parse_u64(words->word[1], 0, INT64_MAX, &injection->count) < 0)
        return cli_fail(cli, "invalid count value: %s", words->word[1]);
    if (words->count > 2 && str_parse_u64(words->word[2], 0, INT64_MAX, &injection->skip) < 0)
        return cli_fail(cli, "invalid skip value: %s", words->word[2]);
    if (cli->options.next_hop && addr_parse(cli->options.next_hop, &injection->next_hop) < 0)
        return cli_fail(cli, "invalid argument \"%s\" for \"--nexthop\"", cli->options.next_hop);
    if (cli->options.next_hop && !cli->options.no_ipv4 && !cli->options.no_ipv6)
        output_add(&cli->out, "You should probably specify either --no-ipv4 or --no-ipv6 when overwriting nexthop, "
                              "unless your dump contains only one type of routes\n");
    return 0;
}

int cmd_mrt_inject(struct cli *cli, const struct command *command, const struct words *words)
{
    struct injection *injection = mem_zalloc(MEM_OTHER, sizeof(*injection));
    injection->cli = cli;
    injection->peer_count = -1;
    injection->count = UINT64_MAX;
    injection->peers = mem_zalloc(MEM_OTHER, MRT_PEERS_MAX * sizeof(*injection->peers));
    injection->paths = mem_alloc(MEM_OTHER, BATCH_PATHS * sizeof(*injection->paths));
    uint8_t *memory = mem_alloc(MEM_OTHER, BATCH_BYTES); /* fixed: the batch points into it */
    buf_init_fixed(&injection->bytes, memory, BATCH_BYTES);
    int result = injection_read_words(injection, words);
    if (result == 0)
        result = inject_file(injection, words->word[0]);
    mem_free(MEM_OTHER, memory);
    mem_free(MEM_OTHER, injection->peers);
    mem_free(MEM_OTHER, injection->paths);
    mem_free(MEM_OTHER, injection);
    return result;
}
