/*
 * hist: the index of a value is its binary exponent and the 10 bits after the leading
 * one, found with one count of leading zeros; recording is that, an increment and two
 * comparisons. Percentiles walk all counts: they are asked for after the run.
 *
 * Layout (HdrHistogram, unit magnitude 0): indices 0…2047 are the values themselves; from
 * there on each block of 1024 indices covers one power of two, in steps twice as wide as
 * those of the block before.
 *
 * Rejected: a pointer to the histogram's own parameters (digits, range), as HdrHistogram
 * has; one layout for the whole project means that any two histograms can be merged.
 *
 * Invariants: finite == sum of counts; no count above hist_index(HIST_HIGHEST_NS), whose
 * bucket is therefore open-ended; min_ns <= max_ns while finite > 0.
 */
#include "stats/hist.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

enum {
    HALF_MAGNITUDE = 10,
    HALF_COUNT = 1 << HALF_MAGNITUDE, /* indices per power of two */
    SUB_BUCKET_MASK = 2 * HALF_COUNT - 1,
    BUCKET_COUNT =
        32, /* the smallest with 2048 << (BUCKET_COUNT - 1) > HIST_HIGHEST_NS */
    COUNTS_LEN = (BUCKET_COUNT + 1) * HALF_COUNT,
};

static_assert((INT64_C(2) * HALF_COUNT) << (BUCKET_COUNT - 1) > HIST_HIGHEST_NS &&
                  (INT64_C(2) * HALF_COUNT) << (BUCKET_COUNT - 2) <= HIST_HIGHEST_NS,
              "the counts reach the highest value, and no bucket is too many");

const int32_t HIST_COUNTS_LEN = COUNTS_LEN;

void hist_init(struct hist *hist)
{
    /* mem_new's zeros cost no memory until they are written: a run of an hour has
     * thousands of windows. */
    *hist = (struct hist){.counts = mem_new(COUNTS_LEN, sizeof(*hist->counts)),
                          .min_ns = INT64_MAX,
                          .max_ns = INT64_MIN};
}

void hist_fini(struct hist *hist)
{
    mem_free(hist->counts);
    *hist = (struct hist){0};
}

void hist_clear(struct hist *hist)
{
    uint64_t *counts = hist->counts;
    memset(counts, 0, COUNTS_LEN * sizeof(*counts));
    *hist = (struct hist){.counts = counts, .min_ns = INT64_MAX, .max_ns = INT64_MIN};
}

int32_t hist_index(int64_t value_ns)
{
    if (value_ns < 0)
        value_ns = 0;
    if (value_ns > HIST_HIGHEST_NS)
        value_ns = HIST_HIGHEST_NS;
    uint64_t value = (uint64_t)value_ns;
    int bucket = 63 - HALF_MAGNITUDE - __builtin_clzll(value | SUB_BUCKET_MASK);
    return bucket * HALF_COUNT + (int32_t)(value >> bucket);
}

int64_t hist_index_highest(int32_t index)
{
    assert(index >= 0 && index < COUNTS_LEN);
    int bucket = index / HALF_COUNT - 1;
    if (bucket < 0)
        return index;
    int64_t after = index - bucket * HALF_COUNT + 1;
    return after * (INT64_C(1) << bucket) - 1;
}

void hist_record(struct hist *hist, int64_t value_ns)
{
    if (value_ns < 0)
        value_ns = 0;
    hist->counts[hist_index(value_ns)]++;
    hist->finite++;
    hist->sum_ns += (double)value_ns;
    if (value_ns < hist->min_ns)
        hist->min_ns = value_ns;
    if (value_ns > hist->max_ns)
        hist->max_ns = value_ns;
}

void hist_record_infinite(struct hist *hist)
{
    hist->infinite++;
}

void hist_merge(struct hist *to, const struct hist *from)
{
    to->infinite += from->infinite;
    if (from->finite == 0)
        return; /* its min and max mean nothing */
    int32_t last = hist_index(from->max_ns);
    for (int32_t i = hist_index(from->min_ns); i <= last; i++) {
        if (from->counts[i]) /* do not touch what is untouched */
            to->counts[i] += from->counts[i];
    }
    to->finite += from->finite;
    to->sum_ns += from->sum_ns;
    if (from->min_ns < to->min_ns)
        to->min_ns = from->min_ns;
    if (from->max_ns > to->max_ns)
        to->max_ns = from->max_ns;
}

uint64_t hist_total(const struct hist *hist)
{
    return hist->finite + hist->infinite;
}

/*
 * ceil(q * total), but a product within rounding of a whole number is that number: .07 *
 * 100 is a little more than 7 in binary, and the rank is meant to be 7.
 */
static uint64_t rank_of(double q, uint64_t total)
{
    double product = q * (double)total, nearest = round(product);
    bool whole = fabs(product - nearest) <= 4 * DBL_EPSILON * product;
    double rank = whole ? nearest : ceil(product);
    if (rank < 1)
        return 1;
    return rank < (double)total ? (uint64_t)rank : total;
}

int64_t hist_quantile(const struct hist *hist, double q)
{
    assert(q > 0 && q <= 1);
    uint64_t total = hist_total(hist), seen = 0;
    if (total == 0)
        return -1;
    uint64_t rank = rank_of(q, total);
    if (rank > hist->finite)
        return HIST_INFINITE;
    int32_t index = -1;
    while (seen < rank)
        seen += hist->counts[++index];
    int64_t highest = hist_index_highest(index);
    bool open_ended = index == hist_index(HIST_HIGHEST_NS);
    return open_ended || highest > hist->max_ns ? hist->max_ns : highest;
}

double hist_quantile_time(const struct hist *hist, double q)
{
    int64_t value_ns = hist_quantile(hist, q);
    if (value_ns < 0)
        return (double)NAN;
    return value_ns == HIST_INFINITE ? (double)INFINITY : (double)value_ns;
}

void hist_counts_up_to(const struct hist *hist, const int64_t *values_ns, int count,
                       uint64_t *out)
{
    uint64_t seen = 0;
    int32_t at = 0;
    for (int i = 0; i < count; i++) {
        int32_t last = hist_index(values_ns[i]);
        while (at <= last && seen < hist->finite)
            seen += hist->counts[at++];
        out[i] = seen;
    }
}

double hist_mean(const struct hist *hist)
{
    return hist->finite ? hist->sum_ns / (double)hist->finite : (double)NAN;
}
