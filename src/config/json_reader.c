/* JSON into a tree: RFC 8259 and nothing beside it (no comments, no trailing commas), each key once. */
#include <string.h>

#include "config/scan.h"

struct json_reader {
    struct scan scan;
    struct tree *tree;
    struct text scratch;
    struct err *err;
    unsigned depth;
};

static int read_value(struct json_reader *json, struct node **value);

static int fail(struct json_reader *json, const char *expected)
{
    char shown[TREE_EXCERPT_MAX];
    return tree_error(json->tree, json->scan.place, json->err, "%s expected, found %s", expected,
                      scan_shown(&json->scan, shown));
}

static int fail_at(struct json_reader *json, struct place place, const char *problem)
{
    return tree_error(json->tree, place, json->err, "%s", problem);
}

static void skip_space(struct scan *scan)
{
    while (scan_peek(scan) == ' ' || scan_peek(scan) == '\t' || scan_peek(scan) == '\n' || scan_peek(scan) == '\r')
        scan_next(scan);
}

/* \uXXXX, where a code point beyond the first plane comes as two of them. */
static bool read_unicode(struct json_reader *json)
{
    uint32_t rune;
    uint32_t low;
    if (!scan_hex(&json->scan, 4, &rune))
        return false;
    if (rune >= 0xd800 && rune <= 0xdbff) {
        if (!scan_skip(&json->scan, '\\') || !scan_skip(&json->scan, 'u') || !scan_hex(&json->scan, 4, &low) ||
            low < 0xdc00 || low > 0xdfff)
            return false;
        rune = 0x10000 + ((rune - 0xd800) << 10 | (low - 0xdc00));
    }
    return scan_add_rune(&json->scratch, rune);
}

/* A string into the scratch text. */
static int read_string(struct json_reader *json)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    struct scan *scan = &json->scan;
    struct place start = scan->place;
    text_clear(&json->scratch);
    if (!scan_skip(scan, '"'))
        return fail(json, "a string");
    while (scan_peek(scan) != '"') {
        struct place place = scan->place;
        int c = scan_next(scan);
        char byte = (char)c;
        if (c == SCAN_END)
            return fail_at(json, start, "this string has no end");
        if (c < 0x20)
            return fail_at(json, place, "a control character in a string");
        if (c == '\\') {
            c = scan_next(scan);
            const char *letter = c > 0 ? strchr(letters, c) : NULL;
            if (c == 'u' && read_unicode(json))
                continue;
            if (!letter)
                return fail_at(json, place, "not a valid escape sequence");
            byte = meanings[letter - letters];
        }
        text_add_n(&json->scratch, &byte, 1);
    }
    scan_next(scan);
    return json->scratch.failed ? fail_at(json, start, "this string is too long") : 0;
}

static size_t skip_digits(struct scan *scan)
{
    size_t count = 0;
    for (; scan_peek(scan) >= '0' && scan_peek(scan) <= '9'; count++)
        scan_next(scan);
    return count;
}

static int read_number(struct json_reader *json, struct node **value)
{
    struct scan *scan = &json->scan;
    struct place place = scan->place;
    const char *start = (const char *)scan->cursor.at;
    scan_skip(scan, '-');
    bool zero = scan_peek(scan) == '0';
    size_t digits = skip_digits(scan);
    bool valid = digits == 1 || (digits > 1 && !zero);
    if (valid && scan_skip(scan, '.'))
        valid = skip_digits(scan) > 0;
    if (valid && (scan_peek(scan) == 'e' || scan_peek(scan) == 'E')) {
        scan_next(scan);
        if (scan_peek(scan) == '+' || scan_peek(scan) == '-')
            scan_next(scan);
        valid = skip_digits(scan) > 0;
    }
    if (!valid)
        return fail_at(json, place, "not a valid number");
    *value = tree_scalar(json->tree, NODE_NUMBER, place, start, (size_t)((const char *)scan->cursor.at - start));
    return *value ? 0 : tree_full(json->tree, json->err);
}

static int read_word(struct json_reader *json, struct node **value)
{
    static const struct {
        const char *word;
        enum node_kind kind;
    } words[] = {{"true", NODE_BOOL}, {"false", NODE_BOOL}, {"null", NODE_NULL}};
    struct scan *scan = &json->scan;
    struct place place = scan->place;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i].word);
        if (cursor_left(&scan->cursor) < length || memcmp(scan->cursor.at, words[i].word, length) != 0)
            continue;
        for (size_t skipped = 0; skipped < length; skipped++)
            scan_next(scan);
        *value = tree_scalar(json->tree, words[i].kind, place, words[i].word, length);
        return *value ? 0 : tree_full(json->tree, json->err);
    }
    return fail(json, "a value");
}

static int read_member(struct json_reader *json, struct node *table)
{
    struct node *value;
    struct place place = json->scan.place;
    if (scan_peek(&json->scan) != '"')
        return fail(json, "a key in double quotes");
    int result = read_string(json);
    if (result < 0)
        return result;
    const char *key =
        arena_strndup(&json->tree->arena, json->scratch.length ? json->scratch.bytes : "", json->scratch.length);
    if (!key)
        return tree_full(json->tree, json->err);
    skip_space(&json->scan);
    if (!scan_skip(&json->scan, ':'))
        return fail(json, "':'");
    result = read_value(json, &value);
    return result < 0 ? result : tree_put(json->tree, table, key, place, value, json->err);
}

static int read_container(struct json_reader *json, enum node_kind kind, struct node **value)
{
    struct scan *scan = &json->scan;
    int end = kind == NODE_TABLE ? '}' : ']';
    *value = tree_node(json->tree, kind, scan->place);
    if (!*value)
        return tree_full(json->tree, json->err);
    scan_next(scan);
    skip_space(scan);
    if (scan_skip(scan, end))
        return 0;
    for (;;) {
        struct node *element;
        int result = kind == NODE_TABLE ? read_member(json, *value) : read_value(json, &element);
        if (result < 0)
            return result;
        if (kind == NODE_LIST)
            tree_append(*value, element);
        skip_space(scan);
        if (scan_skip(scan, end))
            return 0;
        if (!scan_skip(scan, ','))
            return fail(json, kind == NODE_TABLE ? "',' or '}'" : "',' or ']'");
        skip_space(scan);
    }
}

static int read_value(struct json_reader *json, struct node **value)
{
    skip_space(&json->scan);
    struct place place = json->scan.place;
    int c = scan_peek(&json->scan);
    if (c == '"') {
        int result = read_string(json);
        if (result < 0)
            return result;
        *value = tree_scalar(json->tree, NODE_STRING, place, json->scratch.length ? json->scratch.bytes : "",
                             json->scratch.length);
        return *value ? 0 : tree_full(json->tree, json->err);
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(json, value);
    if (c != '{' && c != '[')
        return read_word(json, value);
    if (json->depth == TREE_DEPTH_MAX)
        return fail_at(json, place, "nested too deeply");
    json->depth++;
    int result = read_container(json, c == '{' ? NODE_TABLE : NODE_LIST, value);
    json->depth--;
    return result;
}

int tree_read_json(struct tree *tree, const char *text, size_t length, struct err *err)
{
    struct json_reader json = {.tree = tree, .err = err};
    int result = scan_open(&json.scan, tree, text, length, err);
    if (result < 0)
        return result;
    text_init(&json.scratch, TREE_STRING_BYTES_MAX);
    result = read_value(&json, &tree->root);
    text_release(&json.scratch);
    if (result < 0)
        return result;
    skip_space(&json.scan);
    if (scan_peek(&json.scan) != SCAN_END)
        return fail(&json, "the end of the file");
    if (tree->root->kind != NODE_TABLE)
        return tree_error(tree, tree->root->place, err, "a configuration is an object, not %s",
                          node_kind_text(tree->root->kind));
    return 0;
}
