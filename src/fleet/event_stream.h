/* Live events for those who listen. */
#pragma once

#include "fleet/service.h"

void event_streams_wake(struct service *service);
