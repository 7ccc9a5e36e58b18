#include "cli/table.h"

#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

enum { TABLE_LIMIT_BYTES = 1 << 30, CELL_MAX_BYTES = 8192 };

void table_init(struct table *table)
{
    table->column_count = table->cell_count = 0;
    text_init(&table->cells, TABLE_LIMIT_BYTES);
}

void table_release(struct table *table)
{
    text_release(&table->cells);
}

/* Scripts whose signs take two places on a terminal (Unicode's UAX 11, whole blocks). */
static bool is_wide(uint32_t rune)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } wide[] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},
                {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};
    for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
        if (rune >= wide[i].first && rune <= wide[i].last)
            return true;
    }
    return false;
}

/* Places on a terminal. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t rune = 0;
        unsigned octets = utf8_decode(text, left, &rune);
        octets = octets ? octets : 1;
        width += is_wide(rune) ? 2 : 1;
        text += octets;
        left -= octets;
    }
    return width;
}

void table_column(struct table *table, const char *title, enum table_column_kind kind)
{
    CHECK(table->column_count < TABLE_COLUMNS_MAX);
    table->widths[table->column_count] = width_of(title);
    table->columns[table->column_count++] = (struct table_column){.title = title, .kind = kind};
}

void table_cell(struct table *table, const char *text)
{
    char memory[CELL_MAX_BYTES];
    struct str cell = str_over(memory, sizeof(memory));
    str_add_foreign(&cell, text, strlen(text));
    size_t column = table->cell_count++ % table->column_count;
    size_t width = width_of(cell.text);
    if (width > table->widths[column])
        table->widths[column] = width;
    text_add_n(&table->cells, cell.text, cell.length + 1);
}

static enum output_style style_of(const char *state)
{
    static const struct {
        const char *word;
        enum output_style style;
    } styles[] = {{"up", STYLE_GOOD},       {"enabled", STYLE_GOOD}, {"readable", STYLE_GOOD},
                  {"accepted", STYLE_GOOD}, {"partial", STYLE_WARN}, {"requested", STYLE_WARN},
                  {"down", STYLE_BAD},      {"rejected", STYLE_BAD}, {"unreadable", STYLE_BAD},
                  {"unknown", STYLE_DIM},   {"disabled", STYLE_DIM}};
    for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
        if (strcmp(state, styles[i].word) == 0)
            return styles[i].style;
    }
    return STYLE_NONE;
}

/* Blanks are printed once something follows them: no line ends in any. */
static void print_cell(const struct table *table, struct output *output, size_t column, const char *text,
                       size_t *blanks)
{
    bool right = table->columns[column].kind == TABLE_NUMBER;
    size_t padding = table->widths[column] - width_of(text);
    enum output_style style = table->columns[column].kind == TABLE_STATE ? style_of(text) : STYLE_NONE;
    *blanks += (column ? 2 : 0) + (right ? padding : 0);
    if (*text) {
        output_printf(output, "%*s", (int)*blanks, "");
        *blanks = 0;
        output_style(output, style);
        output_add(output, text);
        output_style(output, style == STYLE_NONE ? STYLE_NONE : STYLE_END);
    }
    *blanks += right ? 0 : padding;
}

void table_print(const struct table *table, struct output *output)
{
    const char *cell = table->cells.bytes;
    size_t blanks = 0;
    for (size_t i = 0; i < table->column_count; i++)
        print_cell(table, output, i, table->columns[i].title, &blanks);
    output_add(output, "\n");
    for (size_t i = 0; i < table->cell_count; i++, cell += strlen(cell) + 1) {
        size_t column = i % table->column_count;
        blanks = column ? blanks : 0;
        print_cell(table, output, column, cell, &blanks);
        if (column + 1 == table->column_count)
            output_add(output, "\n");
    }
}
