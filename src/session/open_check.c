/* The checks of RFC 4271 6.2 that need the configuration: peer AS, own identifier (RFC 6286 2.2), roles
 * (RFC 9234 4.2). Syntax and the values wrong for anybody are open_decode's.
 */
#include "session/open_check.h"

#include "base/check.h"
#include "base/octets.h"
#include "net/asn.h"

static const char *role_name(uint8_t role)
{
    static const char *const names[] = {
        [ROLE_PROVIDER] = "provider",
        [ROLE_ROUTE_SERVER] = "route server",
        [ROLE_ROUTE_SERVER_CLIENT] = "route server client",
        [ROLE_CUSTOMER] = "customer",
        [ROLE_PEER] = "peer",
    };
    return role < ARRAY_LEN(names) ? names[role] : "unknown";
}

/* RFC 9234 4.2, table 2. Unknown roles match nothing. */
static bool roles_match(uint8_t local, uint8_t remote)
{
    switch (local) {
    case ROLE_PROVIDER:
        return remote == ROLE_CUSTOMER;
    case ROLE_CUSTOMER:
        return remote == ROLE_PROVIDER;
    case ROLE_ROUTE_SERVER:
        return remote == ROLE_ROUTE_SERVER_CLIENT;
    case ROLE_ROUTE_SERVER_CLIENT:
        return remote == ROLE_ROUTE_SERVER;
    case ROLE_PEER:
        return remote == ROLE_PEER;
    default:
        return false;
    }
}

bool open_is_ibgp(const struct session_config *config, const struct open_message *remote)
{
    return config->peer_as == 0 ? remote->as == config->local_as : config->ibgp;
}

static int refuse(struct notification *notification, uint8_t subcode)
{
    *notification = notification_make(NOTIFY_OPEN, subcode);
    return E_INVALID;
}

static int check_role(const struct session_config *config, const struct open_message *remote,
                      struct notification *notification, struct str *why)
{
    uint8_t ours = config->capabilities.role, theirs = remote->capabilities.role;
    /* Roles are of external sessions; on an internal one the capability is ignored (RFC 9234 4.1). */
    if (ours == ROLE_NONE || open_is_ibgp(config, remote))
        return 0;
    if (theirs == ROLE_NONE) {
        if (!config->role_strict)
            return 0;
        str_printf(why, "peer announced no role, and one is required (ours: %s)", role_name(ours));
        return refuse(notification, NOTIFY_OPEN_ROLE_MISMATCH);
    }
    if (roles_match(ours, theirs))
        return 0;
    str_printf(why, "roles do not match: ours is %s, the peer's is %s (%u)", role_name(ours), role_name(theirs),
               theirs);
    return refuse(notification, NOTIFY_OPEN_ROLE_MISMATCH);
}

int open_check(const struct session_config *config, const struct open_message *remote,
               struct notification *notification, struct str *why)
{
    if (config->peer_as != 0 && remote->as != config->peer_as) {
        str_printf(why, "peer announced AS %u, configured is AS %u", remote->as, config->peer_as);
        uint8_t as[4];
        put_u32(as, remote->as);
        *notification = notification_with_data(NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, as, sizeof(as));
        return E_INVALID;
    }
    if (remote->router_id == config->local_id && open_is_ibgp(config, remote)) {
        struct addr id = addr_ipv4(remote->router_id);
        char text[ADDR_TEXT_MAX];
        str_printf(why, "peer in our AS announced our own BGP identifier %s", addr_format(&id, text));
        return refuse(notification, NOTIFY_OPEN_BAD_ID);
    }
    return check_role(config, remote, notification, why);
}

void open_make(const struct session_config *config, struct open_message *open)
{
    *open = (struct open_message){
        .version = 4,
        .as = config->local_as,
        .my_as = config->local_as > UINT16_MAX ? AS_TRANS : (uint16_t)config->local_as,
        .hold_time_s = config->hold_time_s,
        .router_id = config->local_id,
        .capabilities = config->capabilities,
    };
}

void open_negotiate(const struct session_config *config, const struct open_message *local,
                    const struct open_message *remote, struct negotiated *negotiated)
{
    capabilities_negotiate(local, remote, negotiated);
    uint16_t hold_s = negotiated->hold_time_s;
    uint16_t keepalive_s = hold_s / 3;
    /* The configured interval belongs to the configured hold time: a peer that lowers one lowers the other. */
    if (config->keepalive_s && hold_s == config->hold_time_s && config->keepalive_s < hold_s)
        keepalive_s = config->keepalive_s;
    negotiated->keepalive_s = hold_s == 0 ? 0 : keepalive_s ? keepalive_s : 1;
}

void open_rules(const struct session_config *config, const struct open_message *remote,
                const struct negotiated *negotiated, const struct addr *local_address, struct update_rules *rules)
{
    *rules = config->rules;
    if (config->peer_as == 0)
        rules->ebgp = !open_is_ibgp(config, remote);
    rules->four_octet_as = negotiated->four_octet_as;
    rules->peer_as = negotiated->peer_as;
    rules->families = negotiated->families;
    rules->add_path_receive = negotiated->add_path_receive;
    rules->extended_next_hop = negotiated->extended_next_hop;
    rules->local_address = *local_address;
}

bool collision_keeps_ours(const struct session_config *config, const struct open_message *remote)
{
    if (config->local_id != remote->router_id)
        return config->local_id > remote->router_id;
    return config->local_as > remote->as;
}
