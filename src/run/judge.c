#include "run/judge.h"

#include <math.h>

#include "base/units.h"

/* METHOD 6. */
#define LAG_P99_MAX_NS 1e6
#define CPU_SHARE_MAX 0.80
#define RATE_TOLERANCE 0.01
#define CHANCE_SIGMAS 4
#define HALF_SHARE 5 /* a fifth of the growth, at least, in either half */

/* The lag's p99, or its largest value in a run too short for a p99. */
static double lag_tail(const struct load_result *result)
{
    double p99 = result->lag.p[LOAD_P99];
    return isnan(p99) ? result->lag.max : p99;
}

/*
 * Lag is part of the latency: how much of it would a punctual generator not have seen? At
 * the median it spoils the whole run; a higher percentile with too much of it is alone in
 * having no verdict (compare.c).
 */
static void judge_lag_share(struct load_result *result)
{
    char latency_text[UNITS_TEXT_BYTES];
    double share = load_result_lag_share(result, LOAD_P50);
    if (share > LOAD_LAG_SHARE_MAX)
        load_reason_add(
            result->invalid, &result->invalid_count,
            "the generator was late: lag is %.0f %% of the latency's p50 %s; give it "
            "a CPU of its own, or lower the rate",
            100 * share,
            units_format_duration(result->latency.p[LOAD_P50], latency_text));
}

bool judge_was_late(const struct load_result *result)
{
    return isfinite(result->offered_rate) && lag_tail(result) > LAG_P99_MAX_NS;
}

static void judge_lag(struct load_result *result)
{
    char lag_text[UNITS_TEXT_BYTES];
    double lag = lag_tail(result);
    if (judge_was_late(result))
        load_reason_add(
            result->invalid, &result->invalid_count,
            "the generator was late: its lag's %s %s is over 1 ms; give it a CPU "
            "of its own, or lower the rate",
            isnan(result->lag.p[LOAD_P99]) ? "largest value" : "p99",
            units_format_duration(lag, lag_text));
    else
        judge_lag_share(result);
}

/*
 * A service is overloaded when what is due piles up through the whole measured time: more
 * at the end than at the start by over 1 % of all that was due, and by more than chance
 * moves the number in flight (Poisson, its mean by Little's law being rate x latency; a
 * run without warm-up begins with none in flight). A stall at the very end is no
 * overload: both halves must have their part in it.
 */
static bool is_piling_up(const struct load_result *result)
{
    double start = (double)result->backlog[0], middle = (double)result->backlog[1];
    double end = (double)result->backlog[2], growth = end - start;
    double p50 = result->latency.p[LOAD_P50];
    double seconds = (double)result->duration_ns / 1e9;
    double in_flight =
        isfinite(p50) && seconds > 0 ? (double)result->due / seconds * p50 / 1e9 : 0;
    in_flight = fmin(in_flight, result->connections); /* the others are queued */
    double chance = fmax(in_flight - start, 0) + CHANCE_SIGMAS * sqrt(2 * in_flight);
    return growth > RATE_TOLERANCE * (double)result->due && growth > chance &&
           middle - start > growth / HALF_SHARE && end - middle > growth / HALF_SHARE;
}

static void judge_rate(struct load_result *result)
{
    if (result->interrupted || !is_piling_up(result))
        return;
    result->overloaded = result->invalid_count == 0;
    if (!result->overloaded)
        load_reason_add(
            result->invalid, &result->invalid_count,
            "it answered %.0f/s of %.0f/s due, and the generator was not well",
            result->achieved_rate,
            (double)result->due / ((double)result->duration_ns / 1e9));
}

void judge_load(struct load_result *result)
{
    bool open_loop = isfinite(result->offered_rate);
    if (result->due == 0) {
        load_reason_add(result->invalid, &result->invalid_count,
                        "no data: no request was due in the measured time");
        return;
    }
    if (result->ok == 0)
        load_reason_add(result->invalid, &result->invalid_count,
                        "no data: not one of %llu requests got a good answer",
                        (unsigned long long)result->due);
    if (!open_loop)
        return;
    judge_lag(result);
    if (result->cpu_share > CPU_SHARE_MAX)
        load_reason_add(
            result->invalid, &result->invalid_count,
            "the generator used %.0f %% of its CPU time; give it more threads (-t) "
            "and CPUs, or lower the rate",
            100 * result->cpu_share);
    judge_rate(result);
}
