/*
 * exposition: the live figures of a generator as a page of the Prometheus text format
 * 0.0.4. Pure.
 */
#ifndef DRAGSTRIP_RUN_EXPOSITION_H
#define DRAGSTRIP_RUN_EXPOSITION_H

#include "base/buf.h"
#include "load/load.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct exposition {      /* sums since the start of the run, warm-up and all */
    const char *target;  /* the URL: a label */
    double offered_rate; /* mean of the measured time; NAN for a closed loop */
    struct books_passed passed;
    uint64_t due;
    /* of the last second */
    int64_t lag_max_ns;
    uint64_t in_flight, queued;
};

void exposition_init(struct exposition *exposition, const char *target,
                     double offered_rate);
void exposition_fini(struct exposition *exposition);

void exposition_add(struct exposition *exposition, const struct load_second *second);

/* Appends the page. Errors are in the latency's count and +Inf bucket, above all others.
 */
void exposition_write(const struct exposition *exposition, struct buf *out);

#endif
