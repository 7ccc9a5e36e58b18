#include "http/connections.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/time.h"

enum { SWEEP_MS = 1000 };

struct connection {
    struct list link;
    struct addr from;
    int fd;
    struct mono_time since; /* it is in its list */
    bool cut;
};

/* The library notices, and lets go of it. */
static void cut(struct connection *connection)
{
    if (!connection->cut)
        shutdown(connection->fd, SHUT_RDWR);
    connection->cut = true;
}

static void cut_older(struct list *list, int64_t limit_ms)
{
    struct mono_time now = mono_now();
    list_foreach (connection, list, struct connection, link) {
        if (mono_diff_ms(now, connection->since) < limit_ms)
            break;
        cut(connection);
    }
}

static void sweep_due(struct loop_timer *timer)
{
    struct connections *connections = container_of(timer, struct connections, sweep);
    cut_older(&connections->waiting, (int64_t)HTTP_REQUEST_S * 1000);
    cut_older(&connections->answering, (int64_t)HTTP_ANSWER_S * 1000);
    loop_timer_start(timer, SWEEP_MS);
}

void connections_init(struct connections *connections, struct loop *loop)
{
    *connections = (struct connections){.loop = loop};
    list_init(&connections->waiting);
    list_init(&connections->answering);
    list_init(&connections->lasting);
    loop_timer_init(&connections->sweep, loop, sweep_due);
    loop_timer_start(&connections->sweep, SWEEP_MS);
}

void connections_release(struct connections *connections)
{
    loop_timer_stop(&connections->sweep);
}

static unsigned count_from(struct list *list, const struct addr *from)
{
    unsigned count = 0;
    list_foreach (connection, list, struct connection, link)
        count += !connection->cut && addr_equal(&connection->from, from);
    return count;
}

static unsigned count_of(struct connections *connections, const struct addr *from)
{
    return count_from(&connections->waiting, from) + count_from(&connections->answering, from) +
           count_from(&connections->lasting, from);
}

static bool make_room(struct connections *connections)
{
    list_foreach (connection, &connections->waiting, struct connection, link) {
        if (!connection->cut) {
            cut(connection);
            return true;
        }
    }
    return false;
}

bool connections_accept(struct connections *connections, const struct addr *from)
{
    if (!addr_is_loopback(from) && count_of(connections, from) >= HTTP_CONNECTIONS_OF_ONE_MAX)
        return false;
    return connections->count < HTTP_CONNECTIONS_MAX || make_room(connections);
}

static void move_to(struct list *list, struct connection *connection)
{
    list_remove(&connection->link);
    list_append(list, &connection->link);
    connection->since = mono_now();
}

struct connection *connection_new(struct connections *connections, struct MHD_Connection *of)
{
    struct connection *connection = mem_zalloc(MEM_OTHER, sizeof(*connection));
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(of, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof(storage);
    connection->fd = MHD_get_connection_info(of, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (info && getpeername(connection->fd, (struct sockaddr *)&storage, &length) == 0)
        connection->from = endpoint_from_sockaddr(&storage).addr;
    connections->count++;
    list_init(&connection->link);
    move_to(&connections->waiting, connection);
    return connection;
}

void connection_free(struct connections *connections, struct connection *connection)
{
    connections->count--;
    list_remove(&connection->link);
    mem_free(MEM_OTHER, connection);
}

void connection_waits(struct connections *connections, struct connection *connection)
{
    move_to(&connections->waiting, connection);
}

void connection_answers(struct connections *connections, struct connection *connection)
{
    move_to(&connections->answering, connection);
}

void connection_lasts(struct connections *connections, struct connection *connection)
{
    move_to(&connections->lasting, connection);
}
