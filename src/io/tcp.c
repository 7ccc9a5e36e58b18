/* TCP as a transport: sockets with the options routers use.
 *
 * A listener sends with TTL 255. Its SYN-ACK leaves before anybody knows the peer's settings, and a peer with TTL
 * security (RFC 5082) would drop it otherwise; `apply` sets what the peer's own configuration says.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/socket_stream.h"
#include "io/tcp_auth.h"

enum {
    TRAFFIC_CLASS = IPTOS_CLASS_CS6, /* network control: what routers mark their routing protocols with */
    LISTENER_TTL = 255,
};

static int option_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/* Marking is a courtesy: a refusal is no error. */
static void mark(int fd, enum addr_kind kind, uint8_t tos)
{
    int value = tos ? tos : TRAFFIC_CLASS;
    if (kind == ADDR_IPV6)
        option_set(fd, IPPROTO_IPV6, IPV6_TCLASS, value);
    else
        option_set(fd, IPPROTO_IP, IP_TOS, value);
}

/* A socket with what every BGP connection gets, or -1 with errno. */
static int tcp_socket(enum addr_kind kind)
{
    int family = kind == ADDR_IPV6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return -1;
    option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    mark(fd, kind, 0);
    if (kind == ADDR_IPV6)
        option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return fd;
}

static int bind_to_interface(int fd, const char *interface, struct err *err)
{
    size_t length = strnlen(interface, sizeof(((struct transport_options *)NULL)->bind_interface));
    if (length == 0)
        return E_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)length) == 0)
        return E_OK;
    return err_set(err, E_IO, "cannot bind to interface %.*s: %s", (int)length, interface, strerror(errno));
}

static int bind_to_local(int fd, const struct endpoint *local, struct err *err)
{
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(local, &storage);
    if (bind(fd, (struct sockaddr *)&storage, length) == 0)
        return E_OK;
    int reason = errno;
    char text[ENDPOINT_TEXT_MAX];
    return err_set(err, E_IO, "cannot bind to %s: %s", endpoint_format(local, text), strerror(reason));
}

/* Where to bind before dialing. A link-local address means nothing without its link, which is the remote's. */
static int bind_for_dial(int fd, const struct endpoint *remote, const struct transport_options *options,
                         struct err *err)
{
    struct endpoint local = options->local;
    if (local.addr.kind == ADDR_NONE)
        return E_OK;
    if (local.addr.kind != remote->addr.kind)
        return err_set(err, E_INVALID, "the local address is not of the same family as the peer's");
    if (local.scope_id == 0 && addr_is_link_local(&local.addr))
        local.scope_id = remote->scope_id;
    if (local.port == 0)
        option_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1); /* ports are shared between destinations */
    return bind_to_local(fd, &local, err);
}

static int set_segment_size(int fd, uint16_t mss, struct err *err)
{
    if (mss == 0 || option_set(fd, IPPROTO_TCP, TCP_MAXSEG, mss) == 0)
        return E_OK;
    return err_set(err, E_IO, "cannot set the TCP segment size to %u: %s", mss, strerror(errno));
}

static int prepare_dial(int fd, const struct endpoint *remote, const struct transport_options *options, struct err *err)
{
    enum addr_kind kind = remote->addr.kind;
    int status = bind_to_interface(fd, options->bind_interface, err);
    mark(fd, kind, options->tos);
    if (status == E_OK && options->ttl)
        status = tcp_auth_set_ttl(fd, kind, options->ttl, err);
    if (status == E_OK && options->ttl_min)
        status = tcp_auth_set_ttl_min(fd, kind, options->ttl_min, err);
    if (status == E_OK)
        status = set_segment_size(fd, options->mss, err);
    if (status == E_OK && options->md5_key_length)
        status = tcp_auth_set_key(fd, &remote->addr, addr_bits(&remote->addr), options, err);
    if (status == E_OK)
        status = bind_for_dial(fd, remote, options, err);
    return status;
}

static int tcp_dial(struct transport *transport, struct loop *loop, const struct endpoint *remote,
                    const struct transport_options *options, const struct stream_handler *handler, void *owner,
                    struct stream **stream, struct err *err)
{
    if (remote->addr.kind == ADDR_NONE)
        return err_set(err, E_INVALID, "no address to connect to");
    int fd = tcp_socket(remote->addr.kind);
    if (fd < 0)
        return err_set(err, E_IO, "cannot open a socket: %s", strerror(errno));
    int status = prepare_dial(fd, remote, options, err);
    if (status != E_OK) {
        close(fd);
        return status;
    }
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(remote, &storage);
    int reason = connect(fd, (struct sockaddr *)&storage, length) == 0 ? 0 : errno;
    *stream = socket_stream_new_connecting(loop, fd, reason);
    stream_set_owner(*stream, handler, owner);
    return E_OK;
}

static void tcp_listener_free(struct listener *listener)
{
    socket_listener_free(container_of(listener, struct socket_listener, base));
}

static int prepare_listen(int fd, const struct endpoint *local, const char *bind_interface, struct err *err)
{
    int status = bind_to_interface(fd, bind_interface ? bind_interface : "", err);
    if (status == E_OK)
        status = tcp_auth_set_ttl(fd, local->addr.kind, LISTENER_TTL, err);
    if (status == E_OK)
        status = bind_to_local(fd, local, err);
    return status;
}

static int listen_refused(const struct endpoint *local, struct err *err)
{
    int reason = errno;
    char text[ENDPOINT_TEXT_MAX];
    return err_set(err, E_IO, "cannot listen on %s: %s", endpoint_format(local, text), strerror(reason));
}

static int tcp_listen(struct transport *transport, struct loop *loop, const struct endpoint *local,
                      const char *bind_interface, listener_accept accept, void *owner, struct listener **listener,
                      struct err *err)
{
    if (local->addr.kind == ADDR_NONE)
        return err_set(err, E_INVALID, "no address to listen on");
    int fd = tcp_socket(local->addr.kind);
    if (fd < 0)
        return err_set(err, E_IO, "cannot open a socket: %s", strerror(errno));
    struct socket_listener *tcp = NULL;
    int status = prepare_listen(fd, local, bind_interface, err);
    if (status == E_OK) {
        tcp = socket_listener_new(loop, fd, accept, owner);
        if (!tcp)
            status = listen_refused(local, err);
    }
    if (status != E_OK) {
        close(fd);
        return status;
    }
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof(bound);
    CHECK(getsockname(fd, (struct sockaddr *)&bound, &length) == 0);
    tcp->base.free = tcp_listener_free;
    tcp->base.local = endpoint_from_sockaddr(&bound);
    *listener = &tcp->base;
    return E_OK;
}

static int tcp_listener_set_key(struct listener *listener, const struct addr *remote, unsigned remote_bits,
                                const struct transport_options *options, struct err *err)
{
    const struct socket_listener *tcp = container_of(listener, struct socket_listener, base);
    if (remote->kind != listener->local.addr.kind)
        return err_set(err, E_INVALID, "the peer's address is not of the listener's family");
    return tcp_auth_set_key(tcp->fd, remote, remote_bits, options, err);
}

static int tcp_apply(struct stream *stream, const struct transport_options *options, struct err *err)
{
    int fd = socket_stream_fd(stream);
    CHECK(fd >= 0);
    enum addr_kind kind = stream->remote.addr.kind;
    int status = tcp_auth_set_ttl(fd, kind, options->ttl, err);
    mark(fd, kind, options->tos);
    if (status == E_OK)
        status = tcp_auth_set_ttl_min(fd, kind, options->ttl_min, err);
    if (status == E_OK)
        status = set_segment_size(fd, options->mss, err);
    return status;
}

struct transport *transport_tcp(void)
{
    static const struct transport_ops ops = {
        .dial = tcp_dial,
        .listen = tcp_listen,
        .listener_free = tcp_listener_free,
        .listener_set_key = tcp_listener_set_key,
        .apply = tcp_apply,
    };
    static struct transport tcp = {.ops = &ops};
    return &tcp;
}
