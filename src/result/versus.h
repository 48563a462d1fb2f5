/*
 * versus: one service in two results of one plan: before and after. Where both raced the
 * same baseline, the ratio to it is formed within each block and the ratios of the two
 * results are compared, so that what the machine did to both is out of them.
 *
 * There are numbers here, and no verdict. Two results are one observation each: how much
 * a service changes from one run to the next, whatever the cause, cannot be known from
 * them, and the interval (two-sample Hodges-Lehmann, exact, of the rank sum) is of what
 * changes within the runs alone. A verdict needs both builds in the same blocks.
 */
#ifndef DRAGSTRIP_RESULT_VERSUS_H
#define DRAGSTRIP_RESULT_VERSUS_H

#include "result/compare.h"

struct versus_side {
    const struct result *result;
    const struct comparisons *found; /* of it alone */
    int service;                     /* in it */
};

struct versus {
    struct versus_side before, after;
    bool anchored; /* to the baseline of both */
    struct versus_item {
        int n[2];                    /* blocks with a value */
        double ratio;                /* after / before; NAN */
        struct interval ci95;        /* of it, within the runs */
        char why[LOAD_REASON_BYTES]; /* why there is no ratio; "" */
    } items[METRICS];
};

/* Whether the two may be held against each other: the same load, length, limits and
 * machine, and both whole. False: err tells every difference. */
bool versus_is_comparable(const struct result *before, const struct result *after,
                          struct error *err);

/* Index in `after` of the service with this name; -1. */
int versus_find(const struct result *after, const char *name);

void versus_compare(const struct versus_side *before, const struct versus_side *after,
                    struct versus *out);

#endif
