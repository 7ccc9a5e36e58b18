/* Sessions that are watched: a list, and of it what events say has changed is asked for again, so that what is shown is
 * always what the service would answer now. Nothing is polled.
 *
 * On a terminal the list is drawn anew. Elsewhere a session is a line, told when it is not the one told last. */
#include "cli/fleet_watch.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/time.h"
#include "cli/fleet_follow.h"
#include "cli/fleet_session.h"
#include "cli/json_show.h"

enum {
    ONE_BY_ONE_MAX = 16, /* when more have changed, the list is asked for anew */
    REST_FACTOR = 10,    /* listing takes at most one part in ten of the service's time */
    REST_MAX_MS = 5000,
    ID_TEXT_BYTES = 40,
    LINE_MAX_BYTES = 8192,
    SCREEN_ROWS = 24, /* where the terminal does not say */
};

/* What was last told of a session. */
struct told {
    char id[ID_TEXT_BYTES];
    char *line;
    bool seen; /* in the list that was just asked for */
};

struct watch {
    const char *path;
    bool one;
    enum fleet_format format;
    struct told *told;
    size_t told_count;
    size_t told_capacity;
    size_t told_at; /* where the last was found: lists come in the same order */
    char dirty[ONE_BY_ONE_MAX][ID_TEXT_BYTES];
    size_t dirty_count;
    bool all_dirty;
    bool deleted;
    struct mono_time rested; /* when the list may be asked for again */
};

/* Lines ------------------------------------------------------------------------------------------------------------ */

/* "server1  ipv4  partial  up,down  3/10 routes  default-route  r2: hold timer expired" */
static void line_of(struct str *line, struct cli *cli, const struct json_node *session)
{
    static const char *const members[] = {"device.hostname", "address_family", "state", "status"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *text = fleet_member_text(cli, session, members[i]);
        str_add_foreign(line, text, strlen(text));
        str_add(line, "  ");
    }
    str_printf(line, "%s/%s routes", fleet_member_text(cli, session, "prefixes.accepted"),
               fleet_member_text(cli, session, "prefixes.limit"));
    if (json_in_bool(json_in_member(session, "default_route")))
        str_add(line, "  default-route");
    const char *reason = fleet_member_text(cli, session, "reason");
    str_add(line, *reason ? "  " : "");
    str_add_foreign(line, reason, strlen(reason));
}

static void print_time(struct cli *cli)
{
    char text[32];
    struct tm utc;
    time_t now = (time_t)now_s();
    gmtime_r(&now, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    output_add(&cli->out, text);
}

static void print_change(struct cli *cli, const struct watch *watch, const char *line, const struct json_node *session)
{
    struct text text;
    if (watch->format == FORMAT_TABLE) {
        print_time(cli);
        output_printf(&cli->out, "  %s\n", line);
        return;
    }
    text_init(&text, 1 << 24);
    if (watch->format == FORMAT_JSON)
        json_show_line(&text, session);
    else
        yaml_show(&text, session, 0);
    output_printf(&cli->out, "%s%s\n", watch->format == FORMAT_YAML ? "---\n" : "", text.bytes);
    text_release(&text);
}

/* Gone from the list: switched off, or no longer what the list is of. Its line begins with its name and family. */
static void print_gone(struct cli *cli, const struct watch *watch, const struct told *told)
{
    const char *name_end = strstr(told->line, "  ");
    const char *end = name_end ? strstr(name_end + 2, "  ") : NULL;
    if (watch->format == FORMAT_TABLE) {
        print_time(cli);
        output_printf(&cli->out, "  %.*s  gone\n", end ? (int)(end - told->line) : 0, told->line);
    } else if (watch->format == FORMAT_JSON) {
        output_printf(&cli->out, "{\"id\":\"%s\",\"state\":\"gone\"}\n", told->id);
    } else {
        output_printf(&cli->out, "---\nid: \"%s\"\nstate: gone\n", told->id);
    }
}

static struct told *told_of(struct watch *watch, const char *id)
{
    for (size_t i = 0; i < watch->told_count; i++) {
        size_t at = (watch->told_at + 1 + i) % watch->told_count;
        if (strcmp(watch->told[at].id, id) == 0) {
            watch->told_at = at;
            return &watch->told[at];
        }
    }
    if (watch->told_count == watch->told_capacity) {
        watch->told_capacity = watch->told_capacity ? watch->told_capacity * 2 : 64;
        watch->told = mem_realloc(MEM_OTHER, watch->told, watch->told_capacity * sizeof(*watch->told));
    }
    struct told *told = &watch->told[watch->told_count++];
    struct str str = str_over(told->id, sizeof(told->id));
    str_add(&str, id);
    told->line = NULL;
    return told;
}

static void tell(struct cli *cli, struct watch *watch, const struct json_node *session)
{
    char memory[LINE_MAX_BYTES];
    struct str line = str_over(memory, sizeof(memory));
    struct told *told = told_of(watch, fleet_member_text(cli, session, "id"));
    line_of(&line, cli, session);
    told->seen = true;
    if (told->line && strcmp(told->line, line.text) == 0)
        return;
    mem_free(MEM_OTHER, told->line);
    told->line = mem_strdup(MEM_OTHER, line.text);
    print_change(cli, watch, line.text, session);
}

static void tell_all(struct cli *cli, struct watch *watch, const struct fleet_rows *rows)
{
    for (size_t i = 0; i < watch->told_count; i++)
        watch->told[i].seen = false;
    for (size_t i = 0; i < rows->count; i++)
        tell(cli, watch, rows->rows[i]);
    for (size_t i = watch->told_count; i-- > 0;) {
        struct told *told = &watch->told[i];
        if (told->seen)
            continue;
        print_gone(cli, watch, told);
        mem_free(MEM_OTHER, told->line);
        *told = watch->told[--watch->told_count];
    }
}

/* The terminal ----------------------------------------------------------------------------------------------------- */

static size_t screen_rows(const struct output *out)
{
    struct winsize size;
    return ioctl(out->fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 4 ? size.ws_row : SCREEN_ROWS;
}

static void draw(struct cli *cli, const struct watch *watch, struct fleet_rows rows)
{
    size_t room = screen_rows(&cli->out) - 4; /* titles, the last two lines, the cursor's */
    size_t hidden = !watch->one && rows.count > room ? rows.count - room : 0;
    output_style(&cli->out, STYLE_CLEAR_SCREEN);
    rows.count -= hidden;
    if (watch->one && rows.count) {
        fleet_session_show(cli, rows.rows[0]);
    } else {
        output_style(&cli->out, STYLE_CUT_LINES);
        fleet_rows_show(cli, &fleet_session_list, &rows);
        output_style(&cli->out, STYLE_WRAP_LINES);
    }
    output_add(&cli->out, "\n");
    print_time(cli);
    if (hidden)
        output_printf(&cli->out, ", %zu more than fit", hidden);
    output_add(&cli->out, ", live");
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

static int ask_list(struct cli *cli, struct watch *watch)
{
    struct fleet_rows rows = {0};
    const struct json_node *session;
    struct mono_time began = mono_now();
    if (watch->one) {
        if (fleet_ask(cli, &(struct fleet_request){.path = watch->path}, &session) < 0)
            return E_INVALID;
        rows = (struct fleet_rows){.rows = &session, .count = 1};
    } else if (fleet_rows_ask(cli, &fleet_session_list, watch->path, &rows) < 0) {
        return E_INVALID;
    }
    int64_t rest_ms = mono_diff_ms(mono_now(), began) * REST_FACTOR;
    watch->rested = mono_add_ms(mono_now(), rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS);
    watch->dirty_count = 0;
    watch->all_dirty = false;
    if (cli->out.terminal && watch->format == FORMAT_TABLE)
        draw(cli, watch, rows);
    else
        tell_all(cli, watch, &rows);
    return 0;
}

/* A session that is gone by now is found out by asking for the list. */
static int ask_dirty(struct cli *cli, struct watch *watch)
{
    for (size_t i = 0; i < watch->dirty_count; i++) {
        const struct json_node *session;
        if (fleet_ask(cli, &(struct fleet_request){.path = fleet_path(cli, "/v1/sessions/%s", watch->dirty[i])},
                      &session) < 0) {
            text_clear(&cli->error);
            return ask_list(cli, watch);
        }
        tell(cli, watch, session);
    }
    watch->dirty_count = 0;
    return 0;
}

static int on_connected(struct cli *cli, void *context)
{
    return ask_list(cli, context);
}

static int on_event(struct cli *cli, void *context, const struct json_node *event)
{
    struct watch *watch = context;
    const char *id = json_in_text(json_in_member(event, "session_id"));
    const char *type = fleet_member_text(cli, event, "type");
    if (strcmp(type, "reset") == 0) /* events that were missed are not kept any more */
        watch->all_dirty = true;
    if (!id)
        return 0;
    if (strcmp(type, "bgp_session.deleted") == 0)
        watch->deleted = watch->all_dirty = true;
    for (size_t i = 0; i < watch->dirty_count; i++) {
        if (strcmp(watch->dirty[i], id) == 0)
            return 0;
    }
    if (watch->dirty_count == ONE_BY_ONE_MAX) {
        watch->all_dirty = true;
        return 0;
    }
    struct str str = str_over(watch->dirty[watch->dirty_count++], ID_TEXT_BYTES);
    str_add(&str, id);
    return 0;
}

static int on_quiet(struct cli *cli, void *context)
{
    struct watch *watch = context;
    const struct fleet_flags *flags = &cli->options.fleet;
    bool drawn = cli->out.terminal && watch->format == FORMAT_TABLE;
    if (watch->dirty_count == 0 && !watch->all_dirty)
        return 0;
    if (watch->one && watch->deleted) {
        if (watch->told_count)
            print_gone(cli, watch, &watch->told[0]);
        else
            output_add(&cli->out, "\nthe session is gone\n");
        return E_EOF;
    }
    if (!watch->one && !drawn && !watch->all_dirty && !flags->state && !flags->router)
        return ask_dirty(cli, watch);
    int64_t rest_ms = mono_diff_ms(watch->rested, mono_now());
    if (rest_ms > 0)
        poll(NULL, 0, (int)rest_ms);
    return ask_list(cli, watch);
}

int fleet_session_watch(struct cli *cli, const char *path, const char *events, bool one)
{
    static const struct fleet_follower follower = {.connected = on_connected, .event = on_event, .quiet = on_quiet};
    struct watch watch = {.path = path, .one = one};
    if (fleet_format(cli, &watch.format) < 0)
        return E_INVALID;
    int result = fleet_follow(cli, events, NULL, &follower, &watch);
    for (size_t i = 0; i < watch.told_count; i++)
        mem_free(MEM_OTHER, watch.told[i].line);
    mem_free(MEM_OTHER, watch.told);
    return result;
}
