#include "cli/fleet_show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "cli/json_show.h"

enum { PAGE_ROWS = 1000, PAGES_MAX = 100000, DOCUMENT_MAX_BYTES = 1 << 30 };

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

/* The path of the page that follows; NULL: this was the last. */
static const char *next_page(struct cli *cli, const struct fleet_list *list, const char *path,
                             const struct json_node *answer, unsigned number)
{
    const char *join = strchr(path, '?') ? "&" : "?";
    const char *cursor = json_in_text(json_in_member(answer, "next"));
    if (list->pages == PAGES_CURSOR && cursor)
        return arena_printf(&cli->arena, "%s%slimit=%d%s", path, join, PAGE_ROWS,
                            fleet_path(cli, "&cursor=%s", cursor));
    if (list->pages == PAGES_NUMBERED && number < (uint64_t)json_in_number(fleet_member(answer, "meta.last_page")))
        return arena_printf(&cli->arena, "%s%sper_page=%d&page=%u", path, join, PAGE_ROWS, number + 1);
    return NULL;
}

int fleet_rows_ask(struct cli *cli, const struct fleet_list *list, const char *path, struct fleet_rows *rows)
{
    const char *join = strchr(path, '?') ? "&" : "?";
    const char *page = list->pages == PAGES_NONE ? path
                       : list->pages == PAGES_CURSOR
                           ? arena_printf(&cli->arena, "%s%slimit=%d", path, join, PAGE_ROWS)
                           : arena_printf(&cli->arena, "%s%sper_page=%d", path, join, PAGE_ROWS);
    *rows = (struct fleet_rows){0};
    for (unsigned number = 1; page && number <= PAGES_MAX; number++) {
        const struct json_node *answer;
        if (fleet_ask(cli, &(struct fleet_request){.path = page}, &answer) < 0)
            return E_INVALID;
        const struct json_node *found = json_in_member(answer, list->key);
        if (json_in_kind(found) != JSON_KIND_ARRAY)
            return cli_fail(cli, "GET %s: the answer has no list \"%s\"", page, list->key);
        rows_append(cli, rows, found);
        page = json_in_count(found) ? next_page(cli, list, path, answer, number) : NULL;
    }
    return 0;
}

/* Showing ---------------------------------------------------------------------------------------------------------- */

static void table_row(struct table *table, const struct fleet_columns *columns, const struct json_node *row)
{
    struct text cell;
    text_init(&cell, DOCUMENT_MAX_BYTES);
    for (size_t i = 0; i < columns->count; i++) {
        text_clear(&cell);
        value_text(&cell, fleet_member(row, columns->columns[i].member));
        table_cell(table, cell.length ? cell.bytes : "");
    }
    text_release(&cell);
}

static void show_table(struct cli *cli, const struct fleet_columns *columns, const struct fleet_rows *rows)
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

static void show_document(struct cli *cli, enum fleet_format format, const struct json_node *node, unsigned indent)
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
        show_document(cli, format, rows->rows[i], 2);
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
        show_table(cli, &list->columns, rows);
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
        show_table(cli, columns, &rows);
    } else {
        show_document(cli, format, one, 0);
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
