/*
 * term: a race for people at a terminal. Verdicts first, then the table (one wide one, or
 * one for each compared service when that does not fit), then what spoils trust, then
 * where the numbers come from.
 */
#ifndef DRAGSTRIP_REPORT_TERM_H
#define DRAGSTRIP_REPORT_TERM_H

#include "result/compare.h"

/* width: columns of the terminal, 80 or 120; colour: ANSI colours, each with a word. */
void term_print(const struct result *result, const struct comparisons *comparisons,
                int width, bool colour, struct buf *out);

#endif
