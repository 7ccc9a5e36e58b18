#include "fleet/service.h"

#include "fleet/event_stream.h"

static void news(struct event_listener *listener)
{
    event_streams_wake(container_of(listener, struct service, news));
}

void service_init(struct service *service, struct loop *loop, struct store *store,
                  const struct fleet_settings *settings)
{
    *service = (struct service){.news = {.news = news}};
    list_init(&service->waiting);
    list_init(&service->streams);
    fleet_init(&service->fleet, loop, store, settings);
    event_listen(&service->fleet, &service->news);
}

void service_release(struct service *service)
{
    fleet_release(&service->fleet);
}
