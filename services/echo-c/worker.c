/*
 * One turn of a loop: wait, stamp the time, serve what is ready, act on deadlines. The
 * drain begins between turns, so no event can belong to a connection that it closed.
 */
#include "worker.h"

#include <errno.h>

#include "base/clock.h"
#include "sys/fd.h"
#include "sys/wake.h"

/* How long nothing is accepted after descriptors or memory ran out. The listener stays
 * readable all that time, so it must leave the loop. */
#define ACCEPT_PAUSE_NS (100 * NS_PER_MS)

static void pause_accepting(struct worker *worker)
{
    loop_remove(&worker->loop, worker->listener);
    worker->accept_paused = true;
    worker->accept_again_ns = worker->host.now_ns + ACCEPT_PAUSE_NS;
}

static void resume_accepting(struct worker *worker)
{
    worker->accept_paused = false;
    if (worker->listener >= 0 &&
        !loop_add_level(&worker->loop, worker->listener, &worker->listener))
        pause_accepting(worker);
}

static void take_over(struct worker *worker, int fd)
{
    struct conn *conn = conn_open(&worker->host, fd);
    if (!loop_add(&worker->loop, fd, conn))
        conn_close(&worker->host, conn);
}

/* Empties the accept queue. */
static void accept_all(struct worker *worker)
{
    for (;;) {
        int fd = sock_accept(worker->listener);
        if (fd >= 0) {
            take_over(worker, fd);
            continue;
        }
        if (errno != EAGAIN && !worker->accept_paused)
            pause_accepting(worker);
        return;
    }
}

static void begin_drain(struct worker *worker)
{
    accept_all(worker);
    fd_close(worker->listener);
    worker->listener = -1;
    worker->accept_paused = false;
    conn_host_drain(&worker->host);
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
    if (worker->accept_paused && worker->accept_again_ns < next_ns)
        next_ns = worker->accept_again_ns;
    return next_ns;
}

static void turn(struct worker *worker)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    struct conn_host *host = &worker->host;
    int count = loop_wait(&worker->loop, events, next_deadline(worker));
    host->now_ns = clock_now_ns();
    stamp_update(&host->serve.stamp, clock_wall_ns() / NS_PER_S);
    for (int i = 0; i < count; i++)
        dispatch(worker, &events[i]);
    conn_host_expire(host);
    if (worker->accept_paused && host->now_ns >= worker->accept_again_ns)
        resume_accepting(worker);
}

static void run(void *argument)
{
    struct worker *worker = argument;
    while (worker->listener >= 0 || worker->host.open_count > 0) {
        turn(worker);
        if (worker->listener >= 0 && atomic_load(&worker->drain_asked))
            begin_drain(worker);
    }
    atomic_store(&worker->has_ended, true);
    wake_ring(worker->ended);
}

bool worker_init(struct worker *worker, struct sock_address *address,
                 const struct serve_settings *settings, int ended, struct error *err)
{
    *worker = (struct worker){.listener = -1, .wake = -1, .loop.fd = -1, .ended = ended};
    conn_host_init(&worker->host, settings);
    if (!loop_init(&worker->loop, err))
        goto fail;
    worker->wake = wake_open(err);
    if (worker->wake < 0)
        goto fail;
    worker->listener = sock_listen(address, true, err);
    if (worker->listener < 0)
        goto fail;
    if (!loop_add_level(&worker->loop, worker->wake, &worker->wake) ||
        !loop_add_level(&worker->loop, worker->listener, &worker->listener)) {
        error_set(err, "cannot watch the listener: %s", strerror(errno));
        goto fail;
    }
    return true;
fail:
    worker_fini(worker);
    return false;
}

void worker_fini(struct worker *worker)
{
    fd_close(worker->listener);
    fd_close(worker->wake);
    loop_fini(&worker->loop);
    conn_host_fini(&worker->host);
}

bool worker_start(struct worker *worker, struct error *err)
{
    return thread_start(&worker->thread, "echo", run, worker, err);
}

void worker_drain(struct worker *worker)
{
    atomic_store(&worker->drain_asked, true);
    wake_ring(worker->wake);
}

bool worker_has_ended(const struct worker *worker)
{
    return atomic_load(&worker->has_ended);
}
