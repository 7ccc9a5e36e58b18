/* What every command of the `godwit` program shares: the options of the command line, the connection, the output. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/fleet_flags.h"
#include "cli/output.h"
#include "net/family.h"

struct call_channel;
struct fleet_client;

struct cli_options {
    const char *host;
    const char *target; /* NULL: host and port */
    uint16_t port;
    bool json;
    bool quiet;
    bool debug;
    bool compat; /* errors on standard output, in the words of GoBGP */
    bool help;
    bool version;
    bool tls;
    const char *tls_ca_file;
    const char *tls_cert_file;
    const char *tls_key_file;
    bool generate_completion;
    const char *completion_file;
    /* Of some commands only: */
    const char *family; /* NULL: not said */
    const char *reason;
    const char *transport;
    bool current;
    bool only_best;
    bool no_ipv4;
    bool no_ipv6;
    const char *next_hop;
    const char *statistics_timeout;
    const char *queue_size;
    uint64_t given;           /* bits of enum option_scope: whose options were used */
    struct fleet_flags fleet; /* of the commands that speak to the fleet service */
};

struct cli {
    struct cli_options options;
    struct call_channel *channel; /* NULL: no command has needed one */
    struct fleet_client *fleet;   /* likewise */
    bool call_failed;             /* the last call did not end well */
    struct output out;
    struct text error;  /* why the command failed, without a final newline */
    struct arena arena; /* lives as long as the command: requests and what they point to */
};

/* Notes the reason a command failed. Always E_INVALID, so that callers can return it. */
int cli_fail(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The family of -a, or `preset` (FAMILY_UNKNOWN: none) if it was not given. An unknown name is an error: noted. */
int cli_family(struct cli *cli, enum family_id preset, enum family_id *family);
