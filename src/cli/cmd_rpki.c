/* godwit rpki server, rpki table: the RPKI caches a daemon asks, and what they say. Text even with -j, as GoBGP's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "gobgp.pb-c.h"
#include "net/addr.h"

enum { RPKI_PORT = 323, SERVER_TEXT_MAX = 320 };

static const char *server_text(const Apipb__RPKIConf *conf, char text[SERVER_TEXT_MAX])
{
    const char *address = conf != NULL ? conf->address : "";
    snprintf(text, SERVER_TEXT_MAX, strchr(address, ':') != NULL ? "[%.255s]:%" PRIu32 : "%.255s:%" PRIu32, address,
             conf != NULL ? conf->remote_port : 0);
    return text;
}

static void show_server_line(struct cli *cli, const Apipb__Rpki *server)
{
    char name[SERVER_TEXT_MAX], age[AGE_TEXT_MAX];
    const Apipb__RPKIState *state = server->state;
    const char *uptime = "never";
    if (state->up)
        uptime = age_format(state->uptime != NULL ? state->uptime->seconds : 0, now_s(), age);
    output_printf(&cli->out, "%-23s %-6s %-10s %" PRIu32 "/%" PRIu32 "\n", server_text(server->conf, name),
                  state->up ? "Up" : "Down", uptime, state->record_ipv4, state->record_ipv6);
}

static void show_server(struct cli *cli, const Apipb__Rpki *server)
{
    const Apipb__RPKIState *state = server->state;
    const struct {
        const char *name;
        int64_t count;
    } messages[] = {
        {"Receivedv4:", state->received_ipv4},
        {"Receivedv6:", state->received_ipv6},
        {"SerialNotify:", state->serial_notify},
        {"CacheReset:", state->cache_reset},
        {"CacheResponse:", state->cache_response},
        {"EndOfData:", state->end_of_data},
        {"Error:", state->error},
        {"SerialQuery:", state->serial_query},
        {"ResetQuery:", state->reset_query},
    };
    output_printf(&cli->out, "Session: %s, State: %s\n", server->conf->address, state->up ? "Up" : "Down");
    output_printf(&cli->out, "  Port: %" PRIu32 "\n", server->conf->remote_port);
    output_printf(&cli->out, "  Serial: %" PRIu32 "\n", state->serial);
    output_printf(&cli->out, "  Prefix: %" PRIu32 "/%" PRIu32 "\n", state->prefix_ipv4, state->prefix_ipv6);
    output_printf(&cli->out, "  Record: %" PRIu32 "/%" PRIu32 "\n", state->record_ipv4, state->record_ipv6);
    output_add(&cli->out, "  Message statistics:\n");
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        output_printf(&cli->out, "    %-14s %10" PRId64 "\n", messages[i].name, messages[i].count);
}

/* `address` NULL: all of them, a line each. */
static int show_servers(struct cli *cli, const char *address)
{
    Apipb__ListRpkiRequest request = APIPB__LIST_RPKI_REQUEST__INIT;
    struct call_answers answers;
    int result = call_all(cli, "ListRpki", &request.base, &apipb__list_rpki_response__descriptor, &answers);
    if (result < 0)
        return result;
    if (address == NULL)
        output_printf(&cli->out, "%-23s %-6s %-10s %s\n", "Session", "State", "Uptime", "#IPv4/IPv6 records");
    for (size_t i = 0; i < answers.count; i++) {
        const Apipb__Rpki *server = ((const Apipb__ListRpkiResponse *)answers.messages[i])->server;
        if (server == NULL || server->conf == NULL || server->state == NULL)
            continue;
        if (address == NULL)
            show_server_line(cli, server);
        else if (strcmp(server->conf->address, address) == 0)
            show_server(cli, server);
    }
    return 0;
}

static int add_server(struct cli *cli, char *address)
{
    Apipb__AddRpkiRequest request = APIPB__ADD_RPKI_REQUEST__INIT;
    request.address = address;
    request.port = RPKI_PORT;
    return call(cli, "AddRpki", &request.base, NULL, NULL, NULL);
}

static int delete_server(struct cli *cli, char *address)
{
    Apipb__DeleteRpkiRequest request = APIPB__DELETE_RPKI_REQUEST__INIT;
    request.address = address;
    request.port = RPKI_PORT;
    return call(cli, "DeleteRpki", &request.base, NULL, NULL, NULL);
}

static int enable_server(struct cli *cli, char *address)
{
    Apipb__EnableRpkiRequest request = APIPB__ENABLE_RPKI_REQUEST__INIT;
    request.address = address;
    return call(cli, "EnableRpki", &request.base, NULL, NULL, NULL);
}

static int disable_server(struct cli *cli, char *address)
{
    Apipb__DisableRpkiRequest request = APIPB__DISABLE_RPKI_REQUEST__INIT;
    request.address = address;
    return call(cli, "DisableRpki", &request.base, NULL, NULL, NULL);
}

static int reset(struct cli *cli, char *address, bool soft)
{
    Apipb__ResetRpkiRequest request = APIPB__RESET_RPKI_REQUEST__INIT;
    request.address = address;
    request.soft = soft;
    return call(cli, "ResetRpki", &request.base, NULL, NULL, NULL);
}

static int reset_server(struct cli *cli, char *address)
{
    return reset(cli, address, false);
}

static int soft_reset_server(struct cli *cli, char *address)
{
    return reset(cli, address, true);
}

static const struct {
    const char *verb;
    int (*run)(struct cli *cli, char *address);
} verbs[] = {
    {"add", add_server},       {"delete", delete_server},   {"reset", reset_server}, {"softreset", soft_reset_server},
    {"enable", enable_server}, {"disable", disable_server},
};

int cmd_rpki_server(struct cli *cli, const struct command *command, const struct words *words)
{
    struct addr addr;
    char text[ADDR_TEXT_MAX];
    if (words->count < 2)
        return show_servers(cli, words->count == 1 ? words->word[0] : NULL);
    if (words->count > 2)
        return cli_fail(cli, "usage: gobgp rpki server <ip address> [reset|softreset|enable]");
    if (addr_parse(words->word[0], &addr) < 0)
        return cli_fail(cli, "invalid ip address: %s", words->word[0]);
    addr_format(&addr, text);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].verb, words->word[1]) == 0)
            return verbs[i].run(cli, text);
    return cli_fail(cli, "unknown operation: %s", words->word[1]);
}

/* The table ----------------------------------------------------------------------------------------------------------
 */

struct vrp_table_shown {
    const char *address; /* only those of this server; NULL: all */
    int width;
};

static bool show_vrp(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    const struct vrp_table_shown *shown = context;
    const Apipb__Roa *roa = ((const Apipb__ListRpkiTableResponse *)answer)->roa;
    char name[SERVER_TEXT_MAX], prefix[128];
    if (roa == NULL || roa->conf == NULL || (shown->address != NULL && strcmp(roa->conf->address, shown->address) != 0))
        return true;
    snprintf(prefix, sizeof(prefix), "%.64s/%" PRIu32, roa->prefix, roa->prefixlen);
    output_printf(&cli->out, "%-*s %-6" PRIu32 " %-10" PRIu32 " %s\n", shown->width, prefix, roa->maxlen, roa->asn,
                  server_text(roa->conf, name));
    return true;
}

int cmd_rpki_table(struct cli *cli, const struct command *command, const struct words *words)
{
    enum family_id id;
    if (cli_family(cli, FAMILY_IPV4_UNICAST, &id) < 0)
        return E_INVALID;
    const struct family *family = family_get(id);
    struct vrp_table_shown shown = {.address = words->count > 0 ? words->word[0] : NULL,
                                    .width = family->afi == 1 ? 18 : 42};
    Apipb__ListRpkiTableRequest request = APIPB__LIST_RPKI_TABLE_REQUEST__INIT;
    Apipb__Family asked = APIPB__FAMILY__INIT;
    asked.afi = family->afi;
    asked.safi = family->safi;
    request.family = &asked;
    output_printf(&cli->out, "%-*s %-6s %-10s %s\n", shown.width, "Network", "Maxlen", "AS", "Server");
    return call(cli, "ListRpkiTable", &request.base, &apipb__list_rpki_table_response__descriptor, show_vrp, &shown);
}
