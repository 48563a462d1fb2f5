/*
 * order_interval: a confidence interval of a population's median, and a test against a
 * limit, that assume nothing of the distribution but independent values. Source:
 * Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, 3.4-3.6 (sign test).
 * Pure; inputs are not changed; n up to SIGNED_RANK_MAX. Results have the unit of the
 * values.
 */
#ifndef DRAGSTRIP_STATS_ORDER_INTERVAL_H
#define DRAGSTRIP_STATS_ORDER_INTERVAL_H

#include <stddef.h>

#include "stats/signed_rank.h"

/* Largest j with 2 * P(Bin(n, 1/2) <= j-1) <= alpha; 0 when there is none (n too small).
 */
size_t order_interval_j(size_t n, double alpha);

/* Interval [x_j, x_{n+1-j}] of the sorted values, of level 1-alpha or more. Both NAN when
 * j is 0 or a value is NAN; infinite values are allowed. */
struct interval order_interval(const double *values, size_t n, double alpha);

/*
 * Exact one-sided p-value of the sign test against "the median is at most limit":
 * P(Bin(n, 1/2) >= number of values above limit). Values equal to the limit count as not
 * above it. 1 for n == 0; NAN when a value or the limit is NAN.
 */
double order_interval_p_above(const double *values, size_t n, double limit);

#endif
