#include "cli/options.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"
#include "base/str.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_PORT,
    OPTION_IGNORED_TEXT, /* understood, no effect here */
};

struct option {
    const char *name;
    char letter; /* '\0': none */
    uint8_t kind;
    uint8_t scope;
    size_t offset; /* in struct cli_options */
    const char *argument;
    const char *help;
};

#define AT(field) offsetof(struct cli_options, field)

static const struct option options_table[] = {
    {"host", 'u', OPTION_TEXT, OPTION_ANY, AT(host), "ADDRESS", "the daemon's address (127.0.0.1)"},
    {"port", 'p', OPTION_PORT, OPTION_ANY, AT(port), "NUMBER", "the daemon's port (50051)"},
    {"target", 0, OPTION_TEXT, OPTION_ANY, AT(target), "TARGET", "in place of both: host:port, or unix:///path"},
    {"json", 'j', OPTION_FLAG, OPTION_ANY, AT(json), NULL, "print JSON"},
    {"quiet", 'q', OPTION_FLAG, OPTION_ANY, AT(quiet), NULL, "print names only"},
    {"debug", 'd', OPTION_FLAG, OPTION_ANY, AT(debug), NULL, "accepted, no effect"},
    {"compat", 0, OPTION_FLAG, OPTION_ANY, AT(compat), NULL, "errors on standard output, as GoBGP's client"},
    {"tls", 0, OPTION_FLAG, OPTION_ANY, AT(tls), NULL, "speak TLS"},
    {"tls-ca-file", 0, OPTION_TEXT, OPTION_ANY, AT(tls_ca_file), "FILE", "certificates to trust"},
    {"tls-client-cert-file", 0, OPTION_TEXT, OPTION_ANY, AT(tls_cert_file), "FILE", "our certificate"},
    {"tls-client-key-file", 0, OPTION_TEXT, OPTION_ANY, AT(tls_key_file), "FILE", "its private key"},
    {"gen-cmpl", 'c', OPTION_FLAG, OPTION_ANY, AT(generate_completion), NULL, "write the completion file for bash"},
    {"bash-cmpl-file", 0, OPTION_TEXT, OPTION_ANY, AT(completion_file), "FILE", "its name (godwit-completion.bash)"},
    {"pprof-port", 'r', OPTION_IGNORED_TEXT, OPTION_ANY, 0, "NUMBER", "accepted, no effect"},
    {"help", 'h', OPTION_FLAG, OPTION_ANY, AT(help), NULL, "explain the command"},
    {"version", 0, OPTION_FLAG, OPTION_ANY, AT(version), NULL, "print the version"},
    {"address-family", 'a', OPTION_TEXT, OPTION_FAMILY, AT(family), "FAMILY",
     "ipv4, ipv6, vpnv4, vpnv6, ipv4-mpls, evpn, ipv4-flowspec, rtc, ..."},
    {"reason", 0, OPTION_TEXT, OPTION_NEIGHBOR, AT(reason), "TEXT", "what to tell the neighbor (RFC 9003)"},
    {"transport", 't', OPTION_TEXT, OPTION_NEIGHBOR, AT(transport), "NAME", "accepted, no effect"},
    {"current", 0, OPTION_FLAG, OPTION_MONITOR, AT(current), NULL, "begin with what is there now"},
    {"only-best", 0, OPTION_FLAG, OPTION_MRT, AT(only_best), NULL, "only the first path of each prefix"},
    {"no-ipv4", 0, OPTION_FLAG, OPTION_MRT, AT(no_ipv4), NULL, "leave IPv4 out"},
    {"no-ipv6", 0, OPTION_FLAG, OPTION_MRT, AT(no_ipv6), NULL, "leave IPv6 out"},
    {"nexthop", 0, OPTION_TEXT, OPTION_MRT, AT(next_hop), "ADDRESS", "in place of the next hops of the file"},
    {"queue-size", 0, OPTION_TEXT, OPTION_MRT, AT(queue_size), "NUMBER", "accepted, no effect: nothing is queued"},
};

static const struct option *option_by_name(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_LEN(options_table); i++) {
        if (strlen(options_table[i].name) == length && memcmp(options_table[i].name, name, length) == 0)
            return &options_table[i];
    }
    return NULL;
}

static const struct option *option_by_letter(char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(options_table); i++) {
        if (letter && options_table[i].letter == letter)
            return &options_table[i];
    }
    return NULL;
}

static int option_set(struct cli_options *options, const struct option *option, const char *value, struct err *err)
{
    void *field = (char *)options + option->offset;
    uint64_t number;
    options->given |= option->scope;
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
    case OPTION_PORT:
        if (str_parse_u64(value, 1, 65535, &number) < 0)
            return err_set(err, E_INVALID, "invalid argument \"%s\" for \"--%s\": 1 to 65535 is allowed", value,
                           option->name);
        *(uint16_t *)field = (uint16_t)number;
        return 0;
    case OPTION_IGNORED_TEXT:
        return 0;
    }
    return 0;
}

/* What the command line is read with: the next argument may be an option's value. */
struct reader {
    int count;
    int at;
    char **arguments;
};

static int read_long(struct cli_options *options, struct reader *reader, struct err *err)
{
    const char *name = reader->arguments[reader->at] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *option = option_by_name(name, length);
    if (!option)
        return err_set(err, E_INVALID, "unknown flag: --%.*s", (int)length, name);
    const char *value = equals ? equals + 1 : NULL;
    if (option->kind != OPTION_FLAG && !value) {
        if (reader->at + 1 >= reader->count)
            return err_set(err, E_INVALID, "flag needs an argument: --%s", option->name);
        value = reader->arguments[++reader->at];
    }
    return option_set(options, option, value, err);
}

/* "-j", "-jq", "-a ipv4", "-aipv4", "-a=ipv4". */
static int read_letters(struct cli_options *options, struct reader *reader, struct err *err)
{
    const char *letters = reader->arguments[reader->at] + 1;
    for (; *letters; letters++) {
        const struct option *option = option_by_letter(*letters);
        if (!option)
            return err_set(err, E_INVALID, "unknown shorthand flag: '%c' in -%s", *letters,
                           reader->arguments[reader->at] + 1);
        const char *value = letters[1] == '=' ? letters + 2 : NULL;
        if (option->kind == OPTION_FLAG) {
            int result = option_set(options, option, value, err);
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
        return option_set(options, option, value, err);
    }
    return 0;
}

int options_parse(struct cli_options *options, int count, char **arguments, struct words *words, struct err *err)
{
    struct reader reader = {.count = count, .arguments = arguments};
    bool only_words = false;
    *words = (struct words){.word = arguments};
    for (; reader.at < reader.count; reader.at++) {
        char *argument = arguments[reader.at];
        int result = 0;
        if (only_words || argument[0] != '-' || argument[1] == '\0')
            words->word[words->count++] = argument;
        else if (strcmp(argument, "--") == 0)
            only_words = true;
        else if (argument[1] == '-')
            result = read_long(options, &reader, err);
        else
            result = read_letters(options, &reader, err);
        if (result < 0)
            return result;
    }
    return 0;
}

void options_print(struct output *output, uint32_t scopes)
{
    for (size_t i = 0; i < ARRAY_LEN(options_table); i++) {
        const struct option *option = &options_table[i];
        if (option->scope && !(option->scope & scopes))
            continue;
        char left[64], letter[8] = "    ";
        struct str str = str_over(left, sizeof(left));
        str_printf(&str, "--%s%s%s", option->name, option->argument ? " " : "",
                   option->argument ? option->argument : "");
        if (option->letter) {
            letter[0] = '-';
            letter[1] = option->letter;
            letter[2] = ',';
        }
        output_printf(output, "  %s%-30s %s\n", letter, left, option->help);
    }
}
