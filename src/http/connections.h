/* Who is connected, and for how long one may take over what. A client that says nothing, or its request a byte at a
 * time, is cut off after HTTP_REQUEST_S, and sooner, the longest waiting first, when there is no room for others; one
 * that does not take its answer after HTTP_ANSWER_S. Streams may last.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

#include "base/list.h"
#include "io/loop.h"
#include "net/addr.h"

enum {
    HTTP_CONNECTIONS_MAX = 2000,
    HTTP_CONNECTIONS_OF_ONE_MAX = 500, /* from one address, unless that is this machine */
    HTTP_REQUEST_S = 60,
    HTTP_ANSWER_S = 300,
};

struct connections {
    struct loop *loop;
    struct list waiting;   /* struct connection, whose request is not here yet; longest waiting first */
    struct list answering; /* whose answer is under way; oldest first */
    struct list lasting;   /* streams, and what is answered later */
    struct loop_timer sweep;
    unsigned count;
};

struct connection;

void connections_init(struct connections *connections, struct loop *loop);
void connections_release(struct connections *connections); /* after the last has gone */

/* May one more come from there? Makes room if need be. */
bool connections_accept(struct connections *connections, const struct addr *from);
struct connection *connection_new(struct connections *connections, struct MHD_Connection *of);
void connection_free(struct connections *connections, struct connection *connection);

void connection_waits(struct connections *connections, struct connection *connection);   /* for a request */
void connection_answers(struct connections *connections, struct connection *connection); /* which is to be taken */
void connection_lasts(struct connections *connections, struct connection *connection);   /* as long as it likes */
