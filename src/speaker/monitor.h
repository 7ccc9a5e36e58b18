/* The monitor: best-path changes of one table as events, for as long as somebody watches. Like an update group without
 * bytes: it remembers what it last told of each row, so that a withdraw can say what went away.
 */
#pragma once

#include "speaker/speaker.h"

struct monitor *monitor_new(struct rib *rib);
void monitor_free(struct monitor *monitor);

/* Tells the subscribers what became of these rows. */
void monitor_rows(struct monitor *monitor, struct speaker *speaker, const row_id *rows, uint32_t count);
