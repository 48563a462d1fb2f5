#include "stats/planning.h"

#include <math.h>

#include "stats/rng.h"
#include "stats/robust.h"
#include "stats/signed_rank.h"

enum { REPETITIONS = SIGNED_RANK_MAX }; /* what robust_median takes */

double planning_half_width(size_t n, double sd)
{
    struct rng rng;
    double widths[REPETITIONS], d[SIGNED_RANK_MAX];
    if (n > SIGNED_RANK_MAX || signed_rank_k(n, .05) == 0)
        return (double)NAN;
    rng_init(&rng, 1, n);
    for (int i = 0; i < REPETITIONS; i++) {
        for (size_t j = 0; j < n; j++)
            d[j] = sqrt(2) * sd * rng_normal(&rng); /* of two trials */
        struct interval found = signed_rank_interval(d, n, .05);
        widths[i] = (found.high - found.low) / 2;
    }
    return expm1(robust_median(widths, REPETITIONS));
}
