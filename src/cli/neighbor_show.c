#include "cli/neighbor_show.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "cli/neighbor.h"
#include "cli/show.h"

static void show_head(struct cli *cli, const Apipb__Peer *peer)
{
    struct output *out = &cli->out;
    char asn[16], age[AGE_TEXT_MAX];
    const ProtobufCEnumValue *state =
        protobuf_c_enum_descriptor_get_value(&apipb__peer_state__session_state__descriptor, peer->state->session_state);
    const Apipb__TimersState *timers = peer->timers ? peer->timers->state : NULL;
    const Apipb__TimersConfig *config = peer->timers ? peer->timers->config : NULL;
    const char *kind = peer->route_reflector && peer->route_reflector->route_reflector_client
                           ? ", route-reflector-client"
                       : peer->route_server && peer->route_server->route_server_client ? ", route-server-client"
                                                                                       : "";
    output_printf(out, "BGP neighbor is %s, remote AS %s%s\n", peer->state->neighbor_address, peer_asn_text(peer, asn),
                  kind);
    output_printf(out, "  BGP version 4, remote router ID %s\n",
                  peer->state->router_id[0] ? peer->state->router_id : "unknown");
    output_printf(out, "  BGP state = %s", state ? state->name : "UNKNOWN");
    if (timers && timers->uptime)
        output_printf(out, ", up for %s", age_format(timers->uptime->seconds, now_s(), age));
    output_printf(out, "\n  BGP OutQ = %" PRIu32 ", Flops = %" PRIu32 "\n",
                  peer->state->queues ? peer->state->queues->output : 0, peer->state->flops);
    output_printf(out, "  Hold time is %" PRIu64 ", keepalive interval is %" PRIu64 " seconds\n",
                  timers ? timers->negotiated_hold_time : 0, timers ? timers->keepalive_interval : 0);
    output_printf(out, "  Configured hold time is %" PRIu64 ", keepalive interval is %" PRIu64 " seconds\n",
                  config ? config->hold_time : 0, config ? config->keepalive_interval : 0);
}

static void show_as_options(struct cli *cli, const Apipb__PeerConf *conf)
{
    struct output *out = &cli->out;
    const char *between = "";
    output_add(out, "  ");
    if (conf->allow_own_asn) {
        output_printf(out, "Allow Own AS: %" PRIu32, conf->allow_own_asn);
        between = ", ";
    }
    if (conf->remove_private != APIPB__REMOVE_PRIVATE__REMOVE_NONE) {
        output_printf(out, "%sRemove private AS: %s", between,
                      conf->remove_private == APIPB__REMOVE_PRIVATE__REMOVE_ALL ? "all" : "replace");
        between = ", ";
    }
    if (conf->replace_peer_asn)
        output_printf(out, "%sReplace peer AS: enabled", between);
    output_add(out, "\n");
}

static void show_messages(struct cli *cli, const Apipb__Messages *messages)
{
    static const Apipb__Message none = APIPB__MESSAGE__INIT;
    static const struct {
        const char *title;
        size_t offset;
    } rows[] = {
        {"Opens:", offsetof(Apipb__Message, open)},
        {"Notifications:", offsetof(Apipb__Message, notification)},
        {"Updates:", offsetof(Apipb__Message, update)},
        {"Keepalives:", offsetof(Apipb__Message, keepalive)},
        {"Route Refresh:", offsetof(Apipb__Message, refresh)},
        {"Discarded:", offsetof(Apipb__Message, discarded)},
        {"Total:", offsetof(Apipb__Message, total)},
    };
    const char *sent = (const char *)(messages && messages->sent ? messages->sent : &none);
    const char *received = (const char *)(messages && messages->received ? messages->received : &none);
    output_add(&cli->out, "  Message statistics:\n                         Sent       Rcvd\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        output_printf(&cli->out, "    %-14s %10" PRIu64 " %10" PRIu64 "\n", rows[i].title,
                      *(const uint64_t *)(sent + rows[i].offset), *(const uint64_t *)(received + rows[i].offset));
}

static void show_routes(struct cli *cli, const Apipb__Peer *peer, enum family_id family)
{
    struct peer_counts counts;
    peer_counts(peer, family, &counts);
    output_add(&cli->out, "  Route statistics:\n");
    output_printf(&cli->out, "    Advertised:    %10" PRIu64 "\n", counts.advertised);
    output_printf(&cli->out, "    Received:      %10" PRIu64 "\n", counts.received);
    output_printf(&cli->out, "    Accepted:      %10" PRIu64 "\n", counts.accepted);
}

static void show_limits(struct cli *cli, const Apipb__Peer *peer)
{
    bool first = true;
    for (size_t i = 0; i < peer->n_afi_safis; i++) {
        const Apipb__PrefixLimit *limit = peer->afi_safis[i]->prefix_limits;
        const struct family *family = limit ? family_get(family_of(limit->family)) : NULL;
        if (!limit || limit->max_prefixes == 0)
            continue;
        if (first)
            output_add(&cli->out, "  Prefix Limits:\n");
        first = false;
        output_printf(&cli->out, "    %s:\tMaximum prefixes allowed %" PRIu32, family ? family->config_name : "",
                      limit->max_prefixes);
        if (limit->shutdown_threshold_pct)
            output_printf(&cli->out, ", Threshold for warning message %" PRIu32 "%%", limit->shutdown_threshold_pct);
        output_add(&cli->out, "\n");
    }
}

void neighbor_show(struct cli *cli, const Apipb__Peer *peer, enum family_id family)
{
    show_head(cli, peer);
    show_as_options(cli, peer->conf);
    capabilities_show(&cli->out, peer->state);
    show_messages(cli, peer->state->messages);
    show_routes(cli, peer, family);
    show_limits(cli, peer);
}
