#include "load/conn.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"

void conn_init(struct conn *conn, int address)
{
    *conn = (struct conn){.state = CONN_DOWN, .address = address, .stream = {.fd = -1}};
    buf_init(&conn->stash, CONN_HEAD_MAX);
}

void conn_fini(struct conn *conn)
{
    conn_close(conn);
    buf_fini(&conn->stash);
    expect_check_fini(&conn->check);
}

void conn_check(const struct conn *conn)
{
    assert((conn->state == CONN_DOWN) == (conn->stream.fd < 0));
    assert(conn->state == CONN_BUSY || conn->stash.len == 0);
    assert(!conn->in_body || conn->state == CONN_BUSY);
}

void conn_close(struct conn *conn)
{
    stream_close(&conn->stream);
    conn->state = CONN_DOWN;
    conn->in_body = false;
    buf_clear(&conn->stash);
}

bool conn_open(struct conn *conn, const struct target *target, struct loop *loop,
               int64_t limit_ns)
{
    assert(conn->state == CONN_DOWN);
    int fd = sock_connect(&target->addresses[conn->address]);
    if (fd < 0)
        return false;
    conn->stream.fd = fd;
    if (!loop_add(loop, fd, conn)) {
        int why = errno;
        stream_close(&conn->stream);
        errno = why;
        return false;
    }
    conn->state = CONN_CONNECTING;
    conn->has_stood = conn->was_used = false;
    conn->retry_ns = limit_ns;
    return true;
}

static void shake(struct conn *conn, struct error *err)
{
    int done = tls_shake(conn->stream.tls, err);
    if (done < 0)
        conn_close(conn);
    else if (done > 0)
        conn->state = CONN_IDLE;
}

void conn_establish(struct conn *conn, const struct target *target,
                    struct scratch *scratch, struct error *err)
{
    assert(conn->state == CONN_CONNECTING || conn->state == CONN_SHAKING);
    if (conn->state == CONN_SHAKING) {
        shake(conn, err);
        return;
    }
    int why = sock_error(conn->stream.fd);
    if (why != 0) {
        conn_close(conn);
        error_set(err, "%s; is the service running?", strerror(why));
    } else if (target->tls) {
        conn->stream.tls = tls_open(target->tls, conn->stream.fd, &scratch->tls);
        conn->state = CONN_SHAKING;
        shake(conn, err);
    } else {
        conn->state = CONN_IDLE;
    }
}

static const struct buf *bytes_of(const struct conn *conn,
                                  const struct exchange *exchange)
{
    return &exchange->requests->items[conn->request.item];
}

void conn_send(struct conn *conn, const struct exchange *exchange)
{
    assert(conn->state == CONN_IDLE);
    conn->state = CONN_BUSY;
    conn->was_used = true;
    conn->sent_bytes = 0;
    conn->in_body = false;
    conn->request.first_byte_ns = 0;
    conn_send_rest(conn, exchange);
}

void conn_send_rest(struct conn *conn, const struct exchange *exchange)
{
    const struct buf *bytes = bytes_of(conn, exchange);
    while (conn->state == CONN_BUSY && conn->sent_bytes < bytes->len) {
        struct str rest = {bytes->ptr + conn->sent_bytes, bytes->len - conn->sent_bytes};
        ssize_t n = stream_send(&conn->stream, rest);
        if (n <= 0)
            return; /* EAGAIN: later; others show up as a read event */
        conn->sent_bytes += (size_t)n;
    }
}

/* Takes the head of the answer from *in. NOTHING: it is incomplete and was stashed. */
static enum conn_event take_head(struct conn *conn, const struct exchange *exchange,
                                 struct str *in)
{
    struct http_response response;
    struct str bytes = *in;
    size_t seen = conn->stash.len;
    if (seen > 0) {
        buf_add(&conn->stash, *in);
        bytes = buf_str(&conn->stash);
    }
    size_t len = http_head_length(bytes, seen);
    if (len == 0) {
        if (seen == 0)
            buf_add(&conn->stash, *in);
        *in = (struct str){in->ptr + in->len, 0};
        return conn->stash.overflow ? CONN_GARBAGE : CONN_NOTHING;
    }
    if (len > CONN_HEAD_MAX ||
        http_parse_response((struct str){bytes.ptr, len}, &response) != HTTP_OK)
        return CONN_GARBAGE;
    in->ptr += len - seen;
    in->len -= len - seen;
    buf_clear(&conn->stash);
    if (response.status < 200) /* 1xx: the real answer follows */
        return response.status == 101 ? CONN_GARBAGE : CONN_NOTHING;
    conn->status = response.status;
    conn->keep_alive = response.keep_alive;
    http_body_init(&conn->body,
                   exchange->requests->head_method ? HTTP_NO_BODY : response.framing,
                   response.content_length);
    expect_begin(exchange->expect, &conn->check);
    conn->in_body = true;
    return CONN_NOTHING;
}

/* Bytes of one receive event. The request's last byte ends it at now_ns. */
static enum conn_event take_bytes(struct conn *conn, const struct exchange *exchange,
                                  struct str in, int64_t now_ns)
{
    if (conn->state != CONN_BUSY)
        return CONN_GARBAGE;
    if (conn->request.first_byte_ns == 0)
        conn->request.first_byte_ns = now_ns;
    while (in.len > 0 || conn->in_body) {
        if (!conn->in_body) {
            if (take_head(conn, exchange, &in) == CONN_GARBAGE)
                return CONN_GARBAGE;
            continue;
        }
        struct str data;
        enum http_status status = http_body_feed(&conn->body, &in, &data);
        expect_feed(exchange->expect, &conn->check, conn->request.item, data);
        if (status == HTTP_OK) {
            conn->request.done_ns = now_ns;
            if (in.len > 0) /* bytes nobody asked for: the next answer would be theirs */
                conn->keep_alive = false;
            return CONN_ANSWERED;
        }
        if (status != HTTP_PARTIAL)
            return CONN_GARBAGE;
        if (in.len == 0)
            return CONN_NOTHING;
    }
    return CONN_NOTHING;
}

/* The server ended the stream, or the connection broke. */
static enum conn_event take_end(struct conn *conn, bool orderly, int64_t now_ns)
{
    if (conn->state != CONN_BUSY)
        return CONN_CLOSED;
    if (orderly && conn->in_body && conn->body.framing == HTTP_UNTIL_EOF) {
        conn->request.done_ns = now_ns;
        conn->keep_alive = false;
        return CONN_ANSWERED;
    }
    return CONN_RESET;
}

static void settle(struct conn *conn, enum conn_event event)
{
    if (event == CONN_NOTHING)
        return;
    if (event != CONN_ANSWERED || !conn->keep_alive) {
        conn_close(conn);
        return;
    }
    conn->state = CONN_IDLE;
    conn->in_body = false;
}

/* Whether nothing is left to be read, as far as a receive of n bytes tells: what comes
 * later is another edge. TLS may hold back what it has already read. */
static bool is_drained(const struct conn *conn, const struct scratch *scratch, ssize_t n)
{
    return !conn->stream.tls && (size_t)n < scratch->size;
}

static enum conn_event receive_all(struct conn *conn, const struct exchange *exchange,
                                   struct scratch *scratch, bool ended)
{
    for (;;) {
        enum conn_event event;
        ssize_t n = stream_recv(&conn->stream, scratch->bytes, scratch->size);
        int64_t now_ns = clock_now_ns();
        if (n > 0) {
            scratch->received += (uint64_t)n;
            event = take_bytes(conn, exchange, (struct str){scratch->bytes, (size_t)n},
                               now_ns);
            if (event == CONN_NOTHING && is_drained(conn, scratch, n) && !ended)
                return event;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return CONN_NOTHING;
        } else {
            event = take_end(conn, n == 0, now_ns);
        }
        if (event != CONN_NOTHING)
            return event;
    }
}

/* Whether TLS holds more than the answer: the next one would be taken from it. */
static bool has_more(struct conn *conn, struct scratch *scratch)
{
    ssize_t n = -1;
    errno = EAGAIN;
    if (conn->stream.tls && tls_holds(conn->stream.tls))
        n = stream_recv(&conn->stream, scratch->bytes, scratch->size);
    return n >= 0 || errno != EAGAIN;
}

enum conn_event conn_receive(struct conn *conn, const struct exchange *exchange,
                             struct scratch *scratch, bool ended)
{
    enum conn_event event = receive_all(conn, exchange, scratch, ended);
    if (event == CONN_ANSWERED) {
        conn->verdict = expect_judge(exchange->expect, &conn->check, conn->request.item,
                                     conn->status, &scratch->masked);
        /* A closing server, or an answer to a request not yet wholly sent. */
        if (ended || conn->sent_bytes < bytes_of(conn, exchange)->len ||
            has_more(conn, scratch))
            conn->keep_alive = false;
    }
    settle(conn, event);
    return event;
}
