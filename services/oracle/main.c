/*
 * dragstrip-oracle: a service whose answers follow a known law, to hold a generator
 * against: it must print what the law says.
 *
 *   dragstrip-oracle [--listen HOST:PORT] [--law LAW] [--seed N] [--log FILE]
 *
 * One thread, one loop. Any request on any path is answered; GET /healthz at once and
 * beside the law. With --log the arrival of each request is written when the oracle
 * stops: one line of nanoseconds since the first.
 *
 * A request's route: serve (bytes) → arrive (law: when?) → agenda → answer. Near a due
 * answer the loop polls, because a sleeping CPU would add its waking to the law.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "agenda.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "law.h"
#include "sys/env.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/signals.h"
#include "sys/sock.h"
#include "wire/http.h"

#define POLL_NS (100 * NS_PER_US)

enum { INPUT_BYTES = 64 << 10, REQUEST_MAX = 2 << 20, LOG_MAX = 1 << 30 };

struct arrivals { /* what --log writes */
    int64_t *at_ns;
    size_t count, capacity;
};

struct oracle {
    struct loop loop;
    int listener, signals;
    struct law law;
    struct agenda agenda;
    bool logs;
    struct arrivals arrivals;
    char input[INPUT_BYTES];
};

struct peer {
    int fd;
    struct buf unread; /* of a request that is not complete, or waits for its turn */
    bool waiting;      /* its answer is on the agenda */
};

/* ---- answering ---- */

static const char good[] =
    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nok\n";
static const char bad[] =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nno\n";

static void hang_up(struct oracle *oracle, struct peer *peer)
{
    agenda_forget(&oracle->agenda, peer);
    fd_close(peer->fd);
    buf_fini(&peer->unread);
    mem_free(peer);
}

/* Such short answers always fit the socket: what does not is a broken connection. */
static bool answer(struct peer *peer, int status)
{
    struct str text = status == 200 ? STR(good) : STR(bad);
    return sock_send(peer->fd, text) == (ssize_t)text.len;
}

static void note_arrival(struct oracle *oracle, int64_t now_ns)
{
    struct arrivals *arrivals = &oracle->arrivals;
    if (!oracle->logs)
        return;
    if (arrivals->count == arrivals->capacity) {
        arrivals->capacity = arrivals->capacity ? 2 * arrivals->capacity : 4096;
        arrivals->at_ns =
            mem_resize(arrivals->at_ns, arrivals->capacity, sizeof(*arrivals->at_ns));
    }
    arrivals->at_ns[arrivals->count++] = now_ns;
}

/* False: the connection is broken. */
static bool arrive(struct oracle *oracle, struct peer *peer,
                   const struct http_request *request, int64_t now_ns)
{
    if (str_eq(request->path, STR("/healthz")))
        return answer(peer, 200);
    note_arrival(oracle, now_ns);
    struct law_answer due = law_answer(&oracle->law, now_ns);
    if (due.at_ns <= now_ns)
        return answer(peer, due.status);
    peer->waiting = true;
    agenda_add(&oracle->agenda, (struct agenda_item){due.at_ns, peer, due.status});
    return true;
}

/* Takes the requests that are complete, one at a time. False: not HTTP, or broken. */
static bool serve(struct oracle *oracle, struct peer *peer, int64_t now_ns)
{
    while (!peer->waiting) {
        struct http_request request;
        struct str bytes = buf_str(&peer->unread);
        size_t head = http_head_length(bytes, 0);
        if (head == 0)
            return !peer->unread.overflow;
        if (http_parse_request((struct str){bytes.ptr, head}, &request) != HTTP_OK ||
            request.framing == HTTP_CHUNKED ||
            request.content_length > REQUEST_MAX - head)
            return false;
        size_t size = head + (size_t)request.content_length;
        if (bytes.len < size)
            return true;
        if (!arrive(oracle, peer, &request, now_ns))
            return false;
        buf_consume(&peer->unread, size);
    }
    return true;
}

/* Reads until nothing is left: an end of stream that came along is announced no more. */
static void receive(struct oracle *oracle, struct peer *peer)
{
    ssize_t n;
    while ((n = sock_recv(peer->fd, oracle->input, INPUT_BYTES)) > 0) {
        int64_t now_ns = clock_now_ns();
        buf_add(&peer->unread, (struct str){oracle->input, (size_t)n});
        if (!serve(oracle, peer, now_ns)) {
            hang_up(oracle, peer);
            return;
        }
    }
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        hang_up(oracle, peer);
}

/* ---- the loop ---- */

static void accept_all(struct oracle *oracle)
{
    for (int fd = sock_accept(oracle->listener); fd >= 0;
         fd = sock_accept(oracle->listener)) {
        struct peer *peer = mem_new(1, sizeof(*peer));
        peer->fd = fd;
        buf_init(&peer->unread, REQUEST_MAX);
        if (!loop_add(&oracle->loop, fd, peer))
            hang_up(oracle, peer);
    }
}

static void answer_due(struct oracle *oracle)
{
    while (agenda_next_ns(&oracle->agenda) <= clock_now_ns()) {
        struct agenda_item item = agenda_take(&oracle->agenda);
        struct peer *peer = item.owner;
        peer->waiting = false;
        if (!answer(peer, item.status) || !serve(oracle, peer, clock_now_ns()))
            hang_up(oracle, peer);
    }
}

static int64_t wake_ns(const struct oracle *oracle)
{
    int64_t next_ns = agenda_next_ns(&oracle->agenda);
    if (next_ns == INT64_MAX)
        return LOOP_FOREVER;
    return next_ns - clock_now_ns() < POLL_NS ? 0 : next_ns - POLL_NS;
}

/* False: a signal came. */
static bool handle(struct oracle *oracle, const struct loop_event *event)
{
    if (event->owner == &oracle->signals)
        return false;
    if (event->owner == &oracle->listener)
        accept_all(oracle);
    else if (event->ready & LOOP_READ)
        receive(oracle, event->owner);
    return true;
}

static void run(struct oracle *oracle)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    for (;;) {
        int count = loop_wait(&oracle->loop, events, wake_ns(oracle));
        for (int i = 0; i < count; i++) {
            if (!handle(oracle, &events[i]))
                return;
        }
        answer_due(oracle);
    }
}

/* ---- the life of the program ---- */

struct options {
    const char *listen, *law, *log;
    uint64_t seed;
};

static bool read_options(struct options *options, int argc, char **argv,
                         struct error *err)
{
    static const struct option flags[] = {{"listen", required_argument, NULL, 'l'},
                                          {"law", required_argument, NULL, 'a'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"log", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    int flag;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
        if (flag == 'l')
            options->listen = optarg;
        else if (flag == 'a')
            options->law = optarg;
        else if (flag == 'o')
            options->log = optarg;
        else if (flag != 's' || !str_to_u64(str_of(optarg), &options->seed))
            return error_set(err,
                             "usage: dragstrip-oracle [--listen HOST:PORT] [--law LAW] "
                             "[--seed N] [--log FILE]");
    }
    return true;
}

static bool open_oracle(struct oracle *oracle, const struct options *options,
                        struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    struct sock_address address;
    oracle->listener = oracle->signals = -1;
    oracle->logs = options->log != NULL;
    if (!law_parse(&oracle->law, options->law, options->seed, clock_now_ns(), err) ||
        !sock_parse(options->listen, &address, err))
        return false;
    oracle->signals = signals_open(err);
    if (oracle->signals < 0 || !loop_init(&oracle->loop, err))
        return false;
    oracle->listener = sock_listen(&address, false, err);
    if (oracle->listener < 0)
        return false;
    if (!loop_add_level(&oracle->loop, oracle->signals, &oracle->signals) ||
        !loop_add_level(&oracle->loop, oracle->listener, &oracle->listener))
        return error_set(err, "cannot watch the listener");
    fprintf(stderr, "oracle: %s on %s\n", options->law, sock_format(&address, text));
    return true;
}

static bool write_log(const struct oracle *oracle, const char *path, struct error *err)
{
    struct buf text;
    const struct arrivals *arrivals = &oracle->arrivals;
    if (!path)
        return true;
    buf_init(&text, LOG_MAX);
    for (size_t i = 0; i < arrivals->count; i++)
        buf_format(&text, "%lld\n", (long long)(arrivals->at_ns[i] - arrivals->at_ns[0]));
    bool written = text.overflow ? error_set(err, "more arrivals than %s may hold", path)
                                 : file_write_atomic(path, buf_str(&text), err);
    buf_fini(&text);
    return written;
}

static void close_oracle(struct oracle *oracle)
{
    fd_close(oracle->listener);
    fd_close(oracle->signals);
    loop_fini(&oracle->loop);
    agenda_fini(&oracle->agenda);
    mem_free(oracle->arrivals.at_ns);
    mem_free(oracle);
}

int main(int argc, char **argv)
{
    struct options options = {.listen = "127.0.0.1:8080", .law = "null", .seed = 1};
    struct error err;
    if (!read_options(&options, argc, argv, &err)) {
        fprintf(stderr, "oracle: %s\n", err.text);
        return 2;
    }
    struct oracle *oracle = mem_new(1, sizeof(*oracle));
    env_raise_files(0);
    env_sharpen_timers();
    bool open = open_oracle(oracle, &options, &err);
    if (open)
        run(oracle);
    bool done = open && write_log(oracle, options.log, &err);
    if (!done)
        fprintf(stderr, "oracle: %s\n", err.text);
    close_oracle(oracle);
    return done ? 0 : 1;
}
