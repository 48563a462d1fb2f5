/*
 * order_interval: binomial probabilities by Pascal's triangle, halved at each row, so
 * that up to n = 50 they are exact and at n = 200 the tail is not lost (2^-200 is a
 * normal double). Rejected: interpolating between order statistics for a level of exactly
 * 1-alpha (Hettmansperger & Sheather 1986), which is no longer exact for any law.
 */
#include "stats/order_interval.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "stats/sorted.h"

/* p[i] = P(Bin(n, 1/2) = i) for i up to n. From {1, 0, 0…}. */
static void toss_coins(size_t n, double p[SIGNED_RANK_MAX + 1])
{
    assert(n <= SIGNED_RANK_MAX);
    for (size_t tossed = 1; tossed <= n; tossed++) {
        for (size_t i = tossed; i > 0; i--)
            p[i] = (p[i] + p[i - 1]) / 2;
        p[0] /= 2;
    }
}

size_t order_interval_j(size_t n, double alpha)
{
    double p[SIGNED_RANK_MAX + 1] = {1};
    assert(alpha > 0 && alpha < 1);
    toss_coins(n, p);
    size_t j = 0;
    double below = p[0]; /* P(Bin(n, 1/2) <= j) */
    while (below <= alpha / 2)
        below += p[++j];
    return j;
}

struct interval order_interval(const double *values, size_t n, double alpha)
{
    double sorted[SIGNED_RANK_MAX];
    size_t j = order_interval_j(n, alpha);
    if (j == 0 || sorted_has_nan(values, n))
        return (struct interval){(double)NAN, (double)NAN};
    memcpy(sorted, values, n * sizeof(*values));
    sorted_make(sorted, n);
    return (struct interval){sorted[j - 1], sorted[n - j]};
}

/* P(Bin >= above) = P(Bin <= n - above), summed from the small end. */
double order_interval_p_above(const double *values, size_t n, double limit)
{
    double p[SIGNED_RANK_MAX + 1] = {1}, tail = 0;
    size_t not_above = 0;
    if (isnan(limit) || sorted_has_nan(values, n))
        return (double)NAN;
    toss_coins(n, p);
    for (size_t i = 0; i < n; i++)
        not_above += values[i] > limit ? 0 : 1;
    for (size_t i = 0; i <= not_above; i++)
        tail += p[i];
    return fmin(1, tail);
}
