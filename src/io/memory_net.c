/* The network in memory: hosts, paths, and how connections open.
 *
 * A connection opens in three steps, SYN, answer, ACK, so that the dialer is connected half a round trip before the
 * acceptor hears of it. A step is repeated as Linux repeats it (after 1, 2, 4 ... s) while it does not get through: the
 * path is cut, the MD5 keys differ, or the TTL does not suffice. So a key set late, or a link that comes back, lets the
 * connection through as it would in the kernel, and ETIMEDOUT comes at the same time.
 */
#include "io/memory_conn.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
    SYN_RETRIES = 6,
    SYN_RETRY_MS = 1000,
    TTL_DEFAULT = 64,
    TTL_LISTENER = 255,
    PORT_FIRST = 49152, /* of those given to who does not ask for one */
    PORT_LAST = 65535,
};

struct memory_host {
    struct transport base;
    struct list link;
    struct memory_net *net;
    struct addr addrs[MEMORY_HOST_ADDRS_MAX];
    unsigned addr_count;
    uint16_t next_port;
};

struct memory_key {
    struct list link;
    struct addr addr;
    unsigned bits;
    uint8_t length;
    char bytes[TCP_MD5_KEY_MAX];
};

struct memory_listener {
    struct listener base;
    struct list link;
    struct memory_host *host;
    struct list keys;
    listener_accept accept;
    void *owner;
};

static const struct transport_ops memory_transport_ops;

/* The net and its paths ------------------------------------------------------------------------------------------- */

struct memory_net *memory_net_new(struct loop *loop)
{
    struct memory_net *net = mem_zalloc(MEM_OTHER, sizeof(*net));
    net->loop = loop;
    net->buffer_bytes = MEMORY_BUFFER_BYTES;
    list_init(&net->hosts);
    list_init(&net->paths);
    list_init(&net->listeners);
    list_init(&net->conns);
    return net;
}

void memory_net_free(struct memory_net *net)
{
    if (!net)
        return;
    list_foreach_safe (conn, &net->conns, struct memory_conn, link) {
        CHECK(conn->dialer.state == END_CLOSED && conn->acceptor.state == END_CONNECTING);
        memory_end_close(&conn->acceptor);
        memory_conn_free(conn);
    }
    CHECK(list_empty(&net->listeners));
    list_foreach_safe (host, &net->hosts, struct memory_host, link)
        mem_free(MEM_OTHER, host);
    list_foreach_safe (path, &net->paths, struct memory_path, link)
        mem_free(MEM_OTHER, path);
    mem_free(MEM_OTHER, net);
}

static struct memory_path *path_between(struct memory_net *net, const struct addr *from, const struct addr *to)
{
    list_foreach (path, &net->paths, struct memory_path, link) {
        if (addr_equal(&path->from, from) && addr_equal(&path->to, to))
            return path;
    }
    struct memory_path *path = mem_zalloc(MEM_OTHER, sizeof(*path));
    path->from = *from;
    path->to = *to;
    list_append(&net->paths, &path->link);
    return path;
}

static struct memory_host *host_of(struct memory_net *net, const struct addr *addr)
{
    list_foreach (host, &net->hosts, struct memory_host, link) {
        for (unsigned i = 0; i < host->addr_count; i++) {
            if (addr_equal(&host->addrs[i], addr))
                return host;
        }
    }
    return NULL;
}

struct transport *memory_net_transport(struct memory_net *net, const struct addr *local)
{
    struct memory_host *host = host_of(net, local);
    if (host)
        return &host->base;
    host = mem_zalloc(MEM_OTHER, sizeof(*host));
    host->base.ops = &memory_transport_ops;
    host->net = net;
    host->next_port = PORT_FIRST;
    host->addrs[host->addr_count++] = *local;
    list_append(&net->hosts, &host->link);
    return &host->base;
}

static struct memory_host *host_behind(struct transport *transport)
{
    return container_of(transport, struct memory_host, base);
}

void memory_net_add_address(struct transport *transport, const struct addr *addr)
{
    struct memory_host *host = host_behind(transport);
    CHECK(!host_of(host->net, addr) && host->addr_count < MEMORY_HOST_ADDRS_MAX);
    host->addrs[host->addr_count++] = *addr;
}

static uint16_t host_port(struct memory_host *host)
{
    uint16_t port = host->next_port;
    host->next_port = port == PORT_LAST ? PORT_FIRST : (uint16_t)(port + 1);
    return port;
}

void memory_net_set_buffer(struct memory_net *net, size_t bytes)
{
    net->buffer_bytes = bytes;
}

void memory_net_set_delay(struct memory_net *net, const struct addr *from, const struct addr *to, int64_t delay_ms)
{
    path_between(net, from, to)->delay_ms = delay_ms;
}

static void net_look_again(struct memory_net *net)
{
    list_foreach (conn, &net->conns, struct memory_conn, link) {
        memory_end_look_again(&conn->dialer);
        memory_end_look_again(&conn->acceptor);
    }
}

void memory_net_set_routers(struct memory_net *net, const struct addr *a, const struct addr *b, unsigned routers)
{
    path_between(net, a, b)->routers = routers;
    path_between(net, b, a)->routers = routers;
    net_look_again(net);
}

void memory_net_cut(struct memory_net *net, const struct addr *a, const struct addr *b)
{
    path_between(net, a, b)->cut = true;
    path_between(net, b, a)->cut = true;
}

void memory_net_restore(struct memory_net *net, const struct addr *a, const struct addr *b)
{
    path_between(net, a, b)->cut = false;
    path_between(net, b, a)->cut = false;
    net_look_again(net);
}

unsigned memory_net_connections(const struct memory_net *net)
{
    unsigned count = 0;
    for (const struct list *link = net->conns.next; link != &net->conns; link = link->next)
        count++;
    return count;
}

/* Reset, from outside --------------------------------------------------------------------------------------------- */

unsigned memory_net_reset(struct memory_net *net, const struct addr *a, const struct addr *b)
{
    unsigned count = 0;
    list_foreach_safe (conn, &net->conns, struct memory_conn, link) {
        const struct memory_path *path = conn->acceptor.inward;
        if (!(addr_equal(&path->from, a) && addr_equal(&path->to, b)) &&
            !(addr_equal(&path->from, b) && addr_equal(&path->to, a)))
            continue;
        count++;
        loop_timer_stop(&conn->handshake);
        if (conn->acceptor.state == END_CONNECTING)
            memory_end_close(&conn->acceptor);
        memory_end_reset(&conn->dialer);
        memory_end_reset(&conn->acceptor);
        if (conn->dialer.state == END_CLOSED && conn->acceptor.state == END_CLOSED)
            memory_conn_free(conn);
    }
    return count;
}

/* Dialing --------------------------------------------------------------------------------------------------------- */

static bool listener_hears(const struct memory_listener *listener, const struct memory_host *host,
                           const struct endpoint *endpoint)
{
    const struct endpoint *local = &listener->base.local;
    return listener->host == host && local->port == endpoint->port && local->addr.kind == endpoint->addr.kind &&
           (addr_is_any(&local->addr) || addr_equal(&local->addr, &endpoint->addr));
}

static struct memory_listener *listener_for(struct memory_net *net, const struct endpoint *endpoint)
{
    const struct memory_host *host = host_of(net, &endpoint->addr);
    list_foreach (listener, &net->listeners, struct memory_listener, link) {
        if (host && listener_hears(listener, host, endpoint))
            return listener;
    }
    return NULL;
}

static bool same_bits(const struct addr *a, const struct addr *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (a->kind != b->kind || memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

/* Does the listener expect of this dialer just the key he has? As in the kernel, none is a key of its own. */
static bool keys_match(const struct memory_listener *listener, const struct addr *dialer,
                       const struct transport_options *options)
{
    const struct memory_key *best = NULL;
    list_foreach (key, &listener->keys, struct memory_key, link) {
        if (same_bits(&key->addr, dialer, key->bits) && (!best || key->bits > best->bits))
            best = key;
    }
    if (!best)
        return options->md5_key_length == 0;
    return best->length == options->md5_key_length && memcmp(best->bytes, options->md5_key, best->length) == 0;
}

static void dial_failed(struct memory_conn *conn, int error)
{
    conn->dialer.state = END_FAILED_UNTOLD;
    conn->dialer.error = error;
    memory_end_tell_soon(&conn->dialer);
}

static void handshake_send(struct memory_conn *conn, enum handshake_step step)
{
    const struct memory_path *path = step == HANDSHAKE_ANSWER ? conn->dialer.inward : conn->acceptor.inward;
    conn->step = step;
    loop_timer_start(&conn->handshake, path->delay_ms);
}

static void handshake_again_later(struct memory_conn *conn)
{
    if (conn->tries <= SYN_RETRIES)
        loop_timer_start(&conn->handshake, (int64_t)SYN_RETRY_MS << conn->tries++);
    else if (conn->step != HANDSHAKE_ACK)
        dial_failed(conn, ETIMEDOUT);
}

static void syn_arrives(struct memory_conn *conn)
{
    const struct memory_listener *listener = listener_for(conn->net, &conn->acceptor.base.local);
    if (!memory_path_passes(conn->acceptor.inward, conn->dialer.ttl, 0) ||
        (listener && !keys_match(listener, &conn->dialer.base.local.addr, &conn->options))) {
        handshake_again_later(conn);
        return;
    }
    conn->answer = listener ? 0 : ECONNREFUSED;
    handshake_send(conn, HANDSHAKE_ANSWER);
}

static void answer_arrives(struct memory_conn *conn)
{
    uint8_t ttl = conn->answer == 0 ? TTL_LISTENER : TTL_DEFAULT;
    if (!memory_path_passes(conn->dialer.inward, ttl, conn->dialer.ttl_min)) {
        handshake_again_later(conn);
        return;
    }
    if (conn->answer != 0) {
        dial_failed(conn, conn->answer);
        return;
    }
    conn->acceptor.state = END_CONNECTING;
    conn->dialer.state = END_CONNECTED_UNTOLD;
    conn->tries = 0;
    handshake_send(conn, HANDSHAKE_ACK); /* ahead of anything the dialer may write */
    memory_end_tell_soon(&conn->dialer);
}

static void ack_arrives(struct memory_conn *conn)
{
    struct memory_end *acceptor = &conn->acceptor;
    if (!memory_path_passes(acceptor->inward, conn->dialer.ttl, 0)) {
        handshake_again_later(conn);
        return;
    }
    const struct memory_listener *listener = listener_for(conn->net, &acceptor->base.local);
    if (listener) {
        acceptor->state = END_CONNECTED;
        listener->accept(listener->owner, &acceptor->base);
        return;
    }
    memory_end_close(acceptor);
    if (conn->dialer.state == END_CLOSED)
        memory_conn_free(conn);
    else
        memory_end_signal(&conn->dialer, SEGMENT_RST);
}

static void handshake_arrival(struct loop_timer *timer)
{
    struct memory_conn *conn = container_of(timer, struct memory_conn, handshake);
    switch (conn->step) {
    case HANDSHAKE_SYN:
        syn_arrives(conn);
        break;
    case HANDSHAKE_ANSWER:
        answer_arrives(conn);
        break;
    case HANDSHAKE_ACK:
        ack_arrives(conn);
        break;
    }
}

/* The endpoint a dial comes from: E_OK, or E_IO if the host has no such address. */
static int dial_local(struct memory_host *host, const struct endpoint *remote, const struct endpoint *wanted,
                      struct endpoint *local, struct err *err)
{
    *local = *wanted;
    local->scope_id = remote->scope_id;
    if (local->port == 0)
        local->port = host_port(host);
    for (unsigned i = 0; i < host->addr_count; i++) {
        bool fits = wanted->addr.kind == ADDR_NONE ? host->addrs[i].kind == remote->addr.kind
                                                   : addr_equal(&host->addrs[i], &wanted->addr);
        if (fits && host->addrs[i].kind == remote->addr.kind) {
            local->addr = host->addrs[i];
            return E_OK;
        }
    }
    errno = EADDRNOTAVAIL;
    return err_set(err, E_IO, "cannot bind: the host has no such address");
}

static int memory_dial(struct transport *transport, struct loop *loop, const struct endpoint *remote,
                       const struct transport_options *options, const struct stream_handler *handler, void *owner,
                       struct stream **stream, struct err *err)
{
    struct memory_host *host = host_behind(transport);
    CHECK(loop == host->net->loop);
    struct endpoint local;
    int status = dial_local(host, remote, &options->local, &local, err);
    if (status != E_OK)
        return status;
    struct memory_conn *conn = mem_zalloc(MEM_OTHER, sizeof(*conn));
    conn->net = host->net;
    conn->options = *options;
    loop_timer_init(&conn->handshake, loop, handshake_arrival);
    memory_end_init(&conn->dialer, conn, &local, remote, path_between(conn->net, &remote->addr, &local.addr));
    memory_end_init(&conn->acceptor, conn, remote, &local, path_between(conn->net, &local.addr, &remote->addr));
    conn->dialer.state = END_CONNECTING;
    conn->dialer.ttl = options->ttl ? options->ttl : TTL_DEFAULT;
    conn->dialer.ttl_min = options->ttl_min;
    conn->acceptor.ttl = TTL_LISTENER;
    list_append(&host->net->conns, &conn->link);
    handshake_send(conn, HANDSHAKE_SYN);
    *stream = &conn->dialer.base;
    stream_set_owner(*stream, handler, owner);
    return E_OK;
}

/* Listening ------------------------------------------------------------------------------------------------------- */

static void key_free(struct memory_key *key)
{
    list_remove(&key->link);
    mem_free(MEM_OTHER, key);
}

static void memory_listener_free(struct listener *base)
{
    struct memory_listener *listener = container_of(base, struct memory_listener, base);
    list_foreach_safe (key, &listener->keys, struct memory_key, link)
        key_free(key);
    list_remove(&listener->link);
    mem_free(MEM_OTHER, listener);
}

static int memory_listen(struct transport *transport, struct loop *loop, const struct endpoint *local,
                         const char *bind_interface, listener_accept accept, void *owner, struct listener **listener,
                         struct err *err)
{
    struct memory_host *host = host_behind(transport);
    CHECK(loop == host->net->loop);
    if (!addr_is_any(&local->addr) && host_of(host->net, &local->addr) != host) {
        errno = EADDRNOTAVAIL;
        return err_set(err, E_IO, "cannot listen: the host has no such address");
    }
    list_foreach (other, &host->net->listeners, struct memory_listener, link) {
        if (other->host == host && other->base.local.port == local->port &&
            addr_equal(&other->base.local.addr, &local->addr)) {
            errno = EADDRINUSE;
            return err_set(err, E_IO, "cannot listen: the port is in use");
        }
    }
    struct memory_listener *memory = mem_zalloc(MEM_OTHER, sizeof(*memory));
    memory->base.free = memory_listener_free;
    memory->base.local = *local;
    if (local->port == 0)
        memory->base.local.port = host_port(host);
    memory->host = host;
    memory->accept = accept;
    memory->owner = owner;
    list_init(&memory->keys);
    list_append(&host->net->listeners, &memory->link);
    *listener = &memory->base;
    return E_OK;
}

static int memory_listener_set_key(struct listener *base, const struct addr *remote, unsigned remote_bits,
                                   const struct transport_options *options, struct err *err)
{
    struct memory_listener *listener = container_of(base, struct memory_listener, base);
    if (remote->kind != base->local.addr.kind || remote_bits > addr_bits(remote))
        return err_set(err, E_INVALID, "the prefix of an MD5 key is not of the listener's family");
    if (options->md5_key_length > TCP_MD5_KEY_MAX)
        return err_set(err, E_INVALID, "the MD5 key is longer than %d bytes", TCP_MD5_KEY_MAX);
    list_foreach_safe (old, &listener->keys, struct memory_key, link) {
        if (old->bits == remote_bits && addr_equal(&old->addr, remote))
            key_free(old);
    }
    if (options->md5_key_length == 0)
        return E_OK;
    struct memory_key *key = mem_zalloc(MEM_OTHER, sizeof(*key));
    key->addr = *remote;
    key->bits = remote_bits;
    key->length = options->md5_key_length;
    memcpy(key->bytes, options->md5_key, key->length);
    list_append(&listener->keys, &key->link);
    return E_OK;
}

static int memory_apply(struct stream *stream, const struct transport_options *options, struct err *err)
{
    struct memory_end *end = memory_end_of(stream);
    end->ttl = options->ttl ? options->ttl : TTL_DEFAULT;
    end->ttl_min = options->ttl_min;
    net_look_again(end->conn->net);
    return E_OK;
}

static const struct transport_ops memory_transport_ops = {
    .dial = memory_dial,
    .listen = memory_listen,
    .listener_free = memory_listener_free,
    .listener_set_key = memory_listener_set_key,
    .apply = memory_apply,
};
