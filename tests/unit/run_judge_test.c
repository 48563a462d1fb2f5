/*
 * The judge on both sides of each limit of METHOD 6.
 */
#include "run/judge.h"
#include "tap.h"

#define MS 1e6

/* One second at 1000/s with nothing to complain about. */
static struct load_result healthy(void)
{
    struct load_result load = {.offered_rate = 1000,
                               .achieved_rate = 1000,
                               .duration_ns = 1000000000,
                               .connections = 64,
                               .due = 1000,
                               .ok = 1000,
                               .cpu_share = .4};
    for (int i = 0; i < LOAD_PERCENTILES; i++) {
        load.latency.p[i] = 10 * MS * (i + 1);
        load.less_lag.p[i] = 9.9 * MS * (i + 1);
        load.lag.p[i] = .1 * MS;
    }
    load.lag.max = .5 * MS;
    return load;
}

/* Judges and compares: reasons that begin as given (NULL: none), and overloaded. */
static void check(struct load_result load, const char *reason, bool overloaded,
                  const char *what)
{
    int before = load.invalid_count;
    judge_load(&load);
    TAP_INT(load.invalid_count - before, reason ? 1 : 0, what);
    if (reason && load.invalid_count > before) {
        const char *got = load.invalid[before];
        if (!TAP_OK(strncmp(got, reason, strlen(reason)) == 0, "%s: its reason", what))
            printf("# got      %s\n# expected %s…\n", got, reason);
    }
    TAP_OK(load.overloaded == overloaded, "%s: %soverloaded", what,
           overloaded ? "" : "not ");
}

static void no_data(void)
{
    struct load_result load = healthy();
    load.due = 0;
    load.achieved_rate = 0;
    check(load, "no data: no request was due in the measured time", false, "no data");
    load.offered_rate = (double)NAN;
    check(load, "no data", false, "no data of a closed loop");
    struct load_result empty = {.offered_rate = 1000};
    check(empty, "no data", false, "nothing at all");
}

static void lag_tail(void)
{
    struct load_result load = healthy();
    check(load, NULL, false, "healthy");
    load.lag.p[LOAD_P99] = 1 * MS;
    check(load, NULL, false, "lag p99 of 1 ms");
    load.lag.p[LOAD_P99] = 1.01 * MS;
    check(load, "the generator was late: its lag's p99 1.01 ms is over 1 ms", false,
          "lag p99 over 1 ms");
    load.lag.p[LOAD_P50] = load.lag.p[LOAD_P99] = 0;
    load.lag.p[LOAD_P999] = load.lag.p[LOAD_P9999] = load.lag.max = 50 * MS;
    check(load, NULL, false, "rare lag beyond the p99");
}

/* Fewer than 1000 requests have no p99; then the largest lag must do. */
static void lag_of_a_short_run(void)
{
    struct load_result load = healthy();
    load.lag.p[LOAD_P99] = (double)NAN;
    load.lag.max = 1 * MS;
    check(load, NULL, false, "short run, largest lag 1 ms");
    load.lag.max = 1.01 * MS;
    check(load, "the generator was late", false, "short run, largest lag over 1 ms");
}

static void lag_share(enum load_percentile percentile, const char *reason)
{
    struct load_result load = healthy();
    load.latency.p[percentile] = 1000;
    load.less_lag.p[percentile] = 900;
    check(load, NULL, false, "lag of 10 % of a percentile");
    load.less_lag.p[percentile] = 899;
    check(load, reason, false, "lag over 10 % of a percentile");
    load.less_lag.p[percentile] = (double)NAN;
    check(load, NULL, false, "lag unknown");
    load.less_lag.p[percentile] = 899;
    load.latency.p[percentile] = (double)INFINITY;
    check(load, NULL, false, "a percentile that reaches the errors");
}

static void lag_shares(void)
{
    lag_share(LOAD_P50, "the generator was late: lag is 10 % of the latency's p50 1.00 ");
    struct load_result load = healthy();
    load.less_lag.p[LOAD_P90] = load.less_lag.p[LOAD_P99] = 1 * MS;
    check(load, NULL, false, "higher percentiles answer for themselves");
    load = healthy();
    load.lag.p[LOAD_P99] = 2 * MS;
    load.less_lag.p[LOAD_P50] = 1 * MS;
    check(load, "the generator was late: its lag's p99", false,
          "late by both rules: told once");
}

static void cpu(void)
{
    struct load_result load = healthy();
    load.cpu_share = .80;
    check(load, NULL, false, "CPU of 80 %");
    load.cpu_share = .81;
    check(load, "the generator used 81 % of its CPU time", false, "CPU over 80 %");
}

static struct load_result with_backlog(uint64_t start, uint64_t middle, uint64_t end)
{
    struct load_result load = healthy();
    load.due = 10000;
    load.duration_ns = 10000000000;
    load.backlog[0] = start;
    load.backlog[1] = middle;
    load.backlog[2] = end;
    return load;
}

/* 1000/s with a median of 10 ms: 10 in flight; chance moves that by 4 sqrt(20) = 17.9. */
static void overloaded(void)
{
    check(with_backlog(10, 10, 10), NULL, false, "nothing piles up");
    check(with_backlog(0, 50, 100), NULL, false, "1 % more at the end");
    check(with_backlog(0, 50, 101), NULL, true, "more than 1 %");
    check(with_backlog(10, 100, 190), NULL, true, "from the start on");
    check(with_backlog(0, 0, 900), NULL, false, "a stall at the end only");
    check(with_backlog(0, 900, 900), NULL, false, "a stall before the middle");
    check(with_backlog(900, 450, 0), NULL, false, "a backlog that is worked off");
    struct load_result load = with_backlog(0, 30, 60);
    load.due = 600; /* in 10 s of 500 ms: 30 in flight, moved by 31 */
    load.latency.p[LOAD_P50] = load.less_lag.p[LOAD_P50] = 500 * MS;
    check(load, NULL, false, "no warm-up: the first are only on their way");
    load.backlog[2] = 62;
    check(load, NULL, true, "and two more are too many");
    load.interrupted = true;
    load.overloaded = false;
    check(load, NULL, false, "an interrupted run has no end to look at");
}

static void no_answers(void)
{
    struct load_result load = healthy();
    load.ok = 0;
    check(load, "no data: not one of 1000 requests got a good answer", false,
          "no answer");
}

/* One second in which only half of what was due was answered. */
static struct load_result piled_up(void)
{
    struct load_result load = healthy();
    load.achieved_rate = 500;
    load.backlog[1] = 250;
    load.backlog[2] = 500;
    return load;
}

/* A rate that is missed by a generator that was itself unwell says nothing. */
static void rate_of_the_unwell(void)
{
    struct load_result load = piled_up();
    load.cpu_share = .95;
    judge_load(&load);
    TAP_INT(load.invalid_count, 2, "behind and unwell: both are told");
    TAP_TEXT(load.invalid[1],
             "it answered 500/s of 1000/s due, and the generator was "
             "not well",
             "… with the rates");
    TAP_OK(!load.overloaded, "… and the service is not called overloaded");
    load = piled_up();
    load.lag.p[LOAD_P99] = 2 * MS;
    load.cpu_share = .95;
    judge_load(&load);
    TAP_INT(load.invalid_count, 3, "late, busy and behind: three reasons");
}

static void closed_loop(void)
{
    struct load_result load = healthy();
    load.offered_rate = (double)NAN;
    load.achieved_rate = 1;
    load.cpu_share = 1;
    check(load, NULL, false, "a closed loop has no rate to hold");
}

/* Reasons that stand already are kept, and count as unwell. */
static void earlier_reasons(void)
{
    struct load_result load = piled_up();
    load.invalid_count = 1;
    strcpy(load.invalid[0], "earlier");
    check(load, "it answered 500/s", false, "after an earlier reason");
    judge_load(&load);
    TAP_TEXT(load.invalid[0], "earlier", "the earlier reason is kept");
    load = healthy();
    load.invalid_count = LOAD_INVALID_MAX;
    load.cpu_share = 1;
    judge_load(&load);
    TAP_INT(load.invalid_count, LOAD_INVALID_MAX, "no more reasons than there is room");
}

int main(void)
{
    no_data();
    lag_tail();
    lag_of_a_short_run();
    lag_shares();
    cpu();
    overloaded();
    no_answers();
    rate_of_the_unwell();
    closed_loop();
    earlier_reasons();
    return tap_done();
}
