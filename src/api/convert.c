/* The small things all conversions are made of. */
#include "api/convert.h"

#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

void *message_new(struct arena *arena, size_t bytes, void (*init)(void *message))
{
    void *message = arena_alloc(arena, bytes);
    CHECK(message != NULL); /* arenas of answers have no limit */
    init(message);
    return message;
}

char *text_of_addr(struct arena *arena, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    return arena_strdup(arena, addr_format(addr, text));
}

char *text_of_ipv4(struct arena *arena, uint32_t host_order)
{
    struct addr addr = addr_ipv4(host_order);
    return text_of_addr(arena, &addr);
}

Google__Protobuf__Timestamp *timestamp_of(struct arena *arena, struct wall_time time)
{
    if (time.ns == 0)
        return NULL;
    Google__Protobuf__Timestamp *timestamp =
        MESSAGE_NEW(arena, Google__Protobuf__Timestamp, google__protobuf__timestamp__init);
    timestamp->seconds = time.ns / 1000000000;
    return timestamp;
}

Apipb__Family *family_to_api(struct arena *arena, enum family_id family)
{
    const struct family *known = family_get(family);
    Apipb__Family *to = MESSAGE_NEW(arena, Apipb__Family, apipb__family__init);
    if (known) {
        to->afi = (Apipb__Family__Afi)known->afi;
        to->safi = (Apipb__Family__Safi)known->safi;
    }
    return to;
}

int copy_text(const char *from, char *to, size_t size, const char *what, struct err *err)
{
    uint32_t rune;
    size_t length = strlen(from);
    for (size_t at = 0, octets; at < length; at += octets) {
        octets = utf8_decode(from + at, length - at, &rune);
        if (octets == 0)
            return err_set(err, E_INVALID, "%s is not UTF-8", what);
    }
    struct str str = str_over(to, size);
    str_add(&str, from);
    return str.truncated ? err_set(err, E_LIMIT, "%s is longer than %zu bytes", what, size - 1) : 0;
}
