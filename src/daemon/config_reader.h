/* Reads the configuration file on a thread of its own: of some size it takes longer than sessions may wait. */
#pragma once

#include "config/config.h"
#include "io/loop.h"

struct config_reader;

/* `config` is the receiver's; NULL: `err` says why. */
typedef void (*config_reader_done)(void *context, struct config *config, const struct err *err);

/* `path` outlives it. `done` is called on the loop. */
struct config_reader *config_reader_new(struct loop *loop, const char *path, enum config_format format,
                                        config_reader_done done, void *context);
/* Waits for the reading that is under way; it is not told any more. NULL is fine. */
void config_reader_free(struct config_reader *reader);

/* While one reading is under way, another one follows it: what the file says at the time of this call is read in any
 * case. */
void config_reader_start(struct config_reader *reader);
