#include "daemon/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

enum {
    API_PORT = 50051,
    HOST_MAX = 256,
    SOCKET_MODE = 0660,
};

static const char default_folder[] = "/run/godwit";
static const char default_socket[] = "/run/godwit/godwit.sock";
static const char unix_scheme[] = "unix://";

static int listen_unix(struct rpc_server *server, const char *path, struct err *err)
{
    struct rpc_listen_options options = {0};
    int result = rpc_server_listen_unix(server, path, SOCKET_MODE, &options, err);
    if (result == 0)
        log_info("api", path, "serving on a UNIX socket");
    return result;
}

static bool may_listen(const struct endpoint *endpoint, const struct daemon_options *options)
{
    return options->tls || options->insecure || addr_is_loopback(&endpoint->addr);
}

static int listen_address(struct rpc_server *server, const struct endpoint *endpoint,
                          const struct daemon_options *options, struct tls_context *tls, struct err *err)
{
    char text[ENDPOINT_TEXT_MAX];
    struct rpc_listen_options listen_options = {.tls = tls};
    struct endpoint bound;
    endpoint_format(endpoint, text);
    if (!may_listen(endpoint, options))
        return err_set(
            err, E_INVALID,
            "refusing to serve the API on %s: it is neither loopback nor protected; use --tls, or --insecure "
            "if nobody else can reach it",
            text);
    int result = rpc_server_listen(server, transport_tcp(), endpoint, &listen_options, &bound, err);
    if (result < 0)
        return err_prefix(err, result, "API on %s", text);
    log_info("api", text, "serving%s", tls ? " over TLS" : "");
    return 0;
}

/* "ADDRESS:PORT", "[ADDRESS]:PORT", ":PORT" (every address), "localhost:PORT". */
static int host_parse(const char *text, const char *name, struct endpoint *endpoint, struct err *err)
{
    char host[HOST_MAX];
    uint64_t port;
    const char *colon = strrchr(text, ':');
    struct str str = str_over(host, sizeof(host));
    if (!colon || str_parse_u64(colon + 1, 0, UINT16_MAX, &port) < 0)
        return err_set(err, E_INVALID, "%s: \"%s\" is not ADDRESS:PORT", name, text);
    size_t length = (size_t)(colon - text);
    bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    str_add_n(&str, bracketed ? text + 1 : text, bracketed ? length - 2 : length);
    if (str_equal_nocase(host, "localhost"))
        str = str_over(host, sizeof(host)), str_add(&str, "127.0.0.1");
    *endpoint = (struct endpoint){.port = (uint16_t)port};
    if (host[0] && addr_parse(host, &endpoint->addr) < 0)
        return err_set(err, E_INVALID, "%s: \"%s\" is not an address", name, host);
    return 0;
}

static int listen_host(struct rpc_server *server, const char *host, const struct daemon_options *options,
                       struct tls_context *tls, struct err *err)
{
    struct endpoint endpoint;
    if (str_starts_with(host, unix_scheme))
        return listen_unix(server, host + strlen(unix_scheme), err);
    if (host_parse(host, "--api-hosts", &endpoint, err) < 0)
        return E_INVALID;
    if (endpoint.addr.kind != ADDR_NONE)
        return listen_address(server, &endpoint, options, tls, err);
    endpoint.addr = (struct addr){.kind = ADDR_IPV4};
    int result = listen_address(server, &endpoint, options, tls, err);
    endpoint.addr = (struct addr){.kind = ADDR_IPV6};
    struct err ipv6 = {0};
    if (result == 0 && listen_address(server, &endpoint, options, tls, &ipv6) < 0)
        log_warn("api", NULL, "%s", ipv6.text);
    return result;
}

static int listen_default(struct rpc_server *server, const struct daemon_options *options, struct tls_context *tls,
                          struct err *err)
{
    struct endpoint endpoint = {.addr = addr_ipv4(0x7f000001), .port = API_PORT};
    struct err unix_err = {0};
    int result = listen_address(server, &endpoint, options, tls, err);
    if (result < 0)
        return result;
    if (mkdir(default_folder, 0755) != 0 && errno != EEXIST)
        return 0;
    if (access(default_folder, W_OK) == 0 && listen_unix(server, default_socket, &unix_err) < 0)
        log_warn("api", default_socket, "%s", unix_err.text);
    return 0;
}

int listen_all(struct rpc_server *server, const struct daemon_options *options, struct tls_context *tls,
               struct err *err)
{
    const char *rest = options->api_hosts;
    if (!rest)
        return listen_default(server, options, tls, err);
    while (rest) {
        char host[HOST_MAX];
        struct str str = str_over(host, sizeof(host));
        const char *comma = strchr(rest, ',');
        str_add_n(&str, rest, comma ? (size_t)(comma - rest) : strlen(rest));
        if (str.truncated)
            return err_set(err, E_INVALID, "--api-hosts: a name is too long");
        int result = listen_host(server, host, options, tls, err);
        if (result < 0)
            return result;
        rest = comma ? comma + 1 : NULL;
    }
    return 0;
}

int listen_metrics_parse(const char *text, const char *name, struct endpoint *endpoint, struct err *err)
{
    int result = host_parse(text, name, endpoint, err);
    if (result == 0 && endpoint->addr.kind == ADDR_NONE)
        return err_set(err, E_INVALID, "%s: \"%s\" has no address", name, text);
    return result;
}

int listen_metrics(struct page_server **server, struct metrics_source *source, const struct endpoint *endpoint,
                   const struct daemon_options *options, struct tls_context *tls, struct err *err)
{
    char text[ENDPOINT_TEXT_MAX];
    endpoint_format(endpoint, text);
    if (!may_listen(endpoint, options))
        return err_set(err, E_INVALID,
                       "refusing to serve metrics on %s: it is neither loopback nor protected; use --tls, or "
                       "--insecure if nobody else can reach it",
                       text);
    struct page_server_options server_options = {.transport = transport_tcp(),
                                                 .local = *endpoint,
                                                 .tls = tls,
                                                 .pages = metrics_pages,
                                                 .page_count = metrics_page_count,
                                                 .context = source};
    int result = page_server_new(source->loop, &server_options, server, err);
    if (result < 0)
        return err_prefix(err, result, "metrics on %s", text);
    log_info("metrics", text, "serving%s", tls ? " over TLS" : "");
    return 0;
}
