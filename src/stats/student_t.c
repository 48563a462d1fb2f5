/*
 * student_t: the paired t interval that stands beside the signed-rank one as a check, and
 * the quantile it needs. The quantile inverts the tail probability by bisection: some 60
 * evaluations, and no starting value that could fail. Rejected: Hill's expansion
 * (Algorithm 396), which has six digits only.
 *
 * Tail: regularised incomplete beta function by its continued fraction (Abramowitz &
 * Stegun 26.5.8, modified Lentz).
 */
#include <assert.h>
#include <float.h>
#include <math.h>

#include "stats/signed_rank.h"

double paired_t_mean(const double *d, size_t n)
{
    double sum = 0;
    if (n < 2)
        return (double)NAN;
    for (size_t i = 0; i < n; i++)
        sum += d[i];
    return sum / (double)n;
}

struct interval paired_t_interval(const double *d, size_t n, double alpha)
{
    if (n < 2)
        return (struct interval){(double)NAN, (double)NAN};
    double mean = paired_t_mean(d, n), squares = 0, count = (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (d[i] - mean) * (d[i] - mean);
    double error = sqrt(squares / (count - 1) / count);
    double half = student_t_quantile(1 - alpha / 2, count - 1) * error;
    return (struct interval){mean - half, mean + half};
}

static double away_from_zero(double x)
{
    return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

/* Continued fraction of I_x(a, b); converges fast for x < (a+1)/(a+b+2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d, step = 0;
    for (double m = 1; m < 1e6 && fabs(step - 1) > DBL_EPSILON; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        value *= c * d;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        step = c * d;
        value *= step;
    }
    return value;
}

/*
 * ln(Gamma(a + 1/2) / Gamma(a)). The difference of two lgamma loses digits as a grows;
 * the asymptotic series, right to 1e-14 from 40 on, does not.
 */
static double log_gamma_step(double a)
{
    int sign = 0;
    if (a < 40)
        return lgamma_r(a + 0.5, &sign) - lgamma_r(a, &sign);
    double r = 1 / a;
    return log(a) / 2 - r / 8 * (1 - r * r / 24 * (1 - r * r * 3 / 10));
}

/* P(T > t), t >= 0: I_x(df/2, 1/2) / 2 with x = df / (df + t^2). */
static double upper_tail(double t, double df)
{
    static const double LOG_PI = 1.1447298858494001741;
    double a = df / 2, square = t * t, y = square / (df + square);
    if (y <= 0)
        return 0.5;
    double front =
        exp(-a * log1p(square / df) + (log(y) - LOG_PI) / 2 + log_gamma_step(a));
    if (y < 1.5 / (a + 2.5)) /* near the middle: the mirrored fraction */
        return 0.5 - front * beta_fraction(0.5, a, y);
    return front / df * beta_fraction(a, 0.5, df / (df + square));
}

double student_t_quantile(double p, double df)
{
    assert(p > 0 && p < 1 && df >= 1);
    double tail = fmin(p, 1 - p), low = 0, high = 1;
    while (upper_tail(high, df) > tail) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 100 && high - low > DBL_EPSILON * high; i++) {
        double middle = low + (high - low) / 2;
        if (upper_tail(middle, df) > tail)
            low = middle;
        else
            high = middle;
    }
    double t = low + (high - low) / 2;
    return p < 0.5 ? -t : t;
}
