/*
 * Figures of several services over several windows: medians, bounds, ratios paired by
 * window, and their JSON.
 */
#include "result/observed_set.h"

#include <stdlib.h>

#include "observe.h"

#define UNKNOWN ((double)NAN)
enum { WINDOWS = 6, SERVICES = 2 };

static const char *const urls[] = {"http://a/metrics", "http://b/metrics"};

static struct observed cells[SERVICES * WINDOWS];

/* Each number is another one: service and window tell which. */
static void fill(struct observed *out, int service, int window)
{
    double base = (service + 1) * (1 + window * .25);
    *out = (struct observed){.window_s = 1,
                             .requests = 100 * base,
                             .rate = 101 * base,
                             .error_share = .001 * base,
                             .mean_s = .002 * base,
                             .cpu = .3 * base,
                             .cpu_us = 4 * base,
                             .resident_bytes = 5000 * base,
                             .files = 6 * base,
                             .tasks = 7 * base,
                             .gc_pauses = 8 * base,
                             .gc_s = .009 * base,
                             .gc_longest_s = .01 * base};
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        out->quantiles[i] = (struct bucket_quantile){
            (i + 1) * .01 * base, (i + 1) * .009 * base, (i + 1) * .02 * base};
}

static struct observed_set set_of(int windows)
{
    for (int service = 0; service < SERVICES; service++) {
        for (int window = 0; window < windows; window++)
            fill(&cells[service * windows + window], service, window);
    }
    return (struct observed_set){.urls = urls,
                                 .names = urls,
                                 .service_count = SERVICES,
                                 .window_count = windows,
                                 .cells = cells};
}

/* --- rows ------------------------------------------------------------------------ */

static void rows(void)
{
    static const double values[OBSERVED_ROWS] = {
        [OBSERVED_RATE] = 101,    [OBSERVED_ERRORS] = .001,   [OBSERVED_P50] = .01,
        [OBSERVED_P95] = .02,     [OBSERVED_P99] = .03,       [OBSERVED_P999] = .04,
        [OBSERVED_MEAN] = .002,   [OBSERVED_CPUS] = .3,       [OBSERVED_CPU_US] = 4,
        [OBSERVED_MEMORY] = 5000, [OBSERVED_OPEN_FILES] = 6,  [OBSERVED_TASK_COUNT] = 7,
        [OBSERVED_GC_PAUSES] = 8, [OBSERVED_GC_TOTAL] = .009, [OBSERVED_GC_LONGEST] = .01,
    };
    struct observed_set set = set_of(1);
    for (int row = 0; row < OBSERVED_ROWS; row++) {
        struct interval ci95;
        const char *key = observed_row_key((enum observed_row)row);
        TAP_NEAR(observed_value(&cells[0], (enum observed_row)row), values[row], 1e-12,
                 key);
        TAP_NEAR(observed_ratio(&set, 1, (enum observed_row)row, &ci95), 2, 1e-9,
                 "… the second service has twice that");
        TAP_OK(observed_row_label((enum observed_row)row)[0], "… it has a label");
        for (int other = 0; other < row; other++)
            TAP_OK(strcmp(key, observed_row_key((enum observed_row)other)) != 0,
                   "… no other row's key");
    }
    TAP_OK(isnan(observed_value(&cells[0], OBSERVED_ROWS)),
           "beyond the last there is none");
}

/* --- over the windows ------------------------------------------------------------ */

static void medians(void)
{
    struct observed_set set = set_of(5);
    TAP_NEAR(observed_median(&set, 0, OBSERVED_RATE), 101 * 1.5, 1e-9,
             "a median of five");
    cells[4].rate = UNKNOWN;
    TAP_NEAR(observed_median(&set, 0, OBSERVED_RATE), 101 * 1.375, 1e-9,
             "what is not known is left out");
    for (int i = 0; i < 4; i++)
        cells[i].rate = UNKNOWN;
    TAP_OK(isnan(observed_median(&set, 0, OBSERVED_RATE)), "of nothing there is none");
    TAP_NEAR(observed_median(&set, 1, OBSERVED_RATE), 202 * 1.5, 1e-9,
             "another service is not touched");
}

static void bounds(void)
{
    struct observed_set set = set_of(3);
    double low, high;
    TAP_OK(observed_bounds(&set, 0, OBSERVED_P50, &low, &high), "a quantile has bounds");
    TAP_NEAR(low, .009, 1e-12, "… the lowest");
    TAP_NEAR(high, .02 * 1.5, 1e-12, "… and the highest of all windows");
    cells[2].quantiles[0].value = UNKNOWN;
    observed_bounds(&set, 0, OBSERVED_P50, &low, &high);
    TAP_NEAR(high, .02 * 1.25, 1e-12, "… of those in which it is known");
    cells[0].rolling = cells[1].rolling = true;
    TAP_OK(!observed_bounds(&set, 0, OBSERVED_P50, &low, &high),
           "a summary's quantile has none");
    TAP_OK(!observed_bounds(&set, 1, OBSERVED_MEAN, &low, &high), "nor has another row");
    TAP_OK(observed_bounds(&set, 1, OBSERVED_P999, &low, &high) && low > .07,
           "the last quantile has");
}

/* Paired by window: the ratios are 2, whatever the windows are among each other. */
static void ratios(void)
{
    struct interval ci95;
    struct observed_set set = set_of(5);
    TAP_NEAR(observed_ratio(&set, 1, OBSERVED_P99, &ci95), 2, 1e-9, "a ratio of five");
    TAP_OK(isnan(ci95.low) && isnan(ci95.high), "… without an interval");
    set = set_of(WINDOWS);
    cells[WINDOWS].rate *= 1.1;
    TAP_NEAR(observed_ratio(&set, 1, OBSERVED_RATE, &ci95), 2, 1e-9, "a ratio of six");
    TAP_NEAR(ci95.low, 2, 1e-9, "… and its interval: the lowest of them");
    TAP_NEAR(ci95.high, 2.2, 1e-9, "… to the highest");
    cells[0].rate = 0;
    observed_ratio(&set, 1, OBSERVED_RATE, &ci95);
    TAP_OK(isnan(ci95.low), "a window with 0 is left out, and five are too few");
    cells[1].rate = (double)INFINITY;
    cells[2].rate = UNKNOWN;
    TAP_NEAR(observed_ratio(&set, 1, OBSERVED_RATE, &ci95), 2, 1e-9,
             "what is infinite or not known, too");
    for (int i = 0; i < WINDOWS; i++)
        cells[i].rate = 0;
    TAP_OK(isnan(observed_ratio(&set, 1, OBSERVED_RATE, &ci95)),
           "of nothing there is none");
}

/* --- JSON ------------------------------------------------------------------------ */

static double number(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

static bool is_null(const json_t *json, const char *key)
{
    return json_is_null(json_object_get(json, key));
}

static json_t *member(const json_t *json, const char *key)
{
    return json_object_get(json, key);
}

static void check_window(const json_t *window)
{
    const json_t *p50 = json_array_get(member(window, "quantiles"), 0);
    const json_t *p999 = json_array_get(member(window, "quantiles"), 3);
    TAP_NEAR(number(window, "seconds"), 1, 0, "a window's length");
    TAP_NEAR(number(window, "requests"), 100, 0, "… its requests");
    TAP_NEAR(number(window, "cpu_us_per_request"), 4, 0, "… CPU a request");
    TAP_TEXT(json_string_value(member(window, "gc_longest_bound_s")), "+Inf",
             "… what is infinite is a text");
    TAP_OK(is_null(window, "open_files"), "… what is not known is null");
    TAP_OK(!member(window, "p50_s"), "… quantiles are a list");
    TAP_NEAR(number(p50, "quantile"), .5, 0, "… which quantile");
    TAP_NEAR(number(p50, "value_s"), .01, 1e-12, "… its value");
    TAP_NEAR(number(p50, "above_s"), .009, 1e-12, "… its bucket, from");
    TAP_NEAR(number(p50, "at_most_s"), .02, 1e-12, "… to");
    TAP_OK(is_null(p999, "value_s") && !member(p999, "above_s"), "… or nothing");
    TAP_OK(json_is_false(member(window, "reset")) &&
               json_is_false(member(window, "rolling")),
           "… no reset");
    TAP_TEXT(json_string_value(member(member(window, "metrics"), "cpu")), "cpu_metric",
             "… what a figure is from");
    TAP_OK(is_null(member(window, "metrics"), "gc"), "… or from nothing");
    TAP_TEXT(json_string_value(json_array_get(member(window, "notes"), 0)), "a note",
             "… its notes");
}

static void documents(void)
{
    struct observed_set set = set_of(WINDOWS);
    cells[0].gc_longest_s = (double)INFINITY;
    cells[0].files = UNKNOWN;
    cells[0].quantiles[3].value = UNKNOWN;
    strcpy(cells[0].names[OBSERVED_CPU], "cpu_metric");
    strcpy(cells[0].notes[0], "a note");
    cells[0].note_count = 1;
    cells[1].restarted = true;
    cells[2].rolling = true;
    json_t *json = observed_to_json(&set);
    TAP_TEXT(json_string_value(member(json, "schema")), "dragstrip.observed/1", "schema");
    const json_t *first = json_array_get(member(json, "services"), 0);
    const json_t *second = json_array_get(member(json, "services"), 1);
    const json_t *windows = member(first, "windows");
    TAP_TEXT(json_string_value(member(second, "url")), urls[1], "a service's URL");
    TAP_INT(json_array_size(windows), WINDOWS, "its windows");
    check_window(json_array_get(windows, 0));
    TAP_OK(json_is_true(member(json_array_get(windows, 1), "reset")), "a reset");
    const json_t *rolling = json_array_get(windows, 2);
    TAP_OK(json_is_true(member(rolling, "rolling")) &&
               !member(json_array_get(member(rolling, "quantiles"), 0), "above_s"),
           "a rolling quantile has no bounds");
    const json_t *mean = member(member(second, "figures"), "mean_s");
    TAP_NEAR(number(mean, "ratio"), 2, 1e-8, "a figure's ratio");
    TAP_NEAR(number(mean, "median"), .004 * 1.625, 1e-9, "… its median");
    TAP_INT(json_array_size(member(mean, "ci95")), 2, "… its interval");
    TAP_OK(!member(member(member(first, "figures"), "mean_s"), "ratio"),
           "the first service has no ratio");
    TAP_INT(json_object_size(member(second, "figures")), OBSERVED_ROWS, "all rows");
    json_decref(json);
}

int main(void)
{
    rows();
    medians();
    bounds();
    ratios();
    documents();
    return tap_done();
}
