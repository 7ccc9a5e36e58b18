/* Policies: defined sets, statements, policies, assignments. What is said goes to control/ as it is; lists are packed
 * at once, so that they are of one moment. */
#include <string.h>

#include "api/convert_policy.h"
#include "api/internal.h"
#include "api/packed_list.h"

static int need_started(const struct request *request, struct err *err)
{
    return control_started(request->api->control) ? 0 : err_set(err, E_STATE, "bgp server hasn't started yet");
}

/* A unary call: `change` reads the request and does it. */
static void answer_change(struct rpc_call *call, const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                          size_t length, int (*change)(struct request *request, struct err *err))
{
    struct request request;
    struct err err = {0};
    if (request_begin(&request, call, type, bytes, length)) {
        int result = need_started(&request, &err);
        if (result == 0)
            result = change(&request, &err);
        reply_result(call, result, &err);
    }
    request_end(&request);
}

/* A list being made. */
struct listing {
    struct packed_list *packed;
    struct control *control;
    bool only_said; /* leave out assignments that say nothing */
};

/* False: refused, the call has ended. */
static bool listing_begin(struct listing *listing, struct request *request)
{
    struct err err = {0};
    if (need_started(request, &err) < 0) {
        reply_error(request->call, &err);
        return false;
    }
    *listing = (struct listing){.packed = packed_list_begin(request->call), .control = request->api->control};
    return true;
}

/* Defined sets ------------------------------------------------------------------------------------------------- */

static int add_defined_set_now(struct request *request, struct err *err)
{
    const Apipb__AddDefinedSetRequest *message = request->message;
    struct set_spec set;
    int result = set_from_api(&request->arena, message->defined_set, &set, err);
    if (result < 0)
        return result;
    return message->replace ? control_set_replace(request->api->control, &set, err)
                            : control_set_add(request->api->control, &set, err);
}

void add_defined_set(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__add_defined_set_request__descriptor, bytes, length, add_defined_set_now);
}

static int delete_defined_set_now(struct request *request, struct err *err)
{
    const Apipb__DeleteDefinedSetRequest *message = request->message;
    struct set_spec set;
    int result = set_from_api(&request->arena, message->defined_set, &set, err);
    return result == 0 ? control_set_delete(request->api->control, &set, message->all, err) : result;
}

void delete_defined_set(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__delete_defined_set_request__descriptor, bytes, length, delete_defined_set_now);
}

static void show_set(void *context, const struct set_spec *set)
{
    struct listing *listing = context;
    size_t at = 0;
    do {
        struct arena arena;
        Apipb__ListDefinedSetResponse response = APIPB__LIST_DEFINED_SET_RESPONSE__INIT;
        arena_init(&arena, 0);
        response.defined_set = set_to_api(&arena, set, &at);
        packed_list_add(listing->packed, &response.base);
        arena_release(&arena);
    } while (at < set->count);
}

void list_defined_set(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct listing listing;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__list_defined_set_request__descriptor, bytes, length) &&
        listing_begin(&listing, &request)) {
        const Apipb__ListDefinedSetRequest *message = request.message;
        if ((unsigned)message->defined_type >= SET_NEXT_HOP || message->defined_type == APIPB__DEFINED_TYPE__TAG) {
            err_set(&err, E_INVALID, "invalid defined-set type: %d", (int)message->defined_type);
            packed_list_refuse(call, &err);
        } else {
            control_set_list(listing.control, (enum set_type)message->defined_type, message->name, show_set, &listing);
        }
    }
    request_end(&request);
}

/* Statements --------------------------------------------------------------------------------------------------- */

static int add_statement_now(struct request *request, struct err *err)
{
    const Apipb__AddStatementRequest *message = request->message;
    struct statement_spec statement;
    int result = statement_from_api(message->statement, &statement, err);
    return result == 0 ? control_statement_add(request->api->control, &statement, err) : result;
}

void add_statement(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__add_statement_request__descriptor, bytes, length, add_statement_now);
}

static int delete_statement_now(struct request *request, struct err *err)
{
    const Apipb__DeleteStatementRequest *message = request->message;
    struct statement_spec statement;
    int result = statement_from_api(message->statement, &statement, err);
    return result == 0 ? control_statement_delete(request->api->control, &statement, message->all, err) : result;
}

void delete_statement(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__delete_statement_request__descriptor, bytes, length, delete_statement_now);
}

static void show_statement(void *context, const struct statement_spec *statement)
{
    struct listing *listing = context;
    struct arena arena;
    Apipb__ListStatementResponse response = APIPB__LIST_STATEMENT_RESPONSE__INIT;
    arena_init(&arena, 0);
    response.statement = statement_to_api(&arena, statement);
    packed_list_add(listing->packed, &response.base);
    arena_release(&arena);
}

void list_statement(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct listing listing;
    if (request_begin(&request, call, &apipb__list_statement_request__descriptor, bytes, length) &&
        listing_begin(&listing, &request)) {
        const Apipb__ListStatementRequest *message = request.message;
        control_statement_list(listing.control, message->name, show_statement, &listing);
    }
    request_end(&request);
}

/* Policies ----------------------------------------------------------------------------------------------------- */

static int add_policy_now(struct request *request, struct err *err)
{
    const Apipb__AddPolicyRequest *message = request->message;
    struct policy_spec policy;
    int result = policy_from_api(&request->arena, message->policy, &policy, err);
    return result == 0 ? control_policy_add(request->api->control, &policy, message->refer_existing_statements, err)
                       : result;
}

void add_policy(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__add_policy_request__descriptor, bytes, length, add_policy_now);
}

static int delete_policy_now(struct request *request, struct err *err)
{
    const Apipb__DeletePolicyRequest *message = request->message;
    struct policy_spec policy;
    int result = policy_from_api(&request->arena, message->policy, &policy, err);
    if (result < 0)
        return result;
    return control_policy_delete(request->api->control, &policy, message->all, message->preserve_statements, err);
}

void delete_policy(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__delete_policy_request__descriptor, bytes, length, delete_policy_now);
}

static void show_policy(void *context, const struct policy_spec *policy)
{
    struct listing *listing = context;
    struct arena arena;
    Apipb__ListPolicyResponse response = APIPB__LIST_POLICY_RESPONSE__INIT;
    arena_init(&arena, 0);
    response.policy = policy_to_api(&arena, policy);
    packed_list_add(listing->packed, &response.base);
    arena_release(&arena);
}

void list_policy(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct listing listing;
    if (request_begin(&request, call, &apipb__list_policy_request__descriptor, bytes, length) &&
        listing_begin(&listing, &request)) {
        const Apipb__ListPolicyRequest *message = request.message;
        control_policy_list(listing.control, message->name, show_policy, &listing);
    }
    request_end(&request);
}

/* The definitions of a SetPolicies; its arrays are the request's. */
static int definitions_from_api(struct request *request, struct policy_definitions *to, struct err *err)
{
    const Apipb__SetPoliciesRequest *message = request->message;
    struct arena *arena = &request->arena;
    struct set_spec *sets = arena_alloc(arena, (message->n_defined_sets + 1) * sizeof(*sets));
    struct policy_spec *policies = arena_alloc(arena, (message->n_policies + 1) * sizeof(*policies));
    if (!sets || !policies)
        return err_set(err, E_LIMIT, "the request is too large");
    for (size_t i = 0; i < message->n_defined_sets; i++) {
        if (set_from_api(arena, message->defined_sets[i], &sets[i], err) < 0)
            return E_INVALID;
    }
    for (size_t i = 0; i < message->n_policies; i++) {
        if (policy_from_api(arena, message->policies[i], &policies[i], err) < 0)
            return E_INVALID;
    }
    *to = (struct policy_definitions){
        .sets = sets, .set_count = message->n_defined_sets, .policies = policies, .policy_count = message->n_policies};
    return 0;
}

static int set_policies_now(struct request *request, struct err *err)
{
    const Apipb__SetPoliciesRequest *message = request->message;
    struct policy_definitions definitions;
    struct assignment_spec *assignments =
        arena_alloc(&request->arena, (message->n_assignments + 1) * sizeof(*assignments));
    if (!assignments)
        return err_set(err, E_LIMIT, "the request is too large");
    if (definitions_from_api(request, &definitions, err) < 0)
        return E_INVALID;
    for (size_t i = 0; i < message->n_assignments; i++) {
        if (assignment_from_api(&request->arena, message->assignments[i], &assignments[i], err) < 0)
            return E_INVALID;
    }
    return control_policies_set(request->api->control, &definitions, assignments, message->n_assignments, err);
}

void set_policies(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__set_policies_request__descriptor, bytes, length, set_policies_now);
}

/* Assignments -------------------------------------------------------------------------------------------------- */

static int add_policy_assignment_now(struct request *request, struct err *err)
{
    const Apipb__AddPolicyAssignmentRequest *message = request->message;
    struct assignment_spec assignment;
    int result = assignment_from_api(&request->arena, message->assignment, &assignment, err);
    return result == 0 ? control_assignment_add(request->api->control, &assignment, err) : result;
}

void add_policy_assignment(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__add_policy_assignment_request__descriptor, bytes, length, add_policy_assignment_now);
}

static int set_policy_assignment_now(struct request *request, struct err *err)
{
    const Apipb__SetPolicyAssignmentRequest *message = request->message;
    struct assignment_spec assignment;
    int result = assignment_from_api(&request->arena, message->assignment, &assignment, err);
    return result == 0 ? control_assignment_set(request->api->control, &assignment, err) : result;
}

void set_policy_assignment(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__set_policy_assignment_request__descriptor, bytes, length, set_policy_assignment_now);
}

static int delete_policy_assignment_now(struct request *request, struct err *err)
{
    const Apipb__DeletePolicyAssignmentRequest *message = request->message;
    struct assignment_spec assignment;
    int result = assignment_from_api(&request->arena, message->assignment, &assignment, err);
    return result == 0 ? control_assignment_delete(request->api->control, &assignment, message->all, err) : result;
}

void delete_policy_assignment(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    answer_change(call, &apipb__delete_policy_assignment_request__descriptor, bytes, length,
                  delete_policy_assignment_now);
}

/* One policy of an assignment, with its statements. */
struct assigned_policy {
    struct arena *arena;
    Apipb__PolicyAssignment *to;
};

static void add_assigned_policy(void *context, const struct policy_spec *policy)
{
    struct assigned_policy *assigned = context;
    assigned->to->policies[assigned->to->n_policies++] = policy_to_api(assigned->arena, policy);
}

static void show_assignment(void *context, const struct assignment_spec *assignment)
{
    struct listing *listing = context;
    struct arena arena;
    if (listing->only_said && assignment->policy_count == 0 && assignment->default_action == POLICY_NONE)
        return;
    Apipb__ListPolicyAssignmentResponse response = APIPB__LIST_POLICY_ASSIGNMENT_RESPONSE__INIT;
    Apipb__PolicyAssignment to = APIPB__POLICY_ASSIGNMENT__INIT;
    struct assigned_policy assigned = {.arena = &arena, .to = &to};
    arena_init(&arena, 0);
    to.name = arena_strdup(&arena, assignment->target);
    to.direction = (Apipb__PolicyDirection)assignment->direction;
    to.default_action = (Apipb__RouteAction)assignment->default_action;
    to.policies = arena_alloc(&arena, (assignment->policy_count + 1) * sizeof(*to.policies));
    for (size_t i = 0; i < assignment->policy_count; i++)
        control_policy_list(listing->control, assignment->policies[i], add_assigned_policy, &assigned);
    response.assignment = &to;
    packed_list_add(listing->packed, &response.base);
    arena_release(&arena);
}

static int show_target(struct listing *listing, const char *target, Apipb__PolicyDirection direction, struct err *err)
{
    int result = 0;
    if (direction != APIPB__POLICY_DIRECTION__IMPORT)
        result = control_assignment_show(listing->control, target, POLICY_EXPORT, show_assignment, listing, err);
    if (result == 0 && direction != APIPB__POLICY_DIRECTION__EXPORT)
        result = control_assignment_show(listing->control, target, POLICY_IMPORT, show_assignment, listing, err);
    return result;
}

/* Every neighbor that has something of its own. */
struct all_targets {
    struct listing *listing;
    Apipb__PolicyDirection direction;
};

static void show_neighbor(void *context, const struct peer_name *name)
{
    struct all_targets *all = context;
    char address[ADDR_TEXT_MAX];
    const char *target = name->address.kind == ADDR_NONE ? name->interface : addr_format(&name->address, address);
    show_target(all->listing, target, all->direction, NULL);
}

void list_policy_assignment(struct rpc_call *call, const uint8_t *bytes, size_t length)
{
    struct request request;
    struct listing listing;
    struct err err = {0};
    if (request_begin(&request, call, &apipb__list_policy_assignment_request__descriptor, bytes, length) &&
        listing_begin(&listing, &request)) {
        const Apipb__ListPolicyAssignmentRequest *message = request.message;
        bool one = message->name[0] != '\0';
        if ((unsigned)message->direction > APIPB__POLICY_DIRECTION__EXPORT) {
            err_set(&err, E_INVALID, "invalid policy type");
            packed_list_refuse(call, &err);
        } else if (show_target(&listing, one ? message->name : POLICY_TARGET_GLOBAL, message->direction, &err) < 0) {
            packed_list_refuse(call, &err);
        } else if (!one) {
            struct all_targets all = {.listing = &listing, .direction = message->direction};
            listing.only_said = true;
            control_peer_names(listing.control, show_neighbor, &all);
        }
    }
    request_end(&request);
}
