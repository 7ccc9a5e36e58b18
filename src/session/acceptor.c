/* The acceptor finds the session for each connection that comes in. Who is not configured costs an accept and a
 * close; a flood of them costs one line of log a second.
 */
#include "session/acceptor.h"

#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

enum { STRANGER_LOG_MS = 1000 };

struct acceptor_listener {
    struct list link;
    struct acceptor *acceptor;
    struct listener *listener;
    struct endpoint asked;
};

struct acceptor_key {
    struct list link;
    struct addr remote;
    unsigned remote_bits;
    struct transport_options options;
};

struct acceptor {
    struct loop *loop;
    struct transport *transport;
    acceptor_take take;
    void *owner;
    struct list listeners;
    struct list keys;
    unsigned count;
    bool *gone; /* set when freed inside a callback */
    struct mono_time stranger_logged_at;
    unsigned strangers_unlogged;
};

static void log_stranger(struct acceptor *acceptor, const struct endpoint *remote)
{
    struct mono_time now = loop_now(acceptor->loop);
    struct mono_time last = acceptor->stranger_logged_at;
    if (last.ns && mono_diff_ms(now, last) < STRANGER_LOG_MS) {
        acceptor->strangers_unlogged++;
        return;
    }
    char text[ADDR_TEXT_MAX];
    addr_format(&remote->addr, text);
    if (acceptor->strangers_unlogged)
        log_info("peer", text, "connection from an address that is not configured (and %u more before)",
                 acceptor->strangers_unlogged);
    else
        log_info("peer", text, "connection from an address that is not configured");
    acceptor->stranger_logged_at = now;
    acceptor->strangers_unlogged = 0;
}

static void on_accept(void *owner, struct stream *stream)
{
    struct acceptor_listener *listener = owner;
    struct acceptor *acceptor = listener->acceptor;
    struct endpoint remote = stream_remote(stream);
    bool gone = false;
    bool *outer = acceptor->gone;
    acceptor->gone = &gone;
    bool taken = acceptor->take(acceptor->owner, stream);
    if (!taken)
        stream_free(stream);
    if (gone) {
        if (outer)
            *outer = true;
        return;
    }
    acceptor->gone = outer;
    if (!taken)
        log_stranger(acceptor, &remote);
}

struct acceptor *acceptor_new(struct loop *loop, struct transport *transport, acceptor_take take, void *owner)
{
    struct acceptor *acceptor = mem_zalloc(MEM_SESSION, sizeof(*acceptor));
    acceptor->loop = loop;
    acceptor->transport = transport;
    acceptor->take = take;
    acceptor->owner = owner;
    list_init(&acceptor->listeners);
    list_init(&acceptor->keys);
    return acceptor;
}

static void forget_listener(struct acceptor_listener *listener)
{
    list_remove(&listener->link);
    listener->acceptor->count--;
    listener->acceptor->transport->ops->listener_free(listener->listener);
    mem_free(MEM_SESSION, listener);
}

static void forget_key(struct acceptor_key *key)
{
    list_remove(&key->link);
    explicit_bzero(&key->options, sizeof(key->options));
    mem_free(MEM_SESSION, key);
}

void acceptor_free(struct acceptor *acceptor)
{
    if (!acceptor)
        return;
    if (acceptor->gone)
        *acceptor->gone = true;
    list_foreach_safe (listener, &acceptor->listeners, struct acceptor_listener, link)
        forget_listener(listener);
    list_foreach_safe (key, &acceptor->keys, struct acceptor_key, link)
        forget_key(key);
    mem_free(MEM_SESSION, acceptor);
}

static struct acceptor_listener *find_listener(const struct acceptor *acceptor, const struct endpoint *local)
{
    list_foreach (listener, &acceptor->listeners, struct acceptor_listener, link) {
        if (listener->asked.port == local->port && listener->asked.scope_id == local->scope_id &&
            addr_equal(&listener->asked.addr, &local->addr))
            return listener;
    }
    return NULL;
}

/* A listener takes keys of its own family only. */
static bool takes_key(const struct acceptor_listener *listener, const struct addr *remote)
{
    return listener->asked.addr.kind == remote->kind; /* IPv6 listeners are IPv6 only */
}

static int give_key(struct acceptor_listener *listener, const struct acceptor_key *key, struct err *err)
{
    struct transport *transport = listener->acceptor->transport;
    if (!takes_key(listener, &key->remote))
        return E_OK;
    return transport->ops->listener_set_key(listener->listener, &key->remote, key->remote_bits, &key->options, err);
}

int acceptor_listen(struct acceptor *acceptor, const struct endpoint *local, const char *bind_interface,
                    struct err *err)
{
    char text[ENDPOINT_TEXT_MAX];
    if (local->port != 0 && find_listener(acceptor, local))
        return err_set(err, E_EXISTS, "already listening on %s", endpoint_format(local, text));
    struct acceptor_listener *listener = mem_zalloc(MEM_SESSION, sizeof(*listener));
    listener->acceptor = acceptor;
    listener->asked = *local;
    int result = acceptor->transport->ops->listen(acceptor->transport, acceptor->loop, local,
                                                  bind_interface ? bind_interface : "", on_accept, listener,
                                                  &listener->listener, err);
    if (result < 0) {
        mem_free(MEM_SESSION, listener);
        return result;
    }
    listener->asked.port = listener_local(listener->listener).port;
    list_init(&listener->link);
    list_append(&acceptor->listeners, &listener->link);
    acceptor->count++;
    list_foreach (key, &acceptor->keys, struct acceptor_key, link) {
        result = give_key(listener, key, err);
        if (result < 0) {
            forget_listener(listener);
            return err_prefix(err, result, "listening on %s", endpoint_format(local, text));
        }
    }
    return E_OK;
}

int acceptor_unlisten(struct acceptor *acceptor, const struct endpoint *local)
{
    struct acceptor_listener *listener = find_listener(acceptor, local);
    if (!listener)
        return E_NOT_FOUND;
    forget_listener(listener);
    return E_OK;
}

unsigned acceptor_count(const struct acceptor *acceptor)
{
    return acceptor->count;
}

struct endpoint acceptor_local(const struct acceptor *acceptor, unsigned index)
{
    list_foreach (listener, &acceptor->listeners, struct acceptor_listener, link) {
        if (index-- == 0)
            return listener_local(listener->listener);
    }
    return (struct endpoint){0};
}

static struct acceptor_key *find_key(const struct acceptor *acceptor, const struct addr *remote, unsigned bits)
{
    list_foreach (key, &acceptor->keys, struct acceptor_key, link) {
        if (key->remote_bits == bits && addr_equal(&key->remote, remote))
            return key;
    }
    return NULL;
}

/* Gives `key` to every listener; on an error, what they had before: `old`, or nothing. */
static int give_key_to_all(struct acceptor *acceptor, const struct acceptor_key *key, const struct acceptor_key *old,
                           struct err *err)
{
    struct acceptor_key none = {.remote = key->remote, .remote_bits = key->remote_bits};
    list_foreach (listener, &acceptor->listeners, struct acceptor_listener, link) {
        int result = give_key(listener, key, err);
        if (result == E_OK)
            continue;
        list_foreach (undone, &acceptor->listeners, struct acceptor_listener, link) {
            if (undone == listener)
                break;
            give_key(undone, old ? old : &none, NULL);
        }
        return result;
    }
    return E_OK;
}

int acceptor_set_key(struct acceptor *acceptor, const struct addr *remote, unsigned remote_bits,
                     const struct transport_options *options, struct err *err)
{
    struct acceptor_key wanted = {.remote = *remote, .remote_bits = remote_bits, .options = *options};
    struct acceptor_key *old = find_key(acceptor, remote, remote_bits);
    if (!old && options->md5_key_length == 0)
        return E_OK;
    int result = give_key_to_all(acceptor, &wanted, old, err);
    if (result == E_OK && options->md5_key_length == 0) {
        forget_key(old);
    } else if (result == E_OK) {
        if (!old) {
            old = mem_zalloc(MEM_SESSION, sizeof(*old));
            list_init(&old->link);
            list_append(&acceptor->keys, &old->link);
        }
        old->remote = *remote;
        old->remote_bits = remote_bits;
        old->options = *options;
    }
    explicit_bzero(&wanted, sizeof(wanted));
    return result;
}
