#include "load/load.h"

#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "load/worker.h"
#include "sys/cpu.h"
#include "sys/env.h"
#include "sys/self.h"

/* Between the last connection standing and the first request. */
#define HEAD_START_NS (50 * NS_PER_MS)

struct team {
    const struct load_spec *spec;
    struct worker *workers;
    pthread_t *threads;
    int count;
    int running; /* threads started */
    int64_t start_ns;
    int64_t told_ns; /* when the watcher was last told what had passed */
};

struct member { /* a thread's view of its team */
    struct team *team;
    struct worker *worker;
};

/* Shares of n that differ by at most one and add up to n. */
static int share(int n, int parts, int part)
{
    return n / parts + (part < n % parts ? 1 : 0);
}

static int first_of(int n, int parts, int part)
{
    int extra = n % parts;
    return n / parts * part + (part < extra ? part : extra);
}

static struct worker_spec worker_spec_of(const struct load_spec *spec, int worker)
{
    struct worker_spec out = {.exchange = spec->exchange,
                              .connections =
                                  share(spec->connections, spec->threads, worker),
                              .first = first_of(spec->connections, spec->threads, worker),
                              .closed_loop = spec->profile == NULL,
                              .spin = spec->spin,
                              .warmup_ns = spec->warmup_ns,
                              .duration_ns = spec->duration_ns,
                              .timeout_ns = spec->timeout_ns};
    requests_begin(&out.turn, spec->seed, worker);
    if (!out.closed_loop)
        schedule_init(&out.schedule, spec->arrivals, spec->profile,
                      spec->warmup_ns + spec->duration_ns, spec->seed, worker,
                      spec->threads);
    return out;
}

static bool team_connect(struct team *team, const struct load_spec *spec,
                         atomic_int *stop, struct error *err)
{
    for (int i = 0; i < spec->threads; i++) {
        struct worker_spec worker_spec = worker_spec_of(spec, i);
        if (!worker_init(&team->workers[i], &worker_spec, stop, err))
            return false;
        team->count = i + 1;
        if (!worker_connect(&team->workers[i], err))
            return false;
    }
    return true;
}

static void *run_member(void *argument)
{
    struct member *member = argument;
    const struct team *team = member->team;
    if (team->spec->cpus)
        cpu_pin(team->spec->cpus);
    env_sharpen_timers();
    worker_run(member->worker, team->start_ns);
    mem_free(member);
    return NULL;
}

static bool team_start(struct team *team, atomic_int *stop, struct error *err)
{
    team->start_ns = clock_now_ns() + HEAD_START_NS;
    for (int i = 0; i < team->count; i++) {
        struct member *member = mem_new(1, sizeof(*member));
        *member = (struct member){team, &team->workers[i]};
        int why = pthread_create(&team->threads[i], NULL, run_member, member);
        if (why != 0) {
            mem_free(member);
            atomic_store(stop, true);
            return error_set(err, "cannot start thread %d of %d: %s; lower -t", i + 1,
                             team->count, strerror(why));
        }
        team->running = i + 1;
    }
    return true;
}

static double cpu_seconds(void)
{
    return (double)self_cpu_ns() / 1e9;
}

/* The caller calls books_passed_fini. */
static void take_passed(struct team *team, struct load_second *out)
{
    int64_t now_ns = clock_now_ns();
    *out = (struct load_second){.length_ns = now_ns - team->told_ns};
    team->told_ns = now_ns;
    books_passed_init(&out->passed);
    for (int i = 0; i < team->count; i++) {
        struct worker *worker = &team->workers[i];
        books_take_passed(&worker->books, &out->passed);
        out->due += books_take_due(&worker->books, &out->lag_max_ns);
        out->in_flight += gauge_read(&worker->in_flight);
        out->queued += gauge_read(&worker->queue.length);
    }
}

static void report_second(struct team *team, const struct load_watcher *watcher,
                          int64_t number)
{
    struct load_second second;
    take_passed(team, &second);
    second.number = number;
    if (watcher && watcher->second)
        watcher->second(watcher->context, &second);
    books_passed_fini(&second.passed);
}

static void report_rest(struct team *team, const struct load_watcher *watcher)
{
    struct load_second rest;
    take_passed(team, &rest);
    if (watcher && watcher->rest)
        watcher->rest(watcher->context, &rest);
    books_passed_fini(&rest.passed);
}

/* Sleeps in short steps, so that a stop is seen; true when the time was reached. */
static bool sleep_unless_stopped(int64_t until_ns, atomic_int *stop)
{
    int64_t now_ns;
    while ((now_ns = clock_now_ns()) < until_ns) {
        int64_t step_ns = now_ns + 100 * NS_PER_MS;
        if (atomic_load(stop))
            return false;
        clock_sleep_until(step_ns < until_ns ? step_ns : until_ns);
    }
    return true;
}

/* Follows the run second by second to the end of the measured time. */
static void team_watch(struct team *team, const struct load_watcher *watcher,
                       atomic_int *stop, struct load_outcome *out)
{
    const struct load_spec *spec = team->spec;
    int64_t measure_ns = team->start_ns + spec->warmup_ns;
    int64_t end_ns = measure_ns + spec->duration_ns;
    int64_t first = -(spec->warmup_ns / NS_PER_S);
    double cpu_at_start = 0;
    bool measuring = false, going = true;
    team->told_ns = team->start_ns;
    if (watcher && watcher->started)
        watcher->started(watcher->context, measure_ns, end_ns);
    for (int64_t second = first; going && measure_ns + second * NS_PER_S < end_ns;
         second++) {
        if (second == 0) {
            going = sleep_unless_stopped(measure_ns, stop);
            report_rest(team, watcher); /* what is left of the warm-up is no window */
            cpu_at_start = cpu_seconds();
            measuring = going;
        }
        int64_t until_ns = measure_ns + (second + 1) * NS_PER_S;
        going =
            going && sleep_unless_stopped(until_ns < end_ns ? until_ns : end_ns, stop);
        report_second(team, watcher, second);
    }
    out->cpu_seconds = measuring ? cpu_seconds() - cpu_at_start : 0;
}

/*
 * The workers' logs in one order by due time: their schedules are pure, so fresh copies
 * tell again when each request was due. The warm-up is left out.
 */
static void merge_logs(const struct team *team, struct load_outcome *out)
{
    size_t total = 0;
    struct schedule *at = mem_new((size_t)team->count, sizeof(*at));
    for (int i = 0; i < team->count; i++) {
        at[i] = worker_spec_of(team->spec, i).schedule;
        total += team->workers[i].books.tally.log_count;
    }
    out->log = mem_new(total, sizeof(*out->log));
    for (;;) {
        int first = -1;
        for (int i = 0; i < team->count; i++) {
            if (at[i].index < team->workers[i].books.tally.log_count &&
                (first < 0 || schedule_peek(&at[i]) < schedule_peek(&at[first])))
                first = i;
        }
        if (first < 0)
            break;
        if (schedule_peek(&at[first]) >= team->spec->warmup_ns)
            out->log[out->log_count++] =
                team->workers[first].books.tally.log[at[first].index];
        schedule_advance(&at[first]);
    }
    mem_free(at);
}

/* When the last worker stopped asking, from the start of the measured time. */
static int64_t measured_ns(const struct team *team)
{
    int64_t longest_ns = 0;
    for (int i = 0; i < team->count; i++) {
        const struct books *books = &team->workers[i].books;
        if (books->end_ns - books->measure_ns > longest_ns)
            longest_ns = books->end_ns - books->measure_ns;
    }
    return longest_ns;
}

static void gather_tls(const struct team *team, struct load_outcome *out)
{
    for (int i = 0; i < team->count; i++) {
        const struct tls_memory *memory = &team->workers[i].links.scratch.tls;
        out->tls_handshakes += memory->handshakes;
        out->tls_resumed += memory->resumed;
        if (memory->handshakes > 0)
            memcpy(out->tls_version, memory->version, sizeof(out->tls_version));
    }
}

static void team_gather(struct team *team, struct load_outcome *out)
{
    out->measured_ns = measured_ns(team);
    tally_init(&out->tally, team->workers[0].books.tally.window_count, 0);
    for (int i = 0; i < team->count; i++) {
        tally_merge(&out->tally, &team->workers[i].books.tally);
        out->spin_seconds += (double)team->workers[i].books.spun_ns / 1e9;
    }
    hist_init(&out->latency);
    for (size_t i = 0; i < out->tally.window_count; i++)
        hist_merge(&out->latency, &out->tally.windows[i].latency);
    if (team->spec->profile)
        merge_logs(team, out);
    gather_tls(team, out);
    out->max_rss_bytes = self_resident_peak_bytes();
}

static void team_fini(struct team *team)
{
    for (int i = 0; i < team->count; i++)
        worker_fini(&team->workers[i]);
    mem_free(team->workers);
    mem_free(team->threads);
}

bool load_run(const struct load_spec *spec, const struct load_watcher *watcher,
              atomic_int *stop, struct load_outcome *out, struct error *err)
{
    struct team team = {.spec = spec,
                        .workers = mem_new((size_t)spec->threads, sizeof(*team.workers)),
                        .threads = mem_new((size_t)spec->threads, sizeof(*team.threads))};
    struct load_outcome outcome = {0};
    bool started = team_connect(&team, spec, stop, err) && team_start(&team, stop, err);
    if (started)
        team_watch(&team, watcher, stop, &outcome);
    for (int i = 0; i < team.running; i++)
        pthread_join(team.threads[i], NULL);
    if (started)
        report_rest(&team, watcher);
    outcome.interrupted = atomic_load(stop) != STOP_NOT; /* in the drain, too */
    if (started) {
        team_gather(&team, &outcome);
        *out = outcome;
    }
    team_fini(&team);
    return started;
}

void load_outcome_fini(struct load_outcome *outcome)
{
    tally_fini(&outcome->tally);
    hist_fini(&outcome->latency);
    mem_free(outcome->log);
    *outcome = (struct load_outcome){0};
}
