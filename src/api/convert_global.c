/* apipb.Global. */
#include "api/convert.h"

#include <string.h>

#include "base/check.h"

static int listen_from_api(const Apipb__Global *from, struct global_config *to, struct err *err)
{
    if (from->listen_port < -1 || from->listen_port > UINT16_MAX)
        return err_set(err, E_INVALID, "invalid listen port: %d", from->listen_port);
    to->port = from->listen_port;
    if (from->n_listen_addresses > CONFIG_LISTEN_MAX)
        return err_set(err, E_LIMIT, "more than %d listen addresses", CONFIG_LISTEN_MAX);
    for (size_t i = 0; i < from->n_listen_addresses; i++) {
        if (addr_parse(from->listen_addresses[i], &to->listen[i]) < 0)
            return err_set(err, E_INVALID, "invalid listen address: %s", from->listen_addresses[i]);
    }
    to->listen_count = (uint32_t)from->n_listen_addresses;
    return copy_text(from->bind_to_device, to->bind_to_device, sizeof(to->bind_to_device), "bind_to_device", err);
}

static void selection_from_api(const Apipb__RouteSelectionOptionsConfig *from, struct route_selection_config *to)
{
    if (!from)
        return;
    to->always_compare_med = from->always_compare_med;
    to->ignore_as_path_length = from->ignore_as_path_length;
    to->external_compare_router_id = from->external_compare_router_id;
    to->advertise_inactive_routes = from->advertise_inactive_routes;
    to->enable_aigp = from->enable_aigp;
    to->ignore_next_hop_igp_metric = from->ignore_next_hop_igp_metric;
    to->disable_best_path_selection = from->disable_best_path_selection;
}

static int confederation_from_api(const Apipb__Confederation *from, struct confederation_config *to, struct err *err)
{
    if (!from)
        return 0;
    if (from->n_member_as_list > ARRAY_LEN(to->members))
        return err_set(err, E_LIMIT, "more than %zu members of a confederation", ARRAY_LEN(to->members));
    to->enabled = from->enabled;
    to->identifier = from->identifier;
    to->member_count = (uint32_t)from->n_member_as_list;
    for (size_t i = 0; i < from->n_member_as_list; i++)
        to->members[i] = from->member_as_list[i];
    return 0;
}

/* Families are numbered by their place in GoBGP's table, which is also ours. */
static int global_families_from_api(const Apipb__Global *from, struct global_config *to, struct err *err)
{
    for (size_t i = 0; i < from->n_families; i++) {
        const struct family *family = from->families[i] < FAMILY_COUNT ? family_get(from->families[i]) : NULL;
        if (!family)
            return err_set(err, E_INVALID, "invalid family: %u", from->families[i]);
        if (!family->routed)
            return err_set(err, E_UNSUPPORTED, "address family: %s not supported", family->config_name);
        to->families |= 1u << from->families[i];
    }
    return 0;
}

int global_from_api(const Apipb__Global *from, struct global_config *to, struct err *err)
{
    struct addr id;
    *to = (struct global_config){.as = from->asn, .use_multiple_paths = from->use_multiple_paths};
    if (addr_parse(from->router_id, &id) < 0 || id.kind != ADDR_IPV4)
        return err_set(err, E_INVALID, "invalid router-id format: %s", from->router_id);
    to->router_id = addr_ipv4_value(&id);
    selection_from_api(from->route_selection_options, &to->route_selection);
    if (from->graceful_restart) {
        to->graceful_restart.enabled = from->graceful_restart->enabled;
        to->graceful_restart.helper_only = from->graceful_restart->helper_only;
        to->graceful_restart.notification_enabled = from->graceful_restart->notification_enabled;
        to->graceful_restart.long_lived_enabled = from->graceful_restart->longlived_enabled;
        to->graceful_restart.restart_time_s = (uint16_t)from->graceful_restart->restart_time;
        to->graceful_restart.deferral_time_s = (uint16_t)from->graceful_restart->deferral_time;
        to->graceful_restart.stale_routes_time_s = from->graceful_restart->stale_routes_time;
    }
    if (listen_from_api(from, to, err) < 0 || confederation_from_api(from->confederation, &to->confederation, err) < 0)
        return E_INVALID;
    if (global_families_from_api(from, to, err) < 0)
        return E_INVALID;
    return apply_policy_from_api(from->apply_policy, &to->apply_policy, err);
}

/* GoBGP fills no more than these. */
Apipb__Global *global_to_api(struct arena *arena, const struct global_config *from)
{
    Apipb__Global *to = MESSAGE_NEW(arena, Apipb__Global, apipb__global__init);
    if (!from)
        return to;
    to->asn = from->as;
    to->router_id = text_of_ipv4(arena, from->router_id);
    to->listen_port = from->port;
    to->n_listen_addresses = from->listen_count;
    to->listen_addresses = arena_alloc(arena, (from->listen_count + 1) * sizeof(char *));
    for (uint32_t i = 0; i < from->listen_count; i++)
        to->listen_addresses[i] = text_of_addr(arena, &from->listen[i]);
    to->use_multiple_paths = from->use_multiple_paths;
    return to;
}
