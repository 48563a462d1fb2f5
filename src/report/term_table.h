/*
 * term_table: texts in aligned columns, with colours that do not count as width.
 */
#ifndef DRAGSTRIP_REPORT_TERM_TABLE_H
#define DRAGSTRIP_REPORT_TERM_TABLE_H

#include "report/view.h"

enum {
    TERM_COLUMNS_MAX = 1 + RESULT_SERVICES_MAX + 2 * RESULT_SERVICES_MAX,
    TERM_ROWS_MAX = VIEW_ROWS_MAX + 1
};

struct term_cell {
    const char *text; /* not owned */
    enum view_tone tone;
};

struct term_table { /* the first row is the heading */
    struct term_cell cells[TERM_ROWS_MAX][TERM_COLUMNS_MAX];
    bool to_left[TERM_COLUMNS_MAX]; /* otherwise aligned to the right */
    int rows, columns;
};

size_t term_table_width(const struct term_table *table);
void term_table_print(const struct term_table *table, bool colour, struct buf *out);

/* Appends text in a tone; plain without colour. */
void term_toned(struct buf *out, const char *text, size_t width, bool to_left,
                enum view_tone tone, bool colour);

#endif
