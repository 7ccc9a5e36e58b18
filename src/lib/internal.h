/* What the library's files share: a speaker as a program has it, and a route as its callbacks get it. */
#pragma once

#include "control/control.h"
#include "godwit/godwit.h"
#include "io/loop.h"

struct godwit {
    struct loop *loop;
    struct control *control;
    struct control_watch *watch; /* NULL: nobody wants to hear anything */
    struct godwit_watcher watcher;
};

struct godwit_route {
    const struct path_view *view;
};

/* A code of base/err.h is the public one; the text goes with it. */
int library_result(int code, const struct err *err, struct godwit_error *error);

/* "192.0.2.1", "fe80::1%eth0" or the name of an interface. */
int library_peer_name(const char *text, struct peer_name *name, struct err *err);

void library_tell_peer(struct godwit *bgp, const struct peer_view *view,
                       void (*peer)(void *context, const struct godwit_peer_state *state), void *context);
