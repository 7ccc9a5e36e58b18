/* The configuration file is YAML, one mapping of texts:
 *
 *     fleet: https://fleet.example.net
 *     token-file: /home/me/.fleet-token
 *     ca-file: /etc/ssl/fleet-ca.pem
 *     project-id: 5ad070a5-62e8-4cfe-a0b9-3b79e59f1cfe
 *     output: json
 */
#include "cli/fleet_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/check.h"
#include "base/mem.h"
#include "io/file.h"

enum { SECRET_MAX_BYTES = 4096, CONFIG_MAX_BYTES = 64 * 1024 };

static const char default_url[] = "http://127.0.0.1:8080";

/* Each can be said in up to three places. */
struct setting {
    const char *name; /* in the configuration file; the option has the same */
    const char *environment[2];
};

enum {
    SETTING_URL,
    SETTING_TOKEN_FILE,
    SETTING_CA_FILE,
    SETTING_PROJECT,
    SETTING_ORGANIZATION,
    SETTING_OUTPUT,
    SETTING_COUNT
};

static const struct setting settings_table[SETTING_COUNT] = {
    [SETTING_URL] = {"fleet", {"GODWIT_FLEET_URL"}},
    [SETTING_TOKEN_FILE] = {"token-file", {NULL}},
    [SETTING_CA_FILE] = {"ca-file", {"GODWIT_FLEET_CA_FILE"}},
    [SETTING_PROJECT] = {"project-id", {"GODWIT_FLEET_PROJECT", "METAL_PROJECT_ID"}},
    [SETTING_ORGANIZATION] = {"organization-id", {"GODWIT_FLEET_ORGANIZATION", "METAL_ORGANIZATION_ID"}},
    [SETTING_OUTPUT] = {"output", {NULL}},
};

static const char *environment(const char *name)
{
    const char *value = name ? getenv(name) : NULL;
    return value && *value ? value : NULL;
}

const char *fleet_secret_file(struct cli *cli, const char *path)
{
    struct err err;
    char *bytes;
    size_t length;
    if (file_read(path, SECRET_MAX_BYTES, &bytes, &length, &err) < 0) {
        cli_fail(cli, "%s", err.text);
        return NULL;
    }
    bytes[strcspn(bytes, "\r\n")] = '\0';
    const char *text = arena_strdup(&cli->arena, bytes);
    mem_free(MEM_OTHER, bytes);
    if (!*text) {
        cli_fail(cli, "%s: its first line is empty", path);
        return NULL;
    }
    return text;
}

/* The configuration file ------------------------------------------------------------------------------------------- */

static int config_value(struct cli *cli, const char *path, const yaml_event_t *key, const yaml_event_t *value,
                        const char *values[SETTING_COUNT])
{
    const char *name = (const char *)key->data.scalar.value;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings_table[i].name, name) == 0) {
            values[i] = arena_strdup(&cli->arena, (const char *)value->data.scalar.value);
            return 0;
        }
    }
    return cli_fail(cli,
                    "%s:%zu: %s: no such setting; there are fleet, token-file, ca-file, project-id, "
                    "organization-id and output",
                    path, key->start_mark.line + 1, name);
}

/* One event: a mapping at the top, in it scalars by twos. */
static int config_event(struct cli *cli, const char *path, yaml_event_t *event, yaml_event_t *key,
                        const char *values[SETTING_COUNT])
{
    if (event->type != YAML_SCALAR_EVENT) {
        bool nested = key->type == YAML_SCALAR_EVENT || event->type == YAML_SEQUENCE_START_EVENT ||
                      event->type == YAML_ALIAS_EVENT;
        return nested
                   ? cli_fail(cli, "%s:%zu: a setting is a name, a colon and a text", path, event->start_mark.line + 1)
                   : 0;
    }
    if (key->type != YAML_SCALAR_EVENT) {
        *key = *event;
        event->type = YAML_NO_EVENT; /* it lives on as the key */
        return 0;
    }
    int result = config_value(cli, path, key, event, values);
    yaml_event_delete(key);
    return result;
}

static int config_parse(struct cli *cli, const char *path, const char *bytes, size_t length,
                        const char *values[SETTING_COUNT])
{
    yaml_parser_t parser;
    yaml_event_t event, key = {.type = YAML_NO_EVENT};
    bool ended = false;
    int result = 0;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    while (result == 0 && !ended) {
        if (!yaml_parser_parse(&parser, &event)) {
            result = cli_fail(cli, "%s:%zu: %s", path, parser.problem_mark.line + 1, parser.problem);
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        result = config_event(cli, path, &event, &key, values);
        yaml_event_delete(&event);
    }
    yaml_event_delete(&key);
    yaml_parser_delete(&parser);
    return result;
}

/* A file that was named must be there. */
static int config_read(struct cli *cli, const char *values[SETTING_COUNT])
{
    const char *named =
        cli->options.fleet.config_file ? cli->options.fleet.config_file : environment("GODWIT_FLEET_CONFIG");
    const char *home = environment("XDG_CONFIG_HOME");
    const char *path = named;
    struct err err;
    char *bytes;
    size_t length;
    if (!path && home)
        path = arena_printf(&cli->arena, "%s/godwit/fleet.yaml", home);
    else if (!path && (home = environment("HOME")))
        path = arena_printf(&cli->arena, "%s/.config/godwit/fleet.yaml", home);
    if (!path)
        return 0;
    int result = file_read(path, CONFIG_MAX_BYTES, &bytes, &length, &err);
    if (result < 0)
        return !named && result == E_NOT_FOUND ? 0 : cli_fail(cli, "%s", err.text);
    result = config_parse(cli, path, bytes, length, values);
    mem_free(MEM_OTHER, bytes);
    return result;
}

/* All of it -------------------------------------------------------------------------------------------------------- */

/* A token is put into a header: nothing may stand in it that ends one. */
static int check_token(struct cli *cli, const struct fleet_settings *settings)
{
    for (const char *at = settings->token; *at; at++) {
        if (*at <= ' ' || *at > '~')
            return cli_fail(cli, "%s: this is no token: it has signs other than printable ASCII",
                            settings->token_origin);
    }
    return 0;
}

static int read_token(struct cli *cli, struct fleet_settings *settings, const char *configured_file)
{
    const char *file = cli->options.fleet.token_file;
    const char *names[] = {"GODWIT_FLEET_TOKEN", "METAL_AUTH_TOKEN"};
    for (size_t i = 0; i < ARRAY_LEN(names) && !file && !settings->token; i++) {
        settings->token = environment(names[i]);
        settings->token_origin = names[i];
    }
    if (!settings->token) {
        file = file ? file : configured_file;
        if (!file)
            return cli_fail(cli, "no token: give --token-file FILE, or set GODWIT_FLEET_TOKEN or METAL_AUTH_TOKEN");
        settings->token_origin = file;
        settings->token = fleet_secret_file(cli, file);
        if (!settings->token)
            return E_INVALID;
    }
    return check_token(cli, settings);
}

int fleet_settings_read(struct cli *cli, struct fleet_settings *settings)
{
    const struct fleet_flags *flags = &cli->options.fleet;
    const char *const given[SETTING_COUNT] = {
        [SETTING_URL] = flags->url,         [SETTING_CA_FILE] = flags->ca_file,
        [SETTING_PROJECT] = flags->project, [SETTING_ORGANIZATION] = flags->organization,
        [SETTING_OUTPUT] = flags->output,
    };
    const char *values[SETTING_COUNT] = {NULL};
    struct err err = {.text = ""};
    if (config_read(cli, values) < 0)
        return E_INVALID;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        for (size_t j = ARRAY_LEN(settings_table[i].environment); j-- > 0;) {
            const char *value = environment(settings_table[i].environment[j]);
            values[i] = value ? value : values[i];
        }
        values[i] = given[i] ? given[i] : values[i];
    }
    *settings = (struct fleet_settings){
        .url_text = values[SETTING_URL] ? values[SETTING_URL] : default_url,
        .ca_file = values[SETTING_CA_FILE],
        .project = values[SETTING_PROJECT],
        .organization = values[SETTING_ORGANIZATION],
        .output = values[SETTING_OUTPUT],
        .insecure = flags->insecure,
    };
    if (http_url_parse(settings->url_text, &settings->url, &err) < 0)
        return cli_fail(cli, "--fleet %s: %s", settings->url_text, err.text);
    size_t length = strlen(settings->url.path);
    if (strchr(settings->url.path, '?'))
        return cli_fail(cli, "--fleet %s: it has a query", settings->url_text);
    if (settings->url.path[length - 1] == '/')
        settings->url.path[length - 1] = '\0'; /* paths begin with one */
    return read_token(cli, settings, values[SETTING_TOKEN_FILE]);
}
