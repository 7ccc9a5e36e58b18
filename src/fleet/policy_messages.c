#include "fleet/policy_messages.h"

#include <stdio.h>
#include <string.h>

#include "attribute.pb-c.h"
#include "base/str.h"

enum { MEMBERS_MAX = 64 }; /* in one call */

const char policy_export[] = "fleet-export";
const char policy_import[] = "fleet-import";
const char policy_servers_set[] = "fleet-servers";
const char policy_default_set[] = "fleet-default";
const char policy_default_ipv4[] = "fleet-default-ipv4";
const char policy_default_ipv6[] = "fleet-default-ipv6";

static char *as_field(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* Sets ------------------------------------------------------------------------------------------------------------- */

struct set_message {
    Apipb__DefinedSet set;
    char *list[MEMBERS_MAX];
    Apipb__Prefix prefixes[MEMBERS_MAX];
    Apipb__Prefix *prefix_list[MEMBERS_MAX];
    char prefix_texts[MEMBERS_MAX][80];
};

static void set_add_member(struct set_message *message, const struct policy_item *item)
{
    if (item->kind == POLICY_NEIGHBORS) {
        message->list[message->set.n_list++] = as_field(item->text);
        return;
    }
    size_t i = message->set.n_prefixes++;
    unsigned shortest = 0;
    unsigned longest = 0;
    apipb__prefix__init(&message->prefixes[i]);
    sscanf(item->text, "%79s %u %u", message->prefix_texts[i], &shortest, &longest);
    message->prefixes[i].ip_prefix = message->prefix_texts[i];
    message->prefixes[i].mask_length_min = shortest;
    message->prefixes[i].mask_length_max = longest;
    message->prefix_list[i] = &message->prefixes[i];
}

static bool due(const struct policy_item *item, bool add)
{
    return add ? policy_item_missing(item) : policy_item_surplus(item);
}

static void change_set(struct router *router, struct policy_items *list, const struct policy_item *first, bool add,
                       rpc_pending_ended ended, void *context)
{
    struct set_message message = {0};
    unsigned count = 0;
    bool needed = false;
    apipb__defined_set__init(&message.set);
    message.set.defined_type =
        first->kind == POLICY_NEIGHBORS ? APIPB__DEFINED_TYPE__NEIGHBOR : APIPB__DEFINED_TYPE__PREFIX;
    message.set.name = as_field(first->set);
    message.set.list = message.list;
    message.set.prefixes = message.prefix_list;
    for (size_t i = 0; i < list->count && count < MEMBERS_MAX; i++) {
        struct policy_item *item = &list->items[i];
        if (item->kind != first->kind || strcmp(item->set, first->set) != 0 || !due(item, add))
            continue;
        set_add_member(&message, item);
        item->present = add;
        item->changed = true;
        count++;
    }
    for (size_t i = 0; i < list->count; i++)
        needed = needed || (list->items[i].kind == first->kind && list->items[i].wanted &&
                            strcmp(list->items[i].set, first->set) == 0);
    if (add) {
        Apipb__AddDefinedSetRequest request = APIPB__ADD_DEFINED_SET_REQUEST__INIT;
        request.defined_set = &message.set;
        router_call(router, "/apipb.GobgpApi/AddDefinedSet", &request.base, NULL, ended, context);
    } else {
        Apipb__DeleteDefinedSetRequest request = APIPB__DELETE_DEFINED_SET_REQUEST__INIT;
        request.defined_set = &message.set;
        request.all = !needed;
        router_call(router, "/apipb.GobgpApi/DeleteDefinedSet", &request.base, NULL, ended, context);
    }
}

/* Statements ------------------------------------------------------------------------------------------------------- */

/* What a statement says follows from its name: of the export policy there are three, of the import policy one for each
 * project and family, "fleet-import-<family>-<project>". */
struct statement_message {
    Apipb__MatchSet neighbors;
    Apipb__MatchSet prefixes;
    Apipb__Conditions conditions;
    Apipb__Actions actions;
    Apipb__Statement statement;
    Apipb__Statement *list[1];
    Apipb__Policy policy;
    char neighbor_set[64];
    char prefix_set[64];
};

static void statement_make(struct statement_message *message, const struct policy_item *item)
{
    bool is_import = strcmp(item->set, policy_import) == 0;
    bool is_default = strstr(item->text, "-default-") != NULL;
    apipb__match_set__init(&message->neighbors);
    apipb__match_set__init(&message->prefixes);
    apipb__conditions__init(&message->conditions);
    apipb__actions__init(&message->actions);
    apipb__statement__init(&message->statement);
    apipb__policy__init(&message->policy);
    if (is_import) {
        const char *rest = item->text + strlen("fleet-import-");
        snprintf(message->neighbor_set, sizeof(message->neighbor_set), "fleet-servers-%s", rest);
        snprintf(message->prefix_set, sizeof(message->prefix_set), "fleet-prefixes-%s", rest);
        message->prefixes.type = APIPB__MATCH_SET__TYPE__INVERT;
    } else {
        snprintf(message->neighbor_set, sizeof(message->neighbor_set), "%s",
                 is_default ? policy_default_set : policy_servers_set);
        snprintf(message->prefix_set, sizeof(message->prefix_set), "%s",
                 strstr(item->text, "ipv6") ? policy_default_ipv6 : policy_default_ipv4);
    }
    message->neighbors.name = message->neighbor_set;
    message->prefixes.name = message->prefix_set;
    message->conditions.neighbor_set = &message->neighbors;
    message->conditions.prefix_set = is_import || is_default ? &message->prefixes : NULL;
    message->conditions.rpki_result = -1;
    message->actions.route_action = is_default ? APIPB__ROUTE_ACTION__ACCEPT : APIPB__ROUTE_ACTION__REJECT;
    message->statement.name = as_field(item->text);
    message->statement.conditions = &message->conditions;
    message->statement.actions = &message->actions;
    message->list[0] = &message->statement;
    message->policy.name = as_field(item->set);
    message->policy.n_statements = 1;
    message->policy.statements = message->list;
}

static void change_statement(struct router *router, struct policy_item *item, bool add, rpc_pending_ended ended,
                             void *context)
{
    struct statement_message message;
    statement_make(&message, item);
    item->present = add;
    item->changed = true;
    if (add) {
        Apipb__AddPolicyRequest request = APIPB__ADD_POLICY_REQUEST__INIT;
        request.policy = &message.policy;
        router_call(router, "/apipb.GobgpApi/AddPolicy", &request.base, NULL, ended, context);
    } else {
        Apipb__DeletePolicyRequest request = APIPB__DELETE_POLICY_REQUEST__INIT;
        request.policy = &message.policy;
        router_call(router, "/apipb.GobgpApi/DeletePolicy", &request.base, NULL, ended, context);
    }
}

static void assign(struct router *router, struct policy_item *item, rpc_pending_ended ended, void *context)
{
    Apipb__Policy policy = APIPB__POLICY__INIT;
    Apipb__Policy *list[] = {&policy};
    Apipb__PolicyAssignment assignment = APIPB__POLICY_ASSIGNMENT__INIT;
    Apipb__AddPolicyAssignmentRequest request = APIPB__ADD_POLICY_ASSIGNMENT_REQUEST__INIT;
    policy.name = as_field(item->set);
    assignment.name = as_field("global");
    assignment.direction =
        strcmp(item->set, policy_import) == 0 ? APIPB__POLICY_DIRECTION__IMPORT : APIPB__POLICY_DIRECTION__EXPORT;
    assignment.policies = list;
    assignment.n_policies = 1;
    request.assignment = &assignment;
    item->present = true;
    item->changed = true;
    router_call(router, "/apipb.GobgpApi/AddPolicyAssignment", &request.base, NULL, ended, context);
}

void policy_item_change(struct router *router, struct policy_items *list, struct policy_item *first, bool add,
                        rpc_pending_ended ended, void *context)
{
    switch (first->kind) {
    case POLICY_NEIGHBORS:
    case POLICY_PREFIXES:
        change_set(router, list, first, add, ended, context);
        break;
    case POLICY_STATEMENT:
        change_statement(router, first, add, ended, context);
        break;
    case POLICY_ASSIGNED:
        assign(router, first, ended, context);
        break;
    }
}

/* Routes ----------------------------------------------------------------------------------------------------------- */

enum { ANY_BYTES = 128 };

struct any_memory {
    Google__Protobuf__Any any;
    char url[80];
    uint8_t bytes[ANY_BYTES];
};

static Google__Protobuf__Any *any_of(struct any_memory *memory, const ProtobufCMessage *message)
{
    CHECK(protobuf_c_message_get_packed_size(message) <= ANY_BYTES);
    google__protobuf__any__init(&memory->any);
    snprintf(memory->url, sizeof(memory->url), "type.googleapis.com/%s", message->descriptor->name);
    memory->any.type_url = memory->url;
    memory->any.value.len = protobuf_c_message_pack(message, memory->bytes);
    memory->any.value.data = memory->bytes;
    return &memory->any;
}

void policy_default_route(struct router *router, bool ipv6, bool originate, rpc_pending_ended ended, void *context)
{
    struct any_memory memory[3];
    Google__Protobuf__Any *attributes[2];
    Apipb__IPAddressPrefix nlri = APIPB__IPADDRESS_PREFIX__INIT;
    Apipb__OriginAttribute origin = APIPB__ORIGIN_ATTRIBUTE__INIT;
    Apipb__NextHopAttribute next_hop = APIPB__NEXT_HOP_ATTRIBUTE__INIT;
    Apipb__Family family = APIPB__FAMILY__INIT;
    Apipb__Path path = APIPB__PATH__INIT;
    family.afi = ipv6 ? APIPB__FAMILY__AFI__AFI_IP6 : APIPB__FAMILY__AFI__AFI_IP;
    family.safi = APIPB__FAMILY__SAFI__SAFI_UNICAST;
    nlri.prefix = as_field(ipv6 ? "::" : "0.0.0.0");
    /* The unspecified address: each server is told the router's own address of its session. */
    next_hop.next_hop = as_field(router->gateways[ipv6][0] ? router->gateways[ipv6] : ipv6 ? "::" : "0.0.0.0");
    path.nlri = any_of(&memory[0], &nlri.base);
    attributes[0] = any_of(&memory[1], &origin.base);
    attributes[1] = any_of(&memory[2], &next_hop.base);
    path.family = &family;
    path.pattrs = attributes;
    path.n_pattrs = 2;
    if (originate) {
        Apipb__AddPathRequest request = APIPB__ADD_PATH_REQUEST__INIT;
        request.path = &path;
        router_call(router, "/apipb.GobgpApi/AddPath", &request.base, NULL, ended, context);
    } else {
        Apipb__DeletePathRequest request = APIPB__DELETE_PATH_REQUEST__INIT;
        request.family = &family;
        request.path = &path;
        router_call(router, "/apipb.GobgpApi/DeletePath", &request.base, NULL, ended, context);
    }
}

void policy_run_again(struct router *router, const struct addr *neighbor, rpc_pending_ended ended, void *context)
{
    char address[ADDR_TEXT_MAX];
    Apipb__ResetPeerRequest request = APIPB__RESET_PEER_REQUEST__INIT;
    request.address = as_field(addr_format(neighbor, address));
    request.soft = true;
    request.direction = APIPB__RESET_PEER_REQUEST__SOFT_RESET_DIRECTION__BOTH;
    router_call(router, "/apipb.GobgpApi/ResetPeer", &request.base, NULL, ended, context);
}
