/* TOML 1.0 into a tree.
 *
 * A statement is a header, which makes a table current, or a key with a value, which adds to the current one. What
 * may be reopened depends on how a table came to be, so each remembers it (enum origin): "[a.b]" makes `a` in passing,
 * and "[a]" may follow once; a table made by dotted keys grows by dotted keys only; inline tables and lists are closed.
 *
 * Narrower than the language where no key of ours could use the rest: dates, infinity and NaN are refused by name.
 * Keys that differ in case only are the same key (tree.h).
 */
#include <stdio.h>
#include <string.h>

#include "config/scan.h"

enum origin {
    ORIGIN_CLOSED,   /* inline tables and lists */
    ORIGIN_PASSING,  /* made on the way to another header */
    ORIGIN_HEADER,   /* had its own header */
    ORIGIN_DOTTED,   /* made by a dotted key */
    ORIGIN_SEQUENCE, /* a list of [[headers]] */
};

struct toml_key {
    const char *name;
    struct place place;
};

struct toml {
    struct scan scan;
    struct tree *tree;
    struct text scratch;
    struct err *err;
    unsigned depth;
};

static int read_value(struct toml *toml, struct node **value);

static int fail(struct toml *toml, const char *expected)
{
    char shown[TREE_EXCERPT_MAX];
    return tree_error(toml->tree, toml->scan.place, toml->err, "%s expected, found %s", expected,
                      scan_shown(&toml->scan, shown));
}

static int fail_at(struct toml *toml, struct place place, const char *problem)
{
    return tree_error(toml->tree, place, toml->err, "%s", problem);
}

static bool at_newline(const struct scan *scan)
{
    return scan_peek(scan) == '\n' || (scan_peek(scan) == '\r' && scan_look(scan, 1) == '\n');
}

static void skip_newline(struct scan *scan)
{
    scan_skip(scan, '\r');
    scan_skip(scan, '\n');
}

static bool is_control(int c)
{
    return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static void skip_blanks(struct scan *scan)
{
    while (scan_peek(scan) == ' ' || scan_peek(scan) == '\t')
        scan_next(scan);
}

/* Blanks and a comment, up to the end of the line. */
static int skip_comment(struct toml *toml)
{
    struct scan *scan = &toml->scan;
    skip_blanks(scan);
    if (scan_peek(scan) != '#')
        return 0;
    while (scan_peek(scan) != SCAN_END && !at_newline(scan)) {
        if (is_control(scan_peek(scan)))
            return fail_at(toml, scan->place, "a control character in a comment");
        scan_next(scan);
    }
    return 0;
}

/* Blanks, comments and ends of lines: what may stand between the elements of a list. */
static int skip_space(struct toml *toml)
{
    for (;;) {
        int result = skip_comment(toml);
        if (result < 0 || !at_newline(&toml->scan))
            return result;
        skip_newline(&toml->scan);
    }
}

/* The escape behind a backslash. */
static int read_escape(struct toml *toml)
{
    static const char letters[] = "btnfr\"\\";
    static const char meanings[] = "\b\t\n\f\r\"\\";
    struct scan *scan = &toml->scan;
    struct place place = scan->place;
    int c = scan_next(scan);
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (letter) {
        text_add_n(&toml->scratch, &meanings[letter - letters], 1);
        return 0;
    }
    uint32_t rune;
    if ((c == 'u' || c == 'U') && scan_hex(scan, c == 'u' ? 4 : 8, &rune) && scan_add_rune(&toml->scratch, rune))
        return 0;
    return fail_at(toml, place, "not a valid escape sequence");
}

/* A backslash at the end of a line swallows all space up to the next text; false if it is none. */
static bool skip_line_continuation(struct scan *scan)
{
    struct scan ahead = *scan;
    scan_next(&ahead);
    skip_blanks(&ahead);
    if (!at_newline(&ahead))
        return false;
    *scan = ahead;
    while (at_newline(scan) || scan_peek(scan) == ' ' || scan_peek(scan) == '\t')
        scan_next(scan);
    return true;
}

/* The end of a multi-line string: three quotes, of up to five in a row the last three. */
static bool at_long_end(const struct scan *scan, int quote)
{
    return scan_peek(scan) == quote && scan_look(scan, 1) == quote && scan_look(scan, 2) == quote &&
           scan_look(scan, 3) != quote;
}

static int read_long_string(struct toml *toml, int quote, struct place start)
{
    struct scan *scan = &toml->scan;
    unsigned quotes = 0;
    if (at_newline(scan))
        skip_newline(scan);
    while (!at_long_end(scan, quote)) {
        int c = scan_peek(scan);
        quotes = c == quote ? quotes + 1 : 0;
        if (c == SCAN_END || quotes == 3)
            return fail_at(toml, start, c == SCAN_END ? "this string has no end" : "too many quotes in a row");
        if (quote == '"' && c == '\\') {
            if (skip_line_continuation(scan))
                continue;
            scan_next(scan);
            int result = read_escape(toml);
            if (result < 0)
                return result;
            continue;
        }
        if (is_control(c) && !at_newline(scan))
            return fail_at(toml, scan->place, "a control character in a string");
        char byte = (char)scan_next(scan);
        text_add_n(&toml->scratch, &byte, 1);
    }
    for (int i = 0; i < 3; i++)
        scan_next(scan);
    return 0;
}

static int read_short_string(struct toml *toml, int quote, struct place start)
{
    struct scan *scan = &toml->scan;
    while (scan_peek(scan) != quote) {
        int c = scan_peek(scan);
        if (c == SCAN_END || at_newline(scan))
            return fail_at(toml, start, "this string has no end on its line");
        if (is_control(c))
            return fail_at(toml, scan->place, "a control character in a string");
        scan_next(scan);
        if (quote == '"' && c == '\\') {
            int result = read_escape(toml);
            if (result < 0)
                return result;
            continue;
        }
        char byte = (char)c;
        text_add_n(&toml->scratch, &byte, 1);
    }
    scan_next(scan);
    return 0;
}

/* A quoted string into the scratch text. */
static int read_string(struct toml *toml, bool long_allowed)
{
    struct scan *scan = &toml->scan;
    struct place start = scan->place;
    int quote = scan_next(scan);
    text_clear(&toml->scratch);
    int result;
    if (long_allowed && scan_peek(scan) == quote && scan_look(scan, 1) == quote) {
        scan_next(scan);
        scan_next(scan);
        result = read_long_string(toml, quote, start);
    } else {
        result = read_short_string(toml, quote, start);
    }
    if (result == 0 && toml->scratch.failed)
        return fail_at(toml, start, "this string is too long");
    return result;
}

static const char *scratch_text(const struct toml *toml)
{
    return toml->scratch.length ? toml->scratch.bytes : "";
}

static bool is_bare_key(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* a."b c".'d': up to TREE_DEPTH_MAX parts. Returns their number or an error. */
static int read_key(struct toml *toml, struct toml_key *keys)
{
    struct scan *scan = &toml->scan;
    int count = 0;
    do {
        skip_blanks(scan);
        if (count == TREE_DEPTH_MAX)
            return fail_at(toml, scan->place, "too many parts in one key");
        struct toml_key *key = &keys[count++];
        key->place = scan->place;
        if (scan_peek(scan) == '"' || scan_peek(scan) == '\'') {
            int result = read_string(toml, false);
            if (result < 0)
                return result;
            key->name = arena_strndup(&toml->tree->arena, scratch_text(toml), toml->scratch.length);
        } else {
            const char *start = (const char *)scan->cursor.at;
            while (is_bare_key(scan_peek(scan)))
                scan_next(scan);
            size_t length = (size_t)((const char *)scan->cursor.at - start);
            if (length == 0)
                return fail(toml, "a key");
            key->name = arena_strndup(&toml->tree->arena, start, length);
        }
        if (!key->name)
            return tree_full(toml->tree, toml->err);
        skip_blanks(scan);
    } while (scan_skip(scan, '.'));
    return count;
}

static int add_table(struct toml *toml, struct node *parent, const struct toml_key *key, enum origin origin,
                     struct node **table)
{
    *table = tree_node(toml->tree, NODE_TABLE, key->place);
    if (!*table)
        return tree_full(toml->tree, toml->err);
    (*table)->origin = (uint8_t)origin;
    return tree_put(toml->tree, parent, key->name, key->place, *table, toml->err);
}

static int fail_taken(struct toml *toml, const struct toml_key *key, const struct node *taken)
{
    char excerpt[TREE_EXCERPT_MAX];
    return tree_error(toml->tree, key->place, toml->err, "'%s' cannot be extended here: it is %s of line %u",
                      tree_excerpt(key->name, excerpt), node_kind_text(taken->kind), node_place(taken).line);
}

/* key = value, in the current table or an inline one. */
static int read_pair(struct toml *toml, struct node *table)
{
    struct toml_key keys[TREE_DEPTH_MAX];
    struct scan *scan = &toml->scan;
    int count = read_key(toml, keys);
    if (count < 0)
        return count;
    if (!scan_skip(scan, '='))
        return fail(toml, "'='");
    skip_blanks(scan);
    for (int i = 0; i < count - 1; i++) {
        struct node *child = node_find(table, keys[i].name);
        if (child && (child->kind != NODE_TABLE || child->origin != ORIGIN_DOTTED))
            return fail_taken(toml, &keys[i], child);
        int result = child ? 0 : add_table(toml, table, &keys[i], ORIGIN_DOTTED, &child);
        if (result < 0)
            return result;
        table = child;
    }
    struct node *value;
    int result = read_value(toml, &value);
    const struct toml_key *last = &keys[count - 1];
    return result < 0 ? result : tree_put(toml->tree, table, last->name, last->place, value, toml->err);
}

static int read_inline_table(struct toml *toml, struct node **value)
{
    struct scan *scan = &toml->scan;
    *value = tree_node(toml->tree, NODE_TABLE, scan->place);
    if (!*value)
        return tree_full(toml->tree, toml->err);
    scan_next(scan);
    skip_blanks(scan);
    if (scan_skip(scan, '}'))
        return 0;
    for (;;) {
        int result = read_pair(toml, *value);
        if (result < 0)
            return result;
        skip_blanks(scan);
        if (scan_skip(scan, '}'))
            return 0;
        if (!scan_skip(scan, ','))
            return fail(toml, "',' or '}'");
    }
}

static int read_list(struct toml *toml, struct node **value)
{
    struct scan *scan = &toml->scan;
    *value = tree_node(toml->tree, NODE_LIST, scan->place);
    if (!*value)
        return tree_full(toml->tree, toml->err);
    scan_next(scan);
    for (;;) {
        struct node *element;
        int result = skip_space(toml);
        if (result < 0)
            return result;
        if (scan_skip(scan, ']'))
            return 0;
        if ((*value)->count > 0 && !scan_skip(scan, ','))
            return fail(toml, "',' or ']'");
        result = skip_space(toml);
        if (result < 0)
            return result;
        if ((*value)->count > 0 && scan_skip(scan, ']'))
            return 0;
        result = read_value(toml, &element);
        if (result < 0)
            return result;
        tree_append(*value, element);
    }
}

static bool is_digit_of(char c, unsigned base)
{
    return base == 16   ? strchr("0123456789abcdefABCDEF", c) != NULL
           : base == 10 ? c >= '0' && c <= '9'
                        : c >= '0' && c < (char)('0' + base);
}

/* Digits with single underscores between them. Returns how many octets. */
static size_t digits_length(const char *text, unsigned base)
{
    size_t length = 0;
    while (text[length] != '\0' && (is_digit_of(text[length], base) ||
                                    (text[length] == '_' && length > 0 && is_digit_of(text[length - 1], base) &&
                                     text[length + 1] != '\0' && is_digit_of(text[length + 1], base))))
        length++;
    return length;
}

static bool is_number(const char *text)
{
    if (text[0] == '0' && text[1] != '\0' && strchr("xob", text[1])) {
        unsigned base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
        size_t length = digits_length(text + 2, base);
        return length > 0 && text[2 + length] == '\0';
    }
    if (*text == '+' || *text == '-')
        text++;
    size_t length = digits_length(text, 10);
    if (length == 0 || (length > 1 && text[0] == '0'))
        return false;
    text += length;
    if (*text == '.') {
        length = digits_length(++text, 10);
        if (length == 0)
            return false;
        text += length;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '+' || *text == '-')
            text++;
        length = digits_length(text, 10);
        if (length == 0)
            return false;
        text += length;
    }
    return *text == '\0';
}

/* true, false and numbers; with a good guess at what anything else was meant to be. */
static int read_bare(struct toml *toml, struct node **value)
{
    struct scan *scan = &toml->scan;
    struct place place = scan->place;
    char token[TREE_EXCERPT_MAX];
    struct str str = str_over(token, sizeof(token));
    while (is_bare_key(scan_peek(scan)) || scan_peek(scan) == '.' || scan_peek(scan) == ':' || scan_peek(scan) == '+')
        str_add_char(&str, (char)scan_next(scan));
    enum node_kind kind;
    if (str.length == 0)
        return fail(toml, "a value");
    if (strcmp(token, "true") == 0 || strcmp(token, "false") == 0)
        kind = NODE_BOOL;
    else if (!str.truncated && is_number(token))
        kind = NODE_NUMBER;
    else
        return tree_error(toml->tree, place, toml->err,
                          "'%s' is no value of TOML a configuration can use; a string "
                          "needs quotes",
                          token);
    *value = tree_scalar(toml->tree, kind, place, token, str.length);
    return *value ? 0 : tree_full(toml->tree, toml->err);
}

static int read_value(struct toml *toml, struct node **value)
{
    struct place place = toml->scan.place;
    int c = scan_peek(&toml->scan);
    if (c == '"' || c == '\'') {
        int result = read_string(toml, true);
        if (result < 0)
            return result;
        *value = tree_scalar(toml->tree, NODE_STRING, place, scratch_text(toml), toml->scratch.length);
        return *value ? 0 : tree_full(toml->tree, toml->err);
    }
    if (c != '[' && c != '{')
        return read_bare(toml, value);
    if (toml->depth == TREE_DEPTH_MAX)
        return fail_at(toml, place, "nested too deeply");
    toml->depth++;
    int result = c == '[' ? read_list(toml, value) : read_inline_table(toml, value);
    toml->depth--;
    return result;
}

/* From the root to the table that shall hold the last part of a header. */
static int enter_header(struct toml *toml, const struct toml_key *keys, int count, struct node **table)
{
    *table = toml->tree->root;
    for (int i = 0; i < count - 1; i++) {
        struct node *child = node_find(*table, keys[i].name);
        int result = 0;
        if (!child)
            result = add_table(toml, *table, &keys[i], ORIGIN_PASSING, &child);
        else if (child->kind == NODE_LIST && child->origin == ORIGIN_SEQUENCE)
            child = child->last;
        else if (child->kind != NODE_TABLE || child->origin == ORIGIN_CLOSED)
            result = fail_taken(toml, &keys[i], child);
        if (result < 0)
            return result;
        *table = child;
    }
    return 0;
}

static int open_table(struct toml *toml, struct node *parent, const struct toml_key *key, struct node **table)
{
    *table = node_find(parent, key->name);
    if (!*table)
        return add_table(toml, parent, key, ORIGIN_HEADER, table);
    if ((*table)->kind != NODE_TABLE || (*table)->origin != ORIGIN_PASSING)
        return fail_taken(toml, key, *table);
    (*table)->origin = ORIGIN_HEADER;
    (*table)->key_place = key->place;
    return 0;
}

static int open_element(struct toml *toml, struct node *parent, const struct toml_key *key, struct node **table)
{
    struct node *list = node_find(parent, key->name);
    if (!list) {
        list = tree_node(toml->tree, NODE_LIST, key->place);
        if (!list)
            return tree_full(toml->tree, toml->err);
        list->origin = ORIGIN_SEQUENCE;
        int result = tree_put(toml->tree, parent, key->name, key->place, list, toml->err);
        if (result < 0)
            return result;
    }
    if (list->kind != NODE_LIST || list->origin != ORIGIN_SEQUENCE)
        return fail_taken(toml, key, list);
    *table = tree_node(toml->tree, NODE_TABLE, key->place);
    if (!*table)
        return tree_full(toml->tree, toml->err);
    (*table)->origin = ORIGIN_HEADER;
    tree_append(list, *table);
    return 0;
}

/* [a.b] or [[a.b]]: makes it the current table. */
static int read_header(struct toml *toml, struct node **table)
{
    struct toml_key keys[TREE_DEPTH_MAX];
    struct scan *scan = &toml->scan;
    struct node *parent;
    scan_next(scan);
    bool element = scan_skip(scan, '[');
    int count = read_key(toml, keys);
    if (count < 0)
        return count;
    if (!scan_skip(scan, ']') || (element && !scan_skip(scan, ']')))
        return fail(toml, element ? "']]'" : "']'");
    int result = enter_header(toml, keys, count, &parent);
    if (result < 0)
        return result;
    return element ? open_element(toml, parent, &keys[count - 1], table)
                   : open_table(toml, parent, &keys[count - 1], table);
}

static int read_document(struct toml *toml)
{
    struct scan *scan = &toml->scan;
    struct node *table = toml->tree->root;
    for (;;) {
        int result = skip_space(toml);
        if (result < 0 || scan_peek(scan) == SCAN_END)
            return result;
        result = scan_peek(scan) == '[' ? read_header(toml, &table) : read_pair(toml, table);
        if (result < 0)
            return result;
        result = skip_comment(toml);
        if (result < 0)
            return result;
        if (scan_peek(scan) != SCAN_END && !at_newline(scan))
            return fail(toml, "the end of the line");
    }
}

int tree_read_toml(struct tree *tree, const char *text, size_t length, struct err *err)
{
    struct toml toml = {.tree = tree, .err = err};
    int result = scan_open(&toml.scan, tree, text, length, err);
    if (result < 0)
        return result;
    tree->root = tree_node(tree, NODE_TABLE, (struct place){1, 1});
    if (!tree->root)
        return tree_full(tree, err);
    tree->root->origin = ORIGIN_HEADER;
    text_init(&toml.scratch, TREE_STRING_BYTES_MAX);
    result = read_document(&toml);
    text_release(&toml.scratch);
    return result;
}
