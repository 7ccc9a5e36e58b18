#include "fleet/list_query.h"

void list_query_init(struct list_query *query, const struct principal *who, const char *select)
{
    query->sql = str_over(query->text, sizeof(query->text));
    query->count = 0;
    str_add(&query->sql, select);
    list_query_value(query, store_text(principal_kind_name(who->kind)));
    list_query_value(query, store_text(who->project_id));
    list_query_value(query, store_text(who->user_id));
}

unsigned list_query_value(struct list_query *query, struct store_value value)
{
    CHECK(query->count < LIST_VALUES_MAX);
    query->values[query->count++] = value;
    return (unsigned)query->count;
}

void list_query_filter(struct list_query *query, const char *condition, const char *end, const char *value)
{
    if (value[0])
        str_printf(&query->sql, " AND %s$%u%s", condition, list_query_value(query, store_text(value)), end);
}

void list_query_project(struct list_query *query, const struct principal *who, const char *column, const char *asked)
{
    const char *project = asked[0] ? asked : who->project_id;
    if (project[0])
        str_printf(&query->sql, " AND %s = $%u", column, list_query_value(query, store_text(project)));
}

struct store_rows *list_query_run(struct list_query *query, struct store *store, const char *order, int64_t limit)
{
    str_printf(&query->sql, "%s LIMIT $%u", order, list_query_value(query, store_number(limit)));
    CHECK(!query->sql.truncated);
    return store_query(store, query->text, (struct store_args){query->values, query->count});
}
