/* The pipeline: from "rows changed" to "bytes are waiting", in slices that never hold the loop for long. */
#pragma once

#include "speaker/speaker.h"

void pipeline_init(struct speaker *speaker);
void pipeline_wake(struct speaker *speaker); /* there may be work; cheap */
