/* What the process may do. */
#pragma once

#include "base/err.h"

/* Before anything is read: no core dumps and no ptrace (the memory holds peers' passwords), no new privileges through
 * exec. */
void privileges_harden(void);

/* After the first listeners are bound: of root's capabilities only what BGP can still need is kept: a privileged port
 * (NET_BIND_SERVICE), TCP MD5 (NET_ADMIN), binding to an interface (NET_RAW). Nothing to do for others. */
int privileges_drop(struct err *err);
