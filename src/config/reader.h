/* Filling structures from a file's tree by the schema. */
#pragma once

#include "config/schema.h"
#include "config/tree.h"

/* Keys of the file that are accepted without effect, each once. */
struct unheeded {
    char names[512]; /* the first ones, with commas */
    unsigned more;   /* that found no place */
};

struct reader {
    struct tree *tree;
    struct err *err;
    struct unheeded *unheeded; /* NULL: nobody wants to know */
};

/* Where in the file's tree we are, for messages: "neighbors[2].timers.config". Lives on the stack. */
struct frame {
    const struct frame *outer; /* NULL at the root */
    const char *name;
    int index; /* of a list's element, or -1 */
};

/* Lists come after values, because their elements inherit from them; with peer groups, long after. */
enum pass {
    PASS_VALUES, /* checks all keys but those in lists */
    PASS_LISTS,
};

/* Reads `table` into `object` (NULL: only checks). Keys that are BY_HAND are left alone. */
int reader_table(const struct reader *reader, const struct frame *frame, const struct schema_node *schema,
                 const struct node *table, void *object, enum pass pass);

/* The elements of a list, which one table stands for as well. `count` of them begin at the node returned (NULL: none).
 * Elements that are no tables are an error. */
int reader_elements(const struct reader *reader, const struct frame *frame, const struct node *list,
                    const struct node **first, size_t *count);

/* "file:line:column: path: ...". Returns E_INVALID. */
int reader_error(const struct reader *reader, const struct frame *frame, struct place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
