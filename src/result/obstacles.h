/*
 * obstacles: what stands in the way of a verdict, whatever the numbers say (METHOD 5 and
 * 6). The same for a comparison of two services and for a limit on one alone.
 */
#ifndef DRAGSTRIP_RESULT_OBSTACLES_H
#define DRAGSTRIP_RESULT_OBSTACLES_H

#include "result/compare.h"

struct scope { /* whose trials of one metric are needed */
    const struct result *result;
    const struct comparisons *all; /* cells and findings are filled */
    int sides[2];                  /* the baseline first where there are two */
    int side_count;
    enum metric metric;
};

const char *scope_name(const struct scope *scope, int side);

/*
 * Each sets verdict and why (and late, or takes back the numbers) and is true when it
 * finds one. Skipped or failed or invalid trials, other answers, overload; and then
 * whether the percentile is deep enough and not the generator's own.
 */
bool obstacle_was_skipped(const struct scope *scope, struct comparison *out);
bool obstacle_in_trials(const struct scope *scope, struct comparison *out);
bool obstacle_in_tail(const struct scope *scope, struct comparison *out);

/* All of them, for who wants a number and no verdict: a tail that is only too thin for a
 * verdict is none. */
bool obstacle_to_number(const struct scope *scope, struct comparison *out);

#endif
