/*
 * Whole runs over TLS: the books balance, handshakes are counted, sessions are taken up
 * again, and how an answer ends tells a good one from one that was cut off.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "generated.h"
#include "tls_client.h"

static struct tls_server secure;
static char secure_url[64];

/* ---- the server ---- */

/* Does what it wants with request number `index`; false ends the connection. */
typedef bool answer_one(SSL *ssl, uint64_t index, struct str body);
static answer_one *answer_with;

enum { REQUEST_MAX = 2 << 20 };

/* Bytes of the whole request at the front, 0 when it is not there yet. */
static size_t request_length(const char *bytes, size_t len, struct str *body)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    const char *field = end ? memmem(bytes, len, "Content-Length: ", 16) : NULL;
    size_t want = field ? strtoul(field + 16, NULL, 10) : 0;
    size_t head = end ? (size_t)(end - bytes) + 4 : 0;
    *body = (struct str){bytes + head, want};
    return end && len >= head + want ? head + want : 0;
}

static void serve(struct tls_server *host, SSL *ssl)
{
    char *bytes = mem_new(REQUEST_MAX, 1);
    size_t len = 0;
    bool open = true;
    while (open) {
        int n = SSL_read(ssl, bytes + len, (int)(REQUEST_MAX - 1 - len));
        len += n > 0 ? (size_t)n : 0;
        bytes[len] = '\0';
        struct str body;
        size_t taken = request_length(bytes, len, &body);
        open = n > 0 && (!taken || answer_with(ssl, host->requests++, body));
        memmove(bytes, bytes + taken, len - taken);
        len -= taken;
    }
    mem_free(bytes);
}

static bool say(SSL *ssl, const char *text)
{
    return SSL_write(ssl, text, (int)strlen(text)) > 0;
}

static bool keep(SSL *ssl, uint64_t index, struct str body)
{
    (void)index, (void)body;
    return say(ssl, SCRIPTED_OK);
}

static void start(answer_one *answer, int version)
{
    struct certificate certificate =
        certificate_for("DNS:localhost,IP:127.0.0.1", CERTIFICATE_DAY, &authority);
    char text[SOCK_ADDRESS_TEXT];
    answer_with = answer;
    tls_server_start(&secure, &certificate, version, serve);
    snprintf(secure_url, sizeof(secure_url), "https://%s/",
             sock_format(&secure.address, text));
    certificate_free(&certificate);
}

static struct asking trusting(void)
{
    return (struct asking){.url = secure_url, .reach = {.ca_file = ca_path}};
}

/* A run that must come about. */
static struct load_outcome run_secure(const struct asking *asking, struct load_spec spec,
                                      const char *what)
{
    struct load_outcome outcome = {0};
    if (!TAP_OK(run_asking(asking, spec, NULL, NULL, &outcome), "%s: it runs", what))
        exit(1);
    tls_server_stop(&secure);
    check_books(&outcome, true, what);
    uint64_t reconnects = outcome.tally.reconnects;
    TAP_OK(outcome.tls_handshakes >= reconnects &&
               outcome.tls_handshakes <= 8 + reconnects,
           "%s: a handshake for each connection, but those that the end cut off", what);
    return outcome;
}

/* ---- good servers ---- */

static void good_server(int version, const char *text)
{
    struct asking asking = trusting();
    start(keep, version);
    struct load_outcome outcome = run_secure(&asking, usual_spec(), text);
    TAP_INT(outcome.tally.ok, 100, "all answered");
    TAP_INT((int64_t)secure.requests, 120, "the server saw the warm-up too");
    TAP_INT(outcome.tls_handshakes, 8, "over as many connections as asked for");
    TAP_INT((int64_t)secure.handshakes, 8, "… which the server says, too");
    TAP_INT(outcome.tally.bytes_received, 120 * strlen(SCRIPTED_OK),
            "bytes are those of the answers, not of TLS");
    TAP_OK(strncmp(outcome.tls_version, text, strlen(text)) == 0, "… of %s",
           outcome.tls_version);
    load_outcome_fini(&outcome);
}

static bool last(SSL *ssl, uint64_t index, struct str body)
{
    (void)index, (void)body;
    say(ssl, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    SSL_shutdown(ssl);
    return false;
}

/* Each answer ends its connection: the next one takes the session up again. */
static void closing_server(int version)
{
    struct asking asking = trusting();
    struct load_spec spec = usual_spec();
    spec.timeout_ns = 10 * NS_PER_S;
    start(last, version);
    struct load_outcome outcome = run_secure(&asking, spec, "closing server");
    TAP_INT(outcome.tally.ok, 100, "all answered");
    TAP_INT(outcome.tally.reconnects, 120, "each connection was replaced");
    TAP_OK(outcome.tls_resumed >= 100, "sessions were taken up again: %llu",
           (unsigned long long)outcome.tls_resumed);
    TAP_OK(secure.resumed + 8 >= outcome.tls_resumed &&
               outcome.tls_resumed + 8 >= secure.resumed,
           "… which the server says, too: %llu", (unsigned long long)secure.resumed);
    load_outcome_fini(&outcome);
}

/* ---- ends ---- */

/* To the end of the stream; every second one is cut off without TLS knowing of it. */
static bool to_the_end(SSL *ssl, uint64_t index, struct str body)
{
    (void)body;
    say(ssl, "HTTP/1.1 200 OK\r\n\r\nall of it");
    if (index % 2 == 0)
        SSL_shutdown(ssl);
    return false;
}

static void truncating_server(void)
{
    struct asking asking = trusting();
    struct load_spec spec = usual_spec();
    spec.warmup_ns = 0;
    spec.timeout_ns = 10 * NS_PER_S;
    start(to_the_end, TLS1_3_VERSION);
    struct load_outcome outcome = run_secure(&asking, spec, "truncating server");
    TAP_INT(outcome.tally.ok, 50, "those with an end");
    TAP_INT(outcome.tally.errors[TALLY_RESET], 50, "those that were cut off");
    load_outcome_fini(&outcome);
}

/* Two answers to one request, in records of their own that come together: the second is
 * not the next request's. */
static bool twice(SSL *ssl, uint64_t index, struct str body)
{
    int on = 1, off = 0, fd = SSL_get_fd(ssl);
    (void)index, (void)body;
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
    bool good = say(ssl, SCRIPTED_OK) && say(ssl, SCRIPTED_OK);
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
    return good;
}

static void babbling_server(int version)
{
    struct asking asking = trusting();
    struct load_spec spec = usual_spec();
    spec.warmup_ns = 0;
    start(twice, version);
    struct load_outcome outcome = run_secure(&asking, spec, "babbling server");
    TAP_INT(outcome.tally.ok, 100, "the first answer is good");
    TAP_INT(secure.requests, 100, "each request got its own");
    TAP_INT(outcome.tally.reconnects, 100, "… and its connection was not used again");
    load_outcome_fini(&outcome);
}

/* ---- large ones ---- */

enum { LARGE = 600000 }; /* more than one receive takes */
static char large[LARGE];

static bool large_answer(SSL *ssl, uint64_t index, struct str body)
{
    char head[64];
    (void)index, (void)body;
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LARGE);
    return say(ssl, head) && SSL_write(ssl, large, LARGE) > 0;
}

static bool echo(SSL *ssl, uint64_t index, struct str body)
{
    char head[64];
    (void)index;
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
             body.len);
    return say(ssl, head) && SSL_write(ssl, body.ptr, (int)body.len) > 0;
}

static void large_ones(answer_one *answer, const struct str *bodies, int body_count,
                       const char *what)
{
    const struct expect_body expected = {{large, LARGE}, NULL};
    struct asking asking = trusting();
    struct load_spec spec = usual_spec();
    asking.bodies = bodies;
    asking.body_count = body_count;
    asking.expect = (struct expect_spec){.bodies = &expected, .body_count = 1};
    spec.profile = rate_of(100);
    spec.warmup_ns = 0;
    spec.timeout_ns = 20 * NS_PER_S;
    start(answer, TLS1_3_VERSION);
    struct load_outcome outcome = run_secure(&asking, spec, what);
    TAP_INT(outcome.tally.ok, 25, "all of them, byte for byte");
    TAP_OK(outcome.tally.bytes_received > 25 * (uint64_t)LARGE, "… were received");
    load_outcome_fini(&outcome);
}

static void large_traffic(void)
{
    const struct str body[] = {{large, LARGE}};
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i * 2654435761u >> 24);
    large_ones(large_answer, NULL, 0, "large answers");
    large_ones(echo, body, 1, "large requests");
}

/* An echo of each body is what its own request, and no other, expects. */
static void several_bodies(const double *weights, const char *what)
{
    static const struct str bodies[] = {{"a", 1}, {"bb", 2}, {"ccc", 3}};
    static const struct expect_body same[] = {
        {{"a", 1}, NULL}, {{"bb", 2}, NULL}, {{"ccc", 3}, NULL}};
    static const struct expect_body other[] = {
        {{"bb", 2}, NULL}, {{"ccc", 3}, NULL}, {{"a", 1}, NULL}};
    struct asking asking = trusting();
    asking.bodies = bodies;
    asking.body_count = 3;
    asking.weights = weights;
    asking.expect = (struct expect_spec){.bodies = same, .body_count = 3};
    start(echo, TLS1_3_VERSION);
    struct load_outcome outcome = run_secure(&asking, usual_spec(), what);
    TAP_INT(outcome.tally.ok, 100, "each gets its own answer");
    load_outcome_fini(&outcome);
    asking.expect.bodies = other;
    start(echo, TLS1_3_VERSION);
    outcome = run_secure(&asking, usual_spec(), what);
    TAP_INT(outcome.tally.errors[TALLY_BODY], 100, "another's is none");
    TAP_INT(outcome.tally.answered, 100, "… but an answer");
    load_outcome_fini(&outcome);
}

/* ---- what cannot be measured ---- */

static void refuse(const struct asking *asking, const char *sentence, const char *what)
{
    struct load_outcome outcome;
    struct load_spec spec = usual_spec();
    TAP_OK(!run_asking(asking, spec, NULL, NULL, &outcome), "%s: no run", what);
    TAP_OK(strstr(run_error.text, "cannot connect to 127.0.0.1:") &&
               strstr(run_error.text, sentence),
           "… %s", sentence);
}

static void refusals(void)
{
    struct asking asking = trusting();
    start(keep, TLS1_3_VERSION);
    asking.reach.ca_file = other_ca_path;
    refuse(&asking, "name its CA with --cacert", "another CA");
    asking.reach.ca_file = NULL;
    refuse(&asking, "name its CA with --cacert", "no CA");
    tls_server_stop(&secure);
    scripted_start(&server, prompt);
    char *url = mem_format("https%s", server.url + strlen("http"));
    asking.url = url;
    asking.reach.insecure = true;
    struct load_outcome outcome;
    struct load_spec spec = usual_spec();
    spec.timeout_ns = 200 * NS_PER_MS;
    TAP_OK(!run_asking(&asking, spec, NULL, NULL, &outcome), "a plain server: no run");
    TAP_OK(strstr(run_error.text, "does it speak https there?"), "… says so");
    scripted_stop(&server);
    mem_free(url);
}

int main(void)
{
    if (!authorities_make())
        return tap_done();
    good_server(TLS1_3_VERSION, "TLSv1.3 ");
    good_server(TLS1_2_VERSION, "TLSv1.2 ");
    closing_server(TLS1_3_VERSION);
    closing_server(TLS1_2_VERSION);
    truncating_server();
    babbling_server(TLS1_3_VERSION);
    babbling_server(TLS1_2_VERSION);
    large_traffic();
    several_bodies(NULL, "in rotation");
    several_bodies((const double[]){3, 2, 1}, "with weights");
    refusals();
    authorities_end();
    return tap_done();
}
