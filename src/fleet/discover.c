/* "Update now": every router that carries a session in question is read again, and the answer waits until they have
 * answered, or for so long as one may make a person wait. Routers that cannot be read are not waited for: their legs
 * are unknown, which is the answer.
 */
#include "base/mem.h"
#include "fleet/handlers.h"
#include "fleet/router.h"

struct discovery {
    struct list link; /* in service->waiting */
    struct api_call *call;
    struct loop_timer limit;
    unsigned waiting;
};

static void discovery_free(struct discovery *discovery)
{
    struct fleet *fleet = discovery->call->fleet;
    list_foreach (router, &fleet->routers, struct router, link)
        router_refresh_forget(router, discovery);
    loop_timer_stop(&discovery->limit);
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

static void router_read(void *context, bool answered)
{
    struct discovery *discovery = context;
    if (--discovery->waiting == 0)
        loop_timer_start(&discovery->limit, 0); /* what was seen is written first */
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
    list_append(&call->service->waiting, &discovery->link);
    loop_timer_init(&discovery->limit, call->fleet->loop, limit_expired);
    loop_timer_start(&discovery->limit, call->fleet->settings.answer_ms);
    api_defer(call);
    http_request_wait(call->http, gone, discovery);
    store_run(call->store, touched, STORE_ARGS(store_number(time_now_ms()), store_text(call->id)));
    struct store_rows *rows = store_query(call->store, routers, STORE_ARGS(store_text(call->id)));
    while (store_rows_next(rows)) {
        struct router *router = router_find(call->fleet, store_rows_text(rows, 0));
        if (!router || router->stage != ROUTER_FOLLOWING)
            continue;
        discovery->waiting++;
        router_refresh(router, router_read, discovery);
    }
    store_rows_end(rows);
    if (discovery->waiting == 0)
        loop_timer_start(&discovery->limit, 0);
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
