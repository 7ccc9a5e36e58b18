/* What the RPKI says about a path, and VRPs, as apipb.Validation and apipb.Roa. Fields stand in falling order: see
 * proto.h. */
#include "api/encode_parts.h"

enum { REASON_ASN = 1, REASON_LENGTH = 2 };

void encode_roa(struct proto *proto, unsigned field, const struct roa_view *roa)
{
    size_t mark = proto_mark(proto), inner = mark;
    proto_number(proto, 2, roa->server->port);
    proto_text(proto, 1, roa->server->address);
    proto_close(proto, 5, inner);
    encode_addr(proto, 4, &roa->vrp.prefix.addr);
    proto_number(proto, 3, roa->vrp.max_length);
    proto_number(proto, 2, roa->vrp.prefix.length);
    proto_number(proto, 1, roa->vrp.asn);
    proto_close(proto, field, mark);
}

static unsigned encode_roas(struct proto *proto, unsigned field, const struct validation_view *view,
                            enum roa_match match)
{
    unsigned count = 0;
    for (unsigned i = view->count; i > 0; i--) {
        if (view->roas[i - 1].match != match)
            continue;
        encode_roa(proto, field, &view->roas[i - 1].roa);
        count++;
    }
    return count;
}

void encode_validation(struct proto *proto, unsigned field, const struct control *control, const struct path_view *path)
{
    struct validation_view view;
    size_t mark = proto_mark(proto);
    control_validate(control, path, &view);
    encode_roas(proto, 5, &view, ROA_TOO_LONG);
    unsigned other_as = encode_roas(proto, 4, &view, ROA_OTHER_AS);
    encode_roas(proto, 3, &view, ROA_MATCHED);
    if (view.state == VALIDITY_INVALID)
        proto_number(proto, 2, other_as > 0 ? REASON_ASN : REASON_LENGTH);
    proto_number(proto, 1, view.state);
    proto_close(proto, field, mark);
}
