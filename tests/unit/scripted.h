/*
 * scripted: an HTTP server on a thread of its own that does what a test's script says for
 * each request: answer, wait, close, reset, stay silent. It may be frozen for a while, as
 * a garbage collector or a scheduler would. Written with poll, not with the loop under
 * test. Requests have no body: an empty line ends them.
 */
#ifndef DRAGSTRIP_TESTS_SCRIPTED_H
#define DRAGSTRIP_TESTS_SCRIPTED_H

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/sock.h"

#define SCRIPTED_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum scripted_then { SCRIPTED_KEEP, SCRIPTED_CLOSE, SCRIPTED_RESET };

struct scripted_act {
    const char *answer; /* NULL: none */
    int64_t delay_ns;
    enum scripted_then then;
};

/* What to do with the server's request number `index`, from 0 on. */
typedef struct scripted_act scripted_script(uint64_t index);

struct scripted_conn {
    int fd;
    unsigned line_ends; /* CRs and LFs in a row */
    bool acting;
    struct scripted_act act;
    int64_t act_ns;
};

enum { SCRIPTED_CONNS = 64 };

struct scripted {
    struct sock_address address;
    char url[SOCK_ADDRESS_TEXT + 16];
    scripted_script *script;
    int listener;
    pthread_t thread;
    atomic_bool stop;
    _Atomic uint64_t requests, answered, accepted;
    atomic_int turn_away; /* so many of the next connections are closed at once */
    _Atomic int64_t freeze_at_ns, freeze_ns; /* ask for it; then how long it was */
    struct scripted_conn conns[SCRIPTED_CONNS];
};

static void scripted_hang_up(struct scripted_conn *conn, bool reset)
{
    if (reset)
        sock_reset_on_close(conn->fd);
    close(conn->fd);
    *conn = (struct scripted_conn){.fd = -1};
}

static void scripted_act(struct scripted *server, struct scripted_conn *conn)
{
    struct scripted_act act = conn->act;
    conn->acting = false;
    if (act.answer) {
        struct str answer = str_of(act.answer);
        server->answered++;
        assert(sock_send(conn->fd, answer) == (ssize_t)answer.len || errno == EPIPE ||
               errno == ECONNRESET);
    }
    if (act.then != SCRIPTED_KEEP)
        scripted_hang_up(conn, act.then == SCRIPTED_RESET);
}

static void scripted_read(struct scripted *server, struct scripted_conn *conn)
{
    char bytes[4096];
    ssize_t n = sock_recv(conn->fd, bytes, sizeof(bytes));
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            scripted_hang_up(conn, false);
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        bool end = bytes[i] == '\r' || bytes[i] == '\n';
        conn->line_ends = end ? conn->line_ends + 1 : 0;
        if (conn->line_ends < 4)
            continue;
        conn->line_ends = 0;
        conn->act = server->script(server->requests++);
        conn->act_ns = clock_now_ns() + conn->act.delay_ns;
        conn->acting = true;
    }
}

static void scripted_accept(struct scripted *server)
{
    int fd;
    while ((fd = sock_accept(server->listener)) >= 0) {
        int i = 0;
        server->accepted++;
        if (server->turn_away > 0) {
            server->turn_away--;
            close(fd);
            continue;
        }
        while (i < SCRIPTED_CONNS && server->conns[i].fd >= 0)
            i++;
        assert(i < SCRIPTED_CONNS);
        server->conns[i] = (struct scripted_conn){.fd = fd};
    }
}

static void scripted_freeze(struct scripted *server)
{
    int64_t at_ns = server->freeze_at_ns, now_ns = clock_now_ns();
    if (at_ns == 0 || now_ns < at_ns)
        return;
    clock_sleep_until(at_ns + server->freeze_ns);
    server->freeze_ns = clock_now_ns() - now_ns;
    server->freeze_at_ns = 0;
}

/* Acts on what is due and returns how many milliseconds nothing will be. */
static int scripted_act_on_due(struct scripted *server)
{
    int64_t now_ns = clock_now_ns(), next_ns = now_ns + 5 * NS_PER_MS;
    for (int i = 0; i < SCRIPTED_CONNS; i++) {
        struct scripted_conn *conn = &server->conns[i];
        if (conn->fd < 0 || !conn->acting)
            continue;
        if (conn->act_ns <= now_ns)
            scripted_act(server, conn);
        else if (conn->act_ns < next_ns)
            next_ns = conn->act_ns;
    }
    return (int)((next_ns - now_ns) / NS_PER_MS);
}

static void *scripted_run(void *argument)
{
    struct scripted *server = argument;
    struct pollfd polled[SCRIPTED_CONNS + 1];
    while (!server->stop) {
        for (int i = 0; i < SCRIPTED_CONNS; i++)
            polled[i] = (struct pollfd){.fd = server->conns[i].fd, .events = POLLIN};
        polled[SCRIPTED_CONNS] =
            (struct pollfd){.fd = server->listener, .events = POLLIN};
        poll(polled, SCRIPTED_CONNS + 1, scripted_act_on_due(server));
        scripted_freeze(server);
        for (int i = 0; i < SCRIPTED_CONNS; i++) {
            if (polled[i].fd >= 0 && polled[i].revents)
                scripted_read(server, &server->conns[i]);
        }
        scripted_accept(server);
    }
    return NULL;
}

/* Ends the program when it cannot listen there: nothing could be tested. */
static void scripted_start_at(struct scripted *server, const char *place,
                              scripted_script *script)
{
    struct error err;
    char text[SOCK_ADDRESS_TEXT];
    *server = (struct scripted){.script = script};
    for (int i = 0; i < SCRIPTED_CONNS; i++)
        server->conns[i].fd = -1;
    bool started = sock_parse(place, &server->address, &err);
    server->listener = started ? sock_listen(&server->address, false, &err) : -1;
    assert(server->listener >= 0);
    snprintf(server->url, sizeof(server->url), "http://%s/",
             sock_format(&server->address, text));
    started = pthread_create(&server->thread, NULL, scripted_run, server) == 0;
    assert(started);
}

__attribute__((unused)) static void scripted_start(struct scripted *server,
                                                   scripted_script *script)
{
    scripted_start_at(server, "127.0.0.1:0", script);
}

static void scripted_stop(struct scripted *server)
{
    server->stop = true;
    pthread_join(server->thread, NULL);
    for (int i = 0; i < SCRIPTED_CONNS; i++) {
        if (server->conns[i].fd >= 0)
            close(server->conns[i].fd);
    }
    close(server->listener);
}

#endif
