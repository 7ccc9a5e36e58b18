/* The command line of godwitd: gobgpd's, and a few words more. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct daemon_options {
    const char *config_file; /* NULL: none */
    const char *config_type; /* of a file whose name does not say it */
    const char *log_level;
    bool log_plain;
    const char *api_hosts;      /* comma-separated; NULL: the defaults */
    const char *metrics_listen; /* NULL: as the file says */
    bool graceful_restart;
    const char *state_folder; /* NULL: as the service manager says */
    bool check;               /* read the file, say what is wrong, leave */
    bool notify;
    bool tls;
    const char *tls_certificate_file;
    const char *tls_key_file;
    const char *tls_client_ca_file;
    bool insecure; /* listen on other addresses than loopback without TLS */
    bool quiet;
    bool version;
    bool help;
};

int daemon_options_parse(struct daemon_options *options, int count, char **arguments, struct err *err);
void daemon_options_print(FILE *file);
