/* Listens to /v1/events as server-sent events. What arrives is put into a queue while the loop turns, and handled
 * between its turns, because handling it may ask the service something, which turns the loop. */
#include "cli/fleet_follow.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/fleet_client.h"
#include "cli/fleet_show.h"
#include "http/events_in.h"

enum {
    STREAM_IDLE_MS = 40000, /* something comes every 15 s */
    RETRY_FIRST_MS = 200,
    RETRY_MAX_MS = 5000,
    REFUSAL_MAX_BYTES = 64 * 1024,
};

struct follow {
    struct cli *cli;
    const struct fleet_follower *follower;
    void *context;
    struct http_events_in in;
    struct json_node **queue;
    size_t queued;
    size_t capacity;
    struct text refusal;
    unsigned status;
    bool done;
    bool told; /* that it is connected */
    char reason[256];
};

static void on_event(void *context, const struct http_event *event)
{
    struct follow *follow = context;
    struct err err;
    struct json_node *node = json_in_parse(event->data, event->length, &err);
    if (!node)
        return; /* a kind of event that is none of ours */
    if (follow->queued == follow->capacity) {
        follow->capacity = follow->capacity ? follow->capacity * 2 : 64;
        follow->queue = mem_realloc(MEM_OTHER, follow->queue, follow->capacity * sizeof(*follow->queue));
    }
    follow->queue[follow->queued++] = node;
}

static void on_head(void *context, unsigned status)
{
    ((struct follow *)context)->status = status;
}

static void on_done(void *context, const char *reason)
{
    struct follow *follow = context;
    struct str text = str_over(follow->reason, sizeof(follow->reason));
    follow->done = true;
    str_add(&text, reason ? reason : "the service ended the connection");
}

static void on_body(void *context, const char *bytes, size_t length)
{
    struct follow *follow = context;
    if (!fleet_client_is_good(follow->status))
        text_add_n(&follow->refusal, bytes, length);
    else if (!follow->in.failed && !http_events_read(&follow->in, bytes, length))
        on_done(follow, "an event is too long");
}

static const struct http_exchange_ops ops = {.head = on_head, .body = on_body, .done = on_done};

static int tell(struct follow *follow, int (*told)(struct cli *cli, void *context))
{
    struct arena outer;
    if (!told)
        return 0;
    fleet_round_begin(follow->cli, &outer);
    int result = told(follow->cli, follow->context);
    fleet_round_end(follow->cli, &outer);
    return result;
}

static int tell_event(struct follow *follow, const struct json_node *event)
{
    struct arena outer;
    if (!follow->follower->event)
        return 0;
    fleet_round_begin(follow->cli, &outer);
    int result = follow->follower->event(follow->cli, follow->context, event);
    fleet_round_end(follow->cli, &outer);
    return result;
}

/* Events that came meanwhile wait for the next round. */
static int handle_queue(struct follow *follow)
{
    struct json_node **events = follow->queue;
    size_t count = follow->queued;
    int result = 0;
    follow->queue = NULL;
    follow->queued = follow->capacity = 0;
    for (size_t i = 0; i < count; i++) {
        if (result == 0)
            result = tell_event(follow, events[i]);
        json_in_free(events[i]);
    }
    mem_free(MEM_OTHER, events);
    if (result == 0 && count > 0 && follow->queued == 0)
        result = tell(follow, follow->follower->quiet);
    return result;
}

static bool reader_has_gone(const struct output *out)
{
    struct pollfd watched = {.fd = out->fd};
    return out->failed || (poll(&watched, 1, 0) > 0 && (watched.revents & (POLLERR | POLLNVAL)));
}

/* One connection, until it ends. 0: it was lost. */
static int follow_once(struct follow *follow, struct fleet_client *client, const struct http_wish *wish)
{
    struct err err = {.text = ""};
    int result = 0;
    follow->status = 0;
    follow->done = follow->told = false;
    text_clear(&follow->refusal);
    http_events_restart(&follow->in);
    struct http_exchange *exchange = http_exchange_start(client->loop, wish, &ops, follow, &err);
    if (!exchange)
        on_done(follow, err.text);
    while (result == 0 && !follow->done && !reader_has_gone(&follow->cli->out)) {
        loop_turn(client->loop, follow->queued ? 0 : -1);
        if (!follow->told && fleet_client_is_good(follow->status)) {
            follow->told = true;
            result = tell(follow, follow->follower->connected);
        }
        if (result == 0)
            result = handle_queue(follow);
        output_flush(&follow->cli->out);
    }
    http_exchange_free(exchange);
    return result;
}

/* The number of the newest event there is, for a stream that is lost before it has brought one. It is the last part of
 * the identifier that Metal's list shows, newest first. */
static void newest_event(struct cli *cli, struct follow *follow)
{
    const struct json_node *answer;
    uint64_t number = 0;
    if (fleet_ask(cli, &(struct fleet_request){.path = "/events?per_page=1"}, &answer) < 0)
        return;
    const char *id = json_in_text(json_in_member(json_in_at(json_in_member(answer, "events"), 0), "id"));
    const char *last = id ? strrchr(id, '-') : NULL;
    if (last && sscanf(last + 1, "%12" SCNx64, &number) == 1)
        snprintf(follow->in.id, sizeof(follow->in.id), "%" PRIu64, number);
}

static void wait_and_say_why(struct follow *follow, uint32_t *wait_ms)
{
    if (*wait_ms == RETRY_FIRST_MS)
        fprintf(stderr, "no live events now: %s; trying again\n", follow->reason);
    poll(NULL, 0, (int)*wait_ms);
    *wait_ms = *wait_ms * 2 < RETRY_MAX_MS ? *wait_ms * 2 : RETRY_MAX_MS;
}

static int follow_on(struct follow *follow, struct fleet_client *client, const char *query)
{
    struct cli *cli = follow->cli;
    const char *path = arena_printf(&cli->arena, "%s/v1/events?%s", client->settings.url.path, *query ? query + 1 : "");
    const struct fleet_request request = {.path = "/v1/events"};
    uint32_t wait_ms = RETRY_FIRST_MS;
    bool ever_told = false; /* what has never worked is not tried again */
    for (;;) {
        char headers[8192];
        struct err err;
        struct http_wish wish = fleet_client_wish(client, &request, path);
        snprintf(headers, sizeof(headers), "%sAccept: text/event-stream\r\n%s%s%s", client->headers,
                 follow->in.id[0] ? "Last-Event-ID: " : "", follow->in.id, follow->in.id[0] ? "\r\n" : "");
        wish.headers = headers;
        wish.idle_ms = STREAM_IDLE_MS;
        int result = follow_once(follow, client, &wish);
        if (result < 0 || reader_has_gone(&cli->out))
            return result;
        ever_told = ever_told || follow->told;
        if (!ever_told && follow->status == 0)
            return cli_fail(cli, "%s: %s", client->settings.url_text, follow->reason);
        if (!ever_told || (follow->status >= 400 && follow->status < 500)) {
            struct json_node *body = json_in_parse(follow->refusal.bytes, follow->refusal.length, &err);
            result = fleet_client_refused(cli, &request, follow->status, body);
            json_in_free(body);
            return result;
        }
        if (follow->told)
            wait_ms = RETRY_FIRST_MS;
        wait_and_say_why(follow, &wait_ms);
    }
}

int fleet_follow(struct cli *cli, const char *query, const char *after, const struct fleet_follower *follower,
                 void *context)
{
    struct fleet_client *client = fleet_client(cli);
    struct follow follow = {.cli = cli, .follower = follower, .context = context};
    if (!client)
        return E_INVALID;
    http_events_init(&follow.in, on_event, &follow);
    text_init(&follow.refusal, REFUSAL_MAX_BYTES);
    if (after)
        snprintf(follow.in.id, sizeof(follow.in.id), "%s", after);
    else
        newest_event(cli, &follow);
    int result = cli->error.length ? E_INVALID : follow_on(&follow, client, query);
    for (size_t i = 0; i < follow.queued; i++)
        json_in_free(follow.queue[i]);
    mem_free(MEM_OTHER, follow.queue);
    result = result == E_EOF ? 0 : result;
    http_events_release(&follow.in);
    text_release(&follow.refusal);
    return result;
}
