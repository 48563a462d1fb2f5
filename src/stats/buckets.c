#include "stats/buckets.h"

#include <math.h>
#include <stdlib.h>

static int by_bound(const void *a, const void *b)
{
    double x = ((const struct bucket *)a)->upper, y = ((const struct bucket *)b)->upper;
    return (x > y) - (x < y);
}

/* One bucket a bound; returns how many are left. */
static size_t coalesce(struct bucket *buckets, size_t count)
{
    size_t last = 0;
    for (size_t i = 1; i < count; i++) {
        if (buckets[i].upper == buckets[last].upper)
            buckets[last].count += buckets[i].count;
        else
            buckets[++last] = buckets[i];
    }
    return last + 1;
}

/* Prometheus takes a difference of so small a share for an error of rounding. */
#define ROUNDING 1e-12

static void make_monotonic(struct bucket *buckets, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        double below = buckets[i - 1].count, rise = buckets[i].count - below;
        if (!(rise > 0) || (below > 0 && rise < ROUNDING * (buckets[i].count + below)))
            buckets[i].count = below;
    }
}

static size_t first_with(const struct bucket *buckets, size_t count, double rank)
{
    size_t i = 0;
    while (i < count && !(buckets[i].count >= rank))
        i++;
    return i;
}

size_t buckets_prepare(struct bucket *buckets, size_t count)
{
    if (count == 0)
        return 0;
    qsort(buckets, count, sizeof(*buckets), by_bound);
    count = coalesce(buckets, count);
    make_monotonic(buckets, count);
    return count;
}

struct bucket_quantile bucket_quantile(double q, const struct bucket *buckets,
                                       size_t count)
{
    const struct bucket_quantile unknown = {(double)NAN, (double)NAN, (double)NAN};
    if (count < 2 || !isinf(buckets[count - 1].upper) || buckets[count - 1].upper < 0)
        return unknown;
    double all = buckets[count - 1].count;
    if (!(all > 0))
        return unknown;
    double rank = q * all;
    size_t at = first_with(buckets, count - 1, rank);
    double high = buckets[at].upper;
    if (at == count - 1) /* beyond the last finite bound: Prometheus gives that bound */
        return (struct bucket_quantile){buckets[at - 1].upper, buckets[at - 1].upper,
                                        high};
    if (at == 0 && high <= 0)
        return (struct bucket_quantile){high, -(double)INFINITY, high};
    double low = at > 0 ? buckets[at - 1].upper : 0;
    double below = at > 0 ? buckets[at - 1].count : 0;
    double share = (rank - below) / (buckets[at].count - below);
    return (struct bucket_quantile){low + (high - low) * share, low, high};
}
