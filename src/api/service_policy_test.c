/* godwit.v1.Godwit/TestPolicy: a route before policies, and what they make of it. */
#include <string.h>

#include "api/convert.h"
#include "api/convert_attrs.h"
#include "api/convert_policy.h"
#include "api/encode_path.h"
#include "api/internal.h"
#include "godwit.pb-c.h"

enum {
    STATEMENTS_MAX = 1000,      /* told of; an operator reads no more, and an answer stays small */
    PATHS_ROOM_BYTES = 1 << 20, /* twice a path of the longest attributes */
};

/* The answer as it grows. */
struct test_answer {
    struct arena *arena;
    Godwit__V1__TestPolicyResponse response;
};

static void note_step(void *context, const struct policy_step *step)
{
    struct test_answer *answer = context;
    struct arena *arena = answer->arena;
    if (answer->response.n_statements == STATEMENTS_MAX)
        return;
    Godwit__V1__TestPolicyResponse__Statement *to = MESSAGE_NEW(arena, Godwit__V1__TestPolicyResponse__Statement,
                                                                godwit__v1__test_policy_response__statement__init);
    to->assigned_to = arena_strdup(arena, step->target);
    to->policy = arena_strdup(arena, step->policy);
    to->statement = arena_strdup(arena, step->statement);
    to->matched = step->matched;
    to->action = step->matched ? (Apipb__RouteAction)step->action : APIPB__ROUTE_ACTION__NONE;
    to->conditions = arena_alloc(arena, (step->verdict_count + 1) * sizeof(*to->conditions));
    for (size_t i = 0; i < step->verdict_count; i++) {
        Godwit__V1__TestPolicyResponse__Condition *condition = MESSAGE_NEW(
            arena, Godwit__V1__TestPolicyResponse__Condition, godwit__v1__test_policy_response__condition__init);
        condition->text = arena_strdup(arena, step->verdicts[i].text);
        condition->holds = step->verdicts[i].holds;
        to->conditions[to->n_conditions++] = condition;
    }
    answer->response.statements[answer->response.n_statements++] = to;
}

static int neighbor_of(const char *text, struct addr *addr, struct err *err)
{
    struct peer_name name;
    if (!text[0])
        return 0;
    if (!peer_name_parse(text, NULL, &name) || name.address.kind == ADDR_NONE)
        return err_set(err, E_NOT_FOUND, "neighbor that has %s doesn't exist", text);
    *addr = name.address;
    return 0;
}

/* The route: described, or to be looked up. */
static int route_of(struct request *request, struct policy_test *test, struct err *err)
{
    const Godwit__V1__TestPolicyRequest *message = request->message;
    struct local_path local;
    if (message->path) {
        int result = convert_path(&request->arena, message->path, false, &request->api->attrs, &local, err);
        test->family = local.family;
        test->prefix = local.prefix;
        test->attrs = local.attrs;
        test->attrs_length = local.attrs_length;
        return result;
    }
    if (prefix_parse(message->prefix, true, &test->prefix) < 0)
        return err_set(err, E_INVALID, "invalid prefix: %s", message->prefix);
    test->longest_match = strchr(message->prefix, '/') == NULL;
    test->family = message->family                       ? family_in(message->family)
                   : test->prefix.addr.kind == ADDR_IPV6 ? FAMILY_IPV6_UNICAST
                                                         : FAMILY_IPV4_UNICAST;
    return 0;
}

static int test_of(struct request *request, struct policy_test *test, struct err *err)
{
    const Godwit__V1__TestPolicyRequest *message = request->message;
    if (!control_started(request->api->control))
        return err_set(err, E_STATE, "bgp server hasn't started yet");
    if (message->direction != APIPB__POLICY_DIRECTION__IMPORT && message->direction != APIPB__POLICY_DIRECTION__EXPORT)
        return err_set(err, E_INVALID, "invalid policy type");
    test->direction = (enum policy_direction)message->direction;
    test->policy = message->policy[0] ? message->policy : NULL;
    if (neighbor_of(message->from_peer, &test->from, err) < 0 || neighbor_of(message->to_peer, &test->to, err) < 0)
        return E_NOT_FOUND;
    return route_of(request, test, err);
}

/* The paths are encoded on their own and put behind the rest: where fields stand in a message does not matter. */
static void reply_test(struct request *request, struct test_answer *answer, const struct policy_test_result *result)
{
    static const struct path_form form = {.decoded = true};
    char text[PREFIX_TEXT_MAX];
    Godwit__V1__TestPolicyResponse *to = &answer->response;
    struct path_view before = {.family = result->family,
                               .prefix = result->prefix,
                               .attrs = result->before,
                               .attrs_length = result->before_length};
    struct path_view after = before;
    after.attrs = result->after;
    after.attrs_length = result->after_length;
    to->prefix = arena_strdup(answer->arena, prefix_format(&result->prefix, text));
    to->action = (Apipb__RouteAction)result->action;
    to->assigned_to = arena_strdup(answer->arena, result->target);
    to->policy = arena_strdup(answer->arena, result->policy);
    to->statement = arena_strdup(answer->arena, result->statement);
    if (result->from.kind != ADDR_NONE)
        to->from_peer = text_of_addr(answer->arena, &result->from);
    size_t length = protobuf_c_message_get_packed_size(&to->base);
    size_t room = length + PATHS_ROOM_BYTES;
    struct proto proto = proto_over(api_scratch(request->api, room), room);
    encode_path(&proto, 8, &after, &form);
    encode_path(&proto, 7, &before, &form);
    uint8_t *packed = arena_alloc(answer->arena, length + 1);
    protobuf_c_message_pack(&to->base, packed);
    proto_put(&proto, packed, length);
    if (proto.failed)
        rpc_call_finish(request->call, RPC_RESOURCE_EXHAUSTED, "the answer is too long to be sent");
    else
        rpc_call_reply(request->call, proto.at, proto_length(&proto));
}

void test_policy(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, &godwit__v1__test_policy_request__descriptor, bytes, length)) {
        struct test_answer answer = {.arena = &request.answer, .response = GODWIT__V1__TEST_POLICY_RESPONSE__INIT};
        struct policy_watcher watcher = {.step = note_step, .context = &answer};
        struct policy_test test = {.watcher = &watcher};
        struct policy_test_result result;
        answer.response.statements = arena_alloc(answer.arena, STATEMENTS_MAX * sizeof(*answer.response.statements));
        int status = test_of(&request, &test, &err);
        if (status == 0)
            status = control_policy_test(request.api->control, &test, &result, &err);
        if (status < 0)
            reply_error(call, &err);
        else
            reply_test(&request, &answer, &result);
    }
    request_end(&request);
}
