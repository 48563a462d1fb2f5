/*
 * trial: one service, measured once: fresh start, ready, warm-up, measured time, stop
 * (METHOD 1.7). The generator is a child process of its own.
 */
#ifndef DRAGSTRIP_RUN_TRIAL_H
#define DRAGSTRIP_RUN_TRIAL_H

#include "result/result.h"
#include "run/figures.h"
#include "run/plan.h"
#include "sys/cpu.h"

#include "base/stop.h"

/* Called from trial_run while the generator runs; each may be NULL. */
struct trial_watcher {
    void *context;
    /* All connections stand; the measured time on the monotonic clock. */
    void (*loads)(void *context, int64_t measure_ns, int64_t end_ns);
    /* About every second. */
    void (*second)(void *context, const struct load_window *window);
    /* What passed since the last call, all of it in the end; the generator is asked for
     * it only when this is there. Of a trial that fails, what was known until then. */
    void (*figures)(void *context, const struct figures *figures);
    /* The generator is over; the service is stopped next. */
    void (*measured)(void *context);
};

struct trial_setup {
    const struct plan *plan;
    const char *program; /* this tool, to start the generator with */
    const cpu_set_t *service_cpus;
    const cpu_set_t *race_cpus; /* those of service and generator */
    const char *generator_cpus; /* as text; NULL: anywhere */
    bool generator_alone;       /* no service runs on them */
    atomic_int *stop;
    struct trial_watcher watcher;
};

/* Where and when: block, position and attempt count from 1. */
struct trial_place {
    int block, position, service, attempt;
    uint64_t seed;        /* of the block's arrivals */
    const char *log_path; /* the service's output */
};

/*
 * Runs it and fills *out (trial_fini). A trial that goes wrong is TRIAL_FAILED with its
 * reason; one that was interrupted is TRIAL_SKIPPED. No child is left in any case. False:
 * the service did not even become ready.
 */
bool trial_run(const struct trial_setup *setup, const struct trial_place *place,
               struct trial *out);

/* Whether the machine or the generator spoilt it, for nothing that the service did: then
 * it is worth a second attempt at the same place (METHOD 6). */
bool trial_is_spoilt(const struct trial *trial, const struct plan *plan);

#endif
