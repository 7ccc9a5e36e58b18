/* See peer_limit.h. What counts are the paths in the Adj-RIB-In, before any policy: a limit protects memory. */
#include "speaker/peer_limit.h"

#include "base/check.h"
#include "base/log.h"

static const struct prefix_limit_config *limit_of(const struct peer *peer, enum family_id family)
{
    const struct peer_config *config = &peer->config.peer;
    for (uint32_t i = 0; i < config->family_count; i++)
        if (config->families[i].family == family)
            return config->families[i].prefix_limit.max_prefixes > 0 ? &config->families[i].prefix_limit : NULL;
    return NULL;
}

static void warn_if_near(struct peer *peer, enum family_id family, const struct prefix_limit_config *limit,
                         uint64_t received)
{
    struct peer_family *state = &peer->families[family];
    char name[ADDR_TEXT_MAX];
    uint64_t threshold = (uint64_t)limit->max_prefixes * limit->shutdown_threshold_pct / 100;
    if (limit->shutdown_threshold_pct == 0 || received <= threshold) {
        state->prefix_warned = false;
        return;
    }
    if (state->prefix_warned)
        return;
    state->prefix_warned = true;
    log_warn("peer", peer_name(peer, name), "%s: %llu prefixes, over %u %% of the limit of %u",
             family_get(family)->config_name, (unsigned long long)received, limit->shutdown_threshold_pct,
             limit->max_prefixes);
}

static struct notification limit_notification(enum family_id family, uint32_t max_prefixes)
{
    const struct family *row = family_get(family);
    const uint8_t data[7] = {(uint8_t)(row->afi >> 8),
                             (uint8_t)row->afi,
                             row->safi,
                             (uint8_t)(max_prefixes >> 24),
                             (uint8_t)(max_prefixes >> 16),
                             (uint8_t)(max_prefixes >> 8),
                             (uint8_t)max_prefixes};
    return notification_with_data(NOTIFY_CEASE, NOTIFY_CEASE_MAX_PREFIXES, data, sizeof(data));
}

void peer_limit_check(struct peer *peer, enum family_id family)
{
    const struct prefix_limit_config *limit = limit_of(peer, family);
    if (limit == NULL || peer->admin != PEER_UP)
        return;
    uint64_t received = rib_source(peer_table(peer, family)->rib, peer->source)->received;
    warn_if_near(peer, family, limit, received);
    if (received <= limit->max_prefixes)
        return;
    char name[ADDR_TEXT_MAX];
    log_warn("peer", peer_name(peer, name), "%s: %llu prefixes, over the limit of %u: session ended",
             family_get(family)->config_name, (unsigned long long)received, limit->max_prefixes);
    peer->admin = PEER_PREFIX_LIMIT;
    struct notification notification = limit_notification(family, limit->max_prefixes);
    link_stop(peer->session, &notification, SESSION_END_PREFIX_LIMIT);
    if (limit->restart_timer_s > 0)
        loop_timer_start(&peer->restart, (int64_t)limit->restart_timer_s * 1000);
}

static void restart_due(struct loop_timer *timer)
{
    struct peer *peer = container_of(timer, struct peer, restart);
    if (peer->admin == PEER_PREFIX_LIMIT)
        peer_enable(peer);
}

void peer_limit_restart_init(struct peer *peer)
{
    loop_timer_init(&peer->restart, peer->speaker->loop, restart_due);
}
