/* Layout against the definition of HdrHistogram, quantiles against a sorted array. */
#include <stdint.h>
#include <stdlib.h>

#include "stats/hist.h"
#include "stats/rng.h"
#include "tap.h"

/* As hdr-histogram-js 3 and hdrh for Python answer; clamped values are ours alone. */
static void known_indices(void)
{
    static const struct {
        int64_t value;
        int32_t index;
        int64_t highest;
    } cases[] = {
        {-5, 0, 0},
        {0, 0, 0},
        {1, 1, 1},
        {1023, 1023, 1023},
        {1024, 1024, 1024},
        {2047, 2047, 2047},
        {2048, 2048, 2049},
        {2049, 2048, 2049},
        {2050, 2049, 2051},
        {4095, 3071, 4095},
        {4096, 3072, 4099},
        {1000000, 11169, 1000447},
        {HIST_HIGHEST_NS, 33420, 3601330077695},
        {HIST_HIGHEST_NS * 2, 33420, 3601330077695},
        {INT64_MAX, 33420, 3601330077695},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        long long value = (long long)cases[i].value;
        int32_t index = hist_index(cases[i].value);
        TAP_OK(index == cases[i].index, "index of %lld is %d", value, (int)index);
        TAP_OK(hist_index_highest(index) == cases[i].highest, "highest beside %lld",
               value);
    }
    TAP_INT(HIST_COUNTS_LEN, 33 * 1024, "counts reach 2^42 - 1");
    TAP_INT(hist_index_highest(HIST_COUNTS_LEN - 1), (INT64_C(1) << 42) - 1, "last one");
}

/* Every bucket begins where the one before ends, and is narrow enough. */
static void every_bucket(void)
{
    bool joined = true, narrow = true;
    int32_t top = hist_index(HIST_HIGHEST_NS);
    for (int32_t i = 1; i <= top; i++) {
        int64_t low = hist_index_highest(i - 1) + 1, high = hist_index_highest(i);
        joined = joined && hist_index(low) == i && (i == top || hist_index(high) == i);
        narrow = narrow && (high - low) * 1024 < low;
    }
    TAP_OK(joined, "buckets join without gap or overlap");
    TAP_OK(narrow, "no bucket is wider than 1/1024 of its values");
}

static void exact_parts(void)
{
    struct hist hist;
    hist_init(&hist);
    TAP_INT(hist_quantile(&hist, 0.5), -1, "empty has no quantile");
    TAP_OK(isnan(hist_mean(&hist)), "empty has no mean");
    hist_record(&hist, 1000001);
    hist_record(&hist, 3000007);
    hist_record(&hist, -9);
    TAP_INT(hist.min_ns, 0, "negative is 0");
    TAP_INT(hist.max_ns, 3000007, "maximum is exact");
    TAP_NEAR(hist_mean(&hist), 4000008 / 3.0, 1e-9, "mean is exact");
    TAP_INT(hist_quantile(&hist, 1), 3000007, "never above the maximum");
    TAP_INT(hist_quantile(&hist, 0.5), 1000447, "highest value of its bucket");
    TAP_OK(hist.finite == 3 && hist_total(&hist) == 3, "counted");
    hist_record(&hist, 2 * HIST_HIGHEST_NS);
    TAP_INT(hist_quantile(&hist, 1), 2 * HIST_HIGHEST_NS, "the last bucket is open");
    hist_clear(&hist);
    TAP_OK(hist_total(&hist) == 0 && hist_quantile(&hist, 1) == -1, "cleared");
    hist_record(&hist, 7);
    TAP_OK(hist.min_ns == 7 && hist.max_ns == 7 && hist_quantile(&hist, 1) == 7,
           "nothing left over");
    TAP_NEAR(hist_mean(&hist), 7, 0, "nothing left in the sum");
    hist_fini(&hist);
    hist_fini(&hist);
    TAP_OK(!hist.counts, "released twice");
}

static void infinite_ones(void)
{
    struct hist hist;
    hist_init(&hist);
    for (int i = 1; i <= 98; i++)
        hist_record(&hist, i);
    hist_record_infinite(&hist);
    hist_record_infinite(&hist);
    TAP_INT(hist_total(&hist), 100, "infinite ones are part of the total");
    TAP_INT(hist_quantile(&hist, 0.98), 98, "last finite rank");
    TAP_INT(hist_quantile(&hist, 0.981), HIST_INFINITE, "first infinite rank");
    TAP_INT(hist_quantile(&hist, 1), HIST_INFINITE, "last rank");
    TAP_NEAR(hist_mean(&hist), 49.5, 1e-12, "mean is of the finite ones");
    hist_clear(&hist);
    hist_record_infinite(&hist);
    TAP_INT(hist_quantile(&hist, 0.001), HIST_INFINITE, "nothing but infinite");
    hist_fini(&hist);
}

/* Rank ceil(q N) where binary fractions lie on either side of the whole number. */
static void ranks(void)
{
    struct hist hist;
    hist_init(&hist);
    for (int i = 1; i <= 1000; i++)
        hist_record(&hist, i);
    bool good = true;
    for (int i = 1; i <= 1000; i++) {
        good = good && hist_quantile(&hist, i / 1000.0) == i;
        good = good && hist_quantile(&hist, (i - 0.5) / 1000.0) == i;
    }
    TAP_OK(good, "all permille and the halves between");
    TAP_INT(hist_quantile(&hist, 1e-300), 1, "smallest q is the minimum");
    TAP_INT(hist_quantile(&hist, 0.9990001), 1000, "a little above is the next rank");
    hist_fini(&hist);
}

static uint64_t count_one(const struct hist *hist, int64_t value_ns)
{
    uint64_t count;
    hist_counts_up_to(hist, &value_ns, 1, &count);
    return count;
}

/* All bounds in one pass are as each alone; the same one twice, too. */
static void counts_up_to(const struct hist *hist)
{
    static const int64_t bounds[] = {0, 1, 1, 2048, 9990, 999000, 1000000, 3000000000};
    enum { BOUNDS = sizeof(bounds) / sizeof(bounds[0]) };
    uint64_t counts[BOUNDS];
    bool same = true;
    hist_counts_up_to(hist, bounds, BOUNDS, counts);
    for (int i = 0; i < BOUNDS; i++)
        same = same && counts[i] == count_one(hist, bounds[i]);
    TAP_OK(same, "several in one pass");
}

/* How many are at most so large, against counting them one by one. */
static void count_up_to(void)
{
    static const int64_t values[] = {0,     0,       1,       2047,       2048, 2049,
                                     10000, 1000000, 1000001, 2000000000, -5};
    enum { VALUES = sizeof(values) / sizeof(values[0]) };
    struct hist hist;
    bool good = true;
    hist_init(&hist);
    TAP_INT(count_one(&hist, HIST_HIGHEST_NS), 0, "an empty one has none");
    for (int i = 0; i < VALUES; i++)
        hist_record(&hist, values[i]);
    hist_record_infinite(&hist);
    for (int i = 0; i < VALUES; i++) {
        uint64_t count = 0;
        for (int k = 0; k < VALUES; k++)
            count += values[k] <= hist_index_highest(hist_index(values[i]));
        good = good && count_one(&hist, values[i] < 0 ? 0 : values[i]) == count;
    }
    TAP_OK(good, "at most the value, but for the width of its bucket");
    TAP_INT(count_one(&hist, 0), 3, "zeros, and what is below");
    TAP_INT(count_one(&hist, 9990), 7, "between two of them");
    TAP_INT(count_one(&hist, 999000), 8, "just below a bucket");
    TAP_INT(count_one(&hist, 1000000), 10, "two in one bucket");
    TAP_INT(count_one(&hist, HIST_HIGHEST_NS), 11, "all but the infinite");
    counts_up_to(&hist);
    hist_record(&hist, 2 * HIST_HIGHEST_NS);
    TAP_INT(count_one(&hist, 2 * HIST_HIGHEST_NS), 12, "above the highest");
    hist_fini(&hist);
}

static int ascending(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

enum { MODEL_VALUES = 20000, MODEL_PARTS = 4 };

static bool quantiles_agree(const struct hist *hist, const int64_t *sorted)
{
    for (size_t rank = 1; rank <= MODEL_VALUES; rank += 7) {
        int64_t got = hist_quantile(hist, (double)rank / MODEL_VALUES);
        int64_t want = hist_index_highest(hist_index(sorted[rank - 1]));
        if (want > sorted[MODEL_VALUES - 1])
            want = sorted[MODEL_VALUES - 1];
        if (got != want)
            return false;
    }
    return true;
}

/* Values over all magnitudes, recorded in parts and merged, against a sorted array. */
static void model(void)
{
    static int64_t values[MODEL_VALUES];
    struct hist parts[MODEL_PARTS], whole;
    struct rng rng;
    double sum = 0;
    rng_init(&rng, 1, 0);
    hist_init(&whole);
    for (int i = 0; i < MODEL_PARTS; i++)
        hist_init(&parts[i]);
    for (size_t i = 0; i < MODEL_VALUES; i++) {
        values[i] = (int64_t)exp(rng_uniform(&rng) * log((double)HIST_HIGHEST_NS));
        hist_record(&parts[i % (MODEL_PARTS - 1)], values[i]); /* the last stays empty */
        sum += (double)values[i];
    }
    hist_record_infinite(&parts[MODEL_PARTS - 1]);
    for (int i = 0; i < MODEL_PARTS; i++) {
        hist_merge(&whole, &parts[i]);
        hist_fini(&parts[i]);
    }
    qsort(values, MODEL_VALUES, sizeof(values[0]), ascending);
    TAP_INT(whole.infinite, 1, "infinite ones merged");
    whole.infinite = 0;
    TAP_INT(whole.finite, MODEL_VALUES, "counts merged");
    TAP_INT(whole.min_ns, values[0], "minimum merged");
    TAP_INT(whole.max_ns, values[MODEL_VALUES - 1], "maximum merged");
    TAP_NEAR(whole.sum_ns / sum, 1, 1e-12, "sum merged");
    TAP_OK(quantiles_agree(&whole, values), "quantiles agree with a sorted array");
    hist_fini(&whole);
}

/* METHOD 9: more than 5 M requests, the last million slow, exact to 0.1 %. */
static void many(void)
{
    struct hist hist;
    struct rng rng;
    bool good = true;
    hist_init(&hist);
    rng_init(&rng, 2, 0);
    for (int i = 0; i < 6000000; i++)
        hist_record(&hist, (i < 5000000 ? 1000000 : 800000000) +
                               (int64_t)(rng_next(&rng) % 1000));
    static const double qs[] = {0.5, 0.83, 0.84, 0.99, 0.9999};
    for (size_t i = 0; i < sizeof(qs) / sizeof(qs[0]); i++) {
        double want = qs[i] * 6 <= 5 ? 1000500 : 800000500;
        good = good && fabs((double)hist_quantile(&hist, qs[i]) / want - 1) < 0.0011;
    }
    TAP_OK(good && hist.finite == 6000000, "six million, the last of them slow");
    hist_fini(&hist);
}

int main(void)
{
    known_indices();
    every_bucket();
    exact_parts();
    infinite_ones();
    ranks();
    count_up_to();
    model();
    many();
    return tap_done();
}
