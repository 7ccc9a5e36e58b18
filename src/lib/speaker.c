/* See godwit.h. Life, turning and the log: what is not about neighbors or routes. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "lib/internal.h"

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), "numbers are handed on as they are")
SAME(GODWIT_FAILED, E_IO);
SAME(GODWIT_INVALID, E_INVALID);
SAME(GODWIT_NOT_FOUND, E_NOT_FOUND);
SAME(GODWIT_EXISTS, E_EXISTS);
SAME(GODWIT_LIMIT, E_LIMIT);
SAME(GODWIT_UNSUPPORTED, E_UNSUPPORTED);
SAME(GODWIT_STATE, E_STATE);
SAME(GODWIT_TOML, CONFIG_TOML);
SAME(GODWIT_YAML, CONFIG_YAML);
SAME(GODWIT_JSON, CONFIG_JSON);
SAME(GODWIT_ESTABLISHED, SESSION_ESTABLISHED);
SAME(GODWIT_ORIGIN_INCOMPLETE, ORIGIN_INCOMPLETE);
SAME(GODWIT_LOG_ERROR, LOG_LEVEL_ERROR);
SAME(GODWIT_LOG_DEBUG, LOG_LEVEL_DEBUG);

const char *godwit_version(void)
{
    return GODWIT_VERSION;
}

int library_result(int code, const struct err *err, struct godwit_error *error)
{
    if (code == E_OK)
        return E_OK;
    if (error) {
        struct str text = str_over(error->text, sizeof(error->text));
        str_add(&text, err->text[0] ? err->text : err_code_text(code));
    }
    return code;
}

/* Watching --------------------------------------------------------------------------------------------------------- */

static void heard_peer(void *context, const struct peer_view *view)
{
    struct godwit *bgp = context;
    library_tell_peer(bgp, view, bgp->watcher.peer, bgp->watcher.context);
}

static void tell_routes(const struct path_view *paths, size_t count,
                        void (*told)(void *context, const struct godwit_route *route), void *context)
{
    for (size_t i = 0; i < count; i++)
        told(context, &(struct godwit_route){.view = &paths[i]});
}

static void heard_best(void *context, const struct path_view *paths, size_t count)
{
    const struct godwit *bgp = context;
    tell_routes(paths, count, bgp->watcher.best, bgp->watcher.context);
}

static void heard_received(void *context, const struct path_view *paths, size_t count)
{
    const struct godwit *bgp = context;
    tell_routes(paths, count, bgp->watcher.received, bgp->watcher.context);
}

/* Life ------------------------------------------------------------------------------------------------------------- */

struct godwit *godwit_new(const struct godwit_watcher *watcher)
{
    struct loop *loop = loop_new();
    if (!loop)
        return NULL;
    struct godwit *bgp = mem_zalloc(MEM_OTHER, sizeof(*bgp));
    bgp->loop = loop;
    bgp->control = control_new(loop, transport_tcp());
    if (watcher)
        bgp->watcher = *watcher;
    /* Who wants to hear nothing costs nothing: the tables keep no account of what watchers were told. */
    const struct watch_ops ops = {.peer_state = bgp->watcher.peer ? heard_peer : NULL,
                                  .best = bgp->watcher.best ? heard_best : NULL,
                                  .adj_in = bgp->watcher.received ? heard_received : NULL};
    if (watcher)
        bgp->watch = control_watch_new(bgp->control, &ops, bgp);
    return bgp;
}

void godwit_free(struct godwit *bgp)
{
    if (!bgp)
        return;
    control_watch_free(bgp->watch);
    control_free(bgp->control);
    loop_free(bgp->loop);
    mem_free(MEM_OTHER, bgp);
}

static int read_speaker(const struct godwit_speaker *speaker, struct global_config *global, struct err *err)
{
    struct addr router_id;
    *global = (struct global_config){.as = speaker->as, .port = speaker->silent ? -1 : speaker->port};
    if (!speaker->router_id || addr_parse(speaker->router_id, &router_id) < 0 || router_id.kind != ADDR_IPV4)
        return err_set(err, E_INVALID, "router_id: \"%s\" is not an IPv4 address",
                       speaker->router_id ? speaker->router_id : "");
    global->router_id = addr_ipv4_value(&router_id);
    if (!speaker->listen)
        return E_OK;
    global->listen_count = 1;
    if (addr_parse(speaker->listen, &global->listen[0]) < 0)
        return err_set(err, E_INVALID, "listen: \"%s\" is not an address", speaker->listen);
    return E_OK;
}

int godwit_start(struct godwit *bgp, const struct godwit_speaker *speaker, struct godwit_error *error)
{
    struct err err = {0};
    struct global_config global;
    int result = read_speaker(speaker, &global, &err);
    if (result == E_OK)
        result = control_start(bgp->control, &global, &err);
    return library_result(result, &err, error);
}

static void log_change(void *context, const char *line)
{
    log_info("config", NULL, "%s", line);
}

int godwit_configure(struct godwit *bgp, const char *text, enum godwit_format format, struct godwit_error *error)
{
    struct err err = {0};
    struct config *config;
    int result = config_read_text("configuration", text, strlen(text), (enum config_format)format, &config, &err);
    if (result == E_OK) {
        result = control_apply(bgp->control, config, log_change, NULL, &err);
        if (result < 0)
            config_free(config);
    }
    return library_result(result, &err, error);
}

static void all_told(void *context)
{
    struct godwit *bgp = context;
    loop_stop(bgp->loop);
}

void godwit_stop(struct godwit *bgp, const char *communication)
{
    control_stop(bgp->control, communication, all_told, bgp);
}

/* Turning ---------------------------------------------------------------------------------------------------------- */

void godwit_run(struct godwit *bgp)
{
    loop_run(bgp->loop);
}

void godwit_leave(struct godwit *bgp)
{
    loop_stop(bgp->loop);
}

void godwit_turn(struct godwit *bgp, int max_wait_ms)
{
    loop_turn(bgp->loop, max_wait_ms);
}

int godwit_descriptor(const struct godwit *bgp)
{
    return loop_descriptor(bgp->loop);
}

int godwit_timeout_ms(const struct godwit *bgp)
{
    return loop_next_timeout_ms(bgp->loop);
}

struct posted {
    struct mail mail;
    void (*call)(void *context);
    void *context;
};

static void deliver(struct mail *mail)
{
    struct posted *posted = container_of(mail, struct posted, mail);
    posted->call(posted->context);
    mem_free(MEM_OTHER, posted);
}

void godwit_post(struct godwit *bgp, void (*call)(void *context), void *context)
{
    struct posted *posted = mem_alloc(MEM_OTHER, sizeof(*posted));
    *posted = (struct posted){.mail = {.deliver = deliver}, .call = call, .context = context};
    mailbox_post(bgp->loop, &posted->mail);
}

/* The log ---------------------------------------------------------------------------------------------------------- */

static struct {
    void (*sink)(void *context, enum godwit_log_level level, const char *line);
    void *context;
} log_to; /* process-wide, as the log is */

static void pass_on(void *context, enum log_level level, const char *line)
{
    log_to.sink(log_to.context, level < LOG_LEVEL_ERROR ? GODWIT_LOG_ERROR : (enum godwit_log_level)level, line);
}

void godwit_log(enum godwit_log_level most, void (*sink)(void *context, enum godwit_log_level level, const char *line),
                void *context)
{
    log_set_level((enum log_level)most);
    log_set_sink(NULL, NULL);
    log_to.sink = sink;
    log_to.context = context;
    log_set_format(sink ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON);
    if (sink)
        log_set_sink(pass_on, NULL);
}
