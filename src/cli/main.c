/* godwit: tells a BGP daemon what to do and shows what it knows. Speaks GoBGP's gRPC API and GoBGP's command language,
 * so that it drives godwitd and gobgpd alike. Each run is one command: a connection, a few calls, an exit status. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/fleet_call.h"

enum { ERROR_LIMIT_BYTES = 1 << 20 };

/* On standard error; as GoBGP does it, on standard output, if asked to. Others' words cannot steer the terminal. */
static void print_error(struct cli *cli)
{
    struct output out;
    output_flush(&cli->out);
    output_init(&out, cli->options.compat ? STDOUT_FILENO : STDERR_FILENO);
    if (cli->options.json) {
        struct json json = json_over(&out.pending);
        json_object(&json);
        json_key(&json, "error");
        json_string_n(&json, cli->error.bytes ? cli->error.bytes : "", cli->error.length);
        json_object_end(&json);
    } else {
        output_add_n(&out, cli->error.bytes ? cli->error.bytes : "", cli->error.length);
    }
    output_add(&out, "\n");
    output_release(&out);
}

static int run(struct cli *cli, int count, char **arguments)
{
    struct words words;
    struct err err;
    const struct command_table *table = command_table_of(count, arguments);
    if (options_parse(cli, table->options, count, arguments, &words, &err) < 0)
        return cli_fail(cli, "%s", err.text);
    if (cli->options.version) {
        output_add(&cli->out, "godwit version " GODWIT_VERSION "\n");
        return 0;
    }
    if (cli->options.generate_completion)
        return completion_write(cli, cli->options.completion_file);
    if (words.count > 0 && strcmp(words.word[0], "help") == 0) {
        cli->options.help = true;
        words.word++;
        words.count--;
    }
    return command_run(cli, table, &words);
}

int main(int count, char **arguments)
{
    struct cli cli = {
        .options = {.host = "127.0.0.1", .port = 50051, .completion_file = "godwit-completion.bash"},
    };
    signal(SIGPIPE, SIG_IGN);
    output_init(&cli.out, STDOUT_FILENO);
    text_init(&cli.error, ERROR_LIMIT_BYTES);
    arena_init(&cli.arena, 0);
    int result = run(&cli, count - 1, arguments + 1);
    if (result < 0)
        print_error(&cli);
    output_release(&cli.out);
    call_channel_free(cli.channel);
    fleet_client_free(cli.fleet);
    text_release(&cli.error);
    arena_release(&cli.arena);
    return result < 0 ? 1 : 0;
}
