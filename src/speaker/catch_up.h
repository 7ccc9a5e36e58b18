/* Catching up: a peer that has no place in the live log (it just came, asked for a refresh, or was cut off for being
 * slow) is sent the state of the rows instead, from the group's out[] columns, and then goes on in the log from where
 * the walk began.
 *
 * Joiners that come within tuning.cohort_wait_ms share one walk and one encoded stream.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "io/loop.h"
#include "speaker/group_log.h"
#include "speaker/tuning.h"
#include "speaker/update_group.h"

struct outbox;
struct catch_up;
struct catch_up_set; /* the running ones of one RIB */

/* What a catch-up has to tell. */
enum catch_up_scope {
    CATCH_UP_JOIN,  /* everything, to members that were told nothing yet; several may share it */
    CATCH_UP_ALL,   /* everything, to a member that was told other things before */
    CATCH_UP_SINCE, /* the rows that changed at a version or later */
};

/* `wake` is called when catch_up_run has something to do again. */
struct catch_up_set *catch_up_set_new(struct loop *loop, const struct speaker_tuning *tuning,
                                      void (*wake)(void *context), void *context);
void catch_up_set_free(struct catch_up_set *set);

/* The outbox leaves the live log until done. */
void catch_up_start(struct update_group *group, struct outbox *outbox, enum catch_up_scope scope, uint32_t version);
void catch_up_leave(struct outbox *outbox);    /* without finishing */
void catch_up_progress(struct outbox *outbox); /* a piece of the stream was written */
enum catch_up_scope catch_up_scope(const struct catch_up *catch_up);
uint32_t catch_up_version(const struct catch_up *catch_up);
bool catch_up_begun(const struct catch_up *catch_up); /* its members have a place in the live log to go on from */

/* Encodes slices until `row_budget` rows were looked at. True while there is work that can go on now. */
bool catch_up_run(struct catch_up_set *set, uint32_t row_budget);
