/* What peers say, and how their sessions fare, as BGP4MP records with 4-octet AS numbers.
 *
 * Records wait in the file's block until it is full or FLUSH_MS is over. A disk that is too slow, or a file that cannot
 * be written, costs records: they are counted, and the log says that it began and what it came to. A file that failed
 * is tried again after RETRY_S, or with the next one.
 */
#include "base/log.h"
#include "base/mem.h"
#include "feeds/mrt_internal.h"
#include "speaker/events.h"
#include "speaker/peer.h"
#include "wire/mrt.h"

enum { FLUSH_MS = 1000, RETRY_S = 60, MS_PER_S = 1000 };

struct mrt_updates {
    struct subscriber subscriber;
    struct mrt_dump *dump;
    struct loop_timer flush;
    struct mono_time opened; /* the file, or its last attempt */
    uint64_t lost;           /* records, since the log was told a number last */
    uint32_t state_count;
    uint8_t *states; /* enum session_state by source_id, as written last; 0: never */
};

static void start_flush(struct mrt_updates *updates)
{
    if (!loop_timer_running(&updates->flush))
        loop_timer_start(&updates->flush, FLUSH_MS);
}

static void lose(struct mrt_updates *updates, uint64_t records)
{
    if (records == 0)
        return;
    if (updates->lost == 0)
        log_warn("mrt", mrt_dump_key(updates->dump), "updates are being lost: the file does not take them");
    updates->lost += records;
    start_flush(updates);
}

/* May records be added? They are lost if not. */
static bool may_write(struct mrt_updates *updates)
{
    return updates->dump->output != NULL && file_sink_has_room(updates->dump->output->sink);
}

static void written(struct mrt_updates *updates, unsigned records)
{
    struct mrt_output *output = updates->dump->output;
    output->records += records;
    file_sink_added(output->sink, records);
    start_flush(updates);
}

static struct mrt_session session_of(const struct peer *peer)
{
    uint32_t as = peer->established ? peer->negotiated.peer_as : peer->config.peer.peer_as;
    const struct addr *configured = &peer->config.peer.transport.local_address;
    return (struct mrt_session){
        .peer_as = as,
        .local_as = peer->local_as,
        .peer = peer->at.addr,
        .local = peer->local.addr.kind != ADDR_NONE ? peer->local.addr : *configured,
    };
}

static void on_update(void *context, struct peer *peer, const struct update *update)
{
    struct mrt_updates *updates = context;
    unsigned too_long = 0;
    if (!may_write(updates)) {
        lose(updates, update->run_count + (update->end_of_rib != FAMILY_UNKNOWN));
        return;
    }
    struct mrt_session session = session_of(peer);
    struct buf *block = file_sink_block(updates->dump->output->sink);
    unsigned count = mrt_update(block, mrt_dump_now_s(updates->dump), &session, update, &too_long);
    written(updates, count);
    lose(updates, too_long);
}

/* The state written last for this peer; grows with the highest number a peer has had. */
static uint8_t *state_of(struct mrt_updates *updates, source_id source)
{
    if (source >= updates->state_count) {
        uint32_t count = updates->dump->dumps->speaker->source_capacity;
        if (source >= count)
            count = (uint32_t)source + 1;
        updates->states = mem_realloc(MEM_OTHER, updates->states, count);
        memset(updates->states + updates->state_count, 0, count - updates->state_count);
        updates->state_count = count;
    }
    return &updates->states[source];
}

static void write_state(struct mrt_updates *updates, const struct peer *peer, enum session_state to)
{
    uint8_t *state = state_of(updates, peer->source);
    uint16_t from = *state != 0 ? *state : SESSION_IDLE;
    *state = (uint8_t)to;
    if (from == (uint16_t)to)
        return;
    if (!may_write(updates)) {
        lose(updates, 1);
        return;
    }
    struct mrt_session session = session_of(peer);
    struct buf *block = file_sink_block(updates->dump->output->sink);
    mrt_state_change(block, mrt_dump_now_s(updates->dump), &session, from, (uint16_t)to);
    written(updates, 1);
}

static void on_peer_state(void *context, struct peer *peer)
{
    if (peer->state != 0)
        write_state(context, peer, peer->state);
}

static void on_peer_gone(void *context, struct peer *peer)
{
    write_state(context, peer, SESSION_IDLE);
}

static const struct subscriber_ops subscriber_ops = {
    .peer_state = on_peer_state, .peer_gone = on_peer_gone, .update = on_update};

/* Whatever could not be lost any more is told as soon as the file takes records again. */
static void tell_lost(struct mrt_updates *updates)
{
    if (updates->lost == 0)
        return;
    log_warn("mrt", mrt_dump_key(updates->dump), "%llu records were lost", (unsigned long long)updates->lost);
    updates->lost = 0;
}

static void reopen(struct mrt_updates *updates)
{
    struct mrt_dump *dump = updates->dump;
    char name[MRT_NAME_MAX];
    struct err err;
    if (dump->output == NULL)
        mrt_output_open(dump, false);
    else if (mrt_dump_file_name(dump, name, &err) < 0)
        log_warn("mrt", mrt_dump_key(dump), "goes on in the file before: %s", err.text);
    else
        file_sink_reopen(dump->output->sink, name);
    updates->opened = loop_now(dump->dumps->speaker->loop);
}

static void flush_due(struct loop_timer *timer)
{
    struct mrt_updates *updates = container_of(timer, struct mrt_updates, flush);
    struct mrt_dump *dump = updates->dump;
    struct loop *loop = dump->dumps->speaker->loop;
    if (dump->output == NULL)
        return;
    file_sink_flush(dump->output->sink);
    lose(updates, file_sink_take_lost(dump->output->sink));
    if (file_sink_failed(dump->output->sink)) {
        if (mono_diff_ms(loop_now(loop), updates->opened) >= (int64_t)RETRY_S * MS_PER_S)
            reopen(updates);
        start_flush(updates);
    } else if (updates->lost > 0) {
        if (may_write(updates))
            tell_lost(updates);
        else
            start_flush(updates);
    }
}

void mrt_updates_begin(struct mrt_dump *dump)
{
    struct speaker *speaker = dump->dumps->speaker;
    struct mrt_updates *updates = mem_zalloc(MEM_OTHER, sizeof(*updates));
    updates->dump = dump;
    dump->updates = updates;
    updates->subscriber.ops = &subscriber_ops;
    updates->subscriber.context = updates;
    loop_timer_init(&updates->flush, speaker->loop, flush_due);
    list_foreach (peer, &speaker->peers, struct peer, link)
        *state_of(updates, peer->source) = (uint8_t)peer->state;
    reopen(updates);
    speaker_subscribe(speaker, &updates->subscriber);
}

void mrt_updates_rotate(struct mrt_dump *dump)
{
    reopen(dump->updates);
}

void mrt_updates_stop(struct mrt_dump *dump)
{
    struct mrt_updates *updates = dump->updates;
    speaker_unsubscribe(dump->dumps->speaker, &updates->subscriber);
    loop_timer_stop(&updates->flush);
    if (dump->output != NULL) {
        lose(updates, file_sink_take_lost(dump->output->sink));
        mrt_output_finish(dump->output, true);
    }
    loop_timer_stop(&updates->flush);
    tell_lost(updates);
    mem_free(MEM_OTHER, updates->states);
    mem_free(MEM_OTHER, updates);
    dump->updates = NULL;
}
