/* The command line of godwit-fleet. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct fleet_options {
    const char *store;
    const char *listen;
    const char *listen_tls;
    const char *connect;
    const char *certificate;
    const char *key;
    const char *console;
    const char *token_file;
    const char *log_level;
    const char *hold_time;
    const char *unreadable;
    const char *keep_days;
    const char *keep_events;
    const char *keep_audit_days;
    const char *keep_audit;
    bool active;
    bool private_webhooks;
    bool insecure;
    bool log_plain;
    bool help;
    bool version;
};

/* Texts point into `argv`. E_INVALID with the word that is wrong. */
int fleet_options_parse(int argc, char **argv, struct fleet_options *options, struct err *err);
void fleet_options_help(void);
