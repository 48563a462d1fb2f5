/*
 * view: a race as texts in the order in which they are read, the same for every format:
 * verdicts, gate, table, doubts, provenance. Formats (term, markdown) only lay it out.
 * Owns its texts; names are views of the result, which must outlive it.
 */
#ifndef DRAGSTRIP_REPORT_VIEW_H
#define DRAGSTRIP_REPORT_VIEW_H

#include "report/figure.h"

enum view_tone { /* how a word is coloured where there is colour; never without a word */
                 TONE_PLAIN,
                 TONE_GOOD,
                 TONE_BAD,
                 TONE_SAME,
                 TONE_OPEN, /* no answer */
                 TONE_ALARM /* the measurement itself */
};

struct view_verdict { /* one compared service in one line */
    const char *service;
    const char *word; /* "SLOWER" */
    enum view_tone tone;
    char *detail; /* "p99 2.31× [2.10, 2.60]; CPU 4.90×" */
};

struct view_difference {
    char ratio[FIGURE_BYTES];   /* with its interval */
    char verdict[FIGURE_BYTES]; /* never empty */
    enum view_tone tone;
};

struct view_row {
    const char *label;
    char values[RESULT_SERVICES_MAX][FIGURE_BYTES];          /* medians, by column */
    struct view_difference differences[RESULT_SERVICES_MAX]; /* of column i + 1 */
};

struct view_gate {    /* the plan's rules; without any, count is 0 */
    const char *word; /* of the whole: "BROKEN" */
    enum view_tone tone;
    struct view_verdict *checks; /* heap; detail begins with the rule */
    int count;
};

struct view_lines {
    char **items;
    int count;
};

enum { VIEW_ROWS_MAX = 24 };

struct view {
    char *title;
    char *setting; /* load and experiment in one line */
    struct view_verdict verdicts[RESULT_SERVICES_MAX];
    int verdict_count;
    struct view_gate gate;
    char *noise; /* what the baseline differs from itself by; NULL */
    const char *columns[RESULT_SERVICES_MAX]; /* services; the baseline is the first */
    int services[RESULT_SERVICES_MAX];        /* their indices in the result */
    int column_count;
    struct view_row rows[VIEW_ROWS_MAX];
    int row_count;
    char *legend;             /* how to read the table */
    struct view_lines own;    /* what the services' own metrics say; may be empty */
    struct view_lines doubts; /* what spoils trust; empty is good news */
    struct view_lines facts;  /* where the numbers come from: "plan: …" */
};

void view_init(struct view *view, const struct result *result,
               const struct comparisons *comparisons);
void view_fini(struct view *view);

#endif
