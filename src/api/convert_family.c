/* apipb.AfiSafi: what a neighbor does per address family. */
#include "api/convert.h"

static int family_from_api(const Apipb__AfiSafi *from, struct family_config *to, struct err *err)
{
    if (!from->config || !from->config->family)
        return err_set(err, E_INVALID, "an afi-safi without a family");
    to->family = family_from_afi_safi((uint16_t)from->config->family->afi, (uint8_t)from->config->family->safi);
    if (to->family == FAMILY_UNKNOWN)
        return err_set(err, E_UNSUPPORTED, "address family: %d/%d not supported", (int)from->config->family->afi,
                       (int)from->config->family->safi);
    to->enabled = true;
    if (from->mp_graceful_restart && from->mp_graceful_restart->config)
        to->mp_graceful_restart = from->mp_graceful_restart->config->enabled;
    if (from->long_lived_graceful_restart && from->long_lived_graceful_restart->config) {
        to->long_lived = from->long_lived_graceful_restart->config->enabled;
        to->long_lived_restart_time_s = from->long_lived_graceful_restart->config->restart_time;
    }
    if (from->prefix_limits) {
        if (from->prefix_limits->shutdown_threshold_pct > 100)
            return err_set(err, E_INVALID, "shutdown threshold of %u %%", from->prefix_limits->shutdown_threshold_pct);
        to->prefix_limit.max_prefixes = from->prefix_limits->max_prefixes;
        to->prefix_limit.shutdown_threshold_pct = (uint8_t)from->prefix_limits->shutdown_threshold_pct;
    }
    if (from->add_paths && from->add_paths->config) {
        uint32_t most = from->add_paths->config->send_max;
        to->add_paths.receive = from->add_paths->config->receive;
        to->add_paths.send_max = most > UINT8_MAX ? UINT8_MAX : (uint8_t)most;
    }
    if (from->route_target_membership && from->route_target_membership->config)
        to->rtc_deferral_time_s = (uint16_t)from->route_target_membership->config->deferral_time;
    return 0;
}

int families_from_api(size_t count, Apipb__AfiSafi **from, struct peer_config *to, struct err *err)
{
    if (count > CONFIG_FAMILIES_MAX)
        return err_set(err, E_LIMIT, "more than %d address families", CONFIG_FAMILIES_MAX);
    to->family_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        to->families[i] = (struct family_config){0};
        if (family_from_api(from[i], &to->families[i], err) < 0)
            return E_INVALID;
    }
    return 0;
}

static void restart_to_api(struct arena *arena, const struct family_config *config,
                           const struct peer_family_view *state, const struct peer_view *view, Apipb__AfiSafi *to)
{
    const struct session_status *session = view ? view->session : NULL;
    family_set bit = 1u << config->family;
    Apipb__MpGracefulRestart *restart = MESSAGE_NEW(arena, Apipb__MpGracefulRestart, apipb__mp_graceful_restart__init);
    restart->config = MESSAGE_NEW(arena, Apipb__MpGracefulRestartConfig, apipb__mp_graceful_restart_config__init);
    restart->config->enabled = config->mp_graceful_restart;
    restart->state = MESSAGE_NEW(arena, Apipb__MpGracefulRestartState, apipb__mp_graceful_restart_state__init);
    restart->state->enabled = config->mp_graceful_restart;
    /* What the last session agreed on holds while the neighbor is away. */
    bool said =
        session && (session->negotiated || view->peer_restarting) && session->local_open && session->remote_open;
    if (said) {
        restart->state->advertised = (session->local_open->capabilities.restart_families & bit) != 0;
        restart->state->received = (session->remote_open->capabilities.restart_families & bit) != 0;
    }
    if (state) {
        restart->state->end_of_rib_received = state->end_of_rib_received;
        restart->state->end_of_rib_sent = state->end_of_rib_sent;
    }
    to->mp_graceful_restart = restart;
    Apipb__LongLivedGracefulRestart *long_lived =
        MESSAGE_NEW(arena, Apipb__LongLivedGracefulRestart, apipb__long_lived_graceful_restart__init);
    long_lived->config =
        MESSAGE_NEW(arena, Apipb__LongLivedGracefulRestartConfig, apipb__long_lived_graceful_restart_config__init);
    long_lived->config->enabled = config->long_lived;
    long_lived->config->restart_time = config->long_lived_restart_time_s;
    long_lived->state =
        MESSAGE_NEW(arena, Apipb__LongLivedGracefulRestartState, apipb__long_lived_graceful_restart_state__init);
    long_lived->state->enabled = config->long_lived;
    if (said) {
        const struct capabilities *theirs = &session->remote_open->capabilities;
        long_lived->state->advertised = (session->local_open->capabilities.long_lived_families & bit) != 0;
        long_lived->state->received = theirs->long_lived && (theirs->long_lived_families & bit) != 0;
        if (long_lived->state->received)
            long_lived->state->peer_restart_time = theirs->long_lived_time_s[config->family];
    }
    to->long_lived_graceful_restart = long_lived;
}

static void selection_to_api(struct arena *arena, Apipb__AfiSafi *to)
{
    Apipb__RouteSelectionOptions *options =
        MESSAGE_NEW(arena, Apipb__RouteSelectionOptions, apipb__route_selection_options__init);
    options->config =
        MESSAGE_NEW(arena, Apipb__RouteSelectionOptionsConfig, apipb__route_selection_options_config__init);
    options->state = MESSAGE_NEW(arena, Apipb__RouteSelectionOptionsState, apipb__route_selection_options_state__init);
    to->route_selection_options = options;
    Apipb__UseMultiplePaths *multiple = MESSAGE_NEW(arena, Apipb__UseMultiplePaths, apipb__use_multiple_paths__init);
    multiple->config = MESSAGE_NEW(arena, Apipb__UseMultiplePathsConfig, apipb__use_multiple_paths_config__init);
    multiple->state = MESSAGE_NEW(arena, Apipb__UseMultiplePathsState, apipb__use_multiple_paths_state__init);
    multiple->ebgp = MESSAGE_NEW(arena, Apipb__Ebgp, apipb__ebgp__init);
    multiple->ebgp->config = MESSAGE_NEW(arena, Apipb__EbgpConfig, apipb__ebgp_config__init);
    multiple->ebgp->state = MESSAGE_NEW(arena, Apipb__EbgpState, apipb__ebgp_state__init);
    multiple->ibgp = MESSAGE_NEW(arena, Apipb__Ibgp, apipb__ibgp__init);
    multiple->ibgp->config = MESSAGE_NEW(arena, Apipb__IbgpConfig, apipb__ibgp_config__init);
    multiple->ibgp->state = MESSAGE_NEW(arena, Apipb__IbgpState, apipb__ibgp_state__init);
    to->use_multiple_paths = multiple;
    Apipb__RouteTargetMembership *membership =
        MESSAGE_NEW(arena, Apipb__RouteTargetMembership, apipb__route_target_membership__init);
    membership->config =
        MESSAGE_NEW(arena, Apipb__RouteTargetMembershipConfig, apipb__route_target_membership_config__init);
    membership->state =
        MESSAGE_NEW(arena, Apipb__RouteTargetMembershipState, apipb__route_target_membership_state__init);
    to->route_target_membership = membership;
}

static void add_paths_to_api(struct arena *arena, const struct family_config *config, const struct peer_view *view,
                             Apipb__AfiSafi *to)
{
    const struct negotiated *negotiated = view && view->session ? view->session->negotiated : NULL;
    family_set bit = 1u << config->family;
    to->add_paths = MESSAGE_NEW(arena, Apipb__AddPaths, apipb__add_paths__init);
    to->add_paths->config = MESSAGE_NEW(arena, Apipb__AddPathsConfig, apipb__add_paths_config__init);
    to->add_paths->config->receive = config->add_paths.receive;
    to->add_paths->config->send_max = config->add_paths.send_max;
    to->add_paths->state = MESSAGE_NEW(arena, Apipb__AddPathsState, apipb__add_paths_state__init);
    if (negotiated) {
        to->add_paths->state->receive = (negotiated->add_path_receive & bit) != 0;
        to->add_paths->state->send_max = negotiated->add_path_send & bit ? config->add_paths.send_max : 0;
    }
}

static Apipb__AfiSafi *family_config_to_api(struct arena *arena, const struct family_config *config,
                                            const struct peer_family_view *state, const struct peer_view *view)
{
    static const struct apply_policy_config no_policy;
    Apipb__AfiSafi *to = MESSAGE_NEW(arena, Apipb__AfiSafi, apipb__afi_safi__init);
    to->config = MESSAGE_NEW(arena, Apipb__AfiSafiConfig, apipb__afi_safi_config__init);
    to->config->family = family_to_api(arena, config->family);
    to->config->enabled = config->enabled;
    to->state = MESSAGE_NEW(arena, Apipb__AfiSafiState, apipb__afi_safi_state__init);
    to->state->family = family_to_api(arena, config->family);
    to->state->enabled = config->enabled;
    if (state) {
        to->state->received = state->received;
        to->state->accepted = state->accepted;
        to->state->advertised = state->advertised;
    }
    to->apply_policy = apply_policy_to_api(arena, &no_policy);
    restart_to_api(arena, config, state, view, to);
    selection_to_api(arena, to);
    add_paths_to_api(arena, config, view, to);
    if (config->prefix_limit.max_prefixes) {
        to->prefix_limits = MESSAGE_NEW(arena, Apipb__PrefixLimit, apipb__prefix_limit__init);
        to->prefix_limits->family = family_to_api(arena, config->family);
        to->prefix_limits->max_prefixes = config->prefix_limit.max_prefixes;
        to->prefix_limits->shutdown_threshold_pct = config->prefix_limit.shutdown_threshold_pct;
    }
    return to;
}

static const struct peer_family_view *view_of(const struct peer_view *view, enum family_id family)
{
    for (uint32_t i = 0; view && i < view->family_count; i++) {
        if (view->families[i].family == family)
            return &view->families[i];
    }
    return NULL;
}

void families_to_api(struct arena *arena, const struct peer_config *config, const struct peer_view *view, size_t *count,
                     Apipb__AfiSafi ***list)
{
    *count = config->family_count;
    *list = arena_alloc(arena, (*count + 1) * sizeof(**list));
    for (size_t i = 0; i < *count; i++) {
        const struct family_config *family = &config->families[i];
        (*list)[i] = family_config_to_api(arena, family, view_of(view, family->family), view);
    }
}
