/*
 * null_responder: the least that an HTTP service can do, as the mark that others are
 * measured against. One epoll loop reads requests, finds where each ends (head and
 * Content-Length) and answers with fixed bytes: no routes, no decoding, no metrics, no
 * time-outs. What a real service loses against it is the price of its own work; the rest
 * is the kernel's.
 *
 *   null-responder [--listen HOST:PORT] [--response-bytes N]
 *
 * All that came is read first and answered afterwards, so that a client finds several
 * answers at once; whatever can be left out is left out: a request that does not come
 * whole with one recv, or an answer that is not taken whole by one send, ends the
 * connection.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sys/env.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/signals.h"
#include "sys/sock.h"
#include "wire/http.h"

enum { INPUT_BYTES = 64 << 10, ANSWERS_MAX = 64, RESPONSE_MAX_BYTES = 1 << 20 };

struct responder {
    struct loop loop;
    int listener;
    int signals;
    char *input;
    struct buf answers; /* ANSWERS_MAX times the same answer */
    size_t answer_bytes;
};

struct peer {
    int fd;
};

/* How many whole requests the bytes are; 0 also when something is left over. */
static size_t count_requests(struct str bytes)
{
    size_t count = 0;
    while (bytes.len > 0) {
        struct http_request request;
        size_t head = http_head_length(bytes, 0);
        if (head == 0 ||
            http_parse_request((struct str){bytes.ptr, head}, &request) != HTTP_OK ||
            request.framing == HTTP_CHUNKED || request.content_length > bytes.len - head)
            return 0;
        size_t used = head + (size_t)request.content_length;
        bytes.ptr += used;
        bytes.len -= used;
        count++;
    }
    return count;
}

/* How many requests came; 0: the connection is over. */
static size_t take_requests(struct responder *responder, const struct peer *peer)
{
    ssize_t n = sock_recv(peer->fd, responder->input, INPUT_BYTES);
    size_t count = n > 0 ? count_requests((struct str){responder->input, (size_t)n}) : 0;
    return count <= ANSWERS_MAX ? count : 0;
}

static void answer(struct responder *responder, struct peer *peer, size_t requests)
{
    struct str out = {buf_text(&responder->answers), requests * responder->answer_bytes};
    if (requests > 0 && sock_send(peer->fd, out) == (ssize_t)out.len)
        return;
    fd_close(peer->fd);
    mem_free(peer);
}

static void accept_all(struct responder *responder)
{
    for (int fd = sock_accept(responder->listener); fd >= 0;
         fd = sock_accept(responder->listener)) {
        struct peer *peer = mem_new(1, sizeof(*peer));
        peer->fd = fd;
        sock_do_not_pace(fd);
        if (!loop_add(&responder->loop, fd, peer)) {
            fd_close(fd);
            mem_free(peer);
        }
    }
}

/* The peer that sent something, or NULL. */
static struct peer *sender(struct responder *responder, const struct loop_event *event)
{
    bool is_peer =
        event->owner != &responder->signals && event->owner != &responder->listener;
    return is_peer && (event->ready & LOOP_READ) ? event->owner : NULL;
}

static void serve(struct responder *responder, const struct loop_event *events, int count)
{
    size_t requests[LOOP_EVENTS_MAX] = {0};
    for (int i = 0; i < count; i++) {
        struct peer *peer = sender(responder, &events[i]);
        if (peer)
            requests[i] = take_requests(responder, peer);
    }
    for (int i = 0; i < count; i++) {
        struct peer *peer = sender(responder, &events[i]);
        if (peer)
            answer(responder, peer, requests[i]);
    }
}

/* Until a signal. */
static void run(struct responder *responder)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    for (;;) {
        int count = loop_wait(&responder->loop, events, LOOP_FOREVER);
        serve(responder, events, count);
        for (int i = 0; i < count; i++) {
            if (events[i].owner == &responder->signals)
                return;
            if (events[i].owner == &responder->listener)
                accept_all(responder);
        }
    }
}

static void make_answers(struct responder *responder, size_t response_bytes)
{
    buf_init(&responder->answers, (response_bytes + 256) * ANSWERS_MAX);
    for (int i = 0; i < ANSWERS_MAX; i++) {
        buf_format(&responder->answers,
                   "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"
                   "Content-Type: text/plain\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   response_bytes);
        buf_add_repeated(&responder->answers, 'x', response_bytes);
    }
    responder->answer_bytes = buf_str(&responder->answers).len / ANSWERS_MAX;
}

struct options {
    const char *listen;
    uint64_t response_bytes;
};

static bool read_options(struct options *options, int argc, char **argv,
                         struct error *err)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--listen") == 0)
            options->listen = value;
        else if (strcmp(argv[i], "--response-bytes") != 0)
            return error_set(err,
                             "there is no flag '%s', only --listen HOST:PORT and "
                             "--response-bytes N",
                             argv[i]);
        else if (!str_to_u64(str_of(value), &options->response_bytes) ||
                 options->response_bytes > RESPONSE_MAX_BYTES)
            return error_set(err, "--response-bytes takes a number up to %d",
                             RESPONSE_MAX_BYTES);
    }
    return true;
}

static bool open_responder(struct responder *responder, struct sock_address *address,
                           struct error *err)
{
    *responder = (struct responder){.listener = -1};
    responder->signals = signals_open(err);
    if (responder->signals < 0 || !loop_init(&responder->loop, err))
        return false;
    responder->listener = sock_listen(address, false, err);
    if (responder->listener < 0)
        return false;
    if (!loop_add_level(&responder->loop, responder->signals, &responder->signals) ||
        !loop_add_level(&responder->loop, responder->listener, &responder->listener))
        return error_set(err, "cannot watch the listener");
    responder->input = mem_new(INPUT_BYTES, 1);
    return true;
}

int main(int argc, char **argv)
{
    char text[SOCK_ADDRESS_TEXT];
    struct options options = {"127.0.0.1:8080", 2048};
    struct sock_address address;
    struct responder responder;
    struct error err;
    if (!read_options(&options, argc, argv, &err) ||
        !sock_parse(options.listen, &address, &err)) {
        fprintf(stderr, "null: %s\n", err.text);
        return 2;
    }
    env_raise_files(0);
    if (!open_responder(&responder, &address, &err)) {
        fprintf(stderr, "null: %s\n", err.text);
        return 1;
    }
    make_answers(&responder, (size_t)options.response_bytes);
    fprintf(stderr, "null: listening on %s\n", sock_format(&address, text));
    run(&responder);
    mem_free(responder.input);
    buf_fini(&responder.answers);
    loop_fini(&responder.loop);
    fd_close(responder.listener);
    fd_close(responder.signals);
    return 0;
}
