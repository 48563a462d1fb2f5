/*
 * law: when an arriving request is answered, and how. Pure: the clock is the caller's.
 * Each law has a known distribution, so that a generator can be held against it.
 *
 *   null                    at once
 *   fixed:2ms               2 ms after it arrived, any number at a time
 *   stall:200ms,10s         nothing is answered in the first 200 ms of every 10 s
 *   mm1:1ms                 one server, first come first served, exponential of mean 1 ms
 *   md1:1ms                 the same with exactly 1 ms each
 *   bimodal:1ms,20ms,10%    1 ms, or 20 ms in 10 of 100; any number at a time
 *   errors:10%              503 at once for 10 of 100, 200 at once for the others
 *   slow:100ms,0.7%         at once, or after 100 ms for 7 of 1,000
 *   lognormal:1ms,0.5       exp of a normal with median 1 ms and sigma 0.5
 *   pareto:1ms,2.5          at least 1 ms, tail index 2.5
 */
#ifndef ORACLE_LAW_H
#define ORACLE_LAW_H

#include "base/error.h"
#include "base/str.h"
#include "stats/rng.h"

struct law {
    const struct law_form *form;
    double first, second; /* the form's numbers: ns, or plain */
    double share;         /* 0…1 */
    struct rng rng;
    int64_t start_ns;      /* of the periods of a stall */
    int64_t busy_until_ns; /* of a single server */
};

/* now_ns: when its time begins. */
bool law_parse(struct law *law, const char *text, uint64_t seed, int64_t now_ns,
               struct error *err);

struct law_answer {
    int64_t at_ns;
    int status; /* 200 or 503 */
};

/* For a request that arrived at now_ns; calls in the order of arrival. */
struct law_answer law_answer(struct law *law, int64_t now_ns);

#endif
