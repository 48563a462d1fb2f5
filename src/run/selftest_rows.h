/*
 * selftest_rows: the table of what is run and what must come out. For selftest.c alone.
 */
#ifndef DRAGSTRIP_RUN_SELFTEST_ROWS_H
#define DRAGSTRIP_RUN_SELFTEST_ROWS_H

#include "load/schedule.h"
#include "result/load_result.h"

enum { SELFTEST_CHECKS_MAX = 5 };

/* What a row brought. */
struct selftest_outcome {
    struct load_result load;
    double steal_share; /* of the machine's CPU time meanwhile */
};

struct selftest_check {
    const char *what, *unit;
    double (*get)(const struct selftest_outcome *outcome);
    double expected, low, high; /* expected NAN: shown, not judged */
};

enum selftest_victim { STOP_NOBODY, STOP_SERVICE, STOP_GENERATOR };

struct selftest_row {
    const char *law, *load, *rate;
    enum arrivals arrivals;
    int connections, threads; /* 0: 64 and 1 */
    int64_t warmup_ns, duration_ns, timeout_ns;
    enum selftest_victim victim; /* is stopped (SIGSTOP) for stop_ns, a quarter into the
                                  * measured time */
    int64_t stop_ns;
    bool quick;
    struct selftest_check checks[SELFTEST_CHECKS_MAX];
};

extern const struct selftest_row selftest_rows[];
extern const int selftest_row_count;

#endif
