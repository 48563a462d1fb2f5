/*
 * echo_pair: a connection of the C service without a network: one end is the service's,
 * the other one the test's. Neither blocks, so that a test says itself when either reads
 * or writes.
 */
#ifndef DRAGSTRIP_TESTS_ECHO_PAIR_H
#define DRAGSTRIP_TESTS_ECHO_PAIR_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "wire/http.h"

/* What clients say: requests, and beginnings of those that have a body. */
#define HOST "Host: a\r\n"
#define HEALTHZ "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
#define DOCUMENT "{\"id\":1,\"user_agent\":\"u\",\"metadata\":[]}"
#define POST "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 39\r\n"
#define CHUNKED "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
/* What they hear with a last answer. */
#define CLOSES "\r\nConnection: close\r\n"

enum { PAIR_HEARD_MAX_BYTES = 16 << 20 };

struct pair {
    int fd;           /* the service's end, which it closes */
    int peer;         /* ours; -1 when closed */
    struct buf heard; /* all that has been taken at our end */
    bool ended;       /* the service's stream has ended */
};

static inline void pair_open(struct pair *pair)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
        printf("Bail out! no pair of sockets\n");
        exit(1);
    }
    *pair = (struct pair){.fd = fds[0], .peer = fds[1]};
    buf_init(&pair->heard, PAIR_HEARD_MAX_BYTES);
}

/* The service can send only little that we have not taken. */
static inline void pair_narrow(const struct pair *pair)
{
    int bytes = 1; /* the kernel takes its least */
    setsockopt(pair->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static inline void pair_hang_up(struct pair *pair)
{
    if (pair->peer >= 0)
        close(pair->peer);
    pair->peer = -1;
}

/* The service's end is the caller's to close. */
static inline void pair_fini(struct pair *pair)
{
    pair_hang_up(pair);
    buf_fini(&pair->heard);
}

/* How many of the bytes the socket took. */
static inline size_t pair_say(const struct pair *pair, struct str bytes)
{
    ssize_t n = send(pair->peer, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    return n < 0 ? 0 : (size_t)n;
}

/* Takes what is there, at most so many bytes; their number. */
static inline size_t pair_take(struct pair *pair, size_t max)
{
    static char bytes[1 << 16];
    size_t taken = 0;
    while (taken < max) {
        size_t left = max - taken;
        ssize_t n =
            recv(pair->peer, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);
        if (n <= 0) {
            pair->ended |= n == 0 || (errno != EAGAIN && errno != EINTR);
            break;
        }
        buf_add(&pair->heard, (struct str){bytes, (size_t)n});
        taken += (size_t)n;
    }
    return taken;
}

/* How many whole answers were heard, all of this status; -1: another one, or not whole.
 * 100 Continue counts as one. */
static inline int pair_answers(const struct pair *pair, int status)
{
    struct str rest = buf_str(&pair->heard);
    int count = 0;
    for (; rest.len > 0; count++) {
        struct http_response response;
        size_t head = http_head_length(rest, 0);
        if (head == 0 ||
            http_parse_response((struct str){rest.ptr, head}, &response) != HTTP_OK ||
            response.status != status || rest.len - head < response.content_length)
            return -1;
        rest.ptr += head + response.content_length;
        rest.len -= head + response.content_length;
    }
    return count;
}

/* Whether it was heard, and how often. */
static inline int pair_heard(const struct pair *pair, const char *text)
{
    int count = 0;
    for (const char *at = buf_text(&pair->heard); (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

#endif
