/*
 * What a service answers before it is loaded, asked of a server that notes each request
 * and has one answer for each connection; or none.
 */
#include "run/ask.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "blocking.h"
#include "sys/digest.h"
#include "tap.h"

enum { ASKED_MAX = 4, REQUEST_BYTES = 512 };

/* SHA-256 of nothing and of "abc", FIPS 180-4's own examples. */
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* ---- the server ---- */

struct asked {
    char url[SOCK_ADDRESS_TEXT + 16];
    int listener;
    pthread_t thread;
    const char *answers[ASKED_MAX]; /* NULL: silence until the other end hangs up */
    char requests[ASKED_MAX + 1][REQUEST_BYTES];
    atomic_int count;
    atomic_bool stop;
};

/* Whether head and body are there; Content-Length is written as dragstrip writes it. */
static bool is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *length = strstr(request, "Content-Length: ");
    size_t body = length ? (size_t)atoi(length + strlen("Content-Length: ")) : 0;
    return end && strlen(end + 4) >= body;
}

static void serve(struct asked *server, int fd)
{
    int i = atomic_load(&server->count);
    char *request = server->requests[i < ASKED_MAX ? i : ASKED_MAX];
    size_t len = 0;
    ssize_t n = 1;
    blocking_limit(fd);
    while (n > 0 && len < REQUEST_BYTES - 1 && !is_whole(request)) {
        n = recv(fd, request + len, REQUEST_BYTES - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
        request[len] = '\0';
    }
    atomic_store(&server->count, i + 1);
    const char *answer = i < ASKED_MAX ? server->answers[i] : NULL;
    if (answer)
        send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    else
        recv(fd, request + len, REQUEST_BYTES - 1 - len, 0);
    close(fd);
}

static void *run(void *argument)
{
    struct asked *server = argument;
    while (!atomic_load(&server->stop)) {
        struct pollfd waiting = {.fd = server->listener, .events = POLLIN};
        int fd = poll(&waiting, 1, 5) > 0 ? accept(server->listener, NULL, NULL) : -1;
        if (fd >= 0)
            serve(server, fd);
    }
    return NULL;
}

static void asked_start(struct asked *server)
{
    struct sock_address address;
    char text[SOCK_ADDRESS_TEXT];
    server->listener = blocking_listen(&address);
    snprintf(server->url, sizeof(server->url), "http://%s/x?y",
             sock_format(&address, text));
    int failed = pthread_create(&server->thread, NULL, run, server);
    assert(!failed);
}

static void asked_stop(struct asked *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

/* ---- what is made of the answers ---- */

#define OK(length, body) "HTTP/1.1 200 OK\r\nContent-Length: " #length "\r\n\r\n" body

struct expected {
    int status;
    const char *body; /* what is left of it; NULL: nothing came */
};

struct row {
    const char *what, *method;
    const char *bodies[ASKED_MAX];
    const char *masks[2];
    const char *answers[ASKED_MAX];
    struct expected expected[ASKED_MAX];
    int count, asked; /* answers that are kept; requests that came */
    int64_t timeout_ns;
};

static const struct row rows[] = {
    {.what = "one GET", .answers = {OK(3, "abc")}, .expected = {{200, "abc"}}},
    {.what = "an empty body", .answers = {OK(0, "")}, .expected = {{200, ""}}},
    {.what = "another status",
     .answers = {"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone"},
     .expected = {{404, "none"}}},
    {.what = "none that may have a body",
     .answers = {"HTTP/1.1 204 None\r\n\r\n"},
     .expected = {{204, ""}}},
    {.what = "an interim answer before",
     .answers = {"HTTP/1.1 103 Early Hints\r\n\r\n" OK(3, "abc")},
     .expected = {{200, "abc"}}},
    {.what = "in chunks",
     .answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "1\r\na\r\n2;x=y\r\nbc\r\n0\r\nTrailer: t\r\n\r\n"},
     .expected = {{200, "abc"}}},
    {.what = "until the end of the connection",
     .answers = {"HTTP/1.1 200 OK\r\n\r\nabc"},
     .expected = {{200, "abc"}}},
    {.what = "HEAD has a length, and no body",
     .method = "HEAD",
     .answers = {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"},
     .expected = {{200, ""}}},
    {.what = "HEAD in chunks that do not come",
     .method = "HEAD",
     .answers = {"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n"},
     .expected = {{503, ""}}},
    {.what = "three bodies",
     .bodies = {"first", "second", "3"},
     .answers = {OK(3, "abc"), "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n",
                 OK(1, "x")},
     .expected = {{200, "abc"}, {400, ""}, {200, "x"}}},
    {.what = "silence at the second of three",
     .bodies = {"first", "second", "3"},
     .answers = {OK(3, "abc"), NULL, OK(1, "x")},
     .expected = {{200, "abc"}, {0, NULL}},
     .count = 2,
     .asked = 2,
     .timeout_ns = 100 * NS_PER_MS},
    {.what = "half an answer",
     .bodies = {"first", "second"},
     .answers = {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na", OK(1, "x")},
     .expected = {{0, NULL}},
     .count = 1,
     .asked = 1},
    {.what = "not HTTP",
     .answers = {"SSH-2.0-OpenSSH_9.2\r\n\r\n"},
     .expected = {{0, NULL}}},
    {.what = "a mask",
     .masks = {"time"},
     .answers = {OK(20, "{\"time\": 1, \"a\": 22}")},
     .expected = {{200, "{\"time\": null, \"a\": 22}"}}},
    {.what = "two masks, one of them deep",
     .masks = {"time", "meta.id"},
     .answers = {OK(48, "{\"meta\":{\"id\":[1,{\"x\":2}],\"time\":7},\"id\":\"5\"}   ")},
     .expected = {{200, "{\"meta\":{\"id\":null,\"time\":null},\"id\":\"5\"}   "}}},
    {.what = "a mask that hits nothing",
     .masks = {"time"},
     .answers = {OK(12, "{\"times\": 1}")},
     .expected = {{200, "{\"times\": 1}"}}},
    {.what = "a mask, but no JSON",
     .masks = {"time"},
     .answers = {OK(14, "{\"time\": 1, \"a")},
     .expected = {{200, "{\"time\": 1, \"a"}}},
    {.what = "a mask, and an empty body",
     .masks = {"time"},
     .answers = {OK(0, "")},
     .expected = {{200, ""}}}};

static int bodies_of(const struct row *row, struct str *out)
{
    int count = 0;
    for (; count < ASKED_MAX && row->bodies[count]; count++)
        out[count] = str_of(row->bodies[count]);
    return count;
}

static struct generate_spec spec_of(const struct row *row, const struct str *bodies,
                                    int body_count, const char *url)
{
    return (struct generate_spec){.url = url,
                                  .method = row->method,
                                  .bodies = bodies,
                                  .body_count = body_count,
                                  .timeout_ns =
                                      row->timeout_ns ? row->timeout_ns : 5 * NS_PER_S};
}

static void check_answer(const struct answer *answer, const struct expected *expected,
                         const char *what)
{
    char digest[DIGEST_HEX_BYTES] = "";
    const char *body = expected->body ? expected->body : "";
    TAP_INT(answer->status, expected->status, what);
    TAP_INT(answer->length, strlen(body), "… its length");
    if (expected->body)
        digest_hex(str_of(body), digest);
    TAP_TEXT(answer->digest, digest, "… its digest");
}

/* Each request went out as it will under load, in the order of the plan. */
static void check_requests(const struct asked *server, const struct row *row, int asked)
{
    const char *method = row->method ? row->method : row->bodies[0] ? "POST" : "GET";
    char *line = mem_format("%s /x?y HTTP/1.1\r\n", method);
    TAP_INT(atomic_load(&server->count), asked, "as many requests came");
    for (int i = 0; i < asked; i++) {
        const char *request = server->requests[i];
        const char *end = strstr(request, "\r\n\r\n");
        TAP_OK(strncmp(request, line, strlen(line)) == 0, "… %s", method);
        TAP_OK(end && strcmp(end + 4, row->bodies[i] ? row->bodies[i] : "") == 0,
               "… with its body");
    }
    mem_free(line);
}

static struct jmask mask_of(const struct row *row)
{
    struct jmask mask = {.count = 0};
    for (; mask.count < 2 && row->masks[mask.count]; mask.count++)
        mask.fields[mask.count] = row->masks[mask.count];
    return mask;
}

static void ask_row(const struct row *row)
{
    struct asked server = {.count = 0};
    struct target target;
    struct error err;
    struct trial trial = {.answer_count = 0};
    const struct jmask mask = mask_of(row);
    memcpy(server.answers, row->answers, sizeof(server.answers));
    asked_start(&server);
    struct str bodies[ASKED_MAX];
    int body_count = bodies_of(row, bodies), forms = body_count ? body_count : 1;
    const struct generate_spec spec = spec_of(row, bodies, body_count, server.url);
    bool made = target_init(&target, spec.url, NULL, &err);
    assert(made);
    int64_t from_ns = clock_now_ns();
    ask_all(&spec, &target, &mask, &trial);
    int64_t took_ns = clock_now_ns() - from_ns;
    asked_stop(&server);
    if (row->timeout_ns) /* it is 100 ms; a busy machine may take its time */
        TAP_OK(took_ns >= row->timeout_ns && took_ns < 5 * NS_PER_S, "%s: not for ever",
               row->what);
    int count = row->count ? row->count : forms;
    TAP_INT(trial.answer_count, count, row->what);
    for (int i = 0; i < count && i < trial.answer_count; i++)
        check_answer(&trial.answers[i], &row->expected[i], row->what);
    check_requests(&server, row, row->asked ? row->asked : forms);
    target_fini(&target);
    trial_fini(&trial);
}

/* ---- without a server ---- */

static void ask_nobody(const char *const *headers, int expected, const char *what)
{
    struct sock_address address;
    char text[SOCK_ADDRESS_TEXT];
    struct target target;
    struct error err;
    struct trial trial = {.answer_count = 0};
    const struct jmask mask = {.count = 0};
    const struct str bodies[] = {STR("a"), STR("b")};
    blocking_free_port(&address);
    char *url = mem_format("http://%s/", sock_format(&address, text));
    const struct generate_spec spec = {.url = url,
                                       .headers = headers,
                                       .header_count = 1,
                                       .bodies = bodies,
                                       .timeout_ns = 5 * NS_PER_S};
    bool made = target_init(&target, url, NULL, &err);
    assert(made);
    ask_all(&spec, &target, &mask, &trial);
    TAP_INT(trial.answer_count, expected, what);
    if (trial.answer_count > 0)
        check_answer(&trial.answers[0], &(struct expected){0, NULL}, "… no answer");
    target_fini(&target);
    trial_fini(&trial);
    mem_free(url);
}

static void known_digests(void)
{
    char digest[DIGEST_HEX_BYTES];
    TAP_TEXT(digest_hex(STR(""), digest), OF_NOTHING, "the digest of nothing");
    TAP_TEXT(digest_hex(STR("abc"), digest), OF_ABC, "the digest of abc");
}

int main(void)
{
    const char *const good[] = {"Accept: x"}, *const bad[] = {"Accept"};
    known_digests();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ask_row(&rows[i]);
    ask_nobody(good, 1, "nobody there: the first is the last that is asked");
    ask_nobody(bad, 0, "a request that cannot be made is not asked");
    return tap_done();
}
