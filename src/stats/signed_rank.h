/*
 * signed_rank: the location of paired differences (natural logarithms of ratios) and its
 * exact confidence interval, METHOD 3. Source: Hollander, Wolfe & Chicken, Nonparametric
 * Statistical Methods, 3.1-3.3. Pure; n up to SIGNED_RANK_MAX.
 */
#ifndef DRAGSTRIP_STATS_SIGNED_RANK_H
#define DRAGSTRIP_STATS_SIGNED_RANK_H

#include <stddef.h>

enum { SIGNED_RANK_MAX = 200 };

struct interval {
    double low;
    double high;
};

/* Median of the n(n+1)/2 Walsh averages of d[0..n). NAN for n == 0. */
double signed_rank_hodges_lehmann(const double *d, size_t n);

/* Largest k with P(W+ <= k-1) <= alpha/2; 0 when there is none (n too small). */
size_t signed_rank_k(size_t n, double alpha);

/* Interval [w_k, w_{M+1-k}] of level 1-alpha; both NAN when k is 0. */
struct interval signed_rank_interval(const double *d, size_t n, double alpha);

/* Exact two-sided p-value for location 0 (zeros dropped, midranks for ties by the exact
 * permutation distribution). 1 when nothing is left. */
double signed_rank_p(const double *d, size_t n);

/*
 * One-sided exact p-value against "the location is at most shift": P(W+ >= the number of
 * Walsh averages above shift). It is at most alpha/2 exactly when the low end of the
 * interval of level 1-alpha is above shift. NAN when a difference is undefined, 1 for
 * n == 0.
 */
double signed_rank_p_above(const double *d, size_t n, double shift);

/* Paired t: mean and mean ± t(n-1, 1-alpha/2) * s / sqrt(n). NAN for n < 2. */
double paired_t_mean(const double *d, size_t n);
struct interval paired_t_interval(const double *d, size_t n, double alpha);

/* Quantile of Student's t with df degrees of freedom, to 1e-9 (df >= 1, 0 < p < 1). */
double student_t_quantile(double p, double df);

#endif
