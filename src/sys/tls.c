#include "sys/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/mem.h"
#include "sys/sock.h"

enum { NAME_BYTES = 256 };

struct tls_client {
    SSL_CTX *context;
    BIO_METHOD *socket; /* reads and writes as sock does */
    char name[NAME_BYTES];
    bool numeric; /* an address has no server name to send */
};

struct tls {
    SSL *ssl;
    struct tls_memory *memory;
};

/* ---- the socket below ---- */

static int socket_of(BIO *bio)
{
    int fd;
    memcpy(&fd, BIO_get_data(bio), sizeof(fd));
    return fd;
}

static int write_socket(BIO *bio, const char *bytes, int len)
{
    ssize_t n = sock_send(socket_of(bio), (struct str){bytes, (size_t)len});
    BIO_clear_retry_flags(bio);
    if (n < 0 && errno == EAGAIN)
        BIO_set_retry_write(bio);
    return (int)n;
}

static int read_socket(BIO *bio, char *bytes, int size)
{
    ssize_t n = sock_recv(socket_of(bio), bytes, (size_t)size);
    BIO_clear_retry_flags(bio);
    if (n < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    return (int)n;
}

static long control_socket(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int free_socket(BIO *bio)
{
    mem_free(BIO_get_data(bio));
    return 1;
}

static BIO_METHOD *make_method(void)
{
    /* No index of its own: OpenSSL has only some hundred of them for a process. */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket");
    if (method) {
        BIO_meth_set_write(method, write_socket);
        BIO_meth_set_read(method, read_socket);
        BIO_meth_set_ctrl(method, control_socket);
        BIO_meth_set_destroy(method, free_socket);
    }
    return method;
}

static BIO *make_bio(const BIO_METHOD *method, int fd)
{
    BIO *bio = BIO_new(method);
    int *data = mem_new(1, sizeof(*data));
    *data = fd;
    BIO_set_data(bio, data);
    BIO_set_init(bio, 1);
    return bio;
}

/* ---- the client ---- */

/* The oldest of OpenSSL's errors, which is the cause; the others are dropped. */
static const char *library_error(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                         : code                 ? ERR_reason_error_string(code)
                                                : NULL;
    ERR_clear_error();
    return reason ? reason : "unknown error";
}

static int remember_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_memory *memory = SSL_get_app_data(ssl);
    tls_memory_fini(memory);
    memory->session = session;
    return 1; /* the reference is ours now */
}

static bool trust(struct tls_client *client, const char *ca_file, bool insecure,
                  struct error *err)
{
    if (insecure)
        return true;
    SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
    if (ca_file && SSL_CTX_load_verify_locations(client->context, ca_file, NULL) != 1)
        return error_set(err, "cannot use %s as CA file: %s", ca_file, library_error());
    if (!ca_file && SSL_CTX_set_default_verify_paths(client->context) != 1)
        return error_set(err, "cannot read the system's CA certificates: %s",
                         library_error());
    return true;
}

static void configure(SSL_CTX *context)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_alpn_protos(context, alpn, sizeof(alpn) - 1);
    SSL_CTX_set_read_ahead(context, 1); /* a record's head and body in one receive */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT |
                                                SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, remember_session);
}

struct tls_client *tls_client_new(const char *name, const char *ca_file, bool insecure,
                                  struct error *err)
{
    unsigned char address[sizeof(struct in6_addr)];
    struct tls_client *client = mem_new(1, sizeof(*client));
    snprintf(client->name, sizeof(client->name), "%s", name);
    client->numeric =
        inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
    client->socket = make_method();
    client->context = SSL_CTX_new(TLS_client_method());
    bool good = client->socket && client->context;
    if (!good)
        error_set(err, "cannot set up TLS: %s", library_error());
    if (good) {
        configure(client->context);
        good = trust(client, ca_file, insecure, err);
    }
    if (good)
        return client;
    tls_client_free(client);
    return NULL;
}

void tls_client_free(struct tls_client *client)
{
    if (!client)
        return;
    SSL_CTX_free(client->context);
    BIO_meth_free(client->socket);
    mem_free(client);
}

void tls_memory_fini(struct tls_memory *memory)
{
    SSL_SESSION_free(memory->session);
    memory->session = NULL;
}

/* ---- a connection ---- */

/* Whom the certificate has to name; a name is also sent, an address must not be. */
static void name_peer(SSL *ssl, struct tls_client *client)
{
    if (client->numeric) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), client->name);
        return;
    }
    SSL_set_tlsext_host_name(ssl, client->name);
    SSL_set1_host(ssl, client->name);
}

struct tls *tls_open(struct tls_client *client, int fd, struct tls_memory *memory)
{
    struct tls *tls = mem_new(1, sizeof(*tls));
    BIO *bio = make_bio(client->socket, fd);
    tls->memory = memory;
    tls->ssl = SSL_new(client->context);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, memory);
    name_peer(tls->ssl, client);
    if (memory->session)
        SSL_set_session(tls->ssl, memory->session);
    SSL_set_connect_state(tls->ssl);
    return tls;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl))
        SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    mem_free(tls);
}

static int explain(struct tls *tls, int code, int why, struct error *err)
{
    long verdict = SSL_get_verify_result(tls->ssl);
    bool distrusted = code == SSL_ERROR_SSL &&
                      ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    bool misnamed = verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
                    verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
    if (distrusted)
        error_set(err,
                  "TLS: the certificate is not accepted: %s; %s or do without with "
                  "--insecure",
                  X509_verify_cert_error_string(verdict),
                  misnamed ? "use the name that it is for,"
                           : "name its CA with --cacert,");
    else if (code == SSL_ERROR_SSL)
        error_set(err, "TLS: %s; does it speak https there?", library_error());
    else
        error_set(err, "TLS: %s in the handshake; does it speak https there?",
                  why ? strerror(why) : "the connection was closed");
    return -1;
}

int tls_shake(struct tls *tls, struct error *err)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(tls->ssl), why = errno;
    int code = SSL_get_error(tls->ssl, result);
    if (result != 1 && (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE))
        return 0;
    if (result != 1)
        return explain(tls, code, why, err);
    struct tls_memory *memory = tls->memory;
    memory->handshakes++;
    memory->resumed += SSL_session_reused(tls->ssl) == 1;
    snprintf(memory->version, sizeof(memory->version), "%s %s", SSL_get_version(tls->ssl),
             SSL_get_cipher_name(tls->ssl));
    return 1;
}

/* SSL_read's and SSL_write's way of saying things as recv's and send's. */
static ssize_t as_socket(struct tls *tls, int result, int why)
{
    if (result > 0)
        return result;
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        errno = why ? why : ECONNRESET;
        return -1;
    default:
        errno = ECONNRESET;
        return -1;
    }
}

static int clamp(size_t size)
{
    return size > 1 << 30 ? 1 << 30 : (int)size;
}

ssize_t tls_recv(struct tls *tls, void *bytes, size_t size)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_read(tls->ssl, bytes, clamp(size));
    return as_socket(tls, result, errno);
}

ssize_t tls_send(struct tls *tls, struct str bytes)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_write(tls->ssl, bytes.ptr, clamp(bytes.len));
    return as_socket(tls, result, errno);
}

bool tls_holds(const struct tls *tls)
{
    return SSL_has_pending(tls->ssl) == 1;
}
