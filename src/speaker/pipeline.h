/* The pipeline: from "rows changed" to "bytes are waiting", in slices that never hold the loop for long. */
#pragma once

#include "speaker/speaker.h"

void pipeline_init(struct speaker *speaker);
void pipeline_stop(struct speaker *speaker);
void pipeline_wake(struct speaker *speaker); /* there may be work; cheap */

struct update_group;

/* Should bulk for this group wait until it was read? Who asks is woken. */
bool pipeline_waits_for_readers(struct speaker *speaker, const struct update_group *group);
