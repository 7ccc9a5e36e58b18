/* godwit policy test: a route, typed or of the table, before policies: which statements it meets, which conditions
 * hold, who decides, and what it looks like then. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "cli/any.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "cli/route_words.h"
#include "cli/show.h"
#include "godwit.pb-c.h"
#include "net/prefix.h"

/* Words --------------------------------------------------------------------------------------------------------- */

/* Takes `count` words out, from `at` on. */
static void words_cut(struct words *words, int at, int count)
{
    memmove(words->word + at, words->word + at + count, (size_t)(words->count - at - count) * sizeof(char *));
    words->count -= count;
}

static bool is_address(const char *word)
{
    struct addr addr;
    return addr_parse(word, &addr) == 0 || strchr(word, '%');
}

/* "NAME VALUE" out of the words. False: not there, or without a value. */
static bool take_pair(struct words *words, const char *name, char **value)
{
    for (int i = 1; i + 1 < words->count; i++) {
        if (strcmp(words->word[i], name) == 0) {
            *value = words->word[i + 1];
            words_cut(words, i, 2);
            return true;
        }
    }
    return false;
}

/* "import" or "export", with a neighbor's address behind it or not. */
static bool take_direction(struct words *words, const char *name, char **neighbor)
{
    for (int i = 1; i < words->count; i++) {
        if (strcmp(words->word[i], name) != 0)
            continue;
        bool named = i + 1 < words->count && is_address(words->word[i + 1]);
        if (named)
            *neighbor = words->word[i + 1];
        words_cut(words, i, named ? 2 : 1);
        return true;
    }
    return false;
}

/* What is left is the route. */
static int take_route(struct cli *cli, const struct command *command, struct words *words,
                      Godwit__V1__TestPolicyRequest *request, Apipb__Family *family)
{
    struct prefix prefix;
    enum family_id family_id;
    if (prefix_parse(words->word[0], true, &prefix) < 0)
        return cli_fail(cli, "%s: neither a prefix nor an address", words->word[0]);
    enum family_id preset = prefix.addr.kind == ADDR_IPV6 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST;
    if (cli_family(cli, preset, &family_id) < 0)
        return E_INVALID;
    family->afi = (Apipb__Family__Afi)family_get(family_id)->afi;
    family->safi = (Apipb__Family__Safi)family_get(family_id)->safi;
    request->family = family;
    request->prefix = words->word[0];
    if (words->count == 1)
        return 0;
    if (!cli->options.family)
        cli->options.family = preset == FAMILY_IPV6_UNICAST ? "ipv6" : "ipv4";
    request->path = route_from_words(cli, command, words);
    return request->path ? 0 : E_INVALID;
}

static int test_request(struct cli *cli, const struct command *command, struct words *words,
                        Godwit__V1__TestPolicyRequest *request, Apipb__Family *family)
{
    char *importing = NULL;
    bool import = take_direction(words, "import", &importing);
    bool export = take_direction(words, "export", &request->to_peer);
    take_pair(words, "from", &request->from_peer);
    take_pair(words, "policy", &request->policy);
    if (importing)
        request->from_peer = importing;
    request->direction = import ? APIPB__POLICY_DIRECTION__IMPORT : APIPB__POLICY_DIRECTION__EXPORT;
    if (words->count == 0 || import == export)
        return cli_fail(cli, "usage: godwit %s %s", command->path, command->words);
    return take_route(cli, command, words, request, family);
}

/* Text ---------------------------------------------------------------------------------------------------------- */

/* One attribute as it stands in a list of routes; AS_PATH and next hop in words of our own. */
static void attr_words(struct output *out, const Google__Protobuf__Any *attr)
{
    Google__Protobuf__Any *list[] = {(Google__Protobuf__Any *)attr};
    const char *name = any_name(attr);
    struct text text;
    text_init(&text, INT32_MAX);
    if (strcmp(name, "apipb.AsPathAttribute") == 0) {
        attrs_as_path_text(1, list, &text);
        output_printf(out, "path [%s]", text.length ? text.bytes : "");
    } else if (strcmp(name, "apipb.NextHopAttribute") == 0 || strcmp(name, "apipb.MpReachNLRIAttribute") == 0) {
        attrs_next_hop_text(1, list, &text);
        output_printf(out, "next hop %s", text.bytes);
    } else {
        attrs_text(1, list, NULL, &text); /* "[{Med: 10}]" */
        output_add_n(out, text.bytes + 1, text.length - 2);
    }
    text_release(&text);
}

static const Google__Protobuf__Any *attr_of_type(const Apipb__Path *path, const char *type)
{
    for (size_t i = 0; i < path->n_pattrs; i++) {
        if (strcmp(any_name(path->pattrs[i]), type) == 0)
            return path->pattrs[i];
    }
    return NULL;
}

static bool attr_same(const Google__Protobuf__Any *a, const Google__Protobuf__Any *b)
{
    return a->value.len == b->value.len &&
           (a->value.len == 0 || memcmp(a->value.data, b->value.data, a->value.len) == 0);
}

static void show_changes(struct output *out, const Apipb__Path *before, const Apipb__Path *after)
{
    for (size_t i = 0; i < before->n_pattrs; i++) {
        const Google__Protobuf__Any *old = before->pattrs[i], *new = attr_of_type(after, any_name(old));
        if (new &&attr_same(old, new))
            continue;
        output_add(out, "  changed: ");
        attr_words(out, old);
        output_add(out, " -> ");
        if (new)
            attr_words(out, new);
        output_add(out, new ? "\n" : "gone\n");
    }
    for (size_t i = 0; i < after->n_pattrs; i++) {
        if (attr_of_type(before, any_name(after->pattrs[i])))
            continue;
        output_add(out, "  new: ");
        attr_words(out, after->pattrs[i]);
        output_add(out, "\n");
    }
}

/* "policy p1 of 198.51.100.7": whose policies these are is said for a neighbor's own. */
static void show_place(struct output *out, const char *assigned_to)
{
    if (assigned_to[0] && strcmp(assigned_to, "global") != 0)
        output_printf(out, " of %s", assigned_to);
}

static void show_statement(struct output *out, const Godwit__V1__TestPolicyResponse__Statement *statement)
{
    output_printf(out, "  policy %s", statement->policy);
    show_place(out, statement->assigned_to);
    output_printf(out, ", statement %s: %s\n", statement->statement,
                  !statement->matched                                ? "does not match"
                  : statement->action == APIPB__ROUTE_ACTION__ACCEPT ? "matches, accepts"
                  : statement->action == APIPB__ROUTE_ACTION__REJECT ? "matches, rejects"
                                                                     : "matches, goes on");
    for (size_t i = 0; i < statement->n_conditions; i++)
        output_printf(out, "    %-3s  %s\n", statement->conditions[i]->holds ? "yes" : "no",
                      statement->conditions[i]->text);
}

static void show_decision(struct output *out, const Godwit__V1__TestPolicyResponse *test)
{
    output_printf(out, ": %s by ", test->action == APIPB__ROUTE_ACTION__ACCEPT ? "accepted" : "rejected");
    if (test->policy[0])
        output_printf(out, "policy %s", test->policy);
    else
        output_add(out, "default");
    show_place(out, test->assigned_to);
    if (test->statement[0])
        output_printf(out, ", statement %s", test->statement);
    output_add(out, "\n");
}

static void show_test(struct output *out, const Godwit__V1__TestPolicyRequest *request,
                      const Godwit__V1__TestPolicyResponse *test)
{
    output_add(out, test->prefix);
    if (test->from_peer[0])
        output_printf(out, " from %s", test->from_peer);
    if (request->to_peer[0])
        output_printf(out, " to %s", request->to_peer);
    if (test->action == APIPB__ROUTE_ACTION__NONE)
        output_printf(out, ": policy %s does not decide\n", request->policy);
    else
        show_decision(out, test);
    for (size_t i = 0; i < test->n_statements; i++)
        show_statement(out, test->statements[i]);
    if (test->action != APIPB__ROUTE_ACTION__REJECT && test->before && test->after)
        show_changes(out, test->before, test->after);
}

/* JSON ---------------------------------------------------------------------------------------------------------- */

static void member_text(struct json *json, const char *key, const char *value)
{
    json_key(json, key);
    json_string(json, value);
}

static void member_attrs(struct json *json, const char *key, const Apipb__Path *path)
{
    json_key(json, key);
    json_array(json);
    for (size_t i = 0; path && i < path->n_pattrs; i++)
        attr_json(path->pattrs[i], json);
    json_array_end(json);
}

static const char *action_word(Apipb__RouteAction action)
{
    return action == APIPB__ROUTE_ACTION__ACCEPT ? "accept" : action == APIPB__ROUTE_ACTION__REJECT ? "reject" : "none";
}

static void statement_json(struct json *json, const Godwit__V1__TestPolicyResponse__Statement *statement)
{
    json_object(json);
    member_text(json, "assigned_to", statement->assigned_to);
    member_text(json, "policy", statement->policy);
    member_text(json, "statement", statement->statement);
    json_key(json, "matched");
    json_bool(json, statement->matched);
    member_text(json, "action", action_word(statement->action));
    json_key(json, "conditions");
    json_array(json);
    for (size_t i = 0; i < statement->n_conditions; i++) {
        json_object(json);
        member_text(json, "condition", statement->conditions[i]->text);
        json_key(json, "holds");
        json_bool(json, statement->conditions[i]->holds);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

static void test_json(struct json *json, const Godwit__V1__TestPolicyResponse *test)
{
    json_object(json);
    member_text(json, "prefix", test->prefix);
    member_text(json, "from_peer", test->from_peer);
    member_text(json, "action", action_word(test->action));
    member_text(json, "assigned_to", test->assigned_to);
    member_text(json, "policy", test->policy);
    member_text(json, "statement", test->statement);
    json_key(json, "statements");
    json_array(json);
    for (size_t i = 0; i < test->n_statements; i++)
        statement_json(json, test->statements[i]);
    json_array_end(json);
    member_attrs(json, "before", test->before);
    member_attrs(json, "after", test->after);
    json_object_end(json);
}

int cmd_policy_test(struct cli *cli, const struct command *command, const struct words *words)
{
    struct words rest = *words;
    Godwit__V1__TestPolicyRequest request = GODWIT__V1__TEST_POLICY_REQUEST__INIT;
    Apipb__Family family = APIPB__FAMILY__INIT;
    if (words->count == 0) /* a policy may have this name */
        return cmd_policy(cli, command, &(struct words){.count = 1, .word = (char *[]){(char *)"test"}});
    if (test_request(cli, command, &rest, &request, &family) < 0)
        return E_INVALID;
    const Godwit__V1__TestPolicyResponse *test =
        call_for(cli, "/godwit.v1.Godwit/TestPolicy", &request.base, &godwit__v1__test_policy_response__descriptor);
    if (!test)
        return E_INVALID;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        test_json(&json, test);
        output_add(&cli->out, "\n");
    } else {
        show_test(&cli->out, &request, test);
    }
    return 0;
}
