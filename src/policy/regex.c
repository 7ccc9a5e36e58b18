/* See regex.h. The tree becomes a program of a few instructions, run for all its states at once over the text
 * (Thompson 1968): a state is an instruction, a byte moves every state that takes it. Counted repetition is written
 * out, so the length of the program is what bounds time and memory.
 */
#include "policy/regex.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "policy/regex_parse.h"

enum {
    PROGRAM_MAX = 20000,
    TREE_BYTES_MAX = 4 << 20,
};

enum op {
    OP_SET,
    OP_SPLIT, /* to `to` and to `other` */
    OP_JUMP,
    OP_ASSERT,
    OP_MATCH,
};

struct instruction {
    uint8_t op;
    uint8_t assertion;
    uint32_t to; /* OP_SET and OP_ASSERT go on with the next one */
    uint32_t other;
    struct byte_set set;
};

/* A set of states that is emptied at once. */
struct states {
    uint32_t count;
    uint32_t *members;
    uint32_t *place; /* of a state in members, if it is one */
};

struct regex {
    struct instruction *program;
    uint32_t length;
    uint32_t capacity;
    struct states now, next;
    uint32_t *stack;
};

static uint32_t emit(struct regex *regex, enum op op)
{
    if (regex->length >= PROGRAM_MAX)
        return 0;
    if (regex->length == regex->capacity) {
        regex->capacity = regex->capacity ? regex->capacity * 2 : 16;
        regex->program = mem_realloc(MEM_POLICY, regex->program, regex->capacity * sizeof(*regex->program));
    }
    regex->program[regex->length] = (struct instruction){.op = (uint8_t)op};
    return regex->length++;
}

static void emit_node(struct regex *regex, const struct regex_node *node);

/* Nothing, or the node once, so many times over. */
static void emit_optional(struct regex *regex, const struct regex_node *node, int times)
{
    while (times-- > 0 && regex->length < PROGRAM_MAX) {
        uint32_t split = emit(regex, OP_SPLIT);
        regex->program[split].to = regex->length;
        emit_node(regex, node);
        regex->program[split].other = regex->length;
    }
}

static void emit_loop(struct regex *regex, const struct regex_node *node)
{
    uint32_t split = emit(regex, OP_SPLIT);
    regex->program[split].to = regex->length;
    emit_node(regex, node);
    uint32_t jump = emit(regex, OP_JUMP);
    regex->program[jump].to = split;
    regex->program[split].other = regex->length;
}

static void emit_repeat(struct regex *regex, const struct regex_node *node)
{
    for (int i = 0; i < node->minimum && regex->length < PROGRAM_MAX; i++)
        emit_node(regex, node->left);
    if (node->maximum == REGEX_INFINITE)
        emit_loop(regex, node->left);
    else
        emit_optional(regex, node->left, node->maximum - node->minimum);
}

/* The jumps behind the alternatives are chained through their targets until the end is known. */
static void emit_either(struct regex *regex, const struct regex_node *node)
{
    uint32_t jumps = UINT32_MAX;
    for (; node->kind == REGEX_EITHER && regex->length < PROGRAM_MAX; node = node->right) {
        uint32_t split = emit(regex, OP_SPLIT);
        regex->program[split].to = regex->length;
        emit_node(regex, node->left);
        uint32_t jump = emit(regex, OP_JUMP);
        regex->program[jump].to = jumps;
        jumps = jump;
        regex->program[split].other = regex->length;
    }
    emit_node(regex, node);
    while (jumps != UINT32_MAX && regex->length < PROGRAM_MAX) {
        uint32_t before = regex->program[jumps].to;
        regex->program[jumps].to = regex->length;
        jumps = before;
    }
}

/* A program that gets too large is not finished: regex_new sees that at the end. */
static void emit_node(struct regex *regex, const struct regex_node *node)
{
    uint32_t at;
    for (; node->kind == REGEX_THEN && regex->length < PROGRAM_MAX; node = node->right)
        emit_node(regex, node->left);
    if (regex->length >= PROGRAM_MAX)
        return;
    switch (node->kind) {
    case REGEX_SET:
        at = emit(regex, OP_SET);
        regex->program[at].set = node->set;
        return;
    case REGEX_ASSERT:
        at = emit(regex, OP_ASSERT);
        regex->program[at].assertion = (uint8_t)node->assertion;
        return;
    case REGEX_EITHER:
        emit_either(regex, node);
        return;
    case REGEX_REPEAT:
        emit_repeat(regex, node);
        return;
    default:
        return;
    }
}

static void states_new(struct states *states, uint32_t length)
{
    states->members = mem_alloc(MEM_POLICY, length * sizeof(*states->members));
    states->place = mem_zalloc(MEM_POLICY, length * sizeof(*states->place));
}

struct regex *regex_new(const char *pattern, struct err *err)
{
    struct arena arena;
    arena_init(&arena, TREE_BYTES_MAX);
    const struct regex_node *tree = regex_parse(pattern, &arena, err);
    struct regex *regex = NULL;
    if (tree != NULL) {
        regex = mem_zalloc(MEM_POLICY, sizeof(*regex));
        emit_node(regex, tree);
    }
    arena_release(&arena);
    if (regex == NULL)
        return NULL;
    if (regex->length >= PROGRAM_MAX - 1) {
        regex_free(regex);
        err_set(err, E_INVALID, "error parsing regexp: expression too large");
        return NULL;
    }
    emit(regex, OP_MATCH);
    states_new(&regex->now, regex->length);
    states_new(&regex->next, regex->length);
    regex->stack = mem_alloc(MEM_POLICY, 2u * regex->length * sizeof(*regex->stack));
    return regex;
}

void regex_free(struct regex *regex)
{
    if (regex == NULL)
        return;
    mem_free(MEM_POLICY, regex->program);
    mem_free(MEM_POLICY, regex->now.members);
    mem_free(MEM_POLICY, regex->now.place);
    mem_free(MEM_POLICY, regex->next.members);
    mem_free(MEM_POLICY, regex->next.place);
    mem_free(MEM_POLICY, regex->stack);
    mem_free(MEM_POLICY, regex);
}

static bool states_add(struct states *states, uint32_t state)
{
    uint32_t place = states->place[state];
    if (place < states->count && states->members[place] == state)
        return false;
    states->place[state] = states->count;
    states->members[states->count++] = state;
    return true;
}

struct subject {
    const char *text;
    size_t length;
    size_t at;
};

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool holds(const struct subject *subject, uint8_t assertion)
{
    size_t at = subject->at;
    bool word_before = at > 0 && is_word(subject->text[at - 1]);
    bool word_behind = at < subject->length && is_word(subject->text[at]);
    switch (assertion) {
    case ASSERT_TEXT_START:
        return at == 0;
    case ASSERT_TEXT_END:
        return at == subject->length;
    case ASSERT_LINE_START:
        return at == 0 || subject->text[at - 1] == '\n';
    case ASSERT_LINE_END:
        return at == subject->length || subject->text[at] == '\n';
    case ASSERT_WORD_BOUNDARY:
        return word_before != word_behind;
    default:
        return word_before == word_behind;
    }
}

/* Adds a state and all that are reached from it without a byte. True if the end is among them. */
static bool follow(struct regex *regex, struct states *states, uint32_t state, const struct subject *subject)
{
    uint32_t depth = 0;
    regex->stack[depth++] = state;
    while (depth > 0) {
        state = regex->stack[--depth];
        if (!states_add(states, state))
            continue;
        const struct instruction *instruction = &regex->program[state];
        switch (instruction->op) {
        case OP_MATCH:
            return true;
        case OP_JUMP:
            regex->stack[depth++] = instruction->to;
            break;
        case OP_SPLIT:
            regex->stack[depth++] = instruction->other;
            regex->stack[depth++] = instruction->to;
            break;
        case OP_ASSERT:
            if (holds(subject, instruction->assertion))
                regex->stack[depth++] = state + 1;
            break;
        default:
            break;
        }
    }
    return false;
}

bool regex_match(struct regex *regex, const char *text, size_t length)
{
    struct subject subject = {.text = text, .length = length};
    regex->now.count = 0;
    for (;; subject.at++) {
        /* A match may begin anywhere. */
        if (follow(regex, &regex->now, 0, &subject))
            return true;
        if (subject.at == length)
            return false;
        struct subject behind = {.text = text, .length = length, .at = subject.at + 1};
        regex->next.count = 0;
        for (uint32_t i = 0; i < regex->now.count; i++) {
            uint32_t state = regex->now.members[i];
            const struct instruction *instruction = &regex->program[state];
            if (instruction->op == OP_SET && byte_set_has(&instruction->set, (uint8_t)text[subject.at]) &&
                follow(regex, &regex->next, state + 1, &behind))
                return true;
        }
        struct states swap = regex->now;
        regex->now = regex->next;
        regex->next = swap;
    }
}
