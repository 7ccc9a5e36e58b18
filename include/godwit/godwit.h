/* A BGP speaker inside a program.
 *
 *     struct godwit *bgp = godwit_new(NULL);
 *     godwit_start(bgp, &(struct godwit_speaker){.as = 65000, .router_id = "192.0.2.1"}, &error);
 *     godwit_peer_add(bgp, &(struct godwit_peer){.address = "192.0.2.2", .as = 65001}, &error);
 *     godwit_announce(bgp, &(struct godwit_announcement){.prefix = "203.0.113.0/24"}, &error);
 *     godwit_run(bgp);
 *
 * is all it takes; examples/embed.c is that, and watches. A process may hold several speakers. One belongs to one
 * thread: all calls come from there, and all callbacks are made there, from godwit_turn or godwit_run; godwit_post is
 * the exception. With `threads` in its configuration a speaker makes threads of its own, which call nobody.
 *
 * Calls that can fail return 0 or one of enum godwit_result, which are negative, and say in `error` (may be NULL) what
 * was wrong: the place, the value found and the values allowed. Texts that are given are copied; texts that are got
 * are good until the callback returns, or until the next call where there is none. What was zero or NULL in a struct
 * was not said, and the default holds; so initialise structs as above, and a later version may add members.
 *
 * Addresses and prefixes are text: "192.0.2.1", "2001:db8::/32". AS paths are text as `godwit` prints them:
 * "65001 65002 {65010,65011}".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GODWIT_API __attribute__((visibility("default")))

enum godwit_result {
    GODWIT_OK = 0,
    GODWIT_FAILED = -3,    /* the system refused */
    GODWIT_INVALID = -4,   /* what was given is wrong */
    GODWIT_NOT_FOUND = -5, /* there is no such thing */
    GODWIT_EXISTS = -6,
    GODWIT_LIMIT = -7,
    GODWIT_UNSUPPORTED = -8, /* understood, and not offered */
    GODWIT_STATE = -9,       /* not now: not started, already started */
};

struct godwit_error {
    char text[512];
};

GODWIT_API const char *godwit_version(void); /* "0.1.0" */

/* Life --------------------------------------------------------------------------------------------------------------
 */

struct godwit;

struct godwit_route;
struct godwit_peer_state;

/* Who hears what happens; any member may be NULL. Called in the middle of the speaker's work: they may announce and
 * withdraw, but not stop, free, add or remove. */
struct godwit_watcher {
    void (*peer)(void *context, const struct godwit_peer_state *state);
    /* The best path of a prefix is another one, or (godwit_route_withdrawn) there is none any more. */
    void (*best)(void *context, const struct godwit_route *route);
    /* What a neighbor announced or withdrew, before policies. */
    void (*received)(void *context, const struct godwit_route *route);
    void *context;
};

/* `watcher` may be NULL; it is copied. NULL if the system gives no event loop. */
GODWIT_API struct godwit *godwit_new(const struct godwit_watcher *watcher);
/* Ends its sessions without waiting (see godwit_stop). NULL is fine. */
GODWIT_API void godwit_free(struct godwit *bgp);

struct godwit_speaker {
    uint32_t as;           /* required */
    const char *router_id; /* required: "192.0.2.1" */
    uint16_t port;         /* to listen at; 0: 179 */
    bool silent;           /* do not listen */
    const char *listen;    /* at this address; NULL: at all */
};
GODWIT_API int godwit_start(struct godwit *bgp, const struct godwit_speaker *speaker, struct godwit_error *error);

enum godwit_format {
    GODWIT_TOML,
    GODWIT_YAML,
    GODWIT_JSON,
};
/* Instead of godwit_start: all that a configuration file of godwitd can say. Called again, with what differs: sessions
 * that are not concerned stay up. On an error nothing is changed. */
GODWIT_API int godwit_configure(struct godwit *bgp, const char *text, enum godwit_format format,
                                struct godwit_error *error);

/* Says goodbye to all neighbors, with `communication` (RFC 9003; may be NULL), and makes godwit_run return once they
 * were told, or after 2 s. It can be started again then. */
GODWIT_API void godwit_stop(struct godwit *bgp, const char *communication);

/* Turning ------------------------------------------------------------------------------------------------------------
 *
 * Either godwit_run has the thread to itself, or a program that has a loop calls godwit_turn when godwit_descriptor is
 * readable, and when godwit_timeout_ms have passed. A turn lasts a few milliseconds at most. */

GODWIT_API void godwit_run(struct godwit *bgp); /* until godwit_stop is through, or godwit_leave */
GODWIT_API void godwit_leave(struct godwit *bgp);
GODWIT_API void godwit_turn(struct godwit *bgp, int max_wait_ms); /* -1: until something happens */
GODWIT_API int godwit_descriptor(const struct godwit *bgp);
GODWIT_API int godwit_timeout_ms(const struct godwit *bgp); /* 0: turn now; -1: nothing is due */
/* From any thread: calls `call` on the speaker's. E.g. to announce from elsewhere. Must not race with godwit_free. */
GODWIT_API void godwit_post(struct godwit *bgp, void (*call)(void *context), void *context);

/* Neighbors ---------------------------------------------------------------------------------------------------------
 */

enum {
    GODWIT_IPV4 = 1 << 0, /* unicast */
    GODWIT_IPV6 = 1 << 1,
};

struct godwit_peer {
    const char *address; /* required */
    uint32_t as;         /* required */
    uint32_t local_as;   /* 0: the speaker's */
    const char *local_address;
    const char *password; /* RFC 2385 */
    const char *description;
    uint16_t port; /* to connect to; 0: 179 */
    bool passive;  /* wait for it to connect */
    uint8_t multihop_ttl;
    uint16_t hold_time_s; /* 0: 90 */
    unsigned families;    /* GODWIT_IPV4 | GODWIT_IPV6; 0: that of its address */
    bool route_reflector_client;
    bool route_server_client;
    uint32_t max_prefixes; /* of each family; the session ends beyond; 0: no limit */
};
GODWIT_API int godwit_peer_add(struct godwit *bgp, const struct godwit_peer *peer, struct godwit_error *error);
GODWIT_API int godwit_peer_remove(struct godwit *bgp, const char *address, const char *communication,
                                  struct godwit_error *error);

enum godwit_session { /* RFC 4271 8.2.2 */
                      GODWIT_IDLE = 1,
                      GODWIT_CONNECT = 2,
                      GODWIT_ACTIVE = 3,
                      GODWIT_OPENSENT = 4,
                      GODWIT_OPENCONFIRM = 5,
                      GODWIT_ESTABLISHED = 6,
};

struct godwit_peer_state {
    const char *address;
    uint32_t as;
    const char *description;
    enum godwit_session session;
    uint32_t flaps;
    uint64_t received;   /* routes, of all families */
    uint64_t accepted;   /* of these */
    uint64_t advertised; /* to it */
    const char *why;     /* what its session is doing, and what ended it last, in a sentence */
};
/* In order of address; `address` NULL: all of them. Returns how many. The callback must not add or remove. */
GODWIT_API size_t godwit_peers(struct godwit *bgp, const char *address,
                               void (*peer)(void *context, const struct godwit_peer_state *state), void *context);

/* Routes ------------------------------------------------------------------------------------------------------------
 */

enum godwit_origin {
    GODWIT_ORIGIN_IGP = 0,
    GODWIT_ORIGIN_EGP = 1,
    GODWIT_ORIGIN_INCOMPLETE = 2,
};

struct godwit_large_community { /* RFC 8092 */
    uint32_t global;
    uint32_t local[2];
};

struct godwit_announcement {
    const char *prefix;   /* required */
    const char *next_hop; /* NULL: this speaker */
    uint32_t path_id;     /* several announcements of a prefix differ by it */
    const char *as_path;  /* NULL: empty, as of a route that begins here */
    enum godwit_origin origin;
    bool has_med;
    uint32_t med;
    bool has_local_pref;
    uint32_t local_pref;
    const uint32_t *communities; /* 65000:1 is 65000 << 16 | 1 */
    size_t community_count;
    const struct godwit_large_community *large_communities;
    size_t large_community_count;
};
/* Announcing a prefix again replaces what was said before. */
GODWIT_API int godwit_announce(struct godwit *bgp, const struct godwit_announcement *announcement,
                               struct godwit_error *error);
GODWIT_API int godwit_withdraw(struct godwit *bgp, const char *prefix, uint32_t path_id, struct godwit_error *error);

/* What a route says. Texts are written into `text`, cut to `bytes`, and returned. */
enum {
    GODWIT_ADDRESS_BYTES = 64,
    GODWIT_PREFIX_BYTES = 68,
};
GODWIT_API const char *godwit_route_prefix(const struct godwit_route *route, char *text, size_t bytes);
GODWIT_API const char *godwit_route_next_hop(const struct godwit_route *route, char *text, size_t bytes);
GODWIT_API const char *godwit_route_as_path(const struct godwit_route *route, char *text, size_t bytes);
/* The neighbor it is from; "" for one that was announced here. */
GODWIT_API const char *godwit_route_neighbor(const struct godwit_route *route, char *text, size_t bytes);
GODWIT_API uint32_t godwit_route_path_id(const struct godwit_route *route);
GODWIT_API bool godwit_route_withdrawn(const struct godwit_route *route);
GODWIT_API bool godwit_route_best(const struct godwit_route *route);
GODWIT_API bool godwit_route_stale(const struct godwit_route *route); /* kept while its neighbor restarts (RFC 4724) */
GODWIT_API enum godwit_origin godwit_route_origin(const struct godwit_route *route);
GODWIT_API bool godwit_route_med(const struct godwit_route *route, uint32_t *med); /* false: it has none */
GODWIT_API bool godwit_route_local_pref(const struct godwit_route *route, uint32_t *local_pref);
/* Writes at most `room` communities; returns how many there are. */
GODWIT_API size_t godwit_route_communities(const struct godwit_route *route, uint32_t *communities, size_t room);
GODWIT_API size_t godwit_route_large_communities(const struct godwit_route *route,
                                                 struct godwit_large_community *communities, size_t room);
/* All its attributes as in an UPDATE (RFC 4271 4.3) in order of type, AS numbers with 4 octets, the next hop of any
 * family as NEXT_HOP. NULL: a withdrawal that has none. */
GODWIT_API const uint8_t *godwit_route_attributes(const struct godwit_route *route, size_t *bytes);

/* Looking up --------------------------------------------------------------------------------------------------------
 */

enum godwit_table {
    GODWIT_TABLE,      /* what was chosen, and what was not */
    GODWIT_RECEIVED,   /* what a neighbor said, before policies */
    GODWIT_ADVERTISED, /* what a neighbor is told */
};
enum godwit_match {
    GODWIT_ALL,     /* the whole table */
    GODWIT_EXACT,   /* this prefix */
    GODWIT_LONGEST, /* the one that a packet to this address would take */
    GODWIT_LONGER,  /* this prefix and all within */
};
struct godwit_query {
    enum godwit_table table;
    const char *neighbor; /* of GODWIT_RECEIVED and GODWIT_ADVERTISED */
    enum godwit_match match;
    const char *prefix; /* unless GODWIT_ALL */
    bool ipv6;          /* of GODWIT_ALL: the IPv6 table */
};
/* Calls `route` for every path, those of a prefix together, the best first, until it returns false. The callback must
 * not call anything of `bgp`. Walks at once: a million routes take a second or two, in which nothing else happens. */
GODWIT_API int godwit_routes(struct godwit *bgp, const struct godwit_query *query,
                             bool (*route)(void *context, const struct godwit_route *route), void *context,
                             struct godwit_error *error);

/* Why is the best path of a prefix (or, of an address, the longest match) the best; and, given `neighbor`, why is that
 * neighbor told it, or not: a sentence on each path, and one on the neighbor, each on a line of its own. */
GODWIT_API int godwit_why(struct godwit *bgp, const char *prefix, const char *neighbor, char *text, size_t bytes,
                          struct godwit_error *error);

/* The log ------------------------------------------------------------------------------------------------------------
 *
 * Of the whole process: one for all speakers. Lines go to standard error as JSON until this is called; they are text
 * then, without a newline. The sink may be called from any thread, one at a time, and must not call the library. */
enum godwit_log_level {
    GODWIT_LOG_ERROR = 2,
    GODWIT_LOG_WARN = 3,
    GODWIT_LOG_INFO = 4,
    GODWIT_LOG_DEBUG = 5,
};
GODWIT_API void godwit_log(enum godwit_log_level most,
                           void (*sink)(void *context, enum godwit_log_level level, const char *line), void *context);

#ifdef __cplusplus
}
#endif
