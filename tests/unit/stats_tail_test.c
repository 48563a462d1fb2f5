/* The extremal index of processes for which it is known. */
#include <stdint.h>

#include "stats/hist.h"
#include "stats/rng.h"
#include "stats/tail.h"
#include "tap.h"

enum { REQUESTS = 400000 };
static uint16_t values[REQUESTS];

/* Gaps worked by hand. */
static void by_hand(void)
{
    static const uint16_t none[] = {1, 2, 3, 3}, one[] = {1, 9, 1};
    /* Gaps 1, 2 and 1 back to the first: 2 * 4^2 / (3 * 6) = 1.8, cut to 1. */
    static const uint16_t small[] = {9, 9, 0, 9};
    /* Gaps 1, 1, 1, 1, 6, 2: 2 * 6^2 / (6 * 20) = .6 */
    static const uint16_t split[] = {9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 9, 0};
    /* Gaps 3, 3, 3: 2 * 6^2 / (3 * 6) = 4, cut to 1. */
    static const uint16_t three[] = {0, 9, 0, 0, 9, 0, 0, 9, 0};
    /* Gaps 1, 1, 1, 1, 3, 1: 2 * 2^2 / (6 * 2) = 2/3 where eq. 7 would give 1. */
    static const uint16_t eight[] = {9, 9, 9, 9, 9, 0, 0, 9};
    struct tail tail = tail_of(none, 4, 3);
    TAP_OK(tail.exceedances == 0 && isnan(tail.theta), "equal is not above");
    TAP_NEAR(tail.k_eff, 0, 0, "no exceedance, no evidence");
    tail = tail_of(one, 3, 3);
    TAP_OK(tail.exceedances == 1 && isnan(tail.theta), "one exceedance: unknown");
    TAP_NEAR(tail.k_eff, 0, 0, "one exceedance, no evidence");
    tail = tail_of(NULL, 0, 0);
    TAP_OK(tail.exceedances == 0 && isnan(tail.theta), "no requests");
    tail = tail_of(small, 4, 3);
    TAP_NEAR(tail.theta, 1, 0, "never above 1 (eq. 7)");
    tail = tail_of(split, 12, 3);
    TAP_NEAR(tail.theta, 0.6, 1e-15, "eq. 8");
    TAP_INT(tail.exceedances, 6, "exceedances");
    TAP_NEAR(tail.k_eff, 3.6, 1e-14, "theta of the exceedances");
    TAP_NEAR(tail_of(three, 9, 3).theta, 1, 0, "never above 1 (eq. 8)");
    TAP_NEAR(tail_of(eight, 8, 3).theta, 2 / 3.0, 1e-15,
             "a gap of 3 is enough for eq. 8");
    static const uint16_t lost[] = {0xffff, 0, 0xffff, 0, 0, 7, 0xffff};
    TAP_INT(tail_of(lost, 7, 0xfffe).exceedances, 3, "infinite is above all");
    TAP_INT(tail_of(lost, 7, 0xffff).exceedances, 0, "nothing is above infinite");
}

/* A single stall is one event, wherever it stands and however many requests it hit. */
static void one_stall(void)
{
    static const size_t starts[] = {0, 5000, 9000};
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < 10000; i++)
            values[i] = i >= starts[k] && i < starts[k] + 1000 ? 9 : 1;
        struct tail tail = tail_of(values, 10000, 3);
        TAP_OK(tail.exceedances == 1000 && tail.k_eff > .5 && tail.k_eff < 3,
               "one stall from %zu on: k_eff %.2f", starts[k], tail.k_eff);
    }
}

/* In groups of length requests that share a value, one group in 100 exceeds. */
static void clusters(size_t length, double expected)
{
    struct rng rng;
    rng_init(&rng, 11, length);
    for (size_t i = 0; i < REQUESTS; i++) {
        bool same = i % length != 0;
        values[i] = same ? values[i - 1] : (uint16_t)(rng_below(&rng, 100) ? 1 : 100);
    }
    struct tail tail = tail_of(values, REQUESTS, 50);
    TAP_OK(fabs(tail.theta / expected - 1) < 0.1, "clusters of %zu: theta %.4f", length,
           tail.theta);
    TAP_OK(fabs(tail.k_eff - (double)tail.exceedances * tail.theta) < 1e-6,
           "clusters of %zu: %.0f effective", length, tail.k_eff);
}

/*
 * X_i = max_j weights[j] Z_{i-j}, Z of unit Fréchet: theta is the largest weight's share.
 * Through hist_index, as the values of a trial are, at the index of a percentile.
 */
static void moving_maximum(const double *weights, size_t count, double expected)
{
    double z[4] = {0};
    struct rng rng;
    struct hist hist;
    rng_init(&rng, 12, count);
    hist_init(&hist);
    for (size_t i = 0; i < REQUESTS; i++) {
        double x = 0;
        z[i % 4] = 1 / rng_exponential(&rng);
        for (size_t j = 0; j < count; j++)
            x = fmax(x, weights[j] * z[(i + 4 - j) % 4]);
        int64_t value_ns = (int64_t)(fmin(x, 1e6) * 1e6);
        values[i] = (uint16_t)hist_index(value_ns);
        hist_record(&hist, value_ns);
    }
    uint16_t threshold = (uint16_t)hist_index(hist_quantile(&hist, 0.99));
    struct tail tail = tail_of(values, REQUESTS, threshold);
    TAP_OK(tail.exceedances > 3900 && tail.exceedances <= 4000, "%d above p99",
           (int)tail.exceedances);
    TAP_OK(fabs(tail.theta - expected) < 0.05, "moving maximum of %zu: theta %.3f, %.3f",
           count, tail.theta, expected);
    hist_fini(&hist);
}

int main(void)
{
    static const double alone[] = {1}, two[] = {1, 1}, four[] = {1, 1, 1, 1};
    static const double uneven[] = {0.1, 0.7, 0.2};
    by_hand();
    one_stall();
    clusters(1, 1);
    clusters(5, 1 / 5.0);
    clusters(20, 1 / 20.0);
    moving_maximum(alone, 1, 1);
    moving_maximum(two, 2, 1 / 2.0);
    moving_maximum(uneven, 3, 0.7);
    moving_maximum(four, 4, 1 / 4.0);
    return tap_done();
}
