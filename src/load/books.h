/*
 * books: what one worker counts. Each request that falls due in the measured time is
 * counted exactly once, as ok or as an error of one kind (METHOD 1.4); requests of the
 * warm-up only appear in the live view.
 */
#ifndef DRAGSTRIP_LOAD_BOOKS_H
#define DRAGSTRIP_LOAD_BOOKS_H

#include <pthread.h>
#include <stdatomic.h>

#include "load/conn.h"
#include "load/tally.h"

struct books_passed { /* what ended in a short time */
    struct hist latency;
    uint64_t ok;
    uint64_t errors[TALLY_ERRORS];
};

void books_passed_init(struct books_passed *passed);
void books_passed_fini(struct books_passed *passed);

/* What the live view reads while the worker runs; swapped under the mutex. */
struct books_live {
    pthread_mutex_t mutex;
    struct books_passed passed;
    struct books_passed spare; /* empty; the reader's */
    _Atomic uint64_t due;      /* fell due, and the latest of them was so late */
    _Atomic int64_t lag_max_ns;
};

struct books {
    int64_t measure_ns, end_ns; /* the measured time, monotonic */
    struct tally tally;
    struct books_live live;
    int64_t last_sent_ns; /* in the measured time; 0: none */
    int64_t spun_ns;      /* polled in vain within the measured time */
};

/* duration_ns: the longest that the measured time can be; log_size as tally_init's. */
void books_init(struct books *books, int64_t duration_ns, size_t log_size);
void books_fini(struct books *books); /* zeroed is allowed */

/* A request fell due, and that was noticed at now_ns. */
void books_due(struct books *books, int64_t due_ns, int64_t now_ns);

void books_sent(struct books *books, const struct request *request);

/* A whole answer came; request.done_ns is set. An error has its time given. */
void books_answer(struct books *books, const struct request *request,
                  enum expect_verdict verdict);

void books_error(struct books *books, const struct request *request,
                 enum tally_error kind, int64_t now_ns);

void books_spun(struct books *books, int64_t from_ns, int64_t to_ns);

/* Every request has its end: asserts that due = ok + errors. log_count: how many requests
 * of the schedule were ended. */
void books_close(struct books *books, uint64_t log_count);

/* Adds what passed since the last call and forgets it; the worker is not held up. From
 * one other thread. */
void books_take_passed(struct books *books, struct books_passed *sum);
uint64_t books_take_due(struct books *books, int64_t *lag_max_ns); /* raises it */

#endif
