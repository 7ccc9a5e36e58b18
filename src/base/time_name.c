/* See time_name.h. A layout is the moment "Mon Jan 2 15:04:05 MST 2006" in some form: each of its parts stands for that
 * part of the time at hand. What Go also knows and a file name has no use for (zones with colons, fractions of a
 * second, 12 hours in lower case) stays as it is.
 */
#include "base/time_name.h"

#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/str.h"

enum { NS_PER_S = 1000000000, VALUE_MAX = 64 };

struct part {
    char conversion;    /* strftime's; 0: only layouts have it */
    const char *layout; /* NULL: only patterns have it */
    const char *format;
    bool word; /* no lower-case letter may follow, or it is part of another word */
};

/* Of layouts that begin alike, the longer one first. */
static const struct part parts[] = {
    {'Y', "2006", "%Y", false}, {'B', "January", "%B", false}, {'A', "Monday", "%A", false}, {'b', "Jan", "%b", true},
    {'a', "Mon", "%a", true},   {'Z', "MST", "%Z", false},     {'z', "-0700", "%z", false},  {'j', "002", "%j", false},
    {'m', "01", "%m", false},   {'d', "02", "%d", false},      {'I', "03", "%I", false},     {'M', "04", "%M", false},
    {'S', "05", "%S", false},   {'y', "06", "%y", false},      {'H', "15", "%H", false},     {'p', "PM", "%p", false},
    {0, "1", "%-m", false},     {0, "2", "%-d", false},        {0, "3", "%-I", false},       {0, "4", "%-M", false},
    {0, "5", "%-S", false},     {'F', NULL, "%F", false},      {'T', NULL, "%T", false},     {'s', NULL, "%s", false},
    {'%', NULL, "%%", false},
};

static const struct part *find_conversion(char conversion)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (conversion != 0 && parts[i].conversion == conversion)
            return &parts[i];
    }
    return NULL;
}

static const struct part *find_layout(const char *at)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const struct part *part = &parts[i];
        if (part->layout == NULL || !str_starts_with(at, part->layout))
            continue;
        char next = at[strlen(part->layout)];
        if (!part->word || next < 'a' || next > 'z')
            return part;
    }
    return NULL;
}

static void put_part(struct str *str, const struct part *part, const struct tm *moment)
{
    char value[VALUE_MAX];
/* The formats are those of the table. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t length = strftime(value, sizeof(value), part->format, moment);
#pragma GCC diagnostic pop
    str_add_n(str, value, length);
}

int time_name_format(const char *pattern, bool layout, struct wall_time when, char *name, size_t capacity,
                     struct err *err)
{
    struct str str = str_over(name, capacity);
    bool percent = strchr(pattern, '%') != NULL;
    time_t second = (time_t)(when.ns / NS_PER_S);
    struct tm moment;
    localtime_r(&second, &moment);
    for (const char *at = pattern; *at != '\0';) {
        const struct part *part = percent  ? (*at == '%' ? find_conversion(at[1]) : NULL)
                                  : layout ? find_layout(at)
                                           : NULL;
        if (percent && *at == '%' && part == NULL)
            return err_set(err, E_INVALID, "%.2s: no conversion that a file name can have (as in strftime)", at);
        if (part == NULL) {
            str_add_char(&str, *at++);
            continue;
        }
        put_part(&str, part, &moment);
        at += percent ? 2 : strlen(part->layout);
    }
    return str.truncated ? err_set(err, E_LIMIT, "the file name is too long") : 0;
}
