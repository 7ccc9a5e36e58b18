/* See rtr_servers.h. Here: which servers there are, and their turns at the table, which settles one change at a time.
 */
#include "feeds/rtr_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "speaker/validation.h"

enum {
    SLICE_US = 500,
    RECORDS_PER_LOOK = 256, /* at the clock */
    RANGES_FIRST = 64,
    RANGES_MAX = 4096, /* that are looked at one by one; more are everything */
    US_PER_NS = 1000,
};

/* Changes ---------------------------------------------------------------------------------------------------------- */

/* A VRP says something about every route within its prefix, whatever its maximum length. */
static void note_change(void *context, const struct prefix *prefix)
{
    struct rtr_servers *servers = context;
    struct policy_change *changes = &servers->changes;
    if (!changes->any)
        changes->range_count = 0;
    changes->any = true;
    changes->everything |= changes->range_count == RANGES_MAX;
    if (changes->everything)
        return;
    if (changes->range_count > 0 && prefix_equal(&changes->ranges[changes->range_count - 1].prefix, prefix))
        return;
    uint32_t count = changes->range_count;
    if (count == 0 || (count >= RANGES_FIRST && (count & (count - 1)) == 0)) {
        size_t capacity = count == 0 ? RANGES_FIRST : 2 * (size_t)count;
        changes->ranges = mem_realloc(MEM_RPKI, changes->ranges, capacity * sizeof(*changes->ranges));
    }
    changes->ranges[changes->range_count++] = (struct prefix_range){
        .prefix = *prefix, .length_min = prefix->length, .length_max = (uint8_t)addr_bits(&prefix->addr)};
}

static void tell_changes(struct rtr_servers *servers)
{
    struct policy_change *changes = &servers->changes;
    if (changes->any)
        validation_changed(servers->speaker, changes);
    mem_free(MEM_RPKI, changes->ranges);
    *changes = (struct policy_change){0};
}

static void client_free(struct rtr_client *client)
{
    list_remove(&client->link);
    rtr_client_release(client);
    mem_free(MEM_RPKI, client);
}

/* Turns ------------------------------------------------------------------------------------------------------------ */

/* What the client wishes is done; false: nothing had to be settled for it. */
static bool fulfil(struct rtr_client *client)
{
    struct vrp_table *table = client->servers->table;
    enum rtr_wish wish = client->wish, step = wish;
    if (wish == RTR_WISH_FLUSH && !vrp_change_is_open(table, client->source)) {
        vrp_change_begin(table, client->source, true);
        step = RTR_WISH_COMMIT;
    }
    if (step != RTR_WISH_FLUSH)
        client->wish = RTR_WISH_NONE;
    if (!vrp_change_is_open(table, client->source))
        return false;
    if (step == RTR_WISH_COMMIT)
        vrp_change_commit(table, client->source);
    else
        vrp_change_abandon(table, client->source);
    client->in_turn = step == RTR_WISH_FLUSH ? RTR_WISH_ABANDON : wish;
    client->servers->settling = client;
    return true;
}

static void next_turn(struct rtr_servers *servers)
{
    list_foreach (client, &servers->clients, struct rtr_client, link) {
        if (client->wish != RTR_WISH_NONE && fulfil(client)) {
            loop_task_schedule(&servers->task);
            return;
        }
    }
}

static void settled(struct rtr_servers *servers)
{
    struct rtr_client *client = servers->settling;
    enum rtr_wish done = client->in_turn;
    servers->settling = NULL;
    client->in_turn = RTR_WISH_NONE;
    tell_changes(servers);
    if (!client->removed || client->wish != RTR_WISH_NONE) {
        rtr_client_settled(client, done);
    } else {
        vrp_source_give(servers->table, client->source);
        client_free(client);
    }
    if (servers->settling == NULL)
        next_turn(servers);
}

static bool run(struct loop_task *task)
{
    struct rtr_servers *servers = container_of(task, struct rtr_servers, task);
    struct mono_time until = {.ns = mono_now().ns + SLICE_US * US_PER_NS};
    while (vrp_table_settle(servers->table, RECORDS_PER_LOOK, note_change, servers))
        if (!mono_before(mono_now(), until))
            return true;
    if (servers->settling != NULL)
        settled(servers);
    return servers->settling != NULL;
}

void rtr_wish(struct rtr_client *client, enum rtr_wish wish)
{
    if (wish > client->wish)
        client->wish = wish;
    if (client->servers->settling == NULL)
        next_turn(client->servers);
}

/* Servers ---------------------------------------------------------------------------------------------------------- */

struct rtr_servers *rtr_servers_new(struct speaker *speaker)
{
    struct rtr_servers *servers = mem_zalloc(MEM_RPKI, sizeof(*servers));
    servers->speaker = speaker;
    servers->table = validation_table(speaker);
    list_init(&servers->clients);
    loop_task_init(&servers->task, speaker->loop, run);
    return servers;
}

void rtr_servers_free(struct rtr_servers *servers)
{
    if (servers == NULL)
        return;
    loop_task_cancel(&servers->task);
    list_foreach_safe (client, &servers->clients, struct rtr_client, link) {
        client_free(client);
    }
    mem_free(MEM_RPKI, servers->changes.ranges);
    mem_free(MEM_RPKI, servers);
}

unsigned rtr_servers_count(const struct rtr_servers *servers)
{
    return servers != NULL ? servers->count : 0;
}

static struct rtr_client *find(const struct rtr_servers *servers, const char *address, uint16_t port)
{
    list_foreach (client, &servers->clients, struct rtr_client, link) {
        if (!client->removed && strcmp(client->config.address, address) == 0 &&
            (port == 0 || client->config.port == port))
            return client;
    }
    return NULL;
}

/* As GoBGP joins them. */
static void name_of(const char *address, uint16_t port, char *name, size_t size)
{
    snprintf(name, size, strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, port);
}

int rtr_servers_add(struct rtr_servers *servers, const struct rpki_server_config *config, struct err *err)
{
    char name[sizeof(((struct rtr_client *)0)->name)];
    name_of(config->address, config->port, name, sizeof(name));
    if (find(servers, config->address, config->port) != NULL)
        return err_set(err, E_EXISTS, "ROA server exists %s", name);
    int source = vrp_source_take(servers->table);
    if (source < 0)
        return err_set(err, E_LIMIT, "there are %d ROA servers already", VRP_SOURCES_MAX);
    struct rtr_client *client = mem_zalloc(MEM_RPKI, sizeof(*client));
    client->servers = servers;
    client->config = *config;
    client->source = (unsigned)source;
    memcpy(client->name, name, sizeof(name));
    list_append(&servers->clients, &client->link);
    servers->count++;
    rtr_client_init(client);
    return 0;
}

static int need(const struct rtr_servers *servers, const char *address, uint16_t port, struct rtr_client **client,
                struct err *err)
{
    *client = find(servers, address, port);
    return *client != NULL ? 0 : err_set(err, E_NOT_FOUND, "ROA server not found %s", address);
}

int rtr_servers_remove(struct rtr_servers *servers, const char *address, uint16_t port, struct err *err)
{
    struct rtr_client *client = find(servers, address, port);
    if (client == NULL) {
        char name[sizeof(client->name)];
        name_of(address, port, name, sizeof(name));
        return err_set(err, E_NOT_FOUND, "ROA server doesn't exists %s", name);
    }
    client->removed = true;
    servers->count--;
    rtr_client_stop(client);
    rtr_wish(client, RTR_WISH_FLUSH);
    return 0;
}

int rtr_servers_enable(struct rtr_servers *servers, const char *address, uint16_t port, struct err *err)
{
    struct rtr_client *client;
    int result = need(servers, address, port, &client, err);
    if (result == 0 && client->disabled) {
        client->disabled = false;
        rtr_client_connect(client);
    } else if (result == 0) {
        rtr_client_ask(client, false);
    }
    return result;
}

int rtr_servers_disable(struct rtr_servers *servers, const char *address, uint16_t port, struct err *err)
{
    struct rtr_client *client;
    int result = need(servers, address, port, &client, err);
    if (result < 0)
        return result;
    client->disabled = true;
    rtr_client_forget_session(client);
    rtr_client_end(client, "disabled");
    rtr_client_stop(client);
    rtr_wish(client, RTR_WISH_FLUSH);
    return 0;
}

int rtr_servers_reset(struct rtr_servers *servers, const char *address, uint16_t port, bool soft, struct err *err)
{
    struct rtr_client *client;
    int result = need(servers, address, port, &client, err);
    if (result < 0 || client->disabled)
        return result;
    rtr_client_forget_session(client);
    if (soft) {
        rtr_client_ask(client, true);
        return 0;
    }
    client->version = RTR_VERSION_MAX;
    client->failures = 0;
    rtr_client_end(client, "reset");
    rtr_client_reconnect(client, 0);
    return 0;
}

void rtr_servers_list(const struct rtr_servers *servers,
                      void (*server)(void *context, const struct rtr_server_view *view), void *context)
{
    if (servers == NULL)
        return;
    list_foreach (client, &servers->clients, struct rtr_client, link) {
        struct rtr_server_view view = {
            .config = &client->config,
            .up = client->stream != NULL && client->up_at.ns != 0,
            .disabled = client->disabled,
            .version = client->version,
            .serial = client->serial,
            .up_since = client->up_since,
            .down_since = client->down_since,
            .answered_at = client->answered_at,
            .counts = vrp_source_counts(servers->table, client->source),
            .counters = client->counters,
            .trouble = client->trouble,
        };
        if (!client->removed)
            server(context, &view);
    }
}

const struct rpki_server_config *rtr_servers_of_source(const struct rtr_servers *servers, unsigned source)
{
    list_foreach (client, &servers->clients, struct rtr_client, link) {
        if (client->source == source && !client->removed)
            return &client->config;
    }
    return NULL;
}
