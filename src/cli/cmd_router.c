/* godwit router: the provider's. */
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/fleet_body.h"
#include "cli/fleet_find.h"
#include "cli/fleet_show.h"

static const struct fleet_column router_columns[] = {{"ID", "id"},
                                                     {"NAME", "name"},
                                                     {"METRO", "metro.code"},
                                                     {"STATE", "state", TABLE_STATE},
                                                     {"SINCE", "since", TABLE_TIME},
                                                     {"ASN", "asn"},
                                                     {"PEER IPV4", "peer_ipv4"},
                                                     {"PEER IPV6", "peer_ipv6"},
                                                     {"UP", "sessions.up", TABLE_NUMBER},
                                                     {"DOWN", "sessions.down", TABLE_NUMBER},
                                                     {"UNKNOWN", "sessions.unknown", TABLE_NUMBER},
                                                     {"TARGET", "target"},
                                                     {"POLICY", "policy"},
                                                     {"REASON", "reason"}};
static const struct fleet_list router_list = {.key = "routers", .columns = FLEET_COLUMNS(router_columns)};

static const char *the_word(struct cli *cli, const struct command *command, const struct words *words)
{
    return fleet_the_word(cli, command, words, cli->options.fleet.id, "--id (-i)");
}

int cmd_router_list(struct cli *cli, const struct command *command, const struct words *words)
{
    return fleet_list_show(cli, &router_list, "/v1/routers");
}

int cmd_router_get(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct json_node *router;
    if (words->count == 0 && !cli->options.fleet.id)
        return cmd_router_list(cli, command, words);
    const char *word = the_word(cli, command, words);
    const char *id = word ? fleet_find_router(cli, word) : NULL;
    if (!id || fleet_ask(cli, &(struct fleet_request){.path = fleet_path(cli, "/v1/routers/%s", id)}, &router) < 0)
        return E_INVALID;
    return fleet_one_show(cli, &router_list.columns, router);
}

/* "10.0.0.1,2001:db8::1": a member for each family. */
static int put_addresses(struct fleet_body *body, const char *option, const char *list, const char *ipv4_key,
                         const char *ipv6_key)
{
    const char *const keys[] = {ipv4_key, ipv6_key};
    bool given[] = {false, false};
    while (list && *list) {
        size_t length = strcspn(list, ",");
        const char *address = arena_strndup(&body->cli->arena, list, length);
        size_t ipv6 = strchr(address, ':') != NULL;
        if (given[ipv6])
            return cli_fail(body->cli, "%s %s: there is one of this family already", option, address);
        given[ipv6] = true;
        fleet_body_text(body, keys[ipv6], address);
        list += length + (list[length] == ',');
    }
    return 0;
}

static int put_router(struct fleet_body *body, const char *name)
{
    const struct cli_options *options = &body->cli->options;
    const struct fleet_flags *flags = &options->fleet;
    fleet_body_text(body, "name", name);
    fleet_body_text(body, "metro", flags->metro);
    fleet_body_text(body, "target", flags->target);
    fleet_body_bool(body, "multihop", !flags->no_multihop);
    if (fleet_body_number(body, "asn", "--asn", flags->asn) < 0 ||
        put_addresses(body, "--peer-address", flags->peer_addresses, "peer_ipv4", "peer_ipv6") < 0 ||
        put_addresses(body, "--gateway", flags->gateways, "gateway_ipv4", "gateway_ipv6") < 0)
        return E_INVALID;
    if (options->tls_ca_file || options->tls_cert_file || flags->tls_name) {
        json_key(&body->json, "tls");
        json_object(&body->json);
        fleet_body_text(body, "ca_file", options->tls_ca_file);
        fleet_body_text(body, "certificate_file", options->tls_cert_file);
        fleet_body_text(body, "key_file", options->tls_key_file);
        fleet_body_text(body, "server_name", flags->tls_name);
        json_object_end(&body->json);
    }
    return 0;
}

int cmd_router_create(struct cli *cli, const struct command *command, const struct words *words)
{
    struct fleet_body body;
    const struct json_node *router;
    const char *name = fleet_the_word(cli, command, words, cli->options.fleet.name, "--name (-n)");
    if (!name)
        return E_INVALID;
    if (!cli->options.fleet.metro || !cli->options.fleet.target)
        return cli_fail(cli, "router create: %s is missing", cli->options.fleet.metro ? "--target" : "--metro (-m)");
    fleet_body_init(&body, cli);
    if (put_router(&body, name) < 0) {
        fleet_body_release(&body);
        return E_INVALID;
    }
    return fleet_body_send(&body, "POST", "/v1/routers", &router) < 0
               ? E_INVALID
               : fleet_one_show(cli, &router_list.columns, router);
}

int cmd_router_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *word = the_word(cli, command, words);
    const char *id = word ? fleet_find_router(cli, word) : NULL;
    return id ? fleet_delete(cli, "router", word, fleet_path(cli, "/v1/routers/%s", id)) : E_INVALID;
}
