/* WatchEvent: what happens, in order, to everyone who asked.
 *
 * Each watcher has a queue of encoded events, bounded: who does not read gets OUT_OF_RANGE "watcher lagged" and must
 * begin anew, rather than holding memory or being told half of it. A first dump (`init`) is a walk that runs before
 * the queue is looked at; what changes meanwhile waits in the queue and so is told after it.
 *
 * Paths are queued as they will stand in TableEvent.paths (field 2), so that any number of neighbouring ones become one
 * message by putting two headers in front.
 */
#include <string.h>

#include "api/convert.h"
#include "api/list.h"
#include "base/check.h"
#include "base/mem.h"

enum {
    QUEUE_LIMIT_BYTES = 16 << 20,
    BATCH_BYTES = 512 * 1024,
    PATH_SCRATCH_BYTES = 2 << 20, /* the longest path encoded stays below */
    ENTRY_HEAD_BYTES = 5,
};

enum entry_kind {
    ENTRY_PATH, /* an element of TableEvent.paths */
    ENTRY_PEER, /* a whole WatchEventResponse */
};

/* One walk of the first dump. */
struct dump {
    struct path_query query;
    bool only_best;
    bool no_local;
};

struct watcher {
    struct api *api;
    struct rpc_call *call;
    struct control_watch *watch;
    struct watch_ops ops;
    struct buf queue; /* entries: length, kind, bytes */
    size_t queue_at;
    bool lagged;
    struct path_form form;
    struct dump *dumps;
    size_t dump_count;
    size_t dump_capacity;
    size_t dump_at;
    struct path_walk *walk; /* of dumps[dump_at], NULL: not begun */
    struct buf batch;       /* paths of the message being filled */
};

/* The queue -------------------------------------------------------------------------------------------------------- */

static void queue_compact(struct watcher *watcher)
{
    if (watcher->queue_at == watcher->queue.length)
        buf_clear(&watcher->queue);
    else if (watcher->queue_at > QUEUE_LIMIT_BYTES / 2)
        buf_consume(&watcher->queue, watcher->queue_at);
    else
        return;
    watcher->queue_at = 0;
}

static void queue_put(struct watcher *watcher, enum entry_kind kind, const void *bytes, size_t length)
{
    if (watcher->lagged)
        return;
    queue_compact(watcher);
    buf_u32(&watcher->queue, (uint32_t)length);
    buf_u8(&watcher->queue, (uint8_t)kind);
    buf_put(&watcher->queue, bytes, length);
    watcher->lagged = watcher->queue.failed;
    rpc_call_wake(watcher->call);
}

/* Encodes one path as a TableEvent has it, in the scratch. False: it does not fit. */
static bool encode_event_path(struct watcher *watcher, const struct path_view *path, struct proto *proto)
{
    struct path_view view = *path;
    view.best = false; /* GoBGP's events never say it */
    *proto = proto_over(api_scratch(watcher->api, PATH_SCRATCH_BYTES), PATH_SCRATCH_BYTES);
    encode_path(proto, 2, &view, &watcher->form);
    return !proto->failed;
}

static void queue_paths(void *context, const struct path_view *paths, size_t count)
{
    struct watcher *watcher = context;
    struct proto proto;
    for (size_t i = 0; i < count && !watcher->lagged; i++) {
        if (encode_event_path(watcher, &paths[i], &proto))
            queue_put(watcher, ENTRY_PATH, proto.at, proto_length(&proto));
    }
}

static void queue_peer_event(struct watcher *watcher, Apipb__WatchEventResponse__PeerEvent__Type type,
                             const struct peer_view *view)
{
    struct arena arena;
    Apipb__WatchEventResponse response = APIPB__WATCH_EVENT_RESPONSE__INIT;
    Apipb__WatchEventResponse__PeerEvent event = APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__INIT;
    arena_init(&arena, 0);
    event.type = type;
    event.peer = view ? peer_event_to_api(&arena, view) : NULL;
    response.event_case = APIPB__WATCH_EVENT_RESPONSE__EVENT_PEER;
    response.peer = &event;
    size_t length = protobuf_c_message_get_packed_size(&response.base);
    uint8_t *bytes = arena_alloc(&arena, length);
    protobuf_c_message_pack(&response.base, bytes);
    queue_put(watcher, ENTRY_PEER, bytes, length);
    arena_release(&arena);
}

static void queue_peer_state(void *context, const struct peer_view *view)
{
    queue_peer_event(context, APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__TYPE__STATE, view);
}

static void queue_peer_init(void *context, const struct peer_view *view)
{
    queue_peer_event(context, APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__TYPE__INIT, view);
}

/* Sending ---------------------------------------------------------------------------------------------------------- */

/* The batch as one WatchEventResponse: field 3 (table) around elements of its field 2. */
static int batch_send(struct watcher *watcher)
{
    uint8_t memory[16];
    struct proto head = proto_over(memory, sizeof(memory));
    size_t length = watcher->batch.length;
    if (length == 0)
        return 0;
    proto_varint(&head, length);
    proto_tag(&head, 3, PROTO_LENGTH);
    size_t head_length = proto_length(&head);
    uint8_t *message = rpc_call_reserve(watcher->call, head_length + length);
    if (!message)
        return E_LIMIT;
    memcpy(message, head.at, head_length);
    memcpy(message + head_length, watcher->batch.bytes, length);
    buf_clear(&watcher->batch);
    return 0;
}

static int batch_put(struct watcher *watcher, const void *bytes, size_t length)
{
    if (watcher->batch.length + length > BATCH_BYTES && batch_send(watcher) < 0)
        return E_LIMIT;
    buf_put(&watcher->batch, bytes, length);
    return 0;
}

/* Sends from the queue. E_AGAIN: the client must read first. */
static int queue_send(struct watcher *watcher, struct mono_time until)
{
    while (watcher->queue_at < watcher->queue.length) {
        if (!rpc_call_has_room(watcher->call) || !mono_before(mono_now(), until))
            return batch_send(watcher) < 0 ? E_LIMIT : E_AGAIN;
        struct cursor entry =
            cursor_of(watcher->queue.bytes + watcher->queue_at, watcher->queue.length - watcher->queue_at);
        uint32_t length = cursor_u32(&entry);
        enum entry_kind kind = cursor_u8(&entry);
        const uint8_t *bytes = cursor_take(&entry, length);
        CHECK(bytes != NULL);
        int result = 0;
        if (kind == ENTRY_PATH)
            result = batch_put(watcher, bytes, length);
        else if (batch_send(watcher) < 0 || rpc_call_send(watcher->call, bytes, length) < 0)
            result = E_LIMIT;
        if (result < 0)
            return result;
        watcher->queue_at += ENTRY_HEAD_BYTES + length;
    }
    queue_compact(watcher);
    return batch_send(watcher);
}

/* The first dump --------------------------------------------------------------------------------------------------- */

static struct dump *dump_add(struct watcher *watcher, enum table_type table, enum family_id family)
{
    if (watcher->dump_count == watcher->dump_capacity) {
        watcher->dump_capacity = watcher->dump_capacity ? watcher->dump_capacity * 2 : 16;
        watcher->dumps = mem_realloc(MEM_RPC, watcher->dumps, watcher->dump_capacity * sizeof(*watcher->dumps));
    }
    struct dump *dump = &watcher->dumps[watcher->dump_count++];
    *dump = (struct dump){.query = {.table = table, .family = family}};
    return dump;
}

static void dump_add_global(struct watcher *watcher, bool only_best)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (!family_get(family)->routed)
            continue;
        struct dump *dump = dump_add(watcher, TABLE_GLOBAL, family);
        dump->only_best = only_best;
        dump->no_local = !only_best;
    }
}

static void dump_add_peer(void *context, const struct peer_view *view)
{
    struct watcher *watcher = context;
    for (uint32_t i = 0; i < view->family_count; i++) {
        if (!view->families[i].received)
            continue;
        struct dump *dump = dump_add(watcher, TABLE_ADJ_IN, view->families[i].family);
        dump->query.include_filtered = true;
        dump->query.peer.address = view->config->address;
        memcpy(dump->query.peer.interface, view->config->interface, sizeof(dump->query.peer.interface));
    }
}

static int dump_destination(struct watcher *watcher, const struct dump *dump, const struct path_view *paths,
                            size_t count)
{
    struct proto proto;
    for (size_t i = 0; i < count; i++) {
        if ((dump->only_best && !paths[i].best) || (dump->no_local && paths[i].local))
            continue;
        if (encode_event_path(watcher, &paths[i], &proto) && batch_put(watcher, proto.at, proto_length(&proto)) < 0)
            return E_LIMIT;
    }
    return 0;
}

/* 0: done. E_AGAIN: others first. */
static int dump_send(struct watcher *watcher, struct mono_time until)
{
    const struct path_view *paths;
    while (watcher->dump_at < watcher->dump_count) {
        const struct dump *dump = &watcher->dumps[watcher->dump_at];
        bool again = false;
        if (!rpc_call_has_room(watcher->call) || !mono_before(mono_now(), until))
            return E_AGAIN;
        if (!watcher->walk && control_path_walk(watcher->api->control, &dump->query, &watcher->walk, NULL) < 0)
            watcher->walk = NULL; /* the peer has gone, or the table */
        size_t count = watcher->walk ? path_walk_next(watcher->walk, &paths, &again) : 0;
        if (count > 0 && dump_destination(watcher, dump, paths, count) < 0)
            return E_LIMIT;
        if (count == 0 && again)
            return E_AGAIN;
        if (count == 0) {
            path_walk_free(watcher->walk);
            watcher->walk = NULL;
            watcher->dump_at++;
        }
    }
    return batch_send(watcher);
}

/* The call --------------------------------------------------------------------------------------------------------- */

static void add_filter(struct watcher *watcher, const Apipb__WatchEventRequest__Table__Filter *filter)
{
    switch (filter->type) {
    case APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__TYPE__BEST:
        watcher->ops.best = queue_paths;
        if (filter->init)
            dump_add_global(watcher, true);
        break;
    case APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__TYPE__ADJIN:
        watcher->ops.adj_in = queue_paths;
        if (filter->init)
            control_peer_list(watcher->api->control, NULL, dump_add_peer, watcher);
        break;
    case APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__TYPE__POST_POLICY:
        watcher->ops.post_policy = queue_paths;
        if (filter->init)
            dump_add_global(watcher, false);
        break;
    default:
        break;
    }
}

enum { FILTERS_MAX = 16 }; /* there are three kinds; each may be asked for once more, not without end */

static bool watcher_begin(struct watcher *watcher, const Apipb__WatchEventRequest *message)
{
    size_t filters = message->table ? message->table->n_filters : 0;
    for (size_t i = 0; i < filters && i < FILTERS_MAX; i++)
        add_filter(watcher, message->table->filters[i]);
    if (message->peer)
        watcher->ops.peer_state = queue_peer_state;
    if (!message->peer && !watcher->ops.best && !watcher->ops.adj_in && !watcher->ops.post_policy)
        return false;
    if (message->peer) {
        control_peer_list(watcher->api->control, NULL, queue_peer_init, watcher);
        queue_peer_event(watcher, APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__TYPE__END_OF_INIT, NULL);
    }
    watcher->watch = control_watch_new(watcher->api->control, &watcher->ops, watcher);
    return true;
}

void watch_event(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &apipb__watch_event_request__descriptor, bytes, length)) {
        struct watcher *watcher = mem_zalloc(MEM_RPC, sizeof(*watcher));
        watcher->api = request.api;
        watcher->call = call;
        watcher->form = (struct path_form){.decoded = true};
        buf_init(&watcher->queue, QUEUE_LIMIT_BYTES);
        buf_init(&watcher->batch, BATCH_BYTES + PATH_SCRATCH_BYTES);
        rpc_call_set_state(call, watcher);
        if (!watcher_begin(watcher, request.message)) {
            watch_event_cancelled(call);
            rpc_call_finish(call, RPC_UNKNOWN, "no events to watch");
        }
    }
    request_end(&request);
}

bool watch_event_more(struct rpc_call *call)
{
    struct watcher *watcher = rpc_call_state(call);
    struct mono_time until = {.ns = mono_now().ns + SLICE_US * 1000};
    int result = E_OK;
    if (!watcher->lagged)
        result = dump_send(watcher, until);
    if (!watcher->lagged && result == 0)
        result = queue_send(watcher, until);
    if (watcher->lagged || (result < 0 && result != E_AGAIN)) {
        watch_event_cancelled(call);
        rpc_call_finish(call, RPC_OUT_OF_RANGE, "watcher lagged");
        return false;
    }
    return result == E_AGAIN;
}

void watch_event_cancelled(struct rpc_call *call)
{
    struct watcher *watcher = rpc_call_state(call);
    if (!watcher)
        return;
    if (watcher->watch)
        control_watch_free(watcher->watch);
    path_walk_free(watcher->walk);
    buf_release(&watcher->queue);
    buf_release(&watcher->batch);
    mem_free(MEM_RPC, watcher->dumps);
    mem_free(MEM_RPC, watcher);
    rpc_call_set_state(call, NULL);
}
