/*
 * figure: the numbers of a report as people read them, three significant digits. NAN is a
 * dash. Every function returns out.
 */
#ifndef DRAGSTRIP_REPORT_FIGURE_H
#define DRAGSTRIP_REPORT_FIGURE_H

#include "result/compare.h"

enum { FIGURE_BYTES = 48 };

/* ns: "183 µs", or ">5s" for INFINITY (">time-out" when that is 0: unknown). */
const char *figure_time(double ns, int64_t above_ns, char out[FIGURE_BYTES]);

/* In the metric's unit; a drain of INFINITY is "killed". */
const char *figure_value(double value, enum metric metric, int64_t above_ns,
                         char out[FIGURE_BYTES]);

const char *figure_rate(double per_second, char out[FIGURE_BYTES]); /* "20,000/s" */
const char *figure_share(double share, char out[FIGURE_BYTES]);     /* "2.1%" */
const char *figure_ratio(double ratio, char out[FIGURE_BYTES]);     /* "2.31×" */

/* "2.31× [2.10, 2.60]", or without the interval when there is none. */
const char *figure_difference(double ratio, struct interval ci, char out[FIGURE_BYTES]);

#endif
