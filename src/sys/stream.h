/*
 * stream: a connected socket whose bytes go plain or under TLS. Owns both.
 */
#ifndef DRAGSTRIP_SYS_STREAM_H
#define DRAGSTRIP_SYS_STREAM_H

#include "sys/sock.h"
#include "sys/tls.h"

struct stream {
    int fd;          /* -1: none */
    struct tls *tls; /* NULL: plain */
};

void stream_close(struct stream *stream);

/* As sock_recv and sock_send; tls.h says what is different there. */
ssize_t stream_recv(struct stream *stream, void *bytes, size_t size);
ssize_t stream_send(struct stream *stream, struct str bytes);

/* Blocking, for a probe: all of the bytes, or what comes before until_ns (monotonic); -1
 * with errno, ETIMEDOUT when it took too long. */
bool stream_send_all(struct stream *stream, struct str bytes, int64_t until_ns);
ssize_t stream_recv_until(struct stream *stream, void *bytes, size_t size,
                          int64_t until_ns);

/* Blocking: connects, with the handshake where client is not NULL. memory is used while
 * the stream lives. */
bool stream_connect(struct stream *stream, const struct sock_address *address,
                    struct tls_client *client, struct tls_memory *memory,
                    int64_t until_ns, struct error *err);

#endif
