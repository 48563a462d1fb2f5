/*
 * The exporter asked by plain sockets: its page, what it refuses, clients that say
 * nothing, and its end.
 */
#include "run/exporter.h"

#include <poll.h>

#include "base/clock.h"
#include "base/mem.h"
#include "blocking.h"
#include "fds.h"
#include "small_spec.h"
#include "sys/fd.h"
#include "tap.h"

static struct exporter *exporter;
static struct sock_address address;
static char place[SOCK_ADDRESS_TEXT];

/* What comes back for the text, to the end. */
static const char *ask(const char *request)
{
    static char answer[1 << 16];
    int fd = blocking_connect(&address);
    answer[0] = '\0';
    if (sock_send(fd, str_of(request)) == (ssize_t)strlen(request))
        blocking_receive(fd, answer, sizeof(answer));
    fd_close(fd);
    return answer;
}

#define GET "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"

static void page(void)
{
    const char *answer = ask(GET);
    const char *body = strstr(answer, "\r\n\r\n");
    TAP_OK(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0, "the page");
    TAP_OK(strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4") != NULL,
           "… of Prometheus' type");
    TAP_OK(strstr(answer, "\r\nConnection: close\r\n") != NULL, "… and closed then");
    size_t promised = strtoul(strstr(answer, "Content-Length: ") + 16, NULL, 10);
    TAP_INT(body ? strlen(body + 4) : 0, promised, "… as long as promised");
    TAP_OK(strstr(answer, "\ndragstrip_due_total{target=\"http://127.0.0.1:1/\"} 0\n"),
           "… nothing yet");
    TAP_OK(
        strstr(answer, "\ndragstrip_offered_rate{target=\"http://127.0.0.1:1/\"} 10\n"),
        "… the rate");
    TAP_OK(strncmp(ask("GET /metrics?a=b HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 200",
                   12) == 0,
           "a query is passed over");
    TAP_OK(strncmp(ask("GET /metrics HTTP/1.0\r\n\r\n"), "HTTP/1.1 200", 12) == 0,
           "HTTP/1.0, too");
}

static void seconds(void)
{
    struct load_second second = {.due = 12, .queued = 3};
    books_passed_init(&second.passed);
    second.passed.ok = 8;
    exporter_second(exporter, &second);
    exporter_second(exporter, &second);
    const char *answer = ask(GET);
    TAP_OK(strstr(answer, "dragstrip_due_total{target=\"http://127.0.0.1:1/\"} 24\n"),
           "two seconds are added");
    TAP_OK(strstr(answer, "dragstrip_ok_total{target=\"http://127.0.0.1:1/\"} 16\n"),
           "… in all figures");
    TAP_OK(strstr(answer, "dragstrip_queued{target=\"http://127.0.0.1:1/\"} 3\n"),
           "… but those of the last");
    books_passed_fini(&second.passed);
}

static void refusals(void)
{
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
        {"GET /metrics/ HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
        {"GET /metric HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
        {"POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
         "HTTP/1.1 405 Method Not Allowed\r\n"},
        {"HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n",
         "HTTP/1.1 405 Method Not Allowed\r\n"},
        {"DELETE /other HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 Not Found\r\n"},
        {"garbage\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"\x16\x03\x01\x02\x01\n\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"GET /metrics HTTP/2.0\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *answer = ask(rows[i].request), *want = rows[i].answer;
        TAP_OK(strncmp(answer, want, strlen(want)) == 0, "request %zu: %.12s", i, want);
        TAP_OK(!strstr(answer, "dragstrip_due_total"), "… without the figures");
        if (strstr(want, "405"))
            TAP_OK(strstr(answer, "\r\nAllow: GET\r\n") != NULL, "… what is allowed");
    }
}

/* In pieces, as a slow client sends them. */
static void in_pieces(void)
{
    static char answer[1 << 16];
    int fd = blocking_connect(&address);
    for (const char *at = GET; *at; at++) {
        sock_send(fd, (struct str){at, 1});
        clock_sleep_until(clock_now_ns() + NS_PER_MS);
    }
    blocking_receive(fd, answer, sizeof(answer));
    TAP_OK(strncmp(answer, "HTTP/1.1 200", 12) == 0, "byte by byte");
    fd_close(fd);
}

/* The next client waits for a silent one for a second, and not much longer. */
static void silent(const char *part, const char *what)
{
    int fd = blocking_connect(&address);
    sock_send(fd, str_of(part));
    int64_t before_ns = clock_now_ns();
    TAP_OK(strncmp(ask(GET), "HTTP/1.1 200", 12) == 0, "after one that %s", what);
    int64_t took_ns = clock_now_ns() - before_ns;
    TAP_OK(took_ns >= NS_PER_S / 2 && took_ns < 5 * NS_PER_S, "… within seconds: %.1f s",
           (double)took_ns / 1e9);
    char byte;
    TAP_INT(recv(fd, &byte, 1, 0), 0, "… which was sent away");
    fd_close(fd);
}

/* Endless lines end neither the exporter nor its memory. */
static void endless(void)
{
    char line[1024];
    memset(line, 'x', sizeof(line));
    int fd = blocking_connect(&address);
    for (int i = 0; i < 64; i++)
        sock_send(fd, (struct str){line, sizeof(line)});
    TAP_OK(strncmp(ask(GET), "HTTP/1.1 200", 12) == 0, "after a head without an end");
    fd_close(fd);
}

/* ---- its start and end ---- */

static void refuse(const char *text, const char *sentence)
{
    struct generate_spec spec = small_spec();
    struct error err = {""};
    int before = fds_count();
    struct exporter *other = exporter_start(text, &spec, &err);
    TAP_OK(!other, "%s is refused", text);
    bool says = strncmp(err.text, "--metrics: ", 11) == 0 && strstr(err.text, sentence);
    TAP_OK(says, "… %s", err.text);
    /* Fewer if the exporter has just ended a client. */
    TAP_OK(fds_count() <= before, "… nothing stays open");
    exporter_stop(other);
}

static void bad_places(void)
{
    refuse(place, "Address already in use");
    refuse(strrchr(place, ':') + 1, "Address already in use");
    refuse(strrchr(place, ':'), "Address already in use");
    refuse("", "is not HOST:PORT");
    refuse("port", "is not HOST:PORT");
    refuse("127.0.0.1:", "is not HOST:PORT");
    refuse("65536", "is not HOST:PORT");
}

/* A port alone is one of the loopback, with a colon one of all interfaces. */
static void started_at(const char *before_port)
{
    struct generate_spec spec = small_spec();
    struct error err = {""};
    blocking_free_port(&address);
    char *text =
        mem_format("%s%s", before_port, strrchr(sock_format(&address, place), ':') + 1);
    exporter = exporter_start(text, &spec, &err);
    if (TAP_OK(exporter != NULL, "started at %s%s", text, err.text)) {
        const char *answer = ask(GET);
        TAP_OK(strncmp(answer, "HTTP/1.1 200", 12) == 0, "… it answers");
        TAP_OK(!strstr(answer, "offered_rate"), "… a closed loop has no rate");
    }
    exporter_stop(exporter);
    mem_free(text);
}

/* Idle again, after the last client, it has to be woken. */
static void ends(void)
{
    clock_sleep_until(clock_now_ns() + 50 * NS_PER_MS);
    int64_t before_ns = clock_now_ns();
    exporter_stop(exporter);
    TAP_OK(clock_now_ns() - before_ns < NS_PER_S / 2, "it ends at once");
    TAP_INT(blocking_connect(&address), -1, "… and listens no more");
    exporter_stop(NULL);
}

int main(void)
{
    struct generate_spec spec = small_spec();
    struct error err = {""};
    int before = fds_count();
    alarm(20); /* an exporter that does not end must not hold us up */
    spec.rate = "10";
    spec.duration_ns = NS_PER_S;
    blocking_free_port(&address);
    exporter = exporter_start(sock_format(&address, place), &spec, &err);
    if (!TAP_OK(exporter != NULL, "started%s", err.text))
        return tap_done();
    page();
    seconds();
    refusals();
    in_pieces();
    endless();
    bad_places();
    silent("", "says nothing");
    silent("GET /metrics HTTP/1.1\r\n", "says half");
    ends();
    started_at("");
    started_at(":");
    started_at("127.0.0.1:");
    TAP_INT(fds_count(), before, "no descriptor is left open");
    return tap_done();
}
