#include "sys/stream.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "sys/fd.h"

void stream_close(struct stream *stream)
{
    tls_close(stream->tls);
    fd_close(stream->fd);
    *stream = (struct stream){.fd = -1};
}

ssize_t stream_recv(struct stream *stream, void *bytes, size_t size)
{
    return stream->tls ? tls_recv(stream->tls, bytes, size)
                       : sock_recv(stream->fd, bytes, size);
}

ssize_t stream_send(struct stream *stream, struct str bytes)
{
    return stream->tls ? tls_send(stream->tls, bytes) : sock_send(stream->fd, bytes);
}

/* True when the descriptor is ready; false with errno otherwise. */
static bool wait_ready(int fd, short events, int64_t until_ns)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int ready;
    do {
        int64_t left = until_ns - clock_now_ns();
        struct timespec timeout = {0};
        if (left > 0)
            timeout = (struct timespec){left / NS_PER_S, left % NS_PER_S};
        ready = ppoll(&waiting, 1, &timeout, NULL);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

ssize_t stream_recv_until(struct stream *stream, void *bytes, size_t size,
                          int64_t until_ns)
{
    for (;;) {
        ssize_t n = stream_recv(stream, bytes, size);
        if (n >= 0 || errno != EAGAIN)
            return n;
        if (!wait_ready(stream->fd, POLLIN, until_ns))
            return -1;
    }
}

bool stream_send_all(struct stream *stream, struct str bytes, int64_t until_ns)
{
    while (bytes.len > 0) {
        ssize_t n = stream_send(stream, bytes);
        if (n > 0)
            bytes = (struct str){bytes.ptr + n, bytes.len - (size_t)n};
        else if (n == 0 || errno != EAGAIN || !wait_ready(stream->fd, POLLOUT, until_ns))
            return false;
    }
    return true;
}

static bool shake(struct stream *stream, int64_t until_ns, struct error *err)
{
    for (;;) {
        int done = tls_shake(stream->tls, err);
        if (done != 0)
            return done > 0;
        if (!wait_ready(stream->fd, POLLIN, until_ns))
            return error_set(err, "TLS: %s in the handshake; does it speak https there?",
                             strerror(errno));
    }
}

bool stream_connect(struct stream *stream, const struct sock_address *address,
                    struct tls_client *client, struct tls_memory *memory,
                    int64_t until_ns, struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    *stream = (struct stream){.fd = sock_connect(address)};
    int why = stream->fd < 0 || !wait_ready(stream->fd, POLLOUT, until_ns)
                  ? errno
                  : sock_error(stream->fd);
    bool good = why == 0;
    if (!good)
        error_set(err, "cannot connect to %s: %s", sock_format(address, text),
                  strerror(why));
    if (good && client) {
        stream->tls = tls_open(client, stream->fd, memory);
        good = shake(stream, until_ns, err);
    }
    if (!good)
        stream_close(stream);
    return good;
}
