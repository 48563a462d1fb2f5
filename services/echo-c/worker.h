/*
 * worker: a thread with its own event loop, its own listener on the shared port, and the
 * connections that it accepted. Workers share nothing but the counters that are read for
 * /metrics.
 */
#ifndef ECHO_WORKER_H
#define ECHO_WORKER_H

#include "conn.h"
#include "sys/loop.h"
#include "sys/sock.h"
#include "sys/thread.h"

enum worker_state {
    WORKER_OPENING,
    WORKER_FAILED, /* err says why; it has ended */
    WORKER_SERVING,
    WORKER_ENDED
};

struct worker_settings {
    struct serve_settings serve;
    int connections_max; /* of each worker; beyond it nothing is accepted */
    bool own_files;      /* a descriptor table of its own: the limit counts for each */
    int news;            /* a wake descriptor, rung when a worker's state has changed */
};

struct worker {
    const struct worker_settings *settings;
    struct sock_address *address;
    struct conn_host host;
    struct loop loop;
    struct thread thread;
    int listener;            /* -1 once draining */
    int wake;                /* rung for drain */
    bool accept_paused;      /* out of descriptors, or at the limit of connections */
    int64_t accept_again_ns; /* when accept_paused */
    struct error err;
    _Atomic bool drain_asked;
    _Atomic int state; /* enum worker_state */
};

/* Before the first one is started, all must be: each is asked for the counters of all.
 * False: err says why. */
bool worker_init(struct worker *worker, const struct worker_settings *settings,
                 struct error *err);

/* The thread must have been joined, or never started. */
void worker_fini(struct worker *worker);

/* Starts the thread, which opens its listener; *address gets the port when it was 0. Its
 * state tells how that went: only then may the next worker use the address. */
bool worker_start(struct worker *worker, struct sock_address *address, struct error *err);

/* From another thread. */
enum worker_state worker_state(const struct worker *worker);

/* From another thread: stop accepting, finish what was received, end. */
void worker_drain(struct worker *worker);

#endif
