/*
 * One scrape of a server that does what its script says: pages in both formats, and all
 * that is no page of metrics, each with its sentence.
 */
#include "run/scrape.h"

#include "blocking.h"
#include "scripted.h"
#include "tap.h"
#include "tls_client.h"

#define ANSWER(status, fields, body)                                                     \
    "HTTP/1.1 " status "\r\nConnection: close\r\n" fields "\r\n" body
#define PAGE(media_type, body) ANSWER("200 OK", "Content-Type: " media_type "\r\n", body)

static struct scripted server;
static struct scripted_act act;

static struct scripted_act do_act(uint64_t index)
{
    (void)index;
    return act;
}

static struct target target_of(const struct sock_address *address)
{
    return (struct target){.url = {.host = STR("h:1"), .path = STR("/metrics")},
                           .addresses = {*address},
                           .address_count = 1};
}

static bool scrape(const char *answer, struct scrape *out, struct error *err)
{
    const struct target target = target_of(&server.address);
    act = (struct scripted_act){.answer = answer, .then = SCRIPTED_CLOSE};
    return scrape_page(out, &target, target.url.path, 5 * NS_PER_S, err);
}

/* --- pages ----------------------------------------------------------------------- */

static const struct {
    const char *answer;
    size_t samples;
} pages[] = {
    {PAGE("text/plain; version=0.0.4; charset=utf-8", "a 1\nb 2\n"), 2},
    {PAGE("text/plain; version=0.0.4", "a 1\n# EOF\nb 2\n"), 2},
    {PAGE("application/openmetrics-text; version=1.0.0; charset=utf-8", "a 1\n# EOF\n"),
     1},
    {PAGE("text/plain", "# UNIT a_s s\na_s 1\n# EOF\n"), 1},
    {ANSWER("200 OK", "", "a 1\n"), 1},
    {ANSWER("200 OK", "Content-Encoding: identity\r\n", "a 1\n"), 1},
    {ANSWER("200 OK", "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n",
            "2\r\na \r\n2\r\n1\n\r\n0\r\n\r\n"),
     1},
    {PAGE("text/plain", "# a page without a sample\n"), 0},
};

static void good(void)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct scrape got;
        struct error err = {""};
        int64_t before_ns = clock_now_ns();
        TAP_OK(scrape(pages[i].answer, &got, &err), "page %zu is read%s", i, err.text);
        TAP_INT(got.page.sample_count, pages[i].samples, "… its samples");
        TAP_OK(got.at_ns >= before_ns && got.at_ns <= clock_now_ns(), "… its time");
        scrape_fini(&got);
        scrape_fini(&got);
    }
}

/* --- what is none ---------------------------------------------------------------- */

static const struct {
    const char *answer;
    const char *sentence; /* its beginning */
} bad[] = {
    {PAGE("text/html; charset=utf-8", "<html></html>"),
     "it is no page of metrics but text/html"},
    {PAGE("application/json", "{}"), "it is no page of metrics but application/json"},
    {PAGE("text/plain", "<html></html>\n"),
     "the page is not to be read as Prometheus text: line 1: expected a metric's name"},
    {PAGE("text/plain", "a 1\nb 2\nc\n"),
     "the page is not to be read as Prometheus text: line 3: expected a blank"},
    {PAGE("application/openmetrics-text", "a 1\n"),
     "the page is not to be read as OpenMetrics: line 1: the page ends without"},
    {PAGE("text/plain", ""), "the page is empty"},
    {ANSWER("200 OK", "Content-Length: 0\r\n", ""), "the page is empty"},
    {ANSWER("204 None", "", ""), "it answers 204 instead of a page"},
    {ANSWER("200 OK", "Content-Encoding: gzip\r\n", "\x1f\x8b"),
     "the page comes encoded as gzip although it was asked for as it is"},
    {ANSWER("301 Moved", "Location: /other\r\nContent-Length: 0\r\n", ""),
     "it answers 301 and points to /other: give that URL"},
    {ANSWER("302 Found", "Content-Length: 0\r\n", ""),
     "it answers 302 instead of a page"},
    {ANSWER("401 No", "Content-Length: 0\r\n", ""),
     "it answers 401: the page is not for everyone"},
    {ANSWER("403 No", "Content-Length: 0\r\n", ""),
     "it answers 403: the page is not for everyone"},
    {ANSWER("404 No", "Content-Length: 4\r\n", "a 1\n"),
     "it answers 404 instead of a page"},
    {ANSWER("503 Busy", "Content-Length: 4\r\n", "a 1\n"),
     "it answers 503 instead of a page"},
    {ANSWER("200 OK", "Content-Length: 99\r\n", "a 1\n"),
     "the connection was closed before the answer was over"},
    {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "the answer is not HTTP"},
    {NULL, "the connection was closed before the answer was over"},
};

static void check_refused(bool taken, struct scrape *got, const struct error *err,
                          const char *sentence)
{
    if (!TAP_OK(!taken && strncmp(err->text, sentence, strlen(sentence)) == 0,
                "refused: %s", sentence))
        printf("# got %s\n", taken ? "a page" : err->text);
    TAP_OK(!got->text.ptr && got->page.sample_count == 0 && got->at_ns == 0,
           "… and nothing is left of it");
    scrape_fini(got);
}

static void refused(void)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct scrape got;
        struct error err = {""};
        bool taken = scrape(bad[i].answer, &got, &err);
        check_refused(taken, &got, &err, bad[i].sentence);
    }
}

static void silent_and_nobody(void)
{
    struct scrape got;
    struct error err = {""};
    struct target target = target_of(&server.address);
    act = (struct scripted_act){.answer = NULL};
    bool taken = scrape_page(&got, &target, target.url.path, 100 * NS_PER_MS, &err);
    check_refused(taken, &got, &err, "no answer: ");
    blocking_free_port(&target.addresses[0]);
    taken = scrape_page(&got, &target, target.url.path, NS_PER_S, &err);
    check_refused(taken, &got, &err, "cannot connect to ");
    TAP_OK(strstr(err.text, "Connection refused"), "… it says why");
}

static void long_url(void)
{
    static char path[20000];
    struct scrape got;
    struct error err = {""};
    struct target target = target_of(&server.address);
    memset(path, '/', sizeof(path));
    target.url.path = (struct str){path, sizeof(path)};
    bool taken = scrape_page(&got, &target, target.url.path, NS_PER_S, &err);
    check_refused(taken, &got, &err, "the URL is too long");
}

/* --- a page that never ends, and what is asked ----------------------------------- */

struct endless {
    struct sock_address address;
    int listener;
    size_t sent;
    char request[2048];
    pthread_t thread;
};

static void *serve_endless(void *argument)
{
    struct endless *endless = argument;
    static char piece[65536];
    struct str head = STR("HTTP/1.1 200 OK\r\n\r\n");
    int fd = accept(endless->listener, NULL, NULL);
    blocking_limit(fd);
    recv(fd, endless->request, sizeof(endless->request) - 1, 0);
    memset(piece, '#', sizeof(piece));
    send(fd, head.ptr, head.len, MSG_NOSIGNAL);
    while (endless->sent < (size_t)100 << 20) {
        ssize_t n = send(fd, piece, sizeof(piece), MSG_NOSIGNAL);
        if (n <= 0)
            break;
        endless->sent += (size_t)n;
    }
    close(fd);
    return NULL;
}

/* The listener of sys/sock does not block; this one waits. */
static void endless_page(void)
{
    static struct endless endless;
    struct scrape got;
    struct error err = {""};
    endless.listener = blocking_listen(&endless.address);
    fcntl(endless.listener, F_SETFL, 0);
    int failed = pthread_create(&endless.thread, NULL, serve_endless, &endless);
    assert(!failed);
    const struct target target = target_of(&endless.address);
    bool taken = scrape_page(&got, &target, target.url.path, 30 * NS_PER_S, &err);
    check_refused(taken, &got, &err, "the answer is longer than 16777216 bytes");
    pthread_join(endless.thread, NULL);
    close(endless.listener);
    TAP_OK(endless.sent < (size_t)64 << 20, "no more is read than that: %zu bytes sent",
           endless.sent);
    static const char asked[] = "GET /metrics HTTP/1.1\r\nHost: h:1\r\nAccept: ";
    TAP_OK(strncmp(endless.request, asked, sizeof(asked) - 1) == 0,
           "the page is asked for");
    TAP_OK(strstr(endless.request, "application/openmetrics-text;version=1.0.0") &&
               strstr(endless.request, "text/plain;version=0.0.4") &&
               strstr(endless.request, "\r\nAccept-Encoding: identity\r\n"),
           "… in either format, as it is");
}

static void unknown_authority(void)
{
    static struct tls_server tls;
    struct certificate certificate =
        certificate_for("IP:127.0.0.1", CERTIFICATE_DAY, &authority);
    char text[SOCK_ADDRESS_TEXT], url[SOCK_ADDRESS_TEXT + 16];
    struct error err = {""};
    struct target target;
    struct scrape got;
    tls_server_start(&tls, &certificate, TLS1_3_VERSION, obey);
    snprintf(url, sizeof(url), "https://%s/", sock_format(&tls.address, text));
    TAP_OK(target_init(&target, url, NULL, &err), "a target by https%s", err.text);
    bool taken = scrape_page(&got, &target, target.url.path, 5 * NS_PER_S, &err);
    check_refused(taken, &got, &err, "TLS: the certificate is not accepted");
    target_fini(&target);
    tls_server_stop(&tls);
    certificate_free(&certificate);
}

int main(void)
{
    if (!authorities_make())
        return tap_done();
    scripted_start(&server, do_act);
    good();
    refused();
    silent_and_nobody();
    long_url();
    endless_page();
    unknown_authority();
    authorities_end();
    scripted_stop(&server);
    return tap_done();
}
