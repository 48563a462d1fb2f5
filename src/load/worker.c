#include "load/worker.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"

enum { SCRATCH_BYTES = 256 * 1024 };

#define BACKOFF_FIRST_NS (10 * NS_PER_MS)
#define BACKOFF_MOST_NS NS_PER_S
#define LOOK_AROUND_NS (100 * NS_PER_MS) /* how often a stop is noticed when idle */
#define STOP_DRAIN_NS NS_PER_S
#define LATE_NS (20 * NS_PER_US) /* less than this is not worth remembering */
/* A sleeping CPU needs 10 to 50 us to wake, which would be lag of every request and part
 * of every latency: so near a due time, and as long after an event, a worker polls. */
#define SPIN_NS (100 * NS_PER_US)

static void list_push(struct conn_list *list, struct conn *conn)
{
    conn->next = NULL;
    conn->previous = list->last;
    if (list->last)
        list->last->next = conn;
    else
        list->first = conn;
    list->last = conn;
}

static void list_remove(struct conn_list *list, struct conn *conn)
{
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        list->first = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    else
        list->last = conn->previous;
    conn->next = conn->previous = NULL;
}

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
    if (!loop_init(&worker->loop, err))
        return false;
    worker->conns = mem_new((size_t)spec->connections, sizeof(*worker->conns));
    for (int i = 0; i < spec->connections; i++)
        conn_init(&worker->conns[i]);
    worker->down = spec->connections;
    worker->retry_ns = INT64_MAX;
    worker->scratch = (struct scratch){mem_new(SCRATCH_BYTES, 1), SCRATCH_BYTES, 0};
    worker->noticed = worker->sending = spec->schedule;
    books_init(&worker->books, spec->duration_ns, log_size(spec));
    return true;
}

void worker_fini(struct worker *worker)
{
    for (int i = 0; worker->conns && i < worker->spec.connections; i++) {
        conn_close(&worker->conns[i]);
        buf_fini(&worker->conns[i].stash);
    }
    mem_free(worker->conns);
    mem_free(worker->scratch.bytes);
    books_fini(&worker->books);
    loop_fini(&worker->loop);
    *worker = (struct worker){0};
}

/* ---- connections ---- */

static void make_free(struct worker *worker, struct conn *conn)
{
    list_push(&worker->free, conn);
}

static void retry_later(struct worker *worker, struct conn *conn, int64_t now_ns)
{
    conn->backoff_ns = conn->backoff_ns ? conn->backoff_ns * 2 : BACKOFF_FIRST_NS;
    if (conn->backoff_ns > BACKOFF_MOST_NS)
        conn->backoff_ns = BACKOFF_MOST_NS;
    conn->retry_ns = now_ns + conn->backoff_ns;
    if (conn->retry_ns < worker->retry_ns)
        worker->retry_ns = conn->retry_ns;
}

static void reconnect(struct worker *worker, struct conn *conn, int64_t now_ns)
{
    worker->books.tally.reconnects++;
    if (!conn_open(conn, worker->spec.target, &worker->loop))
        retry_later(worker, conn, now_ns);
}

/* A connection has gone DOWN: the first attempt to replace it is made at once. */
static void replace(struct worker *worker, struct conn *conn, int64_t now_ns)
{
    worker->down++;
    if (conn->backoff_ns)
        retry_later(worker, conn, now_ns);
    else
        reconnect(worker, conn, now_ns);
}

static void retry_due(struct worker *worker, int64_t now_ns)
{
    if (now_ns < worker->retry_ns)
        return;
    worker->retry_ns = INT64_MAX;
    for (int i = 0; worker->down > 0 && i < worker->spec.connections; i++) {
        struct conn *conn = &worker->conns[i];
        if (conn->state != CONN_DOWN)
            continue;
        if (conn->retry_ns <= now_ns)
            reconnect(worker, conn, now_ns);
        else if (conn->retry_ns < worker->retry_ns)
            worker->retry_ns = conn->retry_ns;
    }
}

static void connected(struct worker *worker, struct conn *conn, int64_t now_ns)
{
    if (conn_connected(conn) != 0) {
        retry_later(worker, conn, now_ns);
        return;
    }
    worker->down--;
    make_free(worker, conn);
}

/* ---- sending ---- */

static void send_on(struct worker *worker, struct conn *conn, struct request request)
{
    struct tally *tally = &worker->books.tally;
    list_remove(&worker->free, conn);
    conn->request = request;
    conn_send(conn, worker->spec.target);
    list_push(&worker->busy, conn);
    worker->in_flight++;
    if (worker->in_flight > tally->peak_in_flight)
        tally->peak_in_flight = worker->in_flight;
    books_sent(&worker->books, &conn->request);
}

/*
 * Requests that have to wait are noticed now and sent later, so when they were noticed is
 * remembered, for passes that were late: a handful even after a long stop. When the ring
 * is full the last entry grows, which gives its requests a little more lag than they had.
 */
static void remember_late(struct worker *worker, uint64_t first, uint64_t end,
                          int64_t now_ns)
{
    struct late_ring *late = &worker->late;
    if (late->count == LATE_MAX) {
        late->passes[(late->from + late->count - 1) % LATE_MAX].end = end;
        return;
    }
    late->passes[(late->from + late->count++) % LATE_MAX] =
        (struct late_pass){first, end, now_ns};
}

/* When the request was noticed: later than due_ns if its pass was late. */
static int64_t noticed_at(struct worker *worker, uint64_t index, int64_t due_ns)
{
    struct late_ring *late = &worker->late;
    while (late->count > 0 && late->passes[late->from].end <= index) {
        late->from = (late->from + 1) % LATE_MAX;
        late->count--;
    }
    const struct late_pass *pass = &late->passes[late->from];
    bool was_late = late->count > 0 && pass->first <= index;
    return was_late ? pass->noticed_ns : due_ns;
}

/* Moves the first cursor up to now; what it passes is queued. */
static void notice(struct worker *worker, int64_t now_ns)
{
    uint64_t first = worker->noticed.index;
    int64_t first_due_ns = schedule_peek(&worker->noticed);
    if (first_due_ns == SCHEDULE_OVER || worker->start_ns + first_due_ns > now_ns)
        return;
    for (;;) {
        int64_t due_ns = schedule_peek(&worker->noticed);
        if (due_ns == SCHEDULE_OVER || worker->start_ns + due_ns > now_ns)
            break;
        due_ns += worker->start_ns;
        worker->queued++;
        books_due(&worker->books, due_ns, now_ns);
        schedule_advance(&worker->noticed);
    }
    if (now_ns - worker->start_ns - first_due_ns > LATE_NS)
        remember_late(worker, first, worker->noticed.index, now_ns);
}

/* The oldest queued request; the second cursor moves on. */
static struct request take_queued(struct worker *worker, int64_t now_ns)
{
    struct request request = {.due_ns =
                                  worker->start_ns + schedule_peek(&worker->sending),
                              .sent_ns = now_ns,
                              .index = worker->sending.index};
    assert(worker->queued > 0);
    request.noticed_ns = noticed_at(worker, request.index, request.due_ns);
    schedule_advance(&worker->sending);
    worker->queued--;
    return request;
}

static void send_closed_loop(struct worker *worker, int64_t now_ns)
{
    while (worker->free.first && now_ns < worker->books.end_ns) {
        struct request request = {
            .due_ns = now_ns, .noticed_ns = now_ns, .sent_ns = now_ns};
        books_due(&worker->books, now_ns, now_ns);
        send_on(worker, worker->free.first, request);
    }
}

/* Queued requests that found a free connection at once did not wait: theirs is lag. */
static void send_due(struct worker *worker, int64_t now_ns)
{
    if (worker->spec.closed_loop) {
        send_closed_loop(worker, now_ns);
        return;
    }
    uint64_t waiting = worker->queued;
    notice(worker, now_ns);
    while (worker->queued > 0 && worker->free.first) {
        struct request request = take_queued(worker, now_ns);
        request.waited = waiting > 0;
        if (!request.waited)
            request.noticed_ns = now_ns;
        if (waiting > 0)
            waiting--;
        send_on(worker, worker->free.first, request);
    }
}

/* Requests that outlived the time-out while no connection could be had. */
static void give_up_unconnected(struct worker *worker, int64_t now_ns)
{
    while (worker->queued > 0 && worker->down == worker->spec.connections &&
           worker->start_ns + schedule_peek(&worker->sending) + worker->spec.timeout_ns <=
               now_ns) {
        struct request request = take_queued(worker, now_ns);
        books_error(&worker->books, &request, TALLY_CONNECT, now_ns);
    }
}

/* ---- events ---- */

static void end_request(struct worker *worker, struct conn *conn)
{
    list_remove(&worker->busy, conn);
    worker->in_flight--;
}

static void handle_readable(struct worker *worker, struct conn *conn, bool ended)
{
    bool was_busy = conn->state == CONN_BUSY;
    struct conn_list *list = was_busy ? &worker->busy : &worker->free;
    enum conn_event event =
        conn_receive(conn, worker->spec.target, &worker->scratch, ended);
    if (event == CONN_NOTHING)
        return;
    if (was_busy)
        end_request(worker, conn);
    else
        list_remove(list, conn);
    if (event == CONN_ANSWERED) {
        conn->backoff_ns = 0;
        books_answer(&worker->books, &conn->request,
                     worker->spec.target->expected[conn->status]);
    } else if (was_busy) {
        books_error(&worker->books, &conn->request,
                    event == CONN_RESET ? TALLY_RESET : TALLY_PROTOCOL, clock_now_ns());
    }
    if (conn->state == CONN_IDLE)
        make_free(worker, conn);
    else
        replace(worker, conn, clock_now_ns());
}

static void handle_event(struct worker *worker, const struct loop_event *event)
{
    struct conn *conn = event->owner;
    if (conn->state == CONN_CONNECTING && (event->ready & LOOP_WRITE))
        connected(worker, conn, clock_now_ns());
    else if (conn->state == CONN_BUSY && (event->ready & LOOP_WRITE))
        conn_send_rest(conn, worker->spec.target);
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
        replace(worker, conn, now_ns);
    }
    give_up_unconnected(worker, now_ns);
}

static bool open_all(struct worker *worker, struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    for (int i = 0; i < worker->spec.connections; i++) {
        if (!conn_open(&worker->conns[i], worker->spec.target, &worker->loop))
            return error_set(err, "cannot connect to %s: %s%s",
                             sock_format(&worker->spec.target->address, text),
                             strerror(errno),
                             errno == EMFILE ? "; raise 'ulimit -n' or lower -c" : "");
    }
    return true;
}

bool worker_connect(struct worker *worker, struct error *err)
{
    char text[SOCK_ADDRESS_TEXT];
    struct loop_event events[LOOP_EVENTS_MAX];
    int64_t until_ns = clock_now_ns() + worker->spec.timeout_ns;
    sock_format(&worker->spec.target->address, text);
    if (!open_all(worker, err))
        return false;
    while (worker->down > 0 && !atomic_load(worker->stop)) {
        int64_t now_ns = clock_now_ns();
        if (now_ns >= until_ns)
            return error_set(err,
                             "cannot connect to %s: no answer to %d of %d connections",
                             text, worker->down, worker->spec.connections);
        retry_due(worker, now_ns);
        int64_t look_ns = now_ns + LOOK_AROUND_NS;
        int n = loop_wait(&worker->loop, events, look_ns < until_ns ? look_ns : until_ns);
        for (int i = 0; i < n; i++) {
            struct conn *conn = events[i].owner;
            if (conn->state != CONN_CONNECTING) { /* closed again already? */
                handle_event(worker, &events[i]);
                continue;
            }
            int why = conn_connected(conn);
            if (why != 0)
                return error_set(err, "cannot connect to %s: %s; is the service running?",
                                 text, strerror(why));
            worker->down--;
            make_free(worker, conn);
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
    int64_t due_ns = schedule_peek(&worker->noticed);
    if (worker->spec.closed_loop)
        wake_ns = earliest(wake_ns, worker->books.end_ns > now_ns ? worker->books.end_ns
                                                                  : limit_ns);
    else if (due_ns != SCHEDULE_OVER)
        wake_ns = earliest(wake_ns, worker->start_ns + due_ns);
    if (worker->busy.first)
        wake_ns = earliest(wake_ns,
                           worker->busy.first->request.sent_ns + worker->spec.timeout_ns);
    wake_ns = earliest(wake_ns, worker->retry_ns);
    return wake_ns;
}

/* Polls until an event, the time to wake, or the end of what is worth polling for. */
static int spin(struct worker *worker, struct loop_event *events, int64_t wake_ns)
{
    int64_t now_ns = clock_now_ns();
    while (now_ns < wake_ns &&
           (wake_ns - now_ns < SPIN_NS || now_ns - worker->active_ns < SPIN_NS)) {
        int n = loop_wait(&worker->loop, events, 0);
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
        return loop_wait(&worker->loop, events, wake_ns);
    int n = spin(worker, events, wake_ns);
    if (n == 0 && wake_ns - SPIN_NS > clock_now_ns())
        n = loop_wait(&worker->loop, events, wake_ns - SPIN_NS);
    if (n > 0)
        worker->active_ns = clock_now_ns();
    return n;
}

/* Asked to stop early: nothing more is due, what is in flight gets a moment. */
static void cut_short(struct worker *worker, int64_t now_ns, int stop, int64_t *limit_ns)
{
    if (now_ns + 1 < worker->books.end_ns) {
        worker->books.end_ns = now_ns + 1; /* what is due right now is still counted */
        schedule_cut(&worker->noticed, worker->books.end_ns - worker->start_ns);
        schedule_cut(&worker->sending, worker->books.end_ns - worker->start_ns);
    }
    *limit_ns = earliest(*limit_ns, stop >= STOP_NOW ? now_ns : now_ns + STOP_DRAIN_NS);
}

static bool is_finished(const struct worker *worker, int64_t now_ns, int64_t limit_ns)
{
    bool over = worker->spec.closed_loop
                    ? now_ns >= worker->books.end_ns
                    : schedule_peek(&worker->noticed) == SCHEDULE_OVER;
    return now_ns >= limit_ns || (over && now_ns >= worker->books.end_ns &&
                                  !worker->queued && !worker->in_flight);
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
        notice(worker, now_ns);
    while (worker->queued > 0) {
        struct request request = take_queued(worker, now_ns);
        request.waited = true;
        books_error(&worker->books, &request, TALLY_UNSENT, now_ns);
    }
    worker->books.tally.bytes_received = worker->scratch.received;
    books_close(&worker->books, worker->sending.index);
}

void worker_run(struct worker *worker, int64_t start_ns)
{
    struct loop_event events[LOOP_EVENTS_MAX];
    worker->start_ns = start_ns;
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
        retry_due(worker, now_ns);
    }
    close_books(worker, now_ns);
}
