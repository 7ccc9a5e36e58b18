#include "fleet/share.h"

#include <string.h>

/* Does `a` come before `b` in getting one more? */
static bool is_before(const struct share_holder *a, const struct share_holder *b)
{
    return a->held != b->held ? a->held > b->held : strcmp(a->id, b->id) < 0;
}

unsigned share_target(const struct share_holder *holders, unsigned count, const char *id, unsigned routers)
{
    const struct share_holder *own = holders;
    unsigned before = 0;
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(holders[i].id, id) == 0)
            own = &holders[i];
    }
    for (unsigned i = 0; i < count; i++)
        before += is_before(&holders[i], own);
    return routers / count + (before < routers % count);
}
