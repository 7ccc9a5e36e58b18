#include "http/events_in.h"

#include <string.h>

void http_events_init(struct http_events_in *in, http_event_each each, void *context)
{
    *in = (struct http_events_in){.each = each, .context = context};
    text_init(&in->line, HTTP_EVENT_MAX_BYTES);
    text_init(&in->data, HTTP_EVENT_MAX_BYTES);
}

void http_events_release(struct http_events_in *in)
{
    text_release(&in->line);
    text_release(&in->data);
}

void http_events_restart(struct http_events_in *in)
{
    text_clear(&in->line);
    text_clear(&in->data);
    in->type[0] = '\0';
    in->failed = in->carriage_return = false;
}

static void set_field(char *field, size_t capacity, const char *value)
{
    struct str str = str_over(field, capacity);
    str_add(&str, value);
}

/* A blank line: the event is complete. Without data there is none. */
static void dispatch(struct http_events_in *in)
{
    if (in->data.length > 0) {
        in->data.bytes[--in->data.length] = '\0'; /* the newline behind its last line */
        in->each(in->context, &(struct http_event){.id = in->id,
                                                   .type = in->type[0] ? in->type : "message",
                                                   .data = in->data.bytes,
                                                   .length = in->data.length});
    }
    text_clear(&in->data);
    in->type[0] = '\0';
}

/* "name: value", "name:value", "name"; with nothing before the colon, a comment. */
static void read_line(struct http_events_in *in)
{
    char *line = in->line.length ? in->line.bytes : NULL;
    if (!line) {
        dispatch(in);
        return;
    }
    char *colon = strchr(line, ':');
    const char *value = colon ? colon + 1 : "";
    if (colon)
        *colon = '\0';
    if (*value == ' ')
        value++;
    if (strcmp(line, "data") == 0) {
        text_add(&in->data, value);
        text_add(&in->data, "\n");
        in->failed = in->data.failed;
    } else if (strcmp(line, "event") == 0) {
        set_field(in->type, sizeof(in->type), value);
    } else if (strcmp(line, "id") == 0) {
        set_field(in->id, sizeof(in->id), value);
    }
}

bool http_events_read(struct http_events_in *in, const char *bytes, size_t length)
{
    while (length > 0 && !in->failed) {
        if (in->carriage_return && *bytes == '\n') {
            bytes++;
            length--;
        }
        in->carriage_return = false;
        size_t taken = 0;
        while (taken < length && bytes[taken] != '\n' && bytes[taken] != '\r')
            taken++;
        text_add_n(&in->line, bytes, taken);
        in->failed = in->line.failed;
        bytes += taken;
        length -= taken;
        if (length == 0 || in->failed)
            break;
        in->carriage_return = *bytes == '\r';
        bytes++;
        length--;
        read_line(in);
        text_clear(&in->line);
    }
    return !in->failed;
}
