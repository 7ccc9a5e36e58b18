/* Completing and checking.
 *
 * Order matters only once: timers before graceful restart, whose time follows the hold time.
 */
#include "config/complete.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/time_name.h"
#include "config/schema.h"

enum {
    RPKI_PORT = 323,
    RPKI_LIFETIME_S = 3600,
    BGP_PORT = 179,
    CONNECT_RETRY_S = 120,
    HOLD_TIME_S = 90,
    IDLE_HOLD_TIME_S = 30,
    TTL_DEFAULT = 255,
    RESTART_TIME_MAX_S = 4095, /* 12 bits on the wire, RFC 4724 3 */
    DEFERRAL_TIME_S = 360,
    ROLE_NOT_SET = 255,
    DYNAMIC_NEIGHBOR_LIMIT = 5000,
};

__attribute__((format(printf, 3, 4))) static int refuse(struct problem *problem, const char *key, const char *format,
                                                        ...)
{
    struct str str = str_over(problem->key, sizeof(problem->key));
    str_add(&str, key);
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(problem->text, sizeof(problem->text), format, arguments) < 0)
        problem->text[0] = '\0';
    va_end(arguments);
    problem->code = E_INVALID;
    return E_INVALID;
}

/* What the file's reader refuses by its class, the API can say all the same. */
static int check_supported(const struct section *section, const void *object, struct problem *problem)
{
    const char *remark;
    struct str str = str_over(problem->key, sizeof(problem->key));
    if (!section_not_yet(section, object, &str, &remark))
        return 0;
    str = str_over(problem->text, sizeof(problem->text));
    str_printf(&str, "not yet supported%s%s%s", *remark ? " (" : "", remark, *remark ? ")" : "");
    problem->code = E_UNSUPPORTED;
    return E_UNSUPPORTED;
}

static int finish_graceful_restart(struct graceful_restart_config *restart, uint16_t hold_time_s,
                                   struct problem *problem)
{
    if (restart->restart_time_s > RESTART_TIME_MAX_S)
        return refuse(problem, "graceful-restart.config.restart-time", "%u s is above %d", restart->restart_time_s,
                      RESTART_TIME_MAX_S);
    if (!restart->enabled)
        return 0;
    if (restart->restart_time_s == 0)
        restart->restart_time_s = hold_time_s < RESTART_TIME_MAX_S ? hold_time_s : RESTART_TIME_MAX_S;
    if (restart->deferral_time_s == 0)
        restart->deferral_time_s = DEFERRAL_TIME_S;
    return 0;
}

int global_finish(struct global_config *global, struct problem *problem)
{
    if (global->as == 0)
        return refuse(problem, "config.as", "missing");
    if (global->router_id == 0)
        return refuse(problem, "config.router-id", "missing");
    if (global->confederation.enabled && global->confederation.identifier == 0)
        return refuse(problem, "confederation.config.identifier", "missing");
    if (global->port < -1 || global->port > UINT16_MAX)
        return refuse(problem, "config.port", "%" PRId32 " is no port (allowed: -1..65535)", global->port);
    if (global->port == 0)
        global->port = BGP_PORT;
    if (global->listen_count == 0) {
        global->listen[global->listen_count++] = addr_ipv4(0);
        global->listen[global->listen_count++] = addr_from_bytes(ADDR_IPV6, &in6addr_any);
    }
    if (global->dynamic_neighbor_limit == 0)
        global->dynamic_neighbor_limit = DYNAMIC_NEIGHBOR_LIMIT;
    int result = check_supported(&schema_global, global, problem);
    return result < 0 ? result : finish_graceful_restart(&global->graceful_restart, HOLD_TIME_S, problem);
}

static int finish_timers(struct timers_config *timers, struct problem *problem)
{
    if (timers->hold_time_s == 1 || timers->hold_time_s == 2)
        return refuse(problem, "timers.config.hold-time", "%u s is below 3 (allowed: 0, 3..65535)",
                      timers->hold_time_s);
    if (timers->hold_time_s != 0 && timers->keepalive_interval_s >= timers->hold_time_s)
        return refuse(problem, "timers.config.keepalive-interval", "%u s is not below the hold time of %u s",
                      timers->keepalive_interval_s, timers->hold_time_s);
    if (timers->send_hold_time_s != 0 && timers->send_hold_time_s <= timers->hold_time_s)
        return refuse(problem, "godwit.config.send-hold-time", "%u s is not above the hold time of %u s",
                      timers->send_hold_time_s, timers->hold_time_s);
    if (timers->connect_retry_s == 0)
        timers->connect_retry_s = CONNECT_RETRY_S;
    return 0;
}

static int check_family(const struct peer_config *peer, uint32_t i, struct problem *problem)
{
    const struct family_config *config = &peer->families[i];
    const struct family *family = family_get(config->family);
    char key[CONFIG_NAME_MAX];
    struct str str = str_over(key, sizeof(key));
    str_printf(&str, "afi-safis[%u].config.afi-safi-name", i);
    if (!family)
        return refuse(problem, key, "missing");
    if (config->enabled && !family->routed) {
        refuse(problem, key, "the address family %s is not yet supported (ipv4-unicast, ipv6-unicast)",
               family->config_name);
        problem->code = E_UNSUPPORTED;
        return E_UNSUPPORTED;
    }
    for (uint32_t before = 0; before < i; before++) {
        if (peer->families[before].family == config->family)
            return refuse(problem, key, "%s is listed twice", family->config_name);
    }
    return 0;
}

static int check_families(const struct peer_config *peer, struct problem *problem)
{
    if (peer->family_count > CONFIG_FAMILIES_MAX)
        return refuse(problem, "afi-safis", "more than %d entries", CONFIG_FAMILIES_MAX);
    for (uint32_t i = 0; i < peer->family_count; i++) {
        int result = check_family(peer, i, problem);
        if (result < 0)
            return result;
    }
    return 0;
}

/* What holds for a neighbour and a group alike, whoever the peer will be. */
static int finish_peer(struct peer_config *peer, struct problem *problem)
{
    int result = finish_timers(&peer->timers, problem);
    if (result == 0)
        result = finish_graceful_restart(&peer->graceful_restart, peer->timers.hold_time_s, problem);
    if (result == 0)
        result = check_families(peer, problem);
    if (result == 0)
        result = check_supported(&schema_peer, peer, problem);
    if (result < 0)
        return result;
    if (peer->route_reflector_client && peer->route_server_client)
        return refuse(problem, "route-server.config.route-server-client",
                      "a neighbor cannot be both a route server client and a route reflector client");
    if (peer->ebgp_multihop && peer->ttl_security)
        return refuse(problem, "ttl-security.config.enabled", "ebgp-multihop and ttl-security are mutually exclusive");
    if (peer->role_strict && peer->role == ROLE_NOT_SET)
        return refuse(problem, "godwit.config.role-strict", "strict about which role? godwit.config.role is missing");
    if (peer->multihop_ttl == 0)
        peer->multihop_ttl = TTL_DEFAULT;
    if (peer->ttl_min == 0)
        peer->ttl_min = TTL_DEFAULT;
    if (peer->transport.remote_port == 0)
        peer->transport.remote_port = BGP_PORT;
    if (addr_is_any(&peer->transport.local_address))
        peer->transport.local_address = (struct addr){.kind = ADDR_NONE};
    return 0;
}

/* What depends on the two AS numbers. A peer AS of 0 accepts any, and counts as external. */
static int check_as_numbers(const struct peer_config *peer, const struct global_config *global, struct problem *problem)
{
    uint32_t local_as = peer->local_as ? peer->local_as : global->as;
    if (peer->peer_as != local_as)
        return 0;
    if (peer->remove_private != REMOVE_PRIVATE_NONE)
        return refuse(problem, "config.remove-private-as", "can't set remove-private-as for iBGP peer");
    if (peer->replace_peer_as)
        return refuse(problem, "as-path-options.config.replace-peer-as", "can't set replace-peer-as for iBGP peer");
    if (peer->role != ROLE_NOT_SET)
        return refuse(problem, "godwit.config.role", "can't set a role for iBGP peer (RFC 9234)");
    return 0;
}

int peer_group_finish(struct peer_group_config *group, const struct global_config *global, struct problem *problem)
{
    if (group->name[0] == '\0')
        return refuse(problem, "config.peer-group-name", "missing");
    int result = finish_peer(&group->peer, problem);
    if (result < 0 || group->peer.peer_as == 0)
        return result;
    return check_as_numbers(&group->peer, global, problem);
}

static void add_family(struct peer_config *peer, enum family_id id)
{
    struct family_config *family = &peer->families[peer->family_count++];
    section_defaults(&schema_family, family);
    family->family = id;
    family->add_paths = peer->add_paths;
}

static int check_address(const struct neighbor_config *neighbor, struct problem *problem)
{
    const struct transport_config *transport = &neighbor->peer.transport;
    char text[ADDR_TEXT_MAX];
    if (neighbor->interface[0] && neighbor->peer.route_server_client)
        return refuse(problem, "config.neighbor-interface",
                      "configuring route server client as unnumbered peer is not supported");
    if (neighbor->interface[0] && neighbor->address.kind != ADDR_NONE && !addr_is_link_local(&neighbor->address))
        return refuse(problem, "config.neighbor-interface", "%s is no link-local address: say one of the two",
                      addr_format(&neighbor->address, text));
    if (neighbor->interface[0] && neighbor->address.kind == ADDR_NONE)
        return 0;
    if (neighbor->address.kind == ADDR_NONE)
        return refuse(problem, "config.neighbor-address", "no neighbor address/interface specified");
    if (addr_is_any(&neighbor->address) || addr_is_multicast(&neighbor->address))
        return refuse(problem, "config.neighbor-address", "invalid neighbor address: %s",
                      addr_format(&neighbor->address, text));
    if (addr_is_link_local(&neighbor->address) && neighbor->address.kind == ADDR_IPV6 && !neighbor->interface[0] &&
        neighbor->scope_id == 0 && !transport->bind_interface[0])
        return refuse(problem, "config.neighbor-address", "%s is link-local: say its interface, as in %s%%eth0",
                      addr_format(&neighbor->address, text), text);
    if (transport->local_address.kind != ADDR_NONE && transport->local_address.kind != neighbor->address.kind)
        return refuse(problem, "transport.config.local-address", "%s cannot reach a neighbor of the other IP version",
                      addr_format(&transport->local_address, text));
    return 0;
}

int neighbor_finish(struct neighbor_config *neighbor, const struct global_config *global, struct problem *problem)
{
    int result = check_supported(&schema_neighbor, neighbor, problem);
    if (result == 0)
        result = finish_peer(&neighbor->peer, problem);
    if (result == 0)
        result = check_address(neighbor, problem);
    if (result == 0)
        result = check_as_numbers(&neighbor->peer, global, problem);
    if (result < 0)
        return result;
    if (neighbor->peer.family_count == 0 && neighbor->address.kind == ADDR_NONE) {
        /* As GoBGP: one session over the link's own addresses carries both. */
        add_family(&neighbor->peer, FAMILY_IPV4_UNICAST);
        add_family(&neighbor->peer, FAMILY_IPV6_UNICAST);
    }
    if (neighbor->peer.family_count == 0)
        add_family(&neighbor->peer, neighbor->address.kind == ADDR_IPV4 ? FAMILY_IPV4_UNICAST : FAMILY_IPV6_UNICAST);
    return 0;
}

int dynamic_neighbor_finish(const struct dynamic_neighbor_config *dynamic, struct problem *problem)
{
    if (dynamic->prefix.addr.kind == ADDR_NONE)
        return refuse(problem, "config.prefix", "missing");
    if (dynamic->peer_group[0] == '\0')
        return refuse(problem, "config.peer-group", "missing");
    return 0;
}

void peer_config_init(struct peer_config *peer)
{
    section_defaults(&schema_peer, peer);
}

static void take_text(char *to, const char *from, size_t size)
{
    if (from[0])
        memcpy(to, from, size);
}

/* The group's blocks win as a whole; what the group leaves open (AS numbers, password, description, role, families)
 * stays the neighbour's. */
static void take_group(struct peer_config *peer, const struct peer_group_config *group)
{
    struct peer_config own = *peer;
    *peer = group->peer;
    if (peer->peer_as == 0)
        peer->peer_as = own.peer_as;
    if (peer->local_as == 0)
        peer->local_as = own.local_as;
    if (peer->auth_password[0] == '\0')
        take_text(peer->auth_password, own.auth_password, sizeof(peer->auth_password));
    if (peer->description[0] == '\0')
        take_text(peer->description, own.description, sizeof(peer->description));
    if (peer->role == ROLE_NOT_SET) {
        peer->role = own.role;
        peer->role_strict = own.role_strict;
    }
    if (peer->family_count == 0) {
        peer->family_count = own.family_count;
        memcpy(peer->families, own.families, sizeof(peer->families));
    }
}

/* The API has no way to say a hold time of 0: there it means nothing was said. */
static void take_defaults(struct peer_config *peer)
{
    struct timers_config *timers = &peer->timers;
    if (timers->hold_time_s == 0)
        timers->hold_time_s = HOLD_TIME_S;
    if (timers->idle_hold_time_after_reset_s == 0)
        timers->idle_hold_time_after_reset_s = IDLE_HOLD_TIME_S;
}

int neighbor_config_complete(struct neighbor_config *neighbor, const struct global_config *global,
                             const struct peer_group_config *group, struct err *err)
{
    struct problem problem;
    if (group)
        take_group(&neighbor->peer, group);
    else
        take_defaults(&neighbor->peer);
    int result = neighbor_finish(neighbor, global, &problem);
    return result < 0 ? err_set(err, result, "%s: %s", problem.key, problem.text) : 0;
}

int global_config_complete(struct global_config *global, struct err *err)
{
    struct problem problem;
    int result = global_finish(global, &problem);
    return result < 0 ? err_set(err, result, "global.%s: %s", problem.key, problem.text) : 0;
}

int peer_group_config_complete(struct peer_group_config *group, const struct global_config *global, struct err *err)
{
    struct problem problem;
    int result = peer_group_finish(group, global, &problem);
    return result < 0 ? err_set(err, result, "peer-group %s: %s: %s", group->name, problem.key, problem.text) : 0;
}

static void follow_key(const struct key *key, uint8_t *member, const uint8_t *before, const uint8_t *after)
{
    if (key->size == 0 || key_differs(key, member, before, 0))
        return;
    memcpy(member + key->offset, after + key->offset, key->size);
    if (key->count_size)
        memcpy(member + key->count_offset, after + key->count_offset, key->count_size);
}

/* Nobody has to remember what a member said itself: what differs from the old group. */
static void follow_section(const struct section *section, uint8_t *member, const uint8_t *before, const uint8_t *after)
{
    for (size_t i = 0; i < section->key_count; i++) {
        const struct key *key = &section->keys[i];
        if (key->type != KEY_BLOCK)
            follow_key(key, member, before, after);
        else if (key->size > 0)
            follow_section(key->section, member + key->offset, before + key->offset, after + key->offset);
    }
}

int neighbor_config_regroup(struct neighbor_config *neighbor, const struct global_config *global,
                            const struct peer_group_config *before, const struct peer_group_config *after,
                            struct err *err)
{
    struct problem problem;
    struct peer_config *peer = &neighbor->peer;
    uint32_t own_as = peer->peer_as;
    follow_section(&schema_peer, (uint8_t *)peer, (const uint8_t *)&before->peer, (const uint8_t *)&after->peer);
    peer->peer_as = after->peer.peer_as != 0 ? after->peer.peer_as : own_as;
    int result = neighbor_finish(neighbor, global, &problem);
    return result < 0 ? err_set(err, result, "%s: %s", problem.key, problem.text) : 0;
}

int mrt_dump_finish(const struct mrt_dump_config *dump, struct problem *problem)
{
    bool table = dump->type == MRT_DUMP_TABLE;
    if (dump->file_name[0] == '\0')
        return refuse(problem, "config.file-name", "missing");
    struct err err;
    char name[2 * CONFIG_FILE_NAME_MAX];
    if (time_name_format(dump->file_name, false, (struct wall_time){0}, name, sizeof(name), &err) < 0)
        return refuse(problem, "config.file-name", "%s", err.text);
    if (table && dump->dump_interval_s != 0 && dump->rotation_interval_s != 0)
        return refuse(problem, "config.dump-interval", "can't specify both intervals in the table dump type");
    if (!table && dump->table.kind != ADDR_NONE)
        return refuse(problem, "config.table-name", "can't specify the table name with the update dump type");
    return 0;
}

int rpki_server_finish(struct rpki_server_config *server, struct problem *problem)
{
    if (server->address[0] == '\0')
        return refuse(problem, "config.address", "missing");
    if (server->port == 0)
        server->port = RPKI_PORT;
    if (server->record_lifetime_s == 0)
        server->record_lifetime_s = RPKI_LIFETIME_S;
    return 0;
}

int rpki_server_config_complete(struct rpki_server_config *server, struct err *err)
{
    struct problem problem;
    return rpki_server_finish(server, &problem) == 0 ? 0 : err_set(err, problem.code, "%s", problem.text);
}

int mrt_dump_config_check(const struct mrt_dump_config *dump, struct err *err)
{
    struct problem problem;
    return mrt_dump_finish(dump, &problem) == 0 ? 0 : err_set(err, problem.code, "%s", problem.text);
}

int bmp_server_config_check(const struct bmp_server_config *server, struct err *err)
{
    enum { POLICY_MAX = 4 };
    if (server->policy > POLICY_MAX)
        return err_set(err, E_INVALID, "invalid bmp route monitoring policy: %u", server->policy);
    return 0;
}
