/* godwit-fleet: the fleet service. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "fleet/api.h"
#include "fleet/auth.h"
#include "fleet/options.h"
#include "http/connect_front.h"
#include "io/file.h"
#include "io/service.h"
#include "rpc/target.h"

enum { FILES_WANTED = 16384 }; /* connections of clients, routers, webhooks */

struct program {
    struct fleet_options options;
    struct fleet_settings settings;
    struct loop *loop;
    struct store *store;
    struct service service;
    struct http_server *plain;
    struct http_server *secure;
    struct connect_front *front;
};

static void on_signal(void *context, int signal_number)
{
    struct program *program = context;
    log_info("fleet", NULL, "leaving on signal %d", signal_number);
    loop_stop(program->loop);
}

static int endpoint_of(const char *text, struct endpoint *endpoint, struct err *err)
{
    struct rpc_target target;
    int result = rpc_target_parse(text, 0, &target, err);
    if (result < 0)
        return result;
    *endpoint = (struct endpoint){.port = target.port};
    if (target.local || addr_parse(target.host, &endpoint->addr) < 0)
        return err_set(err, E_INVALID, "%s: must be ADDRESS:PORT", text);
    return E_OK;
}

/* What is not encrypted stays on this machine. */
static int check_loopback(const struct program *program, const struct endpoint *endpoint, const char *text,
                          struct err *err)
{
    if (addr_is_loopback(&endpoint->addr) || program->options.insecure)
        return E_OK;
    return err_set(err, E_INVALID, "%s: not loopback, and not encrypted; see --listen-tls and --insecure", text);
}

static int serve(struct program *program, const char *text, bool secure, struct http_server **server, struct err *err)
{
    struct http_server_options options = {.handle = api_handle, .context = &program->service};
    char name[ENDPOINT_TEXT_MAX];
    int result = endpoint_of(text, &options.local, err);
    if (result == E_OK && !secure)
        result = check_loopback(program, &options.local, text, err);
    if (result == E_OK && secure && (!program->options.certificate || !program->options.key))
        result = err_set(err, E_INVALID, "--listen-tls needs --tls-cert-file and --tls-key-file");
    if (result < 0)
        return result;
    if (secure) {
        options.certificate_file = program->options.certificate;
        options.key_file = program->options.key;
    }
    result = http_server_new(program->loop, &options, server, err);
    if (result == E_OK) {
        struct endpoint local = http_server_local(*server);
        log_info("fleet", NULL, "serving http%s://%s", secure ? "s" : "", endpoint_format(&local, name));
    }
    return result;
}

static int serve_connect(struct program *program, const char *text, struct err *err)
{
    struct endpoint local;
    char name[ENDPOINT_TEXT_MAX];
    int result = endpoint_of(text, &local, err);
    if (result == E_OK)
        result = check_loopback(program, &local, text, err);
    if (result == E_OK && !program->secure)
        result = err_set(err, E_INVALID, "--connect needs --listen-tls");
    if (result == E_OK)
        result = connect_front_new(program->loop, &local, program->secure, &program->front, err);
    if (result == E_OK) {
        local = connect_front_local(program->front);
        log_info("fleet", NULL, "taking CONNECT on %s", endpoint_format(&local, name));
    }
    return result;
}

/* A store without a token is of no use to anybody: the first one is written where only the owner reads. */
static int first_token(struct program *program, struct err *err)
{
    const struct token_wish wish = {.kind = "provider", .scope = "write", .description = "first token"};
    const char *path = program->options.token_file;
    char id[ID_TEXT_MAX];
    char text[SECRET_TEXT_MAX + 1];
    int64_t count = 0;
    store_find_number(program->store, "SELECT count(*) FROM tokens", STORE_NO_ARGS, &count);
    if (count > 0)
        return E_OK;
    if (!path) {
        log_warn("fleet", NULL, "there are no tokens yet; start once with --token-file to get the first");
        return E_OK;
    }
    store_begin(program->store);
    token_make(program->store, &wish, id, text);
    size_t length = strlen(text);
    text[length++] = '\n';
    if (file_write_atomic(path, text, length, 0600, err) < 0)
        store_rollback(program->store);
    if (store_commit(program->store) < 0)
        return err_prefix(err, E_IO, "the first token");
    log_info("fleet", NULL, "wrote the provider's first token to %s", path);
    return E_OK;
}

/* An option with a number in it, if it was given. */
static int read_number(const char *text, const char *name, uint64_t minimum, uint64_t maximum, uint64_t *number,
                       struct err *err)
{
    if (text && str_parse_u64(text, minimum, maximum, number) < 0)
        return err_set(err, E_INVALID, "--%s: must be %llu to %llu", name, (unsigned long long)minimum,
                       (unsigned long long)maximum);
    return E_OK;
}

static int read_keep(const struct fleet_options *options, struct fleet_settings *settings, struct err *err)
{
    enum { DAYS_MAX = 36500 };
    uint64_t days = settings->keep_events.days;
    uint64_t count = (uint64_t)settings->keep_events.count;
    uint64_t audit_days = settings->keep_audit.days;
    uint64_t audit_count = (uint64_t)settings->keep_audit.count;
    if (read_number(options->keep_days, "keep-days", 0, DAYS_MAX, &days, err) < 0 ||
        read_number(options->keep_events, "keep-events", 0, INT64_MAX, &count, err) < 0 ||
        read_number(options->keep_audit_days, "keep-audit-days", 0, DAYS_MAX, &audit_days, err) < 0 ||
        read_number(options->keep_audit, "keep-audit", 0, INT64_MAX, &audit_count, err) < 0)
        return E_INVALID;
    settings->keep_events = (struct keep_limit){.days = (uint32_t)days, .count = (int64_t)count};
    settings->keep_audit = (struct keep_limit){.days = (uint32_t)audit_days, .count = (int64_t)audit_count};
    return E_OK;
}

static int read_settings(struct program *program, struct err *err)
{
    const struct fleet_options *options = &program->options;
    enum log_level level;
    program->settings = fleet_defaults;
    program->settings.passive = !options->active;
    program->settings.webhooks_to_private = options->private_webhooks;
    if (log_level_parse(options->log_level, &level) < 0)
        return err_set(err, E_INVALID, "--log-level: no such level: %s", options->log_level);
    log_set_level(level);
    log_set_format(options->log_plain ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON);
    uint64_t hold_time_s = program->settings.hold_time_s;
    uint64_t unreadable_ms = program->settings.unreadable_ms;
    int result = read_number(options->hold_time, "hold-time", 3, UINT16_MAX, &hold_time_s, err);
    if (result == E_OK)
        result = read_number(options->unreadable, "unreadable-after", 100, 10000, &unreadable_ms, err);
    if (result == E_OK)
        result = read_keep(options, &program->settings, err);
    program->settings.hold_time_s = (uint16_t)hold_time_s;
    program->settings.unreadable_ms = (uint32_t)unreadable_ms;
    return result;
}

static int start(struct program *program, struct err *err)
{
    const struct fleet_options *options = &program->options;
    int result = store_open(options->store, &program->store, err);
    if (result == E_OK)
        result = first_token(program, err);
    if (result < 0)
        return result;
    service_init(&program->service, program->loop, program->store, &program->settings);
    program->service.console_folder = options->console;
    result = serve(program, options->listen, false, &program->plain, err);
    if (result == E_OK && options->listen_tls)
        result = serve(program, options->listen_tls, true, &program->secure, err);
    if (result == E_OK && options->connect)
        result = serve_connect(program, options->connect, err);
    return result;
}

static void stop(struct program *program)
{
    connect_front_free(program->front);
    http_server_free(program->plain);
    http_server_free(program->secure);
    if (program->service.fleet.loop)
        service_release(&program->service);
    loop_turn(program->loop, 0);
    store_close(program->store);
    loop_on_signal(program->loop, SIGTERM, NULL, NULL);
    loop_on_signal(program->loop, SIGINT, NULL, NULL);
    loop_free(program->loop);
}

int main(int argc, char **argv)
{
    static struct program program;
    struct err err = {.text = ""};
    if (fleet_options_parse(argc, argv, &program.options, &err) < 0 || read_settings(&program, &err) < 0) {
        fprintf(stderr, "godwit-fleet: %s\n", err.text);
        return 2;
    }
    if (program.options.help) {
        fleet_options_help();
        return 0;
    }
    if (program.options.version) {
        printf("godwit-fleet version " GODWIT_VERSION "\n");
        return 0;
    }
    signal(SIGPIPE, SIG_IGN);
    service_raise_file_limit(FILES_WANTED);
    program.loop = loop_new();
    if (!program.loop) {
        fprintf(stderr, "godwit-fleet: no event loop\n");
        return 1;
    }
    loop_on_signal(program.loop, SIGTERM, on_signal, &program);
    loop_on_signal(program.loop, SIGINT, on_signal, &program);
    int result = start(&program, &err);
    if (result == E_OK)
        loop_run(program.loop);
    else
        fprintf(stderr, "godwit-fleet: %s\n", err.text);
    stop(&program);
    return result == E_OK ? 0 : 1;
}
