/*
 * worker: one thread of the generator: its connections, its queue of due requests, which
 * all of them share (METHOD 1.2), and its books.
 */
#ifndef DRAGSTRIP_LOAD_WORKER_H
#define DRAGSTRIP_LOAD_WORKER_H

#include "base/stop.h"

#include "load/books.h"
#include "load/links.h"
#include "load/queue.h"

struct worker_spec {
    struct exchange exchange;
    int connections;
    int first; /* of them, among those of all workers: deals the target's addresses */
    bool closed_loop; /* the schedule is not used then */
    bool spin; /* poll instead of sleeping around due times and answers: needs a CPU of
                * its own */
    struct schedule schedule;
    struct requests_turn turn;
    int64_t warmup_ns, duration_ns, timeout_ns;
};

struct worker {
    struct worker_spec spec;
    struct links links;
    struct conn_list busy; /* in the order of sending, which is that of the time-outs */
    struct queue queue;
    struct gauge in_flight;
    int64_t active_ns;  /* when an event last came */
    struct books books; /* whose end_ns is where the schedule ends */
    atomic_int *stop;   /* set by the owner: end now */
};

bool worker_init(struct worker *worker, const struct worker_spec *spec, atomic_int *stop,
                 struct error *err);
void worker_fini(struct worker *worker);

/* Opens all connections; false when one cannot be had within the time-out. Blocks. */
bool worker_connect(struct worker *worker, struct error *err);

/* Runs from start_ns (monotonic) to the end of the drain. Blocks. */
void worker_run(struct worker *worker, int64_t start_ns);

#endif
