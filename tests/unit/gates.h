/*
 * gates: rules applied to made-up races (race.h). The baseline is service 0; values are
 * far from each other, so that what a rule finds follows from ranks alone.
 */
#ifndef DRAGSTRIP_TESTS_GATES_H
#define DRAGSTRIP_TESTS_GATES_H

#include "race.h"
#include "result/gate.h"
#include "tap.h"

struct judged { /* a race with its gate; fini frees the race as well */
    struct comparisons found;
    struct gate gate;
};

static inline void judged_init(struct judged *judged, const struct result *race)
{
    compare_result(race, &judged->found);
    gate_apply(race, &judged->found, &judged->gate);
}

static inline void judged_fini(struct judged *judged)
{
    gate_fini(&judged->gate);
    comparisons_fini(&judged->found);
}

/* The one check of the rules of a race, which is freed. why is of the copy. */
static inline struct gate_check judge_once(struct result *race)
{
    struct judged judged;
    judged_init(&judged, race);
    TAP_INT(judged.gate.count, 1, "one check");
    struct gate_check check = judged.gate.checks[0];
    TAP_INT(judged.gate.status, check.status, "and its status is that of the whole");
    check.rule = NULL;
    judged_fini(&judged);
    result_fini(race);
    return check;
}

static inline void expect_status(const struct gate_check *check, enum gate_status wanted,
                                 const char *what)
{
    TAP_TEXT(gate_status_names[check->status], gate_status_names[wanted], what);
}

/* ln of service / baseline in each block; the baseline is 1 ms, 1 us, 1 MB, or 1000/s. */
static inline void set_ratios(struct result *race, int service, enum metric metric,
                              const double *d)
{
    double base = metric == METRIC_CPU || metric == METRIC_THROUGHPUT ? 1000 : 1e6;
    for (int block = 1; block <= race->blocks_planned; block++) {
        race_set(race_trial(race, block, 0), metric, base);
        race_set(race_trial(race, block, service), metric, base * exp(d[block - 1]));
    }
}

/*
 * Ten differences around the margin ln 1.05 of which those below it have ranks that sum
 * to w: P(W- <= w) is p. Up to rank 10 a rank is one block.
 */
static inline void set_around(struct result *race, int service, enum metric metric, int w)
{
    double d[10];
    for (int rank = 1; rank <= 10; rank++)
        d[rank - 1] = log(1.05) + (rank == w ? -.02 : .02) * rank;
    set_ratios(race, service, metric, d);
}

#endif
