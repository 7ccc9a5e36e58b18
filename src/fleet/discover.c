/* "Update now": every router that carries a session in question is read again, and the answer waits until they have
 * answered, or for so long as one may make a person wait. Routers that cannot be read are not waited for: their legs
 * are unknown, which is the answer. A router that another replica watches is read by that one, which says so in the
 * store.
 */
#include <stdio.h>

#include "base/mem.h"
#include "fleet/handlers.h"
#include "fleet/replica.h"
#include "fleet/router.h"

enum { LOOK_MS = 50 };

/* A router that another replica reads for us. */
struct remote {
    struct list link;
    char router_id[ID_TEXT_MAX];
    int64_t number;
};

struct discovery {
    struct list link; /* in service->waiting */
    struct api_call *call;
    struct loop_timer limit;
    struct loop_timer look; /* whether everything is there */
    struct list remotes;    /* struct remote */
    unsigned waiting;       /* routers of our own */
};

static void remote_free(struct remote *remote)
{
    list_remove(&remote->link);
    mem_free(MEM_OTHER, remote);
}

static void discovery_free(struct discovery *discovery)
{
    struct fleet *fleet = discovery->call->fleet;
    list_foreach (router, &fleet->routers, struct router, link)
        router_refresh_forget(router, discovery);
    list_foreach_safe (remote, &discovery->remotes, struct remote, link)
        remote_free(remote);
    loop_timer_stop(&discovery->limit);
    loop_timer_stop(&discovery->look);
    list_remove(&discovery->link);
    api_finish(discovery->call);
    mem_free(MEM_OTHER, discovery);
}

static void discovery_answer(struct discovery *discovery)
{
    struct api_call *call = discovery->call;
    json_object(&call->json);
    member_time(&call->json, "updated_at", time_now_ms());
    json_object_end(&call->json);
    api_reply(call, 200);
    discovery_free(discovery);
}

static void limit_expired(struct loop_timer *timer)
{
    discovery_answer(container_of(timer, struct discovery, limit));
}

/* What was seen is written before it is answered. */
static void look_due(struct loop_timer *timer)
{
    struct discovery *discovery = container_of(timer, struct discovery, look);
    struct service *service = discovery->call->service;
    list_foreach_safe (remote, &discovery->remotes, struct remote, link) {
        if (replica_has_read(service->replica, remote->router_id, remote->number))
            remote_free(remote);
    }
    if (discovery->waiting == 0 && list_empty(&discovery->remotes) && list_empty(&service->fleet.dirty))
        discovery_answer(discovery);
    else
        loop_timer_start(timer, LOOK_MS);
}

static void router_read(void *context, bool answered)
{
    struct discovery *discovery = context;
    if (--discovery->waiting == 0)
        loop_timer_start(&discovery->look, 0);
}

static void read_elsewhere(struct discovery *discovery, const char *router_id)
{
    int64_t number = replica_asks_to_read(discovery->call->service->replica, router_id);
    if (number == 0)
        return;
    struct remote *remote = mem_zalloc(MEM_OTHER, sizeof(*remote));
    snprintf(remote->router_id, sizeof(remote->router_id), "%s", router_id);
    remote->number = number;
    list_append(&discovery->remotes, &remote->link);
}

static void gone(void *context)
{
    discovery_free(context);
}

/* `sql`: ids of routers, for VISIBLE's three and the id of the path. */
static void discover(struct api_call *call, const char *routers, const char *touched)
{
    struct discovery *discovery = mem_zalloc(MEM_OTHER, sizeof(*discovery));
    discovery->call = call;
    list_init(&discovery->link);
    list_init(&discovery->remotes);
    list_append(&call->service->waiting, &discovery->link);
    loop_timer_init(&discovery->limit, call->fleet->loop, limit_expired);
    loop_timer_start(&discovery->limit, call->fleet->settings.answer_ms);
    loop_timer_init(&discovery->look, call->fleet->loop, look_due);
    api_defer(call);
    http_request_wait(call->http, gone, discovery);
    store_run(call->store, touched, STORE_ARGS(store_number(time_now_ms()), store_text(call->id)));
    struct store_rows *rows = store_query(call->store, routers, STORE_ARGS(store_text(call->id)));
    while (store_rows_next(rows)) {
        struct router *router = router_find(call->fleet, store_rows_text(rows, 0));
        if (!router) {
            read_elsewhere(discovery, store_rows_text(rows, 0));
        } else if (router->stage == ROUTER_FOLLOWING) {
            discovery->waiting++;
            router_refresh(router, router_read, discovery);
        }
    }
    store_rows_end(rows);
    loop_timer_start(&discovery->look, 0);
}

void discover_project(struct api_call *call)
{
    if (api_find_project(call))
        discover(
            call,
            "SELECT DISTINCT l.router_id FROM legs l JOIN sessions s ON s.id = l.session_id WHERE s.project_id = $1",
            "UPDATE sessions SET updated_at = $1 WHERE project_id = $2");
}

void discover_device(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (api_find_device(call, project))
        discover(
            call,
            "SELECT DISTINCT l.router_id FROM legs l JOIN sessions s ON s.id = l.session_id WHERE s.device_id = $1",
            "UPDATE sessions SET updated_at = $1 WHERE device_id = $2");
}

void discover_session(struct api_call *call)
{
    char project[ID_TEXT_MAX];
    if (api_find_session(call, project))
        discover(call, "SELECT router_id FROM legs WHERE session_id = $1",
                 "UPDATE sessions SET updated_at = $1 WHERE id = $2");
}
