#include "stats/sorted.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void sorted_make(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), ascending);
}

double sorted_median(const double *sorted, size_t n)
{
    if (n == 0)
        return (double)NAN;
    if (n % 2 == 1)
        return sorted[n / 2];
    /* Halved first, so that two large values do not add up to infinity. */
    return sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

bool sorted_has_nan(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            return true;
    }
    return false;
}
