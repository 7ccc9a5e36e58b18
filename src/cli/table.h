/* Text tables: columns as wide as what is in them, two blanks apart, titles above. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/output.h"

enum { TABLE_COLUMNS_MAX = 16 };

enum table_column_kind {
    TABLE_TEXT,
    TABLE_NUMBER, /* to the right */
    TABLE_TIME,
    TABLE_STATE, /* coloured on a terminal: up, partial, down, unknown and their like */
};

struct table_column {
    const char *title;
    enum table_column_kind kind;
};

struct table {
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t column_count;
    size_t widths[TABLE_COLUMNS_MAX];
    struct text cells; /* row after row, each ended by a zero */
    size_t cell_count;
};

void table_init(struct table *table);
void table_release(struct table *table);
void table_column(struct table *table, const char *title, enum table_column_kind kind);

/* The next cell, foreign text: what could steer a terminal or break the line is shown as \xNN. */
void table_cell(struct table *table, const char *text);

void table_print(const struct table *table, struct output *output);
