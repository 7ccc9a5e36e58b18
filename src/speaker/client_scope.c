/* See client_scope.h. */
#include "speaker/client_scope.h"

#include "attr/as_path.h"
#include "net/bgp.h"
#include "speaker/peer.h"

enum { LARGE_NOT_TO = 0, LARGE_TO = 1, LARGE_BYTES = 12 };

bool client_scope_is_control(uint32_t server_as, uint32_t community)
{
    return server_as <= UINT16_MAX && (community >> 16 == 0 || community >> 16 == server_as);
}

bool client_scope_is_large_control(uint32_t server_as, const uint8_t community[12])
{
    struct cursor parts = cursor_of(community, LARGE_BYTES);
    uint32_t administrator = cursor_u32(&parts);
    return administrator == server_as && cursor_u32(&parts) <= LARGE_TO;
}

/* What a community says about one client. */
static void tell(bool refuses, uint32_t whom, const struct client_scope_ops *ops, void *context)
{
    if (refuses)
        ops->refused(context, whom);
    else
        ops->wanted(context, whom);
}

static bool read_communities(uint32_t server_as, const uint8_t *attrs, uint32_t length,
                             const struct client_scope_ops *ops, void *context)
{
    struct attr_item item;
    bool closed = false;
    if (server_as <= UINT16_MAX && attr_find(attrs, length, ATTR_COMMUNITIES, &item)) {
        struct cursor list = cursor_of(item.value, item.length);
        while (!cursor_done(&list)) {
            uint32_t community = cursor_u32(&list);
            bool refuses = community >> 16 == 0;
            if (!client_scope_is_control(server_as, community))
                continue;
            if ((community & 0xFFFF) == server_as)
                closed |= refuses;
            else
                tell(refuses, community & 0xFFFF, ops, context);
        }
    }
    if (attr_find(attrs, length, ATTR_LARGE_COMMUNITIES, &item)) {
        struct cursor list = cursor_of(item.value, item.length);
        while (!cursor_done(&list)) {
            const uint8_t *large = cursor_take(&list, LARGE_BYTES);
            if (large == NULL || !client_scope_is_large_control(server_as, large))
                continue;
            struct cursor parts = cursor_of(large + 4, LARGE_BYTES - 4);
            bool refuses = cursor_u32(&parts) == LARGE_NOT_TO;
            uint32_t whom = cursor_u32(&parts);
            if (whom == 0)
                closed |= refuses;
            else
                tell(refuses, whom, ops, context);
        }
    }
    return closed;
}

bool client_scope_read(uint32_t server_as, const uint8_t *attrs, uint32_t length, const struct client_scope_ops *ops,
                       void *context)
{
    struct attr_item path;
    if (attr_find(attrs, length, ATTR_AS_PATH, &path)) {
        struct cursor cursor = cursor_of(path.value, path.length);
        struct as_segment segment;
        while (as_segment_next(&cursor, &segment))
            for (unsigned i = 0; i < segment.count; i++)
                ops->refused(context, as_segment_number(&segment, i));
    }
    return server_as != 0 && read_communities(server_as, attrs, length, ops, context);
}

/* One client ------------------------------------------------------------------------------------------------------- */

struct one_client {
    uint32_t as;
    bool refused, wanted;
};

static void note_refused(void *context, uint32_t as)
{
    struct one_client *client = context;
    client->refused |= client->as == as;
}

static void note_wanted(void *context, uint32_t as)
{
    struct one_client *client = context;
    client->wanted |= client->as == as;
}

enum client_verdict client_may_have(uint32_t server_as, const uint8_t *attrs, uint32_t length, uint32_t client_as)
{
    static const struct client_scope_ops ops = {.refused = note_refused, .wanted = note_wanted};
    struct one_client client = {.as = client_as};
    struct attr_item path;
    if (attr_find(attrs, length, ATTR_AS_PATH, &path) && as_path_occurrences(path.value, path.length, client_as) > 0)
        return CLIENT_LOOP;
    bool closed = server_as != 0 && read_communities(server_as, attrs, length, &ops, &client);
    return client.refused || (closed && !client.wanted) ? CLIENT_NOT_INTENDED : CLIENT_MAY_HAVE;
}

bool client_may_choose(const struct peer *client, const struct rib *rib, const struct rib_path *path)
{
    const struct global_config *global = &client->speaker->global;
    uint32_t server_as = global->route_server_communities ? global->as : 0;
    const struct attr_set *set = attr_get(rib->view, path->attrs);
    return rib_path_eligible(path) && path->source != client->source && client->source < rib->source_count &&
           client_may_have(server_as, attr_bytes(rib->view, set), set->wire_length, rib->sources[client->source].as) ==
               CLIENT_MAY_HAVE;
}
