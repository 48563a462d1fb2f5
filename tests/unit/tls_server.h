/*
 * tls_server: a server of TLS by OpenSSL, with a thread for each connection, and what it
 * saw of its clients. What it does with a connection is the test's function.
 */
#ifndef DRAGSTRIP_TESTS_TLS_SERVER_H
#define DRAGSTRIP_TESTS_TLS_SERVER_H

#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "blocking.h"
#include "certificate.h"
#include "tap.h"

enum { TLS_SERVED_MAX = 1024, TLS_SEEN_BYTES = 64 };

struct tls_server;
typedef void tls_serve(struct tls_server *host, SSL *ssl);

struct tls_served { /* a connection; its slot is never used again */
    struct tls_server *host;
    pthread_t thread;
    int fd;
};

struct tls_server {
    struct sock_address address;
    int listener;
    SSL_CTX *context;
    tls_serve *serve;
    pthread_t thread;
    atomic_bool stop;
    _Atomic uint64_t handshakes, resumed, requests;
    pthread_mutex_t mutex;          /* of what was seen */
    char protocols[TLS_SEEN_BYTES]; /* that the last client offered, commas between */
    char name[TLS_SEEN_BYTES];      /* that it asked for, "" for none */
    struct tls_served served[TLS_SERVED_MAX];
    int count;
};

/* ALPN: notes what is offered and takes the first. */
static int tls_server_choose(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                             const unsigned char *in, unsigned len, void *argument)
{
    struct tls_server *host = argument;
    (void)ssl;
    pthread_mutex_lock(&host->mutex);
    host->protocols[0] = '\0';
    for (unsigned at = 0; at < len && len < TLS_SEEN_BYTES; at += 1u + in[at])
        sprintf(host->protocols + strlen(host->protocols), "%s%.*s", at ? "," : "",
                in[at], in + at + 1);
    pthread_mutex_unlock(&host->mutex);
    *out = in + 1;
    *out_len = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static void *tls_server_connection(void *argument)
{
    struct tls_served *served = argument;
    struct tls_server *host = served->host;
    SSL *ssl = SSL_new(host->context);
    SSL_set_fd(ssl, served->fd);
    if (SSL_accept(ssl) == 1) {
        const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        pthread_mutex_lock(&host->mutex);
        snprintf(host->name, sizeof(host->name), "%s", name ? name : "");
        pthread_mutex_unlock(&host->mutex);
        host->resumed += SSL_session_reused(ssl) == 1;
        host->handshakes++;
        host->serve(host, ssl);
    }
    SSL_free(ssl);
    shutdown(served->fd, SHUT_WR); /* the end, though the descriptor is still ours */
    return NULL;
}

static void *tls_server_run(void *argument)
{
    struct tls_server *host = argument;
    sigset_t pipe; /* OpenSSL's own sockets raise it; that of the client must not */
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    while (!host->stop && host->count < TLS_SERVED_MAX) {
        struct pollfd waiting = {.fd = host->listener, .events = POLLIN};
        if (poll(&waiting, 1, 20) <= 0)
            continue;
        struct tls_served *served = &host->served[host->count];
        served->host = host;
        served->fd = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);
        if (served->fd < 0)
            continue;
        blocking_limit(served->fd);
        host->count +=
            pthread_create(&served->thread, NULL, tls_server_connection, served) == 0;
    }
    return NULL;
}

/* version_max: TLS1_2_VERSION or TLS1_3_VERSION. */
static void tls_server_start(struct tls_server *host,
                             const struct certificate *certificate, int version_max,
                             tls_serve *serve)
{
    *host = (struct tls_server){.serve = serve};
    pthread_mutex_init(&host->mutex, NULL);
    host->listener = blocking_listen(&host->address);
    host->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_max_proto_version(host->context, version_max);
    SSL_CTX_use_certificate(host->context, certificate->x509);
    SSL_CTX_use_PrivateKey(host->context, certificate->key);
    SSL_CTX_set_alpn_select_cb(host->context, tls_server_choose, host);
    int failed = pthread_create(&host->thread, NULL, tls_server_run, host);
    assert(!failed);
}

static void tls_server_stop(struct tls_server *host)
{
    host->stop = true;
    pthread_join(host->thread, NULL);
    for (int i = 0; i < host->count; i++) {
        shutdown(host->served[i].fd, SHUT_RDWR);
        pthread_join(host->served[i].thread, NULL);
        close(host->served[i].fd);
    }
    close(host->listener);
    SSL_CTX_free(host->context);
    pthread_mutex_destroy(&host->mutex);
}

#endif
