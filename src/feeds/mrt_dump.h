/* MRT dumps (RFC 6396): what peers say, as it comes (BGP4MP), and tables, again and again (TABLE_DUMP_V2), into files.
 * None of it holds the speaker up: tables are walked in slices, files are written by threads (file_sink.h), and what a
 * disk cannot take is counted, told in the log, and left out.
 */
#pragma once

#include "base/err.h"
#include "config/config.h"
#include "speaker/speaker.h"

struct mrt_dumps;

struct mrt_dumps *mrt_dumps_new(struct speaker *speaker);
/* Files being written are completed (updates) or removed (tables), if the disk allows it in time. Before the speaker
 * stops. NULL is fine. */
void mrt_dumps_free(struct mrt_dumps *dumps);

/* E_EXISTS: the file name is in use. E_LIMIT: CONFIG_DUMPS_MAX are there. */
int mrt_dumps_add(struct mrt_dumps *dumps, const struct mrt_dump_config *config, struct err *err);
int mrt_dumps_remove(struct mrt_dumps *dumps, const char *file_name, struct err *err); /* E_NOT_FOUND */
void mrt_dumps_list(const struct mrt_dumps *dumps, void (*dump)(void *context, const struct mrt_dump_config *config),
                    void *context);
