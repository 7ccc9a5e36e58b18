/* Which route server clients may have a path: not those whose AS number is in its AS_PATH, who would refuse it, and
 * not those its announcer keeps it from with control communities. (RFC 7947 2.3, RFC 7948 4.)
 *
 * With R the route server's AS number (communities where it has 16 bits, large communities always):
 *     0:peer   R:0:peer    not to this AS
 *     R:peer   R:1:peer    to this AS
 *     0:R      R:0:0       to nobody, but whom the line above names
 *     R:R      R:1:0       to everybody (as without any)
 * A "not to" wins over a "to".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attr/store.h"
#include "base/buf.h"
#include "rib/rib.h"

struct peer;

/* `server_as`: R, or 0 where control communities are not looked at. */
enum client_verdict {
    CLIENT_MAY_HAVE,
    CLIENT_LOOP,         /* its own AS number is in AS_PATH */
    CLIENT_NOT_INTENDED, /* control communities */
};
enum client_verdict client_may_have(uint32_t server_as, const uint8_t *attrs, uint32_t length, uint32_t client_as);

/* May a client choose this path of its table: is it eligible, not its own, and may it have it? */
bool client_may_choose(const struct peer *client, const struct rib *rib, const struct rib_path *path);

/* The same for all clients at once: every AS number the path says something about. */
struct client_scope_ops {
    void (*refused)(void *context, uint32_t as); /* never this one */
    void (*wanted)(void *context, uint32_t as);  /* this one even if the others do not get it */
};
/* True: only those wanted may have it, else all but the refused. */
bool client_scope_read(uint32_t server_as, const uint8_t *attrs, uint32_t length, const struct client_scope_ops *ops,
                       void *context);

/* Is it one of ours, for us to obey and nobody else to see? */
bool client_scope_is_control(uint32_t server_as, uint32_t community);
bool client_scope_is_large_control(uint32_t server_as, const uint8_t community[12]);
