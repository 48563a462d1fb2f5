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
                               .due = 1000,
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
    load.offered_rate = NAN;
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
    load.lag.p[LOAD_P99] = NAN;
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
    load.less_lag.p[percentile] = NAN;
    check(load, NULL, false, "lag unknown");
    load.less_lag.p[percentile] = 899;
    load.latency.p[percentile] = INFINITY;
    check(load, NULL, false, "a percentile that reaches the errors");
}

static void lag_shares(void)
{
    lag_share(LOAD_P50, "the generator was late: lag is 10 % of the latency's p50 1.00 ");
    lag_share(LOAD_P99, "the generator was late: lag is 10 % of the latency's p99 1.00 ");
    struct load_result load = healthy();
    load.less_lag.p[LOAD_P50] = load.less_lag.p[LOAD_P99] = 1 * MS;
    check(load, "the generator was late: lag is 90 % of the latency's p50", false,
          "late at both: told once");
    load = healthy();
    load.less_lag.p[LOAD_P90] = load.less_lag.p[LOAD_P999] = 1 * MS;
    check(load, NULL, false, "only p50 and p99 are judged");
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

/* Duration and count are such that due differs from offered, as Poisson's does. */
static void rate(void)
{
    struct load_result load = healthy();
    load.duration_ns = 2000000000;
    load.due = 2100;
    load.achieved_rate = 1039.5;
    check(load, NULL, false, "1 % below what was due");
    load.achieved_rate = 1039;
    check(load, NULL, true, "more than 1 % below, the generator well");
    load.due = 1900;
    load.achieved_rate = 945;
    check(load, NULL, false, "below the offered rate, but all that was due");
    load.achieved_rate = 1000;
    check(load, NULL, false, "above what was due");
}

/* What is in flight at the end is no queue, and what was refused was not too slow. */
static void not_overloaded(void)
{
    struct load_result load = healthy();
    load.achieved_rate = 936;
    load.connections = 64;
    check(load, NULL, false, "64 of 64 connections busy at the end");
    load.achieved_rate = 935;
    check(load, NULL, true, "one more");
    load = healthy();
    load.achieved_rate = 0;
    load.errors[LOAD_ERROR_PROTOCOL] = 400;
    load.errors[LOAD_ERROR_RESET] = load.errors[LOAD_ERROR_CONNECT] = 300;
    check(load, NULL, false, "all refused, none late");
    load.errors[LOAD_ERROR_TIMEOUT] = 300;
    load.errors[LOAD_ERROR_CONNECT] = 0;
    check(load, NULL, true, "300 of 1000 timed out");
}

/* A rate that is missed by a generator that was itself unwell says nothing. */
static void rate_of_the_unwell(void)
{
    struct load_result load = healthy();
    load.achieved_rate = 500;
    load.cpu_share = .95;
    judge_load(&load);
    TAP_INT(load.invalid_count, 2, "behind and unwell: both are told");
    TAP_TEXT(load.invalid[1],
             "it answered 500/s of 1000/s due, and the generator was "
             "not well",
             "… with the rates");
    TAP_OK(!load.overloaded, "… and the service is not called overloaded");
    load = healthy();
    load.achieved_rate = 500;
    load.lag.p[LOAD_P99] = 2 * MS;
    load.cpu_share = .95;
    judge_load(&load);
    TAP_INT(load.invalid_count, 3, "late, busy and behind: three reasons");
}

static void closed_loop(void)
{
    struct load_result load = healthy();
    load.offered_rate = NAN;
    load.achieved_rate = 1;
    load.cpu_share = 1;
    check(load, NULL, false, "a closed loop has no rate to hold");
}

/* Reasons that stand already are kept, and count as unwell. */
static void earlier_reasons(void)
{
    struct load_result load = healthy();
    load.invalid_count = 1;
    strcpy(load.invalid[0], "earlier");
    load.achieved_rate = 500;
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
    rate();
    not_overloaded();
    rate_of_the_unwell();
    closed_loop();
    earlier_reasons();
    return tap_done();
}
