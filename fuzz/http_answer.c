/* The answer of an HTTP server, and server-sent events in its body. Whole or octet by octet, what is understood is the
 * same. */
#include "http/answer.h"

#include <string.h>

#include "base/check.h"
#include "base/str.h"
#include "fuzz.h"
#include "http/events_in.h"

struct reading {
    struct http_answer answer;
    struct http_events_in events;
    struct text told;
    int result;
};

static void take_event(void *context, const struct http_event *event)
{
    CHECK(strlen(event->data) <= event->length && event->data[event->length] == '\0');
    text_printf(context, "<%s|%s|%zu>", event->id, event->type, event->length);
    text_add_n(context, event->data, event->length);
}

static void take_body(void *context, const char *bytes, size_t length)
{
    struct reading *reading = context;
    CHECK(length > 0 && !reading->answer.whole);
    http_events_read(&reading->events, bytes, length);
}

static void read_in_pieces(struct reading *reading, const char *data, size_t size, size_t piece)
{
    struct err err = {.text = ""};
    text_init(&reading->told, 1 << 24);
    http_events_init(&reading->events, take_event, &reading->told);
    http_answer_init(&reading->answer, take_body, reading);
    reading->result = E_OK;
    for (size_t at = 0; at < size && reading->result == E_OK; at += piece)
        reading->result = http_answer_read(&reading->answer, data + at, size - at < piece ? size - at : piece, &err);
    if (reading->result == E_OK)
        reading->result = http_answer_end(&reading->answer, &err);
    CHECK((reading->result == E_OK) == (err.text[0] == '\0'));
    CHECK(reading->result != E_OK || (reading->answer.whole && reading->answer.status >= 200));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole, pieces;
    read_in_pieces(&whole, (const char *)data, size, size ? size : 1);
    read_in_pieces(&pieces, (const char *)data, size, 1);
    CHECK(whole.result == pieces.result && whole.answer.status == pieces.answer.status);
    CHECK(whole.told.length == pieces.told.length);
    CHECK(whole.told.length == 0 || memcmp(whole.told.bytes, pieces.told.bytes, whole.told.length) == 0);
    http_events_release(&whole.events);
    http_events_release(&pieces.events);
    text_release(&whole.told);
    text_release(&pieces.told);
    return 0;
}
