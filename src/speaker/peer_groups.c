/* See peer_groups.h. */
#include "speaker/peer_groups.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/interfaces.h"
#include "speaker/catch_up.h"
#include "speaker/pipeline.h"
#include "speaker/policy_export.h"
#include "speaker/update_group.h"

static const struct add_paths_config *add_paths_of(const struct peer *peer, enum family_id family)
{
    const struct peer_config *config = &peer->config.peer;
    for (uint32_t i = 0; i < config->family_count; i++)
        if (config->families[i].family == family)
            return &config->families[i].add_paths;
    return &config->add_paths;
}

/* The address of the connection does as the next hop of routes of its own family. */
static bool needs_companions(const struct addr *local, enum family_id family)
{
    if (local->kind == ADDR_IPV4)
        return family != FAMILY_IPV4_UNICAST;
    return family != FAMILY_IPV6_UNICAST || addr_is_link_local(local);
}

/* How this peer can reach us: the address of the connection, and the other addresses of its interface. To ask the
 * kernel for them takes as long as there are addresses. */
static void own_next_hops(const struct peer *peer, struct export_rules *rules)
{
    const struct addr *local = &peer->local.addr;
    struct interface_addresses companions = {0};
    if (!loop_is_simulated(peer->speaker->loop) && needs_companions(local, rules->family))
        interface_addresses_of(local, &companions);
    rules->next_hop_ipv4 = local->kind == ADDR_IPV4 ? *local : companions.ipv4;
    rules->next_hop_ipv6 = local->kind == ADDR_IPV6 && !addr_is_link_local(local) ? *local : companions.ipv6;
    if (rules->next_hop_ipv6.kind == ADDR_NONE && addr_is_link_local(local))
        rules->next_hop_ipv6 = *local;
    /* No link-local companion (RFC 2545 3) beside a global next hop, as GoBGP: receivers that take it as the better
     * one need to know the interface, and those without a kernel table do not. */
    if (addr_is_link_local(local))
        rules->link_local = *local;
}

void peer_export_rules(const struct peer *peer, enum family_id family, struct export_rules *rules)
{
    const struct negotiated *negotiated = &peer->negotiated;
    const struct global_config *global = &peer->speaker->global;
    family_set bit = 1u << family;
    memset(rules, 0, sizeof(*rules)); /* compared as memory, padding included */
    rules->family = (uint8_t)family;
    rules->kind = peer->kind;
    rules->route_server_client = peer->config.peer.route_server_client;
    if (rules->route_server_client) {
        rules->secondary_route = peer->config.peer.secondary_route;
        rules->server_as = global->route_server_communities ? global->as : 0;
    }
    rules->reflector_client = peer->config.peer.route_reflector_client;
    rules->four_octet_as = negotiated->four_octet_as;
    rules->extended_message = negotiated->extended_message;
    rules->long_lived = negotiated->restart.long_lived_understood;
    rules->extended_next_hop = (negotiated->extended_next_hop & bit) != 0;
    rules->add_path = (negotiated->add_path_send & bit) != 0;
    if (rules->add_path)
        rules->add_path_max = add_paths_of(peer, family)->send_max;
    if (rules->add_path && rules->route_server_client)
        rules->client_as = negotiated->peer_as;
    if (peer->ibgp)
        rules->cluster_id = peer->config.peer.cluster_id ? peer->config.peer.cluster_id : global->router_id;
    if (peer->kind == SOURCE_EXTERNAL && !rules->route_server_client) {
        rules->remove_private = peer->config.peer.remove_private;
        rules->replace_as = peer->config.peer.replace_peer_as ? negotiated->peer_as : 0;
    }
    rules->local_role = peer->kind == SOURCE_EXTERNAL ? peer->config.peer.role : ROLE_NONE;
    rules->honour_well_known = global->honour_well_known;
    rules->next_hop_self = peer->config.peer.next_hop_self;
    rules->graceful_shutdown = peer_shuts_down_gracefully(peer);
    policy_export_rules(peer, rules);
    rules->local_as = peer->local_as;
    own_next_hops(peer, rules);
    /* For IPv4 routes the address of the session itself, where the peer takes it as a next hop (RFC 8950); the other
     * family's address of the interface is the second choice. */
    if (family == FAMILY_IPV4_UNICAST && rules->extended_next_hop && peer->local.addr.kind == ADDR_IPV6)
        rules->next_hop_ipv4 = (struct addr){0};
    if (family == FAMILY_IPV4_UNICAST && rules->next_hop_ipv4.kind != ADDR_NONE) {
        rules->next_hop_ipv6 = (struct addr){0};
        rules->link_local = (struct addr){0};
    }
    if (family == FAMILY_IPV6_UNICAST)
        rules->next_hop_ipv4 = (struct addr){0};
}

static struct update_group *find_or_make(struct speaker *speaker, struct speaker_table *table,
                                         const struct export_rules *rules)
{
    list_foreach (group, &table->groups, struct update_group, link) {
        if (memcmp(&group->rules, rules, sizeof(*rules)) == 0)
            return group;
    }
    struct update_group *group =
        update_group_new(++speaker->next_group_id, table->packer, table->catch_ups, &speaker->tuning, rules);
    list_append(&table->groups, &group->link);
    if (rules->add_path)
        table->rib->options.any_change_dirties = true;
    return group;
}

static void wake(struct outbox *outbox)
{
    const struct peer *peer = outbox->owner;
    link_output_ready(peer->session);
}

static void caught_up(struct outbox *outbox)
{
    struct peer *peer = outbox->owner;
    struct peer_family *state = &peer->families[outbox->family];
    if (outbox->wants_end_of_rib && outbox->group->filled)
        outbox_end_of_rib(outbox);
    if (state->refreshing_out) {
        state->refreshing_out = false;
        link_send_refresh(peer->session, outbox->family, REFRESH_END);
    }
}

static const struct outbox_ops outbox_ops = {.wake = wake, .caught_up = caught_up};

void peer_group_join(struct peer *peer, enum family_id family)
{
    struct speaker_table *table = peer_table(peer, family);
    struct export_rules rules;
    struct outbox *outbox = mem_zalloc(MEM_PEER, sizeof(*outbox));
    peer_export_rules(peer, family, &rules);
    outbox_init(outbox, family, peer->source, peer, &outbox_ops);
    peer->families[family].outbox = outbox;
    update_group_join(find_or_make(peer->speaker, table, &rules), outbox);
}

static void leave_group(struct peer *peer, struct update_group *group)
{
    if (group->member_count > 0)
        return;
    list_remove(&group->link);
    list_append(&peer_table(peer, group->rules.family)->dissolving, &group->link);
    pipeline_wake(peer->speaker);
}

void peer_group_leave(struct peer *peer, enum family_id family)
{
    struct outbox *outbox = peer->families[family].outbox;
    struct update_group *group = outbox->group;
    outbox_release(outbox);
    mem_free(MEM_PEER, outbox);
    peer->families[family].outbox = NULL;
    leave_group(peer, group);
}

void peer_group_move(struct peer *peer, enum family_id family)
{
    struct outbox *outbox = peer->families[family].outbox;
    struct update_group *before = outbox->group;
    struct export_rules rules;
    bool waits = outbox->wants_end_of_rib, told = outbox->end_of_rib_sent;
    peer_export_rules(peer, family, &rules);
    struct update_group *group = find_or_make(peer->speaker, peer_table(peer, family), &rules);
    if (group == before)
        return;
    struct peer_family *state = &peer->families[family];
    if (rules.add_path && peer->negotiated.enhanced_refresh) {
        /* Which paths it was told nobody would know there. It forgets itself what it is not told again. */
        state->refreshing_out = true;
        link_send_refresh(peer->session, family, REFRESH_BEGIN);
    } else if (rules.add_path) {
        /* Nor would it: they are told to a new session. */
        struct notification notification = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_CONFIG_CHANGE);
        link_reset(peer->session, &notification, SESSION_END_ADMIN, 0);
        return;
    }
    outbox_drop_private(outbox);
    update_group_leave(before, outbox);
    update_group_join(group, outbox);
    outbox->wants_end_of_rib = waits;
    outbox->end_of_rib_sent = told;
    outbox_forget_told(outbox);
    leave_group(peer, before);
}

void peer_group_retell(struct peer *peer, enum family_id family)
{
    struct peer_family *state = &peer->families[family];
    if (state->outbox == NULL)
        return;
    /* All of it is still to be told. An answer of nothing would end what the peer has kept over our restart. */
    if (peer_table(peer, family)->deferred)
        return;
    state->refreshing_out = peer->negotiated.enhanced_refresh;
    if (state->refreshing_out)
        link_send_refresh(peer->session, family, REFRESH_BEGIN);
    outbox_cut_off(state->outbox, true);
    link_output_ready(peer->session);
}
