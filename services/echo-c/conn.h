/*
 * conn: one connection, from its acceptance to its end, and all connections of a loop.
 * States, invariants and time-outs are in conn.c.
 */
#ifndef ECHO_CONN_H
#define ECHO_CONN_H

#include "desk.h"
#include "exchange.h"
#include "ring.h"
#include "slab.h"

/* What a connection waits for; one ring each. */
enum conn_wait {
    CONN_IDLE,   /* a request, 15 s */
    CONN_HEAD,   /* the rest of a request's head, 5 s */
    CONN_BODY,   /* the rest of its body, 20 s, and 64 KiB/s after the first 5 s */
    CONN_TAKE,   /* that the peer takes answers, 16 KiB/s in each 10 s */
    CONN_LINGER, /* that the peer hangs up, 2 s, or 250 ms while draining */
    CONN_WAITS
};

enum conn_phase {
    CONN_SERVING,
    CONN_DRAINING, /* each answer is a connection's last; requests may still come */
    CONN_ENDING    /* those without a request are closed */
};

/* What the connections of one loop share. Owned by the loop's thread. */
struct conn_host {
    struct desk desk;
    enum conn_phase phase;
    int open_count;
    int64_t phase_end_ns; /* while draining and ending */
    struct ring waits[CONN_WAITS];
    struct ring again;     /* more can be read at once, but it is others' turn */
    struct slab conns;     /* struct conn */
    struct slab exchanges; /* struct exchange */
    struct exchange fresh; /* of whoever has its turn and none of its own; else zeroed */
};

struct conn;

void conn_host_init(struct conn_host *host, const struct serve_settings *settings);

/* All connections must be closed. */
void conn_host_fini(struct conn_host *host);

/* Begins a turn of the loop: the monotonic clock, and the wall clock since 1970. */
void conn_host_turn(struct conn_host *host, int64_t now_ns, int64_t wall_s);

/* Takes over an accepted descriptor; never fails. */
struct conn *conn_open(struct conn_host *host, int fd);

/* At once, without a word. */
void conn_close(struct conn_host *host, struct conn *conn);

/* ready: LOOP_READ, LOOP_WRITE, LOOP_END. The connection may be gone afterwards. */
void conn_ready(struct conn_host *host, struct conn *conn, unsigned ready);

/* Ends a turn: goes on with those that were stopped for others' sake, and acts on all
 * deadlines. */
void conn_host_expire(struct conn_host *host);

/* The next deadline, INT64_MAX when there is none. */
int64_t conn_host_next_ns(const struct conn_host *host);

/* From now on each answer is a connection's last. Those without a request are closed
 * CONN_GRACE_NS later, so that what is on its way arrives; the rest ends by itself, at
 * the latest CONN_DRAIN_NS from now. */
void conn_host_drain(struct conn_host *host);

#define CONN_GRACE_NS (INT64_C(250) * 1000 * 1000)
#define CONN_DRAIN_NS (INT64_C(28) * 1000 * 1000 * 1000)

#endif
