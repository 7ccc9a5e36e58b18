/* The connection to the fleet service from inside: for those who ask it (fleet_call.c) and those who listen
 * (fleet_follow.c). */
#pragma once

#include "cli/fleet_call.h"
#include "cli/fleet_settings.h"
#include "http/exchange.h"
#include "io/resolve.h"

struct fleet_client {
    struct fleet_settings settings;
    struct loop *loop;
    struct tls_context *tls;
    struct endpoint addresses[RESOLVE_ADDRESSES_MAX];
    int address_count;
    int address; /* the one that answered last */
    const char *headers;
    struct json_node **kept; /* answers, until the command ends */
    size_t kept_count;
    size_t kept_capacity;
};

/* Ready to ask. NULL with the error noted. */
struct fleet_client *fleet_client(struct cli *cli);

/* `path` is the whole one, with that of the service's URL in front. */
struct http_wish fleet_client_wish(const struct fleet_client *client, const struct fleet_request *request,
                                   const char *path);

/* A round is a part of a command that does not end: what is allocated in the command's arena and what is answered
 * between begin and end lives until the end only. */
void fleet_round_begin(struct cli *cli, struct arena *outer);
void fleet_round_end(struct cli *cli, struct arena *outer);

static inline bool fleet_client_is_good(unsigned status)
{
    return status >= 200 && status < 300;
}

/* Notes the service's words for an answer that is not good. E_INVALID. */
int fleet_client_refused(struct cli *cli, const struct fleet_request *request, unsigned status,
                         const struct json_node *body);
