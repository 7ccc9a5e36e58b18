/* The configuration as values: what a file, an API call or a library user asks for.
 *
 * One schema (schema.h) describes every key once: reading TOML, YAML and JSON, checking, defaults, printing and
 * comparing all walk it. Structures are plain; strings are fixed arrays, so a neighbour's configuration is copied as a
 * value. Compare by config_diff() and neighbor_config_needs_reset(), not as memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/family.h"
#include "net/prefix.h"
#include "policy/spec.h"

enum {
    CONFIG_NAME_MAX = 128,
    CONFIG_DESCRIPTION_MAX = 256,
    CONFIG_PASSWORD_MAX = 80,
    CONFIG_INTERFACE_MAX = 16,
    CONFIG_LISTEN_MAX = 32,
    CONFIG_FILE_NAME_MAX = 512,
    CONFIG_DUMPS_MAX = 64,
    CONFIG_HOST_MAX = 256,
    CONFIG_RPKI_SERVERS_MAX = 16,
    CONFIG_BMP_SERVERS_MAX = 16,
    CONFIG_FAMILIES_MAX = FAMILY_COUNT,
    CONFIG_POLICIES_MAX = 16,
    CONFIG_NEIGHBORS_MAX = 65536, /* and so many groups, and so many dynamic ranges */
};

enum peer_type {
    PEER_TYPE_INTERNAL = 0,
    PEER_TYPE_EXTERNAL = 1,
};

enum remove_private {
    REMOVE_PRIVATE_NONE = 0,
    REMOVE_PRIVATE_ALL = 1,
    REMOVE_PRIVATE_REPLACE = 2,
};

enum default_action {
    DEFAULT_ACTION_NONE = 0,
    DEFAULT_ACTION_ACCEPT = 1,
    DEFAULT_ACTION_REJECT = 2,
};

struct route_selection_config {
    bool always_compare_med;
    bool ignore_as_path_length;
    bool external_compare_router_id;
    bool advertise_inactive_routes;
    bool enable_aigp;
    bool ignore_next_hop_igp_metric;
    bool disable_best_path_selection;
};

struct graceful_restart_config {
    bool enabled;
    bool helper_only;
    bool notification_enabled;
    bool long_lived_enabled;
    uint16_t restart_time_s;
    uint16_t deferral_time_s;
    uint32_t stale_routes_time_s;
};

struct add_paths_config {
    bool receive;
    uint8_t send_max; /* 0: do not send */
};

struct prefix_limit_config {
    uint32_t max_prefixes;          /* 0: none */
    uint8_t shutdown_threshold_pct; /* warn at this share; 0: do not */
    uint32_t restart_timer_s;       /* 0: stay down until enabled */
};

struct apply_policy_config {
    char import_policies[CONFIG_POLICIES_MAX][CONFIG_NAME_MAX];
    char export_policies[CONFIG_POLICIES_MAX][CONFIG_NAME_MAX];
    uint8_t import_count;
    uint8_t export_count;
    uint8_t default_import; /* enum default_action */
    uint8_t default_export;
};

struct family_config {
    enum family_id family;
    bool enabled;
    bool mp_graceful_restart;
    bool long_lived;
    uint32_t long_lived_restart_time_s;
    struct prefix_limit_config prefix_limit;
    struct add_paths_config add_paths;
    uint16_t rtc_deferral_time_s;
};

struct timers_config {
    uint32_t connect_retry_s;
    uint16_t hold_time_s;
    uint16_t keepalive_interval_s; /* 0: a third of the negotiated hold time */
    uint32_t minimum_advertisement_interval_s;
    uint32_t idle_hold_time_after_reset_s;
    uint32_t send_hold_time_s; /* our own key; 0: the larger of 480 and twice the hold time */
};

struct transport_config {
    struct addr local_address; /* ADDR_NONE: any */
    uint16_t local_port;
    uint16_t remote_port; /* 0 means 179 */
    uint16_t tcp_mss;
    bool mtu_discovery;
    bool passive_mode;
    uint8_t ip_tos;
    char bind_interface[CONFIG_INTERFACE_MAX];
};

/* What a neighbour and a peer group have in common. */
struct peer_config {
    uint32_t peer_as;
    uint32_t local_as; /* 0: the speaker's */
    char auth_password[CONFIG_PASSWORD_MAX + 1];
    char description[CONFIG_DESCRIPTION_MAX];
    uint8_t remove_private; /* enum remove_private */
    uint8_t send_community; /* accepted, no effect */
    bool route_flap_damping;
    bool send_software_version;
    struct timers_config timers;
    struct transport_config transport;
    bool treat_as_withdraw; /* default true */
    bool ebgp_multihop;
    uint8_t multihop_ttl;
    bool ttl_security;
    uint8_t ttl_min;
    bool route_reflector_client;
    uint32_t cluster_id; /* 0: the router id */
    uint8_t allow_own_as;
    bool replace_peer_as;
    bool allow_as_path_loop_local;
    struct add_paths_config add_paths;
    struct graceful_restart_config graceful_restart;
    bool use_multiple_paths;
    bool route_server_client;
    bool secondary_route;
    uint8_t role; /* wire/open.h enum role; 255 none. Our own key */
    bool role_strict;
    bool enforce_first_as;  /* our own key */
    bool next_hop_self;     /* our own key */
    bool graceful_shutdown; /* RFC 8326: the session is about to end; our own key */
    uint32_t family_count;
    struct family_config families[CONFIG_FAMILIES_MAX];
    struct apply_policy_config apply_policy;
};

struct neighbor_config {
    struct addr address;                  /* ADDR_NONE: unnumbered */
    uint32_t scope_id;                    /* of a link-local address */
    char interface[CONFIG_INTERFACE_MAX]; /* unnumbered, or the scope of a link-local address */
    char peer_group[CONFIG_NAME_MAX];     /* "" none */
    char vrf[CONFIG_NAME_MAX];
    bool admin_down;
    struct peer_config peer; /* effective: defaults and group applied */
};

/* What the group's own table and the defaults come to: no peer AS (0) or no families (count 0) if it says none. */
struct peer_group_config {
    char name[CONFIG_NAME_MAX];
    struct peer_config peer;
};

struct dynamic_neighbor_config {
    struct prefix prefix;
    char peer_group[CONFIG_NAME_MAX];
};

enum mrt_dump_type { /* the numbers are those of the API */
                     MRT_DUMP_UPDATES = 0,
                     MRT_DUMP_TABLE = 1,
};

/* What is written to files as MRT (RFC 6396). */
struct mrt_dump_config {
    uint8_t type;                         /* enum mrt_dump_type */
    char file_name[CONFIG_FILE_NAME_MAX]; /* with patterns: base/time_name.h */
    struct addr table;                    /* of this route server client; ADDR_NONE: the global one */
    uint32_t dump_interval_s;             /* of tables, into the same file; 0: not said */
    uint32_t rotation_interval_s;         /* a file of its own each time; 0: not said */
};

/* A cache that tells what the RPKI says (RFC 8210). */
struct rpki_server_config {
    char address[CONFIG_HOST_MAX]; /* or the name of a host */
    uint16_t port;
    uint32_t record_lifetime_s; /* what it said holds so long after its session ended; 0: not said */
};

/* A station that is told what neighbors say, by BMP (RFC 7854). */
struct bmp_server_config {
    struct addr address;
    uint16_t port;
    uint8_t policy; /* what it is told of: 0 before import policy, 1 after it, 2 both, 3 Loc-RIB, 4 all */
    uint16_t statistics_timeout_s;          /* 0: no statistics */
    char sys_name[CONFIG_NAME_MAX];         /* "": the host's */
    char sys_descr[CONFIG_DESCRIPTION_MAX]; /* "": the program and its version */
};

struct confederation_config {
    bool enabled;
    uint32_t identifier;
    uint32_t member_count;
    uint32_t members[64];
};

struct global_config {
    uint32_t as;
    uint32_t router_id; /* host order */
    int32_t port;       /* -1: do not listen */
    uint32_t listen_count;
    struct addr listen[CONFIG_LISTEN_MAX];
    char bind_to_device[CONFIG_INTERFACE_MAX];
    struct route_selection_config route_selection;
    struct confederation_config confederation;
    bool use_multiple_paths;
    struct graceful_restart_config graceful_restart;
    struct apply_policy_config apply_policy;
    family_set families; /* 0: all this build routes */
    /* Our own switches ("godwit" table of the file), off in a GoBGP-shaped file. */
    uint16_t threads;          /* 0: auto */
    bool ebgp_requires_policy; /* RFC 8212 */
    bool honour_well_known;    /* RFC 1997: NO_EXPORT and its kin */
    bool refuse_as_set;        /* RFC 9774 */
    bool deterministic_med;
    bool graceful_shutdown;               /* RFC 8326: all sessions are about to end */
    bool honour_graceful_shutdown;        /* RFC 8326: routes whose session is about to end are the last choice */
    bool route_server_communities;        /* route server clients say with communities who may have a route */
    bool next_hop_tracking;               /* a next hop has to be reachable by the kernel's routes */
    bool next_hop_via_default;            /* and its default route counts */
    uint16_t dynamic_neighbor_limit;      /* peers that come by themselves */
    char metrics_listen[CONFIG_NAME_MAX]; /* "ADDRESS:PORT"; "": nowhere */
};

struct config {
    struct global_config global;
    struct neighbor_config *neighbors; /* owned */
    size_t neighbor_count;
    struct peer_group_config *peer_groups;
    size_t peer_group_count;
    struct dynamic_neighbor_config *dynamic_neighbors;
    size_t dynamic_neighbor_count;
    struct mrt_dump_config *mrt_dumps;
    size_t mrt_dump_count;
    struct rpki_server_config *rpki_servers;
    size_t rpki_server_count;
    struct bmp_server_config *bmp_servers;
    size_t bmp_server_count;
    const struct policy_definitions *policies; /* counted by reference; NULL: none said */
};

void config_policies_ref(const struct policy_definitions *policies); /* NULL is fine */
void config_policies_unref(const struct policy_definitions *policies);

enum config_format {
    CONFIG_TOML,
    CONFIG_YAML,
    CONFIG_JSON,
};

/* By file name extension (.toml .yaml .yml .json), else `fallback`. */
enum config_format config_format_of(const char *path, enum config_format fallback);

/* Reads, checks and completes (defaults, group inheritance) a whole configuration. On an error nothing is returned
 * and `err` says file:line:column, the key's path, the value found and the values allowed. E_UNSUPPORTED: right, but
 * not yet offered; E_INVALID: wrong. What is odd but allowed goes to the log. */
int config_read_file(const char *path, enum config_format format, struct config **config, struct err *err);
int config_read_text(const char *name, const char *text, size_t length, enum config_format format,
                     struct config **config, struct err *err);
void config_free(struct config *config);

/* For values that did not come from a file (API, library). Start from peer_config_init(): some defaults are not zero.
 * Timers, ports and TTLs that are 0 mean "not said" nevertheless. Applies defaults and, when `group` is not NULL, the
 * group as GoBGP's API does (its blocks win wholesale; AS numbers, password, description and families only if it has
 * any), then checks. The problem's text begins with the key ("config.remove-private-as: ..."). */
void peer_config_init(struct peer_config *peer); /* the defaults of a peer nobody said anything about */
int neighbor_config_complete(struct neighbor_config *neighbor, const struct global_config *global,
                             const struct peer_group_config *group, struct err *err);
int global_config_complete(struct global_config *global, struct err *err);
int peer_group_config_complete(struct peer_group_config *group, const struct global_config *global, struct err *err);
/* A member's group says something else now: what the member had from it follows, what it says itself stays, but for
 * the peer AS. */
int neighbor_config_regroup(struct neighbor_config *neighbor, const struct global_config *global,
                            const struct peer_group_config *before, const struct peer_group_config *after,
                            struct err *err);

/* Is it one that can be done? Says so in GoBGP's words. */
int mrt_dump_config_check(const struct mrt_dump_config *dump, struct err *err);
int bmp_server_config_check(const struct bmp_server_config *server, struct err *err);

/* Fills in what was not said; is it one there can be? */
int rpki_server_config_complete(struct rpki_server_config *server, struct err *err);

/* Differences, for reload. */
enum config_change {
    CONFIG_ADDED,
    CONFIG_REMOVED,
    CONFIG_CHANGED,
};

struct config_diff_ops {
    void (*neighbor)(void *context, enum config_change change, const struct neighbor_config *before,
                     const struct neighbor_config *after);
    void (*peer_group)(void *context, enum config_change change, const struct peer_group_config *before,
                       const struct peer_group_config *after);
    void (*dynamic_neighbor)(void *context, enum config_change change, const struct dynamic_neighbor_config *before,
                             const struct dynamic_neighbor_config *after);
    void (*mrt_dump)(void *context, enum config_change change, const struct mrt_dump_config *before,
                     const struct mrt_dump_config *after);
    void (*rpki_server)(void *context, enum config_change change, const struct rpki_server_config *before,
                        const struct rpki_server_config *after);
    void (*bmp_server)(void *context, enum config_change change, const struct bmp_server_config *before,
                       const struct bmp_server_config *after);
    /* A key of `global` or `godwit` that differs, by its path: "global.config.router-id". */
    void (*global)(void *context, const char *key);
    /* Definitions, or what is applied globally. Called first: neighbors name policies. */
    void (*policies)(void *context, const struct config *before, const struct config *after);
};
void config_diff(const struct config *before, const struct config *after, const struct config_diff_ops *ops,
                 void *context);

/* The keys in which two neighbours or groups differ, by path: "timers.config.hold-time". */
void neighbor_config_changes(const struct neighbor_config *before, const struct neighbor_config *after,
                             void (*key)(void *context, const char *path), void *context);
void peer_group_config_changes(const struct peer_group_config *before, const struct peer_group_config *after,
                               void (*key)(void *context, const char *path), void *context);

/* Does going from one to the other need a new session (true), or can the running one take it over? */
bool neighbor_config_needs_reset(const struct neighbor_config *before, const struct neighbor_config *after);

/* Writes a configuration so that reading it gives an equal one: what differs from the defaults and from the group.
 * Passwords only when asked for. 0, or E_LIMIT when `out` or the memory for it is full. */
int config_print(const struct config *config, enum config_format format, bool with_secrets, struct text *out);

/* Every key there is, by path ("neighbors[].timers.config.hold-time"), with its type and, in the remark, whether it is
 * accepted without effect or not yet supported. */
void config_list_keys(void (*line)(void *context, const char *key, const char *type, const char *remark),
                      void *context);
