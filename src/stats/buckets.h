/*
 * buckets: quantiles of histograms that are known only by cumulative counts below given
 * bounds, exactly as Prometheus computes them (histogram_quantile, promql/quantile.go:
 * bucketQuantile), so that the same scrape gives the same number here and there.
 */
#ifndef DRAGSTRIP_STATS_BUCKETS_H
#define DRAGSTRIP_STATS_BUCKETS_H

#include <stddef.h>

/* Observations of at most `upper`; cumulative. The last one's bound is +Inf. */
struct bucket {
    double upper;
    double count;
};

/* The value is interpolated as if the observations lay evenly in their bucket; all that
 * is known is that it lies within (low, high]. */
struct bucket_quantile {
    double value; /* NaN: no observation, or no bucket +Inf */
    double low;   /* -Inf below the first bound, unless that is above 0: then 0 */
    double high;  /* +Inf above the last finite bound, which is then the value */
};

/* Sorts the buckets, which may be in any order, adds up those of one bound, and raises a
 * count below the one before it to that, as differences of two scrapes may need it; one
 * above it by less than two parts in 10^12 is lowered to that.
 * Returns how many are left; the others are gone. Doing it twice changes nothing more. */
size_t buckets_prepare(struct bucket *buckets, size_t count);

/* Of buckets that were prepared; q within 0 and 1. */
struct bucket_quantile bucket_quantile(double q, const struct bucket *buckets,
                                       size_t count);

#endif
