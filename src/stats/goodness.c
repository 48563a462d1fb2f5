#include "stats/goodness.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLE_MIN = 8 };

#define SMALLEST 1e-12 /* a gap of 0 would make the statistic infinite */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The limit law's distribution function; both branches are Marsaglia's adinf(). */
static double limit_cdf(double z)
{
    if (z <= 0)
        return 0;
    if (z < 2)
        return exp(-1.2337141 / z) / sqrt(z) *
               (2.00012 +
                (.247105 -
                 (.0649821 - (.0347962 - (.011672 - .00168691 * z) * z) * z) * z) *
                    z);
    return exp(-exp(
        1.0776 -
        (2.30695 - (.43424 - (.082433 - (.008056 - .0003146 * z) * z) * z) * z) * z));
}

struct goodness goodness_exponential(double *sample, size_t n)
{
    struct goodness out = {(double)NAN, (double)NAN, (double)NAN};
    if (n < SAMPLE_MIN)
        return out;
    for (size_t i = 0; i < n; i++)
        sample[i] = fmax(sample[i], SMALLEST);
    qsort(sample, n, sizeof(*sample), ascending);
    double sum = 0, distance = 0, count = (double)n;
    for (size_t i = 0; i < n; i++) {
        double rank = (double)i, cdf = -expm1(-sample[i]);
        sum += (2 * rank + 1) * (log(cdf) - sample[n - 1 - i]);
        distance = fmax(distance, fmax(cdf - rank / count, (rank + 1) / count - cdf));
    }
    out.a2 = -count - sum / count;
    out.p = fmin(fmax(1 - limit_cdf(out.a2), 0), 1);
    out.distance = distance;
    return out;
}
