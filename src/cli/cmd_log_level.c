/* godwit log-level: how much the daemon logs. */
#include <string.h>

#include "base/log.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "gobgp.pb-c.h"

int cmd_log_level(struct cli *cli, const struct command *command, const struct words *words)
{
    enum log_level level;
    Apipb__SetLogLevelRequest request = APIPB__SET_LOG_LEVEL_REQUEST__INIT;
    if (log_level_parse(command_verb(command), &level) < 0)
        return cli_fail(cli, "invalid log level: %s", command_verb(command));
    request.level = (Apipb__SetLogLevelRequest__Level)level; /* the same numbers */
    return call(cli, "SetLogLevel", &request.base, NULL, NULL, NULL);
}
