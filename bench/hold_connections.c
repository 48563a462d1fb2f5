/*
 * hold_connections: opens keep-alive connections to an HTTP service and holds them, for
 * bench/connections.
 *
 *   hold-connections --connect HOST:PORT --connections N [--first K] [--period TIME]
 *                    [--opening N] [--body FILE]
 *
 * Each connection sends POST /echo when it is opened and reads the answer. Then it idles,
 * and once a period it sends GET /healthz, so that the service does not end it for being
 * idle. Of n open connections n / period are refreshed each second, evenly, always that
 * which has waited longest. While n grows, that is sooner than a period after its last
 * answer; with a steady n it is exactly a period. Refreshes go before openings, so a ramp
 * becomes slower the more of the service's time they take.
 *
 * A source address has some 28,000 ports for one service. So connection K + i comes from
 * 127.0.0.2 plus one for each PER_SOURCE connections before it; fewer than there are
 * ports, because the kernel's search for a free one becomes slow when most are taken.
 *
 * A line of JSON on stdout every TELL_NS says what became of them. A byte on stdin ends
 * the opening, the end of stdin ends all. Connections are reset rather than closed: a
 * million of them in TIME_WAIT would be in the way of the next measurement.
 *
 * An answer that does not come whole with one recv is none: its connection counts as
 * lost.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "sys/env.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/pipe.h"
#include "sys/sock.h"
#include "wire/http.h"

enum {
    PER_SOURCE = 12000,
    ANSWER_MAX = 64 << 10,
    BODY_MAX = 64 << 10,
    FIRST_SOURCE = 0x7F000002,
    SPARE_FILES = 16,
    NOBODY = -1
};

#define TELL_NS (500 * NS_PER_MS)

/* From turn to turn: what is ready is taken together then. Waking for each of a million
 * connections by itself would cost more than asking it. */
#define TURN_NS (2 * NS_PER_MS)

enum held_state {
    HELD_CONNECTING, /* counted in opening */
    HELD_FIRST,      /* asked, for the first time; counted in opening */
    HELD_IDLE,       /* in the queue; counted in open */
    HELD_ASKED,      /* refreshed, not yet answered; counted in open */
    HELD_GONE        /* closed, perhaps still in the queue; counted in lost, failed or
                        in neither */
};

struct held {
    int fd;
    enum held_state state;
    int next; /* in the queue: who was answered after it */
    int64_t answered_ns;
};

struct options {
    struct sock_address service;
    uint64_t connections, first, opening_max;
    int64_t period_ns;
    struct buf body;
};

struct holder {
    struct options options;
    struct loop loop;
    struct buf opening_request;
    struct held *all; /* the first begun of them were connected */
    int begun, opening, open;
    int failed;          /* before their first answer */
    int lost;            /* afterwards */
    int64_t answers;     /* of all kinds */
    int64_t refreshes;   /* answers to refreshes */
    int64_t idle_max_ns; /* before a refresh, since it was last told */
    char why[128];       /* the first thing that went wrong with one; "": nothing has */
    bool stopped;        /* no more are opened */
    bool over;
    int first, last; /* queue of the idle, in the order of their answers */
    double credit;   /* refreshes that are due */
    int64_t now_ns, tell_ns;
    char input[ANSWER_MAX];
};

/* ---- one connection ---- */

static void blame(struct holder *holder, const char *what, int code)
{
    if (!holder->why[0])
        snprintf(holder->why, sizeof(holder->why), "%s%s%s", what, code ? ": " : "",
                 code ? strerror(code) : "");
}

static bool is_opening(const struct held *held)
{
    return held->state == HELD_CONNECTING || held->state == HELD_FIRST;
}

static void let_go(struct holder *holder, struct held *held)
{
    fd_close(held->fd);
    if (is_opening(held))
        holder->opening--;
    else
        holder->open--;
    held->state = HELD_GONE;
}

static void lose(struct holder *holder, struct held *held, const char *what, int code)
{
    blame(holder, what, code);
    if (is_opening(held))
        holder->failed++;
    else
        holder->lost++;
    let_go(holder, held);
}

/* A connection that is not yet one (EAGAIN) is asked when it can be written to. */
static void ask(struct holder *holder, struct held *held, struct str request,
                enum held_state next)
{
    ssize_t n = sock_send(held->fd, request);
    if (n == (ssize_t)request.len)
        held->state = next;
    else if (n >= 0 || errno != EAGAIN || held->state != HELD_CONNECTING)
        lose(holder, held, "sending", n < 0 ? errno : EMSGSIZE);
}

static void ask_first(struct holder *holder, struct held *held)
{
    ask(holder, held, buf_str(&holder->opening_request), HELD_FIRST);
}

static void enqueue(struct holder *holder, struct held *held)
{
    int number = (int)(held - holder->all);
    if (holder->first == NOBODY)
        holder->first = number;
    else
        holder->all[holder->last].next = number;
    holder->last = number;
    held->next = NOBODY;
}

static bool is_whole_answer(struct str bytes)
{
    struct http_response response;
    size_t head = http_head_length(bytes, 0);
    return head > 0 &&
           http_parse_response((struct str){bytes.ptr, head}, &response) == HTTP_OK &&
           response.status == 200 && response.framing == HTTP_LENGTH &&
           head + response.content_length == bytes.len;
}

static void take_answer(struct holder *holder, struct held *held)
{
    holder->answers++;
    if (held->state == HELD_FIRST) {
        holder->opening--;
        holder->open++;
    } else {
        holder->refreshes++;
    }
    held->state = HELD_IDLE;
    held->answered_ns = holder->now_ns;
    enqueue(holder, held);
}

static void receive(struct holder *holder, struct held *held)
{
    ssize_t n = sock_recv(held->fd, holder->input, sizeof(holder->input));
    if (n < 0 && errno == EAGAIN)
        return;
    bool asked = held->state == HELD_FIRST || held->state == HELD_ASKED;
    if (n < 0)
        lose(holder, held, "receiving", errno);
    else if (n == 0)
        lose(holder, held, "closed by the service", 0);
    else if (asked && is_whole_answer((struct str){holder->input, (size_t)n}))
        take_answer(holder, held);
    else
        lose(holder, held, "not a whole answer with status 200", EBADMSG);
}

static void on_event(struct holder *holder, struct held *held, unsigned ready)
{
    if (held->state == HELD_CONNECTING && (ready & LOOP_WRITE)) {
        int code = sock_error(held->fd);
        if (code != 0)
            lose(holder, held, "connecting", code);
        else
            ask_first(holder, held);
    }
    if (held->state != HELD_GONE && (ready & LOOP_READ))
        receive(holder, held);
    if (held->state != HELD_GONE && (ready & LOOP_END))
        lose(holder, held, "closed by the service", 0);
}

/* ---- opening ---- */

/* A descriptor that connects from 127.x.y.z, or -1 with errno. */
static int connect_from(uint32_t source, const struct sock_address *service)
{
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    sock_do_not_pace(fd);
    sock_reset_on_close(fd);
    /* Otherwise bind takes a port that no other connection of that source may have. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
        (connect(fd, (const struct sockaddr *)&service->storage, service->len) == 0 ||
         errno == EINPROGRESS))
        return fd;
    int why = errno;
    fd_close(fd);
    errno = why;
    return -1;
}

static void stop_opening(struct holder *holder)
{
    holder->stopped = true;
    for (int i = 0; i < holder->begun; i++) {
        if (is_opening(&holder->all[i]))
            let_go(holder, &holder->all[i]);
    }
}

static bool open_one(struct holder *holder)
{
    uint64_t number = holder->options.first + (uint64_t)holder->begun;
    uint32_t source = FIRST_SOURCE + (uint32_t)(number / PER_SOURCE);
    struct held *held = &holder->all[holder->begun];
    int fd = connect_from(source, &holder->options.service);
    if (fd < 0) {
        blame(holder, "opening", errno);
        return false;
    }
    if (!loop_add(&holder->loop, fd, held)) {
        blame(holder, "watching", errno);
        fd_close(fd);
        return false;
    }
    *held = (struct held){.fd = fd, .state = HELD_CONNECTING};
    holder->begun++;
    holder->opening++;
    ask_first(holder, held); /* on the same machine it is connected by now */
    return true;
}

static void open_more(struct holder *holder)
{
    while (!holder->stopped && holder->opening < (int)holder->options.opening_max &&
           holder->begun < (int)holder->options.connections) {
        if (!open_one(holder))
            stop_opening(holder);
    }
}

/* ---- refreshing ---- */

/* Takes the idle one that has waited longest from the queue; NULL when none is idle. */
static struct held *longest_idle(struct holder *holder)
{
    while (holder->first != NOBODY) {
        struct held *held = &holder->all[holder->first];
        holder->first = held->next;
        if (held->state == HELD_IDLE)
            return held;
    }
    return NULL;
}

static void refresh(struct holder *holder, int64_t passed_ns)
{
    const struct str request = STR("GET /healthz HTTP/1.1\r\nHost: held\r\n\r\n");
    holder->credit +=
        (double)passed_ns * holder->open / (double)holder->options.period_ns;
    for (; holder->credit >= 1; holder->credit--) {
        struct held *held = longest_idle(holder);
        if (!held) {
            holder->credit = 0;
            return;
        }
        int64_t idle_ns = holder->now_ns - held->answered_ns;
        if (idle_ns > holder->idle_max_ns)
            holder->idle_max_ns = idle_ns;
        ask(holder, held, request, HELD_ASKED);
    }
}

/* ---- the program ---- */

static void tell(struct holder *holder)
{
    printf("{\"begun\": %d, \"opening\": %d, \"open\": %d, \"failed\": %d, \"lost\": %d, "
           "\"answers\": %lld, \"refreshes\": %lld, \"idle_max_ms\": %lld, "
           "\"stopped\": %s, \"why\": \"%s\"}\n",
           holder->begun, holder->opening, holder->open, holder->failed, holder->lost,
           (long long)holder->answers, (long long)holder->refreshes,
           (long long)(holder->idle_max_ns / NS_PER_MS),
           holder->stopped ? "true" : "false", holder->why);
    fflush(stdout);
    holder->idle_max_ns = 0;
    holder->tell_ns = holder->now_ns + TELL_NS;
}

static void obey(struct holder *holder)
{
    struct buf words;
    buf_init(&words, 64);
    enum pipe_status status = pipe_read(0, 0, &words);
    buf_fini(&words);
    if (status == PIPE_OVER)
        holder->over = true;
    else if (status == PIPE_BYTES)
        stop_opening(holder);
}

static void take_events(struct holder *holder)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    bool told = false;
    int count;
    do {
        count = loop_wait(&holder->loop, events, 0);
        for (int i = 0; i < count; i++) {
            if (events[i].owner == holder)
                told = true;
            else
                on_event(holder, events[i].owner, events[i].ready);
        }
    } while (count == LOOP_EVENTS_MAX);
    if (told)
        obey(holder); /* last: it closes what others of these events belong to */
}

static void run(struct holder *holder)
{
    holder->now_ns = clock_now_ns();
    while (!holder->over) {
        clock_sleep_until(holder->now_ns + TURN_NS);
        int64_t before_ns = holder->now_ns;
        holder->now_ns = clock_now_ns();
        take_events(holder);
        refresh(holder, holder->now_ns - before_ns);
        open_more(holder);
        if (holder->now_ns >= holder->tell_ns)
            tell(holder);
    }
}

static bool read_option(struct options *options, const char *flag, const char *value,
                        struct error *err)
{
    struct str text = str_of(value);
    if (strcmp(flag, "--connect") == 0)
        return sock_parse(value, &options->service, err);
    if (strcmp(flag, "--body") == 0)
        return file_read(value, &options->body, err);
    if (strcmp(flag, "--period") == 0)
        return (units_parse_duration(text, &options->period_ns) &&
                options->period_ns > 0) ||
               error_set(err, "--period takes a time, such as 12s");
    uint64_t *number = strcmp(flag, "--connections") == 0 ? &options->connections
                       : strcmp(flag, "--first") == 0     ? &options->first
                       : strcmp(flag, "--opening") == 0   ? &options->opening_max
                                                          : NULL;
    if (!number)
        return error_set(err, "there is no flag '%s'", flag);
    return (str_to_u64(text, number) && *number <= 10000000) ||
           error_set(err, "%s takes a number up to 10000000", flag);
}

static bool read_options(struct options *options, int argc, char **argv,
                         struct error *err)
{
    for (int i = 1; i < argc; i += 2) {
        if (!read_option(options, argv[i], i + 1 < argc ? argv[i + 1] : "", err))
            return false;
    }
    if (options->service.storage.ss_family != AF_INET || options->connections == 0)
        return error_set(err, "--connect 127.x.x.x:PORT and --connections N are needed");
    return true;
}

static void make_opening_request(struct holder *holder)
{
    struct str body = buf_str(&holder->options.body);
    buf_init(&holder->opening_request, BODY_MAX + 256);
    buf_format(&holder->opening_request,
               "POST /echo HTTP/1.1\r\nHost: held\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n\r\n",
               body.len);
    buf_add(&holder->opening_request, body);
}

int main(int argc, char **argv)
{
    static struct holder holder;
    struct error err;
    holder.options.period_ns = 13 * NS_PER_S;
    holder.options.opening_max = 256; /* below the length of accept queues */
    holder.first = holder.last = NOBODY;
    buf_init(&holder.options.body, BODY_MAX);
    if (!read_options(&holder.options, argc, argv, &err)) {
        fprintf(stderr, "hold: %s\n", err.text);
        return 2;
    }
    if (buf_str(&holder.options.body).len == 0)
        buf_add_text(&holder.options.body,
                     "{\"id\": 1, \"user_agent\": \"held\", \"metadata\": []}");
    make_opening_request(&holder);
    holder.all = mem_new(holder.options.connections, sizeof(*holder.all));
    env_raise_files(holder.options.connections + SPARE_FILES);
    if (!loop_init(&holder.loop, &err) || !loop_add_level(&holder.loop, 0, &holder)) {
        fprintf(stderr, "hold: cannot watch stdin, which must be a pipe\n");
        return 1;
    }
    run(&holder);
    tell(&holder);
    return 0; /* the kernel closes them all */
}
