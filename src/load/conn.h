/*
 * conn: one keep-alive connection of the generator, with at most one request in flight.
 *
 * States and who moves them:
 *
 *   DOWN        conn_open       CONNECTING, or DOWN again (refused at once)
 *   CONNECTING  conn_establish  IDLE; SHAKING for https; DOWN
 *   SHAKING     conn_establish  IDLE, DOWN
 *   IDLE        conn_send       BUSY
 *   IDLE        conn_receive    DOWN (the server closed it)
 *   BUSY        conn_receive    IDLE (answered, keep-alive); DOWN (answered and closed,
 * or failed) any         conn_close      DOWN
 *
 * Invariants (conn_check): DOWN has no descriptor and no stash; only BUSY has a request;
 * sent_bytes is at most the request's length.
 */
#ifndef DRAGSTRIP_LOAD_CONN_H
#define DRAGSTRIP_LOAD_CONN_H

#include "load/expect.h"
#include "load/requests.h"
#include "load/target.h"
#include "sys/loop.h"
#include "sys/stream.h"
#include "wire/http.h"

enum conn_state { CONN_DOWN, CONN_CONNECTING, CONN_SHAKING, CONN_IDLE, CONN_BUSY };

/* What is said over all connections, and to whom. */
struct exchange {
    const struct target *target;
    const struct requests *requests;
    const struct expect *expect;
};

/* What the connections of a worker share. */
struct scratch {
    char *bytes; /* for one receive */
    size_t size;
    uint64_t received; /* running total, for the report */
    struct buf masked; /* of the answer that is judged */
    struct tls_memory tls;
};

/* The times of one request, monotonic ns. METHOD 1.3. */
struct request {
    int64_t due_ns;
    int64_t noticed_ns; /* at due_ns, or later by the lag */
    int64_t sent_ns;
    int64_t first_byte_ns; /* 0 until it came */
    int64_t done_ns;
    uint64_t index; /* in its worker's schedule */
    int item;       /* which of the requests it is */
    bool waited;    /* found no free connection */
};

struct conn {
    enum conn_state state;
    int address; /* of the target's; the same for all its life */
    struct stream stream;
    struct request request;
    size_t sent_bytes;
    bool in_body;
    bool keep_alive;
    bool has_stood, was_used; /* since it was opened */
    int status;
    enum expect_verdict verdict; /* of the last whole answer */
    struct expect_check check;
    struct http_body body;
    struct buf stash; /* an incomplete head between two receive events */
    int64_t retry_ns; /* DOWN: not before; CONNECTING, SHAKING: given up then */
    int64_t backoff_ns;
    struct conn *next, *previous; /* in the worker's list: free, or busy by sent time */
};

enum conn_event {
    CONN_NOTHING,
    CONN_ANSWERED, /* a whole answer; conn->status, conn->verdict, request.done_ns */
    CONN_RESET,    /* closed or reset in the middle of an answer */
    CONN_GARBAGE,  /* what came is not HTTP, or bytes that nobody asked for */
    CONN_CLOSED    /* an idle connection was closed by the server */
};

enum { CONN_HEAD_MAX = 65536 };

void conn_init(struct conn *conn, int address);
void conn_fini(struct conn *conn);
void conn_check(const struct conn *conn);

/* Starts connecting and registers with the loop; limit_ns is when the attempt has taken
 * too long. False: it failed at once with errno, state DOWN. */
bool conn_open(struct conn *conn, const struct target *target, struct loop *loop,
               int64_t limit_ns);

/* On readiness while CONNECTING or SHAKING. After it IDLE: it stands; DOWN: it failed and
 * err says why. */
void conn_establish(struct conn *conn, const struct target *target,
                    struct scratch *scratch, struct error *err);

/* Begins conn->request (IDLE). Errors of the socket show up at conn_receive. */
void conn_send(struct conn *conn, const struct exchange *exchange);

/* Goes on with a request that did not fit the socket's buffer. */
void conn_send_rest(struct conn *conn, const struct exchange *exchange);

/*
 * Reads all there is (to the end of the stream when `ended`); one stamp for each receive.
 * Any event but CONN_NOTHING and an answer with keep-alive leaves the connection DOWN.
 */
enum conn_event conn_receive(struct conn *conn, const struct exchange *exchange,
                             struct scratch *scratch, bool ended);

void conn_close(struct conn *conn);

#endif
