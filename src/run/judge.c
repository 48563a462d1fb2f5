#include "run/judge.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/units.h"

/* METHOD 6. */
#define LAG_P99_MAX_NS 1e6
#define CPU_SHARE_MAX 0.80
#define RATE_TOLERANCE 0.01

__attribute__((format(printf, 2, 3))) static void add_reason(struct load_result *result,
                                                             const char *format, ...)
{
    va_list args;
    if (result->invalid_count == LOAD_INVALID_MAX)
        return;
    va_start(args, format);
    vsnprintf(result->invalid[result->invalid_count++], LOAD_REASON_BYTES, format, args);
    va_end(args);
}

/* The lag's p99, or its largest value in a run too short for a p99. */
static double lag_tail(const struct load_result *result)
{
    double p99 = result->lag.p[LOAD_P99];
    return isnan(p99) ? result->lag.max : p99;
}

/* Lag is part of the latency: how much of a percentile would a punctual generator not
 * have seen? */
static bool is_late_at(struct load_result *result, enum load_percentile percentile)
{
    char latency_text[UNITS_TEXT_BYTES];
    double share = load_result_lag_share(result, percentile);
    if (!(share > LOAD_LAG_SHARE_MAX))
        return false;
    add_reason(result,
               "the generator was late: lag is %.0f %% of the latency's %s %s; give it a "
               "CPU of its own, or lower the rate",
               100 * share, load_percentile_names[percentile],
               units_format_duration(result->latency.p[percentile], latency_text));
    return true;
}

static void judge_lag(struct load_result *result)
{
    char lag_text[UNITS_TEXT_BYTES];
    double lag = lag_tail(result);
    if (lag > LAG_P99_MAX_NS)
        add_reason(result,
                   "the generator was late: its lag's p99 %s is over 1 ms; give it a CPU "
                   "of its own, or lower the rate",
                   units_format_duration(lag, lag_text));
    else if (!is_late_at(result, LOAD_P50))
        is_late_at(result, LOAD_P99);
}

/*
 * A service is overloaded when more went unanswered in time than 1 % of what was due and
 * than can be in flight at once; what ended in another error was answered, badly.
 * Compared with what was due: a Poisson count differs from rate x time by chance.
 */
static void judge_rate(struct load_result *result)
{
    double answered = result->achieved_rate * (double)result->duration_ns / 1e9;
    double missing = (double)result->due - answered - (double)load_result_refused(result);
    if (missing <= RATE_TOLERANCE * (double)result->due ||
        missing <= (double)result->connections)
        return;
    result->overloaded = result->invalid_count == 0;
    if (!result->overloaded)
        add_reason(result,
                   "it answered %.0f/s of %.0f/s due, and the generator was not well",
                   result->achieved_rate,
                   (double)result->due / ((double)result->duration_ns / 1e9));
}

void judge_load(struct load_result *result)
{
    bool open_loop = isfinite(result->offered_rate);
    if (result->due == 0) {
        add_reason(result, "no data: no request was due in the measured time");
        return;
    }
    if (!open_loop)
        return;
    judge_lag(result);
    if (result->cpu_share > CPU_SHARE_MAX)
        add_reason(
            result,
            "the generator used %.0f %% of its CPU time; give it more threads (-t) "
            "and CPUs, or lower the rate",
            100 * result->cpu_share);
    judge_rate(result);
}
