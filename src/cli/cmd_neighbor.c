/* godwit neighbor: the list, and the verbs behind a neighbor's name. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/neighbor.h"
#include "cli/neighbor_show.h"
#include "cli/rib.h"
#include "cli/route_list.h"
#include "net/addr.h"

/* The list --------------------------------------------------------------------------------------------------- */

enum { CELL_MAX = 128 };

/* One line, ready to be printed and sorted. */
struct peer_line {
    struct addr addr;
    uint32_t order;
    uint64_t received;
    uint64_t accepted;
    char name[CELL_MAX];
    char asn[16];
    char age[AGE_TEXT_MAX];
    const char *state;
};

struct peer_list {
    struct peer_line *lines;
    uint32_t count;
    uint32_t capacity;
    struct json json;
    enum family_id family; /* FAMILY_UNKNOWN: all are counted */
    int64_t now_s;
};

static const char *state_word(const Apipb__PeerState *state)
{
    static const char *const words[] = {"Unknown", "Idle", "Connect", "Active", "Sent", "Confirm", "Establ"};
    if (state->admin_state == APIPB__PEER_STATE__ADMIN_STATE__DOWN)
        return "Idle(Admin)";
    if (state->admin_state == APIPB__PEER_STATE__ADMIN_STATE__PFX_CT)
        return "Idle(PfxCt)";
    return (unsigned)state->session_state < ARRAY_LEN(words) ? words[state->session_state] : "Unknown";
}

static const char *up_down(const Apipb__Peer *peer, int64_t now, char *text)
{
    const Apipb__TimersState *timers = peer->timers ? peer->timers->state : NULL;
    if (!timers || !timers->uptime)
        return "never";
    bool up = peer->state->session_state == APIPB__PEER_STATE__SESSION_STATE__ESTABLISHED;
    const Google__Protobuf__Timestamp *since = up ? timers->uptime : timers->downtime;
    return age_format(since ? since->seconds : 0, now, text);
}

static struct peer_line *peer_list_grow(struct peer_list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->lines = mem_realloc(MEM_OTHER, list->lines, list->capacity * sizeof(*list->lines));
    }
    struct peer_line *line = &list->lines[list->count];
    *line = (struct peer_line){.order = list->count++};
    return line;
}

static bool take_line(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    struct peer_list *list = context;
    const Apipb__Peer *peer = ((const Apipb__ListPeerResponse *)answer)->peer;
    if (!peer || !peer->conf || !peer->state)
        return true;
    struct peer_line *line = peer_list_grow(list);
    struct peer_counts counts;
    char age[AGE_TEXT_MAX];
    bool interface = peer->conf->neighbor_interface[0] != '\0';
    struct str name = str_over(line->name, sizeof(line->name));
    str_add(&name, interface ? peer->conf->neighbor_interface : peer->state->neighbor_address);
    if (addr_parse(peer->conf->neighbor_address, &line->addr) < 0)
        line->addr = (struct addr){.kind = strchr(peer->conf->neighbor_address, ':') ? ADDR_IPV6 : ADDR_IPV4};
    peer_asn_text(peer, line->asn);
    struct str text = str_over(line->age, sizeof(line->age));
    str_add(&text, up_down(peer, list->now_s, age));
    line->state = state_word(peer->state);
    peer_counts(peer, list->family, &counts);
    line->received = counts.received;
    line->accepted = counts.accepted;
    return true;
}

static bool take_json(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    struct peer_list *list = context;
    const Apipb__Peer *peer = ((const Apipb__ListPeerResponse *)answer)->peer;
    if (peer)
        message_json(&list->json, &peer->base);
    return true;
}

static bool take_name(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    const Apipb__Peer *peer = ((const Apipb__ListPeerResponse *)answer)->peer;
    if (peer && peer->state)
        output_printf(&cli->out, "%s\n", peer->state->neighbor_address);
    return true;
}

static int compare_lines(const void *a, const void *b)
{
    const struct peer_line *left = a, *right = b;
    int order = addr_compare(&left->addr, &right->addr);
    return order ? order : left->order < right->order ? -1 : left->order > right->order;
}

static int wider(int width, const char *text)
{
    int length = (int)strlen(text);
    return length > width ? length : width;
}

static void print_lines(struct cli *cli, struct peer_list *list)
{
    int name_width = 0, asn_width = 2, age_width = (int)strlen("Up/Down");
    if (list->count)
        qsort(list->lines, list->count, sizeof(*list->lines), compare_lines);
    for (uint32_t i = 0; i < list->count; i++) {
        name_width = wider(name_width, list->lines[i].name);
        asn_width = wider(asn_width, list->lines[i].asn);
        age_width = wider(age_width, list->lines[i].age);
    }
    output_printf(&cli->out, "%-*s %*s %*s %-11s |%9s %9s\n", name_width, "Peer", asn_width, "AS", age_width, "Up/Down",
                  "State", "#Received", "Accepted");
    for (uint32_t i = 0; i < list->count; i++) {
        const struct peer_line *line = &list->lines[i];
        output_printf(&cli->out, "%-*s %*s %*s %-11s |%9" PRIu64 " %9" PRIu64 "\n", name_width, line->name, asn_width,
                      line->asn, age_width, line->age, line->state, line->received, line->accepted);
    }
}

static int list_neighbors(struct cli *cli)
{
    Apipb__ListPeerRequest request = APIPB__LIST_PEER_REQUEST__INIT;
    struct peer_list list = {.now_s = now_s()};
    if (cli_family(cli, FAMILY_UNKNOWN, &list.family) < 0)
        return E_INVALID;
    call_each each = cli->options.json ? take_json : cli->options.quiet ? take_name : take_line;
    struct text document;
    text_init(&document, INT32_MAX);
    list.json = json_over(&document);
    json_array(&list.json);
    int result = call(cli, "ListPeer", &request.base, &apipb__list_peer_response__descriptor, each, &list);
    json_array_end(&list.json);
    if (result == 0 && cli->options.json)
        output_printf(&cli->out, "%s\n", document.bytes);
    else if (result == 0 && !cli->options.quiet)
        print_lines(cli, &list);
    text_release(&document);
    mem_free(MEM_OTHER, list.lines);
    return result;
}

static int show_neighbor(struct cli *cli, const char *name)
{
    enum family_id family;
    if (cli_family(cli, FAMILY_UNKNOWN, &family) < 0)
        return E_INVALID;
    Apipb__Peer *peer = neighbor_find(cli, name, true);
    if (!peer)
        return E_INVALID;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &peer->base);
        output_add(&cli->out, "\n");
    } else {
        neighbor_show(cli, peer, family);
    }
    return 0;
}

/* `neighbor X VERB ...`: the verb comes to the front, the name is handed on as the last word. */
int cmd_neighbor(struct cli *cli, const struct command *command, const struct words *words)
{
    if (words->count == 0)
        return list_neighbors(cli);
    if (words->count == 1)
        return show_neighbor(cli, words->word[0]);
    return command_run_named(cli, &neighbor_command_table, words);
}

/* Verbs; the neighbor's name is their last word ---------------------------------------------------------------- */

/* The address the daemon knows a neighbor by. */
static const char *neighbor_address(struct cli *cli, const char *name)
{
    Apipb__Peer *peer = neighbor_find(cli, name, false);
    return peer ? peer->state->neighbor_address : NULL;
}

static enum family_id family_of_address(const char *address)
{
    struct addr addr;
    return addr_parse(address, &addr) == 0 && addr.kind == ADDR_IPV6 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST;
}

int cmd_neighbor_rib(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct {
        const char *verb;
        enum route_table table;
    } tables[] = {
        {"local", ROUTES_LOCAL},       {"adj-in", ROUTES_ADJ_IN},     {"adj-out", ROUTES_ADJ_OUT},
        {"accepted", ROUTES_ACCEPTED}, {"rejected", ROUTES_REJECTED},
    };
    size_t at = 0;
    const char *address = neighbor_address(cli, words->word[words->count - 1]);
    if (!address)
        return E_INVALID;
    while (strcmp(tables[at].verb, command_verb(command)) != 0)
        at++;
    return route_list(cli, tables[at].table, address, family_of_address(address), words->count - 1, words->word);
}

int cmd_neighbor_rib_summary(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *name = words->word[words->count - 1];
    Apipb__TableType table = str_starts_with(command->path, "local")     ? APIPB__TABLE_TYPE__LOCAL
                             : str_starts_with(command->path, "adj-out") ? APIPB__TABLE_TYPE__ADJ_OUT
                                                                         : APIPB__TABLE_TYPE__ADJ_IN;
    return rib_summary(cli, table, name, family_of_address(name));
}

enum { REASON_MAX_BYTES = 128 };

static int check_reason(struct cli *cli)
{
    if (cli->options.reason && strlen(cli->options.reason) > REASON_MAX_BYTES)
        return cli_fail(cli, "too long reason for shutdown communication (max %d bytes)", REASON_MAX_BYTES);
    return 0;
}

static const char *address_or_all(struct cli *cli, const char *name)
{
    return strcmp(name, "all") == 0 ? name : neighbor_address(cli, name);
}

int cmd_neighbor_reset(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *verb = command_verb(command);
    Apipb__ResetPeerRequest request = APIPB__RESET_PEER_REQUEST__INIT;
    const char *address = address_or_all(cli, words->word[words->count - 1]);
    if (!address || check_reason(cli) < 0)
        return E_INVALID;
    request.address = (char *)address;
    request.soft = strcmp(verb, "reset") != 0;
    request.direction = APIPB__RESET_PEER_REQUEST__SOFT_RESET_DIRECTION__BOTH;
    if (!request.soft && cli->options.reason)
        request.communication = (char *)cli->options.reason;
    if (strcmp(verb, "softresetin") == 0)
        request.direction = APIPB__RESET_PEER_REQUEST__SOFT_RESET_DIRECTION__IN;
    if (strcmp(verb, "softresetout") == 0)
        request.direction = APIPB__RESET_PEER_REQUEST__SOFT_RESET_DIRECTION__OUT;
    return call(cli, "ResetPeer", &request.base, NULL, NULL, NULL);
}

static int shutdown_neighbor(struct cli *cli, const char *name)
{
    Apipb__ShutdownPeerRequest request = APIPB__SHUTDOWN_PEER_REQUEST__INIT;
    request.address = (char *)address_or_all(cli, name);
    if (!request.address || check_reason(cli) < 0)
        return E_INVALID;
    if (cli->options.reason)
        request.communication = (char *)cli->options.reason;
    output_add(&cli->out, "WARNING: command `shutdown` is deprecated. use `disable` instead\n");
    return call(cli, "ShutdownPeer", &request.base, NULL, NULL, NULL);
}

int cmd_neighbor_state(struct cli *cli, const struct command *command, const struct words *words)
{
    const char *verb = command_verb(command);
    const char *name = words->word[words->count - 1];
    if (strcmp(verb, "shutdown") == 0)
        return shutdown_neighbor(cli, name);
    const char *address = neighbor_address(cli, name);
    if (!address || check_reason(cli) < 0)
        return E_INVALID;
    if (strcmp(verb, "enable") == 0) {
        Apipb__EnablePeerRequest request = APIPB__ENABLE_PEER_REQUEST__INIT;
        request.address = (char *)address;
        return call(cli, "EnablePeer", &request.base, NULL, NULL, NULL);
    }
    Apipb__DisablePeerRequest request = APIPB__DISABLE_PEER_REQUEST__INIT;
    request.address = (char *)address;
    if (cli->options.reason)
        request.communication = (char *)cli->options.reason;
    return call(cli, "DisablePeer", &request.base, NULL, NULL, NULL);
}
