/*
 * figures: what passed at a generator in a second, as the few numbers that a page for
 * Prometheus is made of; sums of them; and their JSON, in which a race's generator sends
 * them with its live lines. Pure.
 */
#ifndef DRAGSTRIP_RUN_FIGURES_H
#define DRAGSTRIP_RUN_FIGURES_H

#include <jansson.h>

#include "base/error.h"
#include "load/load.h"

enum { FIGURES_BOUNDS = 19 };

extern const double figures_bounds_s[FIGURES_BOUNDS]; /* they rise */

struct figures_now { /* as a second ended, or within it */
    int64_t lag_max_ns;
    uint64_t in_flight, queued;
    double answered_rate; /* requests/s, of any status */
};

struct figures {
    uint64_t due, ok;
    uint64_t errors[TALLY_ERRORS];
    uint64_t within[FIGURES_BOUNDS]; /* good answers, by latency up to each bound */
    double sum_ns;                   /* of their latencies */
    bool has_now;                    /* false: of a rest (load.h), or of nothing yet */
    struct figures_now now;
};

void figures_of_second(const struct load_second *second, struct figures *out);
void figures_of_rest(const struct load_second *rest, struct figures *out);

/* Adds up what passed; how things stand is as the later one says, where it does. */
void figures_add(struct figures *sum, const struct figures *later);

uint64_t figures_ended(const struct figures *figures); /* good and bad */

/* line: its number, from 1. A reader that takes them in order misses none. */
json_t *figures_to_json(const struct figures *figures, int64_t line);
bool figures_from_json(const json_t *json, int64_t line, struct figures *out,
                       struct error *err);

#endif
