/* See outbox.h. Pieces on offer pin the segments they point into until they were taken. */
#include "speaker/outbox.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "speaker/catch_up.h"
#include "speaker/packer.h"
#include "speaker/update_group.h"
#include "wire/update.h"

/* What one member alone is told anew. */
struct private_announce {
    row_id row;
    attr_id attrs;
    source_id source;
};

enum { COLLECTED_MAX_BYTES = PACKER_ENTRIES * sizeof(struct private_announce) };

void outbox_init(struct outbox *outbox, enum family_id family, source_id self, void *owner,
                 const struct outbox_ops *ops)
{
    *outbox = (struct outbox){.family = family, .self = self, .owner = owner, .ops = ops};
    list_init(&outbox->link);
    list_init(&outbox->catch_up_link);
    list_init(&outbox->private_items);
    buf_init(&outbox->withdraws, COLLECTED_MAX_BYTES);
    buf_init(&outbox->announces, COLLECTED_MAX_BYTES);
}

void outbox_drop_private(struct outbox *outbox)
{
    list_foreach_safe (item, &outbox->private_items, struct private_bytes, link) {
        list_remove(&item->link);
        outbox->wants_end_of_rib |= item->end_of_rib; /* due again */
        mem_free(MEM_GROUP, item);
    }
}

static struct private_bytes *private_of(const struct outbox_piece *piece)
{
    return container_of(piece->bytes, struct private_bytes, bytes);
}

static void forget_first_piece(struct outbox *outbox)
{
    const struct outbox_piece *first = &outbox->offered[0];
    outbox->offered_bytes -= first->length;
    if (first->segment != NULL)
        log_segment_unpin(first->segment);
    else
        mem_free(MEM_GROUP, private_of(first));
    memmove(outbox->offered, outbox->offered + 1, --outbox->offered_count * sizeof(outbox->offered[0]));
}

void outbox_release(struct outbox *outbox)
{
    if (outbox->group != NULL)
        update_group_leave(outbox->group, outbox);
    outbox_drop_private(outbox);
    while (outbox->offered_count > 0)
        forget_first_piece(outbox);
    buf_release(&outbox->withdraws);
    buf_release(&outbox->announces);
}

static bool offer_from_log(struct outbox *outbox, struct log_cursor *cursor, uint64_t limit, struct outbox_piece *piece)
{
    if (!log_cursor_next(cursor, outbox->self, limit, OUTBOX_PIECE_BYTES, &piece->bytes, &piece->length))
        return false;
    piece->segment = cursor->segment;
    log_segment_pin(cursor->segment);
    return true;
}

static bool offer_live(struct outbox *outbox, struct outbox_piece *piece)
{
    struct private_bytes *item =
        list_empty(&outbox->private_items) ? NULL : list_entry(outbox->private_items.next, struct private_bytes, link);
    if (offer_from_log(outbox, &outbox->live, item ? item->position : UINT64_MAX, piece))
        return true;
    if (item == NULL)
        return false;
    list_remove(&item->link);
    *piece = (struct outbox_piece){.bytes = item->bytes, .length = item->length};
    return true;
}

/* Before the first of a new series of pieces. False: it has to wait. */
static bool begin_offer(struct outbox *outbox)
{
    if (outbox->moved && !outbox->group->filled)
        return false;
    outbox->moved = false;
    if (outbox->behind)
        catch_up_start(outbox->group, outbox, outbox->behind_scope, outbox->behind_version);
    return outbox->catch_up == NULL || catch_up_begun(outbox->catch_up);
}

/* Behind pieces that are on offer. */
static bool may_offer_more(const struct outbox *outbox)
{
    return outbox->offered_count < OUTBOX_PIECES_MAX && !outbox->moved && outbox_is_live(outbox);
}

bool outbox_offer(struct outbox *outbox, struct iovec *piece, bool *moved)
{
    *moved = false;
    bool is_first = outbox->offered_count == 0;
    if (outbox->group == NULL || !(is_first ? begin_offer(outbox) : may_offer_more(outbox)))
        return false;
    bool catches_up = outbox->catch_up != NULL;
    struct log_cursor *cursor = catches_up ? &outbox->catch_up_cursor : &outbox->live;
    uint64_t before = log_cursor_position(cursor);
    if (is_first)
        outbox->offered_until = before + OUTBOX_PIECE_BYTES;
    else if (before >= outbox->offered_until)
        return false;
    struct outbox_piece *offered = &outbox->offered[outbox->offered_count];
    if (catches_up ? !offer_from_log(outbox, cursor, UINT64_MAX, offered) : !offer_live(outbox, offered)) {
        *moved = log_cursor_position(cursor) != before;
        return false;
    }
    outbox->offered_count++;
    outbox->offered_bytes += offered->length;
    *piece = (struct iovec){.iov_base = (void *)offered->bytes, .iov_len = offered->length};
    return true;
}

void outbox_taken(struct outbox *outbox)
{
    CHECK(outbox->offered_count > 0);
    const struct outbox_piece *first = &outbox->offered[0];
    outbox->written_bytes += first->length;
    if (first->segment == NULL)
        outbox->end_of_rib_sent |= private_of(first)->end_of_rib;
    forget_first_piece(outbox);
    if (outbox->catch_up != NULL)
        catch_up_progress(outbox);
}

void outbox_add_private(struct outbox *outbox, const void *bytes, uint32_t length, bool end_of_rib)
{
    struct private_bytes *item = mem_alloc(MEM_GROUP, sizeof(*item) + length);
    item->position = group_log_end(&outbox->group->log);
    item->length = length;
    item->end_of_rib = end_of_rib;
    memcpy(item->bytes, bytes, length);
    list_append(&outbox->private_items, &item->link);
}

void outbox_collect_withdraw(struct outbox *outbox, row_id row, uint32_t path_id)
{
    struct pack_entry entry = {.row = row, .path_id = path_id};
    buf_put(&outbox->withdraws, &entry, sizeof(entry));
}

void outbox_flush_withdraws(struct outbox *outbox)
{
    uint32_t count = (uint32_t)(outbox->withdraws.length / sizeof(struct pack_entry));
    if (count == 0)
        return;
    /* A member without a cursor needs none of it: catching up tells it the latest state, withdraws included. */
    if (!outbox->behind) {
        struct buf messages;
        buf_init(&messages, (size_t)count * 64 + 4096);
        packer_encode_withdraw(&outbox->group->rules, outbox->group->rib,
                               (const struct pack_entry *)(const void *)outbox->withdraws.bytes, count, &messages);
        outbox_add_private(outbox, messages.bytes, (uint32_t)messages.length, false);
        buf_release(&messages);
    }
    buf_clear(&outbox->withdraws);
}

void outbox_collect_announce(struct outbox *outbox, row_id row, attr_id attrs, source_id source)
{
    struct private_announce announce = {.row = row, .attrs = attrs, .source = source};
    buf_put(&outbox->announces, &announce, sizeof(announce));
}

void outbox_flush_announces(struct outbox *outbox)
{
    struct update_group *group = outbox->group;
    const struct private_announce *announces = (const struct private_announce *)(const void *)outbox->announces.bytes;
    size_t count = outbox->announces.length / sizeof(*announces);
    if (count == 0)
        return;
    if (!outbox->behind) {
        struct group_log messages;
        struct pack_target target = {.rules = &group->rules, .log = &messages};
        group_log_init(&messages, 0);
        for (size_t i = 0; i < count; i++)
            packer_announce(group->packer, announces[i].row, 0, announces[i].attrs, announces[i].source);
        packer_flush(group->packer, &target);
        group_log_publish(&messages);
        const uint8_t *bytes;
        uint32_t length;
        struct log_cursor cursor = group_log_cursor_at_tail(&messages);
        while (log_cursor_next(&cursor, RIB_SOURCE_NONE, UINT64_MAX, OUTBOX_PIECE_BYTES, &bytes, &length))
            outbox_add_private(outbox, bytes, length, false);
        group_log_release(&messages);
    }
    buf_clear(&outbox->announces);
}

bool outbox_is_live(const struct outbox *outbox)
{
    return !outbox->behind && (outbox->catch_up == NULL || catch_up_begun(outbox->catch_up));
}

uint64_t outbox_backlog(const struct outbox *outbox)
{
    if (outbox->catch_up != NULL || outbox->behind)
        return 0;
    uint64_t unread = group_log_end(&outbox->group->log) - log_cursor_position(&outbox->live);
    return unread + outbox->offered_bytes;
}

/* A member that has not everything the group's first look at the table found, or what it was told alone when it joined:
 * those rows keep older versions than the log's segments. */
static bool is_filling(const struct outbox *outbox)
{
    const struct update_group *group = outbox->group;
    const struct list *items = &outbox->private_items;
    if (!list_empty(items) &&
        list_entry(items->next, struct private_bytes, link)->position <= outbox->old_rows_position)
        return true;
    return !group->filled || log_cursor_position(&outbox->live) < group->filled_position;
}

void outbox_cut_off(struct outbox *outbox, bool from_beginning)
{
    if (from_beginning)
        outbox->behind_scope = CATCH_UP_ALL;
    if (outbox->behind)
        return;
    enum catch_up_scope scope = CATCH_UP_SINCE;
    outbox->tombstones_since = outbox_tombstones_needed(outbox);
    if (outbox->catch_up != NULL) {
        scope = catch_up_scope(outbox->catch_up);
        outbox->behind_version = catch_up_version(outbox->catch_up);
        catch_up_leave(outbox);
    } else {
        outbox->behind_version = outbox->live.segment->version;
    }
    if (!from_beginning)
        outbox->behind_scope = scope != CATCH_UP_SINCE || is_filling(outbox) ? CATCH_UP_ALL : CATCH_UP_SINCE;
    outbox_drop_private(outbox);
    outbox->behind = true;
}

void outbox_forget_told(struct outbox *outbox)
{
    if (outbox->catch_up != NULL)
        catch_up_leave(outbox);
    outbox_drop_private(outbox);
    outbox->moved = outbox->behind = true;
    outbox->behind_scope = CATCH_UP_ALL;
    outbox->behind_version = 0;
    outbox->tombstones_since = outbox->group->rib->version - INT32_MAX; /* before whatever there is */
}

uint32_t outbox_tombstones_needed(const struct outbox *outbox)
{
    const struct update_group *group = outbox->group;
    if (outbox->behind || (outbox->catch_up != NULL && catch_up_scope(outbox->catch_up) != CATCH_UP_JOIN))
        return outbox->tombstones_since;
    bool told_all = !outbox_is_live(outbox) || (log_cursor_position(&outbox->live) == group_log_end(&group->log) &&
                                                list_empty(&outbox->private_items));
    if (told_all)
        return group->rib->version + 1;
    return outbox->live.segment->version;
}

void outbox_end_of_rib(struct outbox *outbox)
{
    struct buf message;
    outbox->wants_end_of_rib = false;
    buf_init(&message, 64);
    end_of_rib_encode(&message, outbox->family);
    outbox_add_private(outbox, message.bytes, (uint32_t)message.length, true);
    buf_release(&message);
    outbox->ops->wake(outbox);
}
