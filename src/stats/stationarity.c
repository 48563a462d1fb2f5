#include "stats/stationarity.h"

#include <math.h>

enum { MSER_BATCH = 5, MSER_MIN = 20 };

static const double CUSUM_POINT = 1.36, KPSS_POINT = .463;

static double mean_of(const double *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

/* floor(12 (T/100)^1/4), but at most a fourth of the series: in a short one the rule asks
 * for lags that it can say nothing about. */
static size_t lags_of(size_t n)
{
    size_t rule = (size_t)floor(12 * pow((double)n / 100, .25));
    return rule < n / 4 ? rule : n / 4;
}

static double covariance(const double *values, size_t n, double mean, size_t lag)
{
    double sum = 0;
    for (size_t i = lag; i < n; i++)
        sum += (values[i] - mean) * (values[i - lag] - mean);
    return sum / (double)n;
}

static double long_run_variance(const double *values, size_t n, double mean)
{
    size_t lags = lags_of(n);
    double sum = covariance(values, n, mean, 0);
    for (size_t lag = 1; lag <= lags; lag++)
        sum +=
            2 * (1 - (double)lag / (double)(lags + 1)) * covariance(values, n, mean, lag);
    return sum;
}

struct stationarity stationarity_of(const double *values, size_t n)
{
    struct stationarity out = {(double)NAN, (double)NAN, false};
    if (n < STATIONARITY_MIN)
        return out;
    double mean = mean_of(values, n), count = (double)n;
    double variance = long_run_variance(values, n, mean);
    if (!(variance > 0) || !isfinite(variance))
        return out;
    double partial = 0, most = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        partial += values[i] - mean;
        most = fmax(most, fabs(partial));
        squares += partial * partial;
    }
    out.cusum = most / sqrt(variance * count);
    out.kpss = squares / (variance * count * count);
    out.moves = out.cusum > CUSUM_POINT || out.kpss > KPSS_POINT;
    return out;
}

static double batch_mean(const double *values, size_t batch)
{
    return mean_of(values + batch * MSER_BATCH, MSER_BATCH);
}

/* From the back: sums over what is left after d batches are removed. */
double stationarity_mser5(const double *values, size_t n)
{
    size_t batches = n / MSER_BATCH, best = 0;
    double sum = 0, squares = 0, count = 0, least = (double)INFINITY;
    if (n < MSER_MIN)
        return (double)NAN;
    double centre = mean_of(values, n); /* keeps the squares small */
    for (size_t d = batches; d-- > 0;) {
        double value = batch_mean(values, d) - centre;
        sum += value;
        squares += value * value;
        count++;
        double error = (squares - sum * sum / count) / (count * count);
        if (d <= batches / 2 && error <= least) {
            least = error;
            best = d;
        }
    }
    return (double)best / (double)batches;
}
