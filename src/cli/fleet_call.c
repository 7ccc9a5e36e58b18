#include "cli/fleet_call.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "cli/fleet_client.h"
#include "http/exchange.h"
#include "io/tls.h"

enum {
    ANSWER_MAX_BYTES = 256 << 20,
    ANSWER_IDLE_MS = 30000, /* "update now" waits for routers */
};

static void forget_answers(struct fleet_client *client)
{
    for (size_t i = 0; i < client->kept_count; i++)
        json_in_free(client->kept[i]);
    client->kept_count = 0;
}

void fleet_round_begin(struct cli *cli, struct arena *outer)
{
    forget_answers(cli->fleet); /* of names that were looked up */
    *outer = cli->arena;
    arena_init(&cli->arena, 0);
}

void fleet_round_end(struct cli *cli, struct arena *outer)
{
    arena_release(&cli->arena);
    cli->arena = *outer;
    forget_answers(cli->fleet);
}

void fleet_client_free(struct fleet_client *client)
{
    if (!client)
        return;
    forget_answers(client);
    mem_free(MEM_OTHER, client->kept);
    tls_context_unref(client->tls);
    loop_free(client->loop);
    mem_free(MEM_OTHER, client);
}

/* A token that leaves this machine is not sent for everyone on the way to read. */
static int check_clear(struct cli *cli, const struct fleet_client *client)
{
    if (client->settings.url.secure || client->settings.insecure)
        return 0;
    for (int i = 0; i < client->address_count; i++) {
        if (!addr_is_loopback(&client->addresses[i].addr))
            return cli_fail(cli,
                            "%s: the token would be sent in the clear to another machine; use https://, or say "
                            "--insecure",
                            client->settings.url_text);
    }
    return 0;
}

static int client_prepare(struct cli *cli, struct fleet_client *client)
{
    struct err err = {.text = ""};
    const struct http_url *url = &client->settings.url;
    client->address_count = resolve_now(url->host, url->port, client->addresses, &err);
    if (client->address_count < 0)
        return cli_fail(cli, "%s: %s", client->settings.url_text, err.text);
    if (check_clear(cli, client) < 0)
        return E_INVALID;
    if (url->secure) {
        const struct tls_settings tls = {.ca_file = client->settings.ca_file, .server_name = url->host};
        client->tls = tls_context_new_client(&tls, &err);
        if (!client->tls)
            return cli_fail(cli, "%s", err.text);
    }
    client->headers = arena_printf(&cli->arena, "X-Auth-Token: %s\r\n", client->settings.token);
    client->loop = loop_new();
    return client->loop ? 0 : cli_fail(cli, "epoll: %s", strerror(errno));
}

/* With its settings; nothing is connected to or looked up. */
static struct fleet_client *client_of(struct cli *cli)
{
    if (cli->fleet)
        return cli->fleet;
    struct fleet_client *client = mem_zalloc(MEM_OTHER, sizeof(*client));
    if (fleet_settings_read(cli, &client->settings) < 0) {
        mem_free(MEM_OTHER, client);
        return NULL;
    }
    cli->fleet = client;
    return client;
}

const struct fleet_settings *fleet_settings(struct cli *cli)
{
    struct fleet_client *client = client_of(cli);
    return client ? &client->settings : NULL;
}

int fleet_format(struct cli *cli, enum fleet_format *format)
{
    static const char *const names[] = {[FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_YAML] = "yaml"};
    const struct fleet_settings *settings = fleet_settings(cli);
    if (!settings)
        return E_INVALID;
    const char *name = settings->output ? settings->output : "table";
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *format = cli->options.json ? FORMAT_JSON : (enum fleet_format)i;
            cli->options.json = *format == FORMAT_JSON; /* so that errors are JSON too */
            return 0;
        }
    }
    return cli_fail(cli, "--output %s: table, json or yaml is allowed", settings->output);
}

bool fleet_wants_table(struct cli *cli)
{
    enum fleet_format format;
    return fleet_format(cli, &format) == 0 && format == FORMAT_TABLE && !cli->options.quiet;
}

/* Paths ------------------------------------------------------------------------------------------------------------ */

static void path_escape(struct text *path, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *word; word++) {
        if (strchr(plain, *word))
            text_add_n(path, word, 1);
        else
            text_printf(path, "%%%02X", (unsigned char)*word);
    }
}

const char *fleet_path(struct cli *cli, const char *format, ...)
{
    struct text path;
    va_list words;
    text_init(&path, 1 << 20);
    va_start(words, format);
    while (*format) {
        size_t plain = strcspn(format, "%");
        text_add_n(&path, format, plain);
        format += plain;
        if (*format) {
            path_escape(&path, va_arg(words, const char *));
            format += strlen("%s");
        }
    }
    va_end(words);
    const char *result = arena_strndup(&cli->arena, path.bytes, path.length);
    text_release(&path);
    return result;
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

/* An answer on its way. */
struct asking {
    unsigned status;
    struct text body;
    bool done;
    bool failed;
    char reason[256];
};

static void asking_head(void *context, unsigned status)
{
    ((struct asking *)context)->status = status;
}

static void asking_body(void *context, const char *bytes, size_t length)
{
    text_add_n(&((struct asking *)context)->body, bytes, length);
}

static void asking_done(void *context, const char *reason)
{
    struct asking *asking = context;
    struct str text = str_over(asking->reason, sizeof(asking->reason));
    asking->done = true;
    asking->failed = reason != NULL;
    str_add(&text, reason ? reason : "");
}

static const struct http_exchange_ops asking_ops = {.head = asking_head, .body = asking_body, .done = asking_done};

struct fleet_client *fleet_client(struct cli *cli)
{
    struct fleet_client *client = client_of(cli);
    return client && (client->loop || client_prepare(cli, client) == 0) ? client : NULL;
}

struct http_wish fleet_client_wish(const struct fleet_client *client, const struct fleet_request *request,
                                   const char *path)
{
    return (struct http_wish){
        .method = request->method ? request->method : "GET",
        .url = &client->settings.url,
        .path = path,
        .address = client->addresses[client->address],
        .tls = client->tls,
        .headers = client->headers,
        .body = request->body,
        .length = request->body ? strlen(request->body) : 0,
        .idle_ms = ANSWER_IDLE_MS,
    };
}

static void ask_once(struct fleet_client *client, const struct http_wish *wish, struct asking *asking)
{
    struct err err = {.text = ""};
    asking->status = 0;
    asking->done = asking->failed = false;
    text_clear(&asking->body);
    struct http_exchange *exchange = http_exchange_start(client->loop, wish, &asking_ops, asking, &err);
    if (!exchange)
        asking_done(asking, err.text);
    while (!asking->done)
        loop_turn(client->loop, -1);
    http_exchange_free(exchange);
}

/* Tries the other addresses of the name if one is not there: "localhost" is two. */
static int ask(struct cli *cli, const struct fleet_request *request, struct asking *asking)
{
    struct fleet_client *client = fleet_client(cli);
    if (!client)
        return E_INVALID;
    char *path = mem_alloc(MEM_OTHER, strlen(client->settings.url.path) + strlen(request->path) + 1);
    memcpy(path, client->settings.url.path, strlen(client->settings.url.path));
    memcpy(path + strlen(client->settings.url.path), request->path, strlen(request->path) + 1);
    for (int i = 0; i < client->address_count; i++) {
        struct http_wish wish = fleet_client_wish(client, request, path);
        ask_once(client, &wish, asking);
        if (!asking->failed || asking->status)
            break;
        client->address = (client->address + 1) % client->address_count;
    }
    mem_free(MEM_OTHER, path);
    if (asking->body.failed)
        return cli_fail(cli, "%s: the answer is too long", request->path);
    if (asking->failed)
        return cli_fail(
            cli, "%s: %s%s", client->settings.url_text, asking->reason,
            asking->status || client->tls ? "" : " (is godwit-fleet there? --fleet or GODWIT_FLEET_URL says where)");
    return 0;
}

/* {"errors": ["..."]} or {"error": "..."}, in one line. */
static void error_words(struct text *out, const struct json_node *body)
{
    const struct json_node *errors = json_in_member(body, "errors");
    const char *error = json_in_text(json_in_member(body, "error"));
    text_add(out, error ? error : "");
    for (size_t i = 0; i < json_in_count(errors); i++) {
        const char *text = json_in_text(json_in_at(errors, i));
        text_printf(out, "%s%s", out->length ? "; " : "", text ? text : "");
    }
}

int fleet_client_refused(struct cli *cli, const struct fleet_request *request, unsigned status,
                         const struct json_node *body)
{
    struct text words;
    text_init(&words, 64 * 1024);
    error_words(&words, body);
    cli_fail(cli, "%s %s: %s (%u)", request->method ? request->method : "GET", request->path,
             words.length ? words.bytes : "refused without a reason", status);
    if (status == 401)
        text_printf(&cli->error, "; the token is that of %s", cli->fleet->settings.token_origin);
    text_release(&words);
    return E_INVALID;
}

int fleet_ask_owned(struct cli *cli, const struct fleet_request *request, struct json_node **answer)
{
    struct asking asking = {0};
    struct err err = {.text = ""};
    *answer = NULL;
    text_init(&asking.body, ANSWER_MAX_BYTES);
    int result = ask(cli, request, &asking);
    if (result == 0 && asking.body.length > 0)
        *answer = json_in_parse(asking.body.bytes, asking.body.length, &err);
    if (result == 0 && !fleet_client_is_good(asking.status))
        result = fleet_client_refused(cli, request, asking.status, *answer);
    else if (result == 0 && asking.body.length > 0 && !*answer)
        result =
            cli_fail(cli, "%s: the answer is not the fleet service's: %s", cli->fleet->settings.url_text, err.text);
    if (result < 0) {
        json_in_free(*answer);
        *answer = NULL;
    }
    text_release(&asking.body);
    return result;
}

int fleet_ask(struct cli *cli, const struct fleet_request *request, const struct json_node **answer)
{
    struct json_node *owned;
    int result = fleet_ask_owned(cli, request, &owned);
    struct fleet_client *client = cli->fleet;
    *answer = owned;
    if (!owned)
        return result;
    if (client->kept_count == client->kept_capacity) {
        client->kept_capacity = client->kept_capacity ? client->kept_capacity * 2 : 16;
        client->kept = mem_realloc(MEM_OTHER, client->kept, client->kept_capacity * sizeof(*client->kept));
    }
    client->kept[client->kept_count++] = owned;
    return result;
}

int fleet_ask_text(struct cli *cli, const struct fleet_request *request, const char **answer)
{
    struct asking asking = {0};
    struct err err = {.text = ""};
    text_init(&asking.body, ANSWER_MAX_BYTES);
    int result = ask(cli, request, &asking);
    *answer = arena_strndup(&cli->arena, asking.body.bytes ? asking.body.bytes : "", asking.body.length);
    if (result == 0 && !fleet_client_is_good(asking.status)) {
        struct json_node *body = json_in_parse(*answer, asking.body.length, &err);
        result = fleet_client_refused(cli, request, asking.status, body);
        json_in_free(body);
    }
    text_release(&asking.body);
    return result;
}
