/*
 * Tolerances are those of the sample, not of the machine: queues at 80 % load move
 * slowly, so their means of some ten seconds scatter by several per cent.
 */
#include "run/selftest_rows.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

/* What is looked at, in the unit in which it is printed. */
static double p50_ms(const struct selftest_outcome *o)
{
    return o->load.latency.p[LOAD_P50] / 1e6;
}

static double p95_ms(const struct selftest_outcome *o)
{
    return o->load.latency.p[LOAD_P95] / 1e6;
}

static double p99_ms(const struct selftest_outcome *o)
{
    return o->load.latency.p[LOAD_P99] / 1e6;
}

static double mean_ms(const struct selftest_outcome *o)
{
    return o->load.latency.mean / 1e6;
}

static double lag_p50_ms(const struct selftest_outcome *o)
{
    return o->load.lag.p[LOAD_P50] / 1e6;
}

static double lag_p99_ms(const struct selftest_outcome *o)
{
    return o->load.lag.p[LOAD_P99] / 1e6;
}

static double errors_percent(const struct selftest_outcome *o)
{
    return 100 * (double)load_result_errors(&o->load) / (double)o->load.due;
}

static double due_count(const struct selftest_outcome *o)
{
    return (double)o->load.due;
}

static double answered_percent(const struct selftest_outcome *o)
{
    return 100 * (double)o->load.ok / (double)o->load.due;
}

static double steal_percent(const struct selftest_outcome *o)
{
    return 100 * o->steal_share;
}

/* How far the gaps as sent are from the exponential law. */
static double gaps_off_percent(const struct selftest_outcome *o)
{
    return 100 * o->load.arrival_check.distance;
}

/* How many of the reasons for INVALID blame the generator; -1 if any blames another. */
static double blames_generator(const struct selftest_outcome *o)
{
    for (int i = 0; i < o->load.invalid_count; i++) {
        if (!strstr(o->load.invalid[i], "the generator was late"))
            return -1;
    }
    return o->load.invalid_count;
}

#define S NS_PER_S
#define MS NS_PER_MS
#define SHOWN (double)NAN, 0, (double)INFINITY
#define BEYOND (double)INFINITY, (double)INFINITY, (double)INFINITY

const struct selftest_row selftest_rows[] = {
    {.law = "null",
     .load = "2,000/s",
     .rate = "2k",
     .arrivals = ARRIVALS_POISSON,
     .warmup_ns = S,
     .duration_ns = 2 * S,
     .timeout_ns = S,
     .quick = true,
     .checks = {{"p50", "ms", p50_ms, SHOWN},
                {"lag p50", "ms", lag_p50_ms, SHOWN},
                {"lag p99", "ms", lag_p99_ms, SHOWN},
                {"steal", "%", steal_percent, SHOWN},
                {"gaps off", "%", gaps_off_percent, 0, 0, 10}}},
    {.law = "fixed:2ms",
     .load = "1,000/s",
     .rate = "1k",
     .arrivals = ARRIVALS_POISSON,
     .warmup_ns = S,
     .duration_ns = 2 * S,
     .timeout_ns = S,
     .quick = true,
     .checks = {{"p50", "ms", p50_ms, 2, 2, 2.5}}},
    /* p_q = S - (1-q) P, plus what the machine adds */
    {.law = "stall:200ms,2s",
     .load = "1,000/s, constant",
     .rate = "1k",
     .arrivals = ARRIVALS_CONSTANT,
     .connections = 300,
     .duration_ns = 6 * S,
     .timeout_ns = 5 * S,
     .quick = true,
     .checks = {{"p95", "ms", p95_ms, 100, 95, 110},
                {"p99", "ms", p99_ms, 180, 175, 190}}},
    /* p_q = S - (1-q) T: the oracle itself is stopped, and nothing of it runs */
    {.law = "null",
     .load = "1,000/s, oracle stopped for 500 ms",
     .rate = "1k",
     .arrivals = ARRIVALS_CONSTANT,
     .connections = 600,
     .duration_ns = 5 * S,
     .timeout_ns = 5 * S,
     .victim = STOP_SERVICE,
     .stop_ns = 500 * MS,
     .checks = {{"p95", "ms", p95_ms, 250, 240, 265},
                {"p99", "ms", p99_ms, 450, 440, 465}}},
    {.law = "null",
     .load = "1,000/s, generator stopped for 200 ms",
     .rate = "1k",
     .arrivals = ARRIVALS_CONSTANT,
     .duration_ns = 2 * S,
     .timeout_ns = 5 * S,
     .victim = STOP_GENERATOR,
     .stop_ns = 200 * MS,
     .quick = true,
     .checks = {{"blamed", "", blames_generator, 1, 1, 2},
                {"lag p99", "ms", lag_p99_ms, 180, 160, 220}}},
    /* M/M/1 at 80 %: sojourn exponential, mean 1 ms */
    {.law = "mm1:200us",
     .load = "4,000/s Poisson, 80 % busy",
     .rate = "4k",
     .arrivals = ARRIVALS_POISSON,
     .connections = 400,
     .warmup_ns = S,
     .duration_ns = 10 * S,
     .timeout_ns = 5 * S,
     .checks = {{"mean", "ms", mean_ms, 1.0, .75, 1.35},
                {"p99", "ms", p99_ms, 4.6, 3.2, 6.6}}},
    /* M/D/1 at 80 %: mean 3 service times (Pollaczek-Khinchine) */
    {.law = "md1:200us",
     .load = "4,000/s Poisson, 80 % busy",
     .rate = "4k",
     .arrivals = ARRIVALS_POISSON,
     .connections = 400,
     .warmup_ns = S,
     .duration_ns = 10 * S,
     .timeout_ns = 5 * S,
     .checks = {{"mean", "ms", mean_ms, .6, .5, .8}}},
    /* A schedule sliced by connection would give a p99 of 51 ms. */
    {.law = "slow:100ms,0.7%",
     .load = "2,000/s over 100 connections",
     .rate = "2k",
     .arrivals = ARRIVALS_POISSON,
     .connections = 100,
     .warmup_ns = S,
     .duration_ns = 5 * S,
     .timeout_ns = 5 * S,
     .checks = {{"p99", "ms", p99_ms, 1, 0, 3}}},
    {.law = "errors:10%",
     .load = "1,000/s",
     .rate = "1k",
     .arrivals = ARRIVALS_POISSON,
     .warmup_ns = S,
     .duration_ns = 3 * S,
     .timeout_ns = S,
     .quick = true,
     .checks = {{"errors", "%", errors_percent, 10, 7, 13},
                {"p50", "ms", p50_ms, 0, 0, 1}}},
    {.law = "slow:3s,3%",
     .load = "1,000/s, time-out 2 s",
     .rate = "1k",
     .arrivals = ARRIVALS_POISSON,
     .connections = 200,
     .duration_ns = 5 * S,
     .timeout_ns = 2 * S,
     .checks = {{"p99", "ms", p99_ms, BEYOND}, {"errors", "%", errors_percent, 3, 2, 4}}},
    {.law = "fixed:3s",
     .load = "20/s for 1 s: answered after the end",
     .rate = "20",
     .arrivals = ARRIVALS_CONSTANT,
     .duration_ns = S,
     .timeout_ns = 5 * S,
     .quick = true,
     .checks = {{"answered", "%", answered_percent, 100, 100, 100},
                {"p50", "ms", p50_ms, 3000, 3000, 3100}}},
    {.law = "null",
     .load = "333,333/s over 2 threads, 5 connections",
     .rate = "333333",
     .arrivals = ARRIVALS_CONSTANT,
     .connections = 5,
     .threads = 2,
     .duration_ns = S,
     .timeout_ns = S,
     .checks = {{"due", "", due_count, 333333, 333300, 333366}}},
};

const int selftest_row_count = sizeof(selftest_rows) / sizeof(selftest_rows[0]);
