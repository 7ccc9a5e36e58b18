/* godwit neighbor ADDRESS graceful-shutdown, godwit global graceful-shutdown (RFC 8326). */
#include <string.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/message_json.h"
#include "godwit.pb-c.h"

static int usage(struct cli *cli, const struct command *command)
{
    return cli_fail(cli, "usage: %s [on | off]", command->path);
}

/* `word` NULL: asked for what is in force. */
static int graceful_shutdown(struct cli *cli, const struct command *command, const char *peer, const char *word)
{
    Godwit__V1__GracefulShutdownRequest request = GODWIT__V1__GRACEFUL_SHUTDOWN_REQUEST__INIT;
    request.peer = (char *)peer;
    if (word != NULL && strcmp(word, "on") == 0)
        request.wish = GODWIT__V1__GRACEFUL_SHUTDOWN_REQUEST__WISH__ON;
    else if (word != NULL && strcmp(word, "off") == 0)
        request.wish = GODWIT__V1__GRACEFUL_SHUTDOWN_REQUEST__WISH__OFF;
    else if (word != NULL)
        return usage(cli, command);
    Godwit__V1__GracefulShutdownResponse *response = call_for(cli, "/godwit.v1.Godwit/GracefulShutdown", &request.base,
                                                              &godwit__v1__graceful_shutdown_response__descriptor);
    if (!response)
        return E_INVALID;
    if (cli->options.json) {
        struct json json = json_over(&cli->out.pending);
        message_json(&json, &response->base);
        output_add(&cli->out, "\n");
    } else if (word == NULL) {
        output_add(&cli->out, response->on ? "on\n" : "off\n");
    }
    return 0;
}

int cmd_neighbor_graceful_shutdown(struct cli *cli, const struct command *command, const struct words *words)
{
    if (words->count > 2)
        return usage(cli, command);
    return graceful_shutdown(cli, command, words->word[words->count - 1], words->count == 2 ? words->word[0] : NULL);
}

int cmd_global_graceful_shutdown(struct cli *cli, const struct command *command, const struct words *words)
{
    if (words->count > 1)
        return usage(cli, command);
    return graceful_shutdown(cli, command, "", words->count == 1 ? words->word[0] : NULL);
}
