/*
 * conn: one connection, from its acceptance to its end. States, invariants and time-outs
 * are in conn.c.
 */
#ifndef ECHO_CONN_H
#define ECHO_CONN_H

#include "due.h"
#include "frame.h"
#include "pool.h"
#include "serve.h"

enum { CONN_BATCH = 64 };

/* Where a connection waits for its next deadline; one list each. */
enum conn_list {
    CONN_AGAIN,  /* more can be read at once, but it is others' turn */
    CONN_LOOK,   /* 50 ms after an answer: has the end of the stream come with it? */
    CONN_IDLE,   /* 15 s */
    CONN_READ,   /* 5 s for a whole request */
    CONN_WRITE,  /* 10 s for what the peer did not take at once */
    CONN_LINGER, /* 2 s, or 250 ms while draining */
    CONN_LISTS
};

/* What the connections of one loop share. Owned by the loop's thread. */
struct conn_host {
    struct serve serve;
    struct metrics metrics;
    struct pool pool;
    struct due_list lists[CONN_LISTS];
    struct conn *spare; /* closed ones, to be used again */
    int open_count;
    int64_t now_ns; /* when the present events were fetched */
    char *input;    /* CONN_INPUT_BYTES, for whoever has nothing kept */
    struct out out;
    struct metrics_record batch[CONN_BATCH]; /* answers in out, not yet counted */
    int batch_count;
};

enum { CONN_INPUT_BYTES = 64 << 10 };

void conn_host_init(struct conn_host *host, const struct serve_settings *settings);

/* All connections must be closed. */
void conn_host_fini(struct conn_host *host);

/* Takes over an accepted descriptor; never fails. */
struct conn *conn_open(struct conn_host *host, int fd);

/* At once, without a word. */
void conn_close(struct conn_host *host, struct conn *conn);

/* ready: LOOP_READ, LOOP_WRITE. The connection may be gone afterwards. */
void conn_ready(struct conn_host *host, struct conn *conn, unsigned ready);

/* Acts on all deadlines up to host->now_ns. */
void conn_host_expire(struct conn_host *host);

/* The next deadline, INT64_MAX when there is none. */
int64_t conn_host_next_ns(const struct conn_host *host);

/* From now on each answer is a connection's last; those without a request are closed. */
void conn_host_drain(struct conn_host *host);

#endif
