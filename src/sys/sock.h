/*
 * sock: TCP sockets, non-blocking and close-on-exec, TCP_NODELAY always (a reply above
 * one segment otherwise waits 40 ms for a delayed ACK).
 */
#ifndef DRAGSTRIP_SYS_SOCK_H
#define DRAGSTRIP_SYS_SOCK_H

#include "base/error.h"
#include "base/str.h"

#include <sys/socket.h>
#include <sys/types.h>

struct sock_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

enum { SOCK_ADDRESS_TEXT = 80 };

/* Resolves "host" and "port" (blocking). */
bool sock_resolve(const char *host, const char *port, struct sock_address *out,
                  struct error *err);

/* Splits "127.0.0.1:8080", "[::1]:8080" or "host:8080" and resolves it. */
bool sock_parse(const char *text, struct sock_address *out, struct error *err);

/* "127.0.0.1:8080", "[::1]:8080". Returns out. */
const char *sock_format(const struct sock_address *address, char out[SOCK_ADDRESS_TEXT]);

/*
 * A listening socket; reuse_port lets several threads listen on one port. *address is
 * updated with the port that was taken when it was 0. -1: err is set.
 */
int sock_listen(struct sock_address *address, bool reuse_port, struct error *err);

/* Whether something listens there: it cannot be bound, and the port has a listener. */
bool sock_in_use(const struct sock_address *address);

/* A connected descriptor, or -1 with errno (EAGAIN: none waiting). */
int sock_accept(int listener);

/* Starts a connection, whose own sending is not paced; -1 with errno set when it fails at
 * once. */
int sock_connect(const struct sock_address *address);

/* Why a connection attempt failed: 0, or the errno (SO_ERROR). */
int sock_error(int fd);

/* Blocking convenience: connects within the time, then I/O time-outs are set to it. */
int sock_connect_blocking(const struct sock_address *address, int64_t timeout_ns,
                          struct error *err);

/* recv and send without SIGPIPE; EINTR retried. As the system calls otherwise. */
ssize_t sock_recv(int fd, void *bytes, size_t size);
ssize_t sock_send(int fd, struct str bytes);

/* For blocking descriptors: as sock_recv, but -1 with ETIMEDOUT when nothing has come by
 * until_ns (monotonic). */
ssize_t sock_recv_until(int fd, void *bytes, size_t size, int64_t until_ns);

/* Sends RST instead of FIN on close. */
void sock_reset_on_close(int fd);

/* No more data will be sent (FIN). */
void sock_shutdown_write(int fd);

#endif
