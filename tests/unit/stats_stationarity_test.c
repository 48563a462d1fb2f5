/* Series that stay at one level, and series that do not. */
#include <math.h>

#include "stats/rng.h"
#include "stats/stationarity.h"
#include "tap.h"

enum { REPETITIONS = 2000, LENGTH_MAX = 300 };

/* Noise whose neighbours resemble each other by `memory`, and a slope in SDs over all. */
static double flagged(size_t n, double memory, double slope, uint64_t seed)
{
    struct rng rng;
    int moves = 0;
    rng_init(&rng, seed, n);
    for (int i = 0; i < REPETITIONS; i++) {
        double values[LENGTH_MAX], last = rng_normal(&rng);
        for (size_t t = 0; t < n; t++) {
            last = memory * last + sqrt(1 - memory * memory) * rng_normal(&rng);
            values[t] = last + slope * (double)t / (double)n;
        }
        moves += stationarity_of(values, n).moves;
    }
    return (double)moves / REPETITIONS;
}

/* Two statistics at 5 % each, which mostly agree. */
static void level(void)
{
    static const size_t lengths[] = {10, 30, 60, 300};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        double share = flagged(lengths[i], 0, 0, 1);
        TAP_OK(share < .09, "white noise, %zu windows: flagged in %.3f", lengths[i],
               share);
    }
    double share = flagged(300, .5, 0, 2);
    TAP_OK(share < .12, "neighbours alike, 300 windows: flagged in %.3f", share);
}

static void trends(void)
{
    double share = flagged(30, 0, 3, 3);
    TAP_OK(share > .5, "a slope of 3 SD over 30 windows: flagged in %.3f", share);
    share = flagged(300, 0, 3, 4);
    TAP_OK(share > .99, "… over 300: %.3f", share);
}

/* By hand: deviations -1.5 -.5 .5 1.5 repeated in a row of 12, lag floor(12 (.12)^1/4) =
 * 7 limited to 3. */
static void known(void)
{
    double row[12], few[9] = {1, 2, 3}, same[20];
    for (int i = 0; i < 12; i++)
        row[i] = i;
    for (int i = 0; i < 20; i++)
        same[i] = 7;
    /* gamma_k of 0…11: 143.0/12, 107.25/12, 72.5/12, 39.75/12, weights .75 .5 .25 */
    double variance = (143.0 + 2 * (.75 * 107.25 + .5 * 72.5 + .25 * 39.75)) / 12;
    struct stationarity found = stationarity_of(row, 12);
    TAP_NEAR(found.cusum, 18 / sqrt(variance * 12), 1e-12, "CUSUM of a slope");
    /* S_t = (t+1)(t-11)/2: the sum of its squares is 2073.5 */
    TAP_NEAR(found.kpss, 2073.5 / (variance * 144), 1e-12, "KPSS of a slope");
    found = stationarity_of(few, 9);
    TAP_OK(isnan(found.cusum) && isnan(found.kpss) && !found.moves, "too few windows");
    found = stationarity_of(same, 20);
    TAP_OK(isnan(found.cusum) && !found.moves, "all the same");
}

static void warm_up(void)
{
    struct rng rng;
    double values[200];
    rng_init(&rng, 9, 0);
    for (int i = 0; i < 200; i++)
        values[i] = rng_normal(&rng) + (i < 40 ? 10 : 0);
    TAP_NEAR(stationarity_mser5(values, 200), .2, .051, "the slow fifth is cut off");
    for (int i = 0; i < 200; i++)
        values[i] = i;
    TAP_NEAR(stationarity_mser5(values, 200), .5, 1e-12, "a slope has no end");
    TAP_OK(isnan(stationarity_mser5(values, 19)), "too few values");
}

int main(void)
{
    level();
    trends();
    known();
    warm_up();
    return tap_done();
}
