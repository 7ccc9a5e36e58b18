/* Watching: the speaker's events as views. */
#include "base/check.h"
#include "base/mem.h"
#include "control/control.h"
#include "control/internal.h"

struct control_watch {
    struct subscriber subscriber;
    struct subscriber_ops subscriber_ops;
    struct control *control;
    struct watch_ops ops;
    void *context;
};

static void on_peer_state(void *context, struct peer *peer)
{
    struct control_watch *watch = context;
    control_view_peer(peer, watch->ops.peer_state, watch->context);
}

static void view_event(const struct control_watch *watch, const struct path_event *event, struct path_view *view)
{
    control_view_path(watch->control, event->rib, &event->prefix, &event->path, event->path.attrs, view);
    view->withdraw = event->withdraw;
}

static void on_best(void *context, const struct path_event *event)
{
    struct control_watch *watch = context;
    struct path_view view;
    view_event(watch, event, &view);
    view.best = !event->withdraw;
    watch->ops.best(watch->context, &view, 1);
}

static void on_adj_in(void *context, const struct path_event *event)
{
    struct control_watch *watch = context;
    struct path_view view;
    view_event(watch, event, &view);
    view.filtered = false;
    watch->ops.adj_in(watch->context, &view, 1);
}

static void on_post_policy(void *context, const struct path_event *event)
{
    struct control_watch *watch = context;
    struct path_view view;
    view_event(watch, event, &view);
    watch->ops.post_policy(watch->context, &view, 1);
}

struct control_watch *control_watch_new(struct control *control, const struct watch_ops *ops, void *context)
{
    struct control_watch *watch = mem_zalloc(MEM_OTHER, sizeof(*watch));
    watch->control = control;
    watch->ops = *ops;
    watch->context = context;
    watch->subscriber_ops = (struct subscriber_ops){
        .peer_state = ops->peer_state ? on_peer_state : NULL,
        .best = ops->best ? on_best : NULL,
        .adj_in = ops->adj_in ? on_adj_in : NULL,
        .post_policy = ops->post_policy ? on_post_policy : NULL,
    };
    watch->subscriber.ops = &watch->subscriber_ops;
    watch->subscriber.context = watch;
    speaker_subscribe(control->speaker, &watch->subscriber);
    return watch;
}

void control_watch_free(struct control_watch *watch)
{
    if (watch == NULL)
        return;
    speaker_unsubscribe(watch->control->speaker, &watch->subscriber);
    mem_free(MEM_OTHER, watch);
}
