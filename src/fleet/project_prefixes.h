/* The prefixes a project may announce, with what is within them. */
#pragma once

#include "net/prefix.h"
#include "store/store.h"

struct project_prefixes {
    struct prefix *prefixes;
    unsigned count;
};

void project_prefixes_load(struct project_prefixes *list, struct store *store, const char *project_id);
void project_prefixes_release(struct project_prefixes *list);
