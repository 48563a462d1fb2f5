/*
 * exposition: the live figures of one generator, or of a whole race, as a page of the
 * Prometheus text format 0.0.4 or of OpenMetrics 1.0. Pure.
 *
 * A race's counters go on from trial to trial, one set a service. Block and trial are
 * gauges of the race and labels of dragstrip_trial_info alone: as labels of counters
 * they would make new series of a whole histogram every few seconds.
 */
#ifndef DRAGSTRIP_RUN_EXPOSITION_H
#define DRAGSTRIP_RUN_EXPOSITION_H

#include "base/buf.h"
#include "run/figures.h"

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

const char *exposition_type(enum exposition_format format); /* Content-Type */

struct exposition_series {
    const char *service; /* a label; NULL: there is no such label */
    const char *target;  /* the URL: a label */
    double offered_rate; /* mean of the measured time; NAN for a closed loop */
    struct figures sum;  /* since the start, warm-ups and all */
};

struct exposition_race {
    int block, blocks, trial, trials; /* 0: not yet */
    const char *service, *phase;      /* of the trial that runs; NULL: none does */
};

struct exposition { /* texts are the caller's */
    struct exposition_series *series;
    int count;
    const struct exposition_race *race; /* NULL: a generator alone */
};

/* Appends the page. Errors are in the latency's count and +Inf bucket, above all others.
 */
void exposition_write(const struct exposition *exposition, enum exposition_format format,
                      struct buf *out);

#endif
