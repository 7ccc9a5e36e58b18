/* The events of links whose sessions run on session threads; see link.h. */
#pragma once

#include "speaker/session_thread.h"

void threaded_link_handle(const struct thread_event *event);
