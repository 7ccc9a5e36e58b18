/* godwit event: what happened, oldest first, and what happens. An event is a line: lists are long, and a list that goes
 * on has no widths. */
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/fleet_find.h"
#include "cli/fleet_client.h"
#include "cli/fleet_follow.h"
#include "cli/fleet_show.h"
#include "cli/json_show.h"

struct event_list {
    enum fleet_format format;
    bool watched;
    bool begun;
};

/* Of documents: JSON that goes on is a line each, a list is an array. */
static void print_document(struct cli *cli, struct event_list *list, const struct json_node *event)
{
    struct text text;
    text_init(&text, 1 << 24);
    if (list->format == FORMAT_YAML) {
        text_add(&text, list->watched ? "---\n" : "- ");
        yaml_show(&text, event, list->watched ? 0 : 2);
        text_add(&text, "\n");
    } else {
        text_add(&text, list->watched ? "" : list->begun ? ",\n  " : "[\n  ");
        json_show_line(&text, event);
        text_add(&text, list->watched ? "\n" : "");
    }
    output_add_n(&cli->out, text.bytes, text.length);
    text_release(&text);
}

/* "2026-11-22T06:01:06Z  42  bgp_session.up  The session is up." */
static void print_line(struct cli *cli, const struct json_node *event)
{
    char memory[4096];
    struct str line = str_over(memory, sizeof(memory));
    const char *body = fleet_member_text(cli, event, "body");
    const char *reason = fleet_member_text(cli, event, "reason");
    str_printf(&line, "%.19sZ  %s  %s  ", fleet_member_text(cli, event, "at"), fleet_member_text(cli, event, "id"),
               fleet_member_text(cli, event, "type"));
    str_add_foreign(&line, body, strlen(body));
    if (*reason && !strstr(body, reason)) {
        str_add(&line, "  (");
        str_add_foreign(&line, reason, strlen(reason));
        str_add(&line, ")");
    }
    output_printf(&cli->out, "%s\n", line.text);
}

static int take_event(struct cli *cli, void *context, const struct json_node *event)
{
    struct event_list *list = context;
    if (cli->options.quiet)
        output_printf(&cli->out, "%s\n", fleet_member_text(cli, event, "id"));
    else if (list->format == FORMAT_TABLE)
        print_line(cli, event);
    else
        print_document(cli, list, event);
    list->begun = true;
    return 0;
}

static void list_end(struct cli *cli, const struct event_list *list)
{
    if (cli->options.quiet || list->format == FORMAT_TABLE)
        return;
    if (!list->begun)
        output_add(&cli->out, "[]\n");
    else if (list->format == FORMAT_JSON)
        output_add(&cli->out, "\n]\n");
}

/* A page at a time: there may be millions. `path` is of the first page; outlives the rounds. */
static int list_page(struct cli *cli, struct event_list *list, const char *path, char *after, size_t capacity)
{
    static const struct fleet_list events = {.key = "events", .pages = PAGES_AFTER};
    const struct json_node *answer;
    const char *page = fleet_first_page(cli, &events, path);
    page = arena_printf(&cli->arena, "%s%s", page, fleet_path(cli, "&after=%s", after));
    if (fleet_ask(cli, &(struct fleet_request){.path = page}, &answer) < 0)
        return E_INVALID;
    const struct json_node *rows = json_in_member(answer, events.key);
    const char *next = json_in_text(json_in_member(answer, "next"));
    for (size_t i = 0; i < json_in_count(rows); i++)
        take_event(cli, list, json_in_at(rows, i));
    struct str str = str_over(after, capacity);
    str_add(&str, next && json_in_count(rows) ? next : "");
    return 0;
}

static int list_events(struct cli *cli, struct event_list *list, const char *query, const char *after)
{
    char cursor[32];
    struct str str = str_over(cursor, sizeof(cursor));
    const char *path = arena_printf(&cli->arena, "/v1/events?%s", query + 1);
    int result = 0;
    str_add(&str, after);
    do {
        struct arena outer;
        fleet_round_begin(cli, &outer);
        result = list_page(cli, list, path, cursor, sizeof(cursor));
        fleet_round_end(cli, &outer);
    } while (result == 0 && *cursor && !cli->out.failed);
    if (result == 0)
        list_end(cli, list);
    return result;
}

int cmd_event_list(struct cli *cli, const struct command *command, const struct words *words)
{
    static const struct fleet_follower follower = {.event = take_event};
    const struct fleet_flags *flags = &cli->options.fleet;
    struct event_list list = {.watched = flags->watch};
    const char *device = "", *session = "";
    const char *project = fleet_a_project(cli);
    uint64_t number;
    if (flags->after && str_parse_u64(flags->after, 0, INT64_MAX, &number) < 0)
        return cli_fail(cli, "--after %s: the number of an event is allowed", flags->after);
    if (!project || fleet_format(cli, &list.format) < 0 ||
        (flags->device && !(device = fleet_find_device(cli, flags->device))) ||
        (flags->session && !(session = fleet_find_session(cli, flags->session))) || !fleet_client(cli))
        return E_INVALID;
    const char *query = fleet_path(cli, "&project=%s&device=%s&session=%s", project, device, session);
    return flags->watch ? fleet_follow(cli, query, flags->after, &follower, &list)
                        : list_events(cli, &list, query, flags->after ? flags->after : "0");
}
