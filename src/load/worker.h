/*
 * worker: one thread of the generator: a loop, its share of the connections, and its
 * stream of the schedule. One shared queue for all its connections (METHOD 1.2).
 *
 * The queue needs no memory: it is the distance between two cursors of the same pure
 * schedule. `noticed` moves when a due time has passed and the worker looked at the clock
 * (that delay is lag), `sending` moves when the request goes out (a delay for want of a
 * free connection is wait).
 */
#ifndef DRAGSTRIP_LOAD_WORKER_H
#define DRAGSTRIP_LOAD_WORKER_H

#include "base/stop.h"

#include "load/books.h"
#include "load/schedule.h"

struct worker_spec {
    const struct target *target;
    int connections;
    bool closed_loop; /* the schedule is not used then */
    bool spin; /* poll instead of sleeping around due times and answers: needs a CPU of
                * its own */
    struct schedule schedule;
    int64_t warmup_ns, duration_ns, timeout_ns;
};

struct conn_list { /* doubly linked; the owner is the worker */
    struct conn *first, *last;
};

/* A look at the clock that came late, and the requests that it noticed. */
struct late_pass {
    uint64_t first, end; /* indices in the schedule */
    int64_t noticed_ns;
};

enum { LATE_MAX = 1024 };

struct late_ring { /* those with requests still queued, oldest first */
    struct late_pass passes[LATE_MAX];
    size_t from, count;
};

struct worker {
    struct worker_spec spec;
    struct loop loop;
    struct conn *conns;
    struct conn_list free, busy; /* busy in the order of sending: the time-outs' order */
    struct scratch scratch;
    struct schedule noticed, sending;
    uint64_t queued; /* noticed and not yet sent */
    struct late_ring late;
    uint64_t in_flight;
    int down;           /* connections in state DOWN or CONNECTING */
    int64_t start_ns;   /* of the schedule: warm-up begins */
    int64_t active_ns;  /* when an event last came */
    int64_t retry_ns;   /* when the next DOWN connection is tried again; INT64_MAX */
    struct books books; /* whose end_ns is where the schedule ends */
    atomic_int *stop;   /* set by the owner: end now */
    struct error err;   /* of worker_connect */
};

bool worker_init(struct worker *worker, const struct worker_spec *spec, atomic_int *stop,
                 struct error *err);
void worker_fini(struct worker *worker);

/* Opens all connections; false when one cannot be had within the time-out. Blocks. */
bool worker_connect(struct worker *worker, struct error *err);

/* Runs from start_ns (monotonic) to the end of the drain. Blocks. */
void worker_run(struct worker *worker, int64_t start_ns);

#endif
