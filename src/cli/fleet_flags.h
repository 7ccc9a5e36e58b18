/* The options of the commands that speak to the fleet service: as given, NULL where not. */
#pragma once

#include <stdbool.h>

struct fleet_flags {
    /* Where it is, who asks, how the answer is printed: of every such command. */
    const char *url;
    const char *token_file;
    const char *ca_file;
    const char *config_file;
    const char *output;
    bool insecure;
    /* Which one is meant: names or identifiers. */
    const char *project;
    const char *id;
    const char *name;
    const char *device;
    const char *session;
    const char *router;
    const char *organization;
    const char *user;
    const char *metro;
    /* What it shall be. */
    const char *asn;
    const char *deployment_type;
    const char *md5;
    const char *md5_file;
    const char *use_case;
    const char *max_prefix;
    const char *status;
    const char *hostname;
    const char *addresses;
    const char *family;
    bool default_route;
    const char *target;
    const char *peer_addresses;
    const char *gateways;
    const char *tls_name;
    bool no_multihop;
    const char *kind;
    const char *scope;
    const char *text;
    const char *expires;
    const char *hold_off;
    /* How much of it. */
    const char *state;
    const char *after;
    bool watch;
    bool force;
};
