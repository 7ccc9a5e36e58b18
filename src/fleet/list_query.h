/* The statement of a list as it grows, and its parameters: only the conditions that are asked for, so that an index can
 * lead straight to the rows. (A condition that is there for all cases, "$5 = '' OR ...", never lets it.)
 */
#pragma once

#include "base/str.h"
#include "fleet/api.h"

enum { LIST_TEXT_MAX = 1280, LIST_VALUES_MAX = 12 };

struct list_query {
    char text[LIST_TEXT_MAX];
    struct str sql;
    struct store_value values[LIST_VALUES_MAX];
    size_t count;
};

/* `select` ends with a condition, and has VISIBLE()'s three parameters. */
void list_query_init(struct list_query *query, const struct principal *who, const char *select);
unsigned list_query_value(struct list_query *query, struct store_value value); /* its number; texts are not copied */
/* " AND {condition}$n{end}", if there is a value. */
void list_query_filter(struct list_query *query, const char *condition, const char *end, const char *value);
/* Of one project: the one that is asked for, else the only one that may be seen, if it is only one. */
void list_query_project(struct list_query *query, const struct principal *who, const char *column, const char *asked);
/* `order`: " ORDER BY ...". */
struct store_rows *list_query_run(struct list_query *query, struct store *store, const char *order, int64_t limit);
