/* Events delivered to tenants' servers. Each webhook is a cursor in the events of its project, moved on when one was
 * taken (2xx) or given up; so nothing is lost over a restart, and what was taken is not sent again. In order, one at a
 * time. A change of a session's state is told once it has held for the webhook's hold-off, and only if it is another
 * than what was told before.
 */
#pragma once

#include "fleet/service.h"

struct webhooks;

struct webhooks *webhooks_new(struct service *service);
void webhooks_free(struct webhooks *webhooks);
void webhooks_wake(struct webhooks *webhooks);    /* there may be something to deliver */
void webhooks_restart(struct webhooks *webhooks); /* it is our turn to deliver, or not any more */
void webhooks_reload(struct webhooks *webhooks);  /* they have changed in the store */
