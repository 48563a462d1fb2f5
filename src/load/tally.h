/*
 * tally: what one worker counted, and the sum over workers. Histograms are merged by
 * adding counts, never by averaging percentiles (METHOD 1.6).
 */
#ifndef DRAGSTRIP_LOAD_TALLY_H
#define DRAGSTRIP_LOAD_TALLY_H

#include <stddef.h>

#include "stats/hist.h"

enum tally_error { /* in the order of the result's counts.errors */
                   TALLY_CONNECT,
                   TALLY_TIMEOUT,
                   TALLY_RESET,
                   TALLY_STATUS,
                   TALLY_PROTOCOL,
                   TALLY_BODY,
                   TALLY_UNSENT,
                   TALLY_ERRORS
};

/* When the backlog is counted. Who was served badly was served; who expired waiting never
 * is. */
enum tally_mark { TALLY_START, TALLY_MIDDLE, TALLY_END, TALLY_MARKS };

struct tally_window { /* requests due in one second of the measured time */
    struct hist latency;
    uint64_t ok;
    uint64_t errors;
};

enum { TALLY_INFINITE = 0xffff }; /* in the log: an error */

struct tally_gap {          /* two requests that a worker sent one after the other */
    int64_t from_ns, to_ns; /* from the start of the measured time */
};

enum { TALLY_GAPS_MAX = 4096 };

struct tally {
    struct tally_window *windows;
    size_t window_count;
    struct hist service_time, wait, lag, first_byte;
    struct hist less_lag; /* latency from when a request was noticed to be due */
    uint64_t due, sent, ok, answered; /* answered: any complete answer, of any status */
    uint64_t answered_in_time, ok_in_time; /* … before the end of the measured time */
    uint64_t errors[TALLY_ERRORS];
    uint64_t expired_waiting; /* errors of requests that had to wait for a connection and
                               * then ran out of time */
    uint64_t backlog[TALLY_MARKS]; /* due, but not served, at each mark */
    uint64_t reconnects;
    uint64_t bytes_received;
    uint64_t peak_in_flight; /* of several workers: the sum of their peaks */
    /* Latency's bucket per request in due order, for the tail (METHOD 5); NULL for none.
     */
    uint16_t *log;
    size_t log_count, log_capacity;
    /* Every gap_stride-th gap, spread over the run, to be held against the plan. */
    struct tally_gap *gaps;
    size_t gap_count, gap_stride; /* stride 0: none are kept */
};

/* log_capacity, the most requests that a worker can have: 0 is without a log and gaps. */
void tally_init(struct tally *tally, size_t window_count, size_t log_capacity);
void tally_fini(struct tally *tally);

/* Everything but the log, which has an order that only the schedules know. */
void tally_merge(struct tally *to, const struct tally *from);

#endif
