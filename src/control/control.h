/* The one management interface: gRPC, the library, the configuration file and signals all go through it, so they
 * cannot disagree. In C terms only: no protobuf, no text formats.
 *
 * One thread (the speaker's). Calls answer at once; whatever walks a table is a cursor that the caller turns slice by
 * slice. Error texts that GoBGP's users grep for (gobgp-api-v3, section 9) are produced here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr/as_path.h" /* canonical blocks are handed out; these read them */
#include "attr/block.h"
#include "base/err.h"
#include "base/time.h"
#include "config/config.h"
#include "feeds/rtr_servers.h"
#include "net/addr.h"
#include "net/family.h"
#include "net/prefix.h"
#include "session/session.h"

struct control;

/* `transport` is transport_tcp() but in tests. Nothing runs until control_start. */
struct control *control_new(struct loop *loop, struct transport *transport);
void control_free(struct control *control); /* closes everything at once */

/* Speaker ----------------------------------------------------------------------------------------------------- */

/* Before control_start: an earlier process ended without a goodbye, and neighbors may have kept its routes. What is
 * started is a speaker that restarts gracefully (RFC 4724 4.1). */
void control_set_restarted(struct control *control);
/* For so many seconds neighbors would keep our routes if this process ended now; 0: nobody would. */
uint32_t control_restart_promise_s(const struct control *control);
int control_start(struct control *control, const struct global_config *global, struct err *err); /* StartBgp */
/* Ceases all sessions, closes the listeners, drops the tables. `done` (may be NULL) is called once every NOTIFICATION
 * was flushed or 2 s passed. */
void control_stop(struct control *control, const char *communication, void (*done)(void *context), void *context);
bool control_started(const struct control *control);
const struct global_config *control_global(const struct control *control); /* NULL when not started */

/* Applies a whole configuration: at start, or (given the one applied before) its differences. Takes `config` over, but
 * on an error. Reports what it did in words, a line each, through `line`. What cannot be applied to a neighbour is
 * logged and reported; nothing else is touched. */
int control_apply(struct control *control, struct config *config, void (*line)(void *context, const char *text),
                  void *context, struct err *err);
const struct config *control_applied(const struct control *control); /* the last one; NULL: none */

/* What runs now, as a configuration that loads back to the same: added to `out`. Whatever a configuration has no place
 * for is told, a line each. E_LIMIT: `out` is full. */
struct save_options {
    enum config_format format;
    bool without_secrets;
};
int control_save(struct control *control, const struct save_options *options, struct text *out,
                 void (*left_out)(void *context, const char *line), void *context, struct err *err);

/* Peers ------------------------------------------------------------------------------------------------------- */

/* Names a peer: by address (with scope for link-local) or by interface. */
struct peer_name {
    struct addr address;
    char interface[CONFIG_INTERFACE_MAX];
};

int control_peer_add(struct control *control, const struct neighbor_config *neighbor, struct err *err);
int control_peer_delete(struct control *control, const struct peer_name *name, const char *communication,
                        struct err *err);
/* `needs_soft_reset_in` tells whether the change matters to routes already received. */
int control_peer_update(struct control *control, const struct neighbor_config *neighbor, bool *needs_soft_reset_in,
                        struct err *err);

enum soft_reset {
    SOFT_RESET_IN = 0,
    SOFT_RESET_OUT = 1,
    SOFT_RESET_BOTH = 2,
};
/* `name` NULL = all. */
int control_peer_reset(struct control *control, const struct peer_name *name, const char *communication,
                       struct err *err);
int control_peer_soft_reset(struct control *control, const struct peer_name *name, enum soft_reset direction,
                            struct err *err);
int control_peer_shutdown(struct control *control, const struct peer_name *name, const char *communication,
                          struct err *err);
int control_peer_enable(struct control *control, const struct peer_name *name, struct err *err);
int control_peer_disable(struct control *control, const struct peer_name *name, const char *communication,
                         struct err *err);

/* RFC 8326, of one session or (`name` NULL) of all: asked about, or set. `is_on` gets what is in force then. */
enum graceful_shutdown_wish {
    GRACEFUL_SHUTDOWN_ASK = 0,
    GRACEFUL_SHUTDOWN_OFF = 1,
    GRACEFUL_SHUTDOWN_ON = 2,
};
int control_graceful_shutdown(struct control *control, const struct peer_name *name, enum graceful_shutdown_wish wish,
                              bool *is_on, struct err *err);

struct peer_family_view {
    enum family_id family;
    bool negotiated;
    uint64_t received;   /* paths in Adj-RIB-In */
    uint64_t accepted;   /* of these, in Loc-RIB */
    uint64_t advertised; /* paths in Adj-RIB-Out: O(1), exact */
    bool end_of_rib_received;
    bool end_of_rib_sent;
    uint64_t stale;         /* of those received: kept from the session before (RFC 4724), until it says them again */
    bool long_lived;        /* its restart time is over, they are kept as a last resort (RFC 9494) */
    uint64_t backlog_bytes; /* encoded and not yet given to it; 0 while it is brought up to date from the table */
    bool behind;            /* that is what happens to it */
};

enum peer_admin_state {
    PEER_ADMIN_UP = 0,
    PEER_ADMIN_DOWN = 1,
    PEER_ADMIN_PREFIX_LIMIT = 2,
};

struct peer_view {
    const struct neighbor_config *config;
    struct addr address; /* the configured one, or where an unnumbered neighbour was found; ADDR_NONE: not yet */
    bool dynamic;        /* came by itself; not configured */
    uint32_t local_as;
    enum peer_type type;
    enum peer_admin_state admin_state;
    bool peer_restarting;  /* it is away, or is back and has not said everything: routes of it are stale */
    bool local_restarting; /* we have restarted, and routes are not told yet */
    const struct session_status *session;
    uint32_t family_count;
    const struct peer_family_view *families;
};
/* In order of address, IPv4 first. `name` NULL = all. The view is good during the call, which must not add or delete
 * peers. Returns how many. */
size_t control_peer_list(struct control *control, const struct peer_name *name,
                         void (*peer)(void *context, const struct peer_view *view), void *context);
/* Those of these names that exist, in the order given: one call for many is cheaper than many calls. */
size_t control_peer_list_named(struct control *control, const struct peer_name *names, size_t name_count,
                               void (*peer)(void *context, const struct peer_view *view), void *context);
/* The next `limit` (at most CONTROL_PEERS_AT_ONCE) behind `after` in that order; NULL: from the beginning. For walks
 * in slices, which see none twice. */
enum { CONTROL_PEERS_AT_ONCE = 64 };
size_t control_peer_list_after(struct control *control, const struct peer_name *after, size_t limit,
                               void (*peer)(void *context, const struct peer_view *view), void *context);
/* The names of all, in the same order. */
void control_peer_names(struct control *control, void (*name)(void *context, const struct peer_name *name),
                        void *context);

int control_peer_group_add(struct control *control, const struct peer_group_config *group, struct err *err);
int control_peer_group_delete(struct control *control, const char *name, struct err *err);
int control_peer_group_update(struct control *control, const struct peer_group_config *group, bool *needs_soft_reset_in,
                              struct err *err);
size_t control_peer_group_list(struct control *control, const char *name,
                               void (*group)(void *context, const struct peer_group_config *group), void *context);
const struct peer_group_config *control_peer_group_find(struct control *control, const char *name);

/* Who connects from the prefix becomes a peer of the group. Deleting leaves those who are there. */
int control_dynamic_neighbor_add(struct control *control, const struct dynamic_neighbor_config *dynamic,
                                 struct err *err);
int control_dynamic_neighbor_delete(struct control *control, const struct dynamic_neighbor_config *dynamic,
                                    struct err *err);
/* In order of prefix; `group` NULL: all. */
size_t control_dynamic_neighbor_list(struct control *control, const char *group,
                                     void (*dynamic)(void *context, const struct dynamic_neighbor_config *dynamic),
                                     void *context);

/* Paths ------------------------------------------------------------------------------------------------------- */

enum { UUID_BYTES = 16 };

/* A route somebody adds here. `attrs` are canonical bytes including the NEXT_HOP (unspecified = self) and ORIGIN. */
struct local_path {
    enum family_id family;
    struct prefix prefix;
    uint32_t identifier; /* path id; other ids of one prefix coexist */
    const uint8_t *attrs;
    uint32_t attrs_length;
    uint32_t source_as; /* 0: local */
    struct addr source_id;
    bool is_from_external;
};

int control_path_add(struct control *control, const struct local_path *path, uint8_t uuid[UUID_BYTES], struct err *err);
int control_path_delete(struct control *control, enum family_id family, const struct prefix *prefix,
                        uint32_t identifier); /* not there: no error */
int control_path_delete_uuid(struct control *control, const uint8_t uuid[UUID_BYTES], struct err *err);
/* Every path added here, of one family or (FAMILY_UNKNOWN) of all. */
void control_path_delete_all(struct control *control, enum family_id family);

struct path_view {
    enum family_id family;
    struct prefix prefix;
    uint32_t path_id;       /* as received */
    uint32_t local_path_id; /* as sent with add-path */
    const uint8_t *attrs;   /* canonical; NULL on a withdraw that has none */
    uint32_t attrs_length;
    struct wall_time received_at;
    bool best;
    bool withdraw;
    bool filtered;
    bool stale;
    bool from_external;
    bool next_hop_invalid;
    bool local;
    uint32_t source_as;   /* of the neighbour; for local paths our own */
    uint32_t source_id;   /* router id, host order; 0 local */
    struct addr neighbor; /* ADDR_NONE: local */
};

enum table_type {
    TABLE_GLOBAL = 0,
    TABLE_LOCAL = 1,
    TABLE_ADJ_IN = 2,
    TABLE_ADJ_OUT = 3,
    TABLE_VRF = 4,
};

enum lookup_type {
    LOOKUP_EXACT = 0,
    LOOKUP_LONGER = 1,
    LOOKUP_SHORTER = 2,
    LOOKUP_LONGEST_MATCH = 3, /* what an address without length means */
};

struct path_lookup {
    struct prefix prefix;
    enum lookup_type type;
};

struct path_query {
    enum table_type table;
    struct peer_name peer; /* adj-in, adj-out */
    enum family_id family;
    bool include_filtered;
    const struct path_lookup *lookups; /* none: the whole table. Copied. */
    size_t lookup_count;
};

/* A walk over destinations. Rows that change meanwhile are seen in one of their states; none is seen twice. */
struct path_walk;
int control_path_walk(struct control *control, const struct path_query *query, struct path_walk **walk,
                      struct err *err);
/* The next destination: its paths, best first, good until the next call of anything here. 0 at the end. Takes at most
 * about a millisecond: *again is set when it found nothing yet and wants to be called once more. */
size_t path_walk_next(struct path_walk *walk, const struct path_view **paths, bool *again);
void path_walk_free(struct path_walk *walk);

struct table_counts {
    uint64_t destinations;
    uint64_t paths;
    uint64_t accepted;
};
int control_table_counts(struct control *control, const struct path_query *query, struct table_counts *counts,
                         struct err *err);

/* What a table is made of. At most two for each family. */
struct table_view {
    enum family_id family;
    bool of_clients; /* of route server clients, who have one of their own */
    uint64_t prefixes;
    uint64_t paths;
    uint64_t attribute_sets;
    uint64_t attribute_bytes;
    uint64_t waiting_rows; /* have changed and have not been looked at for anybody */
};
size_t control_table_list(struct control *control, void (*table)(void *context, const struct table_view *view),
                          void *context);

/* Events ------------------------------------------------------------------------------------------------------ */

struct watch_ops {
    void (*peer_state)(void *context, const struct peer_view *view); /* NULL: not wanted */
    void (*best)(void *context, const struct path_view *paths, size_t count);
    void (*adj_in)(void *context, const struct path_view *paths, size_t count); /* before policy */
    void (*post_policy)(void *context, const struct path_view *paths, size_t count);
};
struct control_watch;
struct control_watch *control_watch_new(struct control *control, const struct watch_ops *ops, void *context);
void control_watch_free(struct control_watch *watch);

/* MRT dumps --------------------------------------------------------------------------------------------------- */

/* Begins at once with updates, after the first interval with tables. E_EXISTS, E_INVALID with GoBGP's words. */
int control_mrt_enable(struct control *control, const struct mrt_dump_config *dump, struct err *err);
int control_mrt_disable(struct control *control, const char *file_name, struct err *err);

/* RPKI -------------------------------------------------------------------------------------------------------- */

/* A server is named by address and port. E_EXISTS, E_NOT_FOUND, E_INVALID with GoBGP's words. */
int control_rpki_add(struct control *control, const struct rpki_server_config *server, struct err *err);
int control_rpki_remove(struct control *control, const char *address, uint16_t port, struct err *err);

enum rpki_request {
    RPKI_ENABLE,
    RPKI_DISABLE,
    RPKI_RESET,
    RPKI_SOFT_RESET,
};
/* Port 0: the first with the address. */
int control_rpki_request(struct control *control, enum rpki_request request, const char *address, uint16_t port,
                         struct err *err);

void control_rpki_list(const struct control *control, void (*show)(void *context, const struct rtr_server_view *view),
                       void *context);
bool control_rpki_enabled(const struct control *control); /* there is a server */

/* VRPs: those of a family in order, as far as they are there while the list is read, once for each server that has
 * them. */
struct roa_view {
    struct vrp vrp;
    const struct rpki_server_config *server;
};
struct roa_walk;
struct roa_walk *control_roa_walk(struct control *control, bool ipv4, bool ipv6);
/* False: nothing for now; `*again` tells whether there will be. */
bool roa_walk_next(struct roa_walk *walk, struct roa_view *view, bool *again);
void roa_walk_free(struct roa_walk *walk);

/* What the RPKI says about a path. */
enum { VALIDATION_ROAS_MAX = 64 };

enum roa_match {
    ROA_MATCHED,
    ROA_OTHER_AS,
    ROA_TOO_LONG, /* the route is */
};

struct validation_view {
    enum validity state;
    uint32_t origin_as;
    unsigned count; /* of those that cover it; the first ones */
    struct {
        struct roa_view roa;
        enum roa_match match;
    } roas[VALIDATION_ROAS_MAX];
};
void control_validate(const struct control *control, const struct path_view *path, struct validation_view *view);

/* BMP stations ------------------------------------------------------------------------------------------------- */

struct station_view {
    const struct bmp_server_config *config;
    struct wall_time up_at, down_at; /* the last time; 0 ns: never */
    bool up;
    uint64_t waiting_bytes; /* what it has not taken yet */
};
/* E_EXISTS, E_NOT_FOUND with GoBGP's words. */
int control_bmp_add(struct control *control, const struct bmp_server_config *server, struct err *err);
int control_bmp_delete(struct control *control, const struct addr *address, uint16_t port, struct err *err);
size_t control_bmp_list(struct control *control, void (*station)(void *context, const struct station_view *view),
                        void *context);

/* Why --------------------------------------------------------------------------------------------------------- */

struct why_path {
    struct path_view view;
    const char *step;   /* the decision step that put it behind the best ("AS_PATH length"); for the best: why it won
                           over the next one; "only path" */
    char sentence[320]; /* "AS_PATH is 3 long, the best one's is 2" */
};

struct why_told { /* about one peer */
    bool told;
    char sentence[320];    /* "in update group 3"; or why not */
    struct path_view sent; /* if told: what stands in the Adj-RIB-Out */
};

struct why {
    struct prefix prefix; /* the destination that answers (longest match for an address) */
    size_t path_count;
    const struct why_path *paths; /* best first */
    bool asked_peer;
    struct why_told told;
};

struct why_query {
    enum family_id family;
    struct prefix prefix;
    bool longest_match;              /* `prefix` is an address */
    const struct peer_name *to_peer; /* NULL: about the paths only */
};

/* The answer belongs to `control` until the next call. E_NOT_FOUND: no route. */
int control_why(struct control *control, const struct why_query *query, const struct why **why, struct err *err);

/* What a neighbour's session is doing, and what ended it last, in words. */
struct why_remark {
    char text[320]; /* "": never */
    struct wall_time when;
};

struct why_session {
    enum session_state state;
    char sentence[160];     /* what the state means just now: "resting after an error, next attempt in 4 s" */
    struct wall_time since; /* up or down since then; 0 ns: never was up */
    uint32_t flaps;
    char stale[512];                  /* what is kept of it while it restarts; "": nothing */
    struct why_remark reason;         /* why it is not up, or was not last */
    struct why_remark sent, received; /* the last NOTIFICATIONs */
};
int control_why_session(struct control *control, const struct peer_name *name, struct why_session *why,
                        struct err *err);

/* Update groups: who shares one encoded stream, and why others do not. */
struct group_view {
    uint32_t id;
    enum family_id family;
    const char *key; /* in words: "external, local AS 65000, 4-octet AS, next hop self" */
    uint32_t member_count;
    const struct addr *members;
    uint64_t advertised;
    const char *difference;  /* from the largest other group of its family, in words; "": it is the only one */
    uint64_t backlog_bytes;  /* what its slowest live member has not been given yet */
    uint32_t members_behind; /* members that are brought up to date from the table */
};
size_t control_group_list(struct control *control, void (*group)(void *context, const struct group_view *view),
                          void *context);

/* Update groups as numbers, without words. */
struct group_size {
    uint32_t id;
    enum family_id family;
    uint32_t member_count;
    uint32_t members_behind;
    uint64_t advertised;
    uint64_t backlog_bytes; /* what its slowest live member has not been given yet */
    uint64_t log_bytes;     /* kept in memory for its members */
};
/* From `from` (0: the first) on, until they have `members_budget` members together. Returns from where to go on;
 * 0: that were all. For walks in slices, which see none twice. */
uint64_t control_group_sizes(struct control *control, uint64_t from, uint32_t members_budget,
                             void (*group)(void *context, const struct group_size *size), void *context);
