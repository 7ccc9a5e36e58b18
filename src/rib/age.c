/* See age.h. */
#include "rib/age.h"

#include "base/mem.h"

enum {
    MARKS_MIN = 64,
    MARKS_MAX = 64 * 1024,
};

void age_release(struct age *age)
{
    mem_free(MEM_OTHER, age->marks);
    *age = (struct age){0};
}

/* Forgets every second mark of the older half: what they stood for now counts as happening at the mark before. */
static void thin(struct age *age)
{
    uint32_t half = age->count / 2, kept = 0;
    for (uint32_t i = 0; i < age->count; i++)
        if (i >= half || i % 2 == 0)
            age->marks[kept++] = age->marks[i];
    age->count = kept;
}

static void make_room(struct age *age)
{
    if (age->count < age->capacity)
        return;
    if (age->capacity == MARKS_MAX) {
        thin(age);
        return;
    }
    age->capacity = age->capacity ? age->capacity * 2 : MARKS_MIN;
    age->marks = mem_realloc(MEM_OTHER, age->marks, age->capacity * sizeof(*age->marks));
}

void age_note(struct age *age, uint32_t version, uint32_t second)
{
    if (age->count > 0 && age->marks[age->count - 1].second >= second)
        return;
    make_room(age);
    age->marks[age->count++] = (struct age_mark){.version = version, .second = second};
}

uint32_t age_second(const struct age *age, uint32_t version)
{
    uint32_t low = 0, high = age->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        /* Versions wrap; marks span far less than half their range. */
        if ((int32_t)(age->marks[middle].version - version) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? age->marks[low - 1].second : 0;
}
