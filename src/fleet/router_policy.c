#include "fleet/router_policy.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/policy_messages.h"
#include "fleet/project_prefixes.h"

enum {
    SYNC_AGAIN_MS = 10000, /* after it failed */
    SYNC_SOON_MS = 20,     /* changes come in bunches */
};

/* Reading, then changing in an order in which nothing is ever referred to that is not there. */
enum sync_stage {
    SYNC_IDLE,
    SYNC_READ_NEIGHBORS,
    SYNC_READ_PREFIXES,
    SYNC_READ_POLICIES,
    SYNC_READ_ASSIGNMENTS,
    SYNC_ADD,
    SYNC_REMOVE_STATEMENTS,
    SYNC_REMOVE_MEMBERS,
    SYNC_ROUTES,
    SYNC_AGAIN_PEERS,
};

struct router_policy {
    struct router *router;
    enum sync_stage stage;
    bool wished;      /* asked for while it ran */
    bool changed;     /* this time */
    bool unsupported; /* the router's software has no policies */
    struct policy_items items;
    bool originated[2]; /* IPv4, IPv6 */
    bool originate[2];
    struct loop_timer timer;
};

static void sync_step(struct router_policy *policy);

/* What should be --------------------------------------------------------------------------------------------------- */

static void want(struct router_policy *policy, enum policy_kind kind, const char *set, const char *text)
{
    policy_items_put(&policy->items, kind, set, text)->wanted = true;
}

/* Sets are never empty: GoBGP takes an empty neighbor set for everybody. These two are nobody's. */
static const char nobody[] = "255.255.255.254/32";
static const char *const nothing[] = {"255.255.255.255/32 32 32", "ffff::ffff/128 128 128"};

static void want_project(struct router_policy *policy, const struct leg *leg, const char *address)
{
    bool ipv6 = leg->address.kind == ADDR_IPV6;
    char set[64];
    char text[80];
    struct project_prefixes prefixes;
    snprintf(set, sizeof(set), "fleet-servers-ipv%c-%s", ipv6 ? '6' : '4', leg->project_id);
    want(policy, POLICY_NEIGHBORS, set, address);
    snprintf(set, sizeof(set), "fleet-prefixes-ipv%c-%s", ipv6 ? '6' : '4', leg->project_id);
    want(policy, POLICY_PREFIXES, set, nothing[ipv6]);
    project_prefixes_load(&prefixes, policy->router->fleet->store, leg->project_id);
    for (unsigned i = 0; i < prefixes.count; i++) {
        char prefix[PREFIX_TEXT_MAX];
        if (prefixes.prefixes[i].addr.kind != leg->address.kind)
            continue;
        snprintf(text, sizeof(text), "%s %u %u", prefix_format(&prefixes.prefixes[i], prefix),
                 prefixes.prefixes[i].length, ipv6 ? 128 : 32);
        want(policy, POLICY_PREFIXES, set, text);
    }
    project_prefixes_release(&prefixes);
    snprintf(text, sizeof(text), "fleet-import-ipv%c-%s", ipv6 ? '6' : '4', leg->project_id);
    want(policy, POLICY_STATEMENT, policy_import, text);
    want(policy, POLICY_ASSIGNED, policy_import, "");
}

static void want_all(struct router_policy *policy)
{
    policy->originate[0] = policy->originate[1] = false;
    want(policy, POLICY_NEIGHBORS, policy_servers_set, nobody);
    want(policy, POLICY_NEIGHBORS, policy_default_set, nobody);
    want(policy, POLICY_PREFIXES, policy_default_ipv4, "0.0.0.0/0 0 0");
    want(policy, POLICY_PREFIXES, policy_default_ipv6, "::/0 0 0");
    /* In this order: the first that matches decides. */
    want(policy, POLICY_STATEMENT, policy_export, "fleet-export-default-ipv4");
    want(policy, POLICY_STATEMENT, policy_export, "fleet-export-default-ipv6");
    want(policy, POLICY_STATEMENT, policy_export, "fleet-export-nothing");
    want(policy, POLICY_ASSIGNED, policy_export, "");
    list_foreach (leg, &policy->router->legs, struct leg, link) {
        char address[ADDR_TEXT_MAX];
        char host[ADDR_TEXT_MAX + 8];
        if (!leg->wanted)
            continue;
        snprintf(host, sizeof(host), "%s/%u", addr_format(&leg->address, address), addr_bits(&leg->address));
        want(policy, POLICY_NEIGHBORS, policy_servers_set, host);
        if (leg->default_route)
            want(policy, POLICY_NEIGHBORS, policy_default_set, host);
        policy->originate[leg->address.kind == ADDR_IPV6] |= leg->default_route;
        want_project(policy, leg, host);
        leg->policing = true;
    }
}

/* What is ---------------------------------------------------------------------------------------------------------- */

static bool is_ours(const char *name)
{
    return name && str_starts_with(name, "fleet-");
}

static bool set_message(void *context, const uint8_t *bytes, size_t length)
{
    struct router_policy *policy = context;
    Apipb__ListDefinedSetResponse *response = apipb__list_defined_set_response__unpack(NULL, length, bytes);
    Apipb__DefinedSet *set = response ? response->defined_set : NULL;
    bool ours = set && is_ours(set->name);
    for (size_t i = 0; ours && i < set->n_list; i++)
        policy_items_put(&policy->items, POLICY_NEIGHBORS, set->name, set->list[i])->present = true;
    for (size_t i = 0; ours && i < set->n_prefixes; i++) {
        char text[80];
        snprintf(text, sizeof(text), "%.63s %u %u", set->prefixes[i]->ip_prefix, set->prefixes[i]->mask_length_min,
                 set->prefixes[i]->mask_length_max);
        policy_items_put(&policy->items, POLICY_PREFIXES, set->name, text)->present = true;
    }
    if (response)
        apipb__list_defined_set_response__free_unpacked(response, NULL);
    return true;
}

static bool policy_message(void *context, const uint8_t *bytes, size_t length)
{
    struct router_policy *policy = context;
    Apipb__ListPolicyResponse *response = apipb__list_policy_response__unpack(NULL, length, bytes);
    Apipb__Policy *found = response ? response->policy : NULL;
    bool ours = found && is_ours(found->name);
    for (size_t i = 0; ours && i < found->n_statements; i++)
        policy_items_put(&policy->items, POLICY_STATEMENT, found->name, found->statements[i]->name)->present = true;
    if (response)
        apipb__list_policy_response__free_unpacked(response, NULL);
    return true;
}

static bool assignment_message(void *context, const uint8_t *bytes, size_t length)
{
    struct router_policy *policy = context;
    Apipb__ListPolicyAssignmentResponse *response = apipb__list_policy_assignment_response__unpack(NULL, length, bytes);
    Apipb__PolicyAssignment *found = response ? response->assignment : NULL;
    for (size_t i = 0; found && strcmp(found->name, "global") == 0 && i < found->n_policies; i++) {
        if (is_ours(found->policies[i]->name))
            policy_items_put(&policy->items, POLICY_ASSIGNED, found->policies[i]->name, "")->present = true;
    }
    if (response)
        apipb__list_policy_assignment_response__free_unpacked(response, NULL);
    return true;
}

/* The way through -------------------------------------------------------------------------------------------------- */

static void legs_policed(struct router_policy *policy)
{
    list_foreach_safe (leg, &policy->router->legs, struct leg, link) {
        if (leg->policing || policy->unsupported)
            leg->policed = true;
        leg->policing = false;
        leg_provision(leg);
    }
}

static void note(struct router_policy *policy, const char *reason)
{
    store_run(policy->router->fleet->store, "UPDATE routers SET policy = $1 WHERE id = $2",
              STORE_ARGS(store_text(reason), store_text(policy->router->id)));
}

static void sync_finish(struct router_policy *policy, const char *reason)
{
    policy->stage = SYNC_IDLE;
    policy_items_release(&policy->items);
    note(policy, reason);
    if (reason && !policy->unsupported)
        loop_timer_start(&policy->timer, SYNC_AGAIN_MS);
    else if (policy->wished)
        loop_timer_start(&policy->timer, SYNC_SOON_MS);
    policy->wished = false;
    legs_policed(policy);
}

static void step_ended(void *context, const struct rpc_status *status)
{
    struct router_policy *policy = context;
    if (policy->stage == SYNC_IDLE)
        return; /* the router went meanwhile */
    if (status->code == RPC_UNIMPLEMENTED) {
        policy->unsupported = true;
        log_warn("fleet", policy->router->name, "has no policies: servers are told whatever it has");
        sync_finish(policy, "the router's software offers no policies: servers are told every route it has, and what "
                            "they announce is not filtered there");
        return;
    }
    /* A soft reset of a neighbor that is not there yet, or a path that is gone already: no harm. */
    if (status->code != RPC_OK && policy->stage < SYNC_ROUTES) {
        log_warn("fleet", policy->router->name, "its policies could not be set up: %s", status->text);
        sync_finish(policy, status->text);
        return;
    }
    sync_step(policy);
}

static void read_sets(struct router_policy *policy, Apipb__DefinedType type)
{
    Apipb__ListDefinedSetRequest request = APIPB__LIST_DEFINED_SET_REQUEST__INIT;
    request.defined_type = type;
    router_call(policy->router, "/apipb.GobgpApi/ListDefinedSet", &request.base, set_message, step_ended, policy);
}

static void read_policies(struct router_policy *policy)
{
    Apipb__ListPolicyRequest request = APIPB__LIST_POLICY_REQUEST__INIT;
    router_call(policy->router, "/apipb.GobgpApi/ListPolicy", &request.base, policy_message, step_ended, policy);
}

static void read_assignments(struct router_policy *policy)
{
    Apipb__ListPolicyAssignmentRequest request = APIPB__LIST_POLICY_ASSIGNMENT_REQUEST__INIT;
    request.name = (char *)(uintptr_t) "global";
    router_call(policy->router, "/apipb.GobgpApi/ListPolicyAssignment", &request.base, assignment_message, step_ended,
                policy);
}

/* The next difference of this kind; false: there is none. Sets come before what refers to them because kinds do. */
static bool change_next(struct router_policy *policy, bool add, bool statements)
{
    struct policy_item *next = NULL;
    for (size_t i = 0; i < policy->items.count; i++) {
        struct policy_item *item = &policy->items.items[i];
        bool is_statement = item->kind == POLICY_STATEMENT;
        bool due = add ? policy_item_missing(item)
                       : policy_item_surplus(item) && is_statement == statements && item->kind != POLICY_ASSIGNED;
        if (due && (!next || item->kind < next->kind))
            next = item;
    }
    if (!next)
        return false;
    policy->changed = true;
    policy_item_change(policy->router, &policy->items, next, add, step_ended, policy);
    return true;
}

static bool route_next(struct router_policy *policy)
{
    for (unsigned family = 0; family < 2; family++) {
        if (policy->originated[family] == policy->originate[family])
            continue;
        policy->originated[family] = policy->originate[family];
        policy_default_route(policy->router, family == 1, policy->originate[family], step_ended, policy);
        return true;
    }
    return false;
}

/* Is what was changed about this server? Statements of the export policy are about all. */
static bool leg_affected(const struct router_policy *policy, const struct leg *leg)
{
    char address[ADDR_TEXT_MAX];
    size_t length = strlen(addr_format(&leg->address, address));
    for (size_t i = 0; i < policy->items.count; i++) {
        const struct policy_item *item = &policy->items.items[i];
        if (!item->changed)
            continue;
        bool about_all =
            item->kind == POLICY_ASSIGNED || (item->kind == POLICY_STATEMENT && strcmp(item->set, policy_export) == 0);
        bool about_it =
            item->kind == POLICY_NEIGHBORS && strncmp(item->text, address, length) == 0 && item->text[length] == '/';
        bool about_project = item->kind == POLICY_PREFIXES && strstr(item->set, leg->project_id);
        if (about_all || about_it || about_project)
            return true;
    }
    return false;
}

/* Neighbors that are up have been told, and have said, things that would be judged otherwise now. */
static bool peer_next(struct router_policy *policy)
{
    list_foreach (leg, &policy->router->legs, struct leg, link) {
        if (!leg->policing || !policy->changed)
            continue;
        leg->policing = false;
        leg->policed = true;
        if (leg->last.state != LEG_UP || !leg_affected(policy, leg))
            continue;
        policy_run_again(policy->router, &leg->address, step_ended, policy);
        return true;
    }
    return false;
}

static void sync_step(struct router_policy *policy)
{
    switch (policy->stage) {
    case SYNC_IDLE:
        policy->stage = SYNC_READ_NEIGHBORS;
        read_sets(policy, APIPB__DEFINED_TYPE__NEIGHBOR);
        return;
    case SYNC_READ_NEIGHBORS:
        policy->stage = SYNC_READ_PREFIXES;
        read_sets(policy, APIPB__DEFINED_TYPE__PREFIX);
        return;
    case SYNC_READ_PREFIXES:
        policy->stage = SYNC_READ_POLICIES;
        read_policies(policy);
        return;
    case SYNC_READ_POLICIES:
        policy->stage = SYNC_READ_ASSIGNMENTS;
        read_assignments(policy);
        return;
    case SYNC_READ_ASSIGNMENTS:
        policy->stage = SYNC_ADD;
        /* fallthrough */
    case SYNC_ADD:
        if (change_next(policy, true, false))
            return;
        policy->stage = SYNC_REMOVE_STATEMENTS;
        /* fallthrough */
    case SYNC_REMOVE_STATEMENTS:
        if (change_next(policy, false, true))
            return;
        policy->stage = SYNC_REMOVE_MEMBERS;
        /* fallthrough */
    case SYNC_REMOVE_MEMBERS:
        if (change_next(policy, false, false))
            return;
        policy->stage = SYNC_ROUTES;
        /* fallthrough */
    case SYNC_ROUTES:
        if (route_next(policy))
            return;
        policy->stage = SYNC_AGAIN_PEERS;
        /* fallthrough */
    case SYNC_AGAIN_PEERS:
        if (!peer_next(policy))
            sync_finish(policy, NULL);
        return;
    }
}

static void timer_expired(struct loop_timer *timer)
{
    struct router_policy *policy = container_of(timer, struct router_policy, timer);
    if (policy->stage != SYNC_IDLE || policy->router->stage != ROUTER_FOLLOWING)
        return;
    policy->changed = false;
    policy_items_release(&policy->items);
    want_all(policy);
    sync_step(policy);
}

void router_policy_sync(struct router_policy *policy)
{
    if (policy->unsupported) {
        legs_policed(policy);
    } else if (policy->stage != SYNC_IDLE) {
        policy->wished = true;
    } else if (!loop_timer_running(&policy->timer) || loop_timer_left_ms(&policy->timer) > SYNC_SOON_MS) {
        loop_timer_start(&policy->timer, SYNC_SOON_MS);
    }
}

void router_policy_stop(struct router_policy *policy)
{
    policy->stage = SYNC_IDLE;
    policy->wished = false;
    policy->unsupported = false;
    policy->originated[0] = policy->originated[1] = false;
    policy_items_release(&policy->items);
    loop_timer_stop(&policy->timer);
    list_foreach (leg, &policy->router->legs, struct leg, link) {
        leg->policed = false;
        leg->policing = false;
    }
}

struct router_policy *router_policy_new(struct router *router)
{
    struct router_policy *policy = mem_zalloc(MEM_OTHER, sizeof(*policy));
    policy->router = router;
    loop_timer_init(&policy->timer, router->fleet->loop, timer_expired);
    return policy;
}

void router_policy_free(struct router_policy *policy)
{
    if (!policy)
        return;
    loop_timer_stop(&policy->timer);
    policy_items_release(&policy->items);
    mem_free(MEM_OTHER, policy);
}
