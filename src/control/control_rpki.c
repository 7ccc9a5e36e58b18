/* RPKI servers, their VRPs, and what these say about paths. The work is the feed's (feeds/rtr_servers.h) and the
 * speaker's (speaker/validation.h). */
#include "base/mem.h"
#include "control/control.h"
#include "control/internal.h"
#include "speaker/validation.h"

enum { STEP_RECORDS = 5000 }; /* sorted in one call, about half a millisecond */

int control_rpki_add(struct control *control, const struct rpki_server_config *server, struct err *err)
{
    struct rpki_server_config complete = *server;
    int result = control_need_started(control, err);
    if (result == E_OK)
        result = rpki_server_config_complete(&complete, err);
    if (result != E_OK)
        return result;
    if (control->rpki == NULL)
        control->rpki = rtr_servers_new(control->speaker);
    return rtr_servers_add(control->rpki, &complete, err);
}

int control_rpki_remove(struct control *control, const char *address, uint16_t port, struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (control->rpki == NULL)
        control->rpki = rtr_servers_new(control->speaker);
    return rtr_servers_remove(control->rpki, address, port, err);
}

int control_rpki_request(struct control *control, enum rpki_request request, const char *address, uint16_t port,
                         struct err *err)
{
    int result = control_need_started(control, err);
    if (result != E_OK)
        return result;
    if (control->rpki == NULL)
        control->rpki = rtr_servers_new(control->speaker);
    if (request == RPKI_ENABLE)
        return rtr_servers_enable(control->rpki, address, port, err);
    if (request == RPKI_DISABLE)
        return rtr_servers_disable(control->rpki, address, port, err);
    return rtr_servers_reset(control->rpki, address, port, request == RPKI_SOFT_RESET, err);
}

void control_rpki_list(const struct control *control, void (*show)(void *context, const struct rtr_server_view *view),
                       void *context)
{
    rtr_servers_list(control->rpki, show, context);
}

bool control_rpki_enabled(const struct control *control)
{
    return rtr_servers_count(control->rpki) > 0;
}

/* VRPs ------------------------------------------------------------------------------------------------------------- */

struct roa_walk {
    struct list link;
    struct control *control;  /* NULL: the table has gone */
    struct vrp_list *list[2]; /* by family; NULL: not wanted, or done */
    struct vrp vrp;
    uint32_t sources; /* of `vrp` that are still to be told */
};

struct roa_walk *control_roa_walk(struct control *control, bool ipv4, bool ipv6)
{
    struct roa_walk *walk = mem_zalloc(MEM_RPKI, sizeof(*walk));
    list_init(&walk->link);
    if (control->speaker->vrps == NULL)
        return walk;
    walk->control = control;
    list_append(&control->roa_walks, &walk->link);
    walk->list[0] = ipv4 ? vrp_list_new(control->speaker->vrps, ADDR_IPV4) : NULL;
    walk->list[1] = ipv6 ? vrp_list_new(control->speaker->vrps, ADDR_IPV6) : NULL;
    return walk;
}

static void drop_lists(struct roa_walk *walk)
{
    for (unsigned i = 0; i < 2; i++) {
        vrp_list_free(walk->list[i]);
        walk->list[i] = NULL;
    }
    walk->sources = 0;
}

void roa_walk_free(struct roa_walk *walk)
{
    if (walk == NULL)
        return;
    drop_lists(walk);
    list_remove(&walk->link);
    mem_free(MEM_RPKI, walk);
}

void roa_walks_stop(struct control *control)
{
    list_foreach_safe (walk, &control->roa_walks, struct roa_walk, link) {
        drop_lists(walk);
        list_remove(&walk->link);
        walk->control = NULL;
    }
}

/* The next source of what is being told; one that has gone meanwhile is passed over. */
static bool tell_source(struct roa_walk *walk, struct roa_view *view)
{
    while (walk->sources != 0) {
        unsigned source = (unsigned)__builtin_ctz(walk->sources);
        walk->sources &= walk->sources - 1;
        *view = (struct roa_view){.vrp = walk->vrp, .server = rtr_servers_of_source(walk->control->rpki, source)};
        if (view->server != NULL)
            return true;
    }
    return false;
}

bool roa_walk_next(struct roa_walk *walk, struct roa_view *view, bool *again)
{
    *again = false;
    while (!tell_source(walk, view)) {
        unsigned family = walk->list[0] != NULL ? 0 : 1;
        struct vrp_list *list = walk->list[family];
        if (list == NULL)
            return false;
        if (!vrp_list_prepare(list, STEP_RECORDS)) {
            *again = true;
            return false;
        }
        if (!vrp_list_next(list, &walk->vrp, &walk->sources)) {
            vrp_list_free(list);
            walk->list[family] = NULL;
        }
    }
    return true;
}

/* Paths ------------------------------------------------------------------------------------------------------------ */

struct validating {
    const struct control *control;
    const struct prefix *prefix;
    struct validation_view *view;
};

static enum roa_match match_of(const struct validating *validating, const struct vrp *vrp)
{
    if (validating->prefix->length > vrp->max_length)
        return ROA_TOO_LONG;
    return vrp->asn != 0 && vrp->asn == validating->view->origin_as ? ROA_MATCHED : ROA_OTHER_AS;
}

static void take_roa(void *context, const struct vrp *vrp, uint32_t sources)
{
    struct validating *validating = context;
    struct validation_view *view = validating->view;
    for (; sources != 0 && view->count < VALIDATION_ROAS_MAX; sources &= sources - 1) {
        const struct rpki_server_config *server =
            rtr_servers_of_source(validating->control->rpki, (unsigned)__builtin_ctz(sources));
        if (server == NULL)
            continue;
        view->roas[view->count].roa = (struct roa_view){.vrp = *vrp, .server = server};
        view->roas[view->count++].match = match_of(validating, vrp);
    }
}

void control_validate(const struct control *control, const struct path_view *path, struct validation_view *view)
{
    struct speaker *speaker = control->speaker;
    struct validating validating = {.control = control, .prefix = &path->prefix, .view = view};
    view->count = 0;
    view->origin_as = validation_origin_of(speaker, path->attrs, path->attrs_length);
    view->state = validation_of(speaker, &path->prefix, view->origin_as);
    if (view->state != VALIDITY_NOT_FOUND && control->rpki != NULL)
        vrp_foreach_covering(speaker->vrps, &path->prefix, take_roa, &validating);
}
