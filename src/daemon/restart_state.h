/* What a process leaves behind for the next one, so that a restart after a crash is graceful without anybody's help: a
 * small file that is there while neighbors would keep our routes, and empty after an orderly end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "io/loop.h"

struct control;
struct restart_state;

/* The file in `folder`; NULL: it cannot be used, and `err` says why (another process has it, ...). */
struct restart_state *restart_state_open(const char *folder, struct err *err);
/* As opened, until restart_state_keep: did a process end without a goodbye, so short a time ago that neighbors still
 * have its routes? Not if the machine or the network namespace is another one, for forwarding has not gone on then; nor
 * if `global` (may be NULL: not known yet) is another speaker. */
bool restart_state_says_restarted(const struct restart_state *state, const struct global_config *global);
/* From here on the file says how things are, every second. */
void restart_state_keep(struct restart_state *state, struct loop *loop, struct control *control);
/* An orderly end: the next start is an ordinary one. NULL is fine. */
void restart_state_clear(struct restart_state *state);
void restart_state_free(struct restart_state *state); /* the file stays as it is */
