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

/* ---- what it shows ---- */

static bool too_long; /* the page does not fit */
static int written;   /* how often it was asked for */
static cpu_set_t ran_on;

static void write_figures(void *context, enum exposition_format format, struct buf *out)
{
    written++;
    cpu_allowed(&ran_on);
    buf_format(out, "figures of %s, %s\n", (const char *)context,
               format == EXPOSITION_OPENMETRICS ? "open" : "text");
    if (too_long)
        buf_add_repeated(out, 'x', 32 << 20);
}

static char shown[] = "the test";
static const struct exporter_page shown_page = {shown, write_figures};

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
    TAP_TEXT(body ? body + 4 : "", "figures of the test, text\n", "… what it was given");
    TAP_OK(strstr(answer, "\r\nVary: Accept\r\n") != NULL, "… in the one of two formats");
    TAP_OK(strncmp(ask("GET /metrics?a=b HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 200",
                   12) == 0,
           "a query is passed over");
    TAP_OK(strncmp(ask("GET /metrics HTTP/1.0\r\n\r\n"), "HTTP/1.1 200", 12) == 0,
           "HTTP/1.0, too");
}

/* Which format wins is accept's matter; here: that it is asked. */
static void formats(void)
{
    const char *answer =
        ask("GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: "
            "application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n\r\n");
    TAP_OK(
        strstr(answer, "\r\nContent-Type: application/openmetrics-text; version=1.0.0"),
        "OpenMetrics for who prefers it");
    TAP_OK(strstr(answer, "\r\n\r\nfigures of the test, open\n"), "… all of it");
    answer = ask("GET /metrics HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\n\r\n");
    TAP_OK(strstr(answer, "figures of the test, text\n"), "text for who prefers that");
}

/* Half a page would be read as a whole one. */
static void without_room(void)
{
    too_long = true;
    const char *answer = ask(GET);
    too_long = false;
    TAP_OK(strncmp(answer, "HTTP/1.1 500 ", 13) == 0, "a page that does not fit: %.12s",
           answer);
    TAP_OK(!strstr(answer, "xxx"), "… and nothing of it");
}

static void pinned(void)
{
    cpu_set_t allowed, one;
    cpu_allowed(&allowed);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++) {
        if (CPU_ISSET(cpu, &allowed))
            CPU_SET(cpu, &one);
    }
    exporter_pin(exporter, &one);
    ask(GET);
    TAP_OK(CPU_EQUAL(&ran_on, &one), "the page is made where it was told");
    exporter_pin(exporter, &allowed);
    ask(GET);
    TAP_OK(CPU_EQUAL(&ran_on, &allowed), "… and elsewhere again");
    cpu_set_t ours;
    cpu_allowed(&ours);
    TAP_OK(CPU_EQUAL(&ours, &allowed), "… while we run where we did");
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
    int before = written;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *answer = ask(rows[i].request), *want = rows[i].answer;
        TAP_OK(strncmp(answer, want, strlen(want)) == 0, "request %zu: %.12s", i, want);
        TAP_OK(!strstr(answer, "figures of"), "… without the figures");
        if (strstr(want, "405"))
            TAP_OK(strstr(answer, "\r\nAllow: GET\r\n") != NULL, "… what is allowed");
    }
    TAP_INT(written, before, "none of them made a page");
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
    struct error err = {""};
    int before = fds_count();
    struct exporter *other = exporter_start(text, &shown_page, &err);
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
    struct error err = {""};
    blocking_free_port(&address);
    char *text =
        mem_format("%s%s", before_port, strrchr(sock_format(&address, place), ':') + 1);
    exporter = exporter_start(text, &shown_page, &err);
    if (TAP_OK(exporter != NULL, "started at %s%s", text, err.text)) {
        const char *answer = ask(GET);
        TAP_OK(strncmp(answer, "HTTP/1.1 200", 12) == 0, "… it answers");
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
    struct error err = {""};
    int before = fds_count();
    alarm(20); /* an exporter that does not end must not hold us up */
    blocking_free_port(&address);
    exporter = exporter_start(sock_format(&address, place), &shown_page, &err);
    if (!TAP_OK(exporter != NULL, "started%s", err.text))
        return tap_done();
    page();
    formats();
    without_room();
    pinned();
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
