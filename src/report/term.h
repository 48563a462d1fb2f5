/*
 * term: a race for people at a terminal. Verdicts first, then the table (one wide one, or
 * one for each compared service when that does not fit), then what spoils trust, then
 * where the numbers come from.
 */
#ifndef DRAGSTRIP_REPORT_TERM_H
#define DRAGSTRIP_REPORT_TERM_H

#include "report/view.h"

/* width: columns of the terminal, 80 or 120; colour: ANSI colours, each with a word. */
void term_print(const struct result *result, const struct comparisons *comparisons,
                int width, bool colour, struct buf *out);

/* A view that was made otherwise (view_versus.h). */
void term_print_view(const struct view *view, int width, bool colour, struct buf *out);

/* The gate's rules alone. */
void term_print_gate(const struct result *result, const struct comparisons *comparisons,
                     int width, bool colour, struct buf *out);

#endif
