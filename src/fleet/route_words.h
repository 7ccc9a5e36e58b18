/* A path of a router's event in the words the store and the API have for it. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gobgp.pb-c.h"
#include "net/prefix.h"

enum {
    ROUTE_PATH_TEXT_MAX = 384,
    ROUTE_COMMUNITIES_TEXT_MAX = 384,
};

struct route_words {
    struct prefix prefix;
    uint32_t path_id;
    bool withdrawn;
    bool filtered;         /* by the router's policy */
    bool next_hop_invalid; /* says the router */
    char next_hop[ADDR_TEXT_MAX];
    char as_path[ROUTE_PATH_TEXT_MAX]; /* "65001 65002 {65003}"; cut with "..." */
    char origin[12];
    bool has_med;
    uint32_t med;
    char communities[ROUTE_COMMUNITIES_TEXT_MAX]; /* "65000:1 65000:1:2"; cut with "..." */
};

/* False: no IPv4 or IPv6 unicast prefix. */
bool route_words_read(const Apipb__Path *path, struct route_words *words);

/* Why a route is not accepted, into `reason`; false: it is. `prefixes` are what the project may announce. */
bool route_refused(const struct route_words *words, const struct prefix *prefixes, unsigned count, char *reason,
                   unsigned capacity);
