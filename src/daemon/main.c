/* godwitd: the speaker, its configuration file and its API in one process, on one loop.
 *
 * Start: the command line, the file (a wrong one ends it here), the API's listeners, the speaker. SIGHUP reads the file
 * again and applies the differences, or, if it is wrong, says so and changes nothing. SIGTERM and SIGINT end sessions
 * with a Cease before the process leaves; a second one leaves at once. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "control/control.h"
#include "daemon/advice.h"
#include "daemon/config_reader.h"
#include "daemon/listen.h"
#include "daemon/options.h"
#include "daemon/privileges.h"
#include "daemon/restart_state.h"
#include "io/loop.h"
#include "io/service.h"
#include "io/stream.h"
#include "rpc/server.h"

enum {
    FILES_WANTED = 65536,
    DRAIN_MS = 1000,
};

struct daemon {
    struct daemon_options options;
    struct loop *loop;
    struct control *control;
    struct rpc_server *server;
    struct tls_context *tls;
    struct page_server *metrics; /* NULL: nobody may read them */
    struct metrics_source metrics_source;
    struct api *api;
    struct config_reader *reader;        /* for SIGHUP; NULL: there is no file */
    struct config *config;               /* read and not applied yet; NULL: none */
    struct restart_state *restart_state; /* NULL: nothing is noted */
    struct loop_timer watchdog;
    bool stopping;
};

/* -t, for files whose name does not say it. */
static int config_format_wanted(const struct daemon_options *options, enum config_format *format, struct err *err)
{
    const char *type = options->config_type;
    enum config_format fallback = CONFIG_TOML;
    if (type && str_equal_nocase(type, "yaml"))
        fallback = CONFIG_YAML;
    else if (type && str_equal_nocase(type, "json"))
        fallback = CONFIG_JSON;
    else if (type && !str_equal_nocase(type, "toml"))
        return err_set(err, E_INVALID, "-t: \"%s\" is none of toml, yaml, json", type);
    *format = config_format_of(options->config_file, fallback);
    return E_OK;
}

static int daemon_read_config(const struct daemon *daemon, struct config **config, struct err *err)
{
    enum config_format format;
    int result = config_format_wanted(&daemon->options, &format, err);
    return result < 0 ? result : config_read_file(daemon->options.config_file, format, config, err);
}

/* Reloading -------------------------------------------------------------------------------------------------------- */

static void change_line(void *context, const char *text)
{
    struct text *changes = context;
    if (changes)
        text_printf(changes, "%s\n", text);
}

/* "neighbor X: would be changed (timers.config.hold-time, config.description)". */
struct told_keys {
    struct text *changes;
    unsigned count;
};

static void tell_key(void *context, const char *path)
{
    struct told_keys *told = context;
    text_printf(told->changes, "%s%s", told->count++ > 0 ? ", " : " (", path);
}

static const char *const change_words[] = {"would be added", "would be removed", "would be changed"};

static void tell_neighbor(void *context, enum config_change change, const struct neighbor_config *before,
                          const struct neighbor_config *after)
{
    const struct neighbor_config *neighbor = after ? after : before;
    struct told_keys told = {.changes = context};
    char text[ADDR_TEXT_MAX];
    text_printf(context, "neighbor %s: %s",
                neighbor->address.kind ? addr_format(&neighbor->address, text) : neighbor->interface,
                change_words[change]);
    if (before && after)
        neighbor_config_changes(before, after, tell_key, &told);
    bool reset = before && after && neighbor_config_needs_reset(before, after);
    text_printf(context, "%s%s\n", told.count > 0 ? ")" : "", reset ? ", its session reset" : "");
}

static void tell_peer_group(void *context, enum config_change change, const struct peer_group_config *before,
                            const struct peer_group_config *after)
{
    struct told_keys told = {.changes = context};
    text_printf(context, "peer group %s: %s", (after ? after : before)->name, change_words[change]);
    if (before && after)
        peer_group_config_changes(before, after, tell_key, &told);
    text_printf(context, "%s\n", told.count > 0 ? ")" : "");
}

static void tell_dynamic_neighbor(void *context, enum config_change change,
                                  const struct dynamic_neighbor_config *before,
                                  const struct dynamic_neighbor_config *after)
{
    char text[PREFIX_TEXT_MAX];
    text_printf(context, "dynamic neighbors %s: would change\n",
                prefix_format(&(after ? after : before)->prefix, text));
}

static void tell_mrt_dump(void *context, enum config_change change, const struct mrt_dump_config *before,
                          const struct mrt_dump_config *after)
{
    text_printf(context, "mrt-dump %s: %s\n", (after ? after : before)->file_name, change_words[change]);
}

static void tell_rpki_server(void *context, enum config_change change, const struct rpki_server_config *before,
                             const struct rpki_server_config *after)
{
    const struct rpki_server_config *server = after ? after : before;
    text_printf(context, "rpki-servers %s port %u: %s\n", server->address, server->port, change_words[change]);
}

static void tell_bmp_server(void *context, enum config_change change, const struct bmp_server_config *before,
                            const struct bmp_server_config *after)
{
    const struct bmp_server_config *either = after ? after : before;
    struct endpoint endpoint = {.addr = either->address, .port = either->port};
    char text[ENDPOINT_TEXT_MAX];
    text_printf(context, "bmp-server %s: %s\n", endpoint_format(&endpoint, text), change_words[change]);
}

static void tell_global(void *context, const char *key)
{
    text_printf(context, "%s: would need a restart\n", key);
}

static void tell_policies(void *context, const struct config *before, const struct config *after)
{
    text_printf(context, "policies: would be changed\n");
}

static const struct config_diff_ops tell_ops = {.neighbor = tell_neighbor,
                                                .peer_group = tell_peer_group,
                                                .dynamic_neighbor = tell_dynamic_neighbor,
                                                .mrt_dump = tell_mrt_dump,
                                                .rpki_server = tell_rpki_server,
                                                .bmp_server = tell_bmp_server,
                                                .global = tell_global,
                                                .policies = tell_policies};

static int daemon_reload(void *context, bool check_only, struct text *changes, struct err *err)
{
    struct daemon *daemon = context;
    struct config *config;
    if (!daemon->options.config_file)
        return err_set(err, E_UNSUPPORTED, "there is no configuration file to read: start with -f");
    int result = daemon_read_config(daemon, &config, err);
    if (result < 0)
        return result;
    if (check_only) {
        const struct config *applied = control_applied(daemon->control);
        if (applied)
            config_diff(applied, config, &tell_ops, changes);
        config_free(config);
        return 0;
    }
    result = control_apply(daemon->control, config, change_line, changes, err);
    if (result < 0)
        config_free(config);
    return result;
}

static struct tls_context *new_tls(const struct daemon *daemon, const char *alpn, struct err *err)
{
    struct tls_settings settings = {
        .certificate_file = daemon->options.tls_certificate_file,
        .key_file = daemon->options.tls_key_file,
        .ca_file = daemon->options.tls_client_ca_file,
        .alpn = alpn,
    };
    return tls_context_new_server(&settings, err);
}

/* Certificates are renewed while we run: connections to come get the new ones, those that are open keep theirs. */
static void renew_tls(struct daemon *daemon)
{
    struct err err = {0};
    if (!daemon->options.tls)
        return;
    struct tls_context *renewed = new_tls(daemon, "h2", &err);
    struct tls_context *metrics = renewed && daemon->metrics ? new_tls(daemon, NULL, &err) : NULL;
    if (!renewed || (daemon->metrics && !metrics)) {
        tls_context_unref(renewed);
        log_error("api", daemon->options.tls_certificate_file, "the certificates stay as they were: %s", err.text);
        return;
    }
    rpc_server_replace_tls(daemon->server, daemon->tls, renewed);
    tls_context_unref(daemon->tls);
    daemon->tls = renewed;
    if (metrics)
        page_server_set_tls(daemon->metrics, metrics);
    tls_context_unref(metrics);
    log_info("api", daemon->options.tls_certificate_file, "certificates were read again");
}

static void config_read(void *context, struct config *config, const struct err *err)
{
    struct daemon *daemon = context;
    struct err apply_err = {0};
    struct text changes;
    if (daemon->stopping) {
        config_free(config);
        return;
    }
    text_init(&changes, 1 << 20);
    if (config && control_apply(daemon->control, config, change_line, &changes, &apply_err) < 0) {
        config_free(config);
        config = NULL;
        err = &apply_err;
    }
    if (!config)
        log_error("config", daemon->options.config_file, "nothing was changed: %s", err->text);
    else if (changes.length == 0)
        log_info("config", daemon->options.config_file, "nothing to change");
    text_release(&changes);
}

static void on_hangup(void *context, int signal_number)
{
    struct daemon *daemon = context;
    renew_tls(daemon);
    if (!daemon->reader)
        return;
    log_info("config", daemon->options.config_file, "reading it again");
    config_reader_start(daemon->reader);
}

/* Stopping --------------------------------------------------------------------------------------------------------- */

static void sessions_ended(void *context)
{
    struct daemon *daemon = context;
    loop_stop(daemon->loop);
}

static void api_drained(void *context)
{
    struct daemon *daemon = context;
    control_stop(daemon->control, NULL, sessions_ended, daemon);
}

static void on_terminate(void *context, int signal_number)
{
    struct daemon *daemon = context;
    if (daemon->stopping) {
        loop_stop(daemon->loop);
        return;
    }
    daemon->stopping = true;
    log_info("daemon", NULL, "stopping: %s", signal_number == SIGINT ? "interrupted" : "asked to");
    if (daemon->options.notify)
        service_notify("STOPPING=1");
    rpc_server_drain(daemon->server, DRAIN_MS, api_drained, daemon);
}

static void on_ignored(void *context, int signal_number)
{
}

static void on_watchdog(struct loop_timer *timer)
{
    service_notify("WATCHDOG=1");
    loop_timer_start(timer, service_watchdog_interval_ms());
}

/* Starting --------------------------------------------------------------------------------------------------------- */

static void discard_line(void *context, enum log_level level, const char *line)
{
}

static int configure_log(const struct daemon_options *options, struct err *err)
{
    enum log_level level = LOG_LEVEL_INFO;
    if (options->log_level && log_level_parse(options->log_level, &level) < 0)
        return err_set(err, E_INVALID, "-l: \"%s\" is not a level", options->log_level);
    log_set_level(level);
    log_set_format(options->log_plain ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON);
    if (options->quiet)
        log_set_sink(discard_line, NULL);
    return 0;
}

/* systemd names all runtime folders of the service, separated by colons. */
static bool find_state_folder(const struct daemon *daemon, char folder[PATH_MAX])
{
    const char *named = daemon->options.state_folder;
    const char *given = getenv("RUNTIME_DIRECTORY");
    struct str str = str_over(folder, PATH_MAX);
    if (named)
        str_add(&str, named);
    else if (given)
        str_add_n(&str, given, strcspn(given, ":"));
    return str.length > 0 && !str.truncated;
}

/* Was there a process whose routes neighbors still have? The operator knows (-r), or the file it left. */
static void note_restart(struct daemon *daemon)
{
    struct err err = {0};
    char folder[PATH_MAX];
    bool restarted = daemon->options.graceful_restart;
    if (find_state_folder(daemon, folder)) {
        daemon->restart_state = restart_state_open(folder, &err);
        if (!daemon->restart_state)
            log_warn("daemon", NULL, "a restart after a crash will not be graceful: %s", err.text);
    }
    if (restarted)
        log_info("daemon", NULL, "restarting gracefully, as asked for (-r)");
    else if (daemon->restart_state)
        restarted =
            restart_state_says_restarted(daemon->restart_state, daemon->config ? &daemon->config->global : NULL);
    if (restarted)
        control_set_restarted(daemon->control);
}

/* The command line's word, or the file's. False: nowhere. */
static bool metrics_wanted(const struct daemon *daemon, const struct config *config, const char **text,
                           const char **name)
{
    const char *in_file = config ? config->global.metrics_listen : "";
    *text = daemon->options.metrics_listen ? daemon->options.metrics_listen : in_file;
    *name = daemon->options.metrics_listen ? "--metrics-listen" : "godwit.metrics-listen";
    return **text != '\0';
}

static int serve_metrics(struct daemon *daemon, struct err *err)
{
    const char *text, *name;
    struct endpoint endpoint;
    struct tls_context *tls = NULL;
    if (!metrics_wanted(daemon, daemon->config, &text, &name))
        return 0;
    daemon->metrics_source = (struct metrics_source){.loop = daemon->loop, .control = daemon->control};
    int result = listen_metrics_parse(text, name, &endpoint, err);
    if (result == 0 && daemon->options.tls && !(tls = new_tls(daemon, NULL, err)))
        result = E_INVALID;
    if (result == 0)
        result = listen_metrics(&daemon->metrics, &daemon->metrics_source, &endpoint, &daemon->options, tls, err);
    tls_context_unref(tls);
    return result;
}

static int daemon_start(struct daemon *daemon, struct err *err)
{
    struct api_hooks hooks = {.reload = daemon_reload, .context = daemon};
    if (daemon->options.config_file && daemon_read_config(daemon, &daemon->config, err) < 0)
        return E_INVALID;
    if (daemon->options.tls && !(daemon->tls = new_tls(daemon, "h2", err)))
        return E_INVALID;
    service_raise_file_limit(FILES_WANTED);
    daemon->loop = loop_new();
    if (!daemon->loop)
        return err_set(err, E_IO, "the system gives no event loop");
    daemon->control = control_new(daemon->loop, transport_tcp());
    daemon->server = rpc_server_new(daemon->loop, NULL);
    daemon->api = api_new(daemon->loop, daemon->control, daemon->server, &hooks);
    if (daemon->options.config_file) {
        enum config_format format = CONFIG_TOML;
        config_format_wanted(&daemon->options, &format, NULL); /* it was read before */
        daemon->reader = config_reader_new(daemon->loop, daemon->options.config_file, format, config_read, daemon);
    }
    loop_on_signal(daemon->loop, SIGHUP, on_hangup, daemon);
    loop_on_signal(daemon->loop, SIGTERM, on_terminate, daemon);
    loop_on_signal(daemon->loop, SIGINT, on_terminate, daemon);
    loop_on_signal(daemon->loop, SIGUSR1, on_ignored, daemon);
    note_restart(daemon);
    int result = listen_all(daemon->server, &daemon->options, daemon->tls, err);
    if (result == 0)
        result = serve_metrics(daemon, err);
    /* Capabilities are a thread's own: before the speaker starts threads. Those that listeners need are kept. */
    if (result == 0)
        result = privileges_drop(err);
    if (result == 0 && daemon->config)
        result = control_apply(daemon->control, daemon->config, change_line, NULL, err);
    if (result == 0)
        daemon->config = NULL;
    if (result == 0 && daemon->restart_state)
        restart_state_keep(daemon->restart_state, daemon->loop, daemon->control);
    return result;
}

static void daemon_release(struct daemon *daemon)
{
    if (daemon->loop)
        loop_timer_stop(&daemon->watchdog);
    restart_state_free(daemon->restart_state);
    config_reader_free(daemon->reader);
    page_server_free(daemon->metrics);
    if (daemon->server)
        rpc_server_free(daemon->server);
    api_free(daemon->api);
    if (daemon->control)
        control_free(daemon->control);
    tls_context_unref(daemon->tls);
    if (daemon->loop)
        loop_free(daemon->loop);
    config_free(daemon->config);
}

static void daemon_run(struct daemon *daemon)
{
    loop_timer_init(&daemon->watchdog, daemon->loop, on_watchdog);
    if (daemon->options.notify) {
        service_notify("READY=1");
        if (service_watchdog_interval_ms() > 0)
            loop_timer_start(&daemon->watchdog, service_watchdog_interval_ms());
    }
    log_info("daemon", NULL, "godwitd %s started", GODWIT_VERSION);
    if (control_applied(daemon->control))
        advise(control_applied(daemon->control), daemon->options.config_file);
    loop_run(daemon->loop);
    restart_state_clear(daemon->restart_state);
    log_info("daemon", NULL, "stopped");
}

/* -d: says what is wrong with the file. */
static int check_file(const struct daemon *daemon)
{
    struct config *config = NULL;
    struct err err = {0};
    const char *metrics, *name;
    struct endpoint endpoint;
    int result = daemon_read_config(daemon, &config, &err);
    if (result == 0 && metrics_wanted(daemon, config, &metrics, &name))
        result = listen_metrics_parse(metrics, name, &endpoint, &err);
    config_free(config);
    if (result < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    log_info("config", daemon->options.config_file, "the file is right");
    return 0;
}

int main(int count, char **arguments)
{
    struct daemon daemon = {0};
    struct err err = {0};
    if (daemon_options_parse(&daemon.options, count - 1, arguments + 1, &err) < 0 ||
        configure_log(&daemon.options, &err) < 0) {
        fprintf(stderr, "godwitd: %s\n", err.text);
        return 1;
    }
    if (daemon.options.version) {
        printf("godwitd version " GODWIT_VERSION "\n");
        return 0;
    }
    if (daemon.options.help) {
        daemon_options_print(stdout);
        return 0;
    }
    if (daemon.options.check)
        return check_file(&daemon);
    mem_return_large_blocks();
    privileges_harden();
    signal(SIGPIPE, SIG_IGN);
    int result = daemon_start(&daemon, &err);
    if (result < 0)
        fprintf(stderr, "godwitd: %s\n", err.text);
    else
        daemon_run(&daemon);
    daemon_release(&daemon);
    return result < 0 ? 1 : 0;
}
