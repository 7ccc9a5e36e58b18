/* What the commands of the fleet need to know before they ask: read once, kept in the command's arena. */
#pragma once

#include "cli/cli.h"
#include "http/url.h"

struct fleet_settings {
    const char *url_text;
    struct http_url url;
    const char *token;
    const char *token_origin; /* for messages: where it came from */
    const char *ca_file;      /* NULL: the system's authorities */
    const char *project;
    const char *organization;
    const char *output;
    bool insecure;
};

/* 0, or E_INVALID with the command's error noted: place, value, what is allowed. */
int fleet_settings_read(struct cli *cli, struct fleet_settings *settings);

/* The first line of a file that holds a secret, in the command's arena; NULL with the error noted. */
const char *fleet_secret_file(struct cli *cli, const char *path);
