/*
 * TLS against a server by OpenSSL: whose certificate is accepted, what a client says of
 * itself, sessions taken up again, how a stream ends, and many bytes in small steps.
 */
#include "sys/tls.h"

#include "fds.h"
#include "tls_client.h"

static struct tls_server server;

static void start(const char *names, long good_s, int version)
{
    struct certificate certificate = certificate_for(names, good_s, &authority);
    tls_server_start(&server, &certificate, version, obey);
    certificate_free(&certificate);
}

static const char names[] = "DNS:localhost,DNS:*.example.org,IP:127.0.0.1,IP:::1";

/* ---- whom it trusts ---- */

static void accept_name(const char *name, const char *ca_file, const char *sent)
{
    struct tls_memory memory = {.session = NULL};
    struct tls_client *client = client_of(name, ca_file, !ca_file);
    TAP_OK(says_hello(&server, client, &memory), "%s is accepted", name);
    TAP_OK(memory.handshakes == 1 && memory.resumed == 0, "… one handshake");
    TAP_TEXT(server.name, sent, "… the name that is sent");
    TAP_TEXT(server.protocols, "http/1.1", "… and the protocol");
    tls_memory_fini(&memory);
    tls_client_free(client);
}

static void accepted(void)
{
    accept_name("localhost", ca_path, "localhost");
    accept_name("LOCALHOST", ca_path, "LOCALHOST");
    accept_name("api.example.org", ca_path, "api.example.org");
    accept_name("127.0.0.1", ca_path, "");
    accept_name("::1", ca_path, "");
    accept_name("wrong.example", NULL, "wrong.example");
    accept_name("127.0.0.9", NULL, "");
}

static void refuse(const char *name, const char *ca_file, const char *reason)
{
    struct tls_memory memory = {.session = NULL};
    struct tls_client *client = client_of(name, ca_file, false);
    struct stream stream;
    struct error err;
    if (!TAP_OK(!open_to(&stream, &server, client, &memory, &err), "%s is refused", name))
        stream_close(&stream);
    if (!TAP_OK(strstr(err.text, reason) && strstr(err.text, "--insecure"), "… %s",
                reason))
        printf("# %s\n", err.text);
    TAP_OK(memory.handshakes == 0 && stream.fd == -1 && !stream.tls,
           "… and nothing is left");
    tls_memory_fini(&memory);
    tls_client_free(client);
}

static void refused(void)
{
    refuse("localhost", NULL, "certificate"); /* the system does not know our CA */
    refuse("localhost", other_ca_path, "certificate");
    refuse("wrong.example", ca_path, "ostname mismatch");
    refuse("example.org", ca_path, "ostname mismatch");
    refuse("a.b.example.org", ca_path, "ostname mismatch");
    refuse("127.0.0.2", ca_path, "IP address mismatch");
    refuse("::2", ca_path, "IP address mismatch");
}

static void expired(void)
{
    start(names, -60, TLS1_3_VERSION);
    refuse("localhost", ca_path, "expired");
    accept_name("localhost", NULL, "localhost");
    tls_server_stop(&server);
}

/* A handshake that fails for another reason than our verdict of a certificate that we
 * look at or not: that verdict is no help. */
static void wants_a_certificate(bool insecure)
{
    struct tls_memory memory = {.session = NULL};
    struct stream stream;
    struct error err;
    start(names, CERTIFICATE_DAY, TLS1_2_VERSION);
    SSL_CTX_set_verify(server.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
    struct tls_client *client =
        client_of("localhost", insecure ? NULL : ca_path, insecure);
    if (!TAP_OK(!open_to(&stream, &server, client, &memory, &err), "one is asked of us"))
        stream_close(&stream);
    TAP_OK(strstr(err.text, "handshake failure") && !strstr(err.text, "--insecure"),
           "… %s", err.text);
    tls_memory_fini(&memory);
    tls_client_free(client);
    tls_server_stop(&server);
}

static void bad_ca_files(void)
{
    char none[512], text[512];
    strcpy(none, tempdir_path("none.pem"));
    strcpy(text, tempdir_write("text.pem", "no certificate\n", 15, 0600));
    const struct {
        const char *path, *reason;
    } rows[] = {{none, "No such file"}, {text, ""}, {tempdir_root, ""}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {""};
        struct tls_client *client = tls_client_new("h", rows[i].path, false, &err);
        TAP_OK(!client, "%s is no CA file", rows[i].path);
        bool says = strstr(err.text, rows[i].path) && strstr(err.text, rows[i].reason) &&
                    !strstr(err.text, "unknown error");
        TAP_OK(says, "… and the sentence says why: %s", err.text);
        tls_client_free(client);
    }
}

/* ---- sessions ---- */

static void sessions(int version, const char *text)
{
    struct tls_memory memory = {.session = NULL}, other = {.session = NULL};
    start(names, CERTIFICATE_DAY, version);
    struct tls_client *client = client_of("localhost", ca_path, false);
    TAP_OK(says_hello(&server, client, &memory), "%s: the first connection", text);
    TAP_OK(strncmp(memory.version, text, strlen(text)) == 0, "… is of %s",
           memory.version);
    TAP_OK(strchr(memory.version, ' ') != NULL, "… with its cipher");
    for (int i = 0; i < 3; i++)
        TAP_OK(says_hello(&server, client, &memory), "… and another one");
    TAP_OK(memory.handshakes == 4 && memory.resumed == 3, "… all others are resumed");
    TAP_OK(says_hello(&server, client, &other) && other.resumed == 0,
           "… but those of another thread");
    TAP_INT((int64_t)server.resumed, 3, "… which the server says, too");
    tls_memory_fini(&memory);
    tls_memory_fini(&other);
    tls_client_free(client);
    tls_server_stop(&server);
}

/* A session is worth nothing at a server that starts anew; it is no error. */
static void forgotten_session(void)
{
    struct tls_memory memory = {.session = NULL};
    struct tls_client *client = client_of("localhost", ca_path, false);
    start(names, CERTIFICATE_DAY, TLS1_3_VERSION);
    says_hello(&server, client, &memory);
    tls_server_stop(&server);
    start(names, CERTIFICATE_DAY, TLS1_3_VERSION);
    TAP_OK(says_hello(&server, client, &memory), "a server that has forgotten us");
    TAP_OK(memory.handshakes == 2 && memory.resumed == 0, "… a whole handshake again");
    tls_server_stop(&server);
    tls_memory_fini(&memory);
    tls_client_free(client);
}

/* ---- ends ---- */

static void end(struct tls_client *client, const char *order, int why, const char *what)
{
    struct tls_memory memory = {.session = NULL};
    struct stream stream;
    char byte;
    if (!TAP_OK(ordered(&stream, &server, client, &memory, order), "%s", what))
        return;
    errno = 0;
    ssize_t n = receive(&stream, &byte, 1);
    TAP_INT(n, why ? -1 : 0, "… is told");
    TAP_INT(n < 0 ? errno : 0, why, "… with its cause");
    n = receive(&stream, &byte, 1);
    TAP_OK(n == (why ? -1 : 0), "… again, when asked again");
    if (order[0] == 'r')
        TAP_OK(tls_send(stream.tls, STR("x")) == -1 && errno != EAGAIN,
               "… nothing can be sent");
    stream_close(&stream);
    TAP_OK(true, "… and no signal ended us");
    tls_memory_fini(&memory);
}

static void ends(void)
{
    struct tls_client *client = client_of("localhost", ca_path, false);
    end(client, "n", 0, "an orderly end");
    end(client, "t", ECONNRESET, "a truncation");
    end(client, "r", ECONNRESET, "a reset");
    tls_client_free(client);
}

/* ---- many bytes ---- */

enum { BULK = 4 << 20 };
static char bulk[2][BULK + 1], back[BULK]; /* the same twice: a retry may come from
                                            * elsewhere */

struct bulk {
    size_t sent, received;
    int partial, refused; /* sends that took less, or nothing */
};

static void send_some(struct stream *stream, struct bulk *so_far)
{
    ssize_t n = 1;
    while (n > 0 && so_far->sent < sizeof(bulk[0])) {
        size_t left = sizeof(bulk[0]) - so_far->sent;
        const char *from = bulk[so_far->refused % 2] + so_far->sent;
        n = tls_send(stream->tls, (struct str){from, left});
        if (n > 0)
            so_far->sent += (size_t)n;
        so_far->partial += n > 0 && (size_t)n < left;
    }
    so_far->refused += n < 0 && errno == EAGAIN;
}

/* False at the end, or when it broke. */
static bool receive_some(struct stream *stream, struct bulk *so_far)
{
    ssize_t n = 1;
    while (n > 0 && so_far->received < BULK) {
        n = tls_recv(stream->tls, back + so_far->received, BULK - so_far->received);
        so_far->received += n > 0 ? (size_t)n : 0;
    }
    return n > 0 || (n < 0 && errno == EAGAIN);
}

/* The first byte of what is sent is the order, all others come back. */
static void both_directions(int version)
{
    struct bulk so_far = {0};
    struct tls_memory memory = {.session = NULL};
    struct stream stream;
    struct error err;
    start(names, CERTIFICATE_DAY, version);
    struct tls_client *client = client_of("localhost", ca_path, false);
    for (size_t i = 0; i < sizeof(bulk[0]); i++)
        bulk[0][i] = bulk[1][i] = i == 0 ? 'l' : (char)(i * 2654435761u >> 24);
    bool good = open_to(&stream, &server, client, &memory, &err);
    int small = 4096;
    setsockopt(stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    int64_t until_ns = clock_now_ns() + LIMIT_NS;
    while (good && so_far.received < BULK && clock_now_ns() < until_ns) {
        struct pollfd waiting = {.fd = stream.fd, .events = POLLIN};
        if (so_far.sent < sizeof(bulk[0])) {
            send_some(&stream, &so_far);
            waiting.events |= POLLOUT;
        }
        poll(&waiting, 1, 1000);
        good = receive_some(&stream, &so_far);
    }
    TAP_INT(so_far.received, BULK, "4 MiB there and back");
    TAP_OK(memcmp(back, bulk[0] + 1, BULK) == 0, "… as they were");
    TAP_OK(so_far.partial > 0 && so_far.refused > 0, "… in many steps: %d, %d refused",
           so_far.partial, so_far.refused);
    stream_close(&stream);
    tls_memory_fini(&memory);
    tls_client_free(client);
    tls_server_stop(&server);
}

/* ---- many threads ---- */

enum { THREADS = 4, ROUNDS = 20 };

static void *connect_often(void *argument)
{
    struct tls_memory memory = {.session = NULL};
    intptr_t good = 0;
    for (int i = 0; i < ROUNDS; i++)
        good += says_hello(&server, argument, &memory);
    good = good == ROUNDS && memory.resumed == ROUNDS - 1;
    tls_memory_fini(&memory);
    return (void *)good;
}

static void threads(void)
{
    pthread_t all[THREADS];
    int good = 0;
    struct tls_client *client = client_of("localhost", ca_path, false);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&all[i], NULL, connect_often, client);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(all[i], &result);
        good += result != NULL;
    }
    TAP_INT(good, THREADS, "one client serves threads with a memory each");
    tls_client_free(client);
}

static void nothing(void)
{
    tls_client_free(NULL);
    tls_close(NULL);
    struct tls_memory memory = {.session = NULL};
    tls_memory_fini(&memory);
    tls_memory_fini(&memory);
    TAP_OK(!memory.session, "what is not there can be ended");
}

int main(void)
{
    signal(SIGPIPE, SIG_DFL); /* whatever we inherited: a signal would end us */
    if (!authorities_make())
        return tap_done();
    int before = fds_count();
    start(names, CERTIFICATE_DAY, TLS1_3_VERSION);
    accepted();
    refused();
    ends();
    threads();
    tls_server_stop(&server);
    expired();
    wants_a_certificate(false);
    wants_a_certificate(true);
    bad_ca_files();
    sessions(TLS1_3_VERSION, "TLSv1.3 ");
    sessions(TLS1_2_VERSION, "TLSv1.2 ");
    forgotten_session();
    both_directions(TLS1_3_VERSION);
    both_directions(TLS1_2_VERSION);
    nothing();
    TAP_INT(fds_count(), before, "no descriptor is left open");
    authorities_end();
    return tap_done();
}
