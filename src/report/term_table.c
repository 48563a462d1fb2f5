#include "report/term_table.h"

#include "report/text.h"

static const char GAP[] = "  ";

static size_t column_width(const struct term_table *table, int column)
{
    size_t widest = 0;
    for (int row = 0; row < table->rows; row++) {
        size_t width = text_width(table->cells[row][column].text);
        widest = width > widest ? width : widest;
    }
    return widest;
}

size_t term_table_width(const struct term_table *table)
{
    size_t width = 0;
    for (int column = 0; column < table->columns; column++)
        width += column_width(table, column) + (column ? sizeof(GAP) - 1 : 0);
    return width;
}

void term_toned(struct buf *out, const char *text, size_t width, bool to_left,
                enum view_tone tone, bool colour)
{
    static const char *const starts[] = {
        [TONE_PLAIN] = "",        [TONE_GOOD] = "\033[32m", [TONE_BAD] = "\033[31m",
        [TONE_SAME] = "\033[36m", [TONE_OPEN] = "\033[33m", [TONE_ALARM] = "\033[1;35m"};
    bool toned = colour && tone != TONE_PLAIN;
    if (toned)
        buf_add_text(out, starts[tone]);
    if (to_left)
        text_left(out, text, width);
    else
        text_right(out, text, width);
    if (toned)
        buf_add_text(out, "\033[0m");
}

static void print_row(const struct term_table *table, int row, const size_t *widths,
                      bool colour, struct buf *out)
{
    for (int column = 0; column < table->columns; column++) {
        const struct term_cell *cell = &table->cells[row][column];
        bool to_left = table->to_left[column];
        bool trailing = to_left && column + 1 == table->columns;
        if (column)
            buf_add_text(out, GAP);
        term_toned(out, cell->text, trailing ? 0 : widths[column], to_left, cell->tone,
                   colour);
    }
    buf_add_text(out, "\n");
}

void term_table_print(const struct term_table *table, bool colour, struct buf *out)
{
    size_t widths[TERM_COLUMNS_MAX];
    for (int column = 0; column < table->columns; column++)
        widths[column] = column_width(table, column);
    print_row(table, 0, widths, colour, out);
    for (size_t i = term_table_width(table); i > 0; i--)
        buf_add_text(out, "─");
    buf_add_text(out, "\n");
    for (int row = 1; row < table->rows; row++)
        print_row(table, row, widths, colour, out);
}
