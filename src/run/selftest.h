/*
 * selftest: the generator against an oracle whose law is known (METHOD 9), on this very
 * machine. Each row is a run of both; what it should print is computed from the law.
 */
#ifndef DRAGSTRIP_RUN_SELFTEST_H
#define DRAGSTRIP_RUN_SELFTEST_H

#include "base/error.h"
#include "base/stop.h"

struct selftest_finding { /* one number of one row */
    const char *law;      /* as the oracle was started */
    const char *load;     /* in words */
    const char *what;     /* "p99", "errors" */
    const char *unit;     /* "ms", "%", "" */
    double expected;      /* NAN: shown, not judged */
    double low, high;     /* accepted */
    double measured;      /* INFINITY: beyond the time-out */
    bool good;
};

struct selftest_setup {
    const char *program; /* this tool */
    const char *oracle;  /* dragstrip-oracle */
    bool quick;          /* the rows that take a few seconds altogether */
    atomic_int *stop;
    void *context;
    void (*found)(void *context, const struct selftest_finding *finding);
};

/* False: it could not be run, or was stopped; err says why. *all_good: every finding was.
 */
bool selftest_run(const struct selftest_setup *setup, bool *all_good, struct error *err);

#endif
