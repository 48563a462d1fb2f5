/*
 * The life of a connection.
 *
 *   IDLE      --part of a request-->                    READING
 *   READING   --rest of it, answer sent-->              IDLE
 *   IDLE, READING --the peer takes only part of it-->   WRITING
 *   WRITING   --all is taken-->                         IDLE or READING
 *   any       --last answer taken-->                    LINGERING, or closed
 *   LINGERING --the peer hangs up, 2 s-->               closed
 *   any       --end of stream, error, time-out-->       closed
 *
 * Invariants, asserted by conn_check after each event:
 *   1. IDLE:      has no exchange: it costs sizeof(struct conn) and nothing more.
 *   2. READING:   its exchange has input, which begins with a request that is not whole.
 *   3. WRITING:   its exchange has output. It may have input: what was read before the
 *                 peer stopped taking answers. Nothing more is read meanwhile.
 *   4. LINGERING: has no exchange; our end of the stream is closed.
 *   5. It waits in exactly one ring, so that nothing can last for ever.
 *
 * Events are edge-triggered: what was not read is not announced again. A read that brings
 * less than was asked for has emptied the socket, which saves a second read for each
 * request; only where the end of the stream was announced with it (LOOP_END) must that be
 * read, too. Reading until EAGAIN each time was rejected: 0.2 µs of 5.
 */
#include "conn.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/sock.h"

/* How long each wait lasts; that of a body, and for answers to be taken, begins anew as
 * long as enough bytes came in it. */
static const int64_t wait_ns[CONN_WAITS] = {
    [CONN_IDLE] = 15 * NS_PER_S, [CONN_HEAD] = 5 * NS_PER_S,   [CONN_BODY] = 5 * NS_PER_S,
    [CONN_TAKE] = 10 * NS_PER_S, [CONN_LINGER] = 2 * NS_PER_S,
};

#define LINGER_DRAINING_NS (250 * NS_PER_MS)

enum {
    BODY_PERIOD_BYTES = 5 * (64 << 10),
    BODY_PERIODS_MAX = 4,
    TAKE_PERIOD_BYTES = 10 * (16 << 10)
};

/* Reads in a row before it is others' turn. */
enum { ROUNDS = 16 };

enum state { IDLE, READING, WRITING, LINGERING };

struct conn {
    struct ring waits; /* first member */
    struct ring again;
    int64_t due_ns;
    struct exchange *exchange; /* NULL, its own, or the host's fresh one */
    int fd;
    uint8_t state;   /* enum state */
    uint8_t wait;    /* enum conn_wait: the ring it is in */
    bool at_end;     /* the end of the stream was announced, and is to be read */
    bool must_again; /* stopped reading because of ROUNDS */
};

_Static_assert(sizeof(struct conn) <= 64, "an idle connection costs 64 bytes at most");

static struct conn *conn_of_again(struct ring *again)
{
    return (struct conn *)(void *)((char *)again - offsetof(struct conn, again));
}

static void conn_check(const struct conn *conn)
{
    const struct exchange *exchange = conn->exchange;
    assert(conn->fd >= 0 && ring_holds(&conn->waits));
    switch ((enum state)conn->state) {
    case IDLE:
    case LINGERING:
        assert(!exchange);
        break;
    case READING:
        assert(exchange_has_begun(exchange) && !exchange_is_sending(exchange) &&
               exchange->end == EXCHANGE_OPEN);
        break;
    case WRITING:
        assert(exchange_is_sending(exchange) && exchange->end != EXCHANGE_BROKEN);
        break;
    }
}

/* --- sockets --------------------------------------------------------------------- */

/* Reads and answers until the socket is empty, the peer stops taking answers, or it is
 * others' turn. */
static void conn_read(struct conn_host *host, struct conn *conn)
{
    struct exchange *exchange = conn->exchange;
    conn->must_again = false;
    for (int round = 0; round < ROUNDS; round++) {
        struct window room = exchange_room(&host->desk, exchange);
        ssize_t n = sock_recv(conn->fd, room.ptr, room.len);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            exchange->end = EXCHANGE_BROKEN;
            return;
        }
        exchange_received(&host->desk, exchange, conn->fd, (size_t)n);
        if (exchange->end != EXCHANGE_OPEN || exchange_is_sending(exchange))
            return;
        if ((size_t)n < room.len && !conn->at_end)
            return;
    }
    conn->must_again = true;
}

static void conn_write(struct conn_host *host, struct conn *conn)
{
    struct exchange *exchange = conn->exchange;
    exchange_send(&host->desk, exchange, conn->fd);
    if (exchange->end == EXCHANGE_OPEN && !exchange_is_sending(exchange))
        conn_read(host, conn);
}

/* Takes what still comes, so that no reset overtakes the last answer (RFC 9112 9.6). */
static void discard(struct conn_host *host, struct conn *conn)
{
    conn->must_again = false;
    for (int round = 0; round < ROUNDS; round++) {
        ssize_t n = sock_recv(conn->fd, host->desk.input, DESK_INPUT_BYTES);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            conn->exchange->end = EXCHANGE_BROKEN;
            return;
        }
    }
    conn->must_again = true;
}

/* --- states ---------------------------------------------------------------------- */

/* The exchange that the present event works on: its own, or the fresh one. */
static void begin(struct conn_host *host, struct conn *conn)
{
    if (!conn->exchange)
        conn->exchange = &host->fresh;
}

static void drop_exchange(struct conn_host *host, struct conn *conn)
{
    struct exchange *exchange = conn->exchange;
    if (!exchange)
        return;
    exchange_clear(&host->desk, exchange);
    if (exchange != &host->fresh)
        slab_give(&host->exchanges, exchange);
    conn->exchange = NULL;
}

/* What is incomplete outlasts the turn: it moves to an exchange of the connection. */
static void keep_exchange(struct conn_host *host, struct conn *conn)
{
    if (conn->exchange != &host->fresh)
        return;
    conn->exchange = slab_take(&host->exchanges);
    *conn->exchange = host->fresh;
    host->fresh = (struct exchange){0};
}

static void release(struct conn_host *host, struct conn *conn)
{
    ring_remove(&conn->waits);
    ring_remove(&conn->again);
    drop_exchange(host, conn);
    fd_close(conn->fd);
    slab_give(&host->conns, conn);
    host->open_count--;
}

static void wait_in(struct conn_host *host, struct conn *conn, enum conn_wait wait)
{
    bool hurry = wait == CONN_LINGER && host->phase != CONN_SERVING;
    conn->wait = (uint8_t)wait;
    conn->due_ns = host->desk.now_ns + (hurry ? LINGER_DRAINING_NS : wait_ns[wait]);
    ring_append(&host->waits[wait], &conn->waits);
}

/* The same, unless the time-out of what goes on runs already. */
static void go_on_in(struct conn_host *host, struct conn *conn, enum conn_wait wait)
{
    keep_exchange(host, conn);
    struct exchange *exchange = conn->exchange;
    if (exchange->timed && conn->wait == wait)
        return;
    exchange->timed = true;
    exchange->periods = 0;
    exchange->moved_bytes = wait == CONN_BODY ? exchange_body_bytes(exchange) : 0;
    wait_in(host, conn, wait);
}

static void start_linger(struct conn_host *host, struct conn *conn)
{
    if (conn->state != LINGERING) {
        sock_shutdown_write(conn->fd);
        conn->state = LINGERING;
        wait_in(host, conn, CONN_LINGER);
        discard(host, conn);
    }
}

/* The state that exchange implies, and its time-out. False: there is nothing left to wait
 * for. */
static bool choose_state(struct conn_host *host, struct conn *conn)
{
    struct exchange *exchange = conn->exchange;
    if (exchange->end == EXCHANGE_BROKEN)
        return false;
    if (conn->state == LINGERING)
        return true;
    if (exchange_is_sending(exchange)) {
        conn->state = WRITING;
        go_on_in(host, conn, CONN_TAKE);
    } else if (exchange->end == EXCHANGE_LINGER) {
        start_linger(host, conn);
        return conn->exchange->end != EXCHANGE_BROKEN;
    } else if (exchange_has_begun(exchange)) {
        conn->state = READING;
        go_on_in(host, conn, exchange_is_in_body(exchange) ? CONN_BODY : CONN_HEAD);
    } else if (exchange->end == EXCHANGE_CLOSE || host->phase == CONN_ENDING) {
        return false;
    } else {
        conn->state = IDLE;
        wait_in(host, conn, CONN_IDLE);
    }
    return true;
}

/* Ends every event. */
static void settle(struct conn_host *host, struct conn *conn)
{
    if (!choose_state(host, conn)) {
        release(host, conn);
        return;
    }
    if (conn->state == IDLE || conn->state == LINGERING)
        drop_exchange(host, conn);
    if (conn->must_again)
        ring_append(&host->again, &conn->again);
    else
        ring_remove(&conn->again);
    conn_check(conn);
}

/* Moves on as far as the socket allows. */
static void advance(struct conn_host *host, struct conn *conn)
{
    begin(host, conn);
    if (conn->state == WRITING)
        conn_write(host, conn);
    else if (conn->state == LINGERING)
        discard(host, conn);
    else
        conn_read(host, conn);
    settle(host, conn);
}

struct conn *conn_open(struct conn_host *host, int fd)
{
    struct conn *conn = slab_take(&host->conns);
    *conn = (struct conn){.fd = fd, .state = IDLE};
    host->open_count++;
    wait_in(host, conn, CONN_IDLE);
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
    conn->at_end |= (ready & LOOP_END) != 0;
    if (ready & wanted)
        advance(host, conn);
}

/* --- time-outs ------------------------------------------------------------------- */

/* Whether so much moved in the period that has passed that another one is granted. */
static bool may_go_on(const struct exchange *exchange, enum conn_wait wait)
{
    if (wait == CONN_BODY)
        return exchange->moved_bytes >= BODY_PERIOD_BYTES &&
               exchange->periods + 1 < BODY_PERIODS_MAX;
    return wait == CONN_TAKE && exchange->moved_bytes >= TAKE_PERIOD_BYTES;
}

/* Of a peer that does not take its answers: a reset, so that the kernel does not keep
 * them either, which it would do for minutes. */
static void give_up(struct conn *conn)
{
    if (conn->state == WRITING)
        sock_reset_on_close(conn->fd);
}

/* Who had begun a request is told why it ends (RFC 9110 15.5.9). */
static void time_out(struct conn_host *host, struct conn *conn)
{
    enum conn_wait wait = conn->wait;
    begin(host, conn);
    struct exchange *exchange = conn->exchange;
    if (may_go_on(exchange, wait)) {
        exchange->periods++;
        exchange->moved_bytes = 0;
        wait_in(host, conn, wait);
        return;
    }
    if (conn->state == READING)
        exchange_refuse(&host->desk, exchange, conn->fd, 408);
    else
        exchange->end = EXCHANGE_BROKEN;
    give_up(conn);
    settle(host, conn);
}

/* Each of them once; who is stopped again comes after those. */
static void go_on_with_stopped(struct conn_host *host)
{
    struct ring *last = ring_first(&host->again) ? host->again.prev : NULL;
    while (last) {
        struct ring *first = ring_first(&host->again);
        if (first == last)
            last = NULL;
        ring_remove(first);
        advance(host, conn_of_again(first));
    }
}

/* What has come in the meantime was received: it is answered. */
static void end_idle(struct conn_host *host)
{
    struct ring *first;
    host->phase = CONN_ENDING;
    while ((first = ring_first(&host->waits[CONN_IDLE])) != NULL)
        advance(host, (struct conn *)first);
}

static void end_all(struct conn_host *host)
{
    for (int wait = 0; wait < CONN_WAITS; wait++) {
        struct ring *first;
        while ((first = ring_first(&host->waits[wait])) != NULL) {
            give_up((struct conn *)first);
            release(host, (struct conn *)first);
        }
    }
}

static void expire_phase(struct conn_host *host)
{
    if (host->phase == CONN_SERVING || host->desk.now_ns < host->phase_end_ns)
        return;
    if (host->phase == CONN_ENDING) {
        end_all(host);
        return;
    }
    end_idle(host);
    host->phase_end_ns += CONN_DRAIN_NS - CONN_GRACE_NS;
}

void conn_host_expire(struct conn_host *host)
{
    go_on_with_stopped(host);
    for (int wait = 0; wait < CONN_WAITS; wait++) {
        struct conn *conn = (struct conn *)ring_first(&host->waits[wait]);
        while (conn && conn->due_ns <= host->desk.now_ns) {
            time_out(host, conn);
            conn = (struct conn *)ring_first(&host->waits[wait]);
        }
    }
    expire_phase(host);
}

int64_t conn_host_next_ns(const struct conn_host *host)
{
    int64_t next_ns = host->phase == CONN_SERVING ? INT64_MAX : host->phase_end_ns;
    if (ring_first(&host->again))
        return 0;
    for (int wait = 0; wait < CONN_WAITS; wait++) {
        const struct conn *conn = (const struct conn *)ring_first(&host->waits[wait]);
        if (conn && conn->due_ns < next_ns)
            next_ns = conn->due_ns;
    }
    return next_ns;
}

/* --- the host -------------------------------------------------------------------- */

void conn_host_init(struct conn_host *host, const struct serve_settings *settings)
{
    *host = (struct conn_host){0};
    desk_init(&host->desk, settings);
    for (int i = 0; i < CONN_WAITS; i++)
        ring_init(&host->waits[i]);
    ring_init(&host->again);
    slab_init(&host->conns, sizeof(struct conn));
    slab_init(&host->exchanges, sizeof(struct exchange));
}

void conn_host_fini(struct conn_host *host)
{
    assert(host->open_count == 0);
    slab_fini(&host->conns);
    slab_fini(&host->exchanges);
    desk_fini(&host->desk);
}

void conn_host_turn(struct conn_host *host, int64_t now_ns, int64_t wall_s)
{
    host->desk.now_ns = now_ns;
    stamp_update(&host->desk.serve.stamp, wall_s);
}

void conn_host_drain(struct conn_host *host)
{
    int64_t linger_end_ns = host->desk.now_ns + LINGER_DRAINING_NS;
    const struct ring *lingering = &host->waits[CONN_LINGER];
    host->phase = CONN_DRAINING;
    host->phase_end_ns = host->desk.now_ns + CONN_GRACE_NS;
    host->desk.serve.draining = true;
    for (struct ring *at = lingering->next; at != lingering; at = at->next) {
        struct conn *conn = (struct conn *)at;
        if (conn->due_ns > linger_end_ns)
            conn->due_ns = linger_end_ns;
    }
}
