/*
 * Signed-rank estimate, interval and p-value: the tables of METHOD 3, all sign patterns
 * of small samples, SciPy's answers, and how often two equal services are told apart.
 */
#include <stdint.h>

#include "stats/rng.h"
#include "stats/signed_rank.h"
#include "tap.h"

static const double MOSTLY_UP[] = {0.031,  -0.012, 0.054, 0.022, 0.017,
                                   -0.004, 0.043,  0.009, 0.028, 0.061};

static void tables(void)
{
    static const struct {
        size_t n, k95, k90;
    } cases[] = {
        {0, 0, 0},   {1, 0, 0},    {4, 0, 0},    {5, 0, 1},    {6, 1, 3},      {8, 4, 6},
        {10, 9, 11}, {12, 14, 18}, {15, 26, 31}, {20, 53, 61}, {30, 138, 152},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        TAP_OK(signed_rank_k(cases[i].n, 0.05) == cases[i].k95, "95 %%: n=%zu k=%zu",
               cases[i].n, cases[i].k95);
        TAP_OK(signed_rank_k(cases[i].n, 0.10) == cases[i].k90, "90 %%: n=%zu k=%zu",
               cases[i].n, cases[i].k90);
    }
    TAP_INT(signed_rank_k(5, 0.0625), 1, "exactly alpha / 2 is enough");
    TAP_INT(signed_rank_k(5, 0.0624), 0, "a little less is not");
}

/* n = 200: mean n(n+1)/4, variance n(n+1)(2n+1)/24, close to normal. */
static void largest(void)
{
    double n = SIGNED_RANK_MAX, d[SIGNED_RANK_MAX];
    double normal = n * (n + 1) / 4 - 1.959964 * sqrt(n * (n + 1) * (2 * n + 1) / 24);
    TAP_NEAR((double)signed_rank_k(SIGNED_RANK_MAX, 0.05), normal, 3, "normal at 200");
    for (int i = 0; i < SIGNED_RANK_MAX; i++)
        d[i] = i + 1;
    struct interval all = signed_rank_interval(d, SIGNED_RANK_MAX, 0.05);
    TAP_NEAR(signed_rank_hodges_lehmann(d, SIGNED_RANK_MAX), 100.5, 1e-12, "its median");
    TAP_NEAR((all.low + all.high) / 2, 100.5, 1e-12, "its interval is symmetric");
    TAP_NEAR(signed_rank_p(d, SIGNED_RANK_MAX) / 0x1p-199, 1, 1e-12, "smallest p");
}

/* SciPy 1.17: wilcoxon(method="exact"); the Walsh averages from NumPy. */
static void known_answers(void)
{
    const double *d = MOSTLY_UP;
    struct interval ci95 = signed_rank_interval(d, 10, 0.05);
    struct interval ci90 = signed_rank_interval(d, 10, 0.10);
    TAP_NEAR(signed_rank_hodges_lehmann(d, 10), 0.025, 1e-15, "Hodges-Lehmann");
    TAP_NEAR(ci95.low, 0.008, 1e-15, "95 %, low: ninth average");
    TAP_NEAR(ci95.high, 0.0425, 1e-15, "95 %, high: ninth from above");
    TAP_NEAR(ci90.low, 0.009, 1e-15, "90 %, low");
    TAP_NEAR(ci90.high, 0.041, 1e-15, "90 %, high");
    TAP_NEAR(signed_rank_p(d, 10), 0.013671875, 1e-15, "p");
}

static void edges(void)
{
    static const double one[] = {0.5}, zeros[] = {0, -0.0, 0};
    static const double undefined[] = {1, (double)NAN, 2, 3, 4, 5};
    static const double opposed[] = {1, 2, (double)INFINITY, 3, 4, -(double)INFINITY};
    static const double lost[] = {1, 2, (double)INFINITY, 3, 4, 5};
    TAP_OK(isnan(signed_rank_hodges_lehmann(NULL, 0)), "no value: no estimate");
    TAP_NEAR(signed_rank_hodges_lehmann(one, 1), 0.5, 0, "one value is its estimate");
    struct interval few = signed_rank_interval(MOSTLY_UP, 5, 0.05);
    TAP_OK(isnan(few.low) && isnan(few.high), "n=5: no interval of 95 %%");
    few = signed_rank_interval(MOSTLY_UP, 6, 0.05);
    TAP_NEAR(few.low, -0.012, 1e-15, "n=6: from the minimum");
    TAP_NEAR(few.high, 0.054, 1e-15, "n=6: to the maximum");
    TAP_NEAR(signed_rank_p(NULL, 0), 1, 0, "no value: p = 1");
    TAP_NEAR(signed_rank_p(zeros, 3), 1, 0, "zeros are dropped: p = 1");
    TAP_OK(isnan(signed_rank_p(undefined, 6)) &&
               isnan(signed_rank_hodges_lehmann(undefined, 6)) &&
               isnan(signed_rank_interval(undefined, 6, 0.05).low),
           "NAN makes everything NAN");
    TAP_OK(isnan(signed_rank_hodges_lehmann(opposed, 6)), "infinities of both signs");
    TAP_NEAR(signed_rank_hodges_lehmann(lost, 6), 3.5, 1e-15, "one infinity is a value");
    TAP_OK(isinf(signed_rank_interval(lost, 6, 0.05).high), "and an end of an interval");
    TAP_NEAR(signed_rank_p(lost, 6), 2 / 64.0, 1e-15, "and the highest rank");
}

static double midrank(const double *d, size_t n, size_t i)
{
    double rank = 0.5;
    for (size_t j = 0; j < n; j++) {
        if (fabs(d[j]) < fabs(d[i]))
            rank += 1;
        else if (fabs(d[j]) <= fabs(d[i]))
            rank += 0.5;
    }
    return rank;
}

/* p by all 2^n patterns of signs; d has no zeros. */
static double p_of_all_signs(const double *d, size_t n)
{
    double observed = 0, ranks[16], centre = (double)n * (double)(n + 1) / 4;
    unsigned as_far = 0;
    for (size_t i = 0; i < n; i++) {
        ranks[i] = midrank(d, n, i);
        observed += d[i] > 0 ? ranks[i] : 0;
    }
    for (unsigned signs = 0; signs < 1u << n; signs++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += signs >> i & 1 ? ranks[i] : 0;
        as_far += fabs(sum - centre) >= fabs(observed - centre);
    }
    return as_far / (double)(1u << n);
}

static void against_all_signs(void)
{
    struct rng rng;
    bool good = true, good_with_zeros = true;
    rng_init(&rng, 21, 0);
    for (int i = 0; i < 300; i++) {
        double d[18];
        size_t n = 1 + rng_below(&rng, 11);
        for (size_t j = 0; j < n; j++) { /* a few values only: many ties */
            d[j] = (double)(1 + rng_below(&rng, i % 2 ? 4 : 1000)) / 8;
            d[j] = rng_below(&rng, 3) ? d[j] : -d[j];
        }
        double expected = p_of_all_signs(d, n);
        good = good && fabs(signed_rank_p(d, n) - expected) < 1e-14;
        d[n] = d[0];
        d[0] = 0;
        good_with_zeros =
            good_with_zeros && fabs(signed_rank_p(d, n + 1) - expected) < 1e-14;
    }
    TAP_OK(good, "p by all patterns of signs, with ties");
    TAP_OK(good_with_zeros, "a zero changes nothing");
}

/* Hollander, Wolfe & Chicken: the interval is what the test does not reject. */
static void interval_inverts_test(void)
{
    struct rng rng;
    bool good = true;
    rng_init(&rng, 22, 0);
    for (int i = 0; i < 2000; i++) {
        double d[20], alpha = i % 2 ? 0.05 : 0.1;
        size_t n = 6 + rng_below(&rng, 10);
        for (size_t j = 0; j < n; j++)
            d[j] = rng_uniform(&rng) - 0.3;
        struct interval ci = signed_rank_interval(d, n, alpha);
        bool outside = ci.low > 0 || ci.high < 0;
        good = good && outside == (signed_rank_p(d, n) <= alpha);
        double middle = signed_rank_hodges_lehmann(d, n);
        good = good && ci.low <= middle && middle <= ci.high;
    }
    TAP_OK(good, "0 lies outside of the interval just when p <= alpha");
}

/* W+ of d - shift as the sum of ranks, not of Walsh averages; p by all 2^n patterns of
 * signs. No ties. */
static double p_above_of_all_signs(const double *d, size_t n, double shift)
{
    double moved[16], ranks[16], observed = 0;
    unsigned as_high = 0;
    for (size_t i = 0; i < n; i++)
        moved[i] = d[i] - shift;
    for (size_t i = 0; i < n; i++) {
        ranks[i] = midrank(moved, n, i);
        observed += moved[i] > 0 ? ranks[i] : 0;
    }
    for (unsigned signs = 0; signs < 1u << n; signs++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += signs >> i & 1 ? ranks[i] : 0;
        as_high += sum >= observed;
    }
    return as_high / (double)(1u << n);
}

static void above_against_all_signs(void)
{
    struct rng rng;
    int wrong = 0, seen[3] = {0};
    rng_init(&rng, 23, 0);
    for (int i = 0; i < 400; i++) {
        double d[12], shift = rng_uniform(&rng) - .5;
        size_t n = 1 + rng_below(&rng, 12);
        for (size_t j = 0; j < n; j++)
            d[j] = rng_normal(&rng);
        double expected = p_above_of_all_signs(d, n, shift);
        wrong += fabs(signed_rank_p_above(d, n, shift) - expected) > 1e-14;
        seen[expected < .1 ? 0 : expected < .9 ? 1 : 2]++;
    }
    TAP_INT(wrong, 0, "p above a shift by all patterns of signs");
    TAP_OK(seen[0] > 10 && seen[1] > 10 && seen[2] > 10, "small and large ones");
}

/* p <= alpha / 2 just when the interval lies above: with ties, and at the averages. */
static void above_is_the_interval(void)
{
    static const size_t sizes[] = {6, 8, 10, 20};
    struct rng rng;
    rng_init(&rng, 24, 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int wrong = 0, above = 0;
        for (int j = 0; j < 2000; j++) {
            double d[20], shift = j % 2 ? 1 : rng_uniform(&rng);
            for (size_t k = 0; k < sizes[i]; k++)
                d[k] = j % 2 ? (double)rng_below(&rng, 12) / 2 : .8 + rng_normal(&rng);
            bool low = signed_rank_interval(d, sizes[i], .05).low > shift;
            wrong += low != (signed_rank_p_above(d, sizes[i], shift) <= .025);
            above += low;
        }
        TAP_INT(wrong, 0, "p <= .025 just when the interval is above");
        TAP_OK(above > 50 && above < 1950, "n=%zu: %d of 2000 are", sizes[i], above);
    }
}

static void above_edges(void)
{
    static const double same[] = {1, 1, 1, 1, 1, 1}, two[] = {0, 2};
    static const double undefined[] = {1, (double)NAN, 2};
    static const double opposed[] = {1, (double)INFINITY, -(double)INFINITY};
    static const double lost[] = {1, 2, 3, 4, 5, (double)INFINITY};
    double many[SIGNED_RANK_MAX];
    for (int i = 0; i < SIGNED_RANK_MAX; i++)
        many[i] = i + 1;
    TAP_NEAR(signed_rank_p_above(NULL, 0, 0), 1, 0, "no value: p = 1");
    TAP_OK(isnan(signed_rank_p_above(undefined, 3, 0)), "NAN makes it NAN");
    TAP_OK(isnan(signed_rank_p_above(opposed, 3, 0)), "infinities of both signs, too");
    TAP_NEAR(signed_rank_p_above(lost, 6, .5), 1 / 64., 0, "one is the highest rank");
    TAP_NEAR(signed_rank_p_above(same, 6, .9), 1 / 64., 0, "all above");
    TAP_NEAR(signed_rank_p_above(same, 6, 1), 1, 0, "at the shift is not above");
    TAP_NEAR(signed_rank_p_above(same, 6, 1.1), 1, 0, "none above");
    TAP_NEAR(signed_rank_p_above(two, 2, 1), .75, 0, "one average of three above");
    TAP_NEAR(signed_rank_p_above(MOSTLY_UP, 10, 0), 0.0068359375, 0,
             "half of the two-sided p");
    TAP_NEAR(signed_rank_p_above(many, SIGNED_RANK_MAX, 0) / 0x1p-200, 1, 0,
             "200 above: smallest p");
    TAP_NEAR(signed_rank_p_above(many, SIGNED_RANK_MAX, 1000), 1, 1e-12, "none of 200");
}

static double normal(struct rng *rng)
{
    double angle = 6.283185307179586 * rng_uniform(rng);
    return sqrt(2 * rng_exponential(rng)) * cos(angle);
}

/*
 * One race of n blocks: trial SD 5 %, block SD 10 %, the machine drifting by the whole of
 * `drift` from the first trial to the last, half the blocks AB and half BA in random
 * order. Whether the interval excludes 0.
 */
static bool differs(struct rng *rng, size_t n, double effect, double drift)
{
    double d[SIGNED_RANK_MAX];
    size_t left_ab = n / 2;
    for (size_t i = 0; i < n; i++) {
        bool ab = rng_below(rng, n - i) < left_ab;
        left_ab -= ab ? 1 : 0;
        double block = 0.1 * normal(rng), step = drift / (double)(2 * n - 1);
        double slot_a = (double)(2 * i + (ab ? 0 : 1)), slot_b = (double)(4 * i + 1);
        slot_b -= slot_a;
        double a = block + step * slot_a + 0.05 * normal(rng);
        double b = block + step * slot_b + 0.05 * normal(rng) + effect;
        d[i] = b - a;
    }
    struct interval ci = signed_rank_interval(d, n, 0.05);
    return ci.low > 0 || ci.high < 0;
}

static double share_that_differ(size_t n, double effect, double drift)
{
    enum { REPETITIONS = 4000 };
    struct rng rng;
    int count = 0;
    rng_init(&rng, 2024, n);
    for (int i = 0; i < REPETITIONS; i++)
        count += differs(&rng, n, effect, drift);
    return count / (double)REPETITIONS;
}

/* METHOD 9. */
static void false_positives(void)
{
    static const struct {
        size_t n;
        double share;
    } cases[] = {{6, 0.031}, {8, 0.039}, {10, 0.049}, {20, 0.048}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double still = share_that_differ(cases[i].n, 0, 0);
        double drifting = share_that_differ(cases[i].n, 0, log(1.3));
        TAP_OK(fabs(still - cases[i].share) <= 0.01, "A/A, n=%zu: %.4f, expected %.3f",
               cases[i].n, still, cases[i].share);
        TAP_OK(fabs(drifting - cases[i].share) <= 0.01,
               "A/A, n=%zu, drift of 30 %%: %.4f, expected %.3f", cases[i].n, drifting,
               cases[i].share);
    }
    double power = share_that_differ(10, log(1.1), 0);
    TAP_OK(fabs(power - 0.96) <= 0.015, "B = A + 10 %%, n=10: power %.4f", power);
}

int main(void)
{
    tables();
    largest();
    known_answers();
    edges();
    against_all_signs();
    interval_inverts_test();
    above_against_all_signs();
    above_is_the_interval();
    above_edges();
    false_positives();
    return tap_done();
}
