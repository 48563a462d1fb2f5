/*
 * sock: TCP and Unix sockets, non-blocking and close-on-exec, TCP_NODELAY always (a reply
 * above one segment otherwise waits 40 ms for a delayed ACK).
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

enum { SOCK_ADDRESS_TEXT = 128 };

/* Resolves "host" and "port" (blocking). The first address, or up to max of them in the
 * order of preference (RFC 6724) with their number, 0 when err is set. */
bool sock_resolve(const char *host, const char *port, struct sock_address *out,
                  struct error *err);
int sock_resolve_all(const char *host, const char *port, struct sock_address *out,
                     int max, struct error *err);

/* A Unix socket by its path (unix(7): at most 107 bytes). */
bool sock_unix(const char *path, struct sock_address *out, struct error *err);

/* Splits "127.0.0.1:8080", "[::1]:8080" or "host:8080" and resolves it. */
bool sock_parse(const char *text, struct sock_address *out, struct error *err);

/* "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock". Returns out. */
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

/* A TCP listener takes no more part in handshakes that have not begun: their SYN is
 * dropped, and the client's next one finds another listener, or a closed port. Those that
 * have begun are completed, so that after a moment the queue can be emptied for good;
 * close alone would reset what is in it. */
void sock_end_handshakes(int listener);

/* Starts a connection, whose own sending is not paced; -1 with errno set when it fails at
 * once. */
int sock_connect(const struct sock_address *address);

/* Why a connection attempt failed: 0, or the errno (SO_ERROR). */
int sock_error(int fd);

/* recv and send without SIGPIPE; EINTR retried. As the system calls otherwise. */
ssize_t sock_recv(int fd, void *bytes, size_t size);
ssize_t sock_send(int fd, struct str bytes);

/* What is sent goes out at once: reno instead of bbr, which, where it is the default,
 * sends later than it is asked to. Connections of sock_connect are so from the start. */
void sock_do_not_pace(int fd);

/* Sends RST instead of FIN on close. */
void sock_reset_on_close(int fd);

/* No more data will be sent (FIN). */
void sock_shutdown_write(int fd);

#endif
