/*
 * desk: what the work on a request needs and no connection owns: buffers for what comes
 * and goes, the counters, the service itself, the present time. One desk belongs to one
 * loop, and whatever connection has its turn works at it.
 */
#ifndef ECHO_DESK_H
#define ECHO_DESK_H

#include "pool.h"
#include "serve.h"

enum { DESK_INPUT_BYTES = 64 << 10, DESK_BATCH = 64 };

struct desk {
    struct serve serve;
    struct metrics metrics;
    struct pool pool;
    int64_t now_ns; /* when the present events were fetched */
    char *input;    /* DESK_INPUT_BYTES */
    struct out out;
    struct metrics_record batch[DESK_BATCH]; /* answers in out, not yet counted */
    int batch_count;
};

void desk_init(struct desk *desk, const struct serve_settings *settings);
void desk_fini(struct desk *desk);

/* Whether one more answer fits, whatever it is. */
bool desk_has_room(const struct desk *desk);

/* The record of one more answer, to be filled in. */
struct metrics_record *desk_record(struct desk *desk, int64_t since_ns);

/* Counts the answers that have been sent; out is empty afterwards. */
void desk_clear(struct desk *desk);

#endif
