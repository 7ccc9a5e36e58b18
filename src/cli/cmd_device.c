/* godwit device: the tenants' servers. */
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/fleet_body.h"
#include "cli/fleet_find.h"
#include "cli/fleet_settings.h"
#include "cli/fleet_show.h"

static const struct fleet_column device_columns[] = {{"ID", "id"},
                                                     {"HOSTNAME", "hostname"},
                                                     {"ADDRESSES", "ip_addresses.address"},
                                                     {"METRO", "metro.code"},
                                                     {"STATE", "state"},
                                                     {"CREATED", "created_at", TABLE_TIME}};
static const struct fleet_list device_list = {
    .key = "devices", .pages = PAGES_NUMBERED, .columns = FLEET_COLUMNS(device_columns)};

static const char *the_device(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    const char *word = fleet_the_word(cli, command, words, flags->id ? flags->id : flags->device, "--id (-i)");
    return word ? fleet_find_device(cli, word) : NULL;
}

int cmd_device_list(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *project = fleet_the_project(cli, command);
    return project ? fleet_list_show(cli, &device_list, fleet_path(cli, "/projects/%s/devices", project)) : E_INVALID;
}

/* One of them is a list of one in documents too: programs that were written for Metal's client count on it. */
int cmd_device_get(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct json_node *device;
    if (words->count == 0 && !cli->options.fleet.id)
        return cmd_device_list(cli, command, words);
    const char *id = the_device(cli, command, words);
    if (!id || fleet_ask(cli, &(struct fleet_request){.path = fleet_path(cli, "/devices/%s", id)}, &device) < 0)
        return E_INVALID;
    return fleet_rows_show(cli, &device_list, &(struct fleet_rows){.rows = &device, .count = 1});
}

/* "10.0.0.1/31,2001:db8::1" */
static int put_addresses(struct fleet_body *body, const char *list)
{
    json_key(&body->json, "ip_addresses");
    json_array(&body->json);
    while (list && *list) {
        size_t length = strcspn(list, ",");
        char *address = arena_strndup(&body->cli->arena, list, length);
        char *slash = strchr(address, '/');
        json_object(&body->json);
        if (slash)
            *slash++ = '\0';
        fleet_body_text(body, "address", address);
        if (fleet_body_number(body, "cidr", "--address: the length", slash) < 0)
            return E_INVALID;
        json_object_end(&body->json);
        list += length + (list[length] == ',');
    }
    json_array_end(&body->json);
    return 0;
}

int cmd_device_create(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    struct fleet_body body;
    const struct json_node *device;
    const char *hostname = fleet_the_word(cli, command, words, flags->hostname, "--hostname (-H)");
    const char *project = hostname ? fleet_the_project(cli, command) : NULL;
    if (!project)
        return E_INVALID;
    if (!flags->metro)
        return cli_fail(cli, "device create: --metro (-m) is missing");
    fleet_body_init(&body, cli);
    fleet_body_text(&body, "hostname", hostname);
    fleet_body_text(&body, "metro", flags->metro);
    if (put_addresses(&body, flags->addresses) < 0) {
        fleet_body_release(&body);
        return E_INVALID;
    }
    if (fleet_body_send(&body, "POST", fleet_path(cli, "/projects/%s/devices", project), &device) < 0)
        return E_INVALID;
    return fleet_one_show(cli, &device_list.columns, device);
}

int cmd_device_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    const char *id = the_device(cli, command, words);
    const char *shown = flags->id ? flags->id : words->count ? words->word[0] : flags->device;
    return id ? fleet_delete(cli, "device", shown, fleet_path(cli, "/devices/%s", id)) : E_INVALID;
}

int cmd_device_neighbors(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_column columns[] = {
        {"FAMILY", "address_family"}, {"CUSTOMER AS", "customer_as"},   {"CUSTOMER IP", "customer_ip"},
        {"PEER AS", "peer_as"},       {"PEER IPS", "peer_ips"},         {"MULTIHOP", "multihop"},
        {"MD5", "md5_enabled"},       {"ROUTES IN", "routes_in.route"}, {"ROUTES OUT", "routes_out.route"},
    };
    static const struct fleet_list list = {.key = "bgp_neighbors",
                                           .columns = FLEET_COLUMNS(columns),
                                           .nothing = "No BGP neighbors: no session is enabled"};
    const char *id = the_device(cli, command, words);
    return id ? fleet_list_show(cli, &list, fleet_path(cli, "/devices/%s/bgp/neighbors", id)) : E_INVALID;
}
