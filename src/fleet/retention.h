/* What is old goes: events, the sessions' timeline, the audit log, by age and by count (fleet_settings). In slices, so
 * that nothing waits; among replicas, by the one that delivers webhooks. Up to which number events are gone stands in
 * the store (event_trimmed): who wants to go on from before that is told so.
 */
#pragma once

#include "fleet/service.h"

struct retention;

struct retention *retention_new(struct service *service);
void retention_free(struct retention *retention);
