/* godwit.v1.Godwit: why, groups, counters, reload. */
#include <stdio.h>
#include <string.h>

#include "api/convert.h"
#include "api/encode_path.h"
#include "api/internal.h"
#include "api/packed_list.h"
#include "base/check.h"
#include "base/mem.h"
#include "godwit.pb-c.h"

enum { ATTRS_TEXT_MAX = 4096, NS_PER_S = 1000000000 };

/* Why -------------------------------------------------------------------------------------------------------------- */

static char *next_hop_text(struct arena *arena, const struct path_view *view)
{
    struct addr next_hop, link_local;
    if (!view->attrs || !attr_block_next_hop(view->attrs, view->attrs_length, &next_hop, &link_local))
        return arena_strdup(arena, "");
    return text_of_addr(arena, &next_hop);
}

static char *as_path_text(struct arena *arena, const struct path_view *view)
{
    char memory[ATTRS_TEXT_MAX];
    struct str str = str_over(memory, sizeof(memory));
    struct attr_item item;
    if (view->attrs && attr_find(view->attrs, view->attrs_length, ATTR_AS_PATH, &item))
        as_path_format(item.value, item.length, &str);
    return arena_strdup(arena, str.text);
}

static void communities_text(const struct attr_item *item, struct str *str)
{
    str_add(str, " communities");
    for (unsigned at = 0; at + 4u <= item->length; at += 4)
        str_printf(str, " %u:%u", (unsigned)item->value[at] << 8 | item->value[at + 1],
                   (unsigned)item->value[at + 2] << 8 | item->value[at + 3]);
}

/* What a reader of `why` looks for: the attributes that decide and the communities. */
static char *attributes_text(struct arena *arena, const struct path_view *view)
{
    char memory[ATTRS_TEXT_MAX];
    struct str str = str_over(memory, sizeof(memory));
    struct attr_block block;
    struct attr_item item;
    if (!view->attrs)
        return arena_strdup(arena, "");
    attr_block_of(view->attrs, view->attrs_length, &block);
    str_printf(&str, "origin %s",
               block.summary.origin == ORIGIN_IGP   ? "igp"
               : block.summary.origin == ORIGIN_EGP ? "egp"
                                                    : "incomplete");
    if (block.summary.facts & ATTR_HAS_MED)
        str_printf(&str, " med %u", block.summary.med);
    if (block.summary.facts & ATTR_HAS_LOCAL_PREF)
        str_printf(&str, " local-pref %u", block.summary.local_pref);
    if (attr_find(view->attrs, view->attrs_length, ATTR_COMMUNITIES, &item))
        communities_text(&item, &str);
    return arena_strdup(arena, str.text);
}

static Godwit__V1__WhyResponse__Candidate *candidate_to_api(struct arena *arena, const struct why_path *path)
{
    const struct path_view *view = &path->view;
    Godwit__V1__WhyResponse__Candidate *to =
        MESSAGE_NEW(arena, Godwit__V1__WhyResponse__Candidate, godwit__v1__why_response__candidate__init);
    to->peer = text_of_addr(arena, &view->neighbor);
    to->peer_asn = view->local ? 0 : view->source_as;
    to->next_hop = next_hop_text(arena, view);
    to->as_path = as_path_text(arena, view);
    to->best = view->best;
    if (view->filtered || view->next_hop_invalid) {
        to->rejected_reason = arena_strdup(arena, path->sentence);
    } else {
        to->decisive_step = arena_strdup(arena, path->step ? path->step : "");
        to->sentence = arena_strdup(arena, path->sentence);
    }
    to->path_identifier = view->path_id;
    to->stale = view->stale;
    to->age_s = (wall_now().ns - view->received_at.ns) / 1000000000;
    return to;
}

static void why_reply(struct request *request, const struct why *why)
{
    char text[PREFIX_TEXT_MAX];
    struct arena *arena = &request->answer;
    Godwit__V1__WhyResponse response = GODWIT__V1__WHY_RESPONSE__INIT;
    Godwit__V1__WhyResponse__Verdict verdict = GODWIT__V1__WHY_RESPONSE__VERDICT__INIT;
    response.prefix = arena_strdup(arena, prefix_format(&why->prefix, text));
    response.n_candidates = why->path_count;
    response.candidates = arena_alloc(arena, (why->path_count + 1) * sizeof(*response.candidates));
    for (size_t i = 0; i < why->path_count; i++)
        response.candidates[i] = candidate_to_api(arena, &why->paths[i]);
    if (why->asked_peer) {
        verdict.told = why->told.told;
        verdict.reason = arena_strdup(arena, why->told.sentence);
        if (why->told.told) {
            verdict.next_hop = next_hop_text(arena, &why->told.sent);
            verdict.as_path = as_path_text(arena, &why->told.sent);
            verdict.attributes = attributes_text(arena, &why->told.sent);
        }
        response.advertised = &verdict;
    }
    reply_message(request->call, &response.base);
}

static int why_ask(struct request *request, const struct why **why, struct err *err)
{
    const Godwit__V1__WhyRequest *message = request->message;
    struct why_query query = {.longest_match = strchr(message->prefix, '/') == NULL};
    struct peer_name name;
    if (prefix_parse(message->prefix, true, &query.prefix) < 0)
        return err_set(err, E_INVALID, "invalid prefix: %s", message->prefix);
    query.family = query.prefix.addr.kind == ADDR_IPV6 ? FAMILY_IPV6_UNICAST : FAMILY_IPV4_UNICAST;
    if (message->family)
        query.family = family_in(message->family);
    if (message->to_peer[0]) {
        if (!peer_name_parse(message->to_peer, NULL, &name))
            return err_set(err, E_NOT_FOUND, "neighbor that has %s doesn't exist", message->to_peer);
        query.to_peer = &name;
    }
    return control_why(request->api->control, &query, why, err);
}

void why(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &godwit__v1__why_request__descriptor, bytes, length)) {
        const struct why *answer;
        int result = why_ask(&request, &answer, &err);
        if (result < 0)
            rpc_call_finish(call, result == E_NOT_FOUND ? RPC_NOT_FOUND : RPC_UNKNOWN, err.text);
        else
            why_reply(&request, answer);
    }
    request_end(&request);
}

static Godwit__V1__WhyNeighborResponse__Remark *remark_to_api(struct arena *arena, const struct why_remark *remark)
{
    if (!remark->text[0])
        return NULL;
    Godwit__V1__WhyNeighborResponse__Remark *to =
        MESSAGE_NEW(arena, Godwit__V1__WhyNeighborResponse__Remark, godwit__v1__why_neighbor_response__remark__init);
    to->text = arena_strdup(arena, remark->text);
    to->age_s = (wall_now().ns - remark->when.ns) / NS_PER_S;
    return to;
}

static int why_neighbor_ask(struct request *request, struct why_session *why, struct err *err)
{
    const Godwit__V1__WhyNeighborRequest *message = request->message;
    struct peer_name name;
    if (!peer_name_parse(message->peer, NULL, &name))
        return err_set(err, E_NOT_FOUND, "neighbor that has %s doesn't exist", message->peer);
    return control_why_session(request->api->control, &name, why, err);
}

void why_neighbor(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    struct why_session why;
    if (!request_begin(&request, call, &godwit__v1__why_neighbor_request__descriptor, bytes, length)) {
        request_end(&request);
        return;
    }
    int result = why_neighbor_ask(&request, &why, &err);
    if (result < 0) {
        rpc_call_finish(call, result == E_NOT_FOUND ? RPC_NOT_FOUND : RPC_UNKNOWN, err.text);
    } else {
        struct arena *arena = &request.answer;
        const Godwit__V1__WhyNeighborRequest *message = request.message;
        Godwit__V1__WhyNeighborResponse response = GODWIT__V1__WHY_NEIGHBOR_RESPONSE__INIT;
        response.peer = message->peer;
        response.state = arena_strdup(arena, session_state_name(why.state));
        response.sentence = why.sentence;
        response.stale = why.stale;
        response.since_s = why.since.ns ? (wall_now().ns - why.since.ns) / NS_PER_S : -1;
        response.flaps = why.flaps;
        response.reason = remark_to_api(arena, &why.reason);
        response.sent = remark_to_api(arena, &why.sent);
        response.received = remark_to_api(arena, &why.received);
        reply_message(call, &response.base);
    }
    request_end(&request);
}

/* Graceful shutdown ------------------------------------------------------------------------------------------------ */

static int graceful_shutdown_do(struct request *request, bool *is_on, struct err *err)
{
    const Godwit__V1__GracefulShutdownRequest *message = request->message;
    struct peer_name name;
    bool all = message->peer[0] == '\0';
    if (!all && !peer_name_parse(message->peer, NULL, &name))
        return err_set(err, E_NOT_FOUND, "neighbor that has %s doesn't exist", message->peer);
    enum graceful_shutdown_wish wish = (enum graceful_shutdown_wish)message->wish;
    if (wish > GRACEFUL_SHUTDOWN_ON)
        return err_set(err, E_INVALID, "unknown wish: %d", (int)wish);
    return control_graceful_shutdown(request->api->control, all ? NULL : &name, wish, is_on, err);
}

void graceful_shutdown(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    bool is_on = false;
    if (request_begin(&request, call, &godwit__v1__graceful_shutdown_request__descriptor, bytes, length)) {
        Godwit__V1__GracefulShutdownResponse response = GODWIT__V1__GRACEFUL_SHUTDOWN_RESPONSE__INIT;
        int result = graceful_shutdown_do(&request, &is_on, &err);
        response.on = is_on;
        if (result < 0)
            rpc_call_finish(call, result == E_NOT_FOUND ? RPC_NOT_FOUND : RPC_UNKNOWN, err.text);
        else
            reply_message(call, &response.base);
    }
    request_end(&request);
}

/* Groups ----------------------------------------------------------------------------------------------------------- */

struct group_list {
    struct packed_list *packed;
    struct addr peer; /* ADDR_NONE: all */
};

enum { GROUP_KEYS_MAX = 32 };

static bool group_has(const struct group_view *view, const struct addr *peer)
{
    for (uint32_t i = 0; i < view->member_count; i++) {
        if (addr_equal(&view->members[i], peer))
            return true;
    }
    return false;
}

/* "external, local AS 65000" in its phrases. */
static void split_key(struct arena *arena, const char *key, Godwit__V1__ListGroupsResponse__Group *to)
{
    char *rest = arena_strdup(arena, key);
    to->key = arena_alloc(arena, GROUP_KEYS_MAX * sizeof(*to->key));
    while (rest && *rest && to->n_key < GROUP_KEYS_MAX) {
        char *comma = to->n_key + 1 < GROUP_KEYS_MAX ? strstr(rest, ", ") : NULL;
        to->key[to->n_key++] = rest;
        rest = comma ? comma + 2 : NULL;
        if (comma)
            *comma = '\0';
    }
}

static void note_group(void *context, const struct group_view *view)
{
    struct group_list *list = context;
    struct arena arena;
    if (list->peer.kind != ADDR_NONE && !group_has(view, &list->peer))
        return;
    arena_init(&arena, 0);
    Godwit__V1__ListGroupsResponse response = GODWIT__V1__LIST_GROUPS_RESPONSE__INIT;
    Godwit__V1__ListGroupsResponse__Group group = GODWIT__V1__LIST_GROUPS_RESPONSE__GROUP__INIT;
    group.id = view->id;
    group.family = family_to_api(&arena, view->family);
    split_key(&arena, view->key, &group);
    group.n_members = view->member_count;
    group.members = arena_alloc(&arena, (view->member_count + 1) * sizeof(*group.members));
    for (uint32_t i = 0; i < view->member_count; i++)
        group.members[i] = text_of_addr(&arena, &view->members[i]);
    group.difference = arena_strdup(&arena, view->difference);
    group.log_bytes = view->backlog_bytes;
    group.members_behind = view->members_behind;
    response.group = &group;
    packed_list_add(list->packed, &response.base);
    arena_release(&arena);
}

void list_groups(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &godwit__v1__list_groups_request__descriptor, bytes, length)) {
        const Godwit__V1__ListGroupsRequest *message = request.message;
        struct peer_name name = {0};
        if (message->peer[0] && !peer_name_parse(message->peer, NULL, &name)) {
            rpc_call_finish(call, RPC_UNKNOWN, "no such neighbor");
        } else {
            struct group_list list = {.packed = packed_list_begin(call), .peer = name.address};
            control_group_list(request.api->control, note_group, &list);
        }
    }
    request_end(&request);
}

/* Counters --------------------------------------------------------------------------------------------------------- */

static void tables_to_api(struct request *request, Godwit__V1__GetCountersResponse *to)
{
    struct arena *arena = &request->answer;
    to->tables = arena_alloc(arena, FAMILY_COUNT * sizeof(*to->tables));
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        struct path_query query = {.table = TABLE_GLOBAL, .family = family};
        struct table_counts counts;
        if (control_table_counts(request->api->control, &query, &counts, NULL) < 0)
            continue;
        Godwit__V1__GetCountersResponse__Table *table =
            MESSAGE_NEW(arena, Godwit__V1__GetCountersResponse__Table, godwit__v1__get_counters_response__table__init);
        table->family = family_to_api(arena, family);
        table->prefixes = counts.destinations;
        table->paths = counts.paths;
        to->tables[to->n_tables++] = table;
    }
}

static void memory_to_api(struct request *request, Godwit__V1__GetCountersResponse *to)
{
    struct arena *arena = &request->answer;
    to->memory = arena_alloc(arena, MEM_KIND_COUNT * sizeof(*to->memory));
    for (unsigned kind = 0; kind < MEM_KIND_COUNT; kind++) {
        struct mem_usage usage = mem_usage(kind);
        Godwit__V1__GetCountersResponse__Memory *memory = MESSAGE_NEW(arena, Godwit__V1__GetCountersResponse__Memory,
                                                                      godwit__v1__get_counters_response__memory__init);
        memory->kind = arena_strdup(arena, mem_kind_name(kind));
        memory->bytes = usage.bytes;
        memory->objects = usage.objects;
        to->memory[to->n_memory++] = memory;
    }
}

void get_counters(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &godwit__v1__get_counters_request__descriptor, bytes, length)) {
        Godwit__V1__GetCountersResponse response = GODWIT__V1__GET_COUNTERS_RESPONSE__INIT;
        tables_to_api(&request, &response);
        memory_to_api(&request, &response);
        response.resident_bytes = mem_resident_bytes();
        response.uptime_s = mono_diff_ms(mono_now(), request.api->started_at) / 1000;
        reply_message(call, &response.base);
    }
    request_end(&request);
}

/* Reload ----------------------------------------------------------------------------------------------------------- */

void reload(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    if (request_begin(&request, call, &godwit__v1__reload_request__descriptor, bytes, length)) {
        const Godwit__V1__ReloadRequest *message = request.message;
        const struct api_hooks *hooks = &request.api->hooks;
        Godwit__V1__ReloadResponse response = GODWIT__V1__RELOAD_RESPONSE__INIT;
        struct err err = {0};
        struct text changes;
        text_init(&changes, 1 << 20);
        if (!hooks->reload) {
            rpc_call_finish(call, RPC_UNIMPLEMENTED, "there is no configuration file to read");
        } else {
            int result = hooks->reload(hooks->context, message->check_only, &changes, &err);
            response.applied = result == 0 && !message->check_only;
            response.changes = changes.bytes ? changes.bytes : (char *)"";
            response.error = err.text;
            reply_message(call, &response.base);
        }
        text_release(&changes);
    }
    request_end(&request);
}

/* Saving ----------------------------------------------------------------------------------------------------------- */

enum {
    SAVE_LIMIT_BYTES = 256 << 20,
    SAVE_PIECE_BYTES = 64 << 10,
    LEFT_OUT_LIMIT_BYTES = 1 << 20,
};

static void note_left_out(void *context, const char *line)
{
    text_printf(context, "%s\n", line);
}

static void add_text_pieces(struct packed_list *list, const struct text *text)
{
    char piece[SAVE_PIECE_BYTES + 1];
    for (size_t at = 0; at < text->length;) {
        size_t length = text->length - at < SAVE_PIECE_BYTES ? text->length - at : SAVE_PIECE_BYTES;
        while (at + length < text->length && length > 1 && ((uint8_t)text->bytes[at + length] & 0xC0) == 0x80)
            length--; /* not through the middle of a character: the field is UTF-8 */
        memcpy(piece, text->bytes + at, length);
        piece[length] = '\0';
        Godwit__V1__SaveResponse response = GODWIT__V1__SAVE_RESPONSE__INIT;
        response.text = piece;
        packed_list_add(list, &response.base);
        at += length;
    }
    explicit_bzero(piece, sizeof(piece));
}

static void add_left_out(struct packed_list *list, struct text *lines)
{
    for (char *line = lines->bytes; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        Godwit__V1__SaveResponse response = GODWIT__V1__SAVE_RESPONSE__INIT;
        response.left_out = &line;
        response.n_left_out = 1;
        packed_list_add(list, &response.base);
        line = end != NULL ? end + 1 : NULL;
    }
}

void save(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    static const enum config_format formats[] = {CONFIG_TOML, CONFIG_YAML, CONFIG_JSON};
    struct request request;
    if (request_begin(&request, call, &godwit__v1__save_request__descriptor, bytes, length)) {
        const Godwit__V1__SaveRequest *message = request.message;
        struct save_options options = {.without_secrets = message->without_secrets};
        struct text text, left_out;
        struct err err = {0};
        text_init(&text, SAVE_LIMIT_BYTES);
        text_init(&left_out, LEFT_OUT_LIMIT_BYTES);
        if ((unsigned)message->format < ARRAY_LEN(formats))
            options.format = formats[message->format];
        struct packed_list *list = packed_list_begin(call);
        if (control_save(request.api->control, &options, &text, note_left_out, &left_out, &err) < 0) {
            packed_list_refuse(call, &err);
        } else {
            add_text_pieces(list, &text);
            add_left_out(list, &left_out);
        }
        text_release(&text);
        text_release(&left_out);
    }
    request_end(&request);
}
