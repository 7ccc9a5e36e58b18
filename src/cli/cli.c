#include "cli/cli.h"

#include <stdarg.h>

int cli_fail(struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_clear(&cli->error);
    text_vprintf(&cli->error, format, arguments);
    va_end(arguments);
    return E_INVALID;
}

int cli_family(struct cli *cli, enum family_id preset, enum family_id *family)
{
    *family = preset;
    if (!cli->options.family || !*cli->options.family)
        return 0;
    *family = family_from_cli_name(cli->options.family);
    if (*family == FAMILY_UNKNOWN)
        return cli_fail(cli, "unsupported address family: %s", cli->options.family);
    return 0;
}
