/* apipb.Path and apipb.Destination. Fields stand in falling order: see proto.h. */
#include "api/encode_path.h"

#include "api/encode_parts.h"
#include "base/check.h"

enum { PATH_ATTRS_MAX = 256 };

/* The block attribute by attribute as on the wire; a next hop that is not IPv4's becomes MP_REACH_NLRI again. */
static void encode_binary_attr(struct proto *proto, const struct path_view *path, const struct attr_item *item)
{
    uint8_t header[4] = {item->flags, item->type};
    size_t mark = proto_mark(proto);
    bool plain = item->type != ATTR_NEXT_HOP || (path->family == FAMILY_IPV4_UNICAST && item->length == 4);
    size_t length = item->length;
    if (!plain) {
        uint8_t nlri[17];
        unsigned nlri_length = prefix_write(&path->prefix, nlri);
        const struct family *family = family_get(path->family);
        uint8_t head[4] = {(uint8_t)(family->afi >> 8), (uint8_t)family->afi, family->safi, (uint8_t)item->length};
        proto_put(proto, nlri, nlri_length);
        proto_put(proto, "", 1);
        proto_put(proto, item->value, item->length);
        proto_put(proto, head, sizeof(head));
        length = proto_length(proto) - mark;
        header[0] = ATTR_FLAG_OPTIONAL;
        header[1] = ATTR_MP_REACH;
    } else {
        proto_put(proto, item->value, item->length);
    }
    header[2] = length > UINT8_MAX ? (uint8_t)(length >> 8) : (uint8_t)length;
    header[3] = (uint8_t)length;
    if (length > UINT8_MAX)
        header[0] |= ATTR_FLAG_EXTENDED_LENGTH;
    proto_put(proto, header, length > UINT8_MAX ? 4 : 3);
    proto_close(proto, 21, mark);
}

static void encode_binary_attrs(struct proto *proto, const struct path_view *path)
{
    struct attr_item items[PATH_ATTRS_MAX];
    size_t count = 0;
    struct cursor cursor = cursor_of(path->attrs, path->attrs_length);
    while (count < PATH_ATTRS_MAX && attr_next(&cursor, &items[count]))
        count++;
    while (count > 0)
        encode_binary_attr(proto, path, &items[--count]);
}

static void encode_timestamp(struct proto *proto, unsigned field, struct wall_time time)
{
    size_t mark = proto_mark(proto);
    proto_signed(proto, 2, time.ns % 1000000000);
    proto_signed(proto, 1, time.ns / 1000000000);
    proto_close(proto, field, mark);
}

/* Who it came from. A local path's neighbour and router id are what Go prints for no address. */
static void encode_source(struct proto *proto, const struct path_view *path)
{
    if (path->neighbor.kind == ADDR_NONE)
        proto_text(proto, 15, "<nil>");
    else
        encode_addr(proto, 15, &path->neighbor);
    proto_number(proto, 14, path->from_external);
    proto_number(proto, 13, path->stale);
    proto_number(proto, 12, path->filtered);
    struct addr id = addr_ipv4(path->source_id);
    if (path->local && !path->source_id)
        proto_text(proto, 11, "<nil>");
    else
        encode_addr(proto, 11, &id);
    proto_number(proto, 10, path->source_as);
}

void encode_path(struct proto *proto, unsigned field, const struct path_view *path, const struct path_form *form)
{
    size_t mark = proto_mark(proto);
    if (form->attrs_binary)
        encode_binary_attrs(proto, path);
    if (form->nlri_binary) {
        uint8_t nlri[17];
        proto_element(proto, 20, nlri, prefix_write(&path->prefix, nlri));
    }
    proto_number(proto, 19, path->local_path_id);
    proto_number(proto, 18, path->path_id);
    proto_number(proto, 17, path->next_hop_invalid);
    encode_source(proto, path);
    encode_family(proto, 9, path->family);
    if (form->validated != NULL)
        encode_validation(proto, 7, form->validated, path);
    else
        proto_close(proto, 7, proto_mark(proto)); /* an empty message, clients look into it */
    proto_number(proto, 5, path->withdraw);
    proto_number(proto, 4, path->best);
    encode_timestamp(proto, 3, path->received_at);
    if (form->decoded) {
        encode_attrs(proto, path);
        encode_nlri(proto, 1, &path->prefix);
    }
    proto_close(proto, field, mark);
}

void encode_destination(struct proto *proto, const struct path_view *paths, size_t count, const struct path_form *form)
{
    char text[PREFIX_TEXT_MAX];
    size_t mark = proto_mark(proto);
    for (size_t i = count; i > 0; i--)
        encode_path(proto, 2, &paths[i - 1], form);
    if (count > 0)
        proto_text(proto, 1, prefix_format(&paths[0].prefix, text));
    proto_close(proto, 1, mark);
}
