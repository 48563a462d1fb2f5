/*
 * schedule: when each request is due. Pure: it knows no clock, so a late server cannot
 * slow it down. Copyable: a copy yields the same times again.
 *
 * Worker w of W gets every W-th time of a constant schedule, or a Poisson stream of its
 * own of rate/W (the superposition is a Poisson process of the whole rate). METHOD 1.2.
 * The rate may change over time: profile.h.
 */
#ifndef DRAGSTRIP_LOAD_SCHEDULE_H
#define DRAGSTRIP_LOAD_SCHEDULE_H

#include "load/profile.h"
#include "stats/rng.h"

enum arrivals { ARRIVALS_CONSTANT, ARRIVALS_POISSON };

#define SCHEDULE_OVER INT64_MAX

struct schedule {
    enum arrivals arrivals;
    const struct profile *profile; /* over all workers; not owned */
    struct profile_cursor cursor;
    double at_count; /* Poisson: the running sum, in requests of all workers */
    uint64_t worker, workers;
    uint64_t index; /* of the next request in this stream */
    int64_t span_ns;
    int64_t next_ns;
    struct rng rng;
};

/* The profile must outlive the schedule; times are in [0, span_ns). */
void schedule_init(struct schedule *schedule, enum arrivals arrivals,
                   const struct profile *profile, int64_t span_ns, uint64_t seed,
                   int worker, int workers);

/* Next due time, ns from the start, never decreasing; SCHEDULE_OVER at the end. */
int64_t schedule_peek(const struct schedule *schedule);
void schedule_advance(struct schedule *schedule);

/* From here on the schedule yields no time at or after span_ns. */
void schedule_cut(struct schedule *schedule, int64_t span_ns);

#endif
