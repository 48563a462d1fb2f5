/*
 * The life of a connection.
 *
 *   IDLE      --part of a request (keep)-->           READING
 *   READING   --rest of it, answer sent (process)-->  IDLE
 *   IDLE, READING --the peer takes only part of an answer (flush)--> WRITING
 *   WRITING   --all is taken (conn_write)-->          IDLE or READING
 *   any       --last answer taken (settle)-->         LINGERING, or closed
 *   LINGERING --the peer hangs up (discard), 2 s-->   closed
 *   any       --end of stream, error, time-out-->     closed
 *
 * Invariants, asserted by conn_check after each event:
 *   1. IDLE:      owns no buffer; the frame is fresh; not closing.
 *   2. READING:   owns input, which begins with a request that is not complete.
 *   3. WRITING:   owns output, which is not empty. It may own input: what was read before
 *                 the peer stopped taking answers. Nothing more is read meanwhile.
 *   4. LINGERING: owns no buffer; our end of the stream is closed.
 *   5. It waits in exactly one list, so that nothing can last for ever.
 *
 * All bytes of a request are received into the loop's input buffer, and its answer is
 * written into the loop's output buffer. Only what is left over moves to buffers of the
 * connection, borrowed from the pool.
 *
 * Events are edge-triggered: what was not read is not announced again. A read that brings
 * less than was asked for has emptied the socket, which saves a second read for each
 * request. But an end of stream that came with the request is then announced no more, so
 * a connection that falls silent is looked at once after 50 ms (CONN_LOOK). Reading until
 * EAGAIN each time was rejected: 0.2 µs of 5.
 */
#include "conn.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/sock.h"

#define LOOK_NS (50 * NS_PER_MS)
#define IDLE_NS (15 * NS_PER_S)
#define READ_NS (5 * NS_PER_S)
#define WRITE_NS (10 * NS_PER_S)
#define LINGER_NS (2 * NS_PER_S)
#define LINGER_DRAINING_NS (250 * NS_PER_MS)

/* Reads in a row before it is others' turn. */
enum { ROUNDS = 16 };

/* A kept request is received into at least this much room. */
enum { ROOM_MIN_BYTES = 2048 };

enum state { IDLE, READING, WRITING, LINGERING };

enum closing {
    OPEN,
    CLOSE,        /* the peer knows and has sent all that it will: just close */
    CLOSE_LINGER, /* the peer may still send: closing now could destroy the answer */
    BROKEN        /* nothing more can be said */
};

struct conn {
    struct due due; /* first member */
    int fd;
    enum state state;
    enum closing closing;
    bool told_continue;
    bool looked; /* read since it fell silent */
    bool again;  /* stopped reading because of ROUNDS */
    struct frame frame;
    struct block input;  /* from the first byte of the present request on */
    struct block output; /* what the peer has not taken, from sent_bytes on */
    size_t sent_bytes;   /* of output */
    int64_t since_ns;    /* when the present request began to come */
    int64_t clock_ns;    /* when the present time-out began */
    struct conn *next_spare;
};

static void conn_check(const struct conn *conn)
{
    assert(conn->fd >= 0 && conn->due.prev != NULL && conn->closing != BROKEN);
    switch (conn->state) {
    case IDLE:
        assert(!conn->input.ptr && !conn->output.ptr && conn->closing == OPEN);
        assert(conn->frame.scanned == 0 && conn->frame.head_bytes == 0);
        break;
    case READING:
        assert(conn->input.len > 0 && !conn->output.ptr && conn->closing == OPEN);
        break;
    case WRITING:
        assert(conn->output.len > conn->sent_bytes);
        break;
    case LINGERING:
        assert(!conn->input.ptr && !conn->output.ptr && conn->closing == CLOSE_LINGER);
        break;
    }
}

/* --- out ------------------------------------------------------------------------- */

static void count_batch(struct conn_host *host)
{
    int64_t now_ns = clock_now_ns();
    for (int i = 0; i < host->batch_count; i++)
        metrics_count(&host->metrics, &host->batch[i], now_ns);
    host->batch_count = 0;
}

static void keep_output(struct conn_host *host, struct conn *conn, size_t sent)
{
    struct str rest = {host->out.ptr + sent, host->out.len - sent};
    block_reserve(&host->pool, &conn->output, rest.len);
    memcpy(conn->output.ptr, rest.ptr, rest.len);
    conn->output.len = rest.len;
    conn->sent_bytes = 0;
    conn->clock_ns = host->now_ns;
}

/* Sends what is in the output buffer; what the peer does not take is kept. */
static void flush(struct conn_host *host, struct conn *conn)
{
    struct out *out = &host->out;
    if (out->len == 0)
        return;
    ssize_t n = sock_send(conn->fd, (struct str){out->ptr, out->len});
    if (n < 0 && errno != EAGAIN)
        conn->closing = BROKEN;
    else if (n < 0 || (size_t)n < out->len)
        keep_output(host, conn, n < 0 ? 0 : (size_t)n);
    out->len = 0;
    count_batch(host);
}

/* Room for one more answer, if need be by sending those that are there. False: the peer
 * must take some first, or is gone. */
static bool make_room(struct conn_host *host, struct conn *conn)
{
    size_t room = host->out.capacity - host->out.len;
    if (host->batch_count == CONN_BATCH || room < serve_room(host->serve.settings))
        flush(host, conn);
    return conn->output.len == 0 && conn->closing == OPEN;
}

/* --- requests -------------------------------------------------------------------- */

static enum answer_life life_of(const struct conn_host *host,
                                const struct http_request *request)
{
    if (host->serve.draining || !request->keep_alive)
        return ANSWER_CLOSE;
    return request->minor == 0 ? ANSWER_KEEP_ALIVE : ANSWER_OPEN;
}

static struct metrics_record *new_record(struct conn_host *host, const struct conn *conn)
{
    struct metrics_record *record = &host->batch[host->batch_count++];
    record->since_ns = conn->since_ns;
    return record;
}

static void answer(struct conn_host *host, struct conn *conn, struct str body,
                   const struct http_request *request, bool more_follows)
{
    enum answer_life life = life_of(host, request);
    serve_request(&host->serve, request, body, life, &host->out, new_record(host, conn));
    if (life == ANSWER_CLOSE)
        conn->closing = request->keep_alive || more_follows ? CLOSE_LINGER : CLOSE;
    conn->frame = (struct frame){0};
    conn->told_continue = false;
    conn->since_ns = conn->clock_ns = host->now_ns;
}

static void refuse(struct conn_host *host, struct conn *conn, int status,
                   const struct http_request *request)
{
    serve_refusal(&host->serve, status, request, &host->out, new_record(host, conn));
    conn->closing = CLOSE_LINGER;
}

static void tell_continue(struct conn_host *host, struct conn *conn,
                          const struct window *window)
{
    if (conn->told_continue || !frame_awaits_continue(&conn->frame, window))
        return;
    out_put(&host->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    conn->told_continue = true;
}

/* frame.h says which answer each of them gets. */
static int refusal_of(enum frame_status status)
{
    static const int statuses[] = {[FRAME_BAD] = 400,
                                   [FRAME_HEAD_TOO_LARGE] = 431,
                                   [FRAME_BODY_TOO_LARGE] = 413,
                                   [FRAME_TARGET_TOO_LONG] = 414,
                                   [FRAME_OTHER_VERSION] = 505,
                                   [FRAME_UNKNOWN_CODING] = 501,
                                   [FRAME_UNKNOWN_EXPECTATION] = 417};
    return statuses[status];
}

/* Answers the request at the window's front; false when none follows for now. */
static bool process_one(struct conn_host *host, struct conn *conn, struct window *window)
{
    struct http_request request;
    struct str body;
    size_t used;
    if (window->len == 0 || !make_room(host, conn))
        return false;
    enum frame_status status = frame_take(&conn->frame, window, &request, &body, &used);
    switch (status) {
    case FRAME_WHOLE:
        answer(host, conn, body, &request, used < window->len);
        window->ptr += used;
        window->len -= used;
        return conn->closing == OPEN;
    case FRAME_MORE:
        tell_continue(host, conn, window);
        return false;
    case FRAME_BODY_TOO_LARGE: /* the one whose request is known */
        refuse(host, conn, refusal_of(status), &request);
        return false;
    case FRAME_BAD:
    case FRAME_HEAD_TOO_LARGE:
    case FRAME_TARGET_TOO_LONG:
    case FRAME_OTHER_VERSION:
    case FRAME_UNKNOWN_CODING:
    case FRAME_UNKNOWN_EXPECTATION:
        refuse(host, conn, refusal_of(status), NULL);
        return false;
    }
    return false;
}

/* Keeps what is left over of the window, which lies in the loop's or the own input. */
static void keep_input(struct conn_host *host, struct conn *conn, struct window rest)
{
    if (rest.len == 0 || conn->closing != OPEN) {
        block_release(&host->pool, &conn->input);
        return;
    }
    if (!conn->input.ptr)
        block_reserve(&host->pool, &conn->input, rest.len);
    if (rest.ptr != conn->input.ptr)
        memmove(conn->input.ptr, rest.ptr, rest.len);
    conn->input.len = rest.len;
}

/* Answers all that is whole in the window, sends, keeps the rest. */
static void process(struct conn_host *host, struct conn *conn, struct window window)
{
    while (process_one(host, conn, &window))
        ;
    flush(host, conn);
    keep_input(host, conn, window);
}

/* --- in -------------------------------------------------------------------------- */

/* Where the next bytes are received: behind what is kept, or into the loop's buffer. */
static struct window room_for_input(struct conn_host *host, struct conn *conn)
{
    if (!conn->input.ptr)
        return (struct window){host->input, CONN_INPUT_BYTES};
    if (conn->input.capacity - conn->input.len < ROOM_MIN_BYTES)
        block_reserve(&host->pool, &conn->input, 2 * conn->input.capacity);
    return (struct window){conn->input.ptr + conn->input.len,
                           conn->input.capacity - conn->input.len};
}

static void received(struct conn_host *host, struct conn *conn, size_t bytes)
{
    conn->looked = false;
    if (conn->input.ptr) {
        conn->input.len += bytes;
        process(host, conn, (struct window){conn->input.ptr, conn->input.len});
        return;
    }
    conn->since_ns = conn->clock_ns = host->now_ns;
    process(host, conn, (struct window){host->input, bytes});
}

/* Reads and answers until the socket is empty, the peer stops taking answers, or it is
 * others' turn. */
static void conn_read(struct conn_host *host, struct conn *conn)
{
    conn->again = false;
    for (int round = 0; round < ROUNDS; round++) {
        struct window room = room_for_input(host, conn);
        ssize_t n = sock_recv(conn->fd, room.ptr, room.len);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            conn->closing = BROKEN;
            return;
        }
        received(host, conn, (size_t)n);
        if (conn->closing != OPEN || conn->output.len > 0)
            return;
        if ((size_t)n < room.len && !conn->input.ptr)
            return;
    }
    conn->again = true;
}

static void conn_write(struct conn_host *host, struct conn *conn)
{
    struct str rest = {conn->output.ptr + conn->sent_bytes,
                       conn->output.len - conn->sent_bytes};
    ssize_t n = sock_send(conn->fd, rest);
    if (n < 0 && errno != EAGAIN)
        conn->closing = BROKEN;
    if (n < 0)
        return;
    conn->sent_bytes += (size_t)n;
    if ((size_t)n < rest.len)
        return;
    block_release(&host->pool, &conn->output);
    conn->clock_ns = host->now_ns;
    if (conn->closing != OPEN)
        return;
    if (conn->input.ptr)
        process(host, conn, (struct window){conn->input.ptr, conn->input.len});
    if (conn->closing == OPEN && conn->output.len == 0)
        conn_read(host, conn);
}

/* Takes what still comes, so that no reset overtakes the last answer (RFC 9112 9.6). */
static void discard(struct conn_host *host, struct conn *conn)
{
    conn->again = false;
    for (int round = 0; round < ROUNDS; round++) {
        ssize_t n = sock_recv(conn->fd, host->input, CONN_INPUT_BYTES);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            conn->closing = BROKEN;
            return;
        }
    }
    conn->again = true;
}

/* --- states ---------------------------------------------------------------------- */

static void release(struct conn_host *host, struct conn *conn)
{
    due_remove(&conn->due);
    fd_close(conn->fd);
    block_release(&host->pool, &conn->input);
    block_release(&host->pool, &conn->output);
    conn->next_spare = host->spare;
    host->spare = conn;
    host->open_count--;
}

static void start_linger(struct conn_host *host, struct conn *conn)
{
    sock_shutdown_write(conn->fd);
    conn->state = LINGERING;
    conn->clock_ns = host->now_ns;
    discard(host, conn);
}

static void wait_in(struct conn_host *host, struct conn *conn, enum conn_list list,
                    int64_t wait_ns)
{
    int64_t end_ns = conn->clock_ns + wait_ns;
    /* A peer that never pauses does not get more time for that. */
    if (conn->again && host->now_ns < end_ns)
        due_insert(&host->lists[CONN_AGAIN], &conn->due, host->now_ns + 1);
    else
        due_insert(&host->lists[list], &conn->due, end_ns);
}

/* The state that the buffers and the closing imply, and its time-out. False: there is
 * nothing left to wait for. */
static bool choose_state(struct conn_host *host, struct conn *conn)
{
    bool draining = host->serve.draining;
    if (conn->closing == BROKEN)
        return false;
    if (conn->output.len > 0) {
        conn->state = WRITING;
        wait_in(host, conn, CONN_WRITE, WRITE_NS);
    } else if (conn->closing == CLOSE_LINGER) {
        if (conn->state != LINGERING)
            start_linger(host, conn);
        wait_in(host, conn, CONN_LINGER, draining ? LINGER_DRAINING_NS : LINGER_NS);
    } else if (conn->input.len > 0) {
        conn->state = READING;
        wait_in(host, conn, CONN_READ, READ_NS);
    } else if (conn->closing == CLOSE || (draining && !conn->again)) {
        return false;
    } else {
        conn->state = IDLE;
        wait_in(host, conn, conn->looked ? CONN_IDLE : CONN_LOOK,
                conn->looked ? IDLE_NS : LOOK_NS);
    }
    return conn->closing != BROKEN;
}

/* Ends every event. */
static void settle(struct conn_host *host, struct conn *conn)
{
    if (choose_state(host, conn))
        conn_check(conn);
    else
        release(host, conn);
}

struct conn *conn_open(struct conn_host *host, int fd)
{
    struct conn *conn = host->spare;
    if (conn)
        host->spare = conn->next_spare;
    else
        conn = mem_new(1, sizeof(*conn));
    *conn = (struct conn){.fd = fd, .looked = true, .clock_ns = host->now_ns};
    host->open_count++;
    wait_in(host, conn, CONN_IDLE, IDLE_NS);
    conn_check(conn);
    return conn;
}

void conn_close(struct conn_host *host, struct conn *conn)
{
    release(host, conn);
}

void conn_ready(struct conn_host *host, struct conn *conn, unsigned ready)
{
    unsigned wanted = conn->state == WRITING ? LOOP_WRITE : LOOP_READ;
    if (!(ready & wanted))
        return;
    if (conn->state == WRITING)
        conn_write(host, conn);
    else if (conn->state == LINGERING)
        discard(host, conn);
    else
        conn_read(host, conn);
    settle(host, conn);
}

/* --- the host -------------------------------------------------------------------- */

void conn_host_init(struct conn_host *host, const struct serve_settings *settings)
{
    *host = (struct conn_host){0};
    serve_init(&host->serve, settings);
    for (int i = 0; i < CONN_LISTS; i++)
        due_list_init(&host->lists[i]);
    host->input = mem_new(CONN_INPUT_BYTES, 1);
    /* Beyond the largest answer, room for a pipeline of small ones. */
    host->out.capacity = serve_room(settings) + (256 << 10);
    host->out.ptr = mem_new(host->out.capacity, 1);
}

void conn_host_fini(struct conn_host *host)
{
    assert(host->open_count == 0);
    while (host->spare) {
        struct conn *conn = host->spare;
        host->spare = conn->next_spare;
        mem_free(conn);
    }
    mem_free(host->input);
    mem_free(host->out.ptr);
    pool_fini(&host->pool);
    serve_fini(&host->serve);
}

/* Who had begun a request is told why it ends (RFC 9110 15.5.9). */
static void time_out(struct conn_host *host, struct conn *conn)
{
    if (conn->state != READING) {
        conn->closing = BROKEN;
        return;
    }
    refuse(host, conn, 408, NULL);
    flush(host, conn);
    block_release(&host->pool, &conn->input);
}

/* Reading is the right answer to AGAIN and LOOK; to the others it is the end. */
static void expire(struct conn_host *host, struct conn *conn, enum conn_list list)
{
    due_remove(&conn->due);
    if (list == CONN_LOOK)
        conn->looked = true;
    if (list != CONN_LOOK && list != CONN_AGAIN)
        time_out(host, conn);
    else if (conn->state == LINGERING)
        discard(host, conn);
    else
        conn_read(host, conn);
    settle(host, conn);
}

void conn_host_expire(struct conn_host *host)
{
    for (int list = 0; list < CONN_LISTS; list++) {
        struct due *due = due_first(&host->lists[list]);
        while (due && due->at_ns <= host->now_ns) {
            expire(host, (struct conn *)due, (enum conn_list)list);
            due = due_first(&host->lists[list]);
        }
    }
}

int64_t conn_host_next_ns(const struct conn_host *host)
{
    int64_t next_ns = INT64_MAX;
    for (int list = 0; list < CONN_LISTS; list++) {
        const struct due *due = due_first(&host->lists[list]);
        if (due && due->at_ns < next_ns)
            next_ns = due->at_ns;
    }
    return next_ns;
}

void conn_host_drain(struct conn_host *host)
{
    static const enum conn_list idle[] = {CONN_LOOK, CONN_IDLE};
    host->serve.draining = true;
    for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
        struct due *due = due_first(&host->lists[idle[i]]);
        while (due) {
            /* What has come in the meantime was received: it is answered. */
            expire(host, (struct conn *)due, CONN_LOOK);
            due = due_first(&host->lists[idle[i]]);
        }
    }
    due_cap(&host->lists[CONN_LINGER], host->now_ns + LINGER_DRAINING_NS);
}
