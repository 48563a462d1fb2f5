/*
 * Shift of two samples and its interval: published critical values of U, all
 * assignments of small samples, the recurrence for large ones, SciPy's answers, coverage.
 */
#include "base/mem.h"
#include "stats/rank_sum.h"
#include "stats/rng.h"
#include "tap.h"

static const double BEFORE[] = {0.031, -0.012, 0.054, 0.022, 0.017, -0.004, 0.043, 0.009};
static const double AFTER[] = {0.128, 0.074, 0.09, 0.201, 0.033, 0.117};

/* The published tables give the largest U that is significant: k-1. */
static void tables(void)
{
    static const struct {
        size_t m, n, k95, k90;
    } cases[] = {
        {0, 0, 0, 0},       {0, 5, 0, 0},   {1, 18, 0, 0},      {1, 19, 0, 1},
        {1, 38, 0, 1},      {1, 39, 1, 2},  {2, 7, 0, 1},       {2, 8, 1, 2},
        {3, 3, 0, 1},       {3, 5, 1, 2},   {4, 4, 1, 2},       {4, 5, 2, 3},
        {5, 5, 3, 5},       {6, 6, 6, 8},   {6, 8, 9, 11},      {7, 7, 9, 12},
        {8, 8, 14, 16},     {5, 10, 9, 12}, {10, 10, 24, 28},   {15, 15, 65, 73},
        {20, 20, 128, 139}, {3, 20, 9, 12}, {30, 30, 318, 339},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t m = cases[i].m, n = cases[i].n;
        TAP_OK(rank_sum_k(m, n, 0.05) == cases[i].k95, "95 %%: m=%zu n=%zu k=%zu", m, n,
               cases[i].k95);
        TAP_OK(rank_sum_k(m, n, 0.10) == cases[i].k90, "90 %%: m=%zu n=%zu k=%zu", m, n,
               cases[i].k90);
        TAP_OK(rank_sum_k(n, m, 0.05) == cases[i].k95, "95 %%: the sides swapped");
    }
    TAP_INT(rank_sum_k(3, 3, 0.0999), 0, "a little less than 2/20 is not enough");
}

/*
 * P(U <= u) by f(i, j, u) = f(i-1, j, u-j) + f(i, j-1, u): additions only, so that no
 * digit is lost. Fills p up to u = m*n/2.
 */
static void cumulate_by_recurrence(size_t m, size_t n, double *p)
{
    size_t width = m * n / 2 + 1;
    double *rows = mem_new((n + 1) * width, sizeof(*rows)), all = 1, below = 0;
    for (size_t j = 0; j <= n; j++)
        rows[j * width] = 1;
    for (size_t i = 1; i <= m; i++) {
        all = all * (double)(n + i) / (double)i;
        for (size_t j = 1; j <= n; j++) {
            double *row = rows + j * width;
            for (size_t u = width; u-- > 0;)
                row[u] = (u >= j ? row[u - j] : 0) + *(row - width + u);
        }
    }
    for (size_t u = 0; u < width; u++) {
        below += rows[n * width + u];
        p[u] = below / all;
    }
    mem_free(rows);
}

/* Whether each alpha is answered right that is just enough for u, and just not. */
static bool k_agrees(size_t m, size_t n, const double *p, double margin, size_t step)
{
    bool good = true;
    for (size_t u = 0; u < m * n / 2 && p[u] * (1 + margin) < 0.5; u += step) {
        good = good && rank_sum_k(m, n, 2 * p[u] * (1 + margin)) == u + 1;
        good = good && rank_sum_k(m, n, 2 * p[u] * (1 - fmax(margin, 1e-12))) == u;
    }
    return good;
}

static void against_recurrence(void)
{
    static const struct {
        size_t m, n, step;
        double margin;
    } cases[] = {
        {12, 12, 1, 1e-12},   {28, 28, 1, 1e-12},     {30, 30, 1, 1e-12},
        {7, 40, 1, 1e-12},    {100, 100, 71, 1e-12},  {200, 50, 71, 1e-12},
        {50, 200, 71, 1e-12}, {130, 150, 371, 2e-11},
    };
    static double p[RANK_SUM_MAX * RANK_SUM_MAX / 2 + 1];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t m = cases[i].m, n = cases[i].n;
        cumulate_by_recurrence(m, n, p);
        TAP_OK(k_agrees(m, n, p, cases[i].margin, cases[i].step),
               "m=%zu n=%zu: k as by the recurrence, down to P = %.2g", m, n, p[0]);
    }
}

/* Number of pairs of one marked and one unmarked place, the unmarked one before it. */
static size_t u_of(unsigned marked, size_t places)
{
    size_t unmarked = 0, u = 0;
    for (size_t i = 0; i < places; i++) {
        if (marked >> i & 1)
            u += unmarked;
        else
            unmarked++;
    }
    return u;
}

/* P(U <= u) by all choices of m of m+n places; the quotient is correctly rounded. */
static void cumulate_by_choices(size_t m, size_t n, double *p)
{
    size_t counts[64] = {0}, all = 0, below = 0;
    for (unsigned marked = 0; marked < 1u << (m + n); marked++) {
        if ((size_t)__builtin_popcount(marked) == m) {
            counts[u_of(marked, m + n)]++;
            all++;
        }
    }
    for (size_t u = 0; u <= m * n; u++) {
        below += counts[u];
        p[u] = (double)below / (double)all;
    }
}

static void against_all_choices(void)
{
    bool good = true;
    for (size_t m = 1; m <= 7; m++) {
        for (size_t n = 1; n <= 7; n++) {
            double p[64];
            cumulate_by_choices(m, n, p);
            good = good && k_agrees(m, n, p, 0, 1);
        }
    }
    TAP_OK(good, "1 to 7 a side: exactly alpha / 2 is enough, a little less is not");
}

/* m = n = 200: mean mn/2, variance mn(m+n+1)/12, close to normal. */
static void largest(void)
{
    double n = RANK_SUM_MAX, x[RANK_SUM_MAX], y[RANK_SUM_MAX];
    double normal = n * n / 2 - 1.959964 * sqrt(n * n * (2 * n + 1) / 12);
    size_t k = rank_sum_k(RANK_SUM_MAX, RANK_SUM_MAX, 0.05);
    TAP_NEAR((double)k, normal, 3, "normal at 200 a side");
    TAP_INT(k, 17735, "exactly");
    for (int i = 0; i < RANK_SUM_MAX; i++) {
        x[i] = i;
        y[i] = 199.5 - i;
    }
    struct interval all = rank_sum_interval(x, RANK_SUM_MAX, y, RANK_SUM_MAX, 0.05);
    TAP_NEAR(rank_sum_shift(x, RANK_SUM_MAX, y, RANK_SUM_MAX), 0.5, 0, "its shift");
    TAP_NEAR((all.low + all.high) / 2, 0.5, 0, "its interval is symmetric");
    TAP_NEAR(all.high - all.low, 24, 2, "and as wide as a uniform law makes it");
}

/* The differences from NumPy: low is the k-th, high the k-th from above. */
static void known_answers(void)
{
    struct interval ci95 = rank_sum_interval(BEFORE, 8, AFTER, 6, 0.05);
    struct interval ci90 = rank_sum_interval(BEFORE, 8, AFTER, 6, 0.10);
    struct interval back = rank_sum_interval(AFTER, 6, BEFORE, 8, 0.05);
    TAP_NEAR(rank_sum_shift(BEFORE, 8, AFTER, 6), 0.083, 1e-15, "median difference");
    TAP_NEAR(ci95.low, 0.036, 1e-15, "95 %, low: ninth difference of 48");
    TAP_NEAR(ci95.high, 0.14, 1e-15, "95 %, high: ninth from above");
    TAP_NEAR(ci90.low, 0.043, 1e-15, "90 %, low: eleventh");
    TAP_NEAR(ci90.high, 0.129, 1e-15, "90 %, high");
    TAP_NEAR(rank_sum_shift(AFTER, 6, BEFORE, 8), -0.083, 1e-15, "swapped: negative");
    TAP_NEAR(back.low, -ci95.high, 0, "swapped, low");
    TAP_NEAR(back.high, -ci95.low, 0, "swapped, high");
}

static void edges(void)
{
    static const double ones[] = {1, 1, 2}, twos[] = {1, 2, 2}, one[] = {0.5};
    static const double even[] = {1, 2}, apart[] = {11, 14};
    static const double same[] = {3, 3, 3, 3, 3};
    TAP_OK(isnan(rank_sum_shift(NULL, 0, ones, 3)), "no x: no shift");
    TAP_OK(isnan(rank_sum_shift(ones, 3, NULL, 0)), "no y: no shift");
    struct interval none = rank_sum_interval(NULL, 0, NULL, 0, 0.05);
    TAP_OK(isnan(none.low) && isnan(none.high), "no values: no interval");
    none = rank_sum_interval(ones, 3, twos, 3, 0.05);
    TAP_OK(isnan(none.low) && isnan(none.high), "3 a side: no interval of 95 %%");
    struct interval whole = rank_sum_interval(ones, 3, twos, 3, 0.1);
    TAP_NEAR(whole.low, -1, 0, "3 a side, 90 %: from the smallest difference");
    TAP_NEAR(whole.high, 1, 0, "to the largest");
    TAP_NEAR(rank_sum_shift(ones, 3, twos, 3), 0, 0, "ties: the fifth of nine");
    TAP_NEAR(rank_sum_shift(one, 1, twos, 3), 1.5, 0, "one x");
    TAP_NEAR(rank_sum_shift(even, 2, apart, 2), 11, 0, "mean of the middle two");
    struct interval point = rank_sum_interval(same, 5, same, 5, 0.05);
    TAP_NEAR(point.low, 0, 0, "all tied: a point, low");
    TAP_NEAR(point.high, 0, 0, "all tied: a point, high");
    TAP_OK(ones[0] < 2 && ones[2] > 1, "inputs are not changed");
}

static void not_finite(void)
{
    static const double undefined[] = {1, 2, (double)NAN, 4, 5};
    static const double lost[] = {(double)INFINITY, 1, 2, 3, 4},
                        plain[] = {1, 2, 3, 4, 5};
    static const double low[] = {-(double)INFINITY, 1, 2, 3, 4};
    static const double opposed[] = {-(double)INFINITY, (double)INFINITY};
    TAP_OK(isnan(rank_sum_shift(plain, 5, undefined, 5)) &&
               isnan(rank_sum_shift(undefined, 5, plain, 5)) &&
               isnan(rank_sum_interval(plain, 5, undefined, 5, 0.05).low) &&
               isnan(rank_sum_interval(undefined, 5, plain, 5, 0.05).high),
           "NAN makes everything NAN");
    struct interval ci = rank_sum_interval(plain, 5, lost, 5, 0.05);
    TAP_NEAR(rank_sum_shift(plain, 5, lost, 5), 0, 0, "one infinity is a value");
    TAP_OK(isinf(ci.high) && ci.high > 0 && isfinite(ci.low),
           "and an end of an interval");
    ci = rank_sum_interval(lost, 5, plain, 5, 0.05);
    TAP_OK(isinf(ci.low) && ci.low < 0 && isfinite(ci.high), "on the other side, too");
    TAP_OK(isnan(rank_sum_shift(lost, 5, lost, 5)) &&
               isnan(rank_sum_interval(lost, 5, lost, 5, 0.05).low),
           "the same infinity on both sides is undefined");
    TAP_OK(isinf(rank_sum_interval(low, 5, lost, 5, 0.05).high), "opposite ones are not");
    TAP_OK(isnan(rank_sum_shift(opposed, 2, plain, 5)), "half way between infinities");
}

/* Two-sided p of no shift by all assignments of the pooled values to the sides. */
static double p_of_all_choices(const double *x, size_t m, const double *y, size_t n)
{
    double p[64];
    size_t u = 0;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++)
            u += y[j] > x[i] ? 1 : 0;
    }
    cumulate_by_choices(m, n, p);
    return 2 * p[u < m * n - u ? u : m * n - u];
}

/* Hollander, Wolfe & Chicken: the interval is what the test does not reject. */
static void interval_inverts_test(void)
{
    struct rng rng;
    bool good = true, outside_once = false, inside_once = false;
    rng_init(&rng, 41, 0);
    for (int i = 0; i < 400; i++) {
        double x[6], y[6], alpha = i % 2 ? 0.05 : 0.1;
        size_t m = 4 + rng_below(&rng, 3), n = 4 + rng_below(&rng, 3);
        for (size_t j = 0; j < 6; j++) {
            x[j] = rng_uniform(&rng);
            y[j] = rng_uniform(&rng) + (i % 3 - 1) * 0.5;
        }
        struct interval ci = rank_sum_interval(x, m, y, n, alpha);
        bool outside = ci.low > 0 || ci.high < 0;
        good = good && outside == (p_of_all_choices(x, m, y, n) <= alpha);
        double shift = rank_sum_shift(x, m, y, n);
        good = good && ci.low <= shift && shift <= ci.high;
        outside_once = outside_once || outside;
        inside_once = inside_once || !outside;
    }
    TAP_OK(good && outside_once && inside_once,
           "0 lies outside of the interval just when p <= alpha");
}

/* m = 7, n = 9, shift 1/2. */
static void coverage(void)
{
    enum { REPETITIONS = 4000, M = 7, N = 9 };
    struct rng rng;
    int by_ranks = 0;
    rng_init(&rng, 43, 0);
    for (int i = 0; i < REPETITIONS; i++) {
        double x[M], y[N];
        for (int j = 0; j < M; j++)
            x[j] = rng_exponential(&rng);
        for (int j = 0; j < N; j++)
            y[j] = 0.5 + rng_exponential(&rng);
        struct interval ci = rank_sum_interval(x, M, y, N, 0.05);
        by_ranks += ci.low <= 0.5 && 0.5 <= ci.high;
    }
    TAP_NEAR(by_ranks / (double)REPETITIONS, 0.9582, 0.015, "7 and 9 values: 95.8 %");
}

int main(void)
{
    tables();
    against_recurrence();
    against_all_choices();
    largest();
    known_answers();
    edges();
    not_finite();
    interval_inverts_test();
    coverage();
    return tap_done();
}
