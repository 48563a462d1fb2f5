/* Numbers as people read them. */
#include "report/figure.h"
#include "tap.h"

static void values(void)
{
    static const struct {
        double value;
        enum metric metric;
        int64_t timeout_ns;
        const char *text;
    } cases[] = {
        {183400, METRIC_P50, 0, "183 µs"},
        {(double)NAN, METRIC_P99, 0, "–"},
        {(double)INFINITY, METRIC_P99, 5000000000, ">5s"},
        {(double)INFINITY, METRIC_MAX, 250000000, ">250ms"},
        {(double)INFINITY, METRIC_P99, 0, ">time-out"},
        {(double)INFINITY, METRIC_DRAIN, 5000000000, "killed"},
        {43210.4, METRIC_THROUGHPUT, 0, "43,210/s"},
        {(double)NAN, METRIC_THROUGHPUT, 0, "–"},
        {31.24, METRIC_CPU, 0, "31.2 µs"},
        {.5, METRIC_CPU, 0, "500 ns"},
        {3355443.2, METRIC_RSS, 0, "3.20 MiB"},
        {(double)NAN, METRIC_RSS, 0, "–"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[FIGURE_BYTES];
        TAP_TEXT(figure_value(cases[i].value, cases[i].metric, cases[i].timeout_ns, out),
                 cases[i].text, "value");
    }
}

static void differences(void)
{
    static const struct {
        double ratio, low, high;
        const char *text;
    } cases[] = {
        {2.314, 2.1, 2.6, "2.31× [2.10, 2.60]"},
        {13.14, 12, 14.2, "13.1× [12.0, 14.2]"},
        {131.4, 120, 142, "131× [120, 142]"},
        {.0512, .049, .053, "0.051× [0.049, 0.053]"},
        {1.2, (double)NAN, (double)NAN, "1.20×"},
        {(double)NAN, 1, 2, "–"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[FIGURE_BYTES];
        const struct interval ci = {cases[i].low, cases[i].high};
        TAP_TEXT(figure_difference(cases[i].ratio, ci, out), cases[i].text, "difference");
    }
}

static void shares(void)
{
    static const struct {
        double share;
        const char *text;
    } cases[] = {{0, "0%"},        {.031, "3.1%"},    {.126, "13%"},     {1, "100%"},
                 {6e-5, "0.006%"}, {1e-7, "<0.001%"}, {(double)NAN, "–"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[FIGURE_BYTES];
        TAP_TEXT(figure_share(cases[i].share, out), cases[i].text, "share");
    }
}

int main(void)
{
    values();
    differences();
    shares();
    return tap_done();
}
