/* The fleet with its API in front. */
#pragma once

#include "fleet/fleet.h"
#include "http/server.h"

struct service {
    struct fleet fleet;
    const char *console_folder; /* NULL: the console that is built in */
    struct list waiting;        /* struct discovery: "Update now" */
    struct list streams;        /* struct event_stream */
    struct event_listener news;
    struct webhooks *webhooks;
    struct replica *replica; /* NULL: the only one */
    struct retention *retention;
    uint64_t requests;
};

void service_init(struct service *service, struct loop *loop, struct store *store,
                  const struct fleet_settings *settings);
void service_release(struct service *service); /* after the HTTP servers */
