/*
 * stationarity: whether a series of the windows of a trial stays at one level. Pure.
 *
 * Both statistics are built on the partial sums S_t of the deviations from the mean, and
 * on their long-run standard deviation (Bartlett kernel, Newey & West 1987), so that a
 * series whose neighbours resemble each other is not taken for one that moves:
 *
 *   cusum  max |S_t| / (sigma sqrt(T))     5 % point 1.36 (Kolmogorov)
 *   kpss   sum S_t^2 / (sigma^2 T^2)       5 % point .463 (Kwiatkowski et al. 1992)
 *
 * and mser5 (White 1997) says how much of the front of a series had better been left out.
 */
#ifndef DRAGSTRIP_STATS_STATIONARITY_H
#define DRAGSTRIP_STATS_STATIONARITY_H

#include <stdbool.h>
#include <stddef.h>

enum { STATIONARITY_MIN = 10 }; /* fewer windows say nothing */

struct stationarity {
    double cusum, kpss; /* NAN: fewer than STATIONARITY_MIN values, or all are the same */
    bool moves;         /* either is beyond its 5 % point */
};

struct stationarity stationarity_of(const double *values, size_t n);

/*
 * Share of the series, 0 to .5, whose removal from the front makes the mean of the rest
 * most certain: the minimum over d of var(rest) / count(rest), on means of 5 values,
 * looked for in the first half (a minimum at its end, .5, is no minimum at all). NAN when
 * there are fewer than 20 values.
 */
double stationarity_mser5(const double *values, size_t n);

#endif
