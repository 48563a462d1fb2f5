/*
 * race: from a plan to a result: build what can be built here, run the blocks, keep every
 * trial (METHOD 2, DESIGN 3).
 *
 *   build each service --> for each block, its services in random order: trial_run,
 *   write the trial --> write result.json
 *
 * A service whose trial could not even start it is out for the rest of the race: the next
 * blocks would tell the same. One that died under load stays in, because how often it
 * dies is a finding. Without its baseline, or with nobody to compare, a race ends.
 *
 * A trial that the machine spoilt, not the service, is run once more at the same place;
 * both are kept and the second counts. Whether that happens never depends on how the
 * service did.
 *
 * A race that was cut off goes on from its folder: trials that are there are read and not
 * run again, and everything else follows from plan and seed as it would have.
 */
#ifndef DRAGSTRIP_RUN_RACE_H
#define DRAGSTRIP_RUN_RACE_H

#include "base/stop.h"

#include "result/result.h"
#include "run/figures.h"
#include "run/outdir.h"
#include "run/plan.h"

enum race_stage {
    RACE_BUILDS,     /* service: its build begins */
    RACE_SKIPS,      /* service: will not run; why */
    RACE_SETS_UP,    /* the blocks begin; result->machine tells the CPUs */
    RACE_TRIAL,      /* service, block, trial */
    RACE_LOADS,      /* the same, and measure_ns and end_ns: the warm-up begins */
    RACE_SECOND,     /* the same, and window */
    RACE_FIGURES,    /* the same, and figures: what passed since the last ones */
    RACE_MEASURED,   /* the same: the generator is over, the service is stopped */
    RACE_TRIAL_OVER, /* the same, and done */
    RACE_REPEATS,    /* the same: the machine spoilt it, so it is run once more */
    RACE_STOPS       /* block: the intervals are narrow enough */
};

struct race_moment {
    enum race_stage stage;
    const char *service;
    const char *why;
    int block, blocks;                /* from 1 */
    int trial, trials;                /* from 1 */
    int64_t elapsed_ns, remaining_ns; /* of the blocks; remaining is an estimate */
    int64_t measure_ns, end_ns;       /* of the trial, monotonic */
    const struct load_window *window;
    const struct figures *figures;
    const struct trial *done;
    const struct result *result;
};

struct race_watcher {
    void *context;
    void (*moment)(void *context, const struct race_moment *moment);
};

struct race_setup {
    const struct plan *plan;
    const char *program; /* this tool, to start generators with */
    const char *version; /* of the tool */
    struct outdir *out;
    bool resume;  /* out holds the beginning of this very race */
    bool figures; /* the watcher is told of them */
    struct race_watcher watcher;
    atomic_int *stop;
};

/*
 * Runs the race and fills *out (result_fini) in any case. False: it ended before its time
 * and err says why; what was measured is in *out, marked partial. An interruption is no
 * error: true, partial.
 */
bool race_run(const struct race_setup *setup, struct result *out, struct error *err);

#endif
