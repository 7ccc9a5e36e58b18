#include "puppet.h"

#include <stdlib.h>
#include <string.h>

#include "net/nlri.h"
#include "wire/update.h"

enum { OUTPUT_MAX_BYTES = 64 * 1024 * 1024 };

/* In --------------------------------------------------------------------------------------------------------------- */

static void forget(struct puppet_path *path)
{
    free(path->attrs);
    *path = (struct puppet_path){0};
}

static void forget_all(struct puppet *puppet)
{
    for (unsigned family = 0; family < MODEL_FAMILIES; family++)
        for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++)
            for (unsigned i = 0; i < PUPPET_PATHS_MAX; i++)
                forget(&puppet->table[family][prefix][i]);
}

static void established(struct session *session, const struct negotiated *negotiated)
{
    struct puppet *puppet = session_owner(session);
    forget_all(puppet);
    buf_clear(&puppet->offered);
    buf_clear(&puppet->pending);
    puppet->negotiated = *negotiated;
    puppet->established = true;
    puppet->announced = puppet->withdrawn = puppet->duplicates = puppet->stray_withdraws = 0;
    for (unsigned i = 0; i < MODEL_FAMILIES; i++) {
        puppet->end_of_ribs[i] = 0;
        puppet->expects_all[i] = false;
    }
    puppet->came(puppet->context, puppet);
}

static void lost(struct session *session, const struct session_down *down)
{
    struct puppet *puppet = session_owner(session);
    (void)down;
    puppet->established = false;
    puppet->went(puppet->context, puppet);
}

static struct puppet_path *find(struct puppet_path *paths, uint32_t path_id)
{
    struct puppet_path *free_place = NULL;
    for (unsigned i = 0; i < PUPPET_PATHS_MAX; i++) {
        if (paths[i].present && paths[i].path_id == path_id)
            return &paths[i];
        if (!paths[i].present && free_place == NULL)
            free_place = &paths[i];
    }
    assert_non_null(free_place);
    return free_place;
}

static void check_not_own(const struct puppet *puppet, const struct attr_block *attrs)
{
    struct attr_item item;
    if (puppet->mark == 0 || !attr_find(attrs->bytes, attrs->length, ATTR_COMMUNITIES, &item))
        return;
    struct cursor list = cursor_of(item.value, item.length);
    while (!cursor_done(&list))
        if (cursor_u32(&list) == puppet->mark)
            fail_msg("a peer was told its own route");
}

static void hear(struct puppet *puppet, const struct nlri_run *run, const struct attr_block *attrs)
{
    struct cursor cursor = cursor_of(run->bytes, run->length);
    struct nlri nlri;
    enum addr_kind kind = run->family == FAMILY_IPV4_UNICAST ? ADDR_IPV4 : ADDR_IPV6;
    while (nlri_next(&cursor, kind, run->add_path, &nlri)) {
        int index = model_prefix_index(run->family, &nlri.prefix);
        assert_true(index >= 0);
        struct puppet_path *path = find(puppet->table[run->family][index], nlri.path_id);
        if (run->withdraw) {
            puppet->withdrawn++;
            puppet->stray_withdraws += !path->present;
            forget(path);
            continue;
        }
        puppet->announced++;
        puppet->duplicates += path->present && !path->stale && path->length == attrs->length &&
                              memcmp(path->attrs, attrs->bytes, attrs->length) == 0;
        free(path->attrs);
        *path = (struct puppet_path){
            .present = true, .path_id = nlri.path_id, .length = attrs->length, .attrs = malloc(attrs->length)};
        memcpy(path->attrs, attrs->bytes, attrs->length);
    }
}

static void update(struct session *session, const struct update *update)
{
    struct puppet *puppet = session_owner(session);
    if (update->verdict != VERDICT_OK)
        fail_msg("an UPDATE the speaker sent is wrong: %s", update->why);
    for (unsigned i = 0; i < update->run_count; i++) {
        const struct attr_block *attrs = update_run_attrs(update, &update->runs[i]);
        if (!update->runs[i].withdraw)
            check_not_own(puppet, attrs);
        hear(puppet, &update->runs[i], attrs);
    }
    if (update->end_of_rib >= (enum family_id)MODEL_FAMILIES)
        return;
    if (puppet->end_of_ribs[update->end_of_rib]++ == 0)
        puppet->announced_before_end[update->end_of_rib] = puppet->announced;
}

/* RFC 7313 4: what was not told again before the end is gone. */
static void refresh(struct session *session, enum family_id family, enum refresh_kind kind)
{
    struct puppet *puppet = session_owner(session);
    for (unsigned prefix = 0; prefix < MODEL_PREFIXES; prefix++) {
        for (unsigned i = 0; i < PUPPET_PATHS_MAX; i++) {
            struct puppet_path *path = &puppet->table[family][prefix][i];
            if (kind == REFRESH_BEGIN)
                path->stale = path->present;
            else if (kind == REFRESH_END && path->stale)
                forget(path);
        }
    }
}

static bool input_allowed(struct session *session)
{
    return ((const struct puppet *)session_owner(session))->reading;
}

void puppet_read(struct puppet *puppet, bool reading)
{
    puppet->reading = reading;
    if (reading)
        session_input_ready(puppet->session);
}

/* Out -------------------------------------------------------------------------------------------------------------- */

static int output(struct session *session, struct iovec *pieces, int max_pieces)
{
    struct puppet *puppet = session_owner(session);
    (void)max_pieces;
    if (puppet->offered.length == 0) {
        buf_put(&puppet->offered, puppet->pending.bytes, puppet->pending.length);
        buf_clear(&puppet->pending);
    }
    pieces[0] = (struct iovec){.iov_base = puppet->offered.bytes, .iov_len = puppet->offered.length};
    return puppet->offered.length > 0;
}

static void output_written(struct session *session, size_t bytes)
{
    struct puppet *puppet = session_owner(session);
    buf_consume(&puppet->offered, bytes);
}

bool puppet_has_written(const struct puppet *puppet)
{
    return puppet->offered.length == 0 && puppet->pending.length == 0;
}

static void state_changed(struct session *session, enum session_state from, enum session_state to)
{
    (void)session;
    (void)from;
    (void)to;
}

static const struct session_ops ops = {
    .state_changed = state_changed,
    .established = established,
    .lost = lost,
    .update = update,
    .refresh = refresh,
    .output = output,
    .output_written = output_written,
    .input_allowed = input_allowed,
};

void puppet_init(struct puppet *puppet, struct loop *loop, struct transport *transport)
{
    buf_init(&puppet->offered, OUTPUT_MAX_BYTES);
    buf_init(&puppet->pending, OUTPUT_MAX_BYTES);
    puppet->reading = true;
    puppet->session = session_new(loop, transport, &puppet->config, &ops, puppet);
    session_start(puppet->session);
}

void puppet_release(struct puppet *puppet)
{
    session_free(puppet->session);
    forget_all(puppet);
    buf_release(&puppet->offered);
    buf_release(&puppet->pending);
}

static void put_prefixes(struct puppet *puppet, struct buf *out, unsigned family, const unsigned *prefixes,
                         unsigned count, uint32_t path_id)
{
    bool add_path = puppet->negotiated.add_path_send & 1u << family;
    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[17];
        struct prefix prefix = model_prefix(family, prefixes[i]);
        if (add_path)
            buf_u32(out, path_id);
        buf_put(out, bytes, prefix_write(&prefix, bytes));
    }
}

static void put_length(struct buf *out, size_t offset)
{
    buf_patch_u16(out, offset, (uint16_t)(out->length - offset - 2));
}

/* MP_REACH_NLRI or MP_UNREACH_NLRI up to the prefixes; returns where its length stands. */
static size_t mp_begin(struct buf *out, unsigned family, uint8_t type)
{
    buf_u8(out, ATTR_FLAG_OPTIONAL | ATTR_FLAG_EXTENDED_LENGTH);
    buf_u8(out, type);
    size_t length = out->length;
    buf_u16(out, 0);
    buf_u16(out, family == 0 ? AFI_IPV4 : AFI_IPV6);
    buf_u8(out, SAFI_UNICAST);
    return length;
}

/* The canonical attributes as this session's wire wants them: 2-octet AS numbers where agreed, no NEXT_HOP where it
 * is in MP_REACH_NLRI. */
static void put_attributes(const struct puppet *puppet, const struct model_attrs *attrs, bool with_next_hop,
                           struct buf *out)
{
    struct buf canonical;
    struct attr_item item;
    buf_init(&canonical, 65536);
    model_encode(attrs, &canonical);
    struct cursor cursor = cursor_of(canonical.bytes, canonical.length);
    while (attr_next(&cursor, &item)) {
        if (item.type == ATTR_NEXT_HOP && !with_next_hop)
            continue;
        if (item.type == ATTR_AS_PATH && !puppet->negotiated.four_octet_as) {
            struct buf path;
            buf_init(&path, 1024);
            as_path_two_octet(item.value, item.length, &path);
            attr_put(out, item.flags, item.type, path.bytes, (uint16_t)path.length);
            buf_release(&path);
            continue;
        }
        attr_put(out, item.flags, item.type, item.value, item.length);
    }
    buf_release(&canonical);
}

void puppet_announce(struct puppet *puppet, unsigned family, const unsigned *prefixes, unsigned count, uint32_t path_id,
                     const struct model_attrs *attrs)
{
    struct buf *out = &puppet->pending;
    bool plain = family == 0 && attrs->next_hop.kind == ADDR_IPV4;
    size_t message = message_begin(out, MESSAGE_UPDATE);
    buf_u16(out, 0);
    size_t attributes = out->length;
    buf_u16(out, 0);
    if (!plain) {
        size_t reach = mp_begin(out, family, ATTR_MP_REACH);
        buf_u8(out, 16);
        buf_put(out, attrs->next_hop.bytes, 16);
        buf_u8(out, 0);
        put_prefixes(puppet, out, family, prefixes, count, path_id);
        put_length(out, reach);
    }
    put_attributes(puppet, attrs, plain, out);
    put_length(out, attributes);
    if (plain)
        put_prefixes(puppet, out, family, prefixes, count, path_id);
    message_end(out, message);
    session_output_ready(puppet->session);
}

void puppet_withdraw(struct puppet *puppet, unsigned family, const unsigned *prefixes, unsigned count, uint32_t path_id)
{
    struct buf *out = &puppet->pending;
    size_t message = message_begin(out, MESSAGE_UPDATE);
    size_t withdrawn = out->length;
    buf_u16(out, 0);
    if (family == 0) {
        put_prefixes(puppet, out, family, prefixes, count, path_id);
        put_length(out, withdrawn);
        buf_u16(out, 0);
    } else {
        size_t attributes = out->length;
        buf_u16(out, 0);
        size_t unreach = mp_begin(out, family, ATTR_MP_UNREACH);
        put_prefixes(puppet, out, family, prefixes, count, path_id);
        put_length(out, unreach);
        put_length(out, attributes);
    }
    message_end(out, message);
    session_output_ready(puppet->session);
}

void puppet_end_of_rib(struct puppet *puppet, unsigned family)
{
    struct buf *out = &puppet->pending;
    size_t message = message_begin(out, MESSAGE_UPDATE);
    buf_u16(out, 0);
    size_t attributes = out->length;
    buf_u16(out, 0);
    if (family != 0) {
        put_length(out, mp_begin(out, family, ATTR_MP_UNREACH));
        put_length(out, attributes);
    }
    message_end(out, message);
    session_output_ready(puppet->session);
}

void puppet_refresh(struct puppet *puppet, unsigned family, enum refresh_kind kind)
{
    route_refresh_encode(&puppet->pending, family, kind);
    session_output_ready(puppet->session);
}
