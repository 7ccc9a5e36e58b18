/* What a daemon owes its service manager and its kernel limits. No pid files: whoever starts it knows its pid. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* Tells systemd "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=...". E_OK also if nobody asked to be told
 * (NOTIFY_SOCKET is not set), E_IO if it could not be sent. */
int service_notify(const char *state);

/* How often to send WATCHDOG=1, half of what was asked for; 0: not at all. */
int64_t service_watchdog_interval_ms(void);

/* Raises the soft limit of open files to `wanted`, or as near as the hard limit allows. What it is afterwards. */
uint64_t service_raise_file_limit(uint64_t wanted);
