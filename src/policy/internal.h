/* Inside policy/: the objects behind the names, compiled. */
#pragma once

#include "attr/block.h"
#include "base/arena.h"
#include "base/buf.h"
#include "policy/evaluate.h"
#include "policy/pattern_set.h"
#include "policy/policy_table.h"
#include "policy/prefix_set.h"

/* Things with a name, in its order. */
struct named {
    char *name; /* the first member of each */
};

struct name_table {
    void **items;
    size_t count, capacity;
};

void *names_find(const struct name_table *names, const char *name); /* NULL */
void names_add(struct name_table *names, void *item);               /* of a name that is not there */
void names_remove(struct name_table *names, const void *item);
void names_release(struct name_table *names);

/* Addresses and prefixes, asked whether one covers an address. */
struct address_set {
    struct prefix *list; /* as added */
    size_t count, capacity;
    struct prefix_set ipv4, ipv6;
};

void address_set_release(struct address_set *set);
int address_set_add(struct address_set *set, const char *text, struct err *err);
int address_set_remove(struct address_set *set, const char *text, struct err *err);
bool address_set_match(const struct address_set *set, const struct addr *addr);

struct policy_set {
    struct named head;
    enum set_type type;
    uint32_t uses; /* conditions that name it */
    uint32_t test; /* of a prefix set: its number as a question */
    struct prefix_set prefixes;
    struct address_set addresses;
    struct pattern_set patterns;
};

struct policy_set *policy_set_new(enum set_type type, const char *name);
void policy_set_free(struct policy_set *set);
int policy_set_extend(struct policy_set *set, const struct set_spec *spec, struct err *err);
bool policy_set_equal(const struct policy_set *a, const struct policy_set *b);
void policy_set_show(const struct policy_set *set, void (*show)(void *context, const struct set_spec *set),
                     void *context);

/* Conditions: match.c has the table of their kinds. */
struct condition;
struct evaluation;

struct condition_kind {
    const char *key;        /* of the file, for places of errors */
    unsigned number;        /* GoBGP's, in its error texts */
    size_t offset, size;    /* of what says it, in struct conditions_spec */
    enum set_type set_type; /* SET_TYPE_COUNT: names no set */
    bool asks_prefix;
    bool asks_validity;
    bool (*said)(const void *spec);
    int (*compile)(struct condition *condition, const void *spec, struct err *err); /* NULL: the set is all */
    bool (*holds)(const struct condition *condition, struct evaluation *evaluation);
};

enum { CONDITION_KINDS = 15 };
extern const struct condition_kind condition_kinds[CONDITION_KINDS];

struct condition {
    const struct condition_kind *kind;
    struct policy_set *set;
    enum match_option option;
    uint32_t operator;
    uint32_t value;
    struct address_set *addresses; /* owned */
};

/* Actions: action.c. */
struct action;
struct change;

struct action_kind {
    const char *key;
    unsigned number;
    size_t offset, size; /* in struct actions_spec */
    bool (*said)(const void *spec);
    int (*compile)(struct action *action, const void *spec, struct err *err); /* NULL: nothing to prepare */
    void (*apply)(const struct action *action, const struct evaluation *evaluation, struct change *change);
};

enum { ACTION_KINDS = 8 };
extern const struct action_kind action_kinds[ACTION_KINDS];

struct action {
    const struct action_kind *kind;
    const void *spec; /* in the statement's */
    enum community_change change;
    uint8_t *values; /* owned: communities to be added or to stay */
    uint32_t value_bytes;
    struct pattern_set patterns; /* to be removed */
};

struct policy_statement {
    struct named head;
    uint32_t uses; /* policies that have it */
    struct arena arena;
    struct statement_spec spec;                   /* texts in the arena, in normal form */
    struct condition conditions[CONDITION_KINDS]; /* those that ask about the prefix last */
    unsigned condition_count;
    struct action actions[ACTION_KINDS];
    unsigned action_count;
};

struct policy_statement *statement_new(const struct policy_table *table, const struct statement_spec *spec,
                                       const char **key, struct err *err); /* `key` of the trouble; may be NULL */
void statement_free(struct policy_statement *statement);
void statement_use_sets(struct policy_statement *statement, int change); /* counts its sets as used, or not */
bool statement_spec_equal(const struct statement_spec *a, const struct statement_spec *b);
/* What is said in `more` and not in `spec` is added; what is said in both is an error. */
int statement_spec_merge(struct statement_spec *spec, const struct statement_spec *more, struct err *err);
int statement_spec_take(struct statement_spec *spec, const struct statement_spec *less, struct err *err);

struct policy {
    struct named head;
    uint32_t uses; /* assignments that have it */
    struct policy_statement **statements;
    size_t count;
};

struct policy_assignment {
    struct named head; /* the target */
    enum policy_direction direction;
    struct policy **policies;
    size_t count;
    enum policy_action default_action;
    bool default_said;  /* by somebody, even if it was that there is none */
    bool asks_prefix;   /* some condition does */
    bool asks_validity; /* of the RPKI */
    struct policy_change change;
};

/* Questions about a prefix, by number. The first ones are those about its origin validation. */
enum { TEST_RPKI = 0, TEST_FIRST_SET = 4 };

struct policy_table {
    struct name_table sets[SET_TYPE_COUNT];
    struct name_table statements;
    struct name_table policies;
    struct name_table assignments[3]; /* by direction */
    struct policy_set **tests;        /* by number */
    uint32_t test_capacity;
    uint32_t test_hint; /* the first number that may be free */
    uint64_t generation;
};

/* Every assignment, import before export. */
#define EACH_ASSIGNMENT(table, assignment)                                                             \
    for (unsigned each_direction = POLICY_IMPORT; each_direction <= POLICY_EXPORT; each_direction++)   \
        for (size_t each_at = 0; each_at < (table)->assignments[each_direction].count &&               \
                                 ((assignment) = (table)->assignments[each_direction].items[each_at]); \
             each_at++)

void assignment_free(struct policy_assignment *assignment);
/* What has changed for those who pass it. */
void assignment_mark_everything(struct policy_table *table, struct policy_assignment *assignment);
void assignment_mark_range(struct policy_assignment *assignment, const struct prefix_range *range);
void assignment_note_questions(struct policy_assignment *assignment); /* its policies are others */

/* policy_add, with the place of the trouble. */
int policy_add_at(struct policy_table *table, const struct policy_spec *spec, bool refer, struct policy_place *place,
                  struct err *err);

struct policy_set *policy_set_find(const struct policy_table *table, enum set_type type, const char *name);

/* One route on its way. */
struct policy_scratch {
    struct buf bytes[2]; /* attributes as changed last, and before */
    unsigned turn;
    struct buf values;
    char *text; /* PATTERN_TEXT_BYTES */
};

struct evaluation {
    struct policy_scratch *scratch;
    const struct policy_facts *facts;
    const uint8_t *attrs;
    uint32_t length;
    struct attr_summary summary;
    struct policy_trace *trace;
    bool changed;
    bool asked_validity;
};

/* Finds an answer about the prefix, and remembers the question. */
bool evaluation_ask(struct evaluation *evaluation, uint32_t test, const struct policy_set *set);

/* Tells the watcher about a statement that is about to be asked. */
void evaluation_explain(struct evaluation *evaluation, const char *target, const char *policy,
                        const struct policy_statement *statement);

/* What the actions of one statement come to. */
struct change {
    struct attr_edit edit;
    struct buf *values; /* has room for all of it: does not move */
};
