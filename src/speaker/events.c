/* See events.h. */
#include "speaker/events.h"

#include "speaker/monitor.h"
#include "speaker/peer.h"
#include "speaker/speaker.h"

static bool anybody(const struct speaker *speaker, size_t member)
{
    list_foreach (subscriber, &speaker->subscribers, struct subscriber, link) {
        void *const *handler = (void *const *)(const void *)((const char *)subscriber->ops + member);
        if (*handler != NULL)
            return true;
    }
    return false;
}

static bool wants_best(const struct speaker *speaker)
{
    return anybody(speaker, offsetof(struct subscriber_ops, best));
}

bool events_want_adj_in(const struct speaker *speaker)
{
    return anybody(speaker, offsetof(struct subscriber_ops, adj_in)) ||
           anybody(speaker, offsetof(struct subscriber_ops, post_policy));
}

/* Monitors exist while somebody listens to best paths. */
void events_adjust_monitors(struct speaker *speaker)
{
    bool wanted = wants_best(speaker);
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        struct speaker_table *table = &speaker->tables[i];
        if (table->rib == NULL)
            continue;
        if (wanted && table->monitor == NULL)
            table->monitor = monitor_new(table->rib);
        if (!wanted && table->monitor != NULL) {
            monitor_free(table->monitor);
            table->monitor = NULL;
        }
    }
}

void speaker_subscribe(struct speaker *speaker, struct subscriber *subscriber)
{
    list_append(&speaker->subscribers, &subscriber->link);
    events_adjust_monitors(speaker);
}

void speaker_unsubscribe(struct speaker *speaker, struct subscriber *subscriber)
{
    list_remove(&subscriber->link);
    events_adjust_monitors(speaker);
}

void events_peer_state(struct speaker *speaker, struct peer *peer)
{
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->peer_state != NULL)
            subscriber->ops->peer_state(subscriber->context, peer);
    }
}

void events_peer_gone(struct speaker *speaker, struct peer *peer)
{
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->peer_gone != NULL)
            subscriber->ops->peer_gone(subscriber->context, peer);
    }
}

void events_update(struct speaker *speaker, struct peer *peer, const struct update *update)
{
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->update != NULL)
            subscriber->ops->update(subscriber->context, peer, update);
    }
}

void events_best(struct speaker *speaker, const struct path_event *event)
{
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->best != NULL)
            subscriber->ops->best(subscriber->context, event);
    }
}

void events_judged(struct speaker *speaker, const struct path_event *event)
{
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->judged != NULL)
            subscriber->ops->judged(subscriber->context, event);
    }
}

void events_refreshed(struct speaker *speaker, struct peer *peer, enum family_id family)
{
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->refreshed != NULL)
            subscriber->ops->refreshed(subscriber->context, peer, family);
    }
}

/* Before policy: the set as received. */
static void tell_adj_in(struct speaker *speaker, const struct path_event *event)
{
    struct path_event before = *event;
    const struct rib *rib = event->rib;
    if (event->path.attrs != 0) {
        attr_id pre = attr_get(rib->view, event->path.attrs)->pre;
        before.path.attrs = pre != 0 ? pre : event->path.attrs;
    }
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->adj_in != NULL)
            subscriber->ops->adj_in(subscriber->context, &before);
    }
}

void events_path_touched(void *context, struct rib *rib, const struct rib_update *update, const struct prefix *prefix,
                         uint32_t path_id)
{
    struct speaker *speaker = context;
    struct path_event event = {
        .rib = rib,
        .prefix = *prefix,
        .path = {.attrs = update->attrs,
                 .path_id = path_id,
                 .source = update->source,
                 .flags = (uint16_t)(update->reject << PATH_REJECT_SHIFT)},
        .withdraw = update->attrs == 0,
    };
    tell_adj_in(speaker, &event);
    if (!event.withdraw && update->reject != PATH_ACCEPTED)
        return;
    list_foreach_safe (subscriber, &speaker->subscribers, struct subscriber, link) {
        if (subscriber->ops->post_policy != NULL)
            subscriber->ops->post_policy(subscriber->context, &event);
    }
}
