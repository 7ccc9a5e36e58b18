/* Every metric there is, in the order they are shown. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/mem.h"
#include "metrics/scrape.h"

static const double ns_per_s = 1e9;
static const double us_per_s = 1e6;

/* The process ----------------------------------------------------------------------------------------------------- */

static void show_real(const struct metric *metric, struct text *out, double value)
{
    struct exposition sample = exposition_begin(out, metric->name, "");
    exposition_end_real(&sample, value);
}

static void show_build(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                       size_t index, struct text *out)
{
    struct exposition sample = exposition_begin(out, metric->name, "");
    exposition_label(&sample, "version", GODWIT_VERSION);
    exposition_end(&sample, 1);
}

static void show_cpu(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                     size_t index, struct text *out)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    show_real(metric, out,
              (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / us_per_s);
}

static void show_resident(const struct metric *metric, const struct samples *samples,
                          const struct metrics_source *source, size_t index, struct text *out)
{
    struct exposition sample = exposition_begin(out, metric->name, "");
    exposition_end(&sample, mem_resident_bytes());
}

static void show_memory(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                        size_t index, struct text *out)
{
    for (unsigned kind = 0; kind < MEM_KIND_COUNT; kind++) {
        struct exposition sample = exposition_begin(out, metric->name, "");
        exposition_label(&sample, "kind", mem_kind_name(kind));
        exposition_end(&sample, mem_usage(kind).bytes);
    }
}

static void show_turns(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                       size_t index, struct text *out)
{
    struct loop_turns turns = loop_turns(source->loop);
    uint64_t below = 0;
    for (unsigned i = 0; i < LOOP_TURN_BOUNDS; i++) {
        char bound[32];
        snprintf(bound, sizeof(bound), "%g", loop_turn_bounds_us[i] / us_per_s);
        below += turns.at_most[i];
        struct exposition bucket = exposition_begin(out, metric->name, "_bucket");
        exposition_label(&bucket, "le", bound);
        exposition_end(&bucket, below);
    }
    struct exposition all = exposition_begin(out, metric->name, "_bucket");
    exposition_label(&all, "le", "+Inf");
    exposition_end(&all, turns.count);
    struct exposition sum = exposition_begin(out, metric->name, "_sum");
    exposition_end_real(&sum, (double)turns.sum_ns / ns_per_s);
    struct exposition count = exposition_begin(out, metric->name, "_count");
    exposition_end(&count, turns.count);
}

static void show_longest(const struct metric *metric, const struct samples *samples,
                         const struct metrics_source *source, size_t index, struct text *out)
{
    show_real(metric, out, (double)loop_turns(source->loop).longest_ns / ns_per_s);
}

/* BMP stations ----------------------------------------------------------------------------------------------------- */

struct station_metric {
    const struct metric *metric;
    struct text *out;
    bool waiting; /* or whether it is up */
};

static void show_station(void *context, const struct station_view *view)
{
    const struct station_metric *show = context;
    struct endpoint endpoint = {.addr = view->config->address, .port = view->config->port};
    char name[ENDPOINT_TEXT_MAX];
    struct exposition sample = exposition_begin(show->out, show->metric->name, "");
    exposition_label(&sample, "station", endpoint_format(&endpoint, name));
    exposition_end(&sample, show->waiting ? view->waiting_bytes : view->up);
}

static void show_stations_up(const struct metric *metric, const struct samples *samples,
                             const struct metrics_source *source, size_t index, struct text *out)
{
    struct station_metric show = {.metric = metric, .out = out};
    control_bmp_list(source->control, show_station, &show);
}

static void show_stations_waiting(const struct metric *metric, const struct samples *samples,
                                  const struct metrics_source *source, size_t index, struct text *out)
{
    struct station_metric show = {.metric = metric, .out = out, .waiting = true};
    control_bmp_list(source->control, show_station, &show);
}

/* Peers ----------------------------------------------------------------------------------------------------------- */

static struct exposition begin_peer(const struct metric *metric, const struct peer_sample *peer, struct text *out)
{
    struct exposition sample = exposition_begin(out, metric->name, "");
    exposition_label(&sample, "peer", peer->label);
    return sample;
}

static void show_state(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                       size_t index, struct text *out)
{
    static const char *const admin_states[] = {
        [PEER_ADMIN_UP] = "UP", [PEER_ADMIN_DOWN] = "DOWN", [PEER_ADMIN_PREFIX_LIMIT] = "PFX_CT"};
    const struct peer_sample *peer = &samples->peers[index];
    struct exposition sample = begin_peer(metric, peer, out);
    exposition_label(&sample, "session_state", session_state_name(peer->state));
    exposition_label(&sample, "admin_state", admin_states[peer->admin_state]);
    exposition_end(&sample, 1);
}

static void show_up(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                    size_t index, struct text *out)
{
    struct exposition sample = begin_peer(metric, &samples->peers[index], out);
    exposition_end(&sample, samples->peers[index].state == SESSION_ESTABLISHED);
}

static void show_asn(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                     size_t index, struct text *out)
{
    const struct peer_sample *peer = &samples->peers[index];
    struct exposition sample = begin_peer(metric, peer, out);
    exposition_end(&sample, peer->as);
}

static void show_established(const struct metric *metric, const struct samples *samples,
                             const struct metrics_source *source, size_t index, struct text *out)
{
    const struct peer_sample *peer = &samples->peers[index];
    if (peer->established_ns == 0)
        return;
    struct exposition sample = begin_peer(metric, peer, out);
    exposition_end_real(&sample, (double)(peer->established_ns / 1000000) / 1000);
}

/* Only what has happened: a peer that never was lost has none of it. */
static void show_losses(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                        size_t index, struct text *out)
{
    static const char *const reasons[SESSION_END_COUNT] = {
        [SESSION_END_NONE] = "unknown",
        [SESSION_END_ADMIN] = "admin",
        [SESSION_END_SENT] = "notification_sent",
        [SESSION_END_RECEIVED] = "notification_received",
        [SESSION_END_HOLD_TIMER] = "hold_timer",
        [SESSION_END_SEND_HOLD_TIMER] = "send_hold_timer",
        [SESSION_END_CLOSED] = "closed",
        [SESSION_END_TRANSPORT] = "transport",
        [SESSION_END_CONNECT_FAILED] = "connect_failed",
        [SESSION_END_COLLISION] = "collision",
        [SESSION_END_PREFIX_LIMIT] = "prefix_limit",
    };
    const struct peer_sample *peer = &samples->peers[index];
    for (unsigned end = 0; end < SESSION_END_COUNT; end++) {
        if (peer->losses[end] == 0)
            continue;
        struct exposition sample = begin_peer(metric, peer, out);
        exposition_label(&sample, "reason", reasons[end]);
        exposition_end(&sample, peer->losses[end]);
    }
}

/* Any item -------------------------------------------------------------------------------------------------------- */

static uint64_t number_at(const struct metric *metric, const void *item)
{
    const char *at = (const char *)item + metric->offset;
    uint64_t wide;
    uint32_t narrow;
    switch (metric->size) {
    case sizeof(wide):
        memcpy(&wide, at, sizeof(wide));
        return wide;
    case sizeof(narrow):
        memcpy(&narrow, at, sizeof(narrow));
        return narrow;
    default:
        return *(const uint8_t *)at;
    }
}

static void show_number(const struct metric *metric, const struct samples *samples, size_t index, struct text *out)
{
    const struct peer_family_sample *family = &samples->families[index];
    const struct table_view *table = &samples->tables[index];
    const struct group_size *group = &samples->groups[index];
    struct exposition sample = exposition_begin(out, metric->name, "");
    char id[16];
    const void *item = NULL;
    switch (metric->scope) {
    case METRIC_PROCESS:
        break;
    case METRIC_PEER:
        item = &samples->peers[index];
        exposition_label(&sample, "peer", samples->peers[index].label);
        break;
    case METRIC_PEER_FAMILY:
        item = &family->view;
        exposition_label(&sample, "peer", samples->peers[family->peer].label);
        exposition_label(&sample, "route_family", family_get(family->view.family)->config_name);
        break;
    case METRIC_TABLE:
        item = table;
        exposition_label(&sample, "route_family", family_get(table->family)->config_name);
        exposition_label(&sample, "table", table->of_clients ? "route_server_clients" : "global");
        break;
    case METRIC_GROUP:
        item = group;
        snprintf(id, sizeof(id), "%u", group->id);
        exposition_label(&sample, "group", id);
        exposition_label(&sample, "route_family", family_get(group->family)->config_name);
        break;
    }
    exposition_end(&sample, number_at(metric, item));
}

size_t metric_items(const struct metric *metric, const struct samples *samples)
{
    switch (metric->scope) {
    case METRIC_TABLE:
        return samples->table_count;
    case METRIC_GROUP:
        return samples->group_count;
    case METRIC_PEER:
        return samples->peer_count;
    case METRIC_PEER_FAMILY:
        return samples->family_count;
    case METRIC_PROCESS:
        break;
    }
    return 1;
}

void metric_show(const struct metric *metric, const struct samples *samples, const struct metrics_source *source,
                 size_t index, struct text *out)
{
    if (metric->show)
        metric->show(metric, samples, source, index, out);
    else
        show_number(metric, samples, index, out);
}

/* The table ------------------------------------------------------------------------------------------------------- */

#define AT(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define PEER(member) .scope = METRIC_PEER, AT(peer_sample, member)
#define PEER_FAMILY(member) .scope = METRIC_PEER_FAMILY, AT(peer_family_view, member)
#define TABLE(member) .scope = METRIC_TABLE, AT(table_view, member)
#define GROUP(member) .scope = METRIC_GROUP, AT(group_size, member)

const struct metric metric_table[] = {
    {"godwit_build_info", "gauge", "1; the version is a label.", .show = show_build},
    {"process_cpu_seconds_total", "counter", "Processor time of all threads, user and system.", .show = show_cpu},
    {"process_resident_memory_bytes", "gauge", "Memory in use.", .show = show_resident},
    {"godwit_memory_bytes", "gauge", "Memory in use by kind, as far as it is counted.", .show = show_memory},
    {"godwit_loop_turn_seconds", "histogram", "What a turn of the speaker's loop took.", .show = show_turns},
    {"godwit_loop_longest_turn_seconds", "gauge", "The longest turn of the last one to two minutes.",
     .show = show_longest},

    {"godwit_rpki_server_up", "gauge", "1 if the RPKI cache is in session and has said everything.",
     .show = metric_rpki_up},
    {"godwit_rpki_server_serial", "gauge", "Serial of its last complete answer.", .show = metric_rpki_serial},
    {"godwit_rpki_server_answer_timestamp_seconds", "gauge", "When its last complete answer came.",
     .show = metric_rpki_answer},
    {"godwit_rpki_server_vrps", "gauge", "Its VRPs in use.", .show = metric_rpki_vrps},

    {"godwit_table_prefixes", "gauge", "Prefixes with at least one path.", TABLE(prefixes)},
    {"godwit_table_paths", "gauge", "Paths, those rejected by policy included.", TABLE(paths)},
    {"godwit_table_attribute_sets", "gauge", "Different sets of path attributes.", TABLE(attribute_sets)},
    {"godwit_table_attribute_bytes", "gauge", "Memory for sets of path attributes.", TABLE(attribute_bytes)},
    {"godwit_table_waiting_prefixes", "gauge", "Prefixes whose change is still to be told.", TABLE(waiting_rows)},

    {"godwit_update_group_members", "gauge", "Neighbors in an update group.", GROUP(member_count)},
    {"godwit_update_group_members_behind", "gauge", "Members that are brought up to date from the table.",
     GROUP(members_behind)},
    {"godwit_update_group_advertised_prefixes", "gauge", "Paths an update group was told.", GROUP(advertised)},
    {"godwit_update_group_backlog_bytes", "gauge", "What its slowest live member has not been given yet.",
     GROUP(backlog_bytes)},
    {"godwit_update_group_log_bytes", "gauge", "Encoded messages kept for members.", GROUP(log_bytes)},

    {"godwit_bmp_station_up", "gauge", "1 if a BMP station is connected.", .show = show_stations_up},
    {"godwit_bmp_station_waiting_bytes", "gauge", "What a BMP station has not taken yet.",
     .show = show_stations_waiting},

    {"bgp_peer_up", "gauge", "1 if the session is established.", METRIC_PEER, show_up},
    {"bgp_peer_state", "gauge", "1; the states of the session are labels.", METRIC_PEER, show_state},
    {"bgp_peer_session_state", "gauge", "State of the session, 1 (idle) to 6 (established).", PEER(state)},
    {"bgp_peer_asn", "gauge", "AS number of the neighbor.", METRIC_PEER, show_asn},
    {"bgp_peer_local_asn", "gauge", "AS number the neighbor is told.", PEER(local_as)},
    {"bgp_peer_type", "gauge", "0: internal, 1: external.", PEER(type)},
    {"bgp_peer_established_timestamp_seconds", "gauge", "Since when the session is up; absent if it is not.",
     METRIC_PEER, show_established},
    {"bgp_peer_flop_count", "gauge", "Times the session was lost.", PEER(flaps)},
    {"bgp_peer_session_losses_total", "counter", "Times the session was lost, by what ended it.", METRIC_PEER,
     show_losses},

    {"bgp_received_message_total", "counter", "Messages received.", PEER(received.total)},
    {"bgp_received_open_total", "counter", "OPEN messages received.", PEER(received.open)},
    {"bgp_received_update_total", "counter", "UPDATE messages received.", PEER(received.update)},
    {"bgp_received_notification_total", "counter", "NOTIFICATION messages received.", PEER(received.notification)},
    {"bgp_received_keepalive_total", "counter", "KEEPALIVE messages received.", PEER(received.keepalive)},
    {"bgp_received_refresh_total", "counter", "ROUTE-REFRESH messages received.", PEER(received.refresh)},
    {"bgp_received_discarded_total", "counter", "Messages received and ignored.", PEER(received.discarded)},
    {"bgp_received_withdraw_update_total", "counter", "UPDATE messages that withdrew something.",
     PEER(received.withdraw_update)},
    {"bgp_received_withdraw_prefix_total", "counter", "Prefixes withdrawn.", PEER(received.withdraw_prefix)},
    {"bgp_received_bytes_total", "counter", "Octets received.", PEER(received.octets)},
    {"bgp_sent_message_total", "counter", "Messages sent.", PEER(sent.total)},
    {"bgp_sent_open_total", "counter", "OPEN messages sent.", PEER(sent.open)},
    {"bgp_sent_update_total", "counter", "UPDATE messages sent.", PEER(sent.update)},
    {"bgp_sent_notification_total", "counter", "NOTIFICATION messages sent.", PEER(sent.notification)},
    {"bgp_sent_keepalive_total", "counter", "KEEPALIVE messages sent.", PEER(sent.keepalive)},
    {"bgp_sent_refresh_total", "counter", "ROUTE-REFRESH messages sent.", PEER(sent.refresh)},
    {"bgp_sent_bytes_total", "counter", "Octets sent.", PEER(sent.octets)},

    {"bgp_routes_received", "gauge", "Paths in the Adj-RIB-In.", PEER_FAMILY(received)},
    {"bgp_routes_accepted", "gauge", "Of these, those that policy accepts.", PEER_FAMILY(accepted)},
    {"bgp_routes_advertised", "gauge", "Paths in the Adj-RIB-Out.", PEER_FAMILY(advertised)},
    {"bgp_routes_stale", "gauge", "Paths kept from the session before (RFC 4724).", PEER_FAMILY(stale)},
    {"bgp_peer_output_backlog_bytes", "gauge", "Encoded for the neighbor and not taken by its connection yet.",
     PEER_FAMILY(backlog_bytes)},
    {"bgp_peer_behind", "gauge", "1 while the neighbor is brought up to date from the table.", PEER_FAMILY(behind)},
};
const unsigned metric_count = ARRAY_LEN(metric_table);
