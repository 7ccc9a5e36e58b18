/* The monitor: best-path changes of one table as events, for as long as somebody watches. Like an update group without
 * bytes: it remembers what it last told of each row, so that a withdraw can say what went away.
 */
#pragma once

#include "speaker/speaker.h"

struct monitor *monitor_new(struct rib *rib);
void monitor_free(struct monitor *monitor);

/* What was told of a row last, or would have been when watching began: false, nothing. Of `path` attributes and source
 * are filled in. */
bool monitor_told(struct monitor *monitor, row_id row, struct rib_path *path);

/* Tells the subscribers what became of these rows. */
void monitor_rows(struct monitor *monitor, struct speaker *speaker, const row_id *rows, uint32_t count);
