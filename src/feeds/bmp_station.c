/* See bmp.h. Here: which stations there are, and their connections.
 *
 * A connection is tried again after BACKOFF_FIRST_MS, twice as long each time, up to BACKOFF_MAX_MS. One that lasts is
 * forgiven. What is to be told waits in a queue of QUEUE_MAX_BYTES; tables are walked only while less than
 * DUMP_AHEAD_BYTES wait, so that the queue is for what changes meanwhile. A station for which it becomes full, or that
 * takes nothing for STALL_MS, is disconnected, and begins anew with a dump: memory is bounded, and it never has a table
 * with holes.
 */
#include "feeds/bmp.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "feeds/bmp_internal.h"

enum {
    QUEUE_MAX_BYTES = 32 << 20,
    DUMP_AHEAD_BYTES = 256 << 10,
    MESSAGE_LIMIT_BYTES = 256 << 10,
    WRITE_MAX_BYTES = 1 << 20, /* in a turn of the loop */
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 30 * 1000,
    CONNECT_MS = 30 * 1000,
    STALL_MS = 60 * 1000,
    LASTING_MS = 60 * 1000,
};

/* Connections ------------------------------------------------------------------------------------------------------ */

static struct loop *loop_of(const struct bmp_station *station)
{
    return station->stations->speaker->loop;
}

static void disconnect(struct bmp_station *station)
{
    bool was_connected = station->connected;
    station->connected = false;
    station->blocked = station->overflowed = false;
    loop_timer_stop(&station->stalled);
    loop_task_cancel(&station->flush);
    stream_free(station->stream);
    station->stream = NULL;
    if (!was_connected)
        return;
    station->down_at = loop_wall_now(loop_of(station));
    bmp_report_end(station);
    bmp_queue_clear(&station->queue);
}

/* Ends the connection, or the attempt, and comes again. */
static void retry(struct bmp_station *station, const char *why)
{
    bool said = station->refused;
    bool lasted = station->connected && mono_diff_ms(loop_now(loop_of(station)), station->connected_at) >= LASTING_MS;
    station->refused = !station->connected;
    if (lasted || station->backoff_ms == 0)
        station->backoff_ms = BACKOFF_FIRST_MS;
    log_at(said && station->refused ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "bmp", station->name, "%s: %s; again in %u s",
           station->connected ? "disconnected" : "cannot connect", why, station->backoff_ms / 1000);
    disconnect(station);
    loop_timer_start(&station->reconnect, station->backoff_ms);
    station->backoff_ms = 2 * station->backoff_ms < BACKOFF_MAX_MS ? 2 * station->backoff_ms : BACKOFF_MAX_MS;
}

static void flush(struct bmp_station *station)
{
    size_t written = 0;
    while (station->queue.length > 0 && written < WRITE_MAX_BYTES) {
        ssize_t taken = bmp_queue_write(&station->queue, station->stream);
        if (taken == E_AGAIN)
            break;
        if (taken < 0) {
            retry(station, "the connection broke");
            return;
        }
        written += (size_t)taken;
    }
    station->blocked = station->queue.length > 0;
    stream_want(station->stream, LOOP_READ | (station->blocked ? LOOP_WRITE : 0));
    if (!station->blocked)
        loop_timer_stop(&station->stalled);
    else if (written > 0 || !loop_timer_running(&station->stalled))
        loop_timer_start(&station->stalled, STALL_MS);
    if (bmp_has_room(station))
        bmp_dump_go_on(station);
}

static bool on_flush(struct loop_task *task)
{
    struct bmp_station *station = container_of(task, struct bmp_station, flush);
    if (!station->connected)
        return false;
    bmp_report_flush(station);
    if (station->overflowed)
        retry(station, "it is too slow for what there is to tell");
    else if (!station->blocked)
        flush(station);
    return false;
}

static void on_connected(struct stream *stream, void *owner)
{
    struct bmp_station *station = owner;
    struct loop *loop = loop_of(station);
    loop_timer_stop(&station->reconnect);
    station->connected = true;
    station->refused = false;
    station->connected_at = loop_now(loop);
    station->up_at = loop_wall_now(loop);
    log_info("bmp", station->name, "connected");
    stream_want(stream, LOOP_READ);
    bmp_report_begin(station);
}

static void on_failed(struct stream *stream, void *owner, int system_errno)
{
    retry(owner, strerror(system_errno));
}

/* Stations say nothing (RFC 7854 3.2); that they are gone is heard so. */
static void on_readable(struct stream *stream, void *owner)
{
    char ignored[4096];
    ssize_t got = stream_read(stream, ignored, sizeof(ignored));
    if (got < 0 && got != E_AGAIN)
        retry(owner, got == E_EOF ? "it closed the connection" : "the connection broke");
}

static void on_writable(struct stream *stream, void *owner)
{
    flush(owner);
}

static const struct stream_handler handler = {
    .connected = on_connected, .failed = on_failed, .readable = on_readable, .writable = on_writable};

static struct endpoint endpoint_of(const struct bmp_server_config *config)
{
    return (struct endpoint){.addr = config->address, .port = config->port};
}

static void connect_now(struct bmp_station *station)
{
    struct transport *transport = station->stations->speaker->transport;
    const struct transport_options options = {0};
    struct endpoint remote = endpoint_of(&station->config);
    struct err err = {0};
    int result =
        transport->ops->dial(transport, loop_of(station), &remote, &options, &handler, station, &station->stream, &err);
    if (result < 0) {
        station->stream = NULL;
        retry(station, err.text);
        return;
    }
    loop_timer_start(&station->reconnect, CONNECT_MS);
}

static void on_reconnect(struct loop_timer *timer)
{
    struct bmp_station *station = container_of(timer, struct bmp_station, reconnect);
    if (station->stream != NULL)
        retry(station, "no answer");
    else
        connect_now(station);
}

static void on_stalled(struct loop_timer *timer)
{
    retry(container_of(timer, struct bmp_station, stalled), "it takes nothing any more");
}

/* What is said ----------------------------------------------------------------------------------------------------- */

bool bmp_has_room(const struct bmp_station *station)
{
    return station->connected && !station->overflowed && station->queue.length < DUMP_AHEAD_BYTES;
}

struct buf *bmp_message(struct bmp_station *station)
{
    buf_clear(&station->stations->message);
    return &station->stations->message;
}

void bmp_send(struct bmp_station *station)
{
    const struct buf *message = &station->stations->message;
    if (station->overflowed)
        return;
    if (!bmp_queue_put(&station->queue, message->bytes, message->length)) {
        bmp_queue_clear(&station->queue);
        station->overflowed = true; /* this may be the middle of an event: the task ends the connection */
    }
    if (!station->blocked || station->overflowed)
        loop_task_schedule(&station->flush);
}

/* Stations --------------------------------------------------------------------------------------------------------- */

static struct bmp_station *find(const struct bmp_stations *stations, const struct endpoint *endpoint)
{
    list_foreach (station, &stations->list, struct bmp_station, link) {
        if (addr_equal(&station->config.address, &endpoint->addr) && station->config.port == endpoint->port)
            return station;
    }
    return NULL;
}

struct bmp_stations *bmp_stations_new(struct speaker *speaker)
{
    struct bmp_stations *stations = mem_zalloc(MEM_OTHER, sizeof(*stations));
    stations->speaker = speaker;
    list_init(&stations->list);
    buf_init(&stations->message, MESSAGE_LIMIT_BYTES);
    return stations;
}

int bmp_stations_add(struct bmp_stations *stations, const struct bmp_server_config *config, struct err *err)
{
    char text[ENDPOINT_TEXT_MAX];
    struct loop *loop = stations->speaker->loop;
    struct endpoint endpoint = endpoint_of(config);
    endpoint_format(&endpoint, text);
    if (find(stations, &endpoint) != NULL)
        return err_set(err, E_EXISTS, "bmp client %s is already configured", text);
    if (stations->count >= CONFIG_BMP_SERVERS_MAX)
        return err_set(err, E_LIMIT, "there are %d BMP stations already", CONFIG_BMP_SERVERS_MAX);
    struct bmp_station *station = mem_zalloc(MEM_OTHER, sizeof(*station));
    station->stations = stations;
    station->config = *config;
    memcpy(station->name, text, sizeof(text));
    station->pre = config->policy == BMP_PRE_POLICY || config->policy == BMP_BOTH || config->policy == BMP_ALL;
    station->post = config->policy == BMP_POST_POLICY || config->policy == BMP_BOTH || config->policy == BMP_ALL;
    station->loc_rib = config->policy == BMP_LOCAL_RIB || config->policy == BMP_ALL;
    bmp_queue_init(&station->queue, QUEUE_MAX_BYTES);
    loop_timer_init(&station->reconnect, loop, on_reconnect);
    loop_timer_init(&station->stalled, loop, on_stalled);
    loop_task_init(&station->flush, loop, on_flush);
    list_append(&stations->list, &station->link);
    stations->count++;
    bmp_report_init(station);
    speaker_subscribe(stations->speaker, &station->subscriber);
    connect_now(station);
    return E_OK;
}

/* Whatever it does not take at once is not waited for. */
static void station_free(struct bmp_station *station, enum bmp_termination reason)
{
    struct bmp_stations *stations = station->stations;
    if (station->connected && !station->blocked) {
        bmp_report_flush(station);
        bmp_termination(bmp_message(station), reason);
        bmp_send(station);
        if (!station->overflowed)
            bmp_queue_write(&station->queue, station->stream);
    }
    speaker_unsubscribe(stations->speaker, &station->subscriber);
    disconnect(station);
    loop_timer_stop(&station->reconnect);
    buf_release(&station->live);
    buf_release(&station->run.bytes);
    list_remove(&station->link);
    stations->count--;
    mem_free(MEM_OTHER, station);
}

int bmp_stations_remove(struct bmp_stations *stations, const struct endpoint *endpoint, struct err *err)
{
    char text[ENDPOINT_TEXT_MAX];
    struct bmp_station *station = find(stations, endpoint);
    if (station == NULL)
        return err_set(err, E_NOT_FOUND, "bmp client %s isn't found", endpoint_format(endpoint, text));
    station_free(station, BMP_TERMINATION_PERMANENT);
    return E_OK;
}

void bmp_stations_list(const struct bmp_stations *stations,
                       void (*show)(void *context, const struct bmp_station_view *view), void *context)
{
    list_foreach (station, &stations->list, struct bmp_station, link) {
        struct bmp_station_view view = {.config = &station->config,
                                        .up_at = station->up_at,
                                        .down_at = station->down_at,
                                        .up = station->connected,
                                        .waiting_bytes = station->queue.length};
        show(context, &view);
    }
}

void bmp_stations_free(struct bmp_stations *stations)
{
    if (stations == NULL)
        return;
    list_foreach_safe (station, &stations->list, struct bmp_station, link)
        station_free(station, BMP_TERMINATION_ADMIN);
    buf_release(&stations->message);
    mem_free(MEM_OTHER, stations);
}
