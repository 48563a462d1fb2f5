/*
 * One turn of a loop: wait, stamp the time, serve what is ready, act on deadlines. The
 * drain begins and goes on between turns, so no event can belong to a connection that it
 * closed.
 *
 * What a worker opens, but for the bells that others ring, it opens and closes in its own
 * thread, so that it may have a descriptor table of its own.
 */
#include "worker.h"

#include <errno.h>

#include "base/clock.h"
#include "sys/fd.h"
#include "sys/wake.h"

/* How long nothing is accepted after descriptors or memory ran out. The listener stays
 * readable all that time, so it must leave the loop. */
#define ACCEPT_PAUSE_NS (100 * NS_PER_MS)

/* A drain takes in all that wait, for what they sent would be lost otherwise. */
static bool is_full(const struct worker *worker)
{
    return worker->host.phase == CONN_SERVING &&
           worker->host.open_count >= worker->settings->connections_max;
}

static void pause_accepting(struct worker *worker, int64_t again_ns)
{
    if (!worker->accept_paused)
        loop_remove(&worker->loop, worker->listener);
    worker->accept_paused = true;
    worker->accept_again_ns = again_ns;
}

static void resume_accepting(struct worker *worker)
{
    if (loop_add_level(&worker->loop, worker->listener, &worker->listener))
        worker->accept_paused = false;
    else
        worker->accept_again_ns = worker->host.desk.now_ns + ACCEPT_PAUSE_NS;
}

static void take_over(struct worker *worker, int fd)
{
    struct conn *conn = conn_open(&worker->host, fd);
    if (!loop_add(&worker->loop, fd, conn))
        conn_close(&worker->host, conn);
}

/* Empties the accept queue, as far as connections may be had. */
static void accept_all(struct worker *worker)
{
    int64_t now_ns = worker->host.desk.now_ns;
    while (!is_full(worker)) {
        int fd = sock_accept(worker->listener);
        if (fd >= 0) {
            take_over(worker, fd);
            continue;
        }
        if (errno != EAGAIN)
            pause_accepting(worker, now_ns + ACCEPT_PAUSE_NS);
        return;
    }
    pause_accepting(worker, now_ns);
}

static bool may_resume(const struct worker *worker)
{
    return worker->accept_paused && !is_full(worker) &&
           worker->host.desk.now_ns >= worker->accept_again_ns;
}

static void begin_drain(struct worker *worker)
{
    sock_end_handshakes(worker->listener);
    conn_host_drain(&worker->host);
}

/* What was connected when the drain began, or whose handshake was under way, is accepted
 * until the connections without a request are closed. */
static void end_accepting(struct worker *worker)
{
    if (worker->host.phase != CONN_SERVING && worker->listener >= 0)
        accept_all(worker);
    conn_host_expire(&worker->host);
    if (worker->host.phase == CONN_ENDING) {
        fd_close(worker->listener);
        worker->listener = -1;
        worker->accept_paused = false;
    }
}

static void dispatch(struct worker *worker, const struct loop_event *event)
{
    if (event->owner == &worker->listener)
        accept_all(worker);
    else if (event->owner == &worker->wake)
        wake_clear(worker->wake);
    else
        conn_ready(&worker->host, event->owner, event->ready);
}

static int64_t next_deadline(const struct worker *worker)
{
    int64_t next_ns = conn_host_next_ns(&worker->host);
    if (worker->accept_paused && !is_full(worker) && worker->accept_again_ns < next_ns)
        next_ns = worker->accept_again_ns;
    return next_ns;
}

static void turn(struct worker *worker)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    int count = loop_wait(&worker->loop, events, next_deadline(worker));
    conn_host_turn(&worker->host, clock_now_ns(), clock_wall_ns() / NS_PER_S);
    for (int i = 0; i < count; i++)
        dispatch(worker, &events[i]);
    end_accepting(worker);
    if (may_resume(worker))
        resume_accepting(worker);
}

static void serve(struct worker *worker)
{
    while (worker->listener >= 0 || worker->host.open_count > 0) {
        turn(worker);
        if (worker->host.phase == CONN_SERVING && atomic_load(&worker->drain_asked))
            begin_drain(worker);
    }
}

static bool open_files(struct worker *worker)
{
    struct error *err = &worker->err;
    if (worker->settings->own_files && !thread_own_files(err))
        return false;
    if (!loop_init(&worker->loop, err))
        return false;
    worker->listener = sock_listen(worker->address, true, err);
    if (worker->listener < 0)
        return false;
    if (!loop_add_level(&worker->loop, worker->wake, &worker->wake) ||
        !loop_add_level(&worker->loop, worker->listener, &worker->listener))
        return error_set(err, "cannot watch the listener: %s", strerror(errno));
    return true;
}

static void close_files(struct worker *worker)
{
    fd_close(worker->listener);
    loop_fini(&worker->loop);
}

static void change_state(struct worker *worker, enum worker_state state)
{
    int news = worker->settings->news;
    atomic_store(&worker->state, state);
    wake_ring(news);
}

static void run(void *argument)
{
    struct worker *worker = argument;
    bool opened = open_files(worker);
    if (opened) {
        change_state(worker, WORKER_SERVING);
        serve(worker);
    }
    close_files(worker);
    change_state(worker, opened ? WORKER_ENDED : WORKER_FAILED);
}

bool worker_init(struct worker *worker, const struct worker_settings *settings,
                 struct error *err)
{
    *worker = (struct worker){.settings = settings, .listener = -1, .loop.fd = -1};
    conn_host_init(&worker->host, &settings->serve);
    worker->wake = wake_open(err);
    return worker->wake >= 0;
}

void worker_fini(struct worker *worker)
{
    fd_close(worker->wake);
    conn_host_fini(&worker->host);
}

bool worker_start(struct worker *worker, struct sock_address *address, struct error *err)
{
    worker->address = address;
    return thread_start(&worker->thread, "echo", run, worker, err);
}

enum worker_state worker_state(const struct worker *worker)
{
    return (enum worker_state)atomic_load(&worker->state);
}

void worker_drain(struct worker *worker)
{
    atomic_store(&worker->drain_asked, true);
    wake_ring(worker->wake);
}
