#include "fleet/project_prefixes.h"

#include "base/mem.h"

void project_prefixes_load(struct project_prefixes *list, struct store *store, const char *project_id)
{
    *list = (struct project_prefixes){0};
    struct store_rows *rows =
        store_query(store, "SELECT prefix FROM project_prefixes WHERE project_id = $1 ORDER BY family, prefix",
                    STORE_ARGS(store_text(project_id)));
    while (store_rows_next(rows)) {
        struct prefix prefix;
        if (prefix_parse(store_rows_text(rows, 0), true, &prefix) < 0)
            continue;
        list->prefixes = mem_realloc(MEM_OTHER, list->prefixes, (list->count + 1) * sizeof(prefix));
        list->prefixes[list->count++] = prefix;
    }
    store_rows_end(rows);
}

void project_prefixes_release(struct project_prefixes *list)
{
    mem_free(MEM_OTHER, list->prefixes);
}
