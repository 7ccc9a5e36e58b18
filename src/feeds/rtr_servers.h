/* RPKI caches (RFC 6810, RFC 8210): the servers we ask what the RPKI says, and what becomes of their answers. Each
 * server's VRPs go into the speaker's table (speaker/validation.h) when the server has said that they are complete, and
 * stay there while it is away, until they are too old; routes whose validity may have changed are then judged again.
 *
 * On the speaker's loop, and never in its way: what is received is taken in portions, tables are settled in slices, and
 * what a server can make us keep or do is bounded.
 */
#pragma once

#include "base/err.h"
#include "base/time.h"
#include "config/config.h"
#include "rpki/vrp_table.h"

struct rtr_servers;
struct speaker;

struct rtr_servers *rtr_servers_new(struct speaker *speaker);
/* Before the speaker stops. NULL is fine. */
void rtr_servers_free(struct rtr_servers *servers);

unsigned rtr_servers_count(const struct rtr_servers *servers); /* NULL: 0 */

/* A server is named by address and port; where a port of 0 is allowed it stands for any. E_EXISTS, E_NOT_FOUND with
 * GoBGP's words; E_LIMIT. */
int rtr_servers_add(struct rtr_servers *servers, const struct rpki_server_config *config, struct err *err);
/* Its VRPs go. */
int rtr_servers_remove(struct rtr_servers *servers, const char *address, uint16_t port, struct err *err);
/* Asks a disabled one again. */
int rtr_servers_enable(struct rtr_servers *servers, const char *address, uint16_t port, struct err *err);
/* Ends its session and lets its VRPs go. */
int rtr_servers_disable(struct rtr_servers *servers, const char *address, uint16_t port, struct err *err);
/* Asks for everything anew, `soft` in the session there is, else in a new one. What it said holds until then. */
int rtr_servers_reset(struct rtr_servers *servers, const char *address, uint16_t port, bool soft, struct err *err);

/* What was received and sent since the session began. */
struct rtr_counters {
    int64_t ipv4_prefix, ipv6_prefix;
    int64_t serial_notify, cache_reset, cache_response, end_of_data, error;
    int64_t serial_query, reset_query;
};

enum { RTR_WORDS_MAX = 240 };

struct rtr_server_view {
    const struct rpki_server_config *config;
    bool up; /* in session, and everything it had was received */
    bool disabled;
    uint8_t version;
    uint32_t serial;
    struct wall_time up_since, down_since; /* 0 ns: never */
    struct wall_time answered_at;          /* the last complete answer; 0 ns: none */
    struct vrp_counts counts;
    struct rtr_counters counters;
    const char *trouble; /* why it is not up, or was not last; "" */
};

void rtr_servers_list(const struct rtr_servers *servers,
                      void (*server)(void *context, const struct rtr_server_view *view), void *context);

/* The server that is this source of VRPs; NULL: it is not there any more. */
const struct rpki_server_config *rtr_servers_of_source(const struct rtr_servers *servers, unsigned source);
