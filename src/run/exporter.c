#include "run/exporter.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/stream.h"
#include "sys/wake.h"
#include "wire/accept.h"
#include "wire/http.h"

enum { PAGE_MAX = 16 << 20, HEAD_MAX = 8192 };

#define CLIENT_NS NS_PER_S

struct exporter {
    struct exporter_page page;
    pthread_t thread;
    struct loop loop;
    int listener, wake;
    atomic_bool stop;
};

/* The request's head; 0 when none came. */
static size_t read_head(struct stream *client, char *head, int64_t until_ns)
{
    size_t len = 0;
    while (len < HEAD_MAX) {
        ssize_t n = stream_recv_until(client, head + len, HEAD_MAX - len, until_ns);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        size_t end = http_head_length((struct str){head, len}, len - (size_t)n);
        if (end > 0)
            return end;
    }
    return 0;
}

static int status_for(struct str head, struct http_request *out)
{
    if (http_parse_request(head, out) != HTTP_OK)
        return 400;
    if (!str_eq(out->path, STR("/metrics")))
        return 404;
    return str_eq(out->method, STR("GET")) ? 200 : 405;
}

/* The body, and what it is; a page that does not fit is none. Returns the status. */
static int write_body(struct exporter *exporter, struct str head, struct buf *out,
                      const char **type)
{
    struct http_request request;
    int status = status_for(head, &request);
    if (status == 200) {
        enum exposition_format format = accept_prefers_openmetrics(request.accept)
                                            ? EXPOSITION_OPENMETRICS
                                            : EXPOSITION_TEXT;
        *type = exposition_type(format);
        exporter->page.write(exporter->page.context, format, out);
        if (!out->overflow)
            return 200;
        buf_clear(out);
        status = 500;
    }
    *type = "text/plain";
    buf_format(out, "%s; the figures are at /metrics\n", http_reason(status));
    return status;
}

static void reply(struct exporter *exporter, struct str head, struct buf *out)
{
    struct buf body;
    const char *type;
    buf_init(&body, PAGE_MAX);
    int status = write_body(exporter, head, &body, &type);
    buf_format(out,
               "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
               "Connection: close\r\n%s\r\n",
               status, http_reason(status), type, body.len,
               status == 200   ? "Vary: Accept\r\n"
               : status == 405 ? "Allow: GET\r\n"
                               : "");
    buf_add(out, buf_str(&body));
    buf_fini(&body);
}

static void answer(struct exporter *exporter, struct stream *client)
{
    char head[HEAD_MAX];
    int64_t until_ns = clock_now_ns() + CLIENT_NS;
    size_t len = read_head(client, head, until_ns);
    if (len == 0)
        return;
    struct buf out;
    buf_init(&out, PAGE_MAX + HEAD_MAX);
    reply(exporter, (struct str){head, len}, &out);
    stream_send_all(client, buf_str(&out), until_ns);
    sock_shutdown_write(client->fd);
    stream_recv_until(client, head, sizeof(head), until_ns); /* its own end */
    buf_fini(&out);
}

static void *serve(void *argument)
{
    struct exporter *exporter = argument;
    struct loop_event events[LOOP_EVENTS_MAX];
    while (!atomic_load(&exporter->stop)) {
        loop_wait(&exporter->loop, events, LOOP_FOREVER);
        struct stream client = {.fd = sock_accept(exporter->listener)};
        if (client.fd >= 0) {
            answer(exporter, &client);
            stream_close(&client);
        } else if (errno !=
                   EAGAIN) { /* no descriptor is left: do not ask at once again */
            clock_sleep_until(clock_now_ns() + CLIENT_NS / 10);
        }
    }
    return NULL;
}

/* A port alone is one on loopback. */
static bool parse_address(const char *text, struct sock_address *out, struct error *err)
{
    bool port_only = strchr(text, ':') == NULL;
    char *full = mem_format("%s%s",
                            port_only        ? "127.0.0.1:"
                            : text[0] == ':' ? "0.0.0.0"
                                             : "",
                            text);
    bool good = sock_parse(full, out, err);
    mem_free(full);
    return good;
}

static bool listen_on(struct exporter *exporter, const char *text, struct error *err)
{
    struct sock_address address;
    exporter->wake = wake_open(err);
    if (exporter->wake < 0)
        return false;
    if (!loop_init(&exporter->loop, err) || !parse_address(text, &address, err))
        return false;
    exporter->listener = sock_listen(&address, false, err);
    if (exporter->listener < 0)
        return false;
    return (loop_add_level(&exporter->loop, exporter->listener, exporter) &&
            loop_add_level(&exporter->loop, exporter->wake, exporter)) ||
           error_set(err, "cannot wait for connections: %s", strerror(errno));
}

static void discard(struct exporter *exporter)
{
    fd_close(exporter->listener);
    fd_close(exporter->wake);
    loop_fini(&exporter->loop);
    mem_free(exporter);
}

struct exporter *exporter_start(const char *address, const struct exporter_page *page,
                                struct error *err)
{
    struct exporter *exporter = mem_new(1, sizeof(*exporter));
    exporter->page = *page;
    exporter->listener = exporter->wake = exporter->loop.fd = -1;
    bool good = listen_on(exporter, address, err) || error_prefix(err, "--metrics: ");
    int why = good ? pthread_create(&exporter->thread, NULL, serve, exporter) : 0;
    if (why != 0)
        good = error_set(err, "cannot start a thread: %s", strerror(why));
    if (good)
        return exporter;
    discard(exporter);
    return NULL;
}

void exporter_pin(struct exporter *exporter, const cpu_set_t *cpus)
{
    cpu_pin_thread(exporter->thread, cpus);
}

void exporter_stop(struct exporter *exporter)
{
    if (!exporter)
        return;
    atomic_store(&exporter->stop, true);
    wake_ring(exporter->wake);
    pthread_join(exporter->thread, NULL);
    discard(exporter);
}
