/*
 * dragstrip-echo: the JSON echo service of CONTRACT, in C.
 *
 * The route of a request, one file a step: worker (accept, events) → conn (when to read,
 * write, wait, end) → exchange (requests in, answers out) → frame (where a request ends)
 * → serve (which answer) → echo (document in, reply out) → answer (its head). Beside it:
 * desk (what the work needs), metrics, and the helpers out, pool, ring, slab, stamp.
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
#include "sys/notify.h"
#include "sys/signals.h"
#include "sys/wake.h"
#include "worker.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SIGNAL_BASE = 128 };

struct server {
    struct worker *workers;
    int worker_count; /* initialised */
    const struct metrics **counters;
    struct worker_settings settings;
    struct loop loop; /* of main: signals and news of workers */
    int signals;
    int news; /* rung by each worker that has opened, failed or ended */
};

/* Descriptors that are no connections: of main and of each worker, and one to read our
 * memory for /metrics, which must work when all others are taken. */
enum { SPARE_FILES = 16, WORKER_FILES = 3 };

static void say(const char *text)
{
    fprintf(stderr, "c-echo: %s\n", text);
}

/* A manager that cannot be reached is no reason not to serve. */
static void tell_manager(struct str state)
{
    struct error ignored;
    notify_manager(state, &ignored);
}

/* Each worker's share of the connections, and whether the limit of open files must count
 * for each of them for that. */
static void divide_connections(struct worker_settings *settings, uint64_t wanted,
                               uint64_t workers)
{
    uint64_t spare = SPARE_FILES + WORKER_FILES * workers;
    uint64_t files = env_raise_files(wanted + spare);
    uint64_t room = files > spare ? files - spare : 1;
    settings->own_files = wanted > room && workers > 1;
    settings->serve.process.own_files = settings->own_files;
    if (wanted == 0)
        wanted = room;
    uint64_t share = (wanted + workers - 1) / workers;
    settings->connections_max = (int)(share < room ? share : room);
}

/* Two servers with SO_REUSEPORT would share a port in silence, hence the look before. */
static bool init_workers(struct server *server, struct options *options,
                         struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    int count = (int)options->workers;
    if (!options->reuse_port && sock_in_use(&options->listen))
        return error_set(err, "cannot listen on %s: the port is in use",
                         sock_format(&options->listen, text));
    server->workers = mem_new(options->workers, sizeof(*server->workers));
    server->counters = mem_new(options->workers, sizeof(struct metrics *));
    server->settings = (struct worker_settings){
        .serve = {.response_bytes = (size_t)options->response_bytes,
                  .process = {.loops = server->counters,
                              .loop_count = count,
                              .started_ns = clock_wall_ns()}},
        .news = server->news};
    divide_connections(&server->settings, options->connections_max, options->workers);
    for (int i = 0; i < count; i++) {
        server->counters[i] = &server->workers[i].host.desk.metrics;
        server->worker_count++;
        if (!worker_init(&server->workers[i], &server->settings, err))
            return false;
    }
    return true;
}

static bool open_server(struct server *server, struct options *options, struct error *err)
{
    *server = (struct server){.loop.fd = -1, .signals = -1, .news = -1};
    server->signals = signals_open(err);
    if (server->signals < 0 || !loop_init(&server->loop, err))
        return false;
    server->news = wake_open(err);
    if (server->news < 0)
        return false;
    if (!loop_add_level(&server->loop, server->signals, &server->signals) ||
        !loop_add_level(&server->loop, server->news, &server->news))
        return error_set(err, "cannot watch for signals");
    return init_workers(server, options, err);
}

static void close_server(struct server *server)
{
    for (int i = 0; i < server->worker_count; i++)
        worker_fini(&server->workers[i]);
    mem_free(server->workers);
    mem_free(server->counters);
    loop_fini(&server->loop);
    fd_close(server->signals);
    fd_close(server->news);
}

/* Sleeps until a signal has come or a worker has news. */
static void wait_for_news(struct server *server)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    loop_wait(&server->loop, events, LOOP_FOREVER);
    wake_clear(server->news);
}

static bool all_ended(const struct server *server)
{
    for (int i = 0; i < server->worker_count; i++) {
        if (worker_state(&server->workers[i]) != WORKER_ENDED)
            return false;
    }
    return true;
}

static void drain(struct server *server)
{
    say("draining");
    tell_manager(NOTIFY_STOPPING);
    for (int i = 0; i < server->worker_count; i++)
        worker_drain(&server->workers[i]);
    while (!all_ended(server)) {
        wait_for_news(server);
        int number = signals_take(server->signals);
        if (number != 0)
            _Exit(EXIT_SIGNAL_BASE + number);
    }
    for (int i = 0; i < server->worker_count; i++)
        thread_join(&server->workers[i].thread);
}

/* One after the other: the first finds the port that the others share. */
static bool start_workers(struct server *server, struct sock_address *address,
                          struct error *err)
{
    for (int i = 0; i < server->worker_count; i++) {
        struct worker *worker = &server->workers[i];
        if (!worker_start(worker, address, err))
            return false;
        while (worker_state(worker) == WORKER_OPENING)
            wait_for_news(server);
        if (worker_state(worker) == WORKER_FAILED) {
            *err = worker->err;
            return false;
        }
    }
    return true;
}

static int run(struct options *options)
{
    char text[SOCK_ADDRESS_TEXT];
    struct server server;
    struct error err;
    if (!open_server(&server, options, &err)) {
        say(err.text);
        close_server(&server);
        return EXIT_FAILED;
    }
    if (!start_workers(&server, &options->listen, &err)) {
        /* Some run already and cannot be taken back: leave without ado. */
        say(err.text);
        _Exit(EXIT_FAILED);
    }
    fprintf(stderr, "c-echo: listening on %s\n", sock_format(&options->listen, text));
    tell_manager(NOTIFY_READY);
    while (signals_take(server.signals) == 0)
        wait_for_news(&server);
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
