/*
 * tls: the client's side of TLS 1.2 and 1.3 over a connected socket, by OpenSSL: server
 * name (SNI, RFC 6066 3), ALPN http/1.1 (RFC 7301), the peer's certificate verified
 * against its name unless that is switched off, sessions taken up again (RFC 8446 2.2).
 * Reads and writes are those of sock: one system call each, no SIGPIPE.
 */
#ifndef DRAGSTRIP_SYS_TLS_H
#define DRAGSTRIP_SYS_TLS_H

#include "base/error.h"
#include "base/str.h"

#include <sys/types.h>

struct tls_client; /* what all connections to one server share; for any thread */
struct tls;        /* one connection */

enum { TLS_VERSION_BYTES = 64 };

/* What the connections of one thread have in common. Zeroed at the start. */
struct tls_memory {
    void *session; /* the last one the server offered */
    uint64_t handshakes, resumed;
    char version[TLS_VERSION_BYTES]; /* "TLSv1.3 TLS_AES_256_GCM_SHA384" of the last */
};

/* name: a host name or a numeric address. ca_file: PEM, NULL for the system's own. NULL:
 * err is set. */
struct tls_client *tls_client_new(const char *name, const char *ca_file, bool insecure,
                                  struct error *err);
void tls_client_free(struct tls_client *client); /* NULL is allowed */

void tls_memory_fini(struct tls_memory *memory);

/* On a connected descriptor, which stays the caller's; memory outlives the connection. */
struct tls *tls_open(struct tls_client *client, int fd, struct tls_memory *memory);
void tls_close(struct tls *tls); /* NULL is allowed; says goodbye if it can */

/* Goes on with the handshake: 1 done, 0 wants to be called when the descriptor is ready
 * again, -1 failed and err says why. */
int tls_shake(struct tls *tls, struct error *err);

/* As recv and send of a non-blocking socket (EAGAIN; 0 is an orderly end of the stream).
 * An end that TLS does not vouch for is ECONNRESET (truncation). A receive may leave
 * bytes that the descriptor does not announce again: read until EAGAIN. */
ssize_t tls_recv(struct tls *tls, void *bytes, size_t size);
ssize_t tls_send(struct tls *tls, struct str bytes);

/* Whether bytes were read from the socket that tls_recv has not returned: of the stream,
 * or of TLS itself. */
bool tls_holds(const struct tls *tls);

#endif
