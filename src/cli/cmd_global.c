/* godwit global: the speaker itself. */
#include <inttypes.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/words.h"
#include "gobgp.pb-c.h"
#include "net/addr.h"

enum { GLOBAL_AS, GLOBAL_ROUTER_ID, GLOBAL_LISTEN_PORT, GLOBAL_LISTEN_ADDRESSES, GLOBAL_MULTIPATH, GLOBAL_COUNT };

static int show_global(struct cli *cli)
{
    Apipb__GetBgpRequest request = APIPB__GET_BGP_REQUEST__INIT;
    struct output *out = &cli->out;
    Apipb__GetBgpResponse *response = call_for(cli, "GetBgp", &request.base, &apipb__get_bgp_response__descriptor);
    if (!response)
        return E_INVALID;
    const Apipb__Global *global = response->global;
    if (!global)
        return cli_fail(cli, "the daemon said nothing about itself");
    if (cli->options.json) {
        struct json json = json_over(&out->pending);
        message_json(&json, &global->base);
        output_add(out, "\n");
        return 0;
    }
    output_printf(out, "AS:        %" PRIu32 "\nRouter-ID: %s\n", global->asn, global->router_id);
    if (global->n_listen_addresses) {
        output_printf(out, "Listening Port: %" PRId32 ", Addresses: ", global->listen_port);
        for (size_t i = 0; i < global->n_listen_addresses; i++)
            output_printf(out, "%s%s", i ? ", " : "", global->listen_addresses[i]);
        output_add(out, "\n");
    }
    if (global->use_multiple_paths)
        output_add(out, "Multipath: enabled");
    return 0;
}

static int start_bgp(struct cli *cli, const struct command *command, const struct words *words)
{
    struct keyword keywords[GLOBAL_COUNT] = {
        [GLOBAL_AS] = {"as", KEYWORD_SINGLE},
        [GLOBAL_ROUTER_ID] = {"router-id", KEYWORD_SINGLE},
        [GLOBAL_LISTEN_PORT] = {"listen-port", KEYWORD_SINGLE},
        [GLOBAL_LISTEN_ADDRESSES] = {"listen-addresses", KEYWORD_LIST},
        [GLOBAL_MULTIPATH] = {"use-multipath", KEYWORD_FLAG},
    };
    struct words leading;
    uint64_t asn, port = 0;
    struct addr id;
    Apipb__StartBgpRequest request = APIPB__START_BGP_REQUEST__INIT;
    Apipb__Global global = APIPB__GLOBAL__INIT;
    if (keywords_split(cli, words, keywords, GLOBAL_COUNT, &leading) < 0 || !keywords[GLOBAL_AS].given ||
        !keywords[GLOBAL_ROUTER_ID].given || leading.count > 0)
        return cli_fail(cli, "usage: godwit %s %s", command->path, command->words);
    if (number_parse(cli, keyword_value(&keywords[GLOBAL_AS]), UINT32_MAX, &asn) < 0)
        return E_INVALID;
    if (addr_parse(keyword_value(&keywords[GLOBAL_ROUTER_ID]), &id) < 0 || id.kind != ADDR_IPV4)
        return cli_fail(cli, "invalid router-id format");
    if (keywords[GLOBAL_LISTEN_PORT].given &&
        number_parse(cli, keyword_value(&keywords[GLOBAL_LISTEN_PORT]), UINT16_MAX, &port) < 0)
        return E_INVALID;
    global.asn = (uint32_t)asn;
    global.router_id = (char *)keyword_value(&keywords[GLOBAL_ROUTER_ID]);
    global.listen_port = (int32_t)port;
    global.n_listen_addresses = (size_t)keywords[GLOBAL_LISTEN_ADDRESSES].values.count;
    global.listen_addresses = keywords[GLOBAL_LISTEN_ADDRESSES].values.word;
    global.use_multiple_paths = keywords[GLOBAL_MULTIPATH].given;
    request.global = &global;
    return call(cli, "StartBgp", &request.base, NULL, NULL, NULL);
}

int cmd_global(struct cli *cli, const struct command *command, const struct words *words)
{
    return words->count ? start_bgp(cli, command, words) : show_global(cli);
}

int cmd_global_delete_all(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__StopBgpRequest request = APIPB__STOP_BGP_REQUEST__INIT;
    return call(cli, "StopBgp", &request.base, NULL, NULL, NULL);
}
