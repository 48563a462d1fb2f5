/*
 * rank_sum: by how much two independent samples are shifted against each other, and the
 * exact confidence interval (Mann & Whitney, Hodges & Lehmann, Moses). For trials that
 * are not paired in blocks; signed_rank is for those that are. Source: Hollander, Wolfe &
 * Chicken, Nonparametric Statistical Methods, 4.1-4.3. Pure; inputs are not changed.
 *
 * Positive: y is larger than x. Results have the unit of the values.
 */
#ifndef DRAGSTRIP_STATS_RANK_SUM_H
#define DRAGSTRIP_STATS_RANK_SUM_H

#include <stddef.h>

#include "stats/signed_rank.h"

enum { RANK_SUM_MAX = SIGNED_RANK_MAX }; /* values a side */

/* Median of the m*n differences y[j] - x[i]. NAN when a side is empty or a difference is
 * undefined (NAN, or infinities of one sign on both sides). */
double rank_sum_shift(const double *x, size_t m, const double *y, size_t n);

/* Largest k with P(U <= k-1) <= alpha/2; 0 when there is none (too few values). */
size_t rank_sum_k(size_t m, size_t n, double alpha);

/* Interval [D_k, D_{mn+1-k}] of level 1-alpha, D being the sorted differences; both NAN
 * when k is 0 or a difference is undefined. */
struct interval rank_sum_interval(const double *x, size_t m, const double *y, size_t n,
                                  double alpha);

#endif
