/*
 * Quantiles of histograms: the values that Prometheus' own tests hold histogram_quantile
 * to (promql/promqltest/testdata/histograms.test, v3), the definition written out once
 * more, and what must hold for any histogram.
 */
#include <stdlib.h>

#include "stats/buckets.h"
#include "stats/rng.h"
#include "tap.h"

#define INF ((double)INFINITY)
enum { MOST = 12, HISTOGRAMS = 2000 };

static double quantile(double q, const struct bucket *given, size_t count)
{
    struct bucket buckets[MOST];
    if (count > 0)
        memcpy(buckets, given, count * sizeof(*given));
    return bucket_quantile(q, buckets, buckets_prepare(buckets, count)).value;
}

/* --- known values ---------------------------------------------------------------- */

struct known {
    double q;
    double value;
};

static void check_known(const char *name, const struct bucket *buckets, size_t count,
                        const struct known *known, size_t known_count)
{
    for (size_t i = 0; i < known_count; i++) {
        double got = quantile(known[i].q, buckets, count);
        bool good =
            isnan(known[i].value) ? isnan(got) : fabs(got - known[i].value) <= 1e-12;
        if (!TAP_OK(good, "%s: quantile %g is %g", name, known[i].q, known[i].value))
            printf("# got %.17g\n", got);
    }
}

#define CHECK_KNOWN(name, buckets, known)                                                \
    check_known(name, buckets, sizeof(buckets) / sizeof(*(buckets)), known,              \
                sizeof(known) / sizeof(*(known)))

static void known_of_one(void)
{
    static const struct bucket positive[] = {{.1, 50}, {.2, 70}, {1, 110}, {INF, 120}};
    static const struct bucket negative[] = {{-.2, 10}, {-.1, 20}, {.3, 20}, {INF, 30}};
    static const struct bucket third[] = {
        {0, 0}, {.1, 50}, {.2, 70}, {1, 110}, {INF, 110}};
    static const struct bucket fourth[] = {
        {-.25, 0}, {-.2, 10}, {-.1, 20}, {.3, 20}, {INF, 20}};
    static const struct bucket even[] = {{0, 0}, {2, 1}, {4, 2}, {6, 3}, {INF, 3}};
    static const struct known of_positive[] = {
        {0, 0}, {.2, .048}, {.5, .15}, {.8, .72}, {1, 1}};
    static const struct known of_negative[] = {
        {0, -.2}, {.2, -.2}, {.5, -.15}, {.8, .3}, {1, .3}};
    static const struct known of_third[] = {
        {0, 0}, {.25, .055}, {.5, .125}, {.75, .45}, {1, 1}};
    static const struct known of_fourth[] = {
        {0, -.25}, {.25, -.225}, {.5, -.2}, {.75, -.15}, {1, -.1}};
    static const struct known of_even[] = {{1. / 6, 1}, {.5, 3}, {5. / 6, 5}};
    CHECK_KNOWN("positive", positive, of_positive);
    CHECK_KNOWN("negative", negative, of_negative);
    CHECK_KNOWN("testhistogram3, positive", third, of_third);
    CHECK_KNOWN("testhistogram3, negative", fourth, of_fourth);
    CHECK_KNOWN("testhistogram2", even, of_even);
}

/* Sums over series come as several buckets of one bound. */
static void known_of_several(void)
{
    static const struct bucket all[] = {{.1, 1},  {.2, 3},  {INF, 4}, {.1, 2},
                                        {.2, 5},  {INF, 6}, {.1, 3},  {.2, 4},
                                        {INF, 6}, {.1, 4},  {.2, 7},  {INF, 9}};
    static const struct bucket first[] = {{.1, 1}, {.2, 3}, {INF, 4},
                                          {.1, 3}, {.2, 4}, {INF, 6}};
    static const struct bucket second[] = {{.1, 3}, {.2, 4}, {INF, 6},
                                           {.1, 4}, {.2, 7}, {INF, 9}};
    static const struct bucket mixed[] = {{.1, 1}, {.2, 1}, {.2, 1}, {.2, 1}, {INF, 4}};
    static const struct bucket falling[] = {{.1, 2},  {1, 1},    {10, 5},
                                            {100, 4}, {1000, 9}, {INF, 8}};
    static const struct bucket twice_inf[] = {{INF, 0}, {INF, 0}};
    static const struct bucket empty[] = {{.1, 0}, {.2, 0}, {INF, 0}};
    static const struct known of_all[] = {{.3, .075}, {.5, .1277777777777778}};
    static const struct known of_first[] = {{.3, .075}, {.5, .13333333333333333}};
    static const struct known of_second[] = {{.3, .0642857142857143}, {.5, .1125}};
    static const struct known of_mixed[] = {{.5, .15}, {.75, .2}, {1, .2}};
    static const struct known of_falling[] = {{.01, .0045}, {.5, 8.5}, {.99, 979.75}};
    static const struct known none[] = {{.5, (double)NAN}, {1, (double)NAN}};
    CHECK_KNOWN("everything in one", all, of_all);
    CHECK_KNOWN("by instance", first, of_first);
    CHECK_KNOWN("by job", second, of_second);
    CHECK_KNOWN("different notations of a bound", mixed, of_mixed);
    CHECK_KNOWN("not monotonic", falling, of_falling);
    CHECK_KNOWN("+Inf twice", twice_inf, none);
    CHECK_KNOWN("no observations", empty, none);
}

/* Prometheus' tests have no case of these; the rule is in its promql/quantile.go. */
static void edges(void)
{
    static const struct bucket no_inf[] = {{1, 1}, {2, 2}};
    static const struct bucket only_inf[] = {{INF, 3}};
    static const struct bucket below[] = {{-INF, 1}, {1, 3}, {INF, 4}};
    static const struct bucket at_zero[] = {{0, 2}, {1, 4}, {INF, 4}};
    /* 1 of 4e12 more is taken for an error of rounding; 10 are not. */
    static const struct bucket rounded[] = {{1, 2e12}, {2, 2e12 + 1}, {INF, 4e12}};
    static const struct bucket counted[] = {{1, 2e12}, {2, 2e12 + 10}, {INF, 4e12}};
    static const struct known none[] = {{.5, (double)NAN}};
    static const struct known of_at_zero[] = {{.25, 0}, {.5, 0}, {.75, .5}};
    CHECK_KNOWN("no bucket +Inf", no_inf, none);
    CHECK_KNOWN("nothing but +Inf", only_inf, none);
    TAP_OK(quantile(.1, below, 3) < 0 && isinf(quantile(.1, below, 3)),
           "the bound of the first bucket, if that is not above 0");
    CHECK_KNOWN("a first bound of 0", at_zero, of_at_zero);
    TAP_NEAR(quantile(.5 + 1e-13, rounded, 3), 2, 0, "rounding makes no bucket");
    TAP_OK(quantile(.5 + 1e-12, counted, 3) < 1.9, "more than rounding does");
    TAP_OK(isnan(quantile(.5, NULL, 0)), "no bucket at all");
    TAP_INT(buckets_prepare(NULL, 0), 0, "… none is left");
}

/* --- the definition -------------------------------------------------------------- */

/* By its words: sort, add up, raise, then the first bucket that reaches the rank. */
static double by_definition(double q, const struct bucket *given, size_t count)
{
    double bounds[MOST], counts[MOST];
    size_t n = 0;
    for (;;) { /* the smallest bound that is above the last one taken */
        double next = INF, sum = 0;
        for (size_t i = 0; i < count; i++) {
            if ((n == 0 || given[i].upper > bounds[n - 1]) && given[i].upper < next)
                next = given[i].upper;
        }
        for (size_t i = 0; i < count; i++)
            sum += given[i].upper == next ? given[i].count : 0;
        bounds[n] = next;
        counts[n] = n > 0 && counts[n - 1] > sum ? counts[n - 1] : sum;
        n++;
        if (isinf(next))
            break;
    }
    double rank = q * counts[n - 1];
    if (n < 2 || counts[n - 1] == 0)
        return (double)NAN;
    for (size_t i = 0; i + 1 < n; i++) {
        if (counts[i] < rank)
            continue;
        if (i == 0)
            return bounds[0] <= 0 ? bounds[0] : bounds[0] * (rank / counts[0]);
        return bounds[i - 1] + (bounds[i] - bounds[i - 1]) * (rank - counts[i - 1]) /
                                   (counts[i] - counts[i - 1]);
    }
    return bounds[n - 2];
}

/* Up to MOST buckets, +Inf among them; bounds may come twice, counts may fall. */
static size_t any_histogram(struct rng *rng, struct bucket *out)
{
    size_t count = 1 + (size_t)(rng_next(rng) % (MOST - 1));
    double offset = rng_next(rng) % 3 ? 0 : 4;
    for (size_t i = 0; i < count; i++)
        out[i] = (struct bucket){(double)(rng_next(rng) % 10) - offset,
                                 (double)(rng_next(rng) % 50)};
    out[count] = (struct bucket){INF, (double)(rng_next(rng) % 60)};
    return count + 1;
}

static void shuffle(struct rng *rng, struct bucket *buckets, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = (size_t)(rng_next(rng) % (i + 1));
        struct bucket one = buckets[i];
        buckets[i] = buckets[j];
        buckets[j] = one;
    }
}

static bool alike(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9;
}

struct faults {
    int definition, order, falls, outside, twice;
};

static void try_one(struct rng *rng, struct faults *faults)
{
    struct bucket given[MOST], mixed[MOST], again[MOST];
    size_t count = any_histogram(rng, given);
    memcpy(mixed, given, sizeof(given));
    shuffle(rng, mixed, count);
    double last = -INF;
    size_t left = buckets_prepare(mixed, count);
    memcpy(again, mixed, sizeof(mixed));
    faults->twice += buckets_prepare(again, left) != left ||
                     memcmp(again, mixed, left * sizeof(*mixed)) != 0;
    for (double q = 0; q <= 1; q += 1. / 64) {
        struct bucket_quantile found = bucket_quantile(q, mixed, left);
        faults->definition += !alike(found.value, by_definition(q, given, count));
        faults->order += !alike(found.value, quantile(q, given, count));
        if (isnan(found.value))
            continue;
        faults->falls += found.value < last;
        faults->outside += found.value < found.low || found.value > found.high;
        last = found.value;
    }
}

static void any(void)
{
    struct rng rng;
    struct faults faults = {0};
    rng_init(&rng, 7, 0);
    for (int i = 0; i < HISTOGRAMS; i++)
        try_one(&rng, &faults);
    TAP_INT(faults.definition, 0, "as by the definition");
    TAP_INT(faults.order, 0, "whatever the order of the buckets");
    TAP_INT(faults.falls, 0, "a higher quantile is not lower");
    TAP_INT(faults.outside, 0, "within its bounds");
    TAP_INT(faults.twice, 0, "preparing twice changes nothing more");
}

/* --- what is known for sure ------------------------------------------------------ */

static void bounds(void)
{
    static const struct bucket some[] = {{1, 10}, {2, 20}, {INF, 30}};
    static const struct bucket negative[] = {{-1, 10}, {2, 20}, {INF, 20}};
    struct bucket_quantile first = bucket_quantile(.1, some, 3);
    struct bucket_quantile second = bucket_quantile(.5, some, 3);
    struct bucket_quantile last = bucket_quantile(.9, some, 3);
    struct bucket_quantile lowest = bucket_quantile(.1, negative, 2 + 1);
    struct bucket_quantile none = bucket_quantile(.5, some, 2);
    TAP_OK(first.low == 0 && first.high == 1, "the first bucket begins at 0");
    TAP_OK(second.low == 1 && second.high == 2, "a bucket is its two bounds");
    TAP_OK(last.value == 2 && last.low == 2 && isinf(last.high),
           "above the last finite bound only that is known");
    TAP_OK(lowest.value == -1 && isinf(lowest.low) && lowest.low < 0 && lowest.high == -1,
           "below a first bound that is negative, too");
    TAP_OK(isnan(none.value) && isnan(none.low) && isnan(none.high), "nothing is known");
}

int main(void)
{
    known_of_one();
    known_of_several();
    edges();
    any();
    bounds();
    return tap_done();
}
