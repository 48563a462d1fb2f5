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

struct worker {
    struct conn_host host;
    struct loop loop;
    struct thread thread;
    int listener;            /* -1 once draining */
    int wake;                /* rung for drain */
    int ended;               /* rung at the end; not ours */
    bool accept_paused;      /* out of descriptors */
    int64_t accept_again_ns; /* when accept_paused */
    _Atomic bool drain_asked;
    _Atomic bool has_ended;
};

/* Opens the listener; *address gets the port when it was 0. `ended` is a wake descriptor
 * that is rung when the worker has ended. */
bool worker_init(struct worker *worker, struct sock_address *address,
                 const struct serve_settings *settings, int ended, struct error *err);

/* The thread must have been joined, or never started. */
void worker_fini(struct worker *worker);

/* The settings' counters must be complete: any worker may be asked for them. */
bool worker_start(struct worker *worker, struct error *err);

/* From another thread: stop accepting, finish what was received, end. */
void worker_drain(struct worker *worker);

/* From another thread: nothing is left to do but joining. */
bool worker_has_ended(const struct worker *worker);

#endif
