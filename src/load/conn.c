#include "load/conn.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "sys/fd.h"

void conn_init(struct conn *conn)
{
    *conn = (struct conn){.state = CONN_DOWN, .fd = -1};
    buf_init(&conn->stash, CONN_HEAD_MAX);
}

void conn_check(const struct conn *conn)
{
    assert((conn->state == CONN_DOWN) == (conn->fd < 0));
    assert(conn->state == CONN_BUSY || conn->stash.len == 0);
    assert(!conn->in_body || conn->state == CONN_BUSY);
}

void conn_close(struct conn *conn)
{
    fd_close(conn->fd);
    conn->fd = -1;
    conn->state = CONN_DOWN;
    conn->in_body = false;
    buf_clear(&conn->stash);
}

bool conn_open(struct conn *conn, const struct target *target, struct loop *loop)
{
    assert(conn->state == CONN_DOWN);
    int fd = sock_connect(&target->address);
    if (fd < 0)
        return false;
    if (!loop_add(loop, fd, conn)) {
        int why = errno;
        fd_close(fd);
        errno = why;
        return false;
    }
    conn->fd = fd;
    conn->state = CONN_CONNECTING;
    return true;
}

int conn_connected(struct conn *conn)
{
    assert(conn->state == CONN_CONNECTING);
    int why = sock_error(conn->fd);
    if (why != 0)
        conn_close(conn);
    else
        conn->state = CONN_IDLE;
    return why;
}

void conn_send(struct conn *conn, const struct target *target)
{
    assert(conn->state == CONN_IDLE);
    conn->state = CONN_BUSY;
    conn->sent_bytes = 0;
    conn->in_body = false;
    conn->request.first_byte_ns = 0;
    conn_send_rest(conn, target);
}

void conn_send_rest(struct conn *conn, const struct target *target)
{
    while (conn->state == CONN_BUSY && conn->sent_bytes < target->request.len) {
        struct str rest = {target->request.ptr + conn->sent_bytes,
                           target->request.len - conn->sent_bytes};
        ssize_t n = sock_send(conn->fd, rest);
        if (n < 0)
            return; /* EAGAIN: later; others show up as a read event */
        conn->sent_bytes += (size_t)n;
    }
}

/* Takes the head of the answer from *in. NOTHING: it is incomplete and was stashed. */
static enum conn_event take_head(struct conn *conn, const struct target *target,
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
    if (http_parse_response((struct str){bytes.ptr, len}, &response) != HTTP_OK)
        return CONN_GARBAGE;
    in->ptr += len - seen;
    in->len -= len - seen;
    buf_clear(&conn->stash);
    if (response.status < 200) /* 1xx: the real answer follows */
        return response.status == 101 ? CONN_GARBAGE : CONN_NOTHING;
    conn->status = response.status;
    conn->keep_alive = response.keep_alive;
    http_body_init(&conn->body, target->head_method ? HTTP_NO_BODY : response.framing,
                   response.content_length);
    conn->in_body = true;
    return CONN_NOTHING;
}

/* Bytes of one receive event. The request's last byte ends it at now_ns. */
static enum conn_event take_bytes(struct conn *conn, const struct target *target,
                                  struct str in, int64_t now_ns)
{
    if (conn->state != CONN_BUSY)
        return CONN_GARBAGE;
    if (conn->request.first_byte_ns == 0)
        conn->request.first_byte_ns = now_ns;
    while (in.len > 0 || conn->in_body) {
        if (!conn->in_body) {
            if (take_head(conn, target, &in) == CONN_GARBAGE)
                return CONN_GARBAGE;
            continue;
        }
        struct str data;
        enum http_status status = http_body_feed(&conn->body, &in, &data);
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

enum conn_event conn_receive(struct conn *conn, const struct target *target,
                             struct scratch *scratch, bool ended)
{
    enum conn_event event = CONN_NOTHING;
    while (event == CONN_NOTHING) {
        ssize_t n = sock_recv(conn->fd, scratch->bytes, scratch->size);
        int64_t now_ns = clock_now_ns();
        if (n > 0) {
            scratch->received += (uint64_t)n;
            event =
                take_bytes(conn, target, (struct str){scratch->bytes, (size_t)n}, now_ns);
            if ((size_t)n < scratch->size && !ended)
                break; /* drained: what follows is another edge */
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        } else {
            event = take_end(conn, n == 0, now_ns);
        }
    }
    /* A closing server, or an answer to a request not yet wholly sent: not to be reused.
     */
    if (event == CONN_ANSWERED && (ended || conn->sent_bytes < target->request.len))
        conn->keep_alive = false;
    settle(conn, event);
    return event;
}
