/* Quantiles of Student's t against SciPy, closed forms, and the paired interval. */
#include "stats/rng.h"
#include "stats/signed_rank.h"
#include "tap.h"

/* scipy.stats.t.ppf, 1.17 */
static void known_quantiles(void)
{
    static const struct {
        double p, df, t;
    } cases[] = {
        {0.975, 1, 12.706204736174694},
        {0.975, 5, 2.5705818356363146},
        {0.975, 9, 2.2621571627982049},
        {0.95, 9, 1.833112932656237},
        {0.995, 29, 2.7563859036706049},
        {0.975, 79, 1.9904502102301285},
        {0.975, 81, 1.9896863234569029},
        {0.975, 199, 1.9719565442517533},
        {0.975, 100000, 1.9599877075346095},
        {0.6, 3.5, 0.27326545405577973},
        {0.025, 9, -2.2621571627982053},
        {0.9999999, 4, 73.985758057510523},
        {1e-10, 12, -19.391546179047733},
        {0.5000001, 7, 2.5974602739221524e-07},
        {0.5, 3, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double got = student_t_quantile(cases[i].p, cases[i].df);
        double tolerance = 1e-9 * fmax(1, fabs(cases[i].t));
        if (!TAP_OK(fabs(got - cases[i].t) <= tolerance, "t(%g; %g)", cases[i].p,
                    cases[i].df))
            printf("# got %.17g, expected %.17g\n", got, cases[i].t);
    }
}

/* 1 degree of freedom is Cauchy's law; 2 have a root of p. */
static void closed_forms(void)
{
    double worst = 0;
    for (int i = 1; i < 1000; i++) {
        double p = i / 1000.0, s = 2 * p - 1;
        double one = tan(3.14159265358979323846 * (p - 0.5));
        double two = s * sqrt(2 / (1 - s * s));
        worst = fmax(worst, fabs(student_t_quantile(p, 1) - one) / fmax(1, fabs(one)));
        worst = fmax(worst, fabs(student_t_quantile(p, 2) - two) / fmax(1, fabs(two)));
    }
    TAP_OK(worst < 1e-12, "1 and 2 degrees of freedom, all permille: %.1e", worst);
}

static void paired(void)
{
    /* scipy.stats.ttest_1samp(d, 0).confidence_interval() */
    static const double d[] = {0.031,  -0.012, 0.054, 0.022, 0.017,
                               -0.004, 0.043,  0.009, 0.028, 0.061};
    static const double same[] = {0.5, 0.5, 0.5};
    struct interval ci95 = paired_t_interval(d, 10, 0.05);
    struct interval ci90 = paired_t_interval(d, 10, 0.10);
    TAP_NEAR(paired_t_mean(d, 10), 0.0249, 1e-15, "mean");
    TAP_NEAR(ci95.low, 0.007963338782784064, 1e-14, "95 %, low");
    TAP_NEAR(ci95.high, 0.04183666121721594, 1e-14, "95 %, high");
    TAP_NEAR(ci90.low, 0.011175572173379809, 1e-14, "90 %, low");
    TAP_NEAR(ci90.high, 0.038624427826620185, 1e-14, "90 %, high");
    struct interval none = paired_t_interval(same, 3, 0.05);
    TAP_OK(none.low >= 0.5 && none.high <= 0.5, "no spread: a point");
    none = paired_t_interval(d, 1, 0.05);
    TAP_OK(isnan(none.low) && isnan(none.high) && isnan(paired_t_mean(d, 1)) &&
               isnan(paired_t_mean(d, 0)),
           "n < 2: nothing");
}

/* Coverage of the 90 % interval on uniform values of mean 1/2. */
static void coverage(void)
{
    enum { REPETITIONS = 4000 };
    struct rng rng;
    int covered = 0;
    rng_init(&rng, 31, 0);
    for (int i = 0; i < REPETITIONS; i++) {
        double d[8];
        for (int j = 0; j < 8; j++)
            d[j] = rng_uniform(&rng);
        struct interval ci = paired_t_interval(d, 8, 0.1);
        covered += ci.low <= 0.5 && ci.high >= 0.5;
    }
    TAP_NEAR(covered / (double)REPETITIONS, 0.9, 0.02, "90 % interval covers 90 %");
}

int main(void)
{
    known_quantiles();
    closed_forms();
    paired();
    coverage();
    return tap_done();
}
