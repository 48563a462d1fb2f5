/*
 * signed_rank: null distributions are computed as probabilities, halving at each rank, so
 * that n = 200 neither overflows nor loses the small tail (2^-200 is a normal double);
 * up to n = 50 they are exact. Rejected: the normal approximation (wrong where it
 * matters, at n = 6…10) and a bootstrap (false positives of 10 %, METHOD 3).
 *
 * Infinite differences are allowed as long as no average of two is undefined; NAN, or
 * +infinity with -infinity, makes the results NAN.
 *
 * The Walsh averages are sorted whole: 20,100 of them at most, once a metric.
 */
#include "stats/signed_rank.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stats/sorted.h"

enum { WALSH_MAX = SIGNED_RANK_MAX * (SIGNED_RANK_MAX + 1) / 2 };

/* Sorted Walsh averages; returns their number, 0 when one of them is undefined. */
static size_t walsh_averages(const double *d, size_t n, double walsh[WALSH_MAX])
{
    size_t count = 0;
    assert(n <= SIGNED_RANK_MAX);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j < n; j++)
            walsh[count++] = d[i] / 2 + d[j] / 2;
    }
    if (sorted_has_nan(walsh, count))
        return 0;
    sorted_make(walsh, count);
    return count;
}

double signed_rank_hodges_lehmann(const double *d, size_t n)
{
    double walsh[WALSH_MAX];
    return sorted_median(walsh, walsh_averages(d, n, walsh));
}

/* One more rank, counted or not with probability 1/2 each: p[u] for sums u up to max. */
static void add_rank(double *p, size_t rank, size_t max)
{
    for (size_t u = max; u >= rank; u--)
        p[u] = (p[u] + p[u - rank]) / 2;
    for (size_t u = 0; u < rank; u++)
        p[u] /= 2;
}

/* P(W+ = u) for u = 0 ... n(n+1)/2. */
static void null_distribution(size_t n, double p[WALSH_MAX + 1])
{
    memset(p, 0, (WALSH_MAX + 1) * sizeof(*p));
    p[0] = 1;
    for (size_t rank = 1; rank <= n; rank++)
        add_rank(p, rank, n * (n + 1) / 2);
}

size_t signed_rank_k(size_t n, double alpha)
{
    double p[WALSH_MAX + 1];
    assert(n <= SIGNED_RANK_MAX && alpha > 0 && alpha < 1);
    null_distribution(n, p);
    size_t k = 0;
    double below = p[0]; /* P(W+ <= k) */
    while (below <= alpha / 2)
        below += p[++k];
    return k;
}

struct interval signed_rank_interval(const double *d, size_t n, double alpha)
{
    double walsh[WALSH_MAX];
    size_t k = signed_rank_k(n, alpha), count = walsh_averages(d, n, walsh);
    if (k == 0 || count == 0)
        return (struct interval){(double)NAN, (double)NAN};
    return (struct interval){walsh[k - 1], walsh[count - k]};
}

double signed_rank_p_above(const double *d, size_t n, double shift)
{
    double walsh[WALSH_MAX], p[WALSH_MAX + 1], tail = 0;
    size_t count = walsh_averages(d, n, walsh), above = 0;
    if (count == 0)
        return n == 0 ? 1 : (double)NAN;
    while (above < count && walsh[count - 1 - above] > shift)
        above++;
    null_distribution(n, p);
    /* By symmetry P(W+ >= above) = P(W+ <= count - above). */
    for (size_t u = 0; u <= count - above; u++)
        tail += p[u];
    return fmin(1, tail);
}

static int by_magnitude(const void *left, const void *right)
{
    double a = fabs(*(const double *)left), b = fabs(*(const double *)right);
    return (a > b) - (a < b);
}

/* Sorted copy by magnitude without zeros; returns how many are left. */
static size_t without_zeros(const double *d, size_t n, double out[SIGNED_RANK_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (d[i] < 0 || d[i] > 0)
            out[count++] = d[i];
    }
    qsort(out, count, sizeof(*out), by_magnitude);
    return count;
}

/*
 * Midranks are halves of whole numbers, so all sums are kept doubled. A group of ties
 * from rank a to rank b has the doubled midrank a + b. The distribution is symmetric:
 * twice the smaller tail.
 */
double signed_rank_p(const double *d, size_t n)
{
    double sorted[SIGNED_RANK_MAX], p[2 * WALSH_MAX + 1] = {1};
    assert(n <= SIGNED_RANK_MAX);
    if (sorted_has_nan(d, n))
        return (double)NAN;
    size_t count = without_zeros(d, n, sorted), positive = 0;
    size_t largest = count * (count + 1);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && fabs(sorted[end]) <= fabs(sorted[i]);)
            end++;
        for (size_t j = i; j < end; j++) {
            add_rank(p, i + 1 + end, largest);
            positive += sorted[j] > 0 ? i + 1 + end : 0;
        }
    }
    size_t smaller = positive < largest - positive ? positive : largest - positive;
    double tail = 0;
    for (size_t u = 0; u <= smaller; u++)
        tail += p[u];
    return fmin(1, 2 * tail);
}
