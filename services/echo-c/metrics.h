/*
 * metrics: what a loop counts, and the page that sums all loops. Each loop writes only
 * its own counters, with relaxed atomics and no read-modify-write; whoever is asked for
 * the page reads those of all.
 */
#ifndef ECHO_METRICS_H
#define ECHO_METRICS_H

#include "base/buf.h"
#include "route.h"

#include <stdatomic.h>

/* The contract's buckets, and +Inf. */
enum { METRICS_BUCKETS = 17 };

/* The answers that this service gives; any other status would be a bug. */
enum { METRICS_STATUSES = 13 };

struct metrics {
    _Atomic uint64_t requests[METHOD_COUNT][ROUTE_COUNT][METRICS_STATUSES];
    _Atomic uint64_t buckets[ROUTE_COUNT][METRICS_BUCKETS]; /* not cumulative */
    _Atomic uint64_t sum_ns[ROUTE_COUNT];
};

/* One answered request. */
struct metrics_record {
    enum method method;
    enum route route;
    int status;
    int64_t since_ns; /* when its first byte was received */
};

/* Only from the thread that owns the counters. */
void metrics_count(struct metrics *metrics, const struct metrics_record *record,
                   int64_t now_ns);

/* No page is longer; the buffer's maximum. */
enum { METRICS_PAGE_MAX_BYTES = 128 << 10 };

enum metrics_format {
    METRICS_TEXT,       /* of Prometheus, 0.0.4 */
    METRICS_OPENMETRICS /* 1.0.0 */
};

/* The one that a client with this Accept value would rather have; the text when it has no
 * preference, or none that can be read. */
enum metrics_format metrics_format_for(struct str accept);

/* What all loops of a process have in common. */
struct metrics_process {
    const struct metrics *const *loops; /* the counters of each */
    int loop_count;
    int64_t started_ns; /* wall clock */
    bool own_files;     /* threads have descriptor tables of their own */
};

/* Appends the page. */
void metrics_page(struct buf *page, enum metrics_format format,
                  const struct metrics_process *process);

#endif
