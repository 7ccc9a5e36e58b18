#include "daemon/options.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "base/str.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_IGNORED_FLAG, /* of gobgpd; understood, no effect here */
    OPTION_IGNORED_TEXT,
};

struct option {
    const char *name;
    char letter;
    enum option_kind kind;
    size_t offset;
    const char *help;
};

#define AT(field) offsetof(struct daemon_options, field)

static const struct option options_table[] = {
    {"config-file", 'f', OPTION_TEXT, AT(config_file), "configuration file (.toml, .yaml, .yml, .json)"},
    {"config-type", 't', OPTION_TEXT, AT(config_type), "what it is if its name does not say: toml, yaml, json"},
    {"log-level", 'l', OPTION_TEXT, AT(log_level), "panic, fatal, error, warn, info, debug, trace"},
    {"log-plain", 'p', OPTION_FLAG, AT(log_plain), "log as text instead of JSON"},
    {"api-hosts", 0, OPTION_TEXT, AT(api_hosts),
     "where to serve the API, separated by commas: ADDRESS:PORT, unix:///PATH"},
    {"metrics-listen", 0, OPTION_TEXT, AT(metrics_listen), "where Prometheus may read metrics: ADDRESS:PORT"},
    {"graceful-restart", 'r', OPTION_FLAG, AT(graceful_restart),
     "neighbors keep the routes of an earlier process: restart gracefully"},
    {"state-dir", 0, OPTION_TEXT, AT(state_folder),
     "where to note that neighbors keep our routes; $RUNTIME_DIRECTORY if not said"},
    {"dry-run", 'd', OPTION_FLAG, AT(check), "check the configuration file and leave"},
    {"sdnotify", 0, OPTION_FLAG, AT(notify), "tell the service manager"},
    {"tls", 0, OPTION_FLAG, AT(tls), "serve the API and metrics over TLS"},
    {"tls-cert-file", 0, OPTION_TEXT, AT(tls_certificate_file), "certificate"},
    {"tls-key-file", 0, OPTION_TEXT, AT(tls_key_file), "its private key"},
    {"tls-client-ca-file", 0, OPTION_TEXT, AT(tls_client_ca_file), "who may have signed clients' certificates"},
    {"insecure", 0, OPTION_FLAG, AT(insecure), "serve other addresses than loopback without TLS"},
    {"version", 0, OPTION_FLAG, AT(version), "print the version"},
    {"help", 'h', OPTION_FLAG, AT(help), "print this"},
    {"disable-stdlog", 0, OPTION_FLAG, AT(quiet), "do not log"},
    {"syslog", 's', OPTION_IGNORED_TEXT, 0, "accepted, no effect: the service manager keeps the log"},
    {"syslog-facility", 0, OPTION_IGNORED_TEXT, 0, "accepted, no effect"},
    {"cpus", 0, OPTION_IGNORED_TEXT, 0, "accepted, no effect"},
    {"pprof-host", 0, OPTION_IGNORED_TEXT, 0, "accepted, no effect"},
    {"pprof-disable", 0, OPTION_IGNORED_FLAG, 0, "accepted, no effect"},
};

static const struct option *option_find(const char *name, size_t length, char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(options_table); i++) {
        const struct option *option = &options_table[i];
        if (letter ? option->letter == letter
                   : strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static bool takes_value(const struct option *option)
{
    return option->kind == OPTION_TEXT || option->kind == OPTION_IGNORED_TEXT;
}

static void option_set(struct daemon_options *options, const struct option *option, const char *value)
{
    void *field = (char *)options + option->offset;
    if (option->kind == OPTION_FLAG)
        *(bool *)field = true;
    else if (option->kind == OPTION_TEXT)
        *(const char **)field = value;
}

/* One argument, and the next if it is its value. How many were used, or E_INVALID. */
static int option_read(struct daemon_options *options, int count, char **arguments, struct err *err)
{
    const char *argument = arguments[0];
    bool is_long = argument[0] == '-' && argument[1] == '-';
    if (argument[0] != '-' || argument[1] == '\0')
        return err_set(err, E_INVALID, "\"%s\" is not an option", argument);
    const char *name = argument + (is_long ? 2 : 1);
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *option = is_long ? option_find(name, length, 0) : option_find(NULL, 0, name[0]);
    if (!option)
        return err_set(err, E_INVALID, "unknown flag `%.*s'", is_long ? (int)length : 1, name);
    const char *value = equals ? equals + 1 : !is_long && name[1] ? name + 1 : NULL;
    if (!takes_value(option)) {
        if (!is_long && name[1])
            return err_set(err, E_INVALID, "flags stand alone: -%c", name[0]);
        option_set(options, option, NULL);
        return 1;
    }
    if (value) {
        option_set(options, option, value);
        return 1;
    }
    if (count < 2)
        return err_set(err, E_INVALID, "expected argument for flag `--%s'", option->name);
    option_set(options, option, arguments[1]);
    return 2;
}

int daemon_options_parse(struct daemon_options *options, int count, char **arguments, struct err *err)
{
    while (count > 0) {
        int used = option_read(options, count, arguments, err);
        if (used < 0)
            return used;
        count -= used;
        arguments += used;
    }
    if (options->tls && (!options->tls_certificate_file || !options->tls_key_file))
        return err_set(err, E_INVALID, "--tls needs --tls-cert-file and --tls-key-file");
    if (!options->tls && (options->tls_certificate_file || options->tls_key_file || options->tls_client_ca_file))
        return err_set(err, E_INVALID, "--tls-... files without --tls");
    if (options->check && !options->config_file)
        return err_set(err, E_INVALID, "-d without a configuration file (-f)");
    return 0;
}

void daemon_options_print(FILE *file)
{
    fprintf(file, "usage: godwitd [options]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(options_table); i++) {
        const struct option *option = &options_table[i];
        char letter[8] = "    ";
        if (option->letter) {
            letter[0] = '-';
            letter[1] = option->letter;
            letter[2] = ',';
        }
        fprintf(file, "  %s--%s%-*s %s\n", letter, option->name, 22 - (int)strlen(option->name),
                takes_value(option) ? "=..." : "", option->help);
    }
}
