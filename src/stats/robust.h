/*
 * robust: order statistics of small samples (one value a trial). Pure. Inputs are not
 * changed; n up to SIGNED_RANK_MAX.
 */
#ifndef DRAGSTRIP_STATS_ROBUST_H
#define DRAGSTRIP_STATS_ROBUST_H

#include <stdbool.h>
#include <stddef.h>

/* NAN for n == 0; mean of the middle two for even n. Infinite values are allowed. */
double robust_median(const double *values, size_t n);

/* 1.4826 * median |v - median|. */
double robust_mad(const double *values, size_t n);

/* Whether values[i] is further than 3 * robust_mad from the median (METHOD 4: flagged,
 * never dropped). False when the spread is 0 or n < 4. */
bool robust_is_outlier(const double *values, size_t n, size_t i);

#endif
