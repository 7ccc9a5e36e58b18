/* Unnumbered neighbours.
 *
 * Such a peer is an interface; who is behind it is found in the kernel's neighbour table, which has the link-local
 * address of the other router once that said anything on the link. GoBGP looks there once, when the neighbour is
 * configured, and fails if nobody (or more than one) is known. Here the table is watched: the interface may come later,
 * the neighbour may come later, be exchanged, or come back with another address; only an address that is in use by a
 * session that is not idle stays. Two candidates are told to the log, not guessed between.
 *
 * Who looks must also be seen: while a neighbour is missing its link gets a router advertisement now and then, which
 * puts us into the other side's table and is what FRR's `neighbor eth0 interface` waits for. Where the process may not
 * send one (CAP_NET_RAW) somebody else on the machine has to, as with GoBGP.
 *
 * A connection that comes over the link of a waiting peer shows its neighbour just as well; but not where a TCP MD5 key
 * is configured: the listener does not know the address yet, so nothing has been checked.
 */
#include "speaker/unnumbered.h"

#include <net/if.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/link_neighbor.h"
#include "speaker/peer.h"
#include "speaker/speaker.h"

enum {
    ADVERTISE_FIRST_MS = 1000,
    ADVERTISE_EVERY_MS = 10 * 1000,
    ADVERTISE_FIRST_COUNT = 5,
};

struct unnumbered {
    struct speaker *speaker;
    struct link_watch *watch; /* NULL: the kernel tells nothing, and is asked with each advertisement */
    struct loop_task look;
    struct loop_timer advertise;
    unsigned advertised; /* since somebody began to be looked for */
    bool complained;
};

static bool is_unnumbered(const struct peer *peer)
{
    return peer->config.address.kind == ADDR_NONE && peer->config.interface[0] != '\0';
}

static bool is_waiting(const struct peer *peer)
{
    return is_unnumbered(peer) && peer->admin == PEER_UP && peer->state <= SESSION_ACTIVE;
}

static void found(struct peer *peer, const struct endpoint *at)
{
    char text[ADDR_TEXT_MAX];
    log_info("peer", peer->config.interface, "the neighbor is %s", addr_format(&at->addr, text));
    peer_found_at(peer, at);
}

/* One look at the link. An address that is known stays while it is among those that are there. */
static void look_for(struct peer *peer)
{
    struct endpoint at = {.scope_id = if_nametoindex(peer->config.interface)};
    unsigned count = at.scope_id != 0 ? link_neighbor_find(at.scope_id, &at.addr) : 0;
    bool same = addr_equal(&at.addr, &peer->at.addr) && at.scope_id == peer->at.scope_id;
    if (count == 1 && !same)
        found(peer, &at);
    if (count > 1 && peer->at.addr.kind == ADDR_NONE)
        log_warn("peer", peer->config.interface, "%u neighbors are on this link: an address has to say which one is it",
                 count);
    if (at.scope_id == 0 && peer->at.addr.kind != ADDR_NONE)
        peer_found_at(peer, &(struct endpoint){0});
}

static bool look(struct loop_task *task)
{
    struct unnumbered *unnumbered = container_of(task, struct unnumbered, look);
    bool missing = false;
    list_foreach_safe (peer, &unnumbered->speaker->peers, struct peer, link) {
        if (is_waiting(peer))
            look_for(peer);
        missing |= is_waiting(peer);
    }
    if (missing && !loop_timer_running(&unnumbered->advertise)) {
        unnumbered->advertised = 0;
        loop_timer_start(&unnumbered->advertise, 0);
    }
    return false;
}

static void changed(void *context, unsigned index)
{
    struct unnumbered *unnumbered = context;
    list_foreach (peer, &unnumbered->speaker->peers, struct peer, link) {
        if (is_waiting(peer) && (index == 0 || peer->at.scope_id == 0 || peer->at.scope_id == index)) {
            loop_task_schedule(&unnumbered->look);
            return;
        }
    }
}

static void advertise(struct loop_timer *timer)
{
    struct unnumbered *unnumbered = container_of(timer, struct unnumbered, advertise);
    struct err err = {0};
    bool missing = false;
    list_foreach (peer, &unnumbered->speaker->peers, struct peer, link) {
        unsigned index = is_waiting(peer) ? if_nametoindex(peer->config.interface) : 0;
        missing |= is_waiting(peer);
        if (index == 0 || router_advertise(index, &err) == E_OK || unnumbered->complained)
            continue;
        log_info("peer", peer->config.interface, "%s; the neighbor has to find us by itself", err.text);
        unnumbered->complained = true;
    }
    if (!missing)
        return;
    unnumbered->advertised++;
    loop_timer_start(timer, unnumbered->advertised < ADVERTISE_FIRST_COUNT ? ADVERTISE_FIRST_MS : ADVERTISE_EVERY_MS);
    loop_task_schedule(&unnumbered->look);
}

static struct unnumbered *unnumbered_new(struct speaker *speaker)
{
    struct unnumbered *unnumbered = mem_zalloc(MEM_OTHER, sizeof(*unnumbered));
    struct err err = {0};
    unnumbered->speaker = speaker;
    loop_task_init(&unnumbered->look, speaker->loop, look);
    loop_timer_init(&unnumbered->advertise, speaker->loop, advertise);
    unnumbered->watch = link_watch_new(speaker->loop, changed, unnumbered, &err);
    if (unnumbered->watch == NULL)
        log_warn("peer", NULL, "neighbors on links are looked for now and then only: %s", err.text);
    return unnumbered;
}

void unnumbered_free(struct unnumbered *unnumbered)
{
    if (unnumbered == NULL)
        return;
    link_watch_free(unnumbered->watch);
    loop_task_cancel(&unnumbered->look);
    loop_timer_stop(&unnumbered->advertise);
    mem_free(MEM_OTHER, unnumbered);
}

void unnumbered_look(struct peer *peer)
{
    struct speaker *speaker = peer->speaker;
    if (!is_unnumbered(peer) || loop_is_simulated(speaker->loop))
        return;
    if (speaker->unnumbered == NULL)
        speaker->unnumbered = unnumbered_new(speaker);
    loop_task_schedule(&speaker->unnumbered->look);
}

struct peer *unnumbered_peer_for(struct speaker *speaker, const struct endpoint *remote)
{
    if (remote->scope_id == 0 || !addr_is_link_local(&remote->addr))
        return NULL;
    list_foreach (peer, &speaker->peers, struct peer, link) {
        if (!is_waiting(peer) || peer->config.peer.auth_password[0] != '\0' ||
            if_nametoindex(peer->config.interface) != remote->scope_id)
            continue;
        struct endpoint at = {.addr = remote->addr, .scope_id = remote->scope_id};
        found(peer, &at);
        return peer;
    }
    return NULL;
}

const char *unnumbered_why(const struct peer *peer, char *text, size_t room)
{
    struct str out = str_over(text, room);
    struct addr first;
    unsigned index = if_nametoindex(peer->config.interface);
    unsigned count = index != 0 ? link_neighbor_find(index, &first) : 0;
    if (index == 0)
        str_printf(&out, "there is no interface %s", peer->config.interface);
    else if (count > 1)
        str_printf(&out, "%u neighbors are on %s: an address has to say which one is it", count,
                   peer->config.interface);
    else
        str_printf(&out, "waiting for a neighbor to show itself on %s", peer->config.interface);
    return text;
}
