/*
 * tls_client: what the tests of sys/tls and sys/stream do with a server that obeys: each
 * connection's first byte says what it is to do.
 *
 *   e  send back all that comes, to the end of the stream
 *   l  the same, but begin late
 *   n  end the stream as TLS wants it
 *   t  end it without a word (truncation)
 *   r  reset the connection
 */
#ifndef DRAGSTRIP_TESTS_TLS_CLIENT_H
#define DRAGSTRIP_TESTS_TLS_CLIENT_H

#include <fcntl.h>

#include "base/clock.h"
#include "sys/stream.h"
#include "tempdir.h"
#include "tls_server.h"

#define LIMIT_NS                                                                         \
    (10 * NS_PER_S) /* for what happens at once unless something is broken               \
                     */

static char ca_path[512], other_ca_path[512];
static struct certificate authority, other_authority;

/* A folder with the files of two CAs. */
static inline bool authorities_make(void)
{
    if (!TAP_OK(tempdir_open(), "a folder of our own"))
        return false;
    strcpy(ca_path, tempdir_path("ca.pem"));
    strcpy(other_ca_path, tempdir_path("other.pem"));
    authority = certificate_authority("CA of a test");
    other_authority = certificate_authority("another CA");
    certificate_write(&authority, ca_path);
    certificate_write(&other_authority, other_ca_path);
    return true;
}

static inline void authorities_end(void)
{
    certificate_free(&authority);
    certificate_free(&other_authority);
    tempdir_close();
}

static inline void send_back(SSL *ssl)
{
    char bytes[16384];
    for (int n; (n = SSL_read(ssl, bytes, sizeof(bytes))) > 0;) {
        if (SSL_write(ssl, bytes, n) != n)
            return;
    }
    SSL_shutdown(ssl);
}

static inline void hang_up(int fd)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    sock_reset_on_close(fd);
    dup2(nothing, fd); /* the number stays taken */
    close(nothing);
}

static inline void obey(struct tls_server *host, SSL *ssl)
{
    char order = 0;
    (void)host;
    if (SSL_read(ssl, &order, 1) != 1)
        return;
    if (order == 'l')
        clock_sleep_until(clock_now_ns() + 20 * NS_PER_MS);
    if (order == 'e' || order == 'l')
        send_back(ssl);
    else if (order == 'n')
        SSL_shutdown(ssl);
    else if (order == 'r')
        hang_up(SSL_get_fd(ssl));
}

/* ---- the client ---- */

static inline struct tls_client *client_of(const char *name, const char *ca_file,
                                           bool insecure)
{
    struct error err = {""};
    struct tls_client *client = tls_client_new(name, ca_file, insecure, &err);
    TAP_OK(client != NULL, "a client for %s%s", name, err.text);
    return client;
}

static inline bool open_to(struct stream *stream, const struct tls_server *host,
                           struct tls_client *client, struct tls_memory *memory,
                           struct error *err)
{
    *err = (struct error){""};
    return stream_connect(stream, &host->address, client, memory,
                          clock_now_ns() + LIMIT_NS, err);
}

/* One connection on which the server obeys the order; false when it does not stand. */
static inline bool ordered(struct stream *stream, const struct tls_server *host,
                           struct tls_client *client, struct tls_memory *memory,
                           const char *order)
{
    struct error err;
    bool good = open_to(stream, host, client, memory, &err) &&
                stream_send_all(stream, str_of(order), clock_now_ns() + LIMIT_NS);
    if (!good)
        printf("# %s\n", err.text);
    return good;
}

static inline ssize_t receive(struct stream *stream, char *bytes, size_t size)
{
    return stream_recv_until(stream, bytes, size, clock_now_ns() + LIMIT_NS);
}

/* Says "hello" and hears it, on a connection that is closed then. */
static inline bool says_hello(const struct tls_server *host, struct tls_client *client,
                              struct tls_memory *memory)
{
    struct stream stream;
    char bytes[8] = "";
    bool good = ordered(&stream, host, client, memory, "ehello");
    for (size_t len = 0; good && len < 5;) {
        ssize_t n = receive(&stream, bytes + len, 5 - len);
        good = n > 0;
        len += good ? (size_t)n : 0;
    }
    if (stream.fd >= 0)
        stream_close(&stream);
    return good && strcmp(bytes, "hello") == 0;
}

#endif
