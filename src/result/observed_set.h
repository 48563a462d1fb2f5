/*
 * observed_set: what was observed of several services in the same windows, as a table of
 * figures: medians over the windows, and ratios to the first service, paired by window.
 */
#ifndef DRAGSTRIP_RESULT_OBSERVED_SET_H
#define DRAGSTRIP_RESULT_OBSERVED_SET_H

#include "result/observed.h"
#include "stats/signed_rank.h"

#include <jansson.h>

enum observed_row {
    OBSERVED_RATE, /* requests/s */
    OBSERVED_ERRORS,
    OBSERVED_P50, /* seconds, as all times here */
    OBSERVED_P95,
    OBSERVED_P99,
    OBSERVED_P999,
    OBSERVED_MEAN,
    OBSERVED_CPUS,
    OBSERVED_CPU_US,
    OBSERVED_MEMORY, /* bytes */
    OBSERVED_OPEN_FILES,
    OBSERVED_TASK_COUNT,
    OBSERVED_GC_PAUSES,
    OBSERVED_GC_TOTAL,
    OBSERVED_GC_LONGEST,
    OBSERVED_ROWS
};

struct observed_set {
    const char *const *urls;  /* of the pages; the others are held against the first */
    const char *const *names; /* the same, short, for tables */
    int service_count;
    int window_count;
    struct observed *cells; /* cells[service * window_count + window]; not owned */
};

/* "p99", and what it is called in a table. */
const char *observed_row_key(enum observed_row row);
const char *observed_row_label(enum observed_row row);

/* Of one window; NaN: not known. */
double observed_value(const struct observed *observed, enum observed_row row);

/* Median over the windows in which it is known. */
double observed_median(const struct observed_set *set, int service,
                       enum observed_row row);

/* What the histograms say for sure about a quantile's row: in all windows it was within.
 * False: nothing, or it is no such row. */
bool observed_bounds(const struct observed_set *set, int service, enum observed_row row,
                     double *low, double *high);

/* Of the service to the first, by the windows in which both are known and above 0
 * (Hodges-Lehmann of the logarithms); *ci95 is exact (signed rank), NaN with fewer than
 * six. NaN: there is none. */
double observed_ratio(const struct observed_set *set, int service, enum observed_row row,
                      struct interval *ci95);

/* Schema "dragstrip.observed/1". */
json_t *observed_to_json(const struct observed_set *set);

/* One window alone, both directions; trials keep it so. */
struct members;
json_t *observed_window_to_json(const struct observed *observed);
void observed_window_read(const struct members *from, struct observed *out);

#endif
