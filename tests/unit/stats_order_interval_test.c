/*
 * Order-statistic interval of a median and the sign test: published ranks, all tosses of
 * few coins, SciPy's answers, coverage.
 */
#include "stats/order_interval.h"
#include "stats/rng.h"
#include "tap.h"

static void tables(void)
{
    static const struct {
        size_t n, j95, j90, j99;
    } cases[] = {
        {0, 0, 0, 0},     {1, 0, 0, 0},      {4, 0, 0, 0},      {5, 0, 1, 0},
        {6, 1, 1, 0},     {7, 1, 1, 0},      {8, 1, 2, 1},      {9, 2, 2, 1},
        {10, 2, 2, 1},    {12, 3, 3, 2},     {15, 4, 4, 3},     {17, 5, 5, 3},
        {20, 6, 6, 4},    {25, 8, 8, 6},     {30, 10, 11, 8},   {40, 14, 15, 12},
        {50, 18, 19, 16}, {100, 40, 42, 37}, {200, 86, 88, 82},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = cases[i].n;
        TAP_OK(order_interval_j(n, 0.05) == cases[i].j95, "95 %%: n=%zu j=%zu", n,
               cases[i].j95);
        TAP_OK(order_interval_j(n, 0.10) == cases[i].j90, "90 %%: n=%zu j=%zu", n,
               cases[i].j90);
        TAP_OK(order_interval_j(n, 0.01) == cases[i].j99, "99 %%: n=%zu j=%zu", n,
               cases[i].j99);
    }
    TAP_INT(order_interval_j(6, 0.03125), 1, "exactly alpha is enough");
    TAP_INT(order_interval_j(6, 0.03124), 0, "a little less is not");
}

/* P(at most so many heads of n) by all 2^n tosses. */
static double share_of_tosses(size_t n, size_t heads)
{
    unsigned count = 0;
    for (unsigned toss = 0; toss < 1u << n; toss++)
        count += (size_t)__builtin_popcount(toss) <= heads;
    return count / (double)(1u << n);
}

static void against_all_tosses(void)
{
    bool good = true, good_p = true;
    double values[12];
    for (size_t n = 1; n <= 12; n++) {
        for (size_t heads = 0; 2 * heads + 1 < n; heads++) {
            double alpha = 2 * share_of_tosses(n, heads);
            good = good && order_interval_j(n, alpha) == heads + 1;
            good = good && order_interval_j(n, alpha * (1 - 1e-12)) == heads;
        }
        for (size_t above = 0; above <= n; above++) {
            for (size_t i = 0; i < n; i++)
                values[i] = i < above ? 8 + (double)i : -1;
            double expected = share_of_tosses(n, n - above);
            good_p = good_p && fabs(order_interval_p_above(values, n, 7) - expected) <= 0;
        }
    }
    TAP_OK(good, "up to 12 values: exactly alpha is enough, a little less is not");
    TAP_OK(good_p, "up to 12 values: p by all tosses");
}

static void intervals(void)
{
    static const double ten[] = {7, 1, 9, 3, 10, 5, 2, 8, 6, 4};
    static const double tied[] = {2, 2, 1, 2, 2, 2};
    struct interval ci = order_interval(ten, 10, 0.05);
    TAP_NEAR(ci.low, 2, 0, "second of ten");
    TAP_NEAR(ci.high, 9, 0, "ninth of ten");
    ci = order_interval(ten, 10, 0.01);
    TAP_NEAR(ci.low, 1, 0, "99 %: from the smallest");
    TAP_NEAR(ci.high, 10, 0, "99 %: to the largest");
    TAP_OK(ten[0] > 6 && ten[1] < 2 && ten[9] < 5, "inputs are not changed");
    ci = order_interval(tied, 6, 0.05);
    TAP_NEAR(ci.low, 1, 0, "ties, low");
    TAP_NEAR(ci.high, 2, 0, "ties, high");
    ci = order_interval(ten, 5, 0.05);
    TAP_OK(isnan(ci.low) && isnan(ci.high), "n=5: no interval of 95 %%");
    ci = order_interval(NULL, 0, 0.05);
    TAP_OK(isnan(ci.low) && isnan(ci.high), "no value: no interval");
}

static void not_finite(void)
{
    static const double lost[] = {(double)INFINITY, 4, 2, 3, 1, 5};
    static const double both[] = {(double)INFINITY, 1, 2, 3, 4, -(double)INFINITY};
    static const double all[] = {(double)INFINITY, (double)INFINITY, (double)INFINITY,
                                 (double)INFINITY, (double)INFINITY, (double)INFINITY};
    static const double undefined[] = {1, 2, (double)NAN, 3, 4, 5};
    struct interval ci = order_interval(lost, 6, 0.05);
    TAP_NEAR(ci.low, 1, 0, "one infinity: low as ever");
    TAP_OK(isinf(ci.high) && ci.high > 0, "and it is the high end");
    ci = order_interval(both, 6, 0.05);
    TAP_OK(isinf(ci.low) && ci.low < 0 && isinf(ci.high) && ci.high > 0,
           "infinities of both signs are both ends");
    ci = order_interval(all, 6, 0.05);
    TAP_OK(isinf(ci.low) && ci.low > 0 && isinf(ci.high), "nothing but infinity");
    ci = order_interval(undefined, 6, 0.05);
    TAP_OK(isnan(ci.low) && isnan(ci.high), "NAN has no place in an order");
    TAP_NEAR(order_interval_p_above(lost, 6, 0), 1 / 64.0, 0, "infinity is above");
    TAP_NEAR(order_interval_p_above(all, 6, (double)INFINITY), 1, 0, "not above itself");
    TAP_OK(isnan(order_interval_p_above(undefined, 6, 0)), "NAN among the values");
    TAP_OK(isnan(order_interval_p_above(lost, 6, (double)NAN)), "NAN as the limit");
}

/* scipy.stats.binomtest(above, n, alternative="greater"), 1.17 */
static void sign_test(void)
{
    static const double ten[] = {11, 12, 13, 14, 15, 16, 17, 18, 9, 8};
    static const double tied[] = {10, 10, 11, 12, 13, 14};
    double many[SIGNED_RANK_MAX];
    for (int i = 0; i < SIGNED_RANK_MAX; i++)
        many[i] = i;
    TAP_NEAR(order_interval_p_above(ten, 10, 10), 0.0546875, 0, "8 of 10 above");
    TAP_NEAR(order_interval_p_above(tied, 6, 10), 22 / 64.0, 0,
             "4 of 6 above: ties count as not above");
    TAP_NEAR(order_interval_p_above(ten, 10, 100), 1, 0, "none above: p = 1");
    TAP_NEAR(order_interval_p_above(NULL, 0, 1), 1, 0, "no value: p = 1");
    TAP_NEAR(order_interval_p_above(many, SIGNED_RANK_MAX, 79.5), 0.002842577998375153,
             1e-15, "120 of 200 above");
    TAP_NEAR(order_interval_p_above(many, SIGNED_RANK_MAX, -1) / 0x1p-200, 1, 0,
             "200 of 200 above: smallest p");
    TAP_OK(order_interval_p_above(many, SIGNED_RANK_MAX, 500) <= 1, "never more than 1");
}

/* n = 200: the interval of 0…199 is symmetric about its median. */
static void largest(void)
{
    double values[SIGNED_RANK_MAX];
    for (int i = 0; i < SIGNED_RANK_MAX; i++)
        values[i] = (i * 77) % SIGNED_RANK_MAX; /* 77 and 200 have no common factor */
    struct interval ci = order_interval(values, SIGNED_RANK_MAX, 0.05);
    TAP_NEAR(ci.low, 85, 0, "200 values: the 86th");
    TAP_NEAR(ci.high, 114, 0, "200 values: the 86th from above");
}

/* Exponential law, whose median is ln 2; 10 values: 1 - 2 * 11/1024. */
static void coverage(void)
{
    enum { REPETITIONS = 4000 };
    struct rng rng;
    int covered = 0, rejected = 0;
    rng_init(&rng, 51, 0);
    for (int i = 0; i < REPETITIONS; i++) {
        double values[10];
        for (int j = 0; j < 10; j++)
            values[j] = rng_exponential(&rng);
        struct interval ci = order_interval(values, 10, 0.05);
        covered += ci.low <= log(2) && log(2) <= ci.high;
        rejected += order_interval_p_above(values, 10, log(2)) <= 0.055;
    }
    TAP_NEAR(covered / (double)REPETITIONS, 0.9785, 0.01, "10 values: 97.9 %");
    TAP_NEAR(rejected / (double)REPETITIONS, 0.0547, 0.015, "8 or more above: 5.5 %");
}

int main(void)
{
    tables();
    against_all_tosses();
    intervals();
    not_finite();
    sign_test();
    largest();
    coverage();
    return tap_done();
}
