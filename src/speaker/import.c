/* See import.h. The order: loops (RFC 4271 9.1.2, RFC 4456 8), roles (RFC 9234 5), RFC 8212, policies. A path that is
 * refused stays in the RIB with its reason, out of the decision, so that an operator can be told.
 */
#include "speaker/import.h"

#include "attr/as_path.h"
#include "base/log.h"
#include "base/octets.h"
#include "speaker/events.h"
#include "speaker/peer_limit.h"
#include "speaker/pipeline.h"
#include "speaker/policy_run.h"
#include "speaker/restart.h"
#include "speaker/sweep.h"
#include "wire/open.h"
#include "wire/update_peek.h"

enum { NS_PER_S = 1000000000 };

static bool has_as_loop(const struct peer *peer, const uint8_t *attrs, uint32_t length)
{
    struct attr_item path;
    if (!attr_find(attrs, length, ATTR_AS_PATH, &path))
        return false;
    const struct global_config *global = &peer->speaker->global;
    unsigned found = as_path_occurrences(path.value, path.length, peer->local_as);
    /* A member of a confederation has two numbers, whichever of them this neighbour knows (RFC 5065 4). */
    if (global->confederation.enabled && peer->local_as != global->as)
        found += as_path_occurrences(path.value, path.length, global->as);
    if (global->confederation.enabled && peer->local_as != global->confederation.identifier)
        found += as_path_occurrences(path.value, path.length, global->confederation.identifier);
    return found > peer->config.peer.allow_own_as;
}

static bool has_own_originator(const struct peer *peer, const uint8_t *attrs, uint32_t length)
{
    struct attr_item item;
    if (!attr_find(attrs, length, ATTR_ORIGINATOR_ID, &item) || item.length != 4)
        return false;
    struct cursor value = cursor_of(item.value, 4);
    return cursor_u32(&value) == peer->speaker->global.router_id;
}

static bool has_own_cluster(const struct peer *peer, const uint8_t *attrs, uint32_t length)
{
    struct attr_item item;
    if (!attr_find(attrs, length, ATTR_CLUSTER_LIST, &item))
        return false;
    struct cursor list = cursor_of(item.value, item.length);
    while (!cursor_done(&list))
        if (speaker_is_own_cluster(peer->speaker, cursor_u32(&list)))
            return true;
    return false;
}

/* OTC from somebody who has no business to relay a leak (RFC 9234 5, ingress 1 and 2). */
static bool is_otc_leak(const struct peer *peer, const uint8_t *attrs, uint32_t length, uint16_t facts)
{
    uint8_t role = peer->config.peer.role;
    struct attr_item otc;
    if (!(facts & ATTR_HAS_OTC) || !attr_find(attrs, length, ATTR_OTC, &otc) || otc.length != 4)
        return false;
    struct cursor value = cursor_of(otc.value, 4);
    if (role == ROLE_PROVIDER || role == ROLE_ROUTE_SERVER)
        return true;
    return role == ROLE_PEER && cursor_u32(&value) != peer->negotiated.peer_as;
}

enum path_reject import_judge(const struct peer *peer, const uint8_t *attrs, uint32_t length, uint16_t facts)
{
    if (has_as_loop(peer, attrs, length))
        return PATH_REJECT_AS_LOOP;
    if (peer->ibgp && (facts & ATTR_HAS_ORIGINATOR_ID) && has_own_originator(peer, attrs, length))
        return PATH_REJECT_ORIGINATOR;
    if (peer->ibgp && has_own_cluster(peer, attrs, length))
        return PATH_REJECT_CLUSTER_LOOP;
    if (peer->kind == SOURCE_EXTERNAL && is_otc_leak(peer, attrs, length, facts))
        return PATH_REJECT_OTC_LEAK;
    return policy_import_default(peer);
}

/* Routes from a provider, a peer or a route server get OTC with the neighbour's AS if they have none (RFC 9234 5,
 * ingress 3). */
static bool wants_otc(const struct peer *peer, uint16_t facts)
{
    uint8_t role = peer->config.peer.role;
    return peer->kind == SOURCE_EXTERNAL && !(facts & ATTR_HAS_OTC) &&
           (role == ROLE_CUSTOMER || role == ROLE_PEER || role == ROLE_ROUTE_SERVER_CLIENT);
}

/* Is it to be the last choice, because its session is about to end (RFC 8326 4)? */
static bool is_leaving(const struct peer *peer, uint16_t facts)
{
    bool said = peer->speaker->global.honour_graceful_shutdown && peer->kind != SOURCE_INTERNAL &&
                (facts & ATTR_GRACEFUL_SHUTDOWN);
    return said || peer_shuts_down_gracefully(peer);
}

attr_id import_attributes(const struct peer *peer, struct rib *rib, attr_id received)
{
    const struct attr_set *set = attr_get(rib->view, received);
    bool otc = wants_otc(peer, set->facts), leaving = is_leaving(peer, set->facts);
    uint8_t asn[4], no_preference[4] = {0};
    struct attr_edit edit;
    struct buf bytes;
    struct attr_block block;
    if (!otc && !leaving) {
        attr_store_ref(rib->attrs, received, 1);
        return received;
    }
    put_u32(asn, peer->negotiated.peer_as);
    buf_init(&bytes, ATTR_BLOCK_MAX);
    attr_edit_init(&edit, attr_bytes(rib->view, set), set->wire_length);
    if (otc)
        attr_edit_set(&edit, ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE, ATTR_OTC, asn, sizeof(asn));
    if (leaving)
        attr_edit_set(&edit, ATTR_FLAG_TRANSITIVE, ATTR_LOCAL_PREF, no_preference, sizeof(no_preference));
    attr_edit_finish(&edit, &bytes);
    attr_block_of(bytes.bytes, (uint32_t)bytes.length, &block);
    attr_id id = attr_store_intern(rib->attrs, &block, received);
    buf_release(&bytes);
    return id;
}

/* The set after import, but for policy, with one reference for the caller. */
static attr_id intern(const struct peer *peer, struct rib *rib, const struct attr_block *block)
{
    attr_id received = attr_store_intern(rib->attrs, block, 0);
    if (received == 0)
        return 0;
    attr_id imported = import_attributes(peer, rib, received);
    attr_store_unref(rib->attrs, received, 1);
    return imported;
}

/* Of this turn of the loop, in which thousands of UPDATEs may come. */
static uint32_t wall_second(struct speaker *speaker)
{
    struct mono_time turn = loop_now(speaker->loop);
    if (turn.ns != speaker->turn.ns || speaker->turn_wall_s == 0) {
        speaker->turn = turn;
        speaker->turn_wall_s = (uint32_t)(loop_wall_now(speaker->loop).ns / NS_PER_S);
    }
    return speaker->turn_wall_s;
}

void import_update_ahead(struct peer *peer, const uint8_t *body, size_t length)
{
    struct rib_run *ahead = &peer->speaker->ahead;
    struct update_peek peek;
    rib_run_end(ahead);
    if (!peer->established || !update_peek(body, length, &peek))
        return;
    struct speaker_table *table = peer_table(peer, peek.family);
    if (table != NULL)
        rib_run_begin(table->rib, ahead, peek.nlri, peek.length, peer->negotiated.add_path_receive >> peek.family & 1);
}

/* The run as it was begun ahead, or begun now. */
static struct rib_run *begin_run(struct peer *peer, const struct rib *rib, const struct nlri_run *run)
{
    struct rib_run *begun = &peer->speaker->ahead;
    if (!rib_run_is(begun, rib, run->bytes, run->length, run->add_path))
        rib_run_begin(rib, begun, run->bytes, run->length, run->add_path);
    return begun;
}

static void import_run(struct peer *peer, const struct update *update, const struct nlri_run *run)
{
    struct speaker_table *table = peer_table(peer, run->family);
    if (table == NULL)
        return;
    table->rib->now_s = wall_second(peer->speaker);
    struct rib_update change = {
        .source = peer->source, .add_path = run->add_path, .nlri = run->bytes, .nlri_length = run->length};
    if (events_want_adj_in(peer->speaker)) {
        change.touched = events_path_touched;
        change.context = peer->speaker;
    }
    struct rib_run *begun = begin_run(peer, table->rib, run);
    if (run->withdraw) {
        peer->withdraw_prefixes += run->count;
        rib_run_apply(table->rib, begun, &change);
        return;
    }
    const struct attr_block *attrs = update_run_attrs(update, run);
    attr_store_approach(table->rib->attrs, attrs->hash);
    change.reject = import_judge(peer, attrs->bytes, attrs->length, attrs->summary.facts);
    rib_run_approach(table->rib, begun);
    change.attrs = intern(peer, table->rib, attrs);
    if (change.attrs == 0) {
        log_error("peer", NULL, "attribute store exhausted: UPDATE dropped");
        return;
    }
    if (change.reject == PATH_ACCEPTED && policy_import_has_policies(peer))
        policy_import_apply(peer, table, &change);
    else
        rib_run_apply(table->rib, begun, &change);
    attr_store_unref(table->rib->attrs, change.attrs, 1);
    peer_limit_check(peer, run->family);
}

static void end_of_rib(struct peer *peer, enum family_id family)
{
    if (!peer->families[family].negotiated)
        return;
    peer->families[family].end_of_rib_received = true;
    restart_end_of_rib(peer, family);
    deferral_look(peer->speaker);
}

void import_update(struct peer *peer, const struct update *update)
{
    bool withdrew = false;
    events_update(peer->speaker, peer, update);
    for (unsigned i = 0; i < update->run_count && peer->established; i++) {
        withdrew |= update->runs[i].withdraw;
        import_run(peer, update, &update->runs[i]);
        rib_run_end(&peer->speaker->ahead); /* other bytes may stand there next */
    }
    peer->imported_updates++;
    peer->withdraw_updates += withdrew;
    if (update->end_of_rib != FAMILY_UNKNOWN)
        end_of_rib(peer, update->end_of_rib);
    pipeline_wake(peer->speaker);
}
