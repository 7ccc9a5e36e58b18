/* Strings are always double-quoted, with the escapes TOML, YAML and JSON have in common; numbers and bools stay as
 * they are, so each syntax reads back the same tree. TOML wants the plain members of a table before its tables. */
#include "config/emit.h"

#include <string.h>

#include "base/utf8.h"

enum { PATH_BYTES_MAX = 512 };

static void write_string(const char *string, struct text *out)
{
    size_t left = strlen(string);
    text_add(out, "\"");
    while (left > 0) {
        uint32_t rune;
        unsigned octets = utf8_decode(string, left, &rune);
        if (octets == 0)
            text_add(out, "\\ufffd");
        else if (rune == '"' || rune == '\\')
            text_printf(out, "\\%c", (char)rune);
        else if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0xfeff)
            text_printf(out, "\\u%04x", rune);
        else
            text_add_n(out, string, octets);
        string += octets ? octets : 1;
        left -= octets ? octets : 1;
    }
    text_add(out, "\"");
}

static void write_scalar(const struct node *node, struct text *out)
{
    if (node->kind == NODE_STRING)
        write_string(node->text, out);
    else
        text_add(out, node->kind == NODE_NULL ? "null" : node->text);
}

static bool holds_tables(const struct node *node)
{
    return node->kind == NODE_LIST && node->first && node->first->kind == NODE_TABLE;
}

/* [a, b]: alike in all three. */
static void write_flat_list(const struct node *list, struct text *out)
{
    text_add(out, "[");
    for (const struct node *child = list->first; child; child = child->next) {
        write_scalar(child, out);
        text_add(out, child->next ? ", " : "");
    }
    text_add(out, "]");
}

static void write_leaf(const struct node *node, struct text *out)
{
    if (node->kind == NODE_LIST)
        write_flat_list(node, out);
    else
        write_scalar(node, out);
}

static void write_toml_table(const struct node *table, struct str *path, struct text *out);

static void write_toml_header(const struct node *table, const struct str *path, bool element, struct text *out)
{
    bool has_leaf = element || table->count == 0;
    for (const struct node *child = table->first; child; child = child->next)
        has_leaf |= child->kind != NODE_TABLE && !holds_tables(child);
    if (has_leaf)
        text_printf(out, "%s%s%s%s\n", out->length ? "\n" : "", element ? "[[" : "[", path->text, element ? "]]" : "]");
}

static void write_toml_table(const struct node *table, struct str *path, struct text *out)
{
    for (const struct node *child = table->first; child; child = child->next) {
        if (child->kind == NODE_TABLE || holds_tables(child))
            continue;
        text_printf(out, "%s = ", child->key);
        write_leaf(child, out);
        text_add(out, "\n");
    }
    size_t length = path->length;
    for (const struct node *child = table->first; child; child = child->next) {
        bool several = holds_tables(child);
        if (child->kind != NODE_TABLE && !several)
            continue;
        str_printf(path, "%s%s", length ? "." : "", child->key);
        const struct node *element = several ? child->first : child;
        while (element) {
            write_toml_header(element, path, several, out);
            write_toml_table(element, path, out);
            element = several ? element->next : NULL;
        }
        path->length = length;
        path->text[length] = '\0';
    }
}

static void indent(unsigned depth, struct text *out)
{
    while (depth-- > 0)
        text_add(out, "  ");
}

/* `inline_first`: the first key stands behind a "- ". */
static void write_yaml_table(const struct node *table, unsigned depth, bool inline_first, struct text *out)
{
    for (const struct node *child = table->first; child; child = child->next) {
        if (child != table->first || !inline_first)
            indent(depth, out);
        text_printf(out, "%s:", child->key);
        if (child->kind == NODE_TABLE && child->count > 0) {
            text_add(out, "\n");
            write_yaml_table(child, depth + 1, false, out);
        } else if (holds_tables(child)) {
            text_add(out, "\n");
            for (const struct node *element = child->first; element; element = element->next) {
                indent(depth + 1, out);
                text_add(out, element->count ? "- " : "- {}\n");
                write_yaml_table(element, depth + 2, true, out);
            }
        } else {
            text_add(out, " ");
            if (child->kind == NODE_TABLE)
                text_add(out, "{}");
            else
                write_leaf(child, out);
            text_add(out, "\n");
        }
    }
}

static void write_json(const struct node *node, unsigned depth, struct text *out)
{
    bool table = node->kind == NODE_TABLE;
    if (!table && !holds_tables(node)) {
        write_leaf(node, out);
        return;
    }
    text_add(out, table ? "{" : "[");
    for (const struct node *child = node->first; child; child = child->next) {
        text_add(out, "\n");
        indent(depth + 1, out);
        if (table)
            text_printf(out, "\"%s\": ", child->key);
        write_json(child, depth + 1, out);
        text_add(out, child->next ? "," : "\n");
    }
    if (node->count > 0)
        indent(depth, out);
    text_add(out, table ? "}" : "]");
}

void tree_write(const struct node *root, enum config_format format, struct text *out)
{
    char memory[PATH_BYTES_MAX];
    struct str path = str_over(memory, sizeof(memory));
    switch (format) {
    case CONFIG_TOML:
        write_toml_table(root, &path, out);
        break;
    case CONFIG_YAML:
        write_yaml_table(root, 0, false, out);
        break;
    case CONFIG_JSON:
        write_json(root, 0, out);
        text_add(out, "\n");
        break;
    }
}
