/* The oracle's laws, without a clock: what they promise of many requests. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "law.h"
#include "tap.h"

enum { REQUESTS = 200000 };

static double sojourns[REQUESTS];

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Feeds Poisson arrivals; sojourns are in ms, in order. Returns the share of 503. */
static double feed(const char *text, double rate_hz)
{
    struct law law;
    struct error err;
    struct rng arrivals;
    double now_ns = 0;
    int bad = 0;
    if (!law_parse(&law, text, 7, 0, &err)) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    rng_init(&arrivals, 7, 0);
    for (int i = 0; i < REQUESTS; i++) {
        now_ns += rng_exponential(&arrivals) * 1e9 / rate_hz;
        struct law_answer answer = law_answer(&law, (int64_t)now_ns);
        sojourns[i] = (double)(answer.at_ns - (int64_t)now_ns) / 1e6;
        bad += answer.status == 503;
    }
    qsort(sojourns, REQUESTS, sizeof(sojourns[0]), ascending);
    return (double)bad / REQUESTS;
}

static double quantile(double q)
{
    return sojourns[(int)(q * REQUESTS)];
}

static double mean(void)
{
    double sum = 0;
    for (int i = 0; i < REQUESTS; i++)
        sum += sojourns[i];
    return sum / REQUESTS;
}

static void near(double got, double expected, double share, const char *what)
{
    TAP_OK(fabs(got - expected) <= share * expected, "%s: %.4g, expected %.4g", what, got,
           expected);
}

/* Closed forms: exponential sojourn of M/M/1, Pollaczek-Khinchine for M/D/1. */
static void queues(void)
{
    feed("mm1:1ms", 800);
    near(mean(), 5, .1, "M/M/1 at 80 %, mean");
    near(quantile(.5), 5 * log(2), .1, "M/M/1, p50");
    near(quantile(.99), 5 * log(100), .12, "M/M/1, p99");
    feed("md1:1ms", 800);
    near(mean(), 3, .06, "M/D/1 at 80 %, mean");
    TAP_OK(sojourns[0] == 1, "M/D/1: nobody is served in less");
}

static void distributions(void)
{
    feed("fixed:2ms", 1000);
    TAP_OK(sojourns[0] == 2 && sojourns[REQUESTS - 1] == 2, "fixed is fixed");
    feed("lognormal:1ms,0.5", 1000);
    near(quantile(.5), 1, .01, "log-normal, median");
    near(quantile(.99), exp(.5 * 2.3263), .03, "log-normal, p99");
    feed("pareto:1ms,2.5", 1000);
    TAP_OK(sojourns[0] >= 1, "Pareto: never below its scale");
    near(quantile(.99), pow(.01, -1 / 2.5), .03, "Pareto, p99");
    feed("bimodal:1ms,20ms,10%", 1000);
    TAP_OK(quantile(.89) == 1 && quantile(.91) == 20, "bimodal: a tenth is slow");
    feed("slow:100ms,0.7%", 1000);
    TAP_OK(quantile(.992) == 0 && quantile(.994) == 100, "slow: 7 of 1,000");
    near(feed("errors:10%", 1000), .1, .03, "errors");
    TAP_OK(sojourns[REQUESTS - 1] == 0, "errors come at once");
    near(1 + feed("null", 1000), 1, 1e-12, "null has no errors");
    TAP_OK(sojourns[REQUESTS - 1] == 0, "and no delay");
}

/* Uniform within the stall: p_q = S - (1-q) P. */
static void stalls(void)
{
    feed("stall:200ms,2s", 1000);
    near(quantile(.99), 180, .02, "stall, p99");
    near(quantile(.95), 100, .03, "stall, p95");
    TAP_OK(quantile(.89) == 0, "stall: nine tenths see nothing of it");
    TAP_OK(sojourns[REQUESTS - 1] <= 200, "stall: none waits longer");
}

static void seeds(void)
{
    struct law a, b, c;
    struct error err;
    int same = 0, other = 0;
    law_parse(&a, "mm1:1ms", 1, 0, &err);
    law_parse(&b, "mm1:1ms", 1, 0, &err);
    law_parse(&c, "mm1:1ms", 2, 0, &err);
    for (int64_t i = 0; i < 100; i++) {
        int64_t at_ns = law_answer(&a, i * NS_PER_S).at_ns;
        same += law_answer(&b, i * NS_PER_S).at_ns == at_ns;
        other += law_answer(&c, i * NS_PER_S).at_ns == at_ns;
    }
    TAP_INT(same, 100, "a seed gives the same times again");
    TAP_OK(other < 3, "another seed others");
}

static void refusals(void)
{
    static const char *const bad[] = {
        "",          "fix",           "fixed",           "fixed:",      "fixed:2",
        "fixed:0ms", "fixed:1ms,2ms", "null:1ms",        "stall:1ms",   "stall:1ms,",
        "errors:10", "errors:101%",   "bimodal:1ms,2ms", "slow:1ms,x%", "pareto:1ms,0"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct law law = {.start_ns = -1};
        struct error err = {""};
        TAP_OK(!law_parse(&law, bad[i], 1, 0, &err) && err.text[0] && law.start_ns == -1,
               "'%s' is refused", bad[i]);
    }
}

int main(void)
{
    queues();
    distributions();
    stalls();
    seeds();
    refusals();
    return tap_done();
}
