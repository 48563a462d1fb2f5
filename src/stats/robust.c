/*
 * robust: everything sorts a copy on the stack; n is a number of trials, so a selection
 * algorithm would gain nothing. Two infinite values of one sign count as equal (distance
 * 0, not NAN): a service whose every trial timed out has no spread. A NAN among the
 * values makes the result NAN rather than an arbitrary order.
 */
#include "stats/robust.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "stats/signed_rank.h"
#include "stats/sorted.h"

/* Makes 1.4826 * MAD estimate the standard deviation of a normal law: 1/Phi^-1(3/4). */
static const double NORMAL_CONSISTENCY = 1.4826;
static const double OUTLIER_SPREADS = 3;
enum { OUTLIER_MIN_VALUES = 4 };

static double median_in_place(double *values, size_t n)
{
    if (sorted_has_nan(values, n))
        return (double)NAN;
    sorted_make(values, n);
    return sorted_median(values, n);
}

static double distance(double a, double b)
{
    return a == b ? 0 : fabs(a - b);
}

double robust_median(const double *values, size_t n)
{
    double copy[SIGNED_RANK_MAX];
    assert(n <= SIGNED_RANK_MAX);
    if (n > 0)
        memcpy(copy, values, n * sizeof(*values));
    return median_in_place(copy, n);
}

double robust_mad(const double *values, size_t n)
{
    double distances[SIGNED_RANK_MAX];
    double median = robust_median(values, n);
    for (size_t i = 0; i < n; i++)
        distances[i] = distance(values[i], median);
    return NORMAL_CONSISTENCY * median_in_place(distances, n);
}

bool robust_is_outlier(const double *values, size_t n, size_t i)
{
    assert(i < n);
    if (n < OUTLIER_MIN_VALUES)
        return false;
    double mad = robust_mad(values, n);
    return mad > 0 &&
           distance(values[i], robust_median(values, n)) > OUTLIER_SPREADS * mad;
}
