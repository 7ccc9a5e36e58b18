/* What the fleet service answered, as a table, as JSON or as YAML. */
#pragma once

#include "cli/fleet_call.h"
#include "cli/table.h"

/* A column of a table: a title and the member it shows ("device.hostname", "legs.router.name"). Lists are shown with
 * commas between, what is null or missing as nothing. */
struct fleet_column {
    const char *title;
    const char *member;
    enum table_column_kind kind;
    const char *yes; /* for true and false, in place of these words */
    const char *no;
};

struct fleet_columns {
    const struct fleet_column *columns;
    size_t count;
};

#define FLEET_COLUMNS(array)    \
    {                           \
        array, ARRAY_LEN(array) \
    }

/* How a list is had. */
enum fleet_pages {
    PAGES_NONE,
    PAGES_NUMBERED, /* Metal's: page, per_page, meta */
    PAGES_CURSOR,   /* ours: limit, cursor, next */
    PAGES_AFTER,    /* of events: limit, after, next */
};

struct fleet_list {
    const char *key; /* of the rows in an answer */
    enum fleet_pages pages;
    struct fleet_columns columns;
    const char *nothing; /* what is said on an empty table; NULL: only the titles are printed */
};

struct fleet_rows {
    const struct json_node **rows; /* live as long as the command */
    size_t count;
};

/* The path of the first page. */
const char *fleet_first_page(struct cli *cli, const struct fleet_list *list, const char *path);
/* The path of the page behind an answer, which was the `number`th, from 1; NULL: it was the last. */
const char *fleet_next_page(struct cli *cli, const struct fleet_list *list, const char *path,
                            const struct json_node *answer, unsigned number);

/* All of them, however many pages it takes. */
int fleet_rows_ask(struct cli *cli, const struct fleet_list *list, const char *path, struct fleet_rows *rows);

int fleet_rows_show(struct cli *cli, const struct fleet_list *list, const struct fleet_rows *rows);

/* Both. */
int fleet_list_show(struct cli *cli, const struct fleet_list *list, const char *path);

/* The table alone. */
void fleet_table_show(struct cli *cli, const struct fleet_columns *columns, const struct fleet_rows *rows);

/* One thing: a table of one row, or the document. */
int fleet_one_show(struct cli *cli, const struct fleet_columns *columns, const struct json_node *one);

/* Its rows are the members of a list in something that was answered. */
struct fleet_rows fleet_rows_of(struct cli *cli, const struct json_node *array);

/* A member at the end of "device.hostname". NULL: there is none. */
const struct json_node *fleet_member(const struct json_node *node, const char *path);

/* The text of a member, "" if it has none; in the command's arena where it is not a text itself. */
const char *fleet_member_text(struct cli *cli, const struct json_node *node, const char *path);

/* A document without a newline at its end. */
void fleet_document_show(struct cli *cli, enum fleet_format format, const struct json_node *node, unsigned indent);

/* "Gone." and the like: on a table only, not among documents. */
void fleet_done(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
