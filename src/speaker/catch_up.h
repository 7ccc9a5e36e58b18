/* Catching up: a peer that has no place in the live log (it just came, asked for a refresh, or was cut off for being
 * slow) is sent the state of the rows instead, from the group's out[] columns, and then goes on in the log from where
 * the walk began.
 *
 * Peers that need everything and come within COHORT_WAIT_MS share one walk and one encoded stream.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "io/loop.h"
#include "speaker/group_log.h"
#include "speaker/update_group.h"

struct outbox;
struct catch_up;
struct catch_up_set; /* the running ones of one RIB */

enum {
    COHORT_WAIT_MS = 50,
    CATCH_UP_AHEAD_BYTES = 1024 * 1024, /* encoded beyond the fastest reader */
};

/* `wake` is called when catch_up_run has something to do again. */
struct catch_up_set *catch_up_set_new(struct loop *loop, void (*wake)(void *context), void *context);
void catch_up_set_free(struct catch_up_set *set);

/* Rows whose version is at least `version` (0: all that were told). The outbox leaves the live log until done. */
void catch_up_start(struct update_group *group, struct outbox *outbox, uint32_t version);
void catch_up_leave(struct outbox *outbox);    /* without finishing */
void catch_up_progress(struct outbox *outbox); /* a piece of the stream was written */
uint32_t catch_up_version(const struct catch_up *catch_up);
bool catch_up_begun(const struct catch_up *catch_up); /* its members have a place in the live log to go on from */

/* Encodes slices until `row_budget` rows were looked at. True while there is work that can go on now. */
bool catch_up_run(struct catch_up_set *set, uint32_t row_budget);
