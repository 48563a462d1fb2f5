/*
 * view_parts: the pieces that view_init puts together, one file each. Used by view*.c
 * only.
 */
#ifndef DRAGSTRIP_REPORT_VIEW_PARTS_H
#define DRAGSTRIP_REPORT_VIEW_PARTS_H

#include "report/view.h"

void lines_add(struct view_lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Verdict as a word of the table ("SLOWER by >5%") and its tone. */
void view_verdict_word(const struct result *result, const struct comparison *comparison,
                       struct view_difference *out);

/* Whether the ratio may be shown: not of an invalid or overloaded comparison. */
bool view_shows_ratio(const struct comparison *comparison);

void view_add_verdicts(struct view *view, const struct result *result,
                       const struct comparisons *comparisons); /* view_verdict.c */
void view_add_gate(struct view *view, const struct result *result,
                   const struct comparisons *comparisons); /* view_gate.c */
void view_add_noise(struct view *view, const struct result *result,
                    const struct comparisons *comparisons); /* view_noise.c */
void view_add_doubts(struct view *view, const struct result *result,
                     const struct comparisons *comparisons); /* view_doubts.c */
void view_add_machine_doubts(struct view *view,
                             const struct result *result); /* view_machine.c */
void view_add_undecided(struct view *view, const struct result *result,
                        const struct comparisons *comparisons); /* view_undecided.c */
void view_add_own(struct view *view, const struct result *result,
                  const struct comparisons *comparisons);            /* view_own.c */
void view_add_facts(struct view *view, const struct result *result); /* view_facts.c */

/* "100,000 requests/s" or "a closed loop". On the heap. */
char *view_offered(const struct result *result);

#endif
