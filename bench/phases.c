/* The phases of a run. Each ends when every receiver has exactly what it must have, no UPDATE has come for a second and
 * the daemon rests, so that work put off is charged too; its time is that of the last UPDATE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "bench/run.h"

enum {
    TICK_NS = 5 * 1000 * 1000,
    HOT_SHARE = 100,     /* one set in so many is hot, */
    HOT_EVENTS = 50,     /* and takes so many percent of the events */
    WITHDRAW_EVENTS = 10 /* percent: withdrawn, and announced again in the next tick */
};

static const uint64_t quiet_ns = 1000 * 1000 * 1000;
static const uint64_t rest_ns = 250 * 1000 * 1000;
static const double rest_share = 0.04; /* of a processor: timers and counters */

static double seconds(uint64_t ns)
{
    return (double)ns * 1e-9;
}

/* Waiting ---------------------------------------------------------------------------------------------------------- */

typedef bool (*predicate)(const struct run *run);

static void turn_for(struct run *run, uint64_t ns)
{
    uint64_t end = now_ns() + ns;
    while (now_ns() < end)
        net_turn(&run->net);
}

static bool rests(struct run *run)
{
    double before = accounts_cpu_s(&run->accounts);
    turn_for(run, rest_ns);
    return accounts_cpu_s(&run->accounts) - before < rest_share * seconds(rest_ns);
}

static bool all_complete(const struct run *run)
{
    for (unsigned i = 0; i < run->peer_count; i++)
        if (run->peers[i].state == PEER_UP && !peer_complete(&run->peers[i]))
            return false;
    return true;
}

/* When did it settle? What is not there ten quiet seconds later never comes, and is counted. */
static uint64_t settle(struct run *run, predicate settled)
{
    uint64_t start = now_ns();
    uint64_t limit = start + run->options.limit_s * 1000000000ull;
    run->bench.last_news_ns = start;
    for (;;) {
        net_turn(&run->net);
        uint64_t now = run->bench.now_ns, quiet = now - run->bench.last_news_ns;
        if (now > limit)
            break;
        if (quiet < quiet_ns || (quiet < 10 * quiet_ns && !settled(run)))
            continue;
        if (rests(run) && run->bench.now_ns - run->bench.last_news_ns >= quiet_ns)
            break;
    }
    return run->bench.last_news_ns - start;
}

static void all_up(struct run *run)
{
    uint64_t limit = now_ns() + run->options.limit_s * 1000000000ull;
    while (net_count(&run->net, PEER_UP) < run->peer_count) {
        net_turn(&run->net);
        if (run->bench.now_ns > limit) {
            const uint8_t *reason = run->peers[0].reason;
            printf("{\"failed\":\"%u of %u sessions came up (notification %u/%u)\"}\n", net_count(&run->net, PEER_UP),
                   run->peer_count, reason[0], reason[1]);
            exit(0);
        }
    }
}

/* Phases ----------------------------------------------------------------------------------------------------------- */

static void phase_up(struct run *run, struct result *result)
{
    uint64_t start = now_ns();
    all_up(run);
    result->wall_s = seconds(now_ns() - start);
    /* The daemon may take its time over the last ones. */
    while (!rests(run))
        ;
}

static void phase_announce(struct run *run, struct result *result)
{
    for (unsigned i = 0; i < run->peer_count; i++)
        net_speak(&run->net, &run->peers[i], run->streams[i].bytes, run->streams[i].length);
    result->wall_s = seconds(settle(run, all_complete));
}

/* Does anybody still have a path of the dead? */
static bool none_of_the_dead(const struct run *run)
{
    for (unsigned i = 0; i < run->peer_count; i++) {
        const struct peer *peer = &run->peers[i];
        if (peer->mark_kind != MARKS_SPEAKER || peer->state != PEER_UP)
            continue;
        for (uint32_t prefix = 0; prefix < run->bench.table.count; prefix++)
            if (peer->marks[prefix] - 1 < run->dead)
                return false;
    }
    return all_complete(run);
}

static void phase_die(struct run *run, struct result *result)
{
    run->dead = run->options.dying;
    run_expect(run);
    for (unsigned i = 0; i < run->dead; i++)
        net_close(&run->net, &run->peers[i]);
    result->wall_s = seconds(settle(run, none_of_the_dead));
}

static bool all_of_the_first(const struct run *run)
{
    for (unsigned i = 0; run->options.best && i < run->peer_count; i++) {
        const struct peer *peer = &run->peers[i];
        for (uint32_t prefix = 0; peer->mark_kind == MARKS_SPEAKER && prefix < run->bench.table.count; prefix++)
            if (peer->marks[prefix] != 1)
                return false;
    }
    return all_complete(run);
}

static void phase_return(struct run *run, struct result *result)
{
    for (unsigned i = 0; i < run->dead; i++) {
        struct peer *peer = &run->peers[i];
        peer->state = PEER_CONNECTING;
        peer->retry_ns = 0;
        if (peer->have != NULL)
            memset(peer->have, 0, (run->bench.table.count / 64 + 1) * sizeof(*peer->have));
    }
    all_up(run);
    unsigned back = run->dead;
    run->dead = 0;
    run_expect(run);
    for (unsigned i = 0; i < back; i++)
        net_speak(&run->net, &run->peers[i], run->streams[i].bytes, run->streams[i].length);
    result->wall_s = seconds(settle(run, all_of_the_first));
}

/* Churn ------------------------------------------------------------------------------------------------------------ */

struct churn {
    struct stream stream;
    uint32_t *withdrawn; /* sets, of the last tick */
    uint32_t withdrawn_count;
    uint64_t random;
    uint64_t changes;
    uint64_t due; /* changed prefixes that should have been written by now */
};

static void change_set(struct run *run, struct churn *churn, uint32_t set)
{
    const struct table *table = &run->bench.table;
    if (run->set_ticks[set] == run->tick)
        return;
    run->set_ticks[set] = run->tick;
    stream_put_set(&churn->stream, table, &run->peers[0].voice, set, STREAM_PACKED, run->tick);
    churn->changes += table->set_first[set + 1] - table->set_first[set];
}

static void make_tick(struct run *run, struct churn *churn)
{
    const struct table *table = &run->bench.table;
    uint32_t back = churn->withdrawn_count;
    run->bench.tick_ns[++run->tick] = now_ns();
    CHECK(run->tick < TICKS_MAX - 1);
    for (uint32_t i = 0; i < back; i++)
        change_set(run, churn, churn->withdrawn[i]);
    churn->withdrawn_count = 0;
    while (churn->changes < churn->due) {
        churn->random = mix(churn->random + 0x9E3779B97F4A7C15ull);
        uint32_t set = (uint32_t)(churn->random >> 32) % table->set_count;
        if (churn->random % 100 < HOT_EVENTS)
            set -= set % HOT_SHARE;
        if ((churn->random >> 8) % 100 < WITHDRAW_EVENTS && run->set_ticks[set] != run->tick) {
            run->set_ticks[set] = run->tick;
            stream_withdraw_set(&churn->stream, table, set);
            churn->withdrawn[churn->withdrawn_count++] = set;
            churn->changes += table->set_first[set + 1] - table->set_first[set];
        } else {
            change_set(run, churn, set);
        }
    }
}

/* What was not written yet moves to the front. */
static void make_room(struct run *run, struct churn *churn)
{
    struct peer *sender = &run->peers[0];
    if (sender->out_left > 0 && sender->out != churn->stream.bytes)
        memmove(churn->stream.bytes, sender->out, sender->out_left);
    churn->stream.length = sender->out_left;
}

static void times_begin(struct run *run)
{
    run->timed_from_ns = now_ns();
    spans_clear(&run->bench.times.delays);
    spans_clear(&run->bench.times.silences);
    spans_clear(&run->bench.times.keepalives);
}

static void measure_gaps(struct run *run, bool on)
{
    if (on)
        run->bench.times.gaps_measured = true;
    for (unsigned i = 0; i < run->peer_count; i++)
        peer_measure_gaps(&run->peers[i], on);
    run->bench.times.gaps_measured = on;
}

static void churn_until(struct run *run, struct churn *churn, uint64_t end_ns, bool last)
{
    struct peer *sender = &run->peers[0];
    uint64_t next = now_ns();
    while (next < end_ns) {
        net_turn(&run->net);
        if (run->bench.now_ns < next)
            continue;
        churn->due += (uint64_t)run->options.rate * TICK_NS / 1000000000u;
        make_room(run, churn);
        make_tick(run, churn);
        net_speak(&run->net, sender, churn->stream.bytes, churn->stream.length);
        next += TICK_NS;
    }
    if (last && churn->withdrawn_count > 0) {
        make_room(run, churn);
        churn->due = churn->changes;
        make_tick(run, churn);
        net_speak(&run->net, sender, churn->stream.bytes, churn->stream.length);
    }
}

/* Everybody has everything, and those that keep marks have the last change of each. */
static bool all_up_to_date(const struct run *run)
{
    for (unsigned i = 0; i < run->peer_count; i++) {
        const struct peer *peer = &run->peers[i];
        for (uint32_t set = 0; peer->mark_kind == MARKS_TICK && set < run->bench.table.set_count; set++)
            for (uint32_t at = run->bench.table.set_first[set]; at < run->bench.table.set_first[set + 1]; at++)
                if (peer->marks[at] != run->set_ticks[set])
                    return false;
    }
    return all_complete(run);
}

static void churn_phase(struct run *run, struct result *result, struct peer *deaf)
{
    struct churn churn = {.random = 88172645463325252ull};
    times_begin(run);
    churn.withdrawn = calloc(run->bench.table.set_count, sizeof(*churn.withdrawn));
    CHECK(churn.withdrawn != NULL);
    if (deaf != NULL)
        net_set_deaf(&run->net, deaf, true);
    net_reset_away(&run->net);
    measure_gaps(run, true);
    churn_until(run, &churn, now_ns() + run->options.seconds * 1000000000ull, true);
    measure_gaps(run, false);
    result->away_ns = run->net.away_ns;
    if (deaf != NULL) {
        deaf->is_late = true;
        net_set_deaf(&run->net, deaf, false);
    }
    result->wall_s = seconds(settle(run, all_up_to_date));
    if (!all_up_to_date(run))
        result->missing++;
    if (deaf != NULL)
        deaf->is_late = false;
    result->timed = true;
    result->changes = churn.changes;
    free(churn.withdrawn);
    stream_release(&churn.stream);
}

static void phase_churn(struct run *run, struct result *result)
{
    churn_phase(run, result, NULL);
}

/* The last receiver reads nothing meanwhile; then it catches up. */
static void phase_stall(struct run *run, struct result *result)
{
    churn_phase(run, result, &run->peers[run->peer_count - 1]);
}

static void phase_hold(struct run *run, struct result *result)
{
    turn_for(run, run->options.seconds * 1000000000ull);
    result->wall_s = run->options.seconds;
}

const struct phase phases[] = {
    {"up", phase_up},       {"announce", phase_announce}, {"die", phase_die},   {"return", phase_return},
    {"churn", phase_churn}, {"stall", phase_stall},       {"hold", phase_hold},
};
const unsigned phase_count = sizeof(phases) / sizeof(phases[0]);
