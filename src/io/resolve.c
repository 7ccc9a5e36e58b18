#include "io/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

struct resolution {
    struct mail mail;
    struct loop *loop;
    char host[RESOLVE_HOST_MAX];
    uint16_t port;
    resolution_done done; /* NULL: nobody waits any more */
    void *context;
    struct endpoint addresses[RESOLVE_ADDRESSES_MAX];
    int count;
    struct err err;
};

int resolve_now(const char *host, uint16_t port, struct endpoint addresses[RESOLVE_ADDRESSES_MAX], struct err *err)
{
    struct addr literal;
    if (addr_parse(host, &literal) == E_OK) {
        addresses[0] = (struct endpoint){.addr = literal, .port = port};
        return 1;
    }
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(host, NULL, &hints, &found);
    if (result != 0)
        return err_set(err, E_NOT_FOUND, "%s: %s", host, gai_strerror(result));
    int count = 0;
    for (struct addrinfo *at = found; at && count < RESOLVE_ADDRESSES_MAX; at = at->ai_next) {
        struct sockaddr_storage storage = {0};
        memcpy(&storage, at->ai_addr, at->ai_addrlen);
        addresses[count] = endpoint_from_sockaddr(&storage);
        addresses[count++].port = port;
    }
    freeaddrinfo(found);
    return count > 0 ? count : err_set(err, E_NOT_FOUND, "%s: no address", host);
}

static void deliver(struct mail *mail)
{
    struct resolution *resolution = container_of(mail, struct resolution, mail);
    if (resolution->done)
        resolution->done(resolution->context, resolution->addresses, resolution->count, resolution->err.text);
    mem_free(MEM_OTHER, resolution);
}

static void *run(void *argument)
{
    struct resolution *resolution = argument;
    resolution->count = resolve_now(resolution->host, resolution->port, resolution->addresses, &resolution->err);
    mailbox_post(resolution->loop, &resolution->mail);
    return NULL;
}

struct resolution *resolve_start(struct loop *loop, const char *host, uint16_t port, resolution_done done,
                                 void *context)
{
    struct resolution *resolution = mem_zalloc(MEM_OTHER, sizeof(*resolution));
    *resolution =
        (struct resolution){.mail = {.deliver = deliver}, .loop = loop, .port = port, .done = done, .context = context};
    snprintf(resolution->host, sizeof(resolution->host), "%s", host);
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, resolution) != 0) {
        mem_free(MEM_OTHER, resolution);
        return NULL;
    }
    pthread_detach(thread);
    return resolution;
}

void resolve_forget(struct resolution *resolution)
{
    resolution->done = NULL;
}
