/* Where a server is, as gRPC's users write it: "127.0.0.1:50051", "[::1]:50051", ":50051", "host.example:50051",
 * "unix:///run/godwit.sock", "unix:godwit.sock", "dns:///host:port".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/resolve.h"
#include "net/addr.h"

enum {
    RPC_HOST_MAX = RESOLVE_HOST_MAX,
    RPC_SOCKET_PATH_MAX = 108,
    RPC_TARGET_ADDRESSES_MAX = RESOLVE_ADDRESSES_MAX,
};

struct rpc_target {
    bool local; /* a UNIX socket */
    char path[RPC_SOCKET_PATH_MAX];
    char host[RPC_HOST_MAX]; /* without brackets; "" = every address */
    uint16_t port;
};

/* `default_port` (0 = none) stands in where only a host is given. E_OK or E_INVALID. */
int rpc_target_parse(const char *text, uint16_t default_port, struct rpc_target *target, struct err *err);

/* The addresses of a host, numbers without asking anybody, names by the system's resolver: it waits. How many, or
 * E_NOT_FOUND. An empty host is the local one. */
int rpc_target_resolve(const struct rpc_target *target, struct endpoint addresses[RPC_TARGET_ADDRESSES_MAX],
                       struct err *err);
