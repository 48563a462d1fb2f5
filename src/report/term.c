#include "report/term.h"

#include <stdio.h>

#include "report/term_table.h"
#include "report/text.h"

static const size_t INDENT = 2;

/* One a line: who, what, and why in what is left of the width. */
static void print_verdicts(const struct view_verdict *verdicts, int count, size_t width,
                           bool colour, struct buf *out)
{
    size_t names = 0, words = 0;
    for (int i = 0; i < count; i++) {
        size_t name = text_width(verdicts[i].service);
        size_t word = text_width(verdicts[i].word);
        names = name > names ? name : names;
        words = word > words ? word : words;
    }
    for (int i = 0; i < count; i++) {
        const struct view_verdict *verdict = &verdicts[i];
        size_t column = INDENT + names + 2 + words + 2;
        buf_add_repeated(out, ' ', INDENT);
        text_left(out, verdict->service, names + 2);
        term_toned(out, verdict->word, words, true, verdict->tone, colour);
        buf_add_repeated(out, ' ', 2);
        text_wrap(out, verdict->detail, width, column, column);
    }
}

static void print_gate(const struct view *view, size_t width, bool colour,
                       struct buf *out)
{
    if (view->gate.count) {
        buf_add_text(out, "Gate: ");
        term_toned(out, view->gate.word, 0, true, view->gate.tone, colour);
        buf_add_text(out, "\n");
    }
    print_verdicts(view->gate.checks, view->gate.count, width, colour, out);
}

static void print_findings(const struct view *view, size_t width, bool colour,
                           struct buf *out)
{
    if (view->verdict_count) {
        buf_add_text(out, "Against ");
        text_clean(out, str_of(view->columns[0]));
        buf_add_text(out, ":\n");
    }
    print_verdicts(view->verdicts, view->verdict_count, width, colour, out);
    print_gate(view, width, colour, out);
    if (view->noise)
        text_wrap(out, view->noise, width, 0, INDENT);
    buf_add_text(out, "\n");
}

static void set(struct term_table *table, int row, int column, const char *text,
                enum view_tone tone)
{
    table->cells[row][column] = (struct term_cell){text, tone};
}

/* Label and the columns' values; returns the next free column. */
static int fill_values(const struct view *view, const int *columns, int count,
                       struct term_table *table)
{
    table->rows = view->row_count + 1;
    table->to_left[0] = true;
    set(table, 0, 0, "metric", TONE_PLAIN);
    for (int i = 0; i < count; i++)
        set(table, 0, 1 + i, view->columns[columns[i]], TONE_PLAIN);
    for (int row = 0; row < view->row_count; row++) {
        set(table, row + 1, 0, view->rows[row].label, TONE_PLAIN);
        for (int i = 0; i < count; i++)
            set(table, row + 1, 1 + i, view->rows[row].values[columns[i]], TONE_PLAIN);
    }
    return 1 + count;
}

/* Ratio and verdict of one service (a column of the view) at two columns of the table. */
static void fill_difference(const struct view *view, int service, const char *heading,
                            struct term_table *table, int at)
{
    set(table, 0, at, heading, TONE_PLAIN);
    set(table, 0, at + 1, "verdict", TONE_PLAIN);
    table->to_left[at + 1] = true;
    for (int row = 0; row < view->row_count; row++) {
        const struct view_difference *difference =
            &view->rows[row].differences[service - 1];
        set(table, row + 1, at, difference->ratio, TONE_PLAIN);
        set(table, row + 1, at + 1, difference->verdict, difference->tone);
    }
}

/* One table with everything; headings needs room for the compared services. */
static void fill_wide(const struct view *view, char (*headings)[160],
                      struct term_table *table)
{
    int columns[RESULT_SERVICES_MAX];
    for (int i = 0; i < view->column_count; i++)
        columns[i] = i;
    int at = fill_values(view, columns, view->column_count, table);
    for (int i = 1; i < view->column_count; i++, at += 2)
        fill_difference(view, i, headings[i], table, at);
    table->columns = at;
}

static void fill_one(const struct view *view, int service, char (*headings)[160],
                     struct term_table *table)
{
    const int columns[] = {0, service};
    int at = fill_values(view, columns, 2, table);
    fill_difference(view, service, headings[service], table, at);
    table->columns = at + 2;
}

static void print_tables(const struct view *view, size_t width, bool colour,
                         struct buf *out)
{
    struct term_table table = {0};
    char headings[RESULT_SERVICES_MAX][160];
    for (int i = 1; i < view->column_count; i++)
        snprintf(headings[i], sizeof(headings[i]), "%s/%s", view->columns[i],
                 view->columns[0]);
    fill_wide(view, headings, &table);
    if (view->column_count <= 2 || term_table_width(&table) <= width) {
        term_table_print(&table, colour, out);
        return;
    }
    for (int i = 1; i < view->column_count; i++) {
        table = (struct term_table){0};
        fill_one(view, i, headings, &table);
        if (i > 1)
            buf_add_text(out, "\n");
        term_table_print(&table, colour, out);
    }
}

/* Headings are bold where there is colour, and lines of their own everywhere. */
static void print_heading(const char *text, bool colour, struct buf *out)
{
    buf_format(out, "%s%s%s\n", colour ? "\033[1m" : "", text, colour ? "\033[0m" : "");
}

static void print_lines(const char *title, const struct view_lines *lines, size_t width,
                        bool colour, struct buf *out)
{
    buf_add_text(out, "\n");
    print_heading(title, colour, out);
    for (int i = 0; i < lines->count; i++) {
        buf_add_repeated(out, ' ', INDENT);
        text_wrap(out, lines->items[i], width, INDENT, INDENT + 2);
    }
}

void term_print_view(const struct view *view, int width, bool colour, struct buf *out)
{
    size_t columns = width > 40 ? (size_t)width : 40;
    if (colour)
        buf_add_text(out, "\033[1m");
    text_wrap(out, view->title, columns, 0, 0);
    if (colour)
        buf_add_text(out, "\033[0m");
    print_findings(view, columns, colour, out);
    text_wrap(out, view->setting, columns, 0, INDENT);
    buf_add_text(out, "\n");
    print_tables(view, columns, colour, out);
    text_wrap(out, view->legend, columns, 0, 0);
    if (view->own.count)
        print_lines("By the services' own metrics", &view->own, columns, colour, out);
    if (view->doubts.count)
        print_lines("Doubts", &view->doubts, columns, colour, out);
    else
        buf_add_text(out, "\nDoubts: none; every check of every trial passed.\n");
    print_lines("Provenance", &view->facts, columns, colour, out);
}

void term_print(const struct result *result, const struct comparisons *comparisons,
                int width, bool colour, struct buf *out)
{
    struct view view;
    view_init(&view, result, comparisons);
    term_print_view(&view, width, colour, out);
    view_fini(&view);
}

void term_print_gate(const struct result *result, const struct comparisons *comparisons,
                     int width, bool colour, struct buf *out)
{
    struct view view;
    view_init(&view, result, comparisons);
    print_gate(&view, (size_t)width, colour, out);
    view_fini(&view);
}
