/* YAML into a tree, over libyaml's events.
 *
 * One document of mappings, sequences and scalars. Aliases are refused: a small file of them can name an exponentially
 * large tree. Merge keys fall with them; peer groups do that job. Plain scalars are sorted into null, bool and number
 * by the core schema of YAML 1.2; "yes" and "on" are strings.
 */
#include <string.h>
#include <yaml.h>

#include "base/str.h"
#include "config/scan.h"

struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event;
    struct tree *tree;
    struct err *err;
    /* The containers being filled, and for a table the key that waits for its value. */
    struct node *open[TREE_DEPTH_MAX];
    const char *key[TREE_DEPTH_MAX];
    struct place key_place[TREE_DEPTH_MAX];
    unsigned depth;
};

static struct place place_of(yaml_mark_t mark)
{
    return (struct place){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static int fail(struct yaml_reader *yaml, const char *problem)
{
    return tree_error(yaml->tree, place_of(yaml->event.start_mark), yaml->err, "%s", problem);
}

static int next_event(struct yaml_reader *yaml)
{
    if (yaml_parser_parse(&yaml->parser, &yaml->event))
        return 0;
    const yaml_parser_t *parser = &yaml->parser;
    /* The event is empty after a failure, and must stay safe to delete. */
    memset(&yaml->event, 0, sizeof(yaml->event));
    if (parser->error == YAML_MEMORY_ERROR)
        return tree_full(yaml->tree, yaml->err);
    return tree_error(yaml->tree, place_of(parser->problem_mark), yaml->err, "%s%s%s",
                      parser->context ? parser->context : "", parser->context ? ": " : "",
                      parser->problem ? parser->problem : "not valid YAML");
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

static bool is_number(const char *text)
{
    if (*text == '-' || *text == '+')
        text++;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o'))
        return text[2] != '\0' &&
               text[2 + strspn(text + 2, text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567")] == '\0';
    size_t whole = strspn(text, "0123456789");
    text += whole;
    size_t part = 0;
    if (*text == '.') {
        part = strspn(text + 1, "0123456789");
        text += 1 + part;
    }
    if (whole + part == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '-' || *text == '+')
            text++;
        size_t exponent = strspn(text, "0123456789");
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

static enum node_kind plain_kind(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    if (is_one_of(text, nulls))
        return NODE_NULL;
    if (is_one_of(text, bools))
        return NODE_BOOL;
    return is_number(text) ? NODE_NUMBER : NODE_STRING;
}

/* Puts a finished node where the innermost open container wants it. */
static int place_node(struct yaml_reader *yaml, struct node *node)
{
    if (yaml->depth == 0) {
        yaml->tree->root = node;
        return 0;
    }
    unsigned top = yaml->depth - 1;
    struct node *container = yaml->open[top];
    if (container->kind == NODE_LIST) {
        tree_append(container, node);
        return 0;
    }
    if (!yaml->key[top])
        return fail(yaml, "a key must be plain text");
    const char *key = yaml->key[top];
    yaml->key[top] = NULL;
    return tree_put(yaml->tree, container, key, yaml->key_place[top], node, yaml->err);
}

static int check_tag(struct yaml_reader *yaml, const yaml_char_t *tag)
{
    static const char *const core[] = {YAML_STR_TAG,  YAML_INT_TAG,  YAML_FLOAT_TAG,
                                       YAML_BOOL_TAG, YAML_NULL_TAG, YAML_SEQ_TAG,
                                       YAML_MAP_TAG,  "!",           NULL};
    return !tag || is_one_of((const char *)tag, core) ? 0 : fail(yaml, "this tag has no meaning here");
}

static int on_scalar(struct yaml_reader *yaml)
{
    const char *text = (const char *)yaml->event.data.scalar.value;
    size_t length = yaml->event.data.scalar.length;
    struct place place = place_of(yaml->event.start_mark);
    int result = check_tag(yaml, yaml->event.data.scalar.tag);
    if (result < 0)
        return result;
    if (strlen(text) != length)
        return fail(yaml, "a NUL character");
    if (length > TREE_STRING_BYTES_MAX)
        return fail(yaml, "this string is too long");
    if (yaml->depth > 0 && yaml->open[yaml->depth - 1]->kind == NODE_TABLE && !yaml->key[yaml->depth - 1]) {
        const char *key = arena_strndup(&yaml->tree->arena, text, length);
        yaml->key[yaml->depth - 1] = key;
        yaml->key_place[yaml->depth - 1] = place;
        return key ? 0 : tree_full(yaml->tree, yaml->err);
    }
    bool plain = yaml->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !yaml->event.data.scalar.tag;
    enum node_kind kind = plain ? plain_kind(text) : NODE_STRING;
    if (kind == NODE_BOOL)
        text = text[0] == 't' || text[0] == 'T' ? "true" : "false";
    struct node *node = tree_scalar(yaml->tree, kind, place, text, strlen(text));
    return node ? place_node(yaml, node) : tree_full(yaml->tree, yaml->err);
}

static int on_open(struct yaml_reader *yaml, enum node_kind kind, const yaml_char_t *tag)
{
    int result = check_tag(yaml, tag);
    if (result < 0)
        return result;
    if (yaml->depth == TREE_DEPTH_MAX)
        return fail(yaml, "nested too deeply");
    struct node *node = tree_node(yaml->tree, kind, place_of(yaml->event.start_mark));
    if (!node)
        return tree_full(yaml->tree, yaml->err);
    result = place_node(yaml, node);
    yaml->open[yaml->depth] = node;
    yaml->key[yaml->depth++] = NULL;
    return result;
}

static int on_event(struct yaml_reader *yaml)
{
    switch (yaml->event.type) {
    case YAML_ALIAS_EVENT:
        return fail(yaml, "aliases (*name) are not accepted; a peer group can hold what neighbors share");
    case YAML_SCALAR_EVENT:
        return on_scalar(yaml);
    case YAML_MAPPING_START_EVENT:
        return on_open(yaml, NODE_TABLE, yaml->event.data.mapping_start.tag);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(yaml, NODE_LIST, yaml->event.data.sequence_start.tag);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        yaml->depth--;
        return 0;
    case YAML_DOCUMENT_START_EVENT:
        return yaml->tree->root ? fail(yaml, "a second document; a configuration is one") : 0;
    default:
        return 0;
    }
}

static int read_events(struct yaml_reader *yaml)
{
    for (;;) {
        int result = next_event(yaml);
        if (result < 0)
            return result;
        bool end = yaml->event.type == YAML_STREAM_END_EVENT;
        result = on_event(yaml);
        yaml_event_delete(&yaml->event);
        if (result < 0 || end)
            return result;
    }
}

int tree_read_yaml(struct tree *tree, const char *text, size_t length, struct err *err)
{
    struct yaml_reader yaml = {.tree = tree, .err = err};
    struct scan scan;
    int result = scan_open(&scan, tree, text, length, err);
    if (result < 0)
        return result;
    if (!yaml_parser_initialize(&yaml.parser))
        return tree_full(tree, err);
    yaml_parser_set_encoding(&yaml.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml.parser, scan.cursor.at, cursor_left(&scan.cursor));
    result = read_events(&yaml);
    yaml_parser_delete(&yaml.parser);
    if (result < 0)
        return result;
    if (!tree->root || tree->root->kind == NODE_NULL)
        tree->root = tree_node(tree, NODE_TABLE, (struct place){1, 1});
    if (!tree->root)
        return tree_full(tree, err);
    if (tree->root->kind != NODE_TABLE)
        return tree_error(tree, tree->root->place, err, "a configuration is a mapping, not %s",
                          node_kind_text(tree->root->kind));
    return 0;
}
