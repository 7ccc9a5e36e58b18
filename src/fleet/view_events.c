/* Events, a page of them or as a stream.
 *
 * A stream is a cursor in the table of events and a buffer of what was last read from there. So a reader that is slow,
 * or was away, gets everything in its order, once, and costs the same however far behind it is.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/event_stream.h"
#include "fleet/handlers.h"
#include "fleet/list_query.h"

enum {
    STREAM_BATCH = 32,
    STREAM_BEAT_MS = 15000,
    STREAM_BUFFER_BYTES = 1 << 20,
    STREAMS_MAX = 1000,
    STREAMS_OF_ONE_MAX = 100, /* of one project, or user; the provider may have all */
    FILTER_MAX = ID_TEXT_MAX,
};

struct event_filter {
    struct principal who;
    char project[FILTER_MAX];
    char device[FILTER_MAX];
    char session[FILTER_MAX];
};

struct event_stream {
    struct list link; /* in service->streams */
    struct service *service;
    struct http_request *http;
    struct event_filter filter;
    int64_t cursor;
    struct text buffer;
    size_t sent;
    struct loop_timer beat;
    bool beat_due;
};

static void filter_read(const struct api_call *call, struct event_filter *filter)
{
    filter->who = call->who;
    snprintf(filter->project, sizeof(filter->project), "%s", api_query(call, "project"));
    snprintf(filter->device, sizeof(filter->device), "%s", api_query(call, "device"));
    snprintf(filter->session, sizeof(filter->session), "%s", api_query(call, "session"));
}

/* Events of routers belong to no project: they are the provider's. */
static struct store_rows *events_after(struct store *store, const struct event_filter *filter, int64_t after,
                                       int64_t limit)
{
    struct list_query query;
    list_query_init(&query, &filter->who,
                    "SELECT e.id, e.at, e.type, e.body, e.project_id, e.device_id, e.session_id, e.router_id, e.state,"
                    " e.reason FROM events e WHERE " VISIBLE("e.project_id"));
    str_printf(&query.sql, " AND e.id > $%u", list_query_value(&query, store_number(after)));
    list_query_project(&query, &filter->who, "e.project_id", filter->project);
    list_query_filter(&query, "e.device_id = ", "", filter->device);
    list_query_filter(&query, "e.session_id = ", "", filter->session);
    return list_query_run(&query, store, " ORDER BY e.id", limit);
}

static void write_event(struct json *json, const struct store_rows *rows)
{
    json_object(json);
    member_number(json, "id", store_rows_number(rows, 0));
    member_row_time(json, "at", rows, 1);
    member_row_text(json, "type", rows, 2);
    member_row_text(json, "body", rows, 3);
    member_row_text(json, "project_id", rows, 4);
    member_row_text(json, "device_id", rows, 5);
    member_row_text(json, "session_id", rows, 6);
    member_row_text(json, "router_id", rows, 7);
    member_row_text(json, "state", rows, 8);
    member_row_text(json, "reason", rows, 9);
    json_object_end(json);
}

/* Streams ---------------------------------------------------------------------------------------------------------- */

static bool token_is_good(struct event_stream *stream)
{
    int64_t found = 0;
    return store_find_number(stream->service->fleet.store,
                             "SELECT 1 FROM tokens WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)",
                             STORE_ARGS(store_text(stream->filter.who.token_id), store_number(time_now_ms())), &found);
}

/* What the reader has not seen yet is gone: he is to read again what he shows, and goes on from here. */
static void stream_reset(struct event_stream *stream, int64_t trimmed)
{
    struct json json = json_over(&stream->buffer);
    text_clear(&stream->buffer);
    stream->cursor = trimmed;
    text_printf(&stream->buffer, "id: %lld\nevent: reset\ndata: ", (long long)trimmed);
    json_object(&json);
    member_number(&json, "id", trimmed);
    member_time(&json, "at", time_now_ms());
    member_text(&json, "type", "reset");
    member_text(&json, "body", "Events that were to be told are not kept any more: read again what you have.");
    json_object_end(&json);
    text_add(&stream->buffer, "\n\n");
}

static void stream_fill(struct event_stream *stream)
{
    struct fleet *fleet = &stream->service->fleet;
    int64_t newest = event_last_id(fleet);
    int64_t from = stream->cursor;
    int64_t count = 0;
    text_clear(&stream->buffer);
    stream->sent = 0;
    struct store_rows *rows = events_after(fleet->store, &stream->filter, stream->cursor, STREAM_BATCH);
    while (store_rows_next(rows)) {
        struct json json = json_over(&stream->buffer);
        count++;
        stream->cursor = store_rows_number(rows, 0);
        text_printf(&stream->buffer, "id: %lld\nevent: %s\ndata: ", (long long)stream->cursor,
                    store_rows_text(rows, 2));
        write_event(&json, rows);
        text_add(&stream->buffer, "\n\n");
    }
    bool complete = store_rows_end(rows) == E_OK && count < STREAM_BATCH;
    int64_t trimmed = event_trimmed(fleet); /* after reading: another replica may be clearing away just now */
    if (from < trimmed)
        stream_reset(stream, trimmed);
    else if (complete && stream->cursor < newest)
        stream->cursor = newest; /* what came between is not for this reader */
    if (stream->buffer.length == 0 && stream->beat_due)
        text_add(&stream->buffer, ":\n\n");
    stream->beat_due = false;
}

static ssize_t stream_pull(void *context, char *to, size_t capacity)
{
    struct event_stream *stream = context;
    if (stream->sent == stream->buffer.length) {
        if (stream->beat_due && !token_is_good(stream))
            return -1;
        stream_fill(stream);
    }
    size_t length = stream->buffer.length - stream->sent;
    if (length > capacity)
        length = capacity;
    if (length > 0)
        memcpy(to, stream->buffer.bytes + stream->sent, length);
    stream->sent += length;
    return (ssize_t)length;
}

static void stream_closed(void *context)
{
    struct event_stream *stream = context;
    loop_timer_stop(&stream->beat);
    list_remove(&stream->link);
    text_release(&stream->buffer);
    mem_free(MEM_OTHER, stream);
}

static const struct http_stream_ops stream_ops = {.pull = stream_pull, .closed = stream_closed};

static void stream_beat(struct loop_timer *timer)
{
    struct event_stream *stream = container_of(timer, struct event_stream, beat);
    stream->beat_due = true;
    http_stream_wake(stream->http);
    loop_timer_start(timer, STREAM_BEAT_MS);
}

void event_streams_wake(struct service *service)
{
    list_foreach_safe (stream, &service->streams, struct event_stream, link)
        http_stream_wake(stream->http);
}

static int64_t resume_point(struct api_call *call)
{
    uint64_t number = 0;
    const char *last = http_request_header(call->http, "Last-Event-ID");
    if ((last && str_parse_u64(last, 0, INT64_MAX, &number) == 0) ||
        str_parse_u64(api_query(call, "after"), 0, INT64_MAX, &number) == 0)
        return (int64_t)number;
    return event_last_id(call->fleet);
}

/* False: there are too many, and that was answered. */
static bool stream_has_room(struct api_call *call)
{
    const struct principal *who = &call->who;
    unsigned total = 0;
    unsigned own = 0;
    list_foreach (stream, &call->service->streams, struct event_stream, link) {
        const struct principal *other = &stream->filter.who;
        total++;
        own += who->kind != PRINCIPAL_PROVIDER && strcmp(other->user_id, who->user_id) == 0 &&
               strcmp(other->project_id, who->project_id) == 0;
    }
    if (total < STREAMS_MAX && own < STREAMS_OF_ONE_MAX)
        return true;
    api_error(call, 429, "%u streams of events are open, which is the most", own < STREAMS_OF_ONE_MAX ? total : own);
    return false;
}

static void stream_start(struct api_call *call)
{
    if (!stream_has_room(call))
        return;
    struct event_stream *stream = mem_zalloc(MEM_OTHER, sizeof(*stream));
    stream->service = call->service;
    stream->http = call->http;
    filter_read(call, &stream->filter);
    stream->cursor = resume_point(call);
    stream->beat_due = true; /* the first bytes go at once, so that the client knows it is connected */
    text_init(&stream->buffer, STREAM_BUFFER_BYTES);
    list_init(&stream->link);
    list_append(&call->service->streams, &stream->link);
    loop_timer_init(&stream->beat, call->fleet->loop, stream_beat);
    loop_timer_start(&stream->beat, STREAM_BEAT_MS);
    call->answered = true;
    http_reply_header(call->http, "Cache-Control", "no-store");
    http_reply_header(call->http, "X-Accel-Buffering", "no");
    http_reply_stream(call->http, "text/event-stream", &stream_ops, stream);
}

void view_events(struct api_call *call)
{
    const char *accept = http_request_header(call->http, "Accept");
    struct event_filter filter = {0};
    uint64_t after = 0;
    int64_t limit = api_limit(call);
    int64_t count = 0;
    int64_t last = 0;
    if (accept && strstr(accept, "text/event-stream")) {
        stream_start(call);
        return;
    }
    filter_read(call, &filter);
    str_parse_u64(api_query(call, "after"), 0, INT64_MAX, &after);
    struct store_rows *rows = events_after(call->store, &filter, (int64_t)after, limit + 1);
    json_object(&call->json);
    json_key(&call->json, "events");
    json_array(&call->json);
    while (store_rows_next(rows)) {
        if (++count > limit)
            break;
        last = store_rows_number(rows, 0);
        write_event(&call->json, rows);
    }
    store_rows_end(rows);
    json_array_end(&call->json);
    api_next(call, count > limit, last);
    member_number(&call->json, "trimmed", event_trimmed(call->fleet));
    json_object_end(&call->json);
    api_reply(call, 200);
}
