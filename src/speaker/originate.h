/* Routes this speaker originates: added by the API, the library or the command line; remembered by UUID. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/prefix.h"
#include "speaker/speaker.h"

enum { ORIGINATE_UUID_BYTES = 16 };

struct originated {
    enum family_id family;
    struct prefix prefix;
    uint32_t identifier;
};

struct originate *originate_new(struct speaker *speaker);
void originate_free(struct originate *originate);

/* `attrs` are canonical bytes; neighbours must be able to take them. `uuid` may be NULL: the path can then be deleted
 * by prefix only. */
int originate_add(struct originate *originate, const struct originated *route, const uint8_t *attrs, uint32_t length,
                  uint8_t uuid[ORIGINATE_UUID_BYTES], struct err *err);
bool originate_delete(struct originate *originate, const struct originated *route);
int originate_delete_uuid(struct originate *originate, const uint8_t uuid[ORIGINATE_UUID_BYTES], struct err *err);
/* FAMILY_UNKNOWN: every family. Sliced like any other sweep. */
void originate_delete_all(struct originate *originate, enum family_id family);
