#include "fleet/service.h"

#include "fleet/event_stream.h"
#include "fleet/leg.h"
#include "fleet/replica.h"
#include "fleet/retention.h"
#include "fleet/router.h"
#include "fleet/webhooks.h"

static void news(struct event_listener *listener)
{
    struct service *service = container_of(listener, struct service, news);
    event_streams_wake(service);
    webhooks_wake(service->webhooks);
}

void service_init(struct service *service, struct loop *loop, struct store *store,
                  const struct fleet_settings *settings)
{
    *service = (struct service){.news = {.news = news}};
    list_init(&service->waiting);
    list_init(&service->streams);
    fleet_init(&service->fleet, loop, store, settings);
    service->replica = replica_new(service);
    if (!service->replica)
        routers_load(&service->fleet);
    service->webhooks = webhooks_new(service);
    service->retention = retention_new(service);
    event_listen(&service->fleet, &service->news);
}

void service_release(struct service *service)
{
    retention_free(service->retention);
    webhooks_free(service->webhooks);
    legs_flush_all(&service->fleet); /* while the routers are ours */
    replica_free(service->replica);
    fleet_release(&service->fleet);
}
