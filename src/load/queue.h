/*
 * queue: the requests of a worker that are due and not yet sent. It needs no memory,
 * however long it grows: it is the distance between two cursors of the same pure
 * schedule. `noticed` moves when a due time has passed and the worker looked at the clock
 * (that delay is lag), `sending` moves when the request goes out (a delay for want of a
 * free connection is wait).
 */
#ifndef DRAGSTRIP_LOAD_QUEUE_H
#define DRAGSTRIP_LOAD_QUEUE_H

#include "load/books.h"
#include "load/gauge.h"
#include "load/schedule.h"

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

struct queue {
    int64_t start_ns; /* of the schedule, monotonic */
    struct schedule noticed, sending;
    struct late_ring late;
    struct gauge length;
};

void queue_init(struct queue *queue, const struct schedule *schedule);

/* When the next request that has not been noticed is due, monotonic; SCHEDULE_OVER. */
int64_t queue_next_due(const struct queue *queue);

/* Moves the first cursor up to now; each request that it passes goes into the books. */
void queue_notice(struct queue *queue, int64_t now_ns, struct books *books);

/* Not of an empty queue: when the oldest was due, and the oldest itself, sent now. */
int64_t queue_oldest_due(const struct queue *queue);
struct request queue_take(struct queue *queue, int64_t now_ns);

/* Nothing is due from end_ns on. */
void queue_cut(struct queue *queue, int64_t end_ns);

#endif
