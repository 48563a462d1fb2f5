/*
 * A whole run: threads, the watcher, a stop, and the law of METHOD 9 for a server that is
 * frozen for a while.
 */
#include "generated.h"

/* Threads and connections that do not divide evenly, and more threads than windows. */
static void uneven(void)
{
    struct load_spec spec = usual_spec();
    spec.threads = 3;
    spec.connections = 7;
    spec.profile = rate_of(333);
    spec.arrivals = ARRIVALS_POISSON;
    struct load_outcome outcome = run_script(prompt, spec);
    uint64_t due = 0;
    for (int w = 0; w < 3; w++) {
        struct schedule schedule;
        schedule_init(&schedule, ARRIVALS_POISSON, spec.profile, 300 * NS_PER_MS, 5, w,
                      3);
        for (; schedule_peek(&schedule) != SCHEDULE_OVER; schedule_advance(&schedule))
            due += schedule_peek(&schedule) >= 50 * NS_PER_MS;
    }
    check_books(&outcome, true, "uneven");
    TAP_INT(outcome.tally.due, due, "due is what the schedules say");
    TAP_INT((int64_t)server.accepted, 7, "seven connections over three threads");
    load_outcome_fini(&outcome);
}

struct seen {
    int started, seconds;
    uint64_t ok, due;
    int64_t span_ns, first, last;
    struct load_second middle; /* as the first second ended */
};

static void note_start(void *context, int64_t measure_ns, int64_t end_ns)
{
    struct seen *seen = context;
    seen->started++;
    seen->span_ns = end_ns - measure_ns;
}

static void note_second(void *context, const struct load_second *second)
{
    struct seen *seen = context;
    if (seen->seconds++ == 0) {
        seen->first = second->number;
        seen->middle = *second;
    }
    seen->last = second->number;
    seen->ok += second->passed.ok;
    seen->due += second->due;
}

/* T, S and the lateness of p: METHOD 9, freeze. */
#define RUN_NS (2 * NS_PER_S)
#define FREEZE_NS (400 * NS_PER_MS)

static void freeze_in_the_middle(void *context, int64_t measure_ns, int64_t end_ns)
{
    note_start(context, measure_ns, end_ns);
    server.freeze_ns = FREEZE_NS;
    server.freeze_at_ns = measure_ns + 700 * NS_PER_MS;
}

static void near_law(const struct load_outcome *outcome, double q)
{
    /* What the machine took away from generator or server can only be added. */
    double frozen = (double)server.freeze_ns / 1e9;
    double lag = (double)outcome->tally.lag.max_ns / 1e9;
    double law = frozen - (1 - q) * (double)RUN_NS / 1e9;
    double got = (double)hist_quantile(&outcome->latency, q) / 1e9;
    TAP_OK(got > law - 0.02 && got < law + 0.06 + lag, "p%g of a frozen server: %.3f s",
           q * 100, got);
    printf("# the law says %.3f s\n", law);
}

static void freeze(void)
{
    struct load_spec spec = usual_spec();
    struct seen seen = {0};
    struct load_outcome outcome = {0};
    spec.duration_ns = RUN_NS;
    spec.connections = 6;
    scripted_start(&server, prompt);
    const struct load_watcher watcher = {
        .context = &seen, .started = freeze_in_the_middle, .second = note_second};
    if (!run(spec, &watcher, NULL, &outcome))
        exit(1);
    scripted_stop(&server);
    check_books(&outcome, true, "frozen server");
    TAP_OK(outcome.tally.ok == 800 && server.freeze_at_ns == 0, "all are there");
    near_law(&outcome, 0.99);
    near_law(&outcome, 0.95);
    near_law(&outcome, 0.9);
    TAP_OK(outcome.tally.wait.max_ns > 300 * NS_PER_MS, "most of it was waiting");
    TAP_INT(outcome.tally.window_count, 2, "a window a second");
    TAP_INT(outcome.tally.windows[1].ok, 400, "in which the requests were due");
    TAP_OK(seen.started == 1 && seen.span_ns == RUN_NS, "the watcher heard of the start");
    TAP_OK(seen.seconds == 2 && seen.first == 0 && seen.last == 1 && seen.ok >= 700 &&
               seen.ok <= 820,
           "and of each second");
    TAP_OK(seen.due >= 780 && seen.due <= 820, "all that fell due is in the seconds");
    TAP_INT(seen.middle.in_flight, 6, "frozen: each connection has a request in flight");
    TAP_OK(seen.middle.queued >= 60 && seen.middle.queued <= 120,
           "… and the others are queued: %llu", (unsigned long long)seen.middle.queued);
    load_outcome_fini(&outcome);
}

/* ---- nothing is missing in what the watcher is told ---- */

struct told {
    int seconds, rests;
    uint64_t due, ok, errors, in_hist;
    int64_t length_ns;
};

static void add_told(struct told *told, const struct load_second *passed)
{
    told->due += passed->due;
    told->ok += passed->passed.ok;
    for (int i = 0; i < TALLY_ERRORS; i++)
        told->errors += passed->passed.errors[i];
    told->in_hist += hist_total(&passed->passed.latency);
    told->length_ns += passed->length_ns;
}

static void tell_second(void *context, const struct load_second *second)
{
    struct told *told = context;
    told->seconds++;
    add_told(told, second);
}

static void tell_rest(void *context, const struct load_second *rest)
{
    struct told *told = context;
    told->rests++;
    add_told(told, rest);
}

/* Slow enough that some are under way at both ends of the measured time; some fail. */
static struct scripted_act slow(uint64_t index)
{
    if (index % 10 == 3)
        return (struct scripted_act){"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 0,
                                     SCRIPTED_KEEP};
    return (struct scripted_act){SCRIPTED_OK, 20 * NS_PER_MS, SCRIPTED_KEEP};
}

static void complete(int64_t warmup_ns, int64_t duration_ns, int seconds)
{
    struct load_spec spec = usual_spec();
    struct told told = {0};
    struct load_outcome outcome = {0};
    const struct load_watcher watcher = {
        .context = &told, .second = tell_second, .rest = tell_rest};
    spec.profile = rate_of(200);
    spec.arrivals = ARRIVALS_CONSTANT;
    spec.connections = 8;
    spec.warmup_ns = warmup_ns;
    spec.duration_ns = duration_ns;
    scripted_start(&server, slow);
    if (!run(spec, &watcher, NULL, &outcome))
        exit(1);
    scripted_stop(&server);
    uint64_t warm = (uint64_t)(warmup_ns / (5 * NS_PER_MS));
    TAP_INT(told.seconds, seconds, "seconds");
    TAP_INT(told.rests, 2, "… and two rests: before and after the measured time");
    TAP_INT(told.due, outcome.tally.due + warm, "due: measured and warm-up");
    TAP_INT(told.ok + told.errors, told.due, "each has ended, good or bad");
    TAP_INT(told.in_hist, told.due, "… and is in a histogram");
    TAP_OK(told.errors >= told.due / 10 - 1 && told.errors <= told.due / 10 + 1,
           "a tenth is bad");
    TAP_OK(told.length_ns >= warmup_ns + duration_ns, "the times are complete, too");
    load_outcome_fini(&outcome);
}

static atomic_int stopped;

static void *ring(void *argument)
{
    clock_sleep_until(clock_now_ns() + *(int64_t *)argument);
    atomic_store(&stopped, true);
    return NULL;
}

/* A stop after half a second of a long run. */
static void interrupted(void)
{
    struct load_spec spec = usual_spec();
    struct load_outcome outcome = {0};
    pthread_t bell;
    int64_t after_ns = 500 * NS_PER_MS;
    spec.duration_ns = 60 * NS_PER_S;
    scripted_start(&server, prompt);
    pthread_create(&bell, NULL, ring, &after_ns);
    bool ran = run(spec, NULL, &stopped, &outcome);
    pthread_join(bell, NULL);
    scripted_stop(&server);
    TAP_OK(ran && outcome.interrupted, "interrupted");
    check_books(&outcome, true, "interrupted");
    TAP_OK(outcome.tally.due > 0 && outcome.tally.due <= server.requests,
           "what was due until then is counted");
    TAP_OK(outcome.measured_ns > 0 && outcome.measured_ns < 30 * NS_PER_S,
           "and how long");
    load_outcome_fini(&outcome);
}

static void nobody_there(void)
{
    struct load_outcome outcome = {0};
    scripted_start(&server, prompt);
    scripted_stop(&server);
    TAP_OK(!run(usual_spec(), NULL, NULL, &outcome), "nobody listens: a sentence");
}

int main(void)
{
    uneven();
    freeze();
    complete(0, 300 * NS_PER_MS, 1);
    complete(150 * NS_PER_MS, 1300 * NS_PER_MS, 2);
    complete(1200 * NS_PER_MS, 400 * NS_PER_MS, 2);
    interrupted();
    nobody_there();
    return tap_done();
}
