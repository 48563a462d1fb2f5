/*
 * resume: what an earlier run of a race left in its folder. Order and arrivals follow
 * from plan and seed, so the trials are all that has to be read back. Used by race.c.
 */
#ifndef DRAGSTRIP_RUN_RESUME_H
#define DRAGSTRIP_RUN_RESUME_H

#include "result/result.h"
#include "run/outdir.h"
#include "run/plan.h"

/* Whether the folder was begun with this very plan. Before the builds. */
bool resume_check_plan(const struct outdir *out, const struct plan *plan,
                       struct error *err);

/* Whether it was begun on this machine with these services, programs and bodies, as far
 * as its result.json tells. After the builds; now is the race as it would begin. */
bool resume_check_result(const struct outdir *out, const struct result *now,
                         struct error *err);

struct resume_places {  /* of the order of a race */
    const int *runners; /* services in the order's numbering; runner_count of them */
    int runner_count;
    int *next; /* [(block - 1) * services + service]: attempt to go on with, 0: none */
    bool *out; /* by service: did not become ready */
};

/* Reads all trials that are there into the result. False: one of them is not of this
 * order, or cannot be read; nothing in the folder was changed. */
bool resume_recall(const struct outdir *out, const struct plan *plan,
                   struct result *result, struct resume_places *places,
                   struct error *err);

#endif
