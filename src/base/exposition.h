/* Metrics as text, in the format Prometheus reads (version 0.0.4): a head, then samples, each a name, labels and a
 * number. The texts of labels may be anybody's.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8" /* of the content, for HTTP */

/* Once for all samples of a name; `type`: "gauge", "counter" or "histogram". */
void exposition_head(struct text *out, const char *name, const char *type, const char *help);

/* One sample: begin, labels, and a number that ends it. */
struct exposition {
    struct text *out;
    unsigned labels;
};
struct exposition exposition_begin(struct text *out, const char *name, const char *suffix); /* suffix: "" or "_sum" */
void exposition_label(struct exposition *sample, const char *name, const char *value);
void exposition_end(struct exposition *sample, uint64_t value);
void exposition_end_real(struct exposition *sample, double value);
