/*
 * Anderson and Darling's statistic against its integral, piece by piece; its law against
 * the series of their paper; and what the whole says of samples that fit and that do not.
 */
#include <stdlib.h>

#include "stats/goodness.h"
#include "stats/rng.h"
#include "tap.h"

enum { SAMPLE_MAX = 4096 };

static double sample[SAMPLE_MAX];

/* ---- the statistic ---- */

/* The integral of (k/n - u)² / (u (1 - u)) from 0 < a to b < 1. */
static long double between(long double share, long double a, long double b)
{
    long double rest = 1 - share;
    return share * share * logl(b / a) - rest * rest * logl((1 - b) / (1 - a)) - (b - a);
}

/* n times the integral over all u, for sorted exponentials. */
static double by_integral(const double *sorted, size_t n)
{
    long double first = -expm1l(-(long double)sorted[0]);
    long double last = -expm1l(-(long double)sorted[n - 1]);
    long double sum = -logl(1 - first) - first - logl(last) - (1 - last);
    for (size_t i = 1; i < n; i++)
        sum += between((long double)i / n, -expm1l(-(long double)sorted[i - 1]),
                       -expm1l(-(long double)sorted[i]));
    return (double)(sum * n);
}

/* The largest difference on either side of each step. */
static double by_steps(const double *sorted, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double cdf = 1 - exp(-sorted[i]);
        largest = fmax(largest, fabs(cdf - (double)i / (double)n));
        largest = fmax(largest, fabs(cdf - (double)(i + 1) / (double)n));
    }
    return largest;
}

static void check_statistic(size_t n, const char *what)
{
    struct goodness got = goodness_exponential(sample, n);
    bool sorted = true;
    for (size_t i = 1; i < n; i++)
        sorted = sorted && sample[i - 1] <= sample[i];
    double want = by_integral(sample, n);
    TAP_OK(sorted, "%s: sorted", what);
    TAP_NEAR(got.a2, want, 1e-9 * fmax(want, 1), what);
    TAP_NEAR(got.distance, by_steps(sample, n), 1e-12, "… its distance");
    TAP_OK(got.p >= 0 && got.p <= 1, "… p is one: %g", got.p);
}

static void fill_exponential(struct rng *rng, size_t n, double mean)
{
    for (size_t i = 0; i < n; i++)
        sample[i] = mean * rng_exponential(rng);
}

static void statistic(void)
{
    static const double eight[] = {.9, .05, 2.4, .31, .7, 1.2, .02, 1.8};
    struct rng rng;
    rng_init(&rng, 3, 0);
    memcpy(sample, eight, sizeof(eight));
    check_statistic(8, "eight values");
    for (int i = 0; i < 5; i++) {
        fill_exponential(&rng, 100 + 7 * i, 1 + .2 * i);
        check_statistic(100 + 7 * i, "random values");
    }
    fill_exponential(&rng, SAMPLE_MAX, 1);
    check_statistic(SAMPLE_MAX, "many");
}

/* All at the median: A² is n (2 ln 2 - 1), and the distance one half. */
static void by_hand(void)
{
    for (size_t i = 0; i < 10; i++)
        sample[i] = log(2);
    struct goodness got = goodness_exponential(sample, 10);
    TAP_NEAR(got.a2, 10 * (2 * log(2) - 1), 1e-12, "all alike");
    TAP_NEAR(got.distance, .5, 1e-12, "… half of the law is missed");
}

static void too_few(void)
{
    struct goodness got = goodness_exponential(NULL, 0);
    TAP_OK(isnan(got.a2) && isnan(got.p) && isnan(got.distance), "none");
    for (size_t i = 0; i < 8; i++)
        sample[i] = (double)(8 - i) / 4;
    got = goodness_exponential(sample, 7);
    TAP_OK(isnan(got.a2) && isnan(got.p) && isnan(got.distance), "seven are too few");
    got = goodness_exponential(sample, 8);
    TAP_OK(got.a2 > 0 && got.p > 0 && got.distance > 0, "eight are enough");
}

/* Clocks that step back, and gaps that are none. */
static void below_zero(void)
{
    struct goodness got[3];
    for (int round = 0; round < 3; round++) {
        struct rng rng;
        rng_init(&rng, 5, 0);
        fill_exponential(&rng, 500, 1);
        sample[100] = round == 0 ? 0 : round == 1 ? -0. : -1e9;
        got[round] = goodness_exponential(sample, 500);
        TAP_OK(isfinite(got[round].a2) && got[round].distance < 1, "a gap that is none");
    }
    TAP_OK(got[0].a2 == got[1].a2 && got[1].a2 == got[2].a2, "negative is as 0");
    for (size_t i = 0; i < 100; i++)
        sample[i] = 0;
    got[0] = goodness_exponential(sample, 100);
    TAP_OK(isfinite(got[0].a2) && got[0].p < 1e-6, "nothing but zeros: p %g", got[0].p);
    TAP_NEAR(got[0].distance, 1, 1e-9, "… as far as can be");
    sample[0] = 1e6;
    got[0] = goodness_exponential(sample, 100);
    TAP_OK(isfinite(got[0].a2) && got[0].p < 1e-6, "a huge one: p %g", got[0].p);
}

/* ---- its law ---- */

/* The limit law's distribution function (Anderson & Darling 1954): an alternating series
 * of integrals, by Simpson's rule. */
static double series(double z)
{
    enum { TERMS = 8, STEPS = 2000 };
    double sum = 0, factor = 1;
    for (int j = 0; j < TERMS; factor *= -(j + .5) / (j + 1), j++) {
        double t = 4 * j + 1, a = t * t * M_PI * M_PI / (8 * z);
        double step = sqrt(60 / a) / STEPS, integral = 0;
        for (int i = 0; i <= STEPS; i++) {
            double w = i * step, weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
            integral += weight * exp(z / (8 * (w * w + 1)) - a * w * w);
        }
        sum += factor * t * exp(-a) * integral * step / 3;
    }
    return sqrt(2 * M_PI) / z * sum;
}

/* A sample whose distribution function is u to the power of 1/bend: A² grows with it. */
static struct goodness bent(double bend)
{
    enum { N = 1000 };
    for (size_t i = 0; i < N; i++)
        sample[i] = -log1p(-pow(((double)i + .5) / N, bend));
    return goodness_exponential(sample, N);
}

static struct goodness with_a2(double a2)
{
    double low = 1, high = 2;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (bent(middle).a2 < a2)
            low = middle;
        else
            high = middle;
    }
    return bent(low);
}

/* Known since 1954: what is exceeded once in ten, twenty, forty and a hundred times. */
static void critical_values(void)
{
    static const struct {
        double a2, p;
    } rows[] = {{1.933, .10}, {2.492, .05}, {3.070, .025}, {3.857, .01}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct goodness got = with_a2(rows[i].a2);
        TAP_NEAR(got.a2, rows[i].a2, 1e-9, "a sample with a known A²");
        TAP_OK(fabs(got.p - rows[i].p) < .0003, "p of %.3f is %.5f", got.a2, got.p);
    }
}

static void whole_law(void)
{
    double worst = 0, last = 1;
    bool falling = true;
    for (double bend = 1.01; bend < 1.3; bend += .005) {
        struct goodness got = bent(bend);
        worst = fmax(worst, fabs(got.p - (1 - series(got.a2))));
        falling = falling && got.p <= last;
        last = got.p;
    }
    TAP_OK(worst < .0001, "p is that of the series, up to %g", worst);
    TAP_OK(falling && last < .0001, "… and falls to %g", last);
}

/* ---- what it says ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* If the law holds p is uniform: Kolmogorov's 1.63 is exceeded once in a hundred, and
 * these seeds are fixed. */
static void uniform_p(void)
{
    enum { SEEDS = 200, N = 500 };
    double p[SEEDS], distance = 0;
    int below = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        struct rng rng;
        rng_init(&rng, (uint64_t)seed, 1);
        fill_exponential(&rng, N, 1);
        p[seed] = goodness_exponential(sample, N).p;
        below += p[seed] < .05;
    }
    qsort(p, SEEDS, sizeof(p[0]), ascending);
    for (int i = 0; i < SEEDS; i++)
        distance = fmax(distance, fabs(p[i] - (i + .5) / SEEDS));
    TAP_OK(distance * sqrt(SEEDS) < 1.63, "p of %d seeds is uniform: %.2f", SEEDS,
           distance * sqrt(SEEDS));
    TAP_OK(below >= 2 && below <= 20, "%d of them are below .05", below);
}

/* Other laws of the same mean. */
static void other_laws(void)
{
    enum { N = 2000 };
    struct rng rng;
    rng_init(&rng, 9, 0);
    for (size_t i = 0; i < N; i++)
        sample[i] = 2 * rng_uniform(&rng);
    struct goodness got = goodness_exponential(sample, N);
    TAP_OK(got.p < 1e-6, "uniform gaps: p %g", got.p);
    /* 1 - exp(-x) - x/2 is largest where exp(-x) is one half. */
    TAP_NEAR(got.distance, .5 - log(2) / 2, .03, "… and how far off");
    for (size_t i = 0; i < N; i++)
        sample[i] = 1;
    got = goodness_exponential(sample, N);
    TAP_OK(got.p < 1e-6, "a constant schedule: p %g", got.p);
    TAP_NEAR(got.distance, 1 - exp(-1), 1e-9, "… and how far off");
    fill_exponential(&rng, N, 1.2);
    got = goodness_exponential(sample, N);
    TAP_OK(got.p < 1e-3 && got.distance < .1, "a fifth too slow: p %g", got.p);
}

int main(void)
{
    statistic();
    by_hand();
    too_few();
    below_zero();
    critical_values();
    whole_law();
    uniform_p();
    other_laws();
    return tap_done();
}
