/* godwit monitor: what happens, as it happens, until interrupted. Each event is written out at once. */
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/route_list.h"
#include "cli/show.h"
#include "gobgp.pb-c.h"
#include "net/addr.h"

struct monitor {
    const char *neighbor;  /* NULL: all */
    enum family_id family; /* FAMILY_UNKNOWN: all */
};

static void print_time(struct output *out)
{
    char text[32];
    struct tm utc;
    time_t now = (time_t)now_s();
    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    output_add(out, text);
}

static bool path_wanted(const struct monitor *monitor, const Apipb__Path *path)
{
    if (monitor->neighbor && strcmp(path->neighbor_ip, monitor->neighbor) != 0)
        return false;
    return monitor->family == FAMILY_UNKNOWN || family_of(path->family) == monitor->family;
}

static void print_route(struct output *out, const Apipb__Path *path)
{
    struct text line;
    text_init(&line, 1 << 20);
    nlri_text(path->nlri, &line);
    text_add(&line, " via ");
    attrs_next_hop_text(path->n_pattrs, path->pattrs, &line);
    text_add(&line, " aspath [");
    attrs_as_path_text(path->n_pattrs, path->pattrs, &line);
    text_add(&line, "] attrs ");
    attrs_text(path->n_pattrs, path->pattrs, path->nlri, &line);
    text_add(&line, "\n");
    print_time(out);
    output_add(out, path->is_withdraw ? " [DELROUTE] " : " [ROUTE] ");
    output_add_n(out, line.bytes, line.length);
    text_release(&line);
}

static bool take_routes(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    const struct monitor *monitor = context;
    const Apipb__WatchEventResponse *event = (const Apipb__WatchEventResponse *)answer;
    struct output *out = &cli->out;
    if (event->event_case != APIPB__WATCH_EVENT_RESPONSE__EVENT_TABLE)
        return true;
    struct json json = json_over(&out->pending);
    if (cli->options.json)
        json_array(&json);
    for (size_t i = 0; i < event->table->n_paths; i++) {
        if (!path_wanted(monitor, event->table->paths[i]))
            continue;
        if (cli->options.json)
            path_json(event->table->paths[i], &json);
        else
            print_route(out, event->table->paths[i]);
    }
    if (cli->options.json) {
        json_array_end(&json);
        output_add(out, "\n");
    }
    output_flush(out);
    return !out->failed;
}

static int watch_table(struct cli *cli, Apipb__WatchEventRequest__Table__Filter__Type type, struct monitor *monitor)
{
    Apipb__WatchEventRequest request = APIPB__WATCH_EVENT_REQUEST__INIT;
    Apipb__WatchEventRequest__Table table = APIPB__WATCH_EVENT_REQUEST__TABLE__INIT;
    Apipb__WatchEventRequest__Table__Filter filter = APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__INIT;
    Apipb__WatchEventRequest__Table__Filter *filters[] = {&filter};
    if (cli_family(cli, FAMILY_UNKNOWN, &monitor->family) < 0)
        return E_INVALID;
    filter.type = type;
    filter.init = cli->options.current;
    table.n_filters = 1;
    table.filters = filters;
    request.table = &table;
    return call(cli, "WatchEvent", &request.base, &apipb__watch_event_response__descriptor, take_routes, monitor);
}

int cmd_monitor_rib(struct cli *cli, const struct command *command, const struct words *words)
{
    struct monitor monitor = {0};
    return watch_table(cli, APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__TYPE__BEST, &monitor);
}

int cmd_monitor_adj_in(struct cli *cli, const struct command *command, const struct words *words)
{
    struct monitor monitor = {0};
    struct addr addr;
    if (words->count > 0) {
        if (addr_parse(words->word[0], &addr) < 0)
            return cli_fail(cli, "invalid ip address: %s", words->word[0]);
        monitor.neighbor = words->word[0];
    }
    return watch_table(cli, APIPB__WATCH_EVENT_REQUEST__TABLE__FILTER__TYPE__ADJIN, &monitor);
}

static const char *enum_name(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);
    return known ? known->name : "UNKNOWN";
}

static void print_peer(struct output *out, const Apipb__Peer *peer)
{
    const char *interface = peer->conf->neighbor_interface;
    print_time(out);
    output_printf(out, " [NEIGH] %s%s%s%s fsm: %s admin: %s\n", peer->conf->neighbor_address, *interface ? "(" : "",
                  interface, *interface ? ")" : "",
                  enum_name(&apipb__peer_state__session_state__descriptor, peer->state->session_state),
                  enum_name(&apipb__peer_state__admin_state__descriptor, peer->state->admin_state));
}

static bool take_peer(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    const struct monitor *monitor = context;
    const Apipb__WatchEventResponse *event = (const Apipb__WatchEventResponse *)answer;
    struct output *out = &cli->out;
    if (event->event_case != APIPB__WATCH_EVENT_RESPONSE__EVENT_PEER)
        return true;
    const Apipb__Peer *peer = event->peer->peer;
    bool wanted = event->peer->type == APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__TYPE__STATE ||
                  (cli->options.current && event->peer->type == APIPB__WATCH_EVENT_RESPONSE__PEER_EVENT__TYPE__INIT);
    if (!wanted || !peer || !peer->conf || !peer->state)
        return true;
    if (monitor->neighbor && strcmp(peer->conf->neighbor_address, monitor->neighbor) != 0)
        return true;
    if (cli->options.json) {
        struct json json = json_over(&out->pending);
        message_json(&json, &peer->base);
        output_add(out, "\n");
    } else {
        print_peer(out, peer);
    }
    output_flush(out);
    return !out->failed;
}

int cmd_monitor_neighbor(struct cli *cli, const struct command *command, const struct words *words)
{
    struct monitor monitor = {.neighbor = words->count ? words->word[0] : NULL};
    Apipb__WatchEventRequest request = APIPB__WATCH_EVENT_REQUEST__INIT;
    Apipb__WatchEventRequest__Peer peer = APIPB__WATCH_EVENT_REQUEST__PEER__INIT;
    request.peer = &peer;
    return call(cli, "WatchEvent", &request.base, &apipb__watch_event_response__descriptor, take_peer, &monitor);
}
