/* The load generator: senders that write prepared streams, receivers that know exactly which prefixes they have, and
 * the accounts of the process under test.
 *
 *   bench-load --pid PID [--port N] [--senders N] [--receivers N] [--clients N] [--prefixes N] [--phases up,announce]
 *
 * The addresses its neighbors speak from must exist: see peer.c. All sessions come up first; every phase then prints
 * one line of JSON. tools/bench is what people run.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "bench/run.h"

enum { SESSIONS_MAX = 8192 };

static double own_cpu_s(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

/* Options ---------------------------------------------------------------------------------------------------------- */

enum option_kind { OPTION_NUMBER, OPTION_TEXT, OPTION_FLAG, OPTION_PACKING };

struct known_option {
    const char *name;
    enum option_kind kind;
    size_t offset;
};

#define AT(field) offsetof(struct run_options, field)

static const struct known_option known_options[] = {
    {"target", OPTION_TEXT, AT(target)},
    {"name", OPTION_TEXT, AT(name)},
    {"table", OPTION_TEXT, AT(table)},
    {"phases", OPTION_TEXT, AT(phases)},
    {"port", OPTION_NUMBER, AT(port)},
    {"pid", OPTION_NUMBER, AT(pid)},
    {"senders", OPTION_NUMBER, AT(senders)},
    {"receivers", OPTION_NUMBER, AT(receivers)},
    {"clients", OPTION_NUMBER, AT(clients)},
    {"prefixes", OPTION_NUMBER, AT(prefixes)},
    {"overlap", OPTION_NUMBER, AT(overlap)},
    {"dying", OPTION_NUMBER, AT(dying)},
    {"rate", OPTION_NUMBER, AT(rate)},
    {"seconds", OPTION_NUMBER, AT(seconds)},
    {"limit", OPTION_NUMBER, AT(limit_s)},
    {"hold", OPTION_NUMBER, AT(hold_time_s)},
    {"packing", OPTION_PACKING, AT(packing)},
    {"controlled", OPTION_FLAG, AT(controlled)},
    {"ipv6", OPTION_FLAG, AT(ipv6)},
    {"internal", OPTION_FLAG, AT(internal)},
    {"buffer", OPTION_NUMBER, AT(buffer_bytes)},
    {"best", OPTION_FLAG, AT(best)},
    {"marked", OPTION_FLAG, AT(marked)},
};

static enum stream_packing packing_of(const char *text)
{
    if (strcmp(text, "single") == 0)
        return STREAM_SINGLE;
    return strcmp(text, "unique") == 0 ? STREAM_UNIQUE : STREAM_PACKED;
}

static void set_option(struct run_options *options, const struct known_option *option, char *value)
{
    void *field = (char *)options + option->offset;
    switch (option->kind) {
    case OPTION_NUMBER:
        *(unsigned *)field = (unsigned)strtoul(value, NULL, 10);
        return;
    case OPTION_TEXT:
        *(char **)field = value;
        return;
    case OPTION_FLAG:
        *(bool *)field = true;
        return;
    case OPTION_PACKING:
        *(enum stream_packing *)field = packing_of(value);
        return;
    }
}

static void read_options(int argc, char **argv, struct run_options *options)
{
    static char default_phases[] = "up,announce", default_name[] = "?";
    static char target_ipv4[] = "198.18.0.1", target_ipv6[] = "fd18::1";
    enum { KNOWN = sizeof(known_options) / sizeof(known_options[0]) };
    struct option words[KNOWN + 1] = {{0}};
    int index;
    *options = (struct run_options){.name = default_name,
                                    .port = 1790,
                                    .prefixes = 1000000,
                                    .dying = 1,
                                    .rate = 50000,
                                    .seconds = 60,
                                    .limit_s = 900,
                                    .hold_time_s = 3600,
                                    .phases = default_phases};
    for (unsigned i = 0; i < KNOWN; i++)
        words[i] = (struct option){.name = known_options[i].name, .has_arg = known_options[i].kind != OPTION_FLAG};
    for (int found; (found = getopt_long(argc, argv, "", words, &index)) != -1;) {
        if (found != 0)
            exit(2);
        set_option(options, &known_options[index], optarg);
    }
    unsigned sessions = options->senders + options->receivers + options->clients;
    if (options->pid == 0 || sessions == 0 || sessions > SESSIONS_MAX) {
        fprintf(stderr, "bench-load: --pid is missing, or not 1 to %d sessions\n", SESSIONS_MAX);
        exit(2);
    }
    if (options->target == NULL)
        options->target = options->ipv6 ? target_ipv6 : target_ipv4;
}

static void times_init(struct times *times)
{
    spans_init(&times->delays);
    spans_init(&times->silences);
    spans_init(&times->keepalives);
}

/* Neighbors -------------------------------------------------------------------------------------------------------- */

static void set_target(struct peer *peer, const struct run_options *options)
{
    if (options->ipv6) {
        struct sockaddr_in6 *target = (struct sockaddr_in6 *)&peer->target;
        *target = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options->port)};
        CHECK(inet_pton(AF_INET6, options->target, &target->sin6_addr) == 1);
    } else {
        struct sockaddr_in *target = (struct sockaddr_in *)&peer->target;
        *target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
        CHECK(inet_pton(AF_INET, options->target, &target->sin_addr) == 1);
    }
}

/* Marks of every prefix at every receiver would not fit: the first and the last keep them. */
static enum peer_marks marks_of(const struct run *run, unsigned index)
{
    bool keeps = run->options.marked || index == run->options.senders || index == run->peer_count - 1;
    if (run->options.clients > 0 || run->options.internal || !keeps)
        return MARKS_NONE;
    return strstr(run->options.phases, "churn") != NULL || strstr(run->options.phases, "stall") != NULL ? MARKS_TICK
                                                                                                        : MARKS_SPEAKER;
}

static void make_peers(struct run *run)
{
    const struct run_options *options = &run->options;
    const unsigned counts[PEER_ROLE_COUNT] = {options->senders, options->receivers, options->clients};
    run->peer_count = options->senders + options->receivers + options->clients;
    run->peers = calloc(run->peer_count, sizeof(*run->peers));
    run->streams = calloc(run->peer_count, sizeof(*run->streams));
    CHECK(run->peers != NULL && run->streams != NULL);
    unsigned index = 0;
    for (enum peer_role role = 0; role < PEER_ROLE_COUNT; role++) {
        for (unsigned i = 0; i < counts[role]; i++, index++) {
            struct peer *peer = &run->peers[index];
            peer_init(peer, &run->bench, role, i);
            set_target(peer, options);
            peer->state = PEER_CONNECTING;
            peer->voice.best = options->best && i == 0;
            peer->voice.controlled_of = options->controlled ? options->clients : 0;
            if (role != PEER_SENDER)
                peer_watch(peer, marks_of(run, index));
        }
    }
}

/* A client announces its own share of the sets and the first part of the next one's. */
static bool client_announces(const struct run *run, uint32_t client, uint32_t set)
{
    uint32_t clients = run->options.clients, sets = run->bench.table.set_count;
    uint32_t owner = (uint32_t)((uint64_t)set * clients / sets);
    if (owner == client)
        return true;
    uint32_t first = (uint32_t)(((uint64_t)owner * sets + clients - 1) / clients);
    return owner == (client + 1) % clients && (set - first) * 100 < run->options.overlap * (sets / clients);
}

static void allow(struct run *run, uint64_t *wanted, const struct peer *client, uint32_t set)
{
    const struct table *table = &run->bench.table;
    uint32_t clients = run->options.clients, self = client->voice.number;
    uint32_t owner = (uint32_t)((uint64_t)set * clients / table->set_count);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t other = i == 0 ? owner : (owner + clients - 1) % clients;
        struct voice voice = run->peers[other].voice;
        struct control control = control_of(&voice, set);
        if (other == self || other < run->dead || !client_announces(run, other, set) || !control_allows(&control, self))
            continue;
        for (uint32_t prefix = table->set_first[set]; prefix < table->set_first[set + 1]; prefix++)
            wanted[prefix / 64] |= 1ull << (prefix & 63);
        return;
    }
}

void run_expect(struct run *run)
{
    const struct table *table = &run->bench.table;
    bool none = run->options.clients == 0 && run->dead >= run->options.senders;
    if (run->options.clients == 0 && !none && run->peers[run->peer_count - 1].wanted == NULL)
        return;
    for (unsigned i = 0; i < run->peer_count; i++) {
        struct peer *peer = &run->peers[i];
        if (peer->have == NULL)
            continue;
        uint64_t *wanted = peer->wanted ? peer->wanted : malloc((table->count / 64 + 1) * sizeof(*wanted));
        CHECK(wanted != NULL);
        memset(wanted, 0, (table->count / 64 + 1) * sizeof(*wanted));
        for (uint32_t set = 0; peer->role == PEER_CLIENT && set < table->set_count; set++)
            allow(run, wanted, peer, set);
        for (uint32_t prefix = 0; peer->role == PEER_RECEIVER && !none && prefix < table->count; prefix++)
            wanted[prefix / 64] |= 1ull << (prefix & 63);
        peer_want(peer, wanted);
    }
}

static void make_streams(struct run *run)
{
    const struct table *table = &run->bench.table;
    for (unsigned i = 0; i < run->peer_count; i++) {
        struct peer *peer = &run->peers[i];
        if (peer->role == PEER_SENDER)
            stream_put_table(&run->streams[i], table, &peer->voice, run->options.packing);
        for (uint32_t set = 0; peer->role == PEER_CLIENT && set < table->set_count; set++)
            if (client_announces(run, peer->voice.number, table->order[set]))
                stream_put_set(&run->streams[i], table, &peer->voice, table->order[set], run->options.packing, 0);
    }
}

/* Results ---------------------------------------------------------------------------------------------------------- */

static void sum_up(const struct run *run, struct result *result)
{
    result->counts = (struct peer_counts){0};
    for (unsigned i = 0; i < run->peer_count; i++) {
        const struct peer *peer = &run->peers[i];
        const struct peer_counts *counts = &peer->counts;
        result->counts.own += counts->own;
        result->lost += peer->state == PEER_LOST;
        if (peer->role == PEER_SENDER)
            continue;
        result->counts.announced += counts->announced;
        result->counts.withdrawn += counts->withdrawn;
        result->counts.updates += counts->updates;
        result->counts.bytes += counts->bytes;
        result->counts.reads += counts->reads;
        if (peer->state != PEER_UP)
            continue;
        result->missing += peer->wanted_count - peer->have_count;
        result->surplus += peer->surplus_count;
    }
}

static double ms(uint64_t ns)
{
    return (double)ns * 1e-6;
}

static void print_times(const struct run *run, const struct spans *shadows, const char *prefix)
{
    const struct times *times = &run->bench.times;
    struct spans_summary delays, silences, keepalives;
    spans_sum_up(&times->delays, shadows, &delays);
    spans_sum_up(&times->silences, shadows, &silences);
    spans_sum_up(&times->keepalives, shadows, &keepalives);
    printf(",\"%sp50_ms\":%.1f,\"%sp99_ms\":%.1f,\"%smax_ms\":%.1f,\"%sgap_ms\":%.1f,\"%slate_ms\":%.1f", prefix,
           ms(delays.p50_ns), prefix, ms(delays.p99_ns), prefix, ms(delays.longest_ns), prefix, ms(silences.longest_ns),
           prefix, ms(keepalives.longest_ns));
    if (shadows != NULL && delays.total > 0)
        printf(",\"left_out\":%.4f", (double)delays.left_out / (double)delays.total);
}

/* As it was, and without what the host did. */
static void print_delays(const struct run *run, const struct result *result)
{
    struct spans interruptions;
    struct spans_summary away;
    printf(",\"changes\":%llu,\"away_ms\":%.1f", (unsigned long long)result->changes, ms(result->away_ns));
    print_times(run, NULL, "");
    if (run->witness == NULL)
        return;
    spans_init(&interruptions);
    witness_tell(run->witness, run->timed_from_ns, &interruptions);
    spans_unite(&interruptions);
    spans_sum_up(&interruptions, NULL, &away);
    printf(",\"host_ms\":%.1f,\"host_max_ms\":%.1f", ms(away.sum_ns), ms(away.longest_ns));
    spans_double(&interruptions);
    print_times(run, &interruptions, "own_");
    spans_release(&interruptions);
}

static void print_result(const struct run *run, const char *phase, const struct result *result)
{
    const struct usage *before = &result->before, *after = &result->after;
    double cpu_s = after->cpu_s - before->cpu_s;
    double user_s = after->user_s - before->user_s, system_s = after->system_s - before->system_s;
    double system_share = user_s + system_s > 0 ? system_s / (user_s + system_s) : 0;
    printf("{\"name\":\"%s\",\"phase\":\"%s\",\"wall_s\":%.3f,\"cpu_s\":%.4f,\"system_s\":%.4f,\"peak_mb\":%.1f,"
           "\"rss_mb\":%.1f,\"announced\":%llu,\"withdrawn\":%llu,\"updates\":%llu,\"bytes\":%llu,\"reads\":%llu,"
           "\"own\":%llu,\"missing\":%llu,\"surplus\":%llu,\"lost\":%u,\"generator_s\":%.3f",
           run->options.name, phase, result->wall_s, cpu_s, cpu_s * system_share, after->peak_mb, after->resident_mb,
           (unsigned long long)result->counts.announced, (unsigned long long)result->counts.withdrawn,
           (unsigned long long)result->counts.updates, (unsigned long long)result->counts.bytes,
           (unsigned long long)result->counts.reads, (unsigned long long)result->counts.own,
           (unsigned long long)result->missing, (unsigned long long)result->surplus, result->lost, result->generator_s);
    if (result->timed)
        print_delays(run, result);
    printf("}\n");
    fflush(stdout);
}

static void run_phase(struct run *run, const char *name)
{
    struct result result = {0};
    const struct phase *phase = NULL;
    for (unsigned i = 0; i < phase_count; i++)
        if (strcmp(phases[i].name, name) == 0)
            phase = &phases[i];
    if (phase == NULL) {
        fprintf(stderr, "bench-load: no phase \"%s\"\n", name);
        exit(2);
    }
    for (unsigned i = 0; i < run->peer_count; i++)
        run->peers[i].counts = (struct peer_counts){0};
    accounts_open(&run->accounts, (pid_t)run->options.pid);
    accounts_reset_peak(&run->accounts);
    result.before = accounts_usage(&run->accounts);
    double generator_s = own_cpu_s();
    phase->run(run, &result);
    result.generator_s = own_cpu_s() - generator_s;
    result.after = accounts_usage(&run->accounts);
    sum_up(run, &result);
    print_result(run, name, &result);
}

int main(int argc, char **argv)
{
    static struct run run;
    read_options(argc, argv, &run.options);
    const struct run_options *options = &run.options;
    run.bench.hold_time_s = options->hold_time_s;
    run.bench.buffer_bytes = options->buffer_bytes;
    run.bench.ipv6 = options->ipv6;
    run.bench.internal = options->internal;
    table_init(&run.bench.table,
               &(struct table_options){.prefixes = options->prefixes * (options->clients ? options->clients : 1),
                                       .ipv6 = options->ipv6,
                                       .file = options->table});
    run.set_ticks = calloc(run.bench.table.set_count, sizeof(*run.set_ticks));
    CHECK(run.set_ticks != NULL);
    make_peers(&run);
    make_streams(&run);
    if (options->clients > 0)
        run_expect(&run);
    net_init(&run.net, &run.bench, run.peers, run.peer_count);
    times_init(&run.bench.times);
    run.witness = witness_new();
    if (run.witness == NULL)
        fprintf(stderr, "bench-load: no witness (SCHED_FIFO is not to be had): nobody knows when the host was away\n");
    for (char *rest, *name = strtok_r(run.options.phases, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest))
        run_phase(&run, name);
    net_release(&run.net);
    witness_free(run.witness);
    return 0;
}
