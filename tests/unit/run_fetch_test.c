/*
 * One GET against answers of every framing, and against servers that answer badly, late
 * or not at all.
 */
#include "run/fetch.h"

#include "scripted.h"
#include "tap.h"
#include "tls_client.h"

enum { BODY_MAX = 1 << 20, UNTOUCHED = -77 };

static struct scripted server;
static struct scripted_act act; /* what the server does for the next request */

static struct scripted_act do_act(uint64_t index)
{
    (void)index;
    return act;
}

struct got {
    bool good;
    struct fetched head;
    struct buf body; /* begins with "<": the answer's is appended */
    struct error err;
};

static struct got get_of(const struct target *target, int64_t timeout_ns)
{
    struct got got = {.head = {.status = UNTOUCHED}};
    buf_init(&got.body, BODY_MAX);
    buf_add_text(&got.body, "<");
    got.good =
        fetch(target, "/some/path?q=1", timeout_ns, &got.head, &got.body, &got.err);
    return got;
}

static struct target target_of(const struct sock_address *address)
{
    return (struct target){.url = {.host = STR("host.example:80")},
                           .addresses = {*address},
                           .address_count = 1};
}

static struct got get(const struct sock_address *address, int64_t timeout_ns)
{
    const struct target target = target_of(address);
    return get_of(&target, timeout_ns);
}

static void check_good(struct got got, int status, struct str body, const char *what)
{
    if (!TAP_OK(got.good, "%s: fetched", what)) {
        printf("# %s\n", got.err.text);
    } else {
        TAP_INT(got.head.status, status, what);
        struct str end = {buf_text(&got.body) + 1, got.body.len - 1};
        TAP_OK(got.body.ptr[0] == '<' && str_eq(end, body), "%s: its body", what);
    }
    buf_fini(&got.body);
}

static void check_refused(struct got got, const char *sentence, const char *what)
{
    if (TAP_OK(!got.good, "%s: refused", what)) {
        if (!TAP_OK(strncmp(got.err.text, sentence, strlen(sentence)) == 0, "%s: %s",
                    what, sentence))
            printf("# got %s\n", got.err.text);
        TAP_INT(got.head.status, UNTOUCHED, "… and no status");
    }
    buf_fini(&got.body);
}

struct row {
    const char *answer;
    enum scripted_then then;
    int status; /* 0: refused with `text` */
    const char *text;
};

static const char closed_early[] = "the connection was closed before the answer was over";
static const char not_http[] = "the answer is not HTTP";

static const struct row rows[] = {
    {SCRIPTED_OK, SCRIPTED_KEEP, 200, "ok"},
    {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", SCRIPTED_KEEP, 503, ""},
    {"HTTP/1.1 204 None\r\n\r\n", SCRIPTED_KEEP, 204, ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more", SCRIPTED_KEEP, 200,
     "ok"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
     SCRIPTED_KEEP, 200, "abc0123456789"},
    {"HTTP/1.0 200 OK\r\n\r\nall of it", SCRIPTED_CLOSE, 200, "all of it"},
    {"HTTP/1.1 404 No\r\nConnection: close\r\n\r\n", SCRIPTED_CLOSE, 404, ""},
    /* RFC 9110 15.2: interim answers come before the real one, asked for or not. */
    {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" SCRIPTED_OK, SCRIPTED_KEEP, 200,
     "ok"},
    {NULL, SCRIPTED_CLOSE, 0, closed_early},
    {"HTTP/1.1 200 OK\r\nContent-Le", SCRIPTED_CLOSE, 0, closed_early},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", SCRIPTED_CLOSE, 0,
     closed_early},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", SCRIPTED_CLOSE,
     0, closed_early},
    {NULL, SCRIPTED_RESET, 0, "no answer: Connection reset"},
    {"SSH-2.0-OpenSSH_9.2\r\n\r\n", SCRIPTED_KEEP, 0, not_http},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", SCRIPTED_KEEP, 0,
     not_http},
    {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", SCRIPTED_KEEP, 0, not_http}};

static void answers(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char what[40];
        act = (struct scripted_act){.answer = rows[i].answer, .then = rows[i].then};
        struct got got = get(&server.address, 5 * NS_PER_S);
        snprintf(what, sizeof(what), "row %zu", i);
        if (rows[i].status)
            check_good(got, rows[i].status, str_of(rows[i].text), what);
        else
            check_refused(got, rows[i].text, what);
    }
}

static void without_a_body(void)
{
    struct fetched head = {.status = 0};
    struct error err;
    const struct target target = target_of(&server.address);
    act = (struct scripted_act){.answer = SCRIPTED_OK};
    TAP_OK(fetch(&target, "/", NS_PER_S, &head, NULL, &err),
           "the body may be thrown away");
    TAP_INT(head.status, 200, "… the status is told");
}

/* RFC 9110 9.3.2: the head of an answer to HEAD is that of GET, its body never comes. */
static void head_method(void)
{
    static const struct {
        const char *answer;
        enum scripted_then then;
        int status; /* 0: refused */
    } heads[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", SCRIPTED_KEEP, 200},
        {"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n", SCRIPTED_CLOSE, 404},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", SCRIPTED_KEEP, 200},
        {"HTTP/1.1 200 OK\r\n\r\n", SCRIPTED_KEEP, 200},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", SCRIPTED_KEEP, 200},
        {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
         SCRIPTED_KEEP, 200},
        {"HTTP/1.1 200 OK\r\nContent-Le", SCRIPTED_CLOSE, 0}};
    const struct target target = target_of(&server.address);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct got got = {.head = {.status = UNTOUCHED}};
        act = (struct scripted_act){.answer = heads[i].answer, .then = heads[i].then};
        buf_init(&got.body, BODY_MAX);
        buf_add_text(&got.body, "<");
        got.good = fetch_exchange(&target, STR("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"),
                                  true, 5 * NS_PER_S, &got.head, &got.body, &got.err);
        if (heads[i].status)
            check_good(got, heads[i].status, STR(""), "HEAD");
        else
            check_refused(got, closed_early, "HEAD cut off");
    }
}

/* The same head, asked for with another method, promises a body. */
static void no_head_method(void)
{
    struct got got = {.head = {.status = UNTOUCHED}};
    const struct target target = target_of(&server.address);
    buf_init(&got.body, BODY_MAX);
    buf_add_text(&got.body, "<");
    act = (struct scripted_act){.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                                .then = SCRIPTED_CLOSE};
    got.good = fetch_exchange(&target, STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), false,
                              5 * NS_PER_S, &got.head, &got.body, &got.err);
    check_refused(got, closed_early, "GET without its body");
}

static void late_and_silent(void)
{
    act = (struct scripted_act){.answer = SCRIPTED_OK, .delay_ns = 100 * NS_PER_MS};
    check_good(get(&server.address, 10 * NS_PER_S), 200, STR("ok"), "late");
    act = (struct scripted_act){.answer = NULL};
    int64_t from_ns = clock_now_ns();
    struct got got = get(&server.address, 120 * NS_PER_MS);
    TAP_OK(clock_now_ns() - from_ns >= 120 * NS_PER_MS, "it waits the whole time");
    check_refused(got, "no answer: ", "silent");
}

static void nobody(void)
{
    struct sock_address address;
    char text[SOCK_ADDRESS_TEXT], sentence[160];
    blocking_free_port(&address);
    snprintf(sentence, sizeof(sentence), "cannot connect to %s: Connection refused",
             sock_format(&address, text));
    check_refused(get(&address, NS_PER_S), sentence, "nobody there");
}

/* The first that can be had; of several the last one's trouble is told. */
static void several_addresses(void)
{
    struct target target = target_of(&server.address);
    target.addresses[2] = target.addresses[0];
    blocking_free_port(&target.addresses[0]);
    blocking_free_port(&target.addresses[1]);
    target.address_count = 3;
    act = (struct scripted_act){.answer = SCRIPTED_OK};
    check_good(get_of(&target, NS_PER_S), 200, STR("ok"), "the third answers");
    target.address_count = 2;
    check_refused(get_of(&target, NS_PER_S),
                  "cannot connect to 127.0.0.1:", "neither of two");
}

/* A server for one connection that speaks piece by piece. */
struct speaker {
    struct sock_address address;
    int listener;
    const struct str *pieces;
    int count;
    int64_t gap_ns; /* before each piece */
    char request[1024];
    pthread_t thread;
};

/* Waits; the descriptor does not block. */
static bool send_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = sock_send(fd, bytes);
        if (n < 0 && errno != EAGAIN)
            return false;
        if (n < 0)
            clock_sleep_until(clock_now_ns() + NS_PER_MS);
        size_t sent = n > 0 ? (size_t)n : 0;
        bytes = (struct str){bytes.ptr + sent, bytes.len - sent};
    }
    return true;
}

static void *speak(void *argument)
{
    struct speaker *speaker = argument;
    struct pollfd waiting = {.fd = speaker->listener, .events = POLLIN};
    poll(&waiting, 1, 10000);
    int fd = sock_accept(speaker->listener);
    waiting.fd = fd;
    poll(&waiting, 1, 10000);
    sock_recv(fd, speaker->request, sizeof(speaker->request) - 1);
    for (int i = 0; i < speaker->count; i++) {
        clock_sleep_until(clock_now_ns() + speaker->gap_ns);
        if (!send_all(fd, speaker->pieces[i]))
            break;
    }
    close(fd);
    return NULL;
}

static struct got get_pieces(struct speaker *speaker, int64_t timeout_ns)
{
    speaker->listener = blocking_listen(&speaker->address);
    int failed = pthread_create(&speaker->thread, NULL, speak, speaker);
    assert(!failed);
    struct got got = get(&speaker->address, timeout_ns);
    pthread_join(speaker->thread, NULL);
    close(speaker->listener);
    return got;
}

static void byte_by_byte(void)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n";
    struct str pieces[sizeof(answer)];
    struct speaker speaker = {
        .pieces = pieces, .count = sizeof(answer) - 1, .gap_ns = NS_PER_MS / 5};
    for (int i = 0; i < speaker.count; i++)
        pieces[i] = (struct str){answer + i, 1};
    check_good(get_pieces(&speaker, 5 * NS_PER_S), 200, STR("hello, world"),
               "byte by byte");
    TAP_TEXT(speaker.request,
             "GET /some/path?q=1 HTTP/1.1\r\nHost: host.example:80\r\n"
             "\r\n",
             "what is asked");
}

/* The time-out is the whole fetch's: were each byte to renew it, this would succeed. */
static void trickle(void)
{
    enum { BYTES = 24 };
    static const char body[] = "abcdefghijklmnopqrstuvwx";
    struct str pieces[BYTES + 1] = {STR("HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n")};
    struct speaker speaker = {
        .pieces = pieces, .count = BYTES + 1, .gap_ns = 50 * NS_PER_MS};
    for (int i = 0; i < BYTES; i++)
        pieces[i + 1] = (struct str){body + i, 1};
    check_refused(get_pieces(&speaker, 200 * NS_PER_MS), "", "a trickle");
}

/* An answer whose head fills most of what may be kept of it, in pieces that let its last
 * bytes arrive together with the body; or whose head is too large. */
static struct got get_padded(int padding, size_t first, const struct str *body)
{
    struct buf answer;
    buf_init(&answer, BODY_MAX);
    buf_format(&answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nPadding: ", body->len);
    buf_add_repeated(&answer, 'p', (size_t)padding);
    buf_add_text(&answer, "\r\n\r\n");
    buf_add(&answer, *body);
    struct str pieces[2] = {{answer.ptr, first},
                            {answer.ptr + first, answer.len - first}};
    struct speaker speaker = {.pieces = pieces, .count = 2, .gap_ns = 20 * NS_PER_MS};
    struct got got = get_pieces(&speaker, 5 * NS_PER_S);
    buf_fini(&answer);
    return got;
}

static void large_heads(void)
{
    char bytes[12000];
    struct str body = {bytes, sizeof(bytes)};
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)('a' + i % 23);
    check_good(get_padded(40000, 1000, &body), 200, body, "a head of 40 kB");
    check_good(get_padded(60000, 1000, &body), 200, body, "a head of 60 kB");
    check_refused(get_padded(70000, 1000, &body), not_http, "a head of 70 kB");
}

/* ---- over TLS ---- */

static void say_and_end(struct tls_server *host, SSL *ssl)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\nall of it";
    char bytes[1024];
    int n = SSL_read(ssl, bytes, sizeof(bytes));
    SSL_write(ssl, head, sizeof(head) - 1);
    if (n > 0 && memmem(bytes, (size_t)n, "q=1", 3) && host->requests++ == 0)
        SSL_shutdown(ssl);
}

/* The first answer has an end that TLS vouches for, the second is cut off. */
static void secure(void)
{
    static struct tls_server tls;
    struct certificate certificate =
        certificate_for("IP:127.0.0.1", CERTIFICATE_DAY, &authority);
    char text[SOCK_ADDRESS_TEXT];
    struct error err = {""};
    struct target target;
    tls_server_start(&tls, &certificate, TLS1_3_VERSION, say_and_end);
    char *url = mem_format("https://%s/", sock_format(&tls.address, text));
    const struct target_options ours = {.ca_file = ca_path};
    TAP_OK(target_init(&target, url, &ours, &err), "a target by https%s", err.text);
    check_good(get_of(&target, 5 * NS_PER_S), 200, STR("all of it"), "by https");
    check_refused(get_of(&target, 5 * NS_PER_S), "no answer: Connection reset",
                  "cut off");
    target_fini(&target);
    TAP_OK(target_init(&target, url, NULL, &err), "without its CA%s", err.text);
    check_refused(get_of(&target, 5 * NS_PER_S), "TLS: the certificate is not accepted",
                  "an unknown CA");
    target_fini(&target);
    tls_server_stop(&tls);
    certificate_free(&certificate);
    mem_free(url);
}

int main(void)
{
    if (!authorities_make())
        return tap_done();
    scripted_start(&server, do_act);
    answers();
    without_a_body();
    head_method();
    no_head_method();
    late_and_silent();
    nobody();
    several_addresses();
    byte_by_byte();
    trickle();
    large_heads();
    secure();
    authorities_end();
    scripted_stop(&server);
    return tap_done();
}
