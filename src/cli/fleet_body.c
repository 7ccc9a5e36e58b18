#include "cli/fleet_body.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/fleet_show.h"

enum { BODY_MAX_BYTES = 1 << 20 };

void fleet_body_init(struct fleet_body *body, struct cli *cli)
{
    body->cli = cli;
    text_init(&body->text, BODY_MAX_BYTES);
    body->json = json_over(&body->text);
    json_object(&body->json);
}

void fleet_body_release(struct fleet_body *body)
{
    text_release(&body->text);
}

void fleet_body_text(struct fleet_body *body, const char *key, const char *value)
{
    if (!value)
        return;
    json_key(&body->json, key);
    json_string(&body->json, value);
}

void fleet_body_bool(struct fleet_body *body, const char *key, bool value)
{
    json_key(&body->json, key);
    json_bool(&body->json, value);
}

int fleet_body_number(struct fleet_body *body, const char *key, const char *option, const char *value)
{
    uint64_t number;
    if (!value)
        return 0;
    if (str_parse_u64(value, 0, UINT32_MAX, &number) < 0)
        return cli_fail(body->cli, "%s %s: 0 to %u is allowed", option, value, UINT32_MAX);
    json_key(&body->json, key);
    json_u64(&body->json, number);
    return 0;
}

int fleet_body_send(struct fleet_body *body, const char *method, const char *path, const struct json_node **answer)
{
    json_object_end(&body->json);
    struct fleet_request request = {.method = method, .path = path, .body = body->text.bytes};
    int result =
        body->text.failed ? cli_fail(body->cli, "what was given is too long") : fleet_ask(body->cli, &request, answer);
    fleet_body_release(body);
    return result;
}

/* Asked on standard error: standard output is for answers. */
static bool user_agrees(const char *what, const char *name)
{
    char answer[16] = "";
    fprintf(stderr, "Delete %s %s? [y/N] ", what, name);
    fflush(stderr);
    if (!fgets(answer, sizeof(answer), stdin))
        return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

int fleet_delete(struct cli *cli, const char *what, const char *name, const char *path)
{
    const struct json_node *answer;
    if (!cli->options.fleet.force && !isatty(STDIN_FILENO))
        return cli_fail(cli, "%s %s: nobody can be asked whether to delete it; say --force (-f)", what, name);
    if (!cli->options.fleet.force && !user_agrees(what, name))
        return cli_fail(cli, "%s %s was not deleted", what, name);
    if (fleet_ask(cli, &(struct fleet_request){.method = "DELETE", .path = path}, &answer) < 0)
        return E_INVALID;
    fleet_done(cli, "%s %s is deleted", what, name);
    return 0;
}
