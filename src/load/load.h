/*
 * load: one run of the generator: threads, the measured time, and the sum of what the
 * workers counted.
 */
#ifndef DRAGSTRIP_LOAD_LOAD_H
#define DRAGSTRIP_LOAD_LOAD_H

#include "base/stop.h"
#include <sched.h>

#include "load/books.h"
#include "load/schedule.h"

struct load_spec {
    struct exchange exchange;      /* with a target of one family (target_pick_family) */
    const struct profile *profile; /* the rate over time; NULL: closed loop */
    enum arrivals arrivals;
    int connections; /* dealt out evenly; at least one a thread */
    int threads;
    int64_t warmup_ns, duration_ns, timeout_ns;
    uint64_t seed;
    const cpu_set_t *cpus; /* of the threads; NULL: as the caller's */
    bool spin; /* poll around due times; only where each thread has a CPU of its own */
};

/* What passed in a second, and how things stand at its end. */
struct load_second {
    int64_t number; /* from the measured time's start; negative in the warm-up */
    int64_t
        length_ns; /* about a second; the first of the warm-up and the last may differ */
    struct books_passed passed;
    uint64_t due; /* fell due, noticed by lag_max_ns later at most */
    int64_t lag_max_ns;
    uint64_t in_flight, queued;
};

/* Called from the thread that called load_run, between the workers' work. */
struct load_watcher {
    void *context;
    /* All connections stand; the measured time on the monotonic clock. */
    void (*started)(void *context, int64_t measure_ns, int64_t end_ns);
    /* About every second. */
    void (*second)(void *context, const struct load_second *second);
    /* What passed outside of all seconds: in a warm-up shorter than one, and after the
     * measured time. With it nothing that falls due or ends is missing. NULL is allowed.
     */
    void (*rest)(void *context, const struct load_second *rest);
};

struct load_outcome {
    struct tally tally;
    struct hist latency; /* sum of the windows */
    uint16_t *log; /* latency buckets of the measured requests in due order, or NULL */
    size_t log_count;
    int64_t measured_ns; /* the duration, or less after a stop */
    double cpu_seconds;  /* of this process in the measured time */
    double spin_seconds; /* of them: polled in vain, by all threads */
    int64_t max_rss_bytes;
    uint64_t tls_handshakes, tls_resumed;
    char tls_version[TLS_VERSION_BYTES]; /* "" without TLS */
    bool interrupted;
};

/* *stop is an enum stop_level and may be set by a signal handler. False: nothing was
 * measured, err says why. */
bool load_run(const struct load_spec *spec, const struct load_watcher *watcher,
              atomic_int *stop, struct load_outcome *out, struct error *err);
void load_outcome_fini(struct load_outcome *outcome);

#endif
