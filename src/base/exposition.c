#include "base/exposition.h"

#include <string.h>

void exposition_head(struct text *out, const char *name, const char *type, const char *help)
{
    text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

struct exposition exposition_begin(struct text *out, const char *name, const char *suffix)
{
    text_add(out, name);
    text_add(out, suffix);
    return (struct exposition){.out = out};
}

void exposition_label(struct exposition *sample, const char *name, const char *value)
{
    struct text *out = sample->out;
    text_add(out, sample->labels++ == 0 ? "{" : ",");
    text_add(out, name);
    text_add(out, "=\"");
    while (*value) {
        size_t plain = strcspn(value, "\n\"\\");
        text_add_n(out, value, plain);
        value += plain;
        if (*value == '\0')
            break;
        text_add(out, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
        value++;
    }
    text_add(out, "\"");
}

static void end_labels(const struct exposition *sample)
{
    text_add(sample->out, sample->labels > 0 ? "} " : " ");
}

void exposition_end(struct exposition *sample, uint64_t value)
{
    end_labels(sample);
    text_printf(sample->out, "%llu\n", (unsigned long long)value);
}

void exposition_end_real(struct exposition *sample, double value)
{
    end_labels(sample);
    text_printf(sample->out, "%.15g\n", value);
}
