/* The gRPC services over control/: GoBGP's (apipb.GobgpApi, its v3 contract) and our own (godwit.v1.Godwit).
 *
 * Here, in convert_*.c and encode_*.c, generated and internal types meet, and nowhere else. Errors of the speaker are
 * answered as GoBGP does: code Unknown and the plain text.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "control/control.h"
#include "rpc/server.h"

struct api;

/* What only the program around can do. A NULL function: answered as unimplemented. */
struct api_hooks {
    /* Reads the configuration file again; with `check_only` only says what would change. A line each into `changes`. */
    int (*reload)(void *context, bool check_only, struct text *changes, struct err *err);
    void *context;
};

/* Registers the services with `server`, which must be freed before api_free. */
struct api *api_new(struct loop *loop, struct control *control, struct rpc_server *server,
                    const struct api_hooks *hooks);
void api_free(struct api *api);
