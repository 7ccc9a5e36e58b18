/* The capabilities of a session (RFC 5492): what we said, what the neighbor said, and what of it is common. One row per
 * message in the table; those with content print it for both sides. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/show.h"
#include "base/mem.h"
#include "capability.pb-c.h"
#include "cli/any.h"
#include "cli/ext_community.h"
#include "net/bgp.h"
#include "cli/neighbor_show.h"

struct capability_show;

struct capability {
    unsigned code;
    const struct capability_show *show;
    ProtobufCMessage *message;
    uint32_t order;
};

struct capability_show {
    const ProtobufCMessageDescriptor *type;
    uint8_t code;
    const char *name;
    /* What one side said, or NULL: only the name is shown. */
    void (*side)(const void *message, const char *title, struct output *out);
};

static void family_out(const Apipb__Family *family, struct output *out)
{
    struct text text;
    text_init(&text, 256);
    family_text(family, &text);
    output_add(out, text.bytes ? text.bytes : "");
    text_release(&text);
}

static void extended_next_hop_side(const void *message, const char *title, struct output *out)
{
    const Apipb__ExtendedNexthopCapability *capability = message;
    if (capability->n_tuples == 0)
        return;
    output_printf(out, "        %-7s ", title);
    for (size_t i = 0; i < capability->n_tuples; i++) {
        const Apipb__ExtendedNexthopCapabilityTuple *tuple = capability->tuples[i];
        int afi = tuple->nexthop_family ? (int)tuple->nexthop_family->afi : 0;
        output_add(out, i ? "\nnlri: " : "nlri: ");
        family_out(tuple->nlri_family, out);
        if (afi == AFI_IPV4 || afi == AFI_IPV6)
            output_printf(out, ", nexthop: %s", afi == AFI_IPV4 ? "ipv4" : "ipv6");
        else
            output_printf(out, ", nexthop: %d", afi);
    }
    output_add(out, "\n");
}

enum {
    RESTART_FLAG = 0x08,
    NOTIFICATION_FLAG = 0x04,
    FORWARD_FLAG = 0x80,
};

static void graceful_restart_side(const void *message, const char *title, struct output *out)
{
    const Apipb__GracefulRestartCapability *capability = message;
    bool restarting = capability->flags & RESTART_FLAG, notification = capability->flags & NOTIFICATION_FLAG;
    const char *between = "";
    if (capability->n_tuples == 0 && !restarting && !notification)
        return;
    output_printf(out, "        %s ", title);
    if (capability->n_tuples) {
        output_printf(out, "restart time %" PRIu32 " sec", capability->time);
        between = ", ";
    }
    if (restarting) {
        output_printf(out, "%srestart flag set", between);
        between = ", ";
    }
    if (notification)
        output_printf(out, "%snotification flag set", between);
    output_add(out, "\n");
    for (size_t i = 0; i < capability->n_tuples; i++) {
        output_add(out, "\t    ");
        family_out(capability->tuples[i]->family, out);
        output_printf(out, "%s\n", capability->tuples[i]->flags == FORWARD_FLAG ? ", forward flag set" : "");
    }
}

static void long_lived_side(const void *message, const char *title, struct output *out)
{
    const Apipb__LongLivedGracefulRestartCapability *capability = message;
    if (capability->n_tuples == 0)
        return;
    output_printf(out, "        %s\n", title);
    for (size_t i = 0; i < capability->n_tuples; i++) {
        output_add(out, "\t    ");
        family_out(capability->tuples[i]->family, out);
        output_printf(out, ", restart time %" PRIu32 " sec%s\n", capability->tuples[i]->time,
                      capability->tuples[i]->flags == FORWARD_FLAG ? ", forward flag set" : "");
    }
}

static void add_path_side(const void *message, const char *title, struct output *out)
{
    static const char *const modes[] = {"none", "receive", "send", "receive/send"};
    const Apipb__AddPathCapability *capability = message;
    output_printf(out, "      %s\n", title);
    for (size_t i = 0; i < capability->n_tuples; i++) {
        unsigned mode = (unsigned)capability->tuples[i]->mode;
        output_add(out, "         ");
        family_out(capability->tuples[i]->family, out);
        output_printf(out, ":\t%s\n", mode < ARRAY_LEN(modes) ? modes[mode] : "unknown");
    }
}

static void fqdn_side(const void *message, const char *title, struct output *out)
{
    const Apipb__FqdnCapability *capability = message;
    output_printf(out, "      %s\n", title);
    output_printf(out, "         name: %s, domain: %s\n", capability->host_name, capability->domain_name);
}

static const struct capability_show capabilities_table[] = {
    {&apipb__multi_protocol_capability__descriptor, CAPABILITY_MULTIPROTOCOL, "multiprotocol", NULL},
    {&apipb__route_refresh_capability__descriptor, CAPABILITY_ROUTE_REFRESH, "route-refresh", NULL},
    {&apipb__carrying_label_info_capability__descriptor, CAPABILITY_CARRYING_LABEL_INFO, "carrying-label-info", NULL},
    {&apipb__extended_nexthop_capability__descriptor, CAPABILITY_EXTENDED_NEXT_HOP, "extended-nexthop",
     extended_next_hop_side},
    {&apipb__graceful_restart_capability__descriptor, CAPABILITY_GRACEFUL_RESTART, "graceful-restart",
     graceful_restart_side},
    {&apipb__four_octet_asncapability__descriptor, CAPABILITY_FOUR_OCTET_AS, "4-octet-as", NULL},
    {&apipb__add_path_capability__descriptor, CAPABILITY_ADD_PATH, "add-path", add_path_side},
    {&apipb__enhanced_route_refresh_capability__descriptor, CAPABILITY_ENHANCED_ROUTE_REFRESH, "enhanced-route-refresh",
     NULL},
    {&apipb__long_lived_graceful_restart_capability__descriptor, CAPABILITY_LONG_LIVED_GRACEFUL_RESTART,
     "long-lived-graceful-restart", long_lived_side},
    {&apipb__fqdn_capability__descriptor, CAPABILITY_FQDN, "fqdn", fqdn_side},
    {&apipb__route_refresh_cisco_capability__descriptor, CAPABILITY_ROUTE_REFRESH_CISCO, "cisco-route-refresh", NULL},
    {&apipb__unknown_capability__descriptor, 0, NULL, NULL},
};

enum { CAPABILITIES_MAX = 256 };

struct capabilities {
    struct capability list[CAPABILITIES_MAX];
    size_t count;
};

static void capability_read(struct capabilities *capabilities, const Google__Protobuf__Any *any)
{
    for (size_t i = 0; i < ARRAY_LEN(capabilities_table) && capabilities->count < CAPABILITIES_MAX; i++) {
        const struct capability_show *show = &capabilities_table[i];
        ProtobufCMessage *message = any_unpack(any, show->type);
        if (!message)
            continue;
        unsigned code = show->name ? show->code : ((const Apipb__UnknownCapability *)message)->code;
        capabilities->list[capabilities->count] =
            (struct capability){.code = code, .show = show, .message = message, .order = (uint32_t)capabilities->count};
        capabilities->count++;
        return;
    }
}

static bool same_capability(const struct capability *a, const struct capability *b)
{
    if (a->code != b->code)
        return false;
    if (a->code != CAPABILITY_MULTIPROTOCOL || a->show != b->show)
        return true;
    const Apipb__Family *left = ((const Apipb__MultiProtocolCapability *)a->message)->family;
    const Apipb__Family *right = ((const Apipb__MultiProtocolCapability *)b->message)->family;
    return left && right && left->afi == right->afi && left->safi == right->safi;
}

static const struct capability *capability_in(const struct capabilities *capabilities, const struct capability *wanted)
{
    for (size_t i = 0; i < capabilities->count; i++) {
        if (same_capability(&capabilities->list[i], wanted))
            return &capabilities->list[i];
    }
    return NULL;
}

static int compare_capabilities(const void *a, const void *b)
{
    const struct capability *left = a, *right = b;
    if (left->code != right->code)
        return left->code < right->code ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* Both sides: what we said, and of the rest what only the neighbor said. */
static void capabilities_join(const struct capabilities *local, const struct capabilities *remote,
                              struct capabilities *all)
{
    *all = *local;
    for (size_t i = 0; i < remote->count && all->count < CAPABILITIES_MAX; i++) {
        if (capability_in(all, &remote->list[i]))
            continue;
        all->list[all->count] = remote->list[i];
        all->list[all->count].order = (uint32_t)all->count;
        all->count++;
    }
    qsort(all->list, all->count, sizeof(all->list[0]), compare_capabilities);
}

static void capability_show_one(struct output *out, const struct capability *capability, bool first_family,
                                const struct capability *local, const struct capability *remote)
{
    const struct capability_show *show = capability->show;
    const char *support = local && remote ? "advertised and received" : local ? "advertised" : "received";
    if (capability->code == CAPABILITY_MULTIPROTOCOL && show->name) {
        output_add(out, first_family ? "    multiprotocol:\n        " : "        ");
        family_out(((const Apipb__MultiProtocolCapability *)capability->message)->family, out);
        output_printf(out, ":\t%s\n", support);
        return;
    }
    if (show->name)
        output_printf(out, "    %s:\t%s\n", show->name, support);
    else
        output_printf(out, "    UnknownCapability(%u):\t%s\n", capability->code, support);
    if (show->side && local && local->show == show)
        show->side(local->message, "Local:", out);
    if (show->side && remote && remote->show == show)
        show->side(remote->message, "Remote:", out);
}

static void capabilities_release(struct capabilities *capabilities)
{
    for (size_t i = 0; i < capabilities->count; i++)
        protobuf_c_message_free_unpacked(capabilities->list[i].message, NULL);
}

void capabilities_show(struct output *out, const Apipb__PeerState *state)
{
    struct capabilities *sides = mem_zalloc(MEM_OTHER, 3 * sizeof(*sides));
    struct capabilities *local = &sides[0], *remote = &sides[1], *all = &sides[2];
    for (size_t i = 0; i < state->n_local_cap; i++)
        capability_read(local, state->local_cap[i]);
    for (size_t i = 0; i < state->n_remote_cap; i++)
        capability_read(remote, state->remote_cap[i]);
    capabilities_join(local, remote, all);
    output_add(out, "  Neighbor capabilities:\n");
    bool first_family = true;
    for (size_t i = 0; i < all->count; i++) {
        const struct capability *capability = &all->list[i];
        capability_show_one(out, capability, first_family, capability_in(local, capability),
                            capability_in(remote, capability));
        first_family = first_family && capability->code != CAPABILITY_MULTIPROTOCOL;
    }
    capabilities_release(local);
    capabilities_release(remote);
    mem_free(MEM_OTHER, sides);
}
