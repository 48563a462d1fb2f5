/*
 * When requests are due: the constant schedule against whole-number arithmetic, Poisson's
 * against the exponential law, both dealt over any number of workers.
 */
#include <stdint.h>

#include "load/schedule.h"
#include "rates.h"
#include "tap.h"

#define SECOND_NS INT64_C(1000000000)

enum { WORKERS_MAX = 16 };

static struct schedule whole(enum arrivals arrivals, double rate_hz, int64_t span_ns,
                             uint64_t seed)
{
    struct schedule schedule;
    schedule_init(&schedule, arrivals, rate_of(rate_hz), span_ns, seed, 0, 1);
    return schedule;
}

/* The worker whose next time is the earliest; the first of equals. */
static int earliest(const struct schedule *team, int workers)
{
    int first = 0;
    for (int w = 1; w < workers; w++) {
        if (schedule_peek(&team[w]) < schedule_peek(&team[first]))
            first = w;
    }
    return first;
}

static void deal(struct schedule *team, enum arrivals arrivals, double rate_hz,
                 int64_t span_ns, int workers)
{
    const struct profile *profile = rate_of(rate_hz);
    for (int w = 0; w < workers; w++)
        schedule_init(&team[w], arrivals, profile, span_ns, 7, w, workers);
}

/* All workers' times in one order are k / rate to the nanosecond, rounded down. */
static void constant(int64_t rate, int64_t seconds, int workers)
{
    struct schedule team[WORKERS_MAX];
    int64_t count = 0;
    bool exact = true, dealt = true;
    deal(team, ARRIVALS_CONSTANT, (double)rate, seconds * SECOND_NS, workers);
    for (;; count++) {
        int w = earliest(team, workers);
        int64_t due_ns = schedule_peek(&team[w]);
        if (due_ns == SCHEDULE_OVER)
            break;
        int64_t expected_ns = count * SECOND_NS / rate;
        exact = exact && due_ns == expected_ns;
        dealt = dealt && w == (int)(count % workers) &&
                (int64_t)team[w].index == count / workers;
        schedule_advance(&team[w]);
    }
    TAP_OK(exact, "%lld/s over %d: each time is exact", (long long)rate, workers);
    TAP_OK(dealt, "%lld/s over %d: dealt in turn", (long long)rate, workers);
    TAP_INT(count, rate * seconds, "… and as many as asked for");
}

/* An hour is reached without drift. */
static void constant_hour(void)
{
    struct schedule schedule = whole(ARRIVALS_CONSTANT, 333333, 3600 * SECOND_NS, 1);
    int64_t last = INT64_C(333333) * 3600 - 1;
    schedule.index = (uint64_t)last - 1;
    schedule_advance(&schedule);
    int64_t expected_ns = last / 333333 * SECOND_NS + last % 333333 * SECOND_NS / 333333;
    TAP_INT(schedule_peek(&schedule), expected_ns, "last of an hour");
    schedule_advance(&schedule);
    TAP_OK(schedule_peek(&schedule) == SCHEDULE_OVER, "none at the hour itself");
    schedule_advance(&schedule);
    TAP_OK(schedule_peek(&schedule) == SCHEDULE_OVER, "over stays over");
}

static void edges(void)
{
    struct schedule schedule = whole(ARRIVALS_CONSTANT, 0.5, 3 * SECOND_NS, 1);
    TAP_INT(schedule_peek(&schedule), 0, "the first at once");
    schedule_advance(&schedule);
    TAP_INT(schedule_peek(&schedule), 2 * SECOND_NS, "less than one a second");
    schedule_init(&schedule, ARRIVALS_CONSTANT, rate_of(10), SECOND_NS / 20, 1, 1, 2);
    TAP_OK(schedule_peek(&schedule) == SCHEDULE_OVER, "more workers than times");
    schedule = whole(ARRIVALS_CONSTANT, 10, 0, 1);
    TAP_OK(schedule_peek(&schedule) == SCHEDULE_OVER, "no span, no time");
}

static void cut(enum arrivals arrivals)
{
    enum { KEPT = 40 };
    struct schedule schedule = whole(arrivals, 1000, SECOND_NS, 3), copy;
    for (int i = 0; i < KEPT; i++)
        schedule_advance(&schedule);
    copy = schedule;
    int64_t next_ns = schedule_peek(&schedule);
    schedule_cut(&copy, next_ns);
    TAP_OK(schedule_peek(&copy) == SCHEDULE_OVER, "cut at the next time: none left");
    copy = schedule;
    schedule_cut(&copy, next_ns + 1);
    TAP_INT(schedule_peek(&copy), next_ns, "cut behind it: one is left");
    schedule_cut(&copy, SECOND_NS);
    schedule_advance(&copy);
    TAP_OK(schedule_peek(&copy) == SCHEDULE_OVER, "a cut is never taken back");
    for (int i = 0; i < KEPT; i++)
        schedule_advance(&schedule);
    TAP_OK(schedule_peek(&schedule) < SECOND_NS, "the original does not know of it");
}

/* Kolmogorov and Smirnov's distance of the gaps from 1 - e^-x, times root n: gaps are
 * counted in cells of equal probability, which is as good with 1000 cells. */
static double distance(const int64_t *gaps, int count, double mean_ns)
{
    enum { CELLS = 1000 };
    double cells[CELLS] = {0}, below = 0, largest = 0;
    for (int i = 0; i < count; i++) {
        double p = 1 - exp(-(double)gaps[i] / mean_ns);
        cells[p < 1 ? (int)(p * CELLS) : CELLS - 1]++;
    }
    for (int i = 0; i < CELLS; i++) {
        below += cells[i] / count;
        largest = fmax(largest, fabs(below - (i + 1.0) / CELLS));
    }
    return largest * sqrt(count);
}

enum { GAPS = 200000 };
static int64_t gaps[GAPS];

/* Superposed streams: 1.63 is exceeded once in 100 seeds, and this seed is fixed. */
static void poisson(double rate_hz, int workers)
{
    struct schedule team[WORKERS_MAX];
    int64_t before_ns = 0;
    double product = 0, mean_ns = 1e9 / rate_hz;
    deal(team, ARRIVALS_POISSON, rate_hz, INT64_MAX / 2, workers);
    for (int i = 0; i < GAPS; i++) {
        int w = earliest(team, workers);
        gaps[i] = schedule_peek(&team[w]) - before_ns;
        before_ns += gaps[i];
        schedule_advance(&team[w]);
        if (i > 0)
            product +=
                ((double)gaps[i] / mean_ns - 1) * ((double)gaps[i - 1] / mean_ns - 1);
    }
    double mean = (double)before_ns / GAPS / mean_ns;
    TAP_OK(fabs(mean - 1) * sqrt(GAPS) < 3, "%g/s over %d: mean gap is %.4f of 1/rate",
           rate_hz, workers, mean);
    double d = distance(gaps, GAPS, mean_ns);
    TAP_OK(d < 1.63, "%g/s over %d: gaps are exponential, distance %.2f", rate_hz,
           workers, d);
    TAP_OK(fabs(product / sqrt(GAPS)) < 3, "%g/s over %d: a gap does not know the last",
           rate_hz, workers);
}

/* Counts of two workers in the same slices of time do not move together. */
static void independent_streams(void)
{
    enum { SLICES = 20000, MEAN = 4 };
    struct schedule team[2];
    double product = 0, square = 0;
    deal(team, ARRIVALS_POISSON, 2 * MEAN, INT64_MAX / 2, 2);
    for (int slice = 1; slice <= SLICES; slice++) {
        int counts[2] = {0};
        for (int w = 0; w < 2; w++) {
            for (; schedule_peek(&team[w]) < slice * SECOND_NS;
                 schedule_advance(&team[w]))
                counts[w]++;
        }
        product += (counts[0] - MEAN) * (counts[1] - MEAN);
        square += (counts[0] - MEAN) * (counts[0] - MEAN);
    }
    TAP_OK(fabs(product / MEAN / sqrt(SLICES)) < 3, "two workers' counts: %.2f sigma",
           product / MEAN / sqrt(SLICES));
    TAP_NEAR(square / SLICES / MEAN, 1, 0.05, "a count's variance is its mean");
}

static bool same(struct schedule a, struct schedule b, int count)
{
    bool equal = true;
    for (int i = 0; i < count; i++) {
        equal = equal && schedule_peek(&a) == schedule_peek(&b);
        schedule_advance(&a);
        schedule_advance(&b);
    }
    return equal;
}

static void seeds(void)
{
    struct schedule a = whole(ARRIVALS_POISSON, 20000, SECOND_NS, 11), b = a, other;
    TAP_OK(same(a, whole(ARRIVALS_POISSON, 20000, SECOND_NS, 11), 30000),
           "the same seed, the same schedule");
    TAP_OK(same(a, b, 30000), "a copy yields the same times again");
    TAP_OK(!same(a, whole(ARRIVALS_POISSON, 20000, SECOND_NS, 12), 3), "another seed");
    schedule_init(&other, ARRIVALS_POISSON, rate_of(10000), SECOND_NS, 11, 1, 1);
    TAP_OK(!same(a, other, 3), "another worker");
    bool inside = true;
    int64_t last_ns = 0;
    for (; schedule_peek(&a) != SCHEDULE_OVER; schedule_advance(&a)) {
        inside = inside && schedule_peek(&a) >= last_ns && schedule_peek(&a) < SECOND_NS;
        last_ns = schedule_peek(&a);
    }
    TAP_OK(inside, "in order and inside the span");
    TAP_NEAR((double)a.index, 20000, 3 * sqrt(20000), "as many as the rate says");
}

int main(void)
{
    constant(333333, 3, 1);
    constant(333333, 3, 7);
    constant(1000, 10, 3);
    constant(3, 1000, 2);
    constant(30000, 30, 4);
    constant(777777, 2, 16);
    constant_hour();
    edges();
    cut(ARRIVALS_CONSTANT);
    cut(ARRIVALS_POISSON);
    poisson(20000, 1);
    poisson(20000, 3);
    poisson(0.25, 16);
    independent_streams();
    seeds();
    return tap_done();
}
