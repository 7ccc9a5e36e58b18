#include "fleet/route_words.h"

#include <stdio.h>
#include <string.h>

#include "attribute.pb-c.h"
#include "base/check.h"
#include "base/str.h"
#include "fleet/any.h"

void *any_open(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
    if (!any || !any->type_url)
        return NULL;
    const char *slash = strrchr(any->type_url, '/');
    if (strcmp(slash ? slash + 1 : any->type_url, type->name) != 0)
        return NULL;
    return protobuf_c_message_unpack(type, NULL, any->value.len, any->value.data);
}

static void read_origin(const void *message, struct route_words *words)
{
    static const char *const names[] = {"igp", "egp", "incomplete"};
    uint32_t origin = ((const Apipb__OriginAttribute *)message)->origin;
    snprintf(words->origin, sizeof(words->origin), "%s", origin < ARRAY_LEN(names) ? names[origin] : "unknown");
}

/* Marks what was cut. */
static void finish(struct str *out)
{
    if (out->truncated)
        memcpy(out->text + out->capacity - 4, "...", 4);
}

static void read_as_path(const void *message, struct route_words *words)
{
    const Apipb__AsPathAttribute *path = message;
    struct str out = str_over(words->as_path, sizeof(words->as_path));
    for (size_t i = 0; i < path->n_segments; i++) {
        const Apipb__AsSegment *segment = path->segments[i];
        bool is_set =
            segment->type == APIPB__AS_SEGMENT__TYPE__AS_SET || segment->type == APIPB__AS_SEGMENT__TYPE__AS_CONFED_SET;
        str_add(&out, out.length ? " " : "");
        str_add(&out, is_set ? "{" : "");
        for (size_t j = 0; j < segment->n_numbers; j++)
            str_printf(&out, "%s%u", j == 0 ? "" : is_set ? "," : " ", segment->numbers[j]);
        str_add(&out, is_set ? "}" : "");
    }
    finish(&out);
}

static void read_next_hop(const void *message, struct route_words *words)
{
    snprintf(words->next_hop, sizeof(words->next_hop), "%s", ((const Apipb__NextHopAttribute *)message)->next_hop);
}

static void read_med(const void *message, struct route_words *words)
{
    words->has_med = true;
    words->med = ((const Apipb__MultiExitDiscAttribute *)message)->med;
}

static void read_mp_reach(const void *message, struct route_words *words)
{
    const Apipb__MpReachNLRIAttribute *reach = message;
    if (reach->n_next_hops > 0)
        snprintf(words->next_hop, sizeof(words->next_hop), "%s", reach->next_hops[0]);
}

/* Both kinds of communities go into one text, in the order in which they come. */
static void add_community(struct route_words *words, const char *text)
{
    size_t length = strlen(words->communities);
    struct str out = str_over(words->communities + length, sizeof(words->communities) - length);
    if (sizeof(words->communities) - length < 8)
        return;
    str_printf(&out, "%s%s", length ? " " : "", text);
    finish(&out);
}

static void read_communities(const void *message, struct route_words *words)
{
    const Apipb__CommunitiesAttribute *attribute = message;
    for (size_t i = 0; i < attribute->n_communities; i++) {
        char text[16];
        uint32_t value = attribute->communities[i];
        snprintf(text, sizeof(text), "%u:%u", value >> 16, value & 0xffff);
        add_community(words, text);
    }
}

static void read_large_communities(const void *message, struct route_words *words)
{
    const Apipb__LargeCommunitiesAttribute *attribute = message;
    for (size_t i = 0; i < attribute->n_communities; i++) {
        char text[40];
        const Apipb__LargeCommunity *value = attribute->communities[i];
        snprintf(text, sizeof(text), "%u:%u:%u", value->global_admin, value->local_data1, value->local_data2);
        add_community(words, text);
    }
}

static const struct {
    const ProtobufCMessageDescriptor *type;
    void (*read)(const void *message, struct route_words *words);
} attributes[] = {
    {&apipb__origin_attribute__descriptor, read_origin},
    {&apipb__as_path_attribute__descriptor, read_as_path},
    {&apipb__next_hop_attribute__descriptor, read_next_hop},
    {&apipb__multi_exit_disc_attribute__descriptor, read_med},
    {&apipb__mp_reach_nlriattribute__descriptor, read_mp_reach},
    {&apipb__communities_attribute__descriptor, read_communities},
    {&apipb__large_communities_attribute__descriptor, read_large_communities},
};

static bool read_prefix(const Apipb__Path *path, struct prefix *prefix)
{
    struct addr addr;
    Apipb__IPAddressPrefix *nlri = any_open(path->nlri, &apipb__ipaddress_prefix__descriptor);
    bool good = nlri && addr_parse(nlri->prefix, &addr) == 0 && nlri->prefix_len <= addr_bits(&addr);
    if (good)
        *prefix = prefix_make(&addr, (uint8_t)nlri->prefix_len);
    if (nlri)
        protobuf_c_message_free_unpacked(&nlri->base, NULL);
    return good;
}

bool route_words_read(const Apipb__Path *path, struct route_words *words)
{
    memset(words, 0, sizeof(*words));
    if (!read_prefix(path, &words->prefix))
        return false;
    words->path_id = path->identifier;
    words->withdrawn = path->is_withdraw;
    words->filtered = path->filtered;
    words->next_hop_invalid = path->is_nexthop_invalid;
    for (size_t i = 0; i < path->n_pattrs; i++) {
        for (size_t j = 0; j < ARRAY_LEN(attributes); j++) {
            ProtobufCMessage *message = any_open(path->pattrs[i], attributes[j].type);
            if (!message)
                continue;
            attributes[j].read(message, words);
            protobuf_c_message_free_unpacked(message, NULL);
        }
    }
    return true;
}

bool route_refused(const struct route_words *words, const struct prefix *prefixes, unsigned count, char *reason,
                   unsigned capacity)
{
    char text[PREFIX_TEXT_MAX];
    bool covered = false;
    for (unsigned i = 0; i < count; i++)
        covered = covered || prefix_covers(&prefixes[i], &words->prefix);
    prefix_format(&words->prefix, text);
    if (words->prefix.length == 0)
        snprintf(reason, capacity, "%s is a default route, which servers may not announce", text);
    else if (count == 0)
        snprintf(reason, capacity, "%s: no prefixes are assigned to this project", text);
    else if (!covered)
        snprintf(reason, capacity, "%s is in none of the project's prefixes", text);
    else if (words->next_hop_invalid)
        snprintf(reason, capacity, "the router cannot use its next hop %s", words->next_hop);
    else if (words->filtered)
        snprintf(reason, capacity, "the router's import policy refuses it");
    else
        return false;
    return true;
}
