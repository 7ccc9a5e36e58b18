#include "fleet/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

struct option {
    const char *name;
    bool takes_text;
    size_t offset;
    const char *help;
};

#define AT(field) offsetof(struct fleet_options, field)

static const struct option options_table[] = {
    {"store", true, AT(store), "file of the store, or postgresql://... (godwit-fleet.db)"},
    {"listen", true, AT(listen), "ADDRESS:PORT of the API in the clear; loopback only (127.0.0.1:8080)"},
    {"listen-tls", true, AT(listen_tls), "ADDRESS:PORT of the API over TLS"},
    {"tls-cert-file", true, AT(certificate), "certificate for --listen-tls"},
    {"tls-key-file", true, AT(key), "its private key"},
    {"connect", true, AT(connect), "ADDRESS:PORT where proxies' CONNECT ends at the API over TLS; loopback only"},
    {"console", true, AT(console), "folder to serve under /console/ instead of the console that is built in"},
    {"token-file", true, AT(token_file), "where to write the provider's first token, if there is none yet"},
    {"hold-time", true, AT(hold_time), "of the BGP sessions, seconds (90)"},
    {"unreadable-after", true, AT(unreadable), "until a silent router's sessions are unknown, milliseconds (2000)"},
    {"keep-days", true, AT(keep_days), "how long events and timelines are kept; 0: without end (400)"},
    {"keep-events", true, AT(keep_events), "how many of each are kept; 0: all (2000000)"},
    {"keep-audit-days", true, AT(keep_audit_days), "how long the audit log is kept; 0: without end (2557)"},
    {"keep-audit", true, AT(keep_audit), "how many of its entries are kept; 0: all (1000000)"},
    {"active", false, AT(active), "routers connect to servers too, instead of waiting for them"},
    {"private-webhooks", false, AT(private_webhooks), "webhooks may go to private and loopback addresses"},
    {"insecure", false, AT(insecure), "serve other addresses than loopback without TLS"},
    {"log-level", true, AT(log_level), "error, warn, info, debug (info)"},
    {"log-plain", false, AT(log_plain), "log as text instead of JSON"},
    {"version", false, AT(version), "print the version"},
    {"help", false, AT(help), "print this"},
};

static const struct option *option_find(const char *word, size_t length)
{
    for (size_t i = 0; i < ARRAY_LEN(options_table); i++) {
        if (strlen(options_table[i].name) == length && memcmp(options_table[i].name, word, length) == 0)
            return &options_table[i];
    }
    return NULL;
}

int fleet_options_parse(int argc, char **argv, struct fleet_options *options, struct err *err)
{
    *options = (struct fleet_options){.store = "godwit-fleet.db", .listen = "127.0.0.1:8080", .log_level = "info"};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strncmp(word, "--", 2) != 0)
            return err_set(err, E_INVALID, "%s: not an option", word);
        word += 2;
        size_t length = strcspn(word, "=");
        const struct option *option = option_find(word, length);
        if (!option)
            return err_set(err, E_INVALID, "--%s: no such option", word);
        char *field = (char *)options + option->offset;
        if (!option->takes_text) {
            *(bool *)(void *)field = true;
        } else if (word[length] == '=') {
            *(const char **)(void *)field = word + length + 1;
        } else if (i + 1 < argc) {
            *(const char **)(void *)field = argv[++i];
        } else {
            return err_set(err, E_INVALID, "--%s: needs a value", word);
        }
    }
    return E_OK;
}

void fleet_options_help(void)
{
    printf("godwit-fleet: BGP sessions of projects and servers, over REST, live\n\nusage: godwit-fleet [options]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(options_table); i++)
        printf("  --%s%*s%s\n", options_table[i].name, (int)(22 - strlen(options_table[i].name)), "",
               options_table[i].help);
}
