/* What Godwit's daemon tells beyond GoBGP's: update groups, counters, reloading, saving. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/show.h"
#include "cli/words.h"
#include "godwit.pb-c.h"
#include "io/file.h"

static void family_out(struct output *out, const Apipb__Family *family)
{
    struct text text;
    text_init(&text, 256);
    family_text(family, &text);
    output_add(out, text.bytes ? text.bytes : "");
    text_release(&text);
}

static void show_group(struct output *out, const Godwit__V1__ListGroupsResponse__Group *group)
{
    output_printf(out, "group %" PRIu32 "  ", group->id);
    family_out(out, group->family);
    output_printf(out, ", %zu %s\n", group->n_members, group->n_members == 1 ? "member" : "members");
    for (size_t i = 0; i < group->n_key; i++)
        output_printf(out, "    %s%s\n", i ? "       " : "shares ", group->key[i]);
    for (size_t i = 0; i < group->n_members; i++)
        output_printf(out, "    %s%s\n", i ? "        " : "members ", group->members[i]);
    if (group->difference[0])
        output_printf(out, "    differs %s\n", group->difference);
    if (group->log_bytes || group->members_behind)
        output_printf(out, "    waiting %" PRIu64 " bytes, %" PRIu32 " members behind\n", group->log_bytes,
                      group->members_behind);
}

static bool take_group(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    struct json *json = context;
    const Godwit__V1__ListGroupsResponse *response = (const Godwit__V1__ListGroupsResponse *)answer;
    if (!response->group)
        return true;
    if (cli->options.json)
        message_json(json, &response->group->base);
    else
        show_group(&cli->out, response->group);
    return true;
}

static int list_groups(struct cli *cli, const char *peer)
{
    Godwit__V1__ListGroupsRequest request = GODWIT__V1__LIST_GROUPS_REQUEST__INIT;
    struct text document;
    if (peer)
        request.peer = (char *)peer;
    text_init(&document, INT32_MAX);
    struct json json = json_over(&document);
    json_array(&json);
    int result = call(cli, "/godwit.v1.Godwit/ListGroups", &request.base, &godwit__v1__list_groups_response__descriptor,
                      take_group, &json);
    json_array_end(&json);
    if (result == 0 && cli->options.json)
        output_printf(&cli->out, "%s\n", document.bytes);
    text_release(&document);
    return result;
}

int cmd_groups(struct cli *cli, const struct command *command, const struct words *words)
{
    return list_groups(cli, NULL);
}

int cmd_neighbor_groups(struct cli *cli, const struct command *command, const struct words *words)
{
    return list_groups(cli, words->word[words->count - 1]);
}

static void show_counters(struct output *out, const Godwit__V1__GetCountersResponse *counters)
{
    char age[AGE_TEXT_MAX];
    output_printf(out, "Up %s, resident %" PRIu64 " bytes\n", age_format(0, counters->uptime_s, age),
                  counters->resident_bytes);
    if (counters->n_tables)
        output_printf(out, "%-24s %12s %12s\n", "Table", "Prefixes", "Paths");
    for (size_t i = 0; i < counters->n_tables; i++) {
        const Godwit__V1__GetCountersResponse__Table *table = counters->tables[i];
        const struct family *family = family_get(family_of(table->family));
        output_printf(out, "%-24s %12" PRIu64 " %12" PRIu64 "\n",
                      table->vrf[0] ? table->vrf
                      : family      ? family->config_name
                                    : "?",
                      table->prefixes, table->paths);
    }
    if (counters->n_memory)
        output_printf(out, "%-24s %12s %12s\n", "Memory", "Bytes", "Objects");
    for (size_t i = 0; i < counters->n_memory; i++)
        output_printf(out, "%-24s %12" PRIu64 " %12" PRIu64 "\n", counters->memory[i]->kind, counters->memory[i]->bytes,
                      counters->memory[i]->objects);
}

int cmd_counters(struct cli *cli, const struct command *command, const struct words *words)
{
    Godwit__V1__GetCountersRequest request = GODWIT__V1__GET_COUNTERS_REQUEST__INIT;
    Godwit__V1__GetCountersResponse *counters =
        call_for(cli, "/godwit.v1.Godwit/GetCounters", &request.base, &godwit__v1__get_counters_response__descriptor);
    if (!counters)
        return E_INVALID;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &counters->base);
        output_add(&cli->out, "\n");
    } else {
        show_counters(&cli->out, counters);
    }
    return 0;
}

/* A refused configuration is the command's failure; what would change, or did, is its output. */
int cmd_reload(struct cli *cli, const struct command *command, const struct words *words)
{
    Godwit__V1__ReloadRequest request = GODWIT__V1__RELOAD_REQUEST__INIT;
    request.check_only = words->count == 1 && strcmp(words->word[0], "check") == 0;
    if (words->count > 0 && !request.check_only)
        return cli_fail(cli, "usage: godwit reload [check]");
    Godwit__V1__ReloadResponse *response =
        call_for(cli, "/godwit.v1.Godwit/Reload", &request.base, &godwit__v1__reload_response__descriptor);
    if (!response)
        return E_INVALID;
    if (response->error[0])
        return cli_fail(cli, "%s", response->error);
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &response->base);
        output_add(&cli->out, "\n");
    } else {
        size_t length = strlen(response->changes);
        output_add(&cli->out, length ? response->changes : "nothing to change");
        output_add(&cli->out, length && response->changes[length - 1] == '\n' ? "" : "\n");
    }
    return 0;
}

/* Saving ----------------------------------------------------------------------------------------------------------- */

enum { SAVE_FORMAT, SAVE_WITHOUT_SECRETS, SAVE_KEYWORD_COUNT };

static bool take_saved(struct cli *cli, void *context, const ProtobufCMessage *answer)
{
    const Godwit__V1__SaveResponse *response = (const Godwit__V1__SaveResponse *)answer;
    text_add(context, response->text);
    for (size_t i = 0; i < response->n_left_out; i++)
        fprintf(stderr, "not saved: %s\n", response->left_out[i]);
    return true;
}

/* By the word, else by the file's name. */
static int save_format(struct cli *cli, const char *word, const char *file, Godwit__V1__SaveRequest__Format *format)
{
    static const char *const names[] = {"toml", "yaml", "json", "yml"};
    const char *dot = file ? strrchr(file, '.') : NULL;
    const char *wanted = word ? word : dot ? dot + 1 : names[0];
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(wanted, names[i]) == 0) {
            *format = (Godwit__V1__SaveRequest__Format)(i == 3 ? 1 : i);
            return 0;
        }
    }
    *format = GODWIT__V1__SAVE_REQUEST__FORMAT__TOML; /* as gobgpd reads a file whose name does not say */
    return word ? cli_fail(cli, "format \"%s\" is none of toml, yaml, json", word) : 0;
}

/* To a file whole or not at all, for its owner's eyes: there may be passwords in it. */
int cmd_save(struct cli *cli, const struct command *command, const struct words *words)
{
    struct keyword keywords[SAVE_KEYWORD_COUNT] = {
        [SAVE_FORMAT] = {"format", KEYWORD_SINGLE},
        [SAVE_WITHOUT_SECRETS] = {"without-secrets", KEYWORD_FLAG},
    };
    struct words leading;
    struct err err = {0};
    struct text text;
    Godwit__V1__SaveRequest request = GODWIT__V1__SAVE_REQUEST__INIT;
    if (keywords_split(cli, words, keywords, SAVE_KEYWORD_COUNT, &leading) < 0 || leading.count > 1)
        return cli_fail(cli, "usage: godwit save %s", command->words);
    const char *file = leading.count == 1 ? leading.word[0] : NULL;
    request.without_secrets = keywords[SAVE_WITHOUT_SECRETS].given;
    if (save_format(cli, keyword_value(&keywords[SAVE_FORMAT]), file, &request.format) < 0)
        return E_INVALID;
    text_init(&text, INT32_MAX);
    int result =
        call(cli, "/godwit.v1.Godwit/Save", &request.base, &godwit__v1__save_response__descriptor, take_saved, &text);
    if (result == 0 && file != NULL && file_write_atomic(file, text.bytes, text.length, 0600, &err) < 0)
        result = cli_fail(cli, "%s", err.text);
    else if (result == 0 && file == NULL)
        output_add(&cli->out, text.bytes ? text.bytes : "");
    text_release(&text);
    return result;
}
