#include "load/schedule.h"

static void settle(struct schedule *schedule)
{
    double at = schedule->arrivals == ARRIVALS_POISSON
                    ? schedule->at_ns
                    : schedule->first_ns + (double)schedule->index * schedule->gap_ns;
    schedule->next_ns = at < (double)schedule->span_ns ? (int64_t)at : SCHEDULE_OVER;
}

void schedule_init(struct schedule *schedule, enum arrivals arrivals, double rate_hz,
                   int64_t span_ns, uint64_t seed, int worker, int workers)
{
    *schedule = (struct schedule){.arrivals = arrivals,
                                  .gap_ns = 1e9 / rate_hz * workers,
                                  .first_ns = 1e9 / rate_hz * worker,
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
