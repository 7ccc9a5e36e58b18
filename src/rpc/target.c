#include "rpc/target.h"

#include <string.h>

#include "base/str.h"

static int local_parse(const char *text, const char *path, struct rpc_target *target, struct err *err)
{
    size_t length = strlen(path);
    if (length == 0)
        return err_set(err, E_INVALID, "%s: a path is missing", text);
    if (length >= sizeof(target->path))
        return err_set(err, E_INVALID, "%s: a socket's path has at most %zu characters", text,
                       sizeof(target->path) - 1);
    target->local = true;
    memcpy(target->path, path, length + 1);
    return E_OK;
}

int rpc_target_parse(const char *text, uint16_t default_port, struct rpc_target *target, struct err *err)
{
    *target = (struct rpc_target){.port = default_port};
    if (str_starts_with(text, "unix://"))
        return local_parse(text, text + strlen("unix://"), target, err);
    if (str_starts_with(text, "unix:"))
        return local_parse(text, text + strlen("unix:"), target, err);

    const char *host = str_starts_with(text, "dns:///") ? text + strlen("dns:///") : text;
    const char *host_end = host + strlen(host);
    const char *port = strrchr(host, ':');
    if (host[0] == '[') {
        host_end = strchr(host, ']');
        if (!host_end || (host_end[1] != ':' && host_end[1] != '\0'))
            return err_set(err, E_INVALID, "%s: not host:port", text);
        port = host_end[1] ? host_end + 1 : NULL;
        host++;
    } else if (port && strchr(host, ':') != port) {
        port = NULL; /* several colons: an IPv6 address without brackets, and no port */
    } else if (port) {
        host_end = port;
    }

    size_t length = (size_t)(host_end - host);
    if (length >= sizeof(target->host))
        return err_set(err, E_INVALID, "%s: the host's name is too long", text);
    memcpy(target->host, host, length);
    uint64_t value = default_port;
    if (port && str_parse_u64(port + 1, 1, UINT16_MAX, &value) < 0)
        return err_set(err, E_INVALID, "%s: a port is a number from 1 to 65535", text);
    if (value == 0)
        return err_set(err, E_INVALID, "%s: a port is missing", text);
    target->port = (uint16_t)value;
    return E_OK;
}

int rpc_target_resolve(const struct rpc_target *target, struct endpoint addresses[RPC_TARGET_ADDRESSES_MAX],
                       struct err *err)
{
    return resolve_now(target->host[0] ? target->host : "localhost", target->port, addresses, err);
}
