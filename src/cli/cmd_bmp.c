/* godwit bmp, bmp add, bmp del: the stations that are told what neighbors say. Text even with -j, as GoBGP's client. */
#include <string.h>

#include "base/check.h"
#include "net/bgp.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "gobgp.pb-c.h"
#include "net/addr.h"

enum { BMP_PORT = 11019, SESSION_TEXT_MAX = 96 };

static bool take_station(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    const Apipb__ListBmpResponse__BmpStation *station = ((const Apipb__ListBmpResponse *)answer)->station;
    const int64_t *now = context;
    char session[SESSION_TEXT_MAX], age[AGE_TEXT_MAX] = "Never";
    struct str text = str_over(session, sizeof(session));
    if (!station || !station->conf || !station->state)
        return true;
    const Google__Protobuf__Timestamp *up = station->state->uptime, *down = station->state->downtime;
    bool ipv6 = strchr(station->conf->address, ':') != NULL;
    bool is_up =
        up && (!down || up->seconds > down->seconds || (up->seconds == down->seconds && up->nanos >= down->nanos));
    if (up)
        age_format(is_up ? up->seconds : down->seconds, *now, age);
    str_printf(&text, ipv6 ? "[%s]:%u" : "%s:%u", station->conf->address, station->conf->port);
    output_printf(&cli->out, "%-23s %-6s %-10s\n", session, is_up ? "Up" : "Down", age);
    return true;
}

int cmd_bmp(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__ListBmpRequest request = APIPB__LIST_BMP_REQUEST__INIT;
    int64_t now = now_s();
    output_printf(&cli->out, "%-23s %-6s %-10s\n", "Session", "State", "Uptime");
    return call(cli, "ListBmp", &request.base, &apipb__list_bmp_response__descriptor, take_station, &now);
}

static int usage(struct cli *cli, const struct command *command)
{
    return cli_fail(cli, "usage: godwit %s %s", command->path, command->words);
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT. `host` has room for all of `text`. */
static bool split_station(const char *text, char *host, size_t room, uint32_t *port)
{
    struct addr addr;
    struct str str = str_over(host, room);
    uint64_t number;
    const char *colon = strrchr(text, ':');
    *port = BMP_PORT;
    if (addr_parse(text, &addr) == 0) {
        str_add(&str, text);
        return !str.truncated;
    }
    if (!colon || str_parse_u64(colon + 1, 1, UINT16_MAX, &number) < 0)
        return false;
    size_t length = (size_t)(colon - text);
    bool bracketed = length > 2 && text[0] == '[' && text[length - 1] == ']';
    str_add_n(&str, bracketed ? text + 1 : text, bracketed ? length - 2 : length);
    *port = (uint32_t)number;
    return !str.truncated && addr_parse(host, &addr) == 0;
}

int cmd_bmp_add(struct cli *cli, const struct command *command, const struct words *words)
{
    static const char *const policies[] = {"pre", "post", "both", "local-rib", "all"};
    Apipb__AddBmpRequest request = APIPB__ADD_BMP_REQUEST__INIT;
    char host[ADDR_TEXT_MAX];
    uint64_t statistics = 0;
    unsigned policy = 0;
    if (words->count < 1 || words->count > 2)
        return usage(cli, command);
    const char *wanted = words->count == 2 ? words->word[1] : policies[0];
    while (policy < ARRAY_LEN(policies) && strcmp(policies[policy], wanted) != 0)
        policy++;
    if (policy == ARRAY_LEN(policies))
        return cli_fail(cli, "invalid bmp policy type. valid type is {pre|post|both|local-rib|all}");
    if (cli->options.statistics_timeout &&
        str_parse_u64(cli->options.statistics_timeout, 0, UINT16_MAX, &statistics) < 0)
        return cli_fail(cli,
                        "invalid statistics-timeout value. it must be in the range 0-65535. default value is 0 and "
                        "means disabled");
    if (!split_station(words->word[0], host, sizeof(host), &request.port))
        return cli_fail(cli, "\"%s\" is not ADDRESS[:PORT]", words->word[0]);
    request.address = host;
    request.policy = (Apipb__AddBmpRequest__MonitoringPolicy)policy;
    request.statisticstimeout = (int32_t)statistics;
    return call(cli, "AddBmp", &request.base, NULL, NULL, NULL);
}

int cmd_bmp_delete(struct cli *cli, const struct command *command, const struct words *words)
{
    Apipb__DeleteBmpRequest request = APIPB__DELETE_BMP_REQUEST__INIT;
    char host[ADDR_TEXT_MAX];
    if (words->count != 1)
        return usage(cli, command);
    if (!split_station(words->word[0], host, sizeof(host), &request.port))
        return cli_fail(cli, "\"%s\" is not ADDRESS[:PORT]", words->word[0]);
    request.address = host;
    return call(cli, "DeleteBmp", &request.base, NULL, NULL, NULL);
}
