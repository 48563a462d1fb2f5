/* Medians and spreads of small samples, with infinite and undefined values. */
#include "stats/robust.h"
#include "stats/signed_rank.h"
#include "tap.h"

static void medians(void)
{
    static const double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
    static const double half[] = {1, (double)INFINITY, (double)INFINITY, 2};
    static const double all[] = {(double)INFINITY, (double)INFINITY};
    static const double none[] = {1, (double)NAN, 2};
    static const double large[] = {1.5e308, 1.7e308};
    TAP_NEAR(robust_median(odd, 3), 3, 0, "odd");
    TAP_NEAR(robust_median(even, 4), 2.5, 0, "even");
    TAP_NEAR(robust_median(one, 1), 7, 0, "one");
    TAP_OK(isnan(robust_median(NULL, 0)), "none");
    TAP_OK(isinf(robust_median(half, 4)), "between 2 and infinity");
    TAP_OK(isinf(robust_median(half, 3)), "two of three infinite");
    TAP_OK(isinf(robust_median(all, 2)), "all infinite");
    TAP_OK(isnan(robust_median(none, 3)), "NAN is not ordered away");
    TAP_NEAR(robust_median(large, 2), 1.6e308, 1e293, "no overflow");
    TAP_OK(odd[0] > 4 && odd[2] < 4, "inputs are not changed");
}

static void spreads(void)
{
    static const double values[] = {1, 1, 2, 2, 4, 6, 9};
    static const double same[] = {3, 3, 3, 3, 9};
    static const double infinite[] = {(double)INFINITY, (double)INFINITY,
                                      (double)INFINITY};
    TAP_NEAR(robust_mad(values, 7), 1.4826, 1e-15, "distances 0 0 1 1 2 4 7");
    TAP_NEAR(robust_mad(same, 5), 0, 0, "more than half the same");
    TAP_NEAR(robust_mad(infinite, 3), 0, 0, "infinite, but the same");
    TAP_OK(isnan(robust_mad(NULL, 0)), "none");
}

static void outliers(void)
{
    static const double values[] = {
        9, 10, 11, 10.5, 9.5, 10, 20, 0, 13, 7, 12, 8, (double)INFINITY};
    static const double same[] = {3, 3, 3, 3, 9};
    static const double few[] = {1, 1.1, 500};
    /* Median 10, MAD 1.5: bound 6.67 on either side. */
    static const double bound[] = {8.5, 11.5, 10, 16.6, 3.4, 10, 11.5, 8.5, 10};
    static const double beyond[] = {8.5, 11.5, 10, 16.7, 3.3, 10, 11.5, 8.5, 10};
    TAP_OK(robust_is_outlier(values, 13, 6) && robust_is_outlier(values, 13, 7), "both");
    TAP_OK(robust_is_outlier(values, 13, 12), "infinite");
    TAP_OK(!robust_is_outlier(values, 13, 0) && !robust_is_outlier(values, 13, 8),
           "the others are not");
    TAP_OK(!robust_is_outlier(same, 5, 4), "spread 0: none");
    TAP_OK(!robust_is_outlier(few, 3, 2), "fewer than 4: none");
    TAP_NEAR(robust_mad(bound, 9), 1.5 * 1.4826, 1e-12, "bound: 3 spreads are 6.67");
    TAP_OK(!robust_is_outlier(bound, 9, 3) && !robust_is_outlier(bound, 9, 4),
           "just inside");
    TAP_OK(robust_is_outlier(beyond, 9, 3) && robust_is_outlier(beyond, 9, 4),
           "just outside");
}

static void largest_sample(void)
{
    double values[SIGNED_RANK_MAX];
    for (int i = 0; i < SIGNED_RANK_MAX; i++)
        values[i] = (i * 77) % SIGNED_RANK_MAX; /* 77 and 200 have no common factor */
    TAP_NEAR(robust_median(values, SIGNED_RANK_MAX), 99.5, 0, "median of 200");
    TAP_NEAR(robust_mad(values, SIGNED_RANK_MAX), 50 * 1.4826, 1e-12, "MAD of 200");
}

int main(void)
{
    medians();
    spreads();
    outliers();
    largest_sample();
    return tap_done();
}
