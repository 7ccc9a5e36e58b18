/* Patterns of the RE2 dialect (Go's regexp/syntax, Perl flags) into trees.
 *
 * What RE2 refuses is refused here, with the same words: back-references, look-around, possessive and nested
 * repetition, escapes nobody defined. What matters only for what a match captured (groups, greediness) is read and
 * dropped. Texts that are matched are ASCII, so Unicode classes come to what they have in ASCII.
 */
#include "policy/regex_parse.h"

#include <string.h>

#include "base/check.h"
#include "base/str.h"

struct flags {
    bool fold_case;
    bool multi_line;
    bool dot_newline;
};

struct parser {
    const char *pattern;
    const char *at;
    struct arena *arena;
    struct err *err;
    struct flags flags;
    unsigned depth;
    bool failed;
};

static const struct regex_node *parse_either(struct parser *parser);

static void fail(struct parser *parser, const char *what, const char *from, size_t length)
{
    char excerpt[128];
    struct str str = str_over(excerpt, sizeof(excerpt));
    if (parser->failed)
        return;
    parser->failed = true;
    str_add_foreign(&str, from, length);
    err_set(parser->err, E_INVALID, "error parsing regexp: %s: `%s`", what, excerpt);
}

static struct regex_node *node(struct parser *parser, enum regex_node_kind kind)
{
    static struct regex_node none;
    struct regex_node *made = parser->failed ? NULL : arena_alloc(parser->arena, sizeof(*made));
    if (made == NULL) {
        fail(parser, "expression too large", parser->pattern, strlen(parser->pattern));
        return &none; /* is thrown away with the rest */
    }
    made->kind = kind;
    return made;
}

/* Sets ------------------------------------------------------------------------------------------------------------- */

static void add_range(struct byte_set *set, unsigned low, unsigned high)
{
    for (unsigned byte = low; byte <= high && byte <= UINT8_MAX; byte++)
        byte_set_add(set, (uint8_t)byte);
}

static void add_set(struct byte_set *set, const struct byte_set *other)
{
    for (unsigned i = 0; i < ARRAY_LEN(set->bits); i++)
        set->bits[i] |= other->bits[i];
}

static void negate(struct byte_set *set)
{
    for (unsigned i = 0; i < ARRAY_LEN(set->bits); i++)
        set->bits[i] = ~set->bits[i];
}

static void fold(struct byte_set *set)
{
    for (unsigned letter = 'a'; letter <= 'z'; letter++) {
        uint8_t lower = (uint8_t)letter, upper = (uint8_t)(letter - 'a' + 'A');
        if (byte_set_has(set, lower) || byte_set_has(set, upper)) {
            byte_set_add(set, lower);
            byte_set_add(set, upper);
        }
    }
}

struct class_name {
    const char *name;
    const char *ranges; /* pairs of first and last */
};

static const struct class_name posix_classes[] = {
    {"alnum", "09AZaz"}, {"alpha", "AZaz"}, {"ascii", "\001\177"}, {"blank", "\t\t  "},  {"cntrl", "\001\037\177\177"},
    {"digit", "09"},     {"graph", "!~"},   {"lower", "az"},       {"print", " ~"},      {"punct", "!/:@[`{~"},
    {"space", "\t\r  "}, {"upper", "AZ"},   {"word", "09AZaz__"},  {"xdigit", "09AFaf"},
};

/* What Unicode's categories and scripts have in ASCII. */
static const struct class_name unicode_classes[] = {
    {"N", "09"},
    {"Nd", "09"},
    {"L", "AZaz"},
    {"Lu", "AZ"},
    {"Ll", "az"},
    {"Latin", "AZaz"},
    {"Z", "  "},
    {"Zs", "  "},
    {"P", "!#%*,/:;?@[]__{{}}"},
    {"Pd", "--"},
    {"Ps", "(([[{{"},
    {"Pe", "))]]}}"},
    {"Pc", "__"},
    {"Po", "!#%'**,,./:;?@\\\\"},
    {"S", "$$++<>^^``||~~"},
    {"Sm", "++<>||~~"},
    {"Sc", "$$"},
    {"Sk", "^^``"},
    {"C", "\001\037\177\177"},
    {"Cc", "\001\037\177\177"},
    {"Any", "\001\377"},
};

static bool add_class(const struct class_name *classes, size_t count, const char *name, size_t length,
                      struct byte_set *set)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(classes[i].name) != length || memcmp(classes[i].name, name, length) != 0)
            continue;
        for (const char *range = classes[i].ranges; range[0] != '\0'; range += 2)
            add_range(set, (uint8_t)range[0], (uint8_t)range[1]);
        return true;
    }
    return false;
}

/* \d \D \s \S \w \W: true if it is one. */
static bool perl_class(char letter, struct byte_set *set)
{
    static const char ranges[][8] = {"09", "\t\n\f\r  ", "09AZaz__"};
    static const char letters[] = "dsw";
    char lower = (char)(letter | 0x20);
    const char *found = strchr(letters, lower);
    if (letter == '\0' || found == NULL)
        return false;
    *set = (struct byte_set){0};
    for (const char *range = ranges[found - letters]; range[0] != '\0'; range += 2)
        add_range(set, (uint8_t)range[0], (uint8_t)range[1]);
    if (letter != lower)
        negate(set);
    return true;
}

/* \pN \p{Name} \P{^Name}, behind the backslash. */
static void unicode_class(struct parser *parser, struct byte_set *set)
{
    const char *start = parser->at - 1;
    bool negative = *parser->at++ == 'P';
    const char *name = parser->at;
    size_t length = *name != '\0';
    if (*name == '{') {
        const char *end = strchr(name, '}');
        name++;
        length = end != NULL ? (size_t)(end - name) : 0;
        parser->at = end != NULL ? end + 1 : parser->at;
    } else {
        parser->at += length;
    }
    if (length > 0 && *name == '^') {
        negative = !negative;
        name++;
        length--;
    }
    *set = (struct byte_set){0};
    if (!add_class(unicode_classes, ARRAY_LEN(unicode_classes), name, length, set)) {
        /* Some name of letters: a script without anything in ASCII. */
        bool letters = length > 0;
        for (size_t i = 0; i < length; i++)
            letters &= ((name[i] | 0x20) >= 'a' && (name[i] | 0x20) <= 'z') || name[i] == '_';
        if (!letters)
            fail(parser, "invalid character class range", start, strlen(start) < 16 ? strlen(start) : 16);
    }
    if (negative)
        negate(set);
}

/* Escapes ---------------------------------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* \x7F or \x{7F}, behind the x. Code points beyond a byte match nothing there is. */
static int hex_escape(struct parser *parser)
{
    bool braces = *parser->at == '{';
    unsigned digits = 0, value = 0;
    parser->at += braces;
    while (hex_value(*parser->at) >= 0 && (braces ? value <= 0x10FFFF : digits < 2)) {
        value = value * 16 + (unsigned)hex_value(*parser->at++);
        digits++;
    }
    bool bad = digits == 0 || (!braces && digits != 2) || value > 0x10FFFF || (braces && *parser->at != '}');
    if (bad)
        return -1;
    parser->at += braces;
    return value <= UINT8_MAX ? (int)value : 0;
}

/* Digits: \0, \012, \123; a single one would be a back-reference. */
static int octal_escape(struct parser *parser)
{
    unsigned value = 0, digits = 0;
    while (digits < 3 && *parser->at >= '0' && *parser->at <= '7') {
        value = value * 8 + (unsigned)(*parser->at++ - '0');
        digits++;
    }
    if (digits == 0 || (digits == 1 && value != 0))
        return -1;
    return value <= UINT8_MAX ? (int)value : 0;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

/* An escape that stands for one byte; parser->at is behind the backslash. Returns 0 after a failure. */
static uint8_t byte_escape(struct parser *parser)
{
    static const char names[] = "aftnrv";
    static const char values[] = "\a\f\t\n\r\v";
    const char *start = parser->at - 1;
    char letter = *parser->at;
    int value = -1;
    if (letter == '\0') {
        fail(parser, "trailing backslash at end of expression", "", 0);
        return 0;
    }
    const char *found = strchr(names, letter);
    if (found != NULL) {
        value = values[found - names];
        parser->at++;
    } else if (letter == 'x') {
        parser->at++;
        value = hex_escape(parser);
    } else if (letter >= '0' && letter <= '9') {
        value = octal_escape(parser);
    } else if (!is_word(letter) && (uint8_t)letter < 0x80) {
        value = *parser->at++;
    }
    if (value < 0)
        fail(parser, "invalid escape sequence", start, parser->at > start + 1 ? (size_t)(parser->at - start) : 2);
    return value < 0 ? 0 : (uint8_t)value;
}

/* Brackets --------------------------------------------------------------------------------------------------------- */

/* [:name:] or [:^name:]; true if it looks like one. */
static bool named_class(struct parser *parser, struct byte_set *set)
{
    const char *start = parser->at;
    const char *end = start[0] == '[' && start[1] == ':' ? strstr(start + 2, ":]") : NULL;
    if (end == NULL)
        return false;
    const char *name = start + 2;
    bool negative = *name == '^';
    name += negative;
    struct byte_set class = {0};
    if (!add_class(posix_classes, ARRAY_LEN(posix_classes), name, (size_t)(end - name), &class)) {
        fail(parser, "invalid character class range", start, (size_t)(end + 2 - start));
        return true;
    }
    if (negative)
        negate(&class);
    add_set(set, &class);
    parser->at = end + 2;
    return true;
}

static uint8_t bracket_byte(struct parser *parser)
{
    if (*parser->at != '\\')
        return (uint8_t)*parser->at++;
    parser->at++;
    return byte_escape(parser);
}

/* One element of a bracket expression. */
static void bracket_element(struct parser *parser, struct byte_set *set)
{
    struct byte_set class;
    const char *start = parser->at;
    if (named_class(parser, set))
        return;
    if (start[0] == '\\' && perl_class(start[1], &class)) {
        add_set(set, &class);
        parser->at += 2;
        return;
    }
    if (start[0] == '\\' && (start[1] | 0x20) == 'p') {
        parser->at++;
        unicode_class(parser, &class);
        add_set(set, &class);
        return;
    }
    uint8_t low = bracket_byte(parser), high = low;
    if (parser->at[0] == '-' && parser->at[1] != ']' && parser->at[1] != '\0') {
        parser->at++;
        high = bracket_byte(parser);
        if (high < low)
            fail(parser, "invalid character class range", start, (size_t)(parser->at - start));
    }
    add_range(set, low, high);
}

static struct regex_node *parse_bracket(struct parser *parser)
{
    struct regex_node *made = node(parser, REGEX_SET);
    struct byte_set set = {0};
    const char *start = parser->at++;
    bool negative = *parser->at == '^';
    parser->at += negative;
    for (bool first = true; !parser->failed && (*parser->at != ']' || first); first = false) {
        if (*parser->at == '\0') {
            fail(parser, "missing closing ]", start, strlen(start));
            return made;
        }
        bracket_element(parser, &set);
    }
    if (parser->failed)
        return made;
    parser->at++;
    if (parser->flags.fold_case)
        fold(&set);
    if (negative)
        negate(&set);
    made->set = set;
    return made;
}

/* Groups ----------------------------------------------------------------------------------------------------------- */

static void flag_error(struct parser *parser, const char *start)
{
    fail(parser, "invalid or unsupported Perl syntax", start, (size_t)(parser->at - start) + (*parser->at != '\0'));
}

/* (?P<name> */
static void skip_name(struct parser *parser, const char *start)
{
    const char *name = parser->at;
    while (is_word(*parser->at))
        parser->at++;
    if (parser->at == name || *parser->at != '>')
        fail(parser, "invalid named capture", start, strlen(start));
    else
        parser->at++;
}

/* Behind "(?", up to and including what ends it: false if it was "(?flags)" and there is no group. */
static bool group_head(struct parser *parser, const char *start)
{
    bool sign = true, any = false;
    if (parser->at[0] == 'P' && parser->at[1] == '<') {
        parser->at += 2;
        skip_name(parser, start);
        return true;
    }
    for (;; parser->at++) {
        switch (*parser->at) {
        case 'i':
            parser->flags.fold_case = sign;
            any = true;
            continue;
        case 'm':
            parser->flags.multi_line = sign;
            any = true;
            continue;
        case 's':
            parser->flags.dot_newline = sign;
            any = true;
            continue;
        case 'U': /* which of several matches: no matter */
            any = true;
            continue;
        case '-':
            if (!sign)
                break;
            sign = any = false;
            continue;
        case ':':
        case ')':
            if (!sign && !any)
                break;
            parser->at++;
            return parser->at[-1] == ':';
        default:
            break;
        }
        flag_error(parser, start);
        return true;
    }
}

/* From "(": NULL if it only set flags. */
static const struct regex_node *parse_group(struct parser *parser)
{
    struct flags outer = parser->flags;
    const char *start = parser->at++;
    if (*parser->at == '?') {
        parser->at++;
        if (!group_head(parser, start))
            return NULL;
    }
    if (++parser->depth > REGEX_DEPTH_MAX)
        fail(parser, "expression nests too deeply", parser->pattern, strlen(parser->pattern));
    const struct regex_node *inner = parse_either(parser);
    parser->depth--;
    if (*parser->at != ')')
        fail(parser, "missing closing )", parser->pattern, strlen(parser->pattern));
    else
        parser->at++;
    parser->flags = outer;
    return inner;
}

/* Atoms ------------------------------------------------------------------------------------------------------------ */

static struct regex_node *assertion(struct parser *parser, enum regex_assertion what, unsigned length)
{
    struct regex_node *made = node(parser, REGEX_ASSERT);
    made->assertion = what;
    parser->at += length;
    return made;
}

static struct regex_node *literal(struct parser *parser, uint8_t byte)
{
    struct regex_node *made = node(parser, REGEX_SET);
    made->set = (struct byte_set){0};
    byte_set_add(&made->set, byte);
    if (parser->flags.fold_case)
        fold(&made->set);
    return made;
}

/* Sequences and alternatives lean to the right, so that nobody has to go down into them. */
struct chain {
    enum regex_node_kind kind;
    const struct regex_node *first;
    const struct regex_node **last; /* where another one goes */
};

static void chain_add(struct parser *parser, struct chain *chain, const struct regex_node *next)
{
    if (chain->first == NULL) {
        chain->first = next;
        chain->last = &chain->first;
        return;
    }
    struct regex_node *made = node(parser, chain->kind);
    if (parser->failed)
        return;
    made->left = *chain->last;
    made->right = next;
    *chain->last = made;
    chain->last = &made->right;
}

static const struct regex_node *chain_end(struct parser *parser, const struct chain *chain)
{
    return chain->first != NULL ? chain->first : node(parser, REGEX_EMPTY);
}

/* \Q...\E, or to the end. */
static const struct regex_node *parse_quoted(struct parser *parser)
{
    struct chain chain = {.kind = REGEX_THEN};
    parser->at += 2;
    while (*parser->at != '\0' && !(parser->at[0] == '\\' && parser->at[1] == 'E') && !parser->failed)
        chain_add(parser, &chain, literal(parser, (uint8_t)*parser->at++));
    if (*parser->at != '\0')
        parser->at += 2;
    return chain_end(parser, &chain);
}

static const struct regex_node *parse_escape(struct parser *parser)
{
    struct regex_node *made;
    switch (parser->at[1]) {
    case 'A':
        return assertion(parser, ASSERT_TEXT_START, 2);
    case 'z':
        return assertion(parser, ASSERT_TEXT_END, 2);
    case 'b':
        return assertion(parser, ASSERT_WORD_BOUNDARY, 2);
    case 'B':
        return assertion(parser, ASSERT_NO_WORD_BOUNDARY, 2);
    case 'Q':
        return parse_quoted(parser);
    case 'p':
    case 'P':
        made = node(parser, REGEX_SET);
        parser->at++;
        unicode_class(parser, &made->set);
        return made;
    default:
        break;
    }
    made = node(parser, REGEX_SET);
    if (perl_class(parser->at[1], &made->set)) {
        parser->at += 2;
        return made;
    }
    parser->at++;
    return literal(parser, byte_escape(parser));
}

static const struct regex_node *parse_atom(struct parser *parser)
{
    struct regex_node *made;
    switch (*parser->at) {
    case '(':
        return parse_group(parser);
    case '[':
        return parse_bracket(parser);
    case '\\':
        return parse_escape(parser);
    case '^':
        return assertion(parser, parser->flags.multi_line ? ASSERT_LINE_START : ASSERT_TEXT_START, 1);
    case '$':
        return assertion(parser, parser->flags.multi_line ? ASSERT_LINE_END : ASSERT_TEXT_END, 1);
    case '.':
        parser->at++;
        made = node(parser, REGEX_SET);
        made->set = (struct byte_set){0};
        if (!parser->flags.dot_newline)
            byte_set_add(&made->set, '\n');
        negate(&made->set);
        return made;
    default:
        return literal(parser, (uint8_t)*parser->at++);
    }
}

/* Repetition ------------------------------------------------------------------------------------------------------- */

static bool repeat_number(const char **at, int *number)
{
    const char *start = *at;
    int value = 0;
    while (**at >= '0' && **at <= '9') {
        value = value > REGEX_REPEAT_MAX ? value : value * 10 + (**at - '0');
        (*at)++;
    }
    *number = value;
    return *at > start && !(*start == '0' && *at > start + 1);
}

/* {2}, {2,} or {2,5} at `at`: its end, or NULL if it is none and so means itself. */
static const char *repeat_braces(const char *at, int *minimum, int *maximum)
{
    if (*at++ != '{' || !repeat_number(&at, minimum))
        return NULL;
    *maximum = *minimum;
    if (*at == ',') {
        at++;
        if (*at == '}')
            *maximum = REGEX_INFINITE;
        else if (!repeat_number(&at, maximum))
            return NULL;
    }
    return *at == '}' ? at + 1 : NULL;
}

/* The operator at `at`: its end, or NULL if there is none. */
static const char *repeat_operator(const char *at, int *minimum, int *maximum)
{
    *minimum = *at == '+';
    *maximum = *at == '?' ? 1 : REGEX_INFINITE;
    return *at == '*' || *at == '+' || *at == '?' ? at + 1 : repeat_braces(at, minimum, maximum);
}

static const struct regex_node *parse_repeat(struct parser *parser)
{
    int minimum, maximum;
    const char *start = parser->at;
    const char *end = repeat_operator(start, &minimum, &maximum);
    if (end != NULL) {
        fail(parser, "missing argument to repetition operator", start, (size_t)(end - start));
        return node(parser, REGEX_EMPTY);
    }
    const struct regex_node *atom = parse_atom(parser);
    start = parser->at;
    if (parser->failed || atom == NULL || (end = repeat_operator(start, &minimum, &maximum)) == NULL)
        return atom;
    if (minimum > REGEX_REPEAT_MAX || maximum > REGEX_REPEAT_MAX || (maximum != REGEX_INFINITE && maximum < minimum)) {
        fail(parser, "invalid repeat count", start, (size_t)(end - start));
        return atom;
    }
    parser->at = end + (*end == '?'); /* lazily: no matter */
    struct regex_node *made = node(parser, REGEX_REPEAT);
    made->left = atom;
    made->minimum = minimum;
    made->maximum = maximum;
    if ((end = repeat_operator(parser->at, &minimum, &maximum)) != NULL)
        fail(parser, "invalid nested repetition operator", start, (size_t)(end - start));
    return made;
}

static const struct regex_node *parse_then(struct parser *parser)
{
    struct chain chain = {.kind = REGEX_THEN};
    while (!parser->failed && *parser->at != '\0' && *parser->at != '|' && *parser->at != ')') {
        const struct regex_node *next = parse_repeat(parser);
        if (next != NULL)
            chain_add(parser, &chain, next);
    }
    return chain_end(parser, &chain);
}

static const struct regex_node *parse_either(struct parser *parser)
{
    struct chain chain = {.kind = REGEX_EITHER};
    chain_add(parser, &chain, parse_then(parser));
    while (!parser->failed && *parser->at == '|') {
        parser->at++;
        chain_add(parser, &chain, parse_then(parser));
    }
    return chain_end(parser, &chain);
}

const struct regex_node *regex_parse(const char *pattern, struct arena *arena, struct err *err)
{
    struct parser parser = {.pattern = pattern, .at = pattern, .arena = arena, .err = err};
    const struct regex_node *tree = parse_either(&parser);
    if (!parser.failed && *parser.at == ')')
        fail(&parser, "unexpected )", pattern, strlen(pattern));
    return parser.failed ? NULL : tree;
}
