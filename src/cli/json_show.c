#include "cli/json_show.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/json.h"

enum { SHOW_DEPTH_MAX = JSON_DEPTH_MAX }; /* what is deeper is cut off: nothing we ask for is */

static void line_begin(struct text *out, unsigned indent)
{
    static const char blanks[] = "                                                                ";
    text_add(out, "\n");
    for (; indent > 0; indent -= indent < sizeof(blanks) - 1 ? indent : sizeof(blanks) - 1)
        text_add_n(out, blanks, indent < sizeof(blanks) - 1 ? indent : sizeof(blanks) - 1);
}

static void show_quoted(struct text *out, const char *text)
{
    struct json json = json_over(out);
    json_string(&json, text);
}

/* What has no parts. Containers that are empty have none either. */
static void show_scalar(struct text *out, const struct json_node *node)
{
    switch (json_in_kind(node)) {
    case JSON_KIND_BOOL:
        text_add(out, json_in_bool(node) ? "true" : "false");
        break;
    case JSON_KIND_NUMBER:
        text_printf(out, "%" PRId64, json_in_number(node));
        break;
    case JSON_KIND_REAL:
        text_printf(out, "%.17g", json_in_real(node));
        break;
    case JSON_KIND_TEXT:
        show_quoted(out, json_in_text(node));
        break;
    case JSON_KIND_ARRAY:
        text_add(out, "[]");
        break;
    case JSON_KIND_OBJECT:
        text_add(out, "{}");
        break;
    default:
        text_add(out, "null");
    }
}

static bool has_parts(const struct json_node *node, unsigned indent)
{
    if (indent / 2 >= SHOW_DEPTH_MAX)
        return false;
    return json_in_count(node) > 0 || json_in_next_key(node, NULL) != NULL;
}

#define COMPACT UINT32_MAX /* for an indent: everything in one line */

static unsigned deeper(unsigned indent)
{
    return indent == COMPACT ? COMPACT : indent + 2;
}

static void part_begin(struct text *out, bool first, unsigned indent)
{
    text_add(out, first ? "" : ",");
    if (indent != COMPACT)
        line_begin(out, indent);
}

static void json_write(struct text *out, const struct json_node *node, unsigned indent)
{
    bool array = json_in_kind(node) == JSON_KIND_ARRAY;
    unsigned inner = deeper(indent);
    if (!has_parts(node, indent == COMPACT ? 0 : indent)) {
        show_scalar(out, node);
        return;
    }
    text_add(out, array ? "[" : "{");
    for (size_t i = 0; array && i < json_in_count(node); i++) {
        part_begin(out, i == 0, inner);
        json_write(out, json_in_at(node, i), inner);
    }
    bool first = true;
    for (const char *key = array ? NULL : json_in_next_key(node, NULL); key; key = json_in_next_key(node, key)) {
        part_begin(out, first, inner);
        show_quoted(out, key);
        text_add(out, indent == COMPACT ? ":" : ": ");
        json_write(out, json_in_member(node, key), inner);
        first = false;
    }
    if (indent != COMPACT)
        line_begin(out, indent);
    text_add(out, array ? "]" : "}");
}

void json_show(struct text *out, const struct json_node *node, unsigned indent)
{
    json_write(out, node, indent);
}

void json_show_line(struct text *out, const struct json_node *node)
{
    json_write(out, node, COMPACT);
}

/* YAML ------------------------------------------------------------------------------------------------------------- */

/* May it stand without quotes and still be this text? Said narrowly: a letter, then letters, digits, "_", "-", ".",
 * "/" and single blanks inside; and none of the words that mean something else. */
static bool is_plain(const char *text)
{
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"};
    if (!isalpha((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasecmp(text, words[i]) == 0)
            return false;
    }
    for (const char *at = text; *at; at++) {
        bool blank = *at == ' ' && at[1] && at[1] != ' ';
        if (!blank && !isalnum((unsigned char)*at) && !strchr("_-./", *at))
            return false;
    }
    return true;
}

/* JSON's quoted texts are YAML's too. */
static void yaml_scalar(struct text *out, const struct json_node *node)
{
    const char *text = json_in_text(node);
    if (text && is_plain(text))
        text_add(out, text);
    else
        show_scalar(out, node);
}

static void yaml_value(struct text *out, const struct json_node *node, unsigned indent)
{
    bool parts = has_parts(node, indent);
    if (parts)
        line_begin(out, indent);
    else
        text_add(out, " ");
    yaml_show(out, node, indent);
}

void yaml_show(struct text *out, const struct json_node *node, unsigned indent)
{
    bool first = true;
    if (!has_parts(node, indent)) {
        yaml_scalar(out, node);
        return;
    }
    for (size_t i = 0; i < json_in_count(node); i++, first = false) {
        if (!first)
            line_begin(out, indent);
        text_add(out, "- ");
        yaml_show(out, json_in_at(node, i), indent + 2);
    }
    for (const char *key = json_in_next_key(node, NULL); key; key = json_in_next_key(node, key), first = false) {
        const struct json_node *member = json_in_member(node, key);
        if (!first)
            line_begin(out, indent);
        if (is_plain(key))
            text_add(out, key);
        else
            show_quoted(out, key);
        text_add(out, ":");
        yaml_value(out, member, json_in_kind(member) == JSON_KIND_ARRAY ? indent : indent + 2);
    }
}
