#include "load/schedule.h"

/*
 * Constant: the n-th request of all workers is due when the integral of the rate reaches
 * n. Poisson: when it reaches the n-th point of a Poisson process of rate 1 (the theorem
 * of time rescaling); worker w of W has a process of its own of rate 1/W.
 */
static double count_wanted(const struct schedule *schedule)
{
    if (schedule->arrivals == ARRIVALS_POISSON)
        return schedule->at_count;
    return (double)(schedule->worker + schedule->index * schedule->workers);
}

static void settle(struct schedule *schedule)
{
    double at =
        profile_reach(schedule->profile, &schedule->cursor, count_wanted(schedule));
    schedule->next_ns = at < (double)schedule->span_ns ? (int64_t)at : SCHEDULE_OVER;
}

void schedule_init(struct schedule *schedule, enum arrivals arrivals,
                   const struct profile *profile, int64_t span_ns, uint64_t seed,
                   int worker, int workers)
{
    *schedule = (struct schedule){.arrivals = arrivals,
                                  .profile = profile,
                                  .worker = (uint64_t)worker,
                                  .workers = (uint64_t)workers,
                                  .span_ns = span_ns};
    rng_init(&schedule->rng, seed, (uint64_t)worker);
    if (arrivals == ARRIVALS_POISSON)
        schedule->at_count = rng_exponential(&schedule->rng) * workers;
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
        schedule->at_count += rng_exponential(&schedule->rng) * (double)schedule->workers;
    settle(schedule);
}

void schedule_cut(struct schedule *schedule, int64_t span_ns)
{
    if (span_ns < schedule->span_ns)
        schedule->span_ns = span_ns;
    settle(schedule);
}
