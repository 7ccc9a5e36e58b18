/* When did a version of a table happen? A list of marks, at most one a second, instead of a time in every row.
 * Exact to the second for the last MARKS_MAX busy seconds; older ones are thinned out by halves.
 */
#pragma once

#include <stdint.h>

struct age_mark {
    uint32_t version; /* the first of its second */
    uint32_t second;
};

struct age {
    struct age_mark *marks;
    uint32_t count;
    uint32_t capacity;
};

void age_release(struct age *age);
void age_note(struct age *age, uint32_t version, uint32_t second); /* versions and seconds never go back */
uint32_t age_second(const struct age *age, uint32_t version);      /* 0: before everything noted */
