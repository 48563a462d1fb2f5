#include "load/worker.h"

#include "base/clock.h"

#define LOOK_AROUND_NS (100 * NS_PER_MS) /* how often a stop is noticed when idle */
#define STOP_DRAIN_NS NS_PER_S
/* A sleeping CPU needs 10 to 50 us to wake, which would be lag of every request and part
 * of every latency: so near a due time, and as long after an event, a worker polls. */
#define SPIN_NS (100 * NS_PER_US)

static size_t log_size(const struct worker_spec *spec)
{
    /* Six standard deviations above the mean of a Poisson count, and a margin. */
    if (spec->closed_loop)
        return 0;
    double mean = profile_count(spec->schedule.profile,
                                (double)(spec->warmup_ns + spec->duration_ns)) /
                  (double)spec->schedule.workers;
    return (size_t)(mean + 6 * __builtin_sqrt(mean) + 64);
}

bool worker_init(struct worker *worker, const struct worker_spec *spec, atomic_int *stop,
                 struct error *err)
{
    *worker = (struct worker){.spec = *spec, .stop = stop};
    if (!links_init(&worker->links, spec->exchange.target, spec->connections, spec->first,
                    spec->timeout_ns, err))
        return false;
    queue_init(&worker->queue, &spec->schedule);
    books_init(&worker->books, spec->duration_ns, log_size(spec));
    return true;
}

void worker_fini(struct worker *worker)
{
    links_fini(&worker->links);
    books_fini(&worker->books);
    *worker = (struct worker){.stop = NULL};
}

/* ---- sending ---- */

static void send_on(struct worker *worker, struct conn *conn, struct request request)
{
    struct tally *tally = &worker->books.tally;
    conn_list_remove(&worker->links.free, conn);
    conn->request = request;
    conn->request.item =
        requests_next(worker->spec.exchange.requests, &worker->spec.turn);
    conn_send(conn, &worker->spec.exchange);
    conn_list_push(&worker->busy, conn);
    gauge_add(&worker->in_flight, 1);
    if (gauge_read(&worker->in_flight) > tally->peak_in_flight)
        tally->peak_in_flight = gauge_read(&worker->in_flight);
    books_sent(&worker->books, &conn->request);
}

static void send_closed_loop(struct worker *worker, int64_t now_ns)
{
    while (worker->links.free.first && now_ns < worker->books.end_ns) {
        struct request request = {
            .due_ns = now_ns, .noticed_ns = now_ns, .sent_ns = now_ns};
        books_due(&worker->books, now_ns, now_ns);
        send_on(worker, worker->links.free.first, request);
        now_ns = clock_now_ns();
    }
}

/* Queued requests that found a free connection at once did not wait: theirs is lag. */
static void send_due(struct worker *worker, int64_t now_ns)
{
    if (worker->spec.closed_loop) {
        send_closed_loop(worker, now_ns);
        return;
    }
    uint64_t waiting = gauge_read(&worker->queue.length);
    queue_notice(&worker->queue, now_ns, &worker->books);
    while (gauge_read(&worker->queue.length) > 0 && worker->links.free.first) {
        struct request request = queue_take(&worker->queue, now_ns);
        request.waited = waiting > 0;
        if (!request.waited)
            request.noticed_ns = now_ns;
        if (waiting > 0)
            waiting--;
        send_on(worker, worker->links.free.first, request);
        now_ns = clock_now_ns(); /* the next one goes out a little later */
    }
}

/* Requests that outlived the time-out while no connection could be had. */
static void give_up_unconnected(struct worker *worker, int64_t now_ns)
{
    while (gauge_read(&worker->queue.length) > 0 &&
           worker->links.down == worker->spec.connections &&
           queue_oldest_due(&worker->queue) + worker->spec.timeout_ns <= now_ns) {
        struct request request = queue_take(&worker->queue, now_ns);
        books_error(&worker->books, &request, TALLY_CONNECT, now_ns);
    }
}

/* ---- events ---- */

static void end_request(struct worker *worker, struct conn *conn)
{
    conn_list_remove(&worker->busy, conn);
    gauge_add(&worker->in_flight, -1);
}

static void handle_readable(struct worker *worker, struct conn *conn, bool ended)
{
    bool was_busy = conn->state == CONN_BUSY;
    enum conn_event event =
        conn_receive(conn, &worker->spec.exchange, &worker->links.scratch, ended);
    if (event == CONN_NOTHING)
        return;
    if (was_busy)
        end_request(worker, conn);
    else
        conn_list_remove(&worker->links.free, conn);
    if (event == CONN_ANSWERED) {
        conn->backoff_ns = 0;
        books_answer(&worker->books, &conn->request, conn->verdict);
    } else if (was_busy) {
        books_error(&worker->books, &conn->request,
                    event == CONN_RESET ? TALLY_RESET : TALLY_PROTOCOL, clock_now_ns());
    }
    if (conn->state == CONN_IDLE)
        conn_list_push(&worker->links.free, conn);
    else
        links_replace(&worker->links, conn, clock_now_ns());
}

static void handle_event(struct worker *worker, const struct loop_event *event)
{
    struct conn *conn = event->owner;
    if (conn->state == CONN_SHAKING ||
        (conn->state == CONN_CONNECTING && (event->ready & LOOP_WRITE)))
        links_establish(&worker->links, conn, clock_now_ns());
    else if (conn->state == CONN_BUSY && (event->ready & LOOP_WRITE))
        conn_send_rest(conn, &worker->spec.exchange);
    if ((conn->state == CONN_BUSY || conn->state == CONN_IDLE) &&
        (event->ready & LOOP_READ))
        handle_readable(worker, conn, event->ready & LOOP_END);
}

/*
 * An open loop looks for what fell due after each event. A closed loop reads all answers
 * first and sends afterwards, in one go: the service then finds several requests at once
 * and is woken less often (5 % more requests/s).
 */
static void handle_events(struct worker *worker, const struct loop_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        handle_event(worker, &events[i]);
        if (!worker->spec.closed_loop)
            send_due(worker, clock_now_ns());
    }
}

static void expire(struct worker *worker, int64_t now_ns)
{
    struct conn *conn;
    while ((conn = worker->busy.first) != NULL &&
           conn->request.sent_ns + worker->spec.timeout_ns <= now_ns) {
        end_request(worker, conn);
        books_error(&worker->books, &conn->request, TALLY_TIMEOUT, now_ns);
        conn_close(conn);
        links_replace(&worker->links, conn, now_ns);
    }
    give_up_unconnected(worker, now_ns);
}

/* ---- before the run ---- */

/* What happens before all connections stand. A connection that stood and was closed again
 * (a server that is full) is replaced; one that never stood ends it. */
static bool handle_early(struct worker *worker, const struct loop_event *event,
                         struct error *err)
{
    struct conn *conn = event->owner;
    bool stood = conn->state == CONN_IDLE || conn->backoff_ns > 0;
    handle_event(worker, event);
    return stood || conn->has_stood || conn->state != CONN_DOWN ||
           links_complain(&worker->links, conn, err);
}

bool worker_connect(struct worker *worker, struct error *err)
{
    char text[TARGET_TEXT_BYTES];
    struct loop_event events[LOOP_EVENTS_MAX];
    int64_t until_ns = clock_now_ns() + worker->spec.timeout_ns;
    if (!links_open(&worker->links, err))
        return false;
    while (worker->links.down > 0 && !atomic_load(worker->stop)) {
        int64_t now_ns = clock_now_ns();
        if (now_ns >= until_ns)
            return error_set(
                err, "cannot connect to %s: no answer to %d of %d connections%s",
                target_format(worker->spec.exchange.target, text), worker->links.down,
                worker->spec.connections,
                worker->spec.exchange.target->tls ? "; does it speak https there?" : "");
        links_retry(&worker->links, now_ns);
        int64_t look_ns = now_ns + LOOK_AROUND_NS;
        int n = loop_wait(&worker->links.loop, events,
                          look_ns < until_ns ? look_ns : until_ns);
        for (int i = 0; i < n; i++) {
            if (!handle_early(worker, &events[i], err))
                return false;
        }
    }
    return true;
}

/* ---- the life of a run ---- */

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_wake(const struct worker *worker, int64_t now_ns, int64_t limit_ns)
{
    int64_t wake_ns = earliest(now_ns + LOOK_AROUND_NS, limit_ns);
    if (worker->spec.closed_loop)
        wake_ns = earliest(wake_ns, worker->books.end_ns > now_ns ? worker->books.end_ns
                                                                  : limit_ns);
    else
        wake_ns = earliest(wake_ns, queue_next_due(&worker->queue));
    if (worker->busy.first)
        wake_ns = earliest(wake_ns,
                           worker->busy.first->request.sent_ns + worker->spec.timeout_ns);
    wake_ns = earliest(wake_ns, worker->links.retry_ns);
    return wake_ns;
}

/* Polls until an event, the time to wake, or the end of what is worth polling for. */
static int spin(struct worker *worker, struct loop_event *events, int64_t wake_ns)
{
    int64_t now_ns = clock_now_ns();
    while (now_ns < wake_ns &&
           (wake_ns - now_ns < SPIN_NS || now_ns - worker->active_ns < SPIN_NS)) {
        int n = loop_wait(&worker->links.loop, events, 0);
        if (n > 0)
            return n;
        int64_t then_ns = now_ns;
        now_ns = clock_now_ns();
        books_spun(&worker->books, then_ns, now_ns);
    }
    return 0;
}

static int wait_for_events(struct worker *worker, struct loop_event *events,
                           int64_t wake_ns)
{
    if (!worker->spec.spin)
        return loop_wait(&worker->links.loop, events, wake_ns);
    int n = spin(worker, events, wake_ns);
    if (n == 0 && wake_ns - SPIN_NS > clock_now_ns())
        n = loop_wait(&worker->links.loop, events, wake_ns - SPIN_NS);
    if (n > 0)
        worker->active_ns = clock_now_ns();
    return n;
}

/* Asked to stop early: nothing more is due, what is in flight gets a moment. */
static void cut_short(struct worker *worker, int64_t now_ns, int stop, int64_t *limit_ns)
{
    if (now_ns + 1 < worker->books.end_ns) {
        worker->books.end_ns = now_ns + 1; /* what is due right now is still counted */
        queue_cut(&worker->queue, worker->books.end_ns);
    }
    *limit_ns = earliest(*limit_ns, stop >= STOP_NOW ? now_ns : now_ns + STOP_DRAIN_NS);
}

static bool is_finished(const struct worker *worker, int64_t now_ns, int64_t limit_ns)
{
    bool over = worker->spec.closed_loop
                    ? now_ns >= worker->books.end_ns
                    : queue_next_due(&worker->queue) == SCHEDULE_OVER;
    return now_ns >= limit_ns ||
           (over && now_ns >= worker->books.end_ns &&
            !gauge_read(&worker->queue.length) && !gauge_read(&worker->in_flight));
}

/* What the drain did not bring. The sent ones have been due for longer than the time-out,
 * unless the run was interrupted; the others were never sent. */
static void close_books(struct worker *worker, int64_t now_ns)
{
    while (worker->busy.first) {
        struct conn *conn = worker->busy.first;
        end_request(worker, conn);
        books_error(&worker->books, &conn->request, TALLY_TIMEOUT, now_ns);
        conn_close(conn);
    }
    if (!worker->spec.closed_loop)
        queue_notice(&worker->queue, now_ns, &worker->books);
    while (gauge_read(&worker->queue.length) > 0) {
        struct request request = queue_take(&worker->queue, now_ns);
        request.waited = true;
        books_error(&worker->books, &request, TALLY_UNSENT, now_ns);
    }
    worker->books.tally.reconnects = worker->links.reconnects;
    worker->books.tally.bytes_received = worker->links.scratch.received;
    books_close(&worker->books, worker->queue.sending.index);
}

void worker_run(struct worker *worker, int64_t start_ns)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    worker->queue.start_ns = start_ns;
    worker->books.measure_ns = start_ns + worker->spec.warmup_ns;
    worker->books.end_ns = worker->books.measure_ns + worker->spec.duration_ns;
    int64_t limit_ns = worker->books.end_ns + worker->spec.timeout_ns;
    clock_sleep_until(start_ns);
    int64_t now_ns = clock_now_ns();
    while (!is_finished(worker, now_ns, limit_ns)) {
        int stop = atomic_load_explicit(worker->stop, memory_order_relaxed);
        if (stop != STOP_NOT)
            cut_short(worker, now_ns, stop, &limit_ns);
        send_due(worker, now_ns);
        int n = wait_for_events(worker, events, next_wake(worker, now_ns, limit_ns));
        handle_events(worker, events, n);
        now_ns = clock_now_ns();
        expire(worker, now_ns);
        links_retry(&worker->links, now_ns);
    }
    close_books(worker, now_ns);
}
