/*
 * tail: one pass over the values; the four sums that eq. 7 and 8 need are kept side by
 * side, because which of the two applies is known only at the end (largest gap). Sums of
 * whole numbers in doubles are exact up to 2^53.
 */
#include "stats/tail.h"

#include <math.h>
#include <stdbool.h>

struct gaps {
    double count;
    double largest;
    double sum;          /* of T */
    double sum_squares;  /* of T^2 */
    double sum_less_one; /* of T-1 */
    double sum_products; /* of (T-1)(T-2) */
};

static void gaps_add(struct gaps *gaps, double gap)
{
    gaps->count++;
    gaps->largest = fmax(gaps->largest, gap);
    gaps->sum += gap;
    gaps->sum_squares += gap * gap;
    gaps->sum_less_one += gap - 1;
    gaps->sum_products += (gap - 1) * (gap - 2);
}

/*
 * The sequence is closed to a ring: with the gaps in between alone, a trial whose only
 * exceedances are the 1,000 requests of one stall would have nothing but gaps of 1, and
 * theta = 1 instead of 2/1000.
 */

/* Ferro & Segers: eq. 7 when no gap exceeds 2, otherwise eq. 8, which has less bias but
 * would divide by 0 there. */
static double intervals_estimate(const struct gaps *gaps)
{
    bool small = gaps->largest <= 2;
    double sum = small ? gaps->sum : gaps->sum_less_one;
    double second = small ? gaps->sum_squares : gaps->sum_products;
    return fmin(1, 2 * sum * sum / (gaps->count * second));
}

struct tail tail_of(const uint16_t *values, size_t n, uint16_t threshold)
{
    struct tail tail = {.theta = (double)NAN};
    struct gaps gaps = {0};
    size_t first = 0, last = 0;
    for (size_t i = 0; i < n; i++) {
        if (values[i] <= threshold)
            continue;
        if (tail.exceedances > 0)
            gaps_add(&gaps, (double)(i - last));
        else
            first = i;
        tail.exceedances++;
        last = i;
    }
    if (tail.exceedances >= 2) {
        gaps_add(&gaps, (double)(n - last + first));
        tail.theta = intervals_estimate(&gaps);
        tail.k_eff = (double)tail.exceedances * tail.theta;
    }
    return tail;
}
