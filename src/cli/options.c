#include "cli/options.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "base/str.h"

#define AT(field) offsetof(struct cli_options, field)

static const struct option common_options[] = {
    {"json", 'j', OPTION_FLAG, OPTION_ANY, AT(json), NULL, "print JSON"},
    {"quiet", 'q', OPTION_FLAG, OPTION_ANY, AT(quiet), NULL, "print names only; of the fleet, identifiers"},
    {"compat", 0, OPTION_FLAG, OPTION_ANY, AT(compat), NULL, "errors on standard output, as GoBGP's client"},
    {"gen-cmpl", 'c', OPTION_FLAG, OPTION_ANY, AT(generate_completion), NULL, "write the completion file for bash"},
    {"bash-cmpl-file", 0, OPTION_TEXT, OPTION_ANY, AT(completion_file), "FILE", "its name (godwit-completion.bash)"},
    {"help", 'h', OPTION_FLAG, OPTION_ANY, AT(help), NULL, "explain the command"},
    {"version", 0, OPTION_FLAG, OPTION_ANY, AT(version), NULL, "print the version"},
};

static const struct option daemon_options[] = {
    {"host", 'u', OPTION_TEXT, OPTION_ANY, AT(host), "ADDRESS", "the daemon's address (127.0.0.1)"},
    {"port", 'p', OPTION_PORT, OPTION_ANY, AT(port), "NUMBER", "the daemon's port (50051)"},
    {"target", 0, OPTION_TEXT, OPTION_ANY, AT(target), "TARGET", "in place of both: host:port, or unix:///path"},
    {"debug", 'd', OPTION_FLAG, OPTION_ANY, AT(debug), NULL, "accepted, no effect"},
    {"tls", 0, OPTION_FLAG, OPTION_ANY, AT(tls), NULL, "speak TLS"},
    {"tls-ca-file", 0, OPTION_TEXT, OPTION_ANY, AT(tls_ca_file), "FILE", "certificates to trust"},
    {"tls-client-cert-file", 0, OPTION_TEXT, OPTION_ANY, AT(tls_cert_file), "FILE", "our certificate"},
    {"tls-client-key-file", 0, OPTION_TEXT, OPTION_ANY, AT(tls_key_file), "FILE", "its private key"},
    {"pprof-port", 'r', OPTION_IGNORED_TEXT, OPTION_ANY, 0, "NUMBER", "accepted, no effect"},
    {"address-family", 'a', OPTION_TEXT, OPTION_FAMILY, AT(family), "FAMILY",
     "ipv4, ipv6, vpnv4, vpnv6, ipv4-mpls, evpn, ipv4-flowspec, rtc, ..."},
    {"reason", 0, OPTION_TEXT, OPTION_NEIGHBOR, AT(reason), "TEXT", "what to tell the neighbor (RFC 9003)"},
    {"transport", 't', OPTION_TEXT, OPTION_NEIGHBOR, AT(transport), "NAME", "accepted, no effect"},
    {"current", 0, OPTION_FLAG, OPTION_MONITOR, AT(current), NULL, "begin with what is there now"},
    {"only-best", 0, OPTION_FLAG, OPTION_MRT, AT(only_best), NULL, "only the first path of each prefix"},
    {"no-ipv4", 0, OPTION_FLAG, OPTION_MRT, AT(no_ipv4), NULL, "leave IPv4 out"},
    {"no-ipv6", 0, OPTION_FLAG, OPTION_MRT, AT(no_ipv6), NULL, "leave IPv6 out"},
    {"nexthop", 0, OPTION_TEXT, OPTION_MRT, AT(next_hop), "ADDRESS", "in place of the next hops of the file"},
    {"statistics-timeout", 's', OPTION_TEXT, OPTION_BMP, AT(statistics_timeout), "SECONDS",
     "how often to tell numbers (0: never)"},
    {"queue-size", 0, OPTION_TEXT, OPTION_MRT, AT(queue_size), "NUMBER", "accepted, no effect: nothing is queued"},
};

const struct option_table common_option_table = {common_options, ARRAY_LEN(common_options)};
const struct option_table daemon_option_table = {daemon_options, ARRAY_LEN(daemon_options)};

static bool has_name(const struct option *option, const char *name, size_t length)
{
    return strlen(option->name) == length && memcmp(option->name, name, length) == 0;
}

/* By its name or, if that is NULL, by its letter. */
static const struct option *option_find(const struct option_table *table, const char *name, size_t length, char letter)
{
    const struct option_table *const tables[] = {&common_option_table, table};
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct option *option = &tables[t]->options[i];
            if (name ? has_name(option, name, length) : letter && option->letter == letter)
                return option;
        }
    }
    return NULL;
}

const struct option *option_of_scope(const struct option_table *table, uint64_t scopes)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->options[i].scope & scopes)
            return &table->options[i];
    }
    return NULL;
}

static int option_set(struct cli *cli, const struct option *option, const char *value, struct err *err)
{
    void *field = (char *)&cli->options + option->offset;
    uint64_t number;
    cli->options.given |= option->scope;
    switch ((enum option_kind)option->kind) {
    case OPTION_FLAG:
        if (!value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
            *(bool *)field = true;
        else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
            *(bool *)field = false;
        else
            return err_set(err, E_INVALID, "invalid argument \"%s\" for \"--%s\": true or false is allowed", value,
                           option->name);
        return 0;
    case OPTION_TEXT:
        *(const char **)field = value;
        return 0;
    case OPTION_TEXTS:
        *(const char **)field =
            *(const char **)field ? arena_printf(&cli->arena, "%s,%s", *(const char **)field, value) : value;
        return 0;
    case OPTION_PORT:
        if (str_parse_u64(value, 1, 65535, &number) < 0)
            return err_set(err, E_INVALID, "invalid argument \"%s\" for \"--%s\": 1 to 65535 is allowed", value,
                           option->name);
        *(uint16_t *)field = (uint16_t)number;
        return 0;
    case OPTION_IGNORED_TEXT:
        return 0;
    case OPTION_SECRET:
        return err_set(err, E_INVALID, "--%s: %s", option->name, option->help);
    }
    return 0;
}

/* What the command line is read with: the next argument may be an option's value. */
struct reader {
    struct cli *cli; /* NULL: nothing is set, this is only to see how the arguments fall apart */
    const struct option_table *table;
    int count;
    int at;
    char **arguments;
};

static int read_value(struct reader *reader, const struct option *option, const char *value, struct err *err)
{
    return reader->cli ? option_set(reader->cli, option, value, err) : 0;
}

static int read_long(struct reader *reader, struct err *err)
{
    const char *name = reader->arguments[reader->at] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *option = option_find(reader->table, name, length, '\0');
    if (!option)
        return err_set(err, E_INVALID, "unknown flag: --%.*s", (int)length, name);
    const char *value = equals ? equals + 1 : NULL;
    if (option->kind != OPTION_FLAG && !value) {
        if (reader->at + 1 >= reader->count)
            return err_set(err, E_INVALID, "flag needs an argument: --%s", option->name);
        value = reader->arguments[++reader->at];
    }
    return read_value(reader, option, value, err);
}

/* "-j", "-jq", "-a ipv4", "-aipv4", "-a=ipv4". */
static int read_letters(struct reader *reader, struct err *err)
{
    const char *letters = reader->arguments[reader->at] + 1;
    for (; *letters; letters++) {
        const struct option *option = option_find(reader->table, NULL, 0, *letters);
        if (!option)
            return err_set(err, E_INVALID, "unknown shorthand flag: '%c' in -%s", *letters,
                           reader->arguments[reader->at] + 1);
        const char *value = letters[1] == '=' ? letters + 2 : NULL;
        if (option->kind == OPTION_FLAG) {
            int result = read_value(reader, option, value, err);
            if (result < 0 || value)
                return result;
            continue;
        }
        if (!value && letters[1])
            value = letters + 1;
        if (!value) {
            if (reader->at + 1 >= reader->count)
                return err_set(err, E_INVALID, "flag needs an argument: '%c' in -%s", *letters,
                               reader->arguments[reader->at] + 1);
            value = reader->arguments[++reader->at];
        }
        return read_value(reader, option, value, err);
    }
    return 0;
}

static bool is_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0';
}

int options_parse(struct cli *cli, const struct option_table *table, int count, char **arguments, struct words *words,
                  struct err *err)
{
    struct reader reader = {.cli = cli, .table = table, .count = count, .arguments = arguments};
    bool only_words = false;
    *words = (struct words){.word = arguments};
    for (; reader.at < reader.count; reader.at++) {
        char *argument = arguments[reader.at];
        int result = 0;
        if (only_words || !is_option(argument))
            words->word[words->count++] = argument;
        else if (strcmp(argument, "--") == 0)
            only_words = true;
        else if (argument[1] == '-')
            result = read_long(&reader, err);
        else
            result = read_letters(&reader, err);
        if (result < 0)
            return result;
    }
    return 0;
}

char **options_first_word(const struct option_table *table, int count, char **arguments)
{
    struct reader reader = {.table = table, .count = count, .arguments = arguments};
    for (; reader.at < reader.count; reader.at++) {
        char *argument = arguments[reader.at];
        if (!is_option(argument))
            return &arguments[reader.at];
        if ((argument[1] == '-' ? read_long(&reader, NULL) : read_letters(&reader, NULL)) < 0)
            return NULL;
    }
    return NULL;
}

static void option_print(struct output *output, const struct option *option)
{
    char left[64], letter[8] = "    ";
    struct str str = str_over(left, sizeof(left));
    str_printf(&str, "--%s%s%s", option->name, option->argument ? " " : "", option->argument ? option->argument : "");
    if (option->letter) {
        letter[0] = '-';
        letter[1] = option->letter;
        letter[2] = ',';
    }
    output_printf(output, "  %s%-30s %s\n", letter, left, option->help);
}

void options_print(struct output *output, const struct option_table *table, uint64_t scopes)
{
    const struct option_table *const tables[] = {table, &common_option_table};
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct option *option = &tables[t]->options[i];
            if (option->kind != OPTION_SECRET && (!option->scope || (option->scope & scopes)))
                option_print(output, option);
        }
    }
}
