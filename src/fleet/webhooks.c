#include "fleet/webhooks.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "fleet/member.h"
#include "fleet/replica.h"
#include "fleet/state.h"
#include "fleet/words.h"
#include "http/post.h"

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_MAX_MS = 300000,
    FAILURES_MAX = 20, /* of one event; some three quarters of an hour */
    URL_MAX = 600,
    SECRET_MAX = 64,
    STATUS_MAX = 160,
    BODY_MAX_BYTES = 16 << 10,
};

struct hook {
    struct list link;
    struct webhooks *owner;
    char id[ID_TEXT_MAX];
    char project_id[ID_TEXT_MAX];
    char url[URL_MAX];
    char secret[SECRET_MAX];
    int64_t hold_off_ms;
    int64_t delivered; /* number of the last event dealt with */
    int64_t sending;   /* the one under way */
    unsigned failures;
    bool seen;
    struct http_post *post;
    struct loop_timer timer;
};

struct webhooks {
    struct service *service;
    struct list hooks;
};

static void hook_next(struct hook *hook);

static struct store *store_of(const struct hook *hook)
{
    return hook->owner->service->fleet.store;
}

static void hook_dealt_with(struct hook *hook, int64_t event)
{
    hook->delivered = event;
    hook->failures = 0;
}

static void hook_write(struct hook *hook, const char *status)
{
    store_run(store_of(hook), "UPDATE webhooks SET delivered = $1, failures = $2, last_status = $3 WHERE id = $4",
              STORE_ARGS(store_number(hook->delivered), store_number(hook->failures), store_text(status),
                         store_text(hook->id)));
}

static void posted(void *context, unsigned status, const char *reason)
{
    struct hook *hook = context;
    char text[STATUS_MAX];
    bool taken = status >= 200 && status < 300;
    hook->post = NULL;
    if (status)
        snprintf(text, sizeof(text), "HTTP %u", status);
    else
        snprintf(text, sizeof(text), "%s", reason);
    if (taken || ++hook->failures >= FAILURES_MAX) {
        hook_dealt_with(hook, hook->sending);
        hook_write(hook, text);
        loop_timer_start(&hook->timer, 0);
        return;
    }
    unsigned doublings = hook->failures < 10 ? hook->failures - 1 : 9;
    int64_t wait_ms = (int64_t)RETRY_FIRST_MS << doublings;
    hook_write(hook, text);
    loop_timer_start(&hook->timer, wait_ms > RETRY_MAX_MS ? RETRY_MAX_MS : wait_ms);
}

static void hook_send(struct hook *hook, const struct store_rows *event)
{
    struct text body;
    char digest[DIGEST_TEXT_MAX];
    char headers[256];
    text_init(&body, BODY_MAX_BYTES);
    struct json json = json_over(&body);
    json_object(&json);
    member_number(&json, "id", store_rows_number(event, 0));
    member_row_time(&json, "at", event, 1);
    member_row_text(&json, "type", event, 2);
    member_row_text(&json, "body", event, 3);
    member_text(&json, "project_id", hook->project_id);
    member_row_text(&json, "device_id", event, 4);
    member_row_text(&json, "session_id", event, 5);
    member_row_text(&json, "state", event, 6);
    member_row_text(&json, "reason", event, 7);
    json_object_end(&json);
    hook->sending = store_rows_number(event, 0);
    digest_keyed(hook->secret, body.bytes, body.length, digest);
    snprintf(headers, sizeof(headers), "X-Godwit-Signature: sha256=%s\r\nX-Godwit-Delivery: %lld\r\n", digest,
             (long long)hook->sending);
    const struct http_post_wish wish = {
        .url = hook->url,
        .headers = headers,
        .body = body.bytes,
        .length = body.length,
        .private_allowed = hook->owner->service->fleet.settings.webhooks_to_private,
    };
    hook->post = http_post_start(hook->owner->service->fleet.loop, &wish, posted, hook);
    text_release(&body);
}

/* States ----------------------------------------------------------------------------------------------------------- */

static bool is_state(const char *type)
{
    enum fleet_state state;
    return str_starts_with(type, "bgp_session.") && fleet_state_parse(type + strlen("bgp_session."), &state);
}

#define STATE_TYPES "('bgp_session.up', 'bgp_session.partial', 'bgp_session.down', 'bgp_session.unknown')"

/* When the state that the event told was followed by another; 0: it still holds. */
static int64_t ended_at(struct hook *hook, const char *session_id, int64_t event)
{
    int64_t at = 0;
    store_find_number(store_of(hook),
                      "SELECT at FROM events WHERE project_id = $1 AND id > $2 AND session_id = $3"
                      " AND type IN " STATE_TYPES " ORDER BY id LIMIT 1",
                      STORE_ARGS(store_text(hook->project_id), store_number(event), store_text(session_id)), &at);
    return at;
}

/* The last state before the event that held long enough to have been told; "": none. */
static void told_before(struct hook *hook, const char *session_id, int64_t event, char type[40])
{
    int64_t next_at = INT64_MAX;
    type[0] = '\0';
    struct store_rows *rows =
        store_query(store_of(hook),
                    "SELECT type, at FROM events WHERE project_id = $1 AND id <= $2 AND session_id = $3"
                    " AND type IN " STATE_TYPES " ORDER BY id DESC LIMIT 100",
                    STORE_ARGS(store_text(hook->project_id), store_number(event), store_text(session_id)));
    bool first = true;
    while (store_rows_next(rows)) {
        int64_t at = store_rows_number(rows, 1);
        if (!first && next_at - at >= hook->hold_off_ms) {
            snprintf(type, 40, "%s", store_rows_text(rows, 0));
            break;
        }
        first = false;
        next_at = at;
    }
    store_rows_end(rows);
}

enum decision { SEND, SKIP, WAIT };

static enum decision decide(struct hook *hook, const struct store_rows *event, int64_t *wait_ms)
{
    char before[40];
    const char *type = store_rows_text(event, 2);
    const char *session = store_rows_text(event, 5);
    int64_t id = store_rows_number(event, 0);
    int64_t at = store_rows_number(event, 1);
    if (!is_state(type))
        return SEND;
    int64_t ended = ended_at(hook, session, id);
    int64_t held = (ended ? ended : time_now_ms()) - at;
    if (held < hook->hold_off_ms) {
        *wait_ms = hook->hold_off_ms - held;
        return ended ? SKIP : WAIT;
    }
    told_before(hook, session, id, before);
    return strcmp(before, type) == 0 ? SKIP : SEND;
}

/* True: it was passed over, and the next one is due. */
static bool hook_step(struct hook *hook)
{
    struct store_rows *rows = store_query(
        store_of(hook),
        "SELECT id, at, type, body, device_id, session_id, state, reason FROM events WHERE project_id = $1 AND id > $2"
        " AND type NOT LIKE 'bgp_leg.%' AND type <> 'bgp_session.routes' ORDER BY id LIMIT 1",
        STORE_ARGS(store_text(hook->project_id), store_number(hook->delivered)));
    bool again = false;
    if (store_rows_next(rows)) {
        int64_t wait_ms = 0;
        switch (decide(hook, rows, &wait_ms)) {
        case SEND:
            hook_send(hook, rows);
            break;
        case SKIP:
            hook_dealt_with(hook, store_rows_number(rows, 0));
            again = true;
            break;
        case WAIT:
            loop_timer_start(&hook->timer, wait_ms);
            break;
        }
    }
    store_rows_end(rows);
    return again;
}

static void hook_next(struct hook *hook)
{
    if (hook->post || loop_timer_running(&hook->timer))
        return;
    while (hook_step(hook))
        ;
}

static void timer_expired(struct loop_timer *timer)
{
    hook_next(container_of(timer, struct hook, timer));
}

/* The set ---------------------------------------------------------------------------------------------------------- */

static void hook_free(struct hook *hook)
{
    if (hook->post)
        http_post_cancel(hook->post);
    loop_timer_stop(&hook->timer);
    list_remove(&hook->link);
    mem_free(MEM_OTHER, hook);
}

static struct hook *hook_find(struct webhooks *webhooks, const char *id)
{
    list_foreach (hook, &webhooks->hooks, struct hook, link) {
        if (strcmp(hook->id, id) == 0)
            return hook;
    }
    return NULL;
}

static struct hook *hook_new(struct webhooks *webhooks, const struct store_rows *rows)
{
    struct hook *hook = mem_zalloc(MEM_OTHER, sizeof(*hook));
    hook->owner = webhooks;
    snprintf(hook->id, sizeof(hook->id), "%s", store_rows_text(rows, 0));
    snprintf(hook->project_id, sizeof(hook->project_id), "%s", store_rows_text(rows, 1));
    snprintf(hook->url, sizeof(hook->url), "%s", store_rows_text(rows, 2));
    snprintf(hook->secret, sizeof(hook->secret), "%s", store_rows_text(rows, 3));
    hook->hold_off_ms = store_rows_number(rows, 4) * 1000;
    hook->delivered = store_rows_number(rows, 5);
    hook->failures = (unsigned)store_rows_number(rows, 6);
    loop_timer_init(&hook->timer, webhooks->service->fleet.loop, timer_expired);
    list_append(&webhooks->hooks, &hook->link);
    return hook;
}

void webhooks_wake(struct webhooks *webhooks)
{
    list_foreach (hook, &webhooks->hooks, struct hook, link)
        hook_next(hook);
}

void webhooks_restart(struct webhooks *webhooks)
{
    list_foreach_safe (hook, &webhooks->hooks, struct hook, link)
        hook_free(hook); /* how far they are stands in the store */
    webhooks_reload(webhooks);
}

void webhooks_reload(struct webhooks *webhooks)
{
    if (!replica_delivers(webhooks->service->replica))
        return;
    struct store_rows *rows =
        store_query(webhooks->service->fleet.store,
                    "SELECT id, project_id, url, secret, hold_off_s, delivered, failures FROM webhooks", STORE_NO_ARGS);
    while (store_rows_next(rows)) {
        struct hook *hook = hook_find(webhooks, store_rows_text(rows, 0));
        if (!hook)
            hook = hook_new(webhooks, rows);
        hook->seen = true;
    }
    bool complete = store_rows_end(rows) == E_OK;
    list_foreach_safe (hook, &webhooks->hooks, struct hook, link) {
        if (!hook->seen && complete)
            hook_free(hook);
        else
            hook->seen = false;
    }
    webhooks_wake(webhooks);
}

struct webhooks *webhooks_new(struct service *service)
{
    struct webhooks *webhooks = mem_zalloc(MEM_OTHER, sizeof(*webhooks));
    webhooks->service = service;
    list_init(&webhooks->hooks);
    webhooks_reload(webhooks);
    return webhooks;
}

void webhooks_free(struct webhooks *webhooks)
{
    list_foreach_safe (hook, &webhooks->hooks, struct hook, link)
        hook_free(hook);
    mem_free(MEM_OTHER, webhooks);
}
