/* Dynamic neighbours.
 *
 * A range is a prefix and a copy of a peer group. The acceptor asks here for the peer of a connection that comes from
 * no configured address; the longest range that holds the address makes one: the group's configuration, passive, under
 * that address. From then on it is a peer like any other, but that it is not configured: when its session ends, on
 * whatever ground, it is forgotten. That happens in a task, since the session tells of its end from its own middle.
 *
 * What comes in is bounded twice: by godwit.dynamic-neighbor-limit, because anybody inside a range can make peers out
 * of thin air (an IPv6 link has more addresses than we have memory), and by the session itself, which gives up on a
 * connection that says nothing. A peer that never got as far as a connection is found by the same task.
 *
 * TCP MD5 wants a key before the first SYN is answered, so it belongs to the range (TCP_MD5SIG_EXT takes a prefix
 * length). The kernel takes the longest match, so a neighbour inside a range may have a key of its own, but not none.
 */
#include "speaker/dynamic_peers.h"

#include <net/if.h>
#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/acceptor.h"
#include "speaker/peer.h"
#include "speaker/speaker.h"

enum {
    RANGES_MAX = 4096,
    CONNECT_LIMIT_MS = 10 * 1000, /* between the connection and the session that takes it */
    REFUSED_LOG_MS = 1000,
};

struct dynamic_range {
    struct list link;
    struct prefix prefix;
    struct peer_group_config group;
};

static bool reap(struct loop_task *task);
static void look_late(struct loop_timer *timer);

void dynamic_peers_init(struct speaker *speaker)
{
    struct dynamic_peers *dynamic = &speaker->dynamic;
    *dynamic = (struct dynamic_peers){.limit = speaker->global.dynamic_neighbor_limit};
    list_init(&dynamic->ranges);
    loop_task_init(&dynamic->reaper, speaker->loop, reap);
    loop_timer_init(&dynamic->late, speaker->loop, look_late);
}

/* Ranges ----------------------------------------------------------------------------------------------------------- */

static int set_key(struct speaker *speaker, const struct prefix *prefix, const char *password, struct err *err)
{
    struct transport_options options = {.md5_key_length = (uint8_t)strlen(password)};
    memcpy(options.md5_key, password, options.md5_key_length);
    int result = acceptor_set_key(speaker->acceptor, &prefix->addr, prefix->length, &options, err);
    explicit_bzero(&options, sizeof(options));
    return result;
}

static void forget_range(struct speaker *speaker, struct dynamic_range *range)
{
    set_key(speaker, &range->prefix, "", NULL);
    list_remove(&range->link);
    speaker->dynamic.range_count--;
    explicit_bzero(range, sizeof(*range));
    mem_free(MEM_PEER, range);
}

void dynamic_peers_release(struct speaker *speaker)
{
    list_foreach_safe (range, &speaker->dynamic.ranges, struct dynamic_range, link) {
        forget_range(speaker, range);
    }
    loop_task_cancel(&speaker->dynamic.reaper);
    loop_timer_stop(&speaker->dynamic.late);
}

static struct dynamic_range *find_range(struct speaker *speaker, const struct prefix *prefix)
{
    list_foreach (range, &speaker->dynamic.ranges, struct dynamic_range, link) {
        if (prefix_equal(&range->prefix, prefix))
            return range;
    }
    return NULL;
}

/* Listed in order of prefix. */
static void insert_sorted(struct speaker *speaker, struct dynamic_range *range)
{
    list_foreach (other, &speaker->dynamic.ranges, struct dynamic_range, link) {
        if (prefix_compare(&range->prefix, &other->prefix) < 0) {
            list_insert_before(&other->link, &range->link);
            return;
        }
    }
    list_append(&speaker->dynamic.ranges, &range->link);
}

int dynamic_range_add(struct speaker *speaker, const struct prefix *prefix, const struct peer_group_config *group,
                      struct err *err)
{
    char text[PREFIX_TEXT_MAX];
    struct dynamic_range *range = find_range(speaker, prefix);
    if (range != NULL && strcmp(range->group.name, group->name) == 0)
        return E_OK;
    if (range != NULL)
        return err_set(err, E_EXISTS, "dynamic neighbors %s belong to peer-group %s already",
                       prefix_format(prefix, text), range->group.name);
    if (speaker->dynamic.range_count >= RANGES_MAX)
        return err_set(err, E_LIMIT, "no more than %d ranges of dynamic neighbors", RANGES_MAX);
    int result = set_key(speaker, prefix, group->peer.auth_password, err);
    if (result != E_OK)
        return result;
    range = mem_zalloc(MEM_PEER, sizeof(*range));
    list_init(&range->link);
    range->prefix = *prefix;
    range->group = *group;
    insert_sorted(speaker, range);
    speaker->dynamic.range_count++;
    return E_OK;
}

int dynamic_range_remove(struct speaker *speaker, const struct prefix *prefix, const char *group, struct err *err)
{
    char text[PREFIX_TEXT_MAX];
    struct dynamic_range *range = find_range(speaker, prefix);
    if (range == NULL || strcmp(range->group.name, group) != 0)
        return err_set(err, E_NOT_FOUND, "peer-group %s has no dynamic neighbors %s", group,
                       prefix_format(prefix, text));
    forget_range(speaker, range);
    return E_OK;
}

void dynamic_ranges_remove_group(struct speaker *speaker, const char *group)
{
    list_foreach_safe (range, &speaker->dynamic.ranges, struct dynamic_range, link) {
        if (strcmp(range->group.name, group) == 0)
            forget_range(speaker, range);
    }
}

size_t dynamic_range_list(struct speaker *speaker, const char *group,
                          void (*show)(void *context, const struct dynamic_neighbor_config *range), void *context)
{
    size_t count = 0;
    list_foreach_safe (range, &speaker->dynamic.ranges, struct dynamic_range, link) {
        struct dynamic_neighbor_config config = {.prefix = range->prefix};
        if (group != NULL && strcmp(range->group.name, group) != 0)
            continue;
        memcpy(config.peer_group, range->group.name, sizeof(config.peer_group));
        show(context, &config);
        count++;
    }
    return count;
}

/* Peers ------------------------------------------------------------------------------------------------------------ */

/* What a peer of this group is configured as, at an address. */
static int config_for(const struct speaker *speaker, const struct peer_group_config *group,
                      const struct endpoint *remote, struct neighbor_config *config, struct err *err)
{
    *config = (struct neighbor_config){.address = remote->addr, .scope_id = remote->scope_id};
    if (remote->scope_id != 0 && if_indextoname(remote->scope_id, config->interface) == NULL)
        config->interface[0] = '\0';
    memcpy(config->peer_group, group->name, sizeof(config->peer_group));
    peer_config_init(&config->peer);
    int result = neighbor_config_complete(config, &speaker->global, group, err);
    config->peer.transport.passive_mode = true;
    return result;
}

static int regroup_peers(struct speaker *speaker, const struct peer_group_config *group, bool *in_matters,
                         struct err *err)
{
    int result = E_OK;
    struct neighbor_config config;
    list_foreach_safe (peer, &speaker->peers, struct peer, link) {
        struct endpoint remote = {.addr = peer->config.address, .scope_id = peer->config.scope_id};
        struct err *first = result == E_OK ? err : NULL;
        bool matters;
        if (!peer->dynamic || strcmp(peer->config.peer_group, group->name) != 0)
            continue;
        int peer_result = config_for(speaker, group, &remote, &config, first);
        if (peer_result == E_OK) {
            peer_configure(peer, &config, &matters);
            *in_matters |= matters;
        } else if (result == E_OK) {
            result = peer_result;
        }
    }
    explicit_bzero(&config, sizeof(config));
    return result;
}

int dynamic_ranges_regroup(struct speaker *speaker, const struct peer_group_config *group, bool *in_matters,
                           struct err *err)
{
    list_foreach (range, &speaker->dynamic.ranges, struct dynamic_range, link) {
        if (strcmp(range->group.name, group->name) != 0)
            continue;
        if (strcmp(range->group.peer.auth_password, group->peer.auth_password) != 0) {
            int result = set_key(speaker, &range->prefix, group->peer.auth_password, err);
            if (result != E_OK)
                return result;
        }
        range->group = *group;
    }
    return regroup_peers(speaker, group, in_matters, err);
}

static const struct dynamic_range *longest_match(const struct speaker *speaker, const struct addr *addr)
{
    const struct dynamic_range *best = NULL;
    struct prefix host = prefix_make(addr, (uint8_t)addr_bits(addr));
    list_foreach (range, &speaker->dynamic.ranges, struct dynamic_range, link) {
        if (prefix_covers(&range->prefix, &host) && (best == NULL || range->prefix.length > best->prefix.length))
            best = range;
    }
    return best;
}

/* Strangers decide how often this is said: one line a second is enough. */
static void log_refused(struct speaker *speaker, const struct addr *addr, const char *why)
{
    struct mono_time now = loop_now(speaker->loop);
    struct mono_time last = speaker->dynamic.refused_at;
    char text[ADDR_TEXT_MAX];
    if (last.ns != 0 && mono_diff_ms(now, last) < REFUSED_LOG_MS)
        return;
    speaker->dynamic.refused_at = now;
    log_warn("peer", addr_format(addr, text), "not taken as a dynamic neighbor: %s", why);
}

struct peer *dynamic_peer_for(struct speaker *speaker, const struct endpoint *remote)
{
    struct peer *peer;
    struct neighbor_config config;
    struct err err = {0};
    char text[ADDR_TEXT_MAX];
    const struct dynamic_range *range = longest_match(speaker, &remote->addr);
    if (range == NULL)
        return NULL;
    if (speaker->dynamic.peer_count >= speaker->dynamic.limit)
        err_set(&err, E_LIMIT, "there are %u already (godwit.dynamic-neighbor-limit)", speaker->dynamic.peer_count);
    else if (config_for(speaker, &range->group, remote, &config, &err) == E_OK)
        peer_new_dynamic(speaker, &config, &peer, &err);
    explicit_bzero(config.peer.auth_password, sizeof(config.peer.auth_password));
    if (err.text[0] != '\0') {
        log_refused(speaker, &remote->addr, err.text);
        return NULL;
    }
    speaker->dynamic.peer_count++;
    if (!loop_timer_running(&speaker->dynamic.late))
        loop_timer_start(&speaker->dynamic.late, CONNECT_LIMIT_MS);
    log_info("peer", addr_format(&remote->addr, text), "a dynamic neighbor of peer-group %s", range->group.name);
    return peer;
}

/* Going ------------------------------------------------------------------------------------------------------------ */

static bool is_over(const struct peer *peer)
{
    if (!peer->was_connected)
        return mono_diff_ms(loop_now(peer->speaker->loop), peer->made_at) >= CONNECT_LIMIT_MS;
    /* Stale routes are waited for: the neighbour may come back for them (RFC 4724). */
    return peer->state <= SESSION_ACTIVE && !peer->established && peer->graceful == NULL;
}

static bool reap(struct loop_task *task)
{
    struct speaker *speaker = container_of(task, struct speaker, dynamic.reaper);
    char text[ADDR_TEXT_MAX];
    list_foreach_safe (peer, &speaker->peers, struct peer, link) {
        if (!peer->dynamic || !is_over(peer))
            continue;
        log_info("peer", peer_name(peer, text), "the dynamic neighbor is gone");
        peer_free(peer);
    }
    return false;
}

/* The session may have refused the connection it was made for. */
static void look_late(struct loop_timer *timer)
{
    struct speaker *speaker = container_of(timer, struct speaker, dynamic.late);
    bool waiting = false;
    list_foreach (peer, &speaker->peers, struct peer, link) {
        waiting |= peer->dynamic && !peer->was_connected;
    }
    loop_task_schedule(&speaker->dynamic.reaper);
    if (waiting)
        loop_timer_start(timer, CONNECT_LIMIT_MS);
}

void dynamic_peer_look(struct peer *peer)
{
    if (peer->dynamic && peer->was_connected)
        loop_task_schedule(&peer->speaker->dynamic.reaper);
}
