/* Dynamic neighbours: whoever connects from within a range of addresses becomes a peer, made from a peer group. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "config/config.h"
#include "net/addr.h"
#include "net/prefix.h"

struct peer;
struct speaker;

/* Whoever connects from `prefix` becomes a peer made from `group` (copied). The longest range that holds an address
 * counts. Saying the same again is fine; E_EXISTS: the range is another group's; E_LIMIT: too many ranges; others: the
 * group's MD5 key cannot be set. */
int dynamic_range_add(struct speaker *speaker, const struct prefix *prefix, const struct peer_group_config *group,
                      struct err *err);
/* E_NOT_FOUND: the group has no such range. Peers made from it stay until they go by themselves. */
int dynamic_range_remove(struct speaker *speaker, const struct prefix *prefix, const char *group, struct err *err);
/* Everything of a group that is going away. */
void dynamic_ranges_remove_group(struct speaker *speaker, const char *group);
/* The group says something else now: for who comes, and for who is here. What a member cannot take is the error. */
int dynamic_ranges_regroup(struct speaker *speaker, const struct peer_group_config *group, bool *in_matters,
                           struct err *err);
/* In order of prefix; `group` NULL: all. */
size_t dynamic_range_list(struct speaker *speaker, const char *group,
                          void (*range)(void *context, const struct dynamic_neighbor_config *range), void *context);

/* A peer for a connection nobody configured, or NULL. It is passive and goes when its session ends. */
struct peer *dynamic_peer_for(struct speaker *speaker, const struct endpoint *remote);
/* Its session came to rest, or its stale routes went: it may be time to go (soon, not at once). */
void dynamic_peer_look(struct peer *peer);

void dynamic_peers_init(struct speaker *speaker);
void dynamic_peers_release(struct speaker *speaker); /* before the acceptor goes */
