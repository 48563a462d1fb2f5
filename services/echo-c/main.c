/*
 * dragstrip-echo: the JSON echo service of CONTRACT, in C.
 *
 * The route of a request, one file a step: worker (accept, events) → conn (bytes in and
 * out) → frame (where a request ends) → serve (which answer) → echo (document in, reply
 * out) → answer (its head). Beside it: metrics, and the helpers out, pool, due, stamp.
 *
 * main is the life of the program: options, listeners, workers, then it sleeps until a
 * signal; it drains, or at a second signal leaves at once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "options.h"
#include "sys/env.h"
#include "sys/fd.h"
#include "sys/signals.h"
#include "sys/wake.h"
#include "worker.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SIGNAL_BASE = 128 };

struct server {
    struct worker *workers;
    int worker_count; /* initialised */
    const struct metrics **counters;
    struct serve_settings settings;
    struct loop loop; /* of main: signals and the end of workers */
    int signals;
    int ended; /* rung by each worker that ends */
};

static void say(const char *text)
{
    fprintf(stderr, "c-echo: %s\n", text);
}

/* Two servers with SO_REUSEPORT would share a port in silence, hence the look before. */
static bool open_workers(struct server *server, struct options *options,
                         struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    int count = (int)options->workers;
    if (sock_in_use(&options->listen))
        return error_set(err, "cannot listen on %s: the port is in use",
                         sock_format(&options->listen, text));
    server->workers = mem_new(options->workers, sizeof(*server->workers));
    server->counters = mem_new(options->workers, sizeof(struct metrics *));
    server->settings = (struct serve_settings){
        .response_bytes = (size_t)options->response_bytes,
        .started_ns = clock_wall_ns(),
        .loops = server->counters,
        .loop_count = count,
    };
    for (int i = 0; i < count; i++) {
        if (!worker_init(&server->workers[i], &options->listen, &server->settings,
                         server->ended, err))
            return false;
        server->counters[i] = &server->workers[i].host.metrics;
        server->worker_count++;
    }
    return true;
}

static bool open_server(struct server *server, struct options *options, struct error *err)
{
    *server = (struct server){.loop.fd = -1, .signals = -1, .ended = -1};
    server->signals = signals_open(err);
    if (server->signals < 0 || !loop_init(&server->loop, err))
        return false;
    server->ended = wake_open(err);
    if (server->ended < 0)
        return false;
    if (!loop_add_level(&server->loop, server->signals, &server->signals) ||
        !loop_add_level(&server->loop, server->ended, &server->ended))
        return error_set(err, "cannot watch for signals");
    return open_workers(server, options, err);
}

static void close_server(struct server *server)
{
    for (int i = 0; i < server->worker_count; i++)
        worker_fini(&server->workers[i]);
    mem_free(server->workers);
    mem_free(server->counters);
    loop_fini(&server->loop);
    fd_close(server->signals);
    fd_close(server->ended);
}

/* Sleeps until a signal comes (its number) or a worker has ended (0). */
static int wait_for_news(struct server *server)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    loop_wait(&server->loop, events, LOOP_FOREVER);
    wake_clear(server->ended);
    return signals_take(server->signals);
}

static bool all_ended(const struct server *server)
{
    for (int i = 0; i < server->worker_count; i++) {
        if (!worker_has_ended(&server->workers[i]))
            return false;
    }
    return true;
}

static void drain(struct server *server)
{
    say("draining");
    for (int i = 0; i < server->worker_count; i++)
        worker_drain(&server->workers[i]);
    while (!all_ended(server)) {
        int number = wait_for_news(server);
        if (number != 0)
            _Exit(EXIT_SIGNAL_BASE + number);
    }
    for (int i = 0; i < server->worker_count; i++)
        thread_join(&server->workers[i].thread);
}

static bool start_workers(struct server *server, struct error *err)
{
    for (int i = 0; i < server->worker_count; i++) {
        if (!worker_start(&server->workers[i], err))
            return false;
    }
    return true;
}

static int run(struct options *options)
{
    char text[SOCK_ADDRESS_TEXT];
    struct server server;
    struct error err;
    env_raise_files();
    if (!open_server(&server, options, &err)) {
        say(err.text);
        close_server(&server);
        return EXIT_FAILED;
    }
    if (!start_workers(&server, &err)) {
        /* Some run already and cannot be taken back: leave without ado. */
        say(err.text);
        _Exit(EXIT_FAILED);
    }
    fprintf(stderr, "c-echo: listening on %s\n", sock_format(&options->listen, text));
    while (wait_for_news(&server) == 0)
        ;
    drain(&server);
    close_server(&server);
    say("stopped");
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;
    struct error err;
    if (!options_read(&options, argc, argv, &err)) {
        say(err.text);
        return EXIT_USAGE;
    }
    if (options.help) {
        fputs(options_help(), stdout);
        return 0;
    }
    if (options.version) {
        struct str name = echo_name();
        printf("%.*s\n", (int)name.len, name.ptr);
        return 0;
    }
    return run(&options);
}
