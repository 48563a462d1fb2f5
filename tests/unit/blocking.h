/*
 * blocking: plain sockets of the system, for tests that only need somebody at the other
 * end. They call nothing of what is under test but addresses and listeners.
 */
#ifndef DRAGSTRIP_TESTS_BLOCKING_H
#define DRAGSTRIP_TESTS_BLOCKING_H

#include <assert.h>
#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

#include "sys/sock.h"

enum { BLOCKING_LIMIT_S = 10 }; /* for what comes at once unless something is broken */

/* A listener on a port of the loopback that the kernel chooses. */
static inline int blocking_listen(struct sock_address *address)
{
    struct error err = {""};
    bool parsed = sock_parse("127.0.0.1:0", address, &err);
    int listener = parsed ? sock_listen(address, false, &err) : -1;
    assert(listener >= 0);
    return listener;
}

/* A port of the loopback at which nobody listens. */
static inline void blocking_free_port(struct sock_address *address)
{
    close(blocking_listen(address));
}

/* Sending and receiving on it fail with EAGAIN after the limit. */
static inline void blocking_limit(int fd)
{
    struct timeval limit = {.tv_sec = BLOCKING_LIMIT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* A connected descriptor that blocks, up to the limit; -1 with errno. */
static inline int blocking_connect(const struct sock_address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    blocking_limit(fd);
    if (connect(fd, (const struct sockaddr *)&address->storage, address->len) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* Receives to the end of the stream or until there is no more room; the text ends with
 * NUL. */
static inline size_t blocking_receive(int fd, char *text, size_t size)
{
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 && len < size - 1) {
        n = recv(fd, text + len, size - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    return len;
}

#endif
