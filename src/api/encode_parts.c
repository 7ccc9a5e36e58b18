#include "api/encode_parts.h"

void encode_family(struct proto *proto, unsigned field, enum family_id family)
{
    const struct family *known = family_get(family);
    size_t mark = proto_mark(proto);
    if (known) {
        proto_number(proto, 2, known->safi);
        proto_number(proto, 1, known->afi);
    }
    proto_close(proto, field, mark);
}

void encode_addr(struct proto *proto, unsigned field, const struct addr *addr)
{
    char text[ADDR_TEXT_MAX];
    proto_text(proto, field, addr_format(addr, text));
}

void encode_ipv4(struct proto *proto, unsigned field, const uint8_t bytes[4])
{
    struct addr addr = addr_from_bytes(ADDR_IPV4, bytes);
    encode_addr(proto, field, &addr);
}

void encode_nlri(struct proto *proto, unsigned field, const struct prefix *prefix)
{
    size_t mark = proto_mark(proto);
    encode_addr(proto, 2, &prefix->addr);
    proto_number(proto, 1, prefix->length);
    proto_close_any(proto, field, mark, PROTO_TYPE_URL("IPAddressPrefix"));
}
