#include "load/schedule.h"

/* One division of whole numbers, so that no rounding adds up: with sums of gaps, the
 * request due at 1 s would be due a nanosecond early, and one too many before the end. */
static double constant_ns(const struct schedule *schedule)
{
    uint64_t turn = schedule->worker + schedule->index * schedule->workers;
    return (double)turn * 1e9 / schedule->rate_hz;
}

static void settle(struct schedule *schedule)
{
    double at =
        schedule->arrivals == ARRIVALS_POISSON ? schedule->at_ns : constant_ns(schedule);
    schedule->next_ns = at < (double)schedule->span_ns ? (int64_t)at : SCHEDULE_OVER;
}

void schedule_init(struct schedule *schedule, enum arrivals arrivals, double rate_hz,
                   int64_t span_ns, uint64_t seed, int worker, int workers)
{
    *schedule = (struct schedule){.arrivals = arrivals,
                                  .rate_hz = rate_hz,
                                  .gap_ns = 1e9 / rate_hz * workers,
                                  .worker = (uint64_t)worker,
                                  .workers = (uint64_t)workers,
                                  .span_ns = span_ns};
    rng_init(&schedule->rng, seed, (uint64_t)worker);
    if (arrivals == ARRIVALS_POISSON)
        schedule->at_ns = rng_exponential(&schedule->rng) * schedule->gap_ns;
    settle(schedule);
}

int64_t schedule_peek(const struct schedule *schedule)
{
    return schedule->next_ns;
}

void schedule_advance(struct schedule *schedule)
{
    schedule->index++;
    if (schedule->arrivals == ARRIVALS_POISSON)
        schedule->at_ns += rng_exponential(&schedule->rng) * schedule->gap_ns;
    settle(schedule);
}

void schedule_cut(struct schedule *schedule, int64_t span_ns)
{
    if (span_ns < schedule->span_ns)
        schedule->span_ns = span_ns;
    settle(schedule);
}
