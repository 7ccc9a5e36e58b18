#include "cli/fleet_show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "cli/json_show.h"

enum {
    PAGE_ROWS = 250, /* the service answers others between two pages */
    DOCUMENT_MAX_BYTES = 1 << 30,
};

const struct json_node *fleet_member(const struct json_node *node, const char *path)
{
    char key[64];
    while (node && *path) {
        size_t length = strcspn(path, ".");
        struct str name = str_over(key, sizeof(key));
        str_add_n(&name, path, length);
        node = json_in_member(node, key);
        path += length + (path[length] == '.');
    }
    return node;
}

static void value_text(struct text *out, const struct json_node *value)
{
    switch (json_in_kind(value)) {
    case JSON_KIND_TEXT:
        text_add(out, json_in_text(value));
        break;
    case JSON_KIND_NULL:
    case JSON_KIND_NONE:
        break;
    case JSON_KIND_ARRAY:
        for (size_t i = 0; i < json_in_count(value); i++) {
            text_add(out, i ? "," : "");
            value_text(out, json_in_at(value, i));
        }
        break;
    default:
        json_show(out, value, 0);
    }
}

const char *fleet_member_text(struct cli *cli, const struct json_node *node, const char *path)
{
    const struct json_node *value = fleet_member(node, path);
    if (json_in_kind(value) == JSON_KIND_TEXT)
        return json_in_text(value);
    struct text text;
    text_init(&text, DOCUMENT_MAX_BYTES);
    value_text(&text, value);
    const char *kept = arena_strndup(&cli->arena, text.bytes ? text.bytes : "", text.length);
    text_release(&text);
    return kept;
}

/* Asking ----------------------------------------------------------------------------------------------------------- */

static void rows_append(struct cli *cli, struct fleet_rows *rows, const struct json_node *page)
{
    size_t count = json_in_count(page);
    const struct json_node **larger = arena_alloc(&cli->arena, (rows->count + count + 1) * sizeof(*larger));
    if (rows->count)
        memcpy(larger, rows->rows, rows->count * sizeof(*larger));
    for (size_t i = 0; i < count; i++)
        larger[rows->count++] = json_in_at(page, i);
    rows->rows = larger;
}

struct fleet_rows fleet_rows_of(struct cli *cli, const struct json_node *array)
{
    struct fleet_rows rows = {0};
    rows_append(cli, &rows, array);
    return rows;
}

static const char *with_query(struct cli *cli, const char *path, const char *name, unsigned number)
{
    return arena_printf(&cli->arena, "%s%s%s=%u", path, strchr(path, '?') ? "&" : "?", name, number);
}

const char *fleet_first_page(struct cli *cli, const struct fleet_list *list, const char *path)
{
    if (list->pages == PAGES_NONE)
        return path;
    return with_query(cli, path, list->pages == PAGES_NUMBERED ? "per_page" : "limit", PAGE_ROWS);
}

const char *fleet_next_page(struct cli *cli, const struct fleet_list *list, const char *path,
                            const struct json_node *answer, unsigned number)
{
    const char *cursor = json_in_text(json_in_member(answer, "next"));
    const char *first = fleet_first_page(cli, list, path);
    if (json_in_count(json_in_member(answer, list->key)) == 0)
        return NULL; /* whatever it says of more */
    if (list->pages == PAGES_CURSOR && cursor)
        return arena_printf(&cli->arena, "%s%s", first, fleet_path(cli, "&cursor=%s", cursor));
    if (list->pages == PAGES_AFTER && cursor)
        return arena_printf(&cli->arena, "%s%s", first, fleet_path(cli, "&after=%s", cursor));
    if (list->pages == PAGES_NUMBERED && (int64_t)number < json_in_number(fleet_member(answer, "meta.last_page")))
        return with_query(cli, first, "page", number + 1);
    return NULL;
}

int fleet_rows_ask(struct cli *cli, const struct fleet_list *list, const char *path, struct fleet_rows *rows)
{
    const char *page = fleet_first_page(cli, list, path);
    *rows = (struct fleet_rows){0};
    for (unsigned number = 1; page; number++) {
        const struct json_node *answer;
        if (fleet_ask(cli, &(struct fleet_request){.path = page}, &answer) < 0)
            return E_INVALID;
        const struct json_node *found = json_in_member(answer, list->key);
        if (json_in_kind(found) != JSON_KIND_ARRAY)
            return cli_fail(cli, "GET %s: the answer has no list \"%s\"", page, list->key);
        rows_append(cli, rows, found);
        page = fleet_next_page(cli, list, path, answer, number);
    }
    return 0;
}

/* Showing ---------------------------------------------------------------------------------------------------------- */

/* Walks a path; at a list, on in each of its parts. */
static void column_text(struct text *out, const struct fleet_column *column, const struct json_node *node,
                        const char *path)
{
    char key[64];
    size_t length = strcspn(path, ".");
    if (*path && json_in_kind(node) == JSON_KIND_ARRAY) {
        for (size_t i = 0; i < json_in_count(node); i++) {
            text_add(out, i ? "," : "");
            column_text(out, column, json_in_at(node, i), path);
        }
    } else if (*path) {
        struct str name = str_over(key, sizeof(key));
        str_add_n(&name, path, length);
        column_text(out, column, json_in_member(node, key), path + length + (path[length] == '.'));
    } else if (column->yes && json_in_kind(node) == JSON_KIND_BOOL) {
        text_add(out, json_in_bool(node) ? column->yes : column->no);
    } else {
        value_text(out, node);
    }
}

/* Times to the second: "2026-11-22T06:01:06.053Z" without ".053". */
static void cut_fraction(struct text *cell)
{
    char *point = cell->length ? strchr(cell->bytes, '.') : NULL;
    if (!point)
        return;
    size_t digits = strspn(point + 1, "0123456789");
    memmove(point, point + 1 + digits, strlen(point + 1 + digits) + 1);
    cell->length -= 1 + digits;
}

static void table_row(struct table *table, const struct fleet_columns *columns, const struct json_node *row)
{
    struct text cell;
    text_init(&cell, DOCUMENT_MAX_BYTES);
    for (size_t i = 0; i < columns->count; i++) {
        text_clear(&cell);
        column_text(&cell, &columns->columns[i], row, columns->columns[i].member);
        if (columns->columns[i].kind == TABLE_TIME)
            cut_fraction(&cell);
        table_cell(table, cell.length ? cell.bytes : "");
    }
    text_release(&cell);
}

void fleet_table_show(struct cli *cli, const struct fleet_columns *columns, const struct fleet_rows *rows)
{
    struct table table;
    table_init(&table);
    for (size_t i = 0; i < columns->count; i++)
        table_column(&table, columns->columns[i].title, columns->columns[i].kind);
    for (size_t i = 0; i < rows->count; i++)
        table_row(&table, columns, rows->rows[i]);
    table_print(&table, &cli->out);
    table_release(&table);
}

void fleet_document_show(struct cli *cli, enum fleet_format format, const struct json_node *node, unsigned indent)
{
    struct text text;
    text_init(&text, DOCUMENT_MAX_BYTES);
    if (format == FORMAT_JSON)
        json_show(&text, node, indent);
    else
        yaml_show(&text, node, indent);
    output_add_n(&cli->out, text.bytes, text.length);
    text_release(&text);
}

static void show_documents(struct cli *cli, enum fleet_format format, const struct fleet_rows *rows)
{
    bool json = format == FORMAT_JSON;
    if (rows->count == 0) {
        output_add(&cli->out, "[]\n");
        return;
    }
    for (size_t i = 0; i < rows->count; i++) {
        output_add(&cli->out, json ? i ? ",\n  " : "[\n  " : "- ");
        fleet_document_show(cli, format, rows->rows[i], 2);
        output_add(&cli->out, json ? "" : "\n");
    }
    output_add(&cli->out, json ? "\n]\n" : "");
}

int fleet_rows_show(struct cli *cli, const struct fleet_list *list, const struct fleet_rows *rows)
{
    enum fleet_format format;
    if (fleet_format(cli, &format) < 0)
        return E_INVALID;
    if (cli->options.quiet) {
        for (size_t i = 0; i < rows->count; i++)
            output_printf(&cli->out, "%s\n", fleet_member_text(cli, rows->rows[i], "id"));
        return 0;
    }
    if (format != FORMAT_TABLE)
        show_documents(cli, format, rows);
    else if (rows->count == 0 && list->nothing)
        output_printf(&cli->out, "%s\n", list->nothing);
    else
        fleet_table_show(cli, &list->columns, rows);
    return 0;
}

int fleet_list_show(struct cli *cli, const struct fleet_list *list, const char *path)
{
    struct fleet_rows rows;
    enum fleet_format format;
    if (fleet_format(cli, &format) < 0 || fleet_rows_ask(cli, list, path, &rows) < 0)
        return E_INVALID;
    return fleet_rows_show(cli, list, &rows);
}

int fleet_one_show(struct cli *cli, const struct fleet_columns *columns, const struct json_node *one)
{
    enum fleet_format format;
    struct fleet_rows rows = {.rows = &one, .count = 1};
    if (fleet_format(cli, &format) < 0)
        return E_INVALID;
    if (cli->options.quiet) {
        output_printf(&cli->out, "%s\n", fleet_member_text(cli, one, "id"));
    } else if (format == FORMAT_TABLE) {
        fleet_table_show(cli, columns, &rows);
    } else {
        fleet_document_show(cli, format, one, 0);
        output_add(&cli->out, "\n");
    }
    return 0;
}

void fleet_done(struct cli *cli, const char *format, ...)
{
    va_list arguments;
    struct text text;
    if (!fleet_wants_table(cli))
        return;
    text_init(&text, 1 << 16);
    va_start(arguments, format);
    text_vprintf(&text, format, arguments);
    va_end(arguments);
    output_printf(&cli->out, "%s\n", text.bytes);
    text_release(&text);
}
