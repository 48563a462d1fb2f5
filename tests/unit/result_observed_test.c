/*
 * What two pages say about the time between them: increases and quantiles by hand,
 * resets and restarts, the names and labels of different libraries, and what is missing.
 */
#include "observe.h"

#define HISTOGRAM(labels, one, ten, all, sum)                                            \
    "http_request_duration_seconds_bucket{" labels "le=\"0.001\"} " one "\n"             \
    "http_request_duration_seconds_bucket{" labels "le=\"0.01\"} " ten "\n"              \
    "http_request_duration_seconds_bucket{" labels "le=\"+Inf\"} " all "\n"              \
    "http_request_duration_seconds_sum{" labels "} " sum "\n"                            \
    "http_request_duration_seconds_count{" labels "} " all "\n"

static void check_near(double got, double expected, const char *what)
{
    bool good = isnan(expected) ? isnan(got)
                                : fabs(got - expected) <= 1e-9 * (1 + fabs(expected));
    if (!TAP_OK(good, "%s is %g", what, expected))
        printf("# got %.12g\n", got);
}

#define UNKNOWN ((double)NAN)

/* --- one histogram --------------------------------------------------------------- */

static const char before_all[] = HISTOGRAM("", "100", "200", "300", "7") /* */
    "http_requests_total{status=\"200\"} 290\nhttp_requests_total{status=\"503\"} 10\n"
    "process_cpu_seconds_total 3\nprocess_resident_memory_bytes 1000\n"
    "process_open_fds 7\ngo_goroutines 11\nprocess_start_time_seconds 1000\n"
    "go_gc_duration_seconds_count 5\ngo_gc_duration_seconds_sum 0.5\n";
static const char after_all[] = HISTOGRAM("", "150", "290", "400", "8.5") /* */
    "http_requests_total{status=\"200\"} 385\nhttp_requests_total{status=\"503\"} 15\n"
    "process_cpu_seconds_total 5\nprocess_resident_memory_bytes 2000\n"
    "process_open_fds 8\ngo_goroutines 12\nprocess_start_time_seconds 1000.5\n"
    "go_gc_duration_seconds_count 9\ngo_gc_duration_seconds_sum 0.75\n";

static void everything(void)
{
    struct observed out = observe(before_all, after_all, 10, NULL);
    check_near(out.window_s, 10, "the window");
    check_near(out.requests, 100, "requests");
    check_near(out.rate, 10, "the rate");
    check_near(out.mean_s, .015, "the mean");
    check_near(out.quantiles[0].value, .001, "p50");
    check_near(out.quantiles[1].value, .01, "p95, above the last finite bound");
    TAP_OK(isinf(out.quantiles[1].high) && out.quantiles[0].low == 0, "their buckets");
    check_near(out.error_share, .05, "the share of 5xx");
    check_near(out.cpu, .2, "CPUs");
    check_near(out.cpu_us, 20000, "CPU a request, in microseconds");
    check_near(out.resident_bytes, 2000, "memory as it is at the end");
    check_near(out.files, 8, "open files");
    check_near(out.tasks, 12, "goroutines");
    check_near(out.gc_pauses, 4, "pauses");
    check_near(out.gc_s, .25, "… in all");
    check_near(out.gc_longest_s, UNKNOWN, "… the longest, of a summary without buckets,");
    TAP_OK(!out.restarted && !out.rolling, "no restart");
    TAP_INT(out.note_count, 0, "nothing to note");
    observe_show(&out);
    TAP_TEXT(out.names[OBSERVED_DURATION], "http_request_duration_seconds",
             "what it was found in");
    TAP_TEXT(out.names[OBSERVED_GC], "go_gc_duration_seconds", "… the pauses");
}

/* Every number that needs a metric is unknown, and only what should be said is. */
static void nothing(void)
{
    struct observed out = observe("a 1\n", "a 1\n", 1, NULL);
    const double unknown[] = {out.requests,  out.rate,  out.error_share,
                              out.mean_s,    out.cpu,   out.cpu_us,
                              out.files,     out.tasks, out.resident_bytes,
                              out.gc_pauses, out.gc_s,  out.gc_longest_s};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        TAP_OK(isnan(unknown[i]), "number %zu is not known", i);
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        TAP_OK(isnan(out.quantiles[i].value), "nor is quantile %d", i);
    TAP_OK(observe_says(&out, "--metric duration=NAME"), "it says how to name one");
    TAP_INT(out.note_count, 1, "and nothing else");
}

static void idle(void)
{
    struct observed out = observe(before_all, before_all, 10, NULL);
    check_near(out.requests, 0, "requests of an idle service");
    check_near(out.rate, 0, "its rate");
    check_near(out.cpu_us, UNKNOWN, "CPU a request");
    check_near(out.error_share, UNKNOWN, "errors");
    check_near(out.gc_s, 0, "pauses");
    check_near(out.gc_longest_s, 0, "the longest pause");
    check_near(out.quantiles[2].value, UNKNOWN, "p99");
    TAP_OK(observe_says(&out, "no request was answered"), "it says so");
}

/* --- several series -------------------------------------------------------------- */

/* A new series rose from 0; the order of series and labels is no matter. */
static void several(void)
{
    const char *before = HISTOGRAM("m=\"a\",r=\"x\",", "0", "10", "10", "1")
        HISTOGRAM("m=\"b\",r=\"x\",", "5", "5", "5", "2");
    const char *after = HISTOGRAM("r=\"x\",m=\"b\",", "10", "10", "10", "2.1")
        HISTOGRAM("r=\"y\",m=\"c\",", "1", "2", "2", "0.5")
            HISTOGRAM("r=\"x\",m=\"a\",", "5", "23", "23", "1.4");
    struct observed out = observe(before, after, 2, NULL);
    check_near(out.requests, 5 + 2 + 13, "requests of all series");
    check_near(out.mean_s, (.1 + .5 + .4) / 20, "their mean");
    check_near(out.quantiles[0].value, .001 * 10 / 11, "their p50");
    TAP_OK(!out.restarted, "no series was lost");
    struct observed_rules rules = {.matches = {{STR("r"), STR("x")}}, .match_count = 1};
    out = observe(before, after, 2, &rules);
    check_near(out.requests, 18, "requests of one route");
    rules.matches[rules.match_count++] = (struct observed_match){STR("m"), STR("a")};
    out = observe(before, after, 2, &rules);
    check_near(out.requests, 13, "of one route and method");
    check_near(out.quantiles[0].value, .001 + .009 * 1.5 / 8, "p50 of these");
    rules.matches[0].value = STR("y");
    out = observe(before, after, 2, &rules);
    check_near(out.requests, UNKNOWN, "of a pair that is not there");
    TAP_OK(observe_says(&out, "labels of --match"), "it says so");
}

static void escaped(void)
{
    const struct observed_rules rules = {.matches = {{STR("r"), STR("a\"b\\")}},
                                         .match_count = 1};
    const char *before = "http_requests_total{r=\"a\\\"b\\\\\"} 1\n";
    const char *after = "http_requests_total{r=\"a\\\"b\\\\\"} 4\n"
                        "http_requests_total{r=\"ab\"} 9\n";
    check_near(observe(before, after, 1, &rules).requests, 3, "an escaped value matches");
}

/* A label without a value is none. */
static void empty_label(void)
{
    struct observed out =
        observe("http_requests_total{x=\"\"} 5\n", "http_requests_total 7\n", 1, NULL);
    check_near(out.requests, 2, "requests of a series that lost an empty label");
}

/* The page may change its format meanwhile: bounds are then written differently. */
static void other_format(void)
{
    const char *text = "# TYPE http_request_duration_seconds histogram\n"
                       "http_request_duration_seconds_bucket{le=\"1\"} 10\n"
                       "http_request_duration_seconds_bucket{le=\"+Inf\"} 10\n";
    const char *open = "# TYPE http_request_duration_seconds histogram\n"
                       "http_request_duration_seconds_bucket{le=\"1.0\"} 14\n"
                       "http_request_duration_seconds_bucket{le=\"+Inf\"} 15\n"
                       "# EOF\n";
    struct observed out = observe(text, open, 1, NULL);
    check_near(out.quantiles[0].value, 2.5 / 4, "p50 of a page that changed its format");
    check_near(out.requests, 5, "requests of a histogram without a count");
    check_near(out.mean_s, UNKNOWN, "its mean");
    TAP_OK(!out.restarted, "no reset");
}

/* Prometheus takes such a page, and keeps the first sample. */
static void twice(void)
{
    struct observed out =
        observe("http_requests_total 10\nhttp_requests_total 100\nprocess_open_fds 3\n",
                "http_requests_total 15\nhttp_requests_total 900\nprocess_open_fds 3\n"
                "process_open_fds 3\n",
                1, NULL);
    check_near(out.requests, 5, "requests of a series that is there twice");
    check_near(out.files, 3, "a gauge that is there twice");
    out = observe("http_requests_total 10 1000\nhttp_requests_total 20 2000\n",
                  "http_requests_total 34 4000\nhttp_requests_total 33 3000\n", 1, NULL);
    check_near(out.requests, 14, "requests by the latest of several times");
}

/* --- resets ---------------------------------------------------------------------- */

static void check_reset(const char *before, const char *after, const char *words,
                        const char *what)
{
    struct observed out = observe(before, after, 1, NULL);
    TAP_OK(out.restarted, "%s is a reset", what);
    check_near(out.requests, UNKNOWN, "… requests");
    check_near(out.quantiles[0].value, UNKNOWN, "… p50");
    if (!TAP_OK(observe_says(&out, words), "… it says: %s", words))
        observe_show(&out);
    int same = 0;
    for (int i = 0; i < out.note_count; i++)
        same += strstr(out.notes[i], words) != NULL;
    TAP_INT(same, 1, "… once");
}

static void resets(void)
{
    check_reset(HISTOGRAM("", "1", "2", "3", "4"), HISTOGRAM("", "0", "1", "2", "3"),
                "http_request_duration_seconds went back: it was reset", "a lower count");
    check_reset(HISTOGRAM("a=\"1\",", "1", "2", "3", "4")
                    HISTOGRAM("a=\"2\",", "1", "2", "3", "4"),
                HISTOGRAM("a=\"1\",", "10", "20", "30", "40")
                    HISTOGRAM("a=\"2\",", "0", "1", "2", "3"),
                "went back: it was reset", "one of two series");
    check_reset(HISTOGRAM("a=\"1\",", "1", "2", "3", "4")
                    HISTOGRAM("a=\"2\",", "1", "2", "3", "4"),
                HISTOGRAM("a=\"1\",", "1", "2", "3", "4"),
                "has lost a series: it was reset", "a series that is gone");
    check_reset(HISTOGRAM("", "1", "2", "3", "4"), "a 1\n",
                "http_request_duration_seconds has lost a series: it was reset",
                "a metric that is gone");
    struct observed out =
        observe("http_requests_total{a=\"1\"} 0\nhttp_requests_total 1\n",
                "http_requests_total 4\n", 1, NULL);
    check_near(out.requests, 3, "what never counted may be gone: requests");
    TAP_OK(!out.restarted, "… no reset");
}

/* Where only a bucket went back the count is known, and no quantile. */
static void bucket_back(void)
{
    struct observed out = observe(HISTOGRAM("", "5", "6", "7", "1"),
                                  HISTOGRAM("", "4", "8", "9", "2"), 1, NULL);
    TAP_OK(out.restarted, "a bucket that went back is a reset");
    check_near(out.quantiles[0].value, UNKNOWN, "… no p50");
    check_near(out.requests, 2, "… the count did not");
}

static void other_counters(void)
{
    struct observed out =
        observe("process_cpu_seconds_total 9\nhttp_requests_total 1\n",
                "process_cpu_seconds_total 1\nhttp_requests_total 2\n", 1, NULL);
    check_near(out.cpu, UNKNOWN, "CPUs of a counter that went back");
    check_near(out.requests, 1, "others are known: requests");
    TAP_OK(out.restarted && observe_says(&out, "process_cpu_seconds_total went back"),
           "it says which");
    out = observe("http_requests_total NaN\n", "http_requests_total 2\n", 1, NULL);
    check_near(out.requests, UNKNOWN, "requests of a counter that was NaN");
    TAP_OK(!out.restarted && observe_says(&out, "no finite number"), "it says so");
    out = observe("http_requests_total 1\n", "http_requests_total +Inf\n", 1, NULL);
    check_near(out.requests, UNKNOWN, "requests of an infinite counter");
}

#define START "process_start_time_seconds "

static void restarts(void)
{
    static const struct {
        const char *before, *after;
        const char *words; /* NULL: none */
    } cases[] = {
        {START "1000\n", START "1000\n", NULL},
        {START "1000\n", START "1002\n", NULL},
        {START "1000\n", START "998.1\n", NULL},
        {START "1000\n", START "1003\n", "was restarted between the scrapes"},
        {START "1000\n", START "900\n", "started earlier than at the scrape before"},
        {"", START "1000\n", NULL},
        {START "1000\n", "", NULL},
        {START "NaN\n", START "1000\n", NULL},
        {START "1000\n" START "50\n", START "1000\n" START "5000\n", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char before[200], after[200];
        snprintf(before, sizeof(before), "http_requests_total 1\n%s", cases[i].before);
        snprintf(after, sizeof(after), "http_requests_total 3\n%s", cases[i].after);
        struct observed out = observe(before, after, 1, NULL);
        TAP_OK(out.restarted == (cases[i].words != NULL), "start times, row %zu", i);
        check_near(out.requests, cases[i].words ? UNKNOWN : 2, "… requests");
        TAP_OK(!cases[i].words ||
                   (observe_says(&out, cases[i].words) && out.note_count == 1),
               "… what it says");
    }
}

/* --- names, labels, scales ------------------------------------------------------- */

static void print_statuses(char *out, size_t size, const char *label, int ok, int missing,
                           int some, int busy)
{
    snprintf(out, size,
             "http_requests_total{%s=\"200\"} %d\nhttp_requests_total{%s=\"404\"} %d\n"
             "http_requests_total{%s=\"5xx\"} %d\nhttp_requests_total{%s=\"503\"} %d\n",
             label, ok, label, missing, label, some, label, busy);
}

static void status_labels(void)
{
    static const char *const labels[] = {"status", "code", "status_code",
                                         "http_status_code", "http_response_status_code"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        char before[400], after[400];
        print_statuses(before, sizeof(before), labels[i], 50, 5, 1, 0);
        print_statuses(after, sizeof(after), labels[i], 56, 6, 3, 1);
        check_near(observe(before, after, 1, NULL).error_share, .3, labels[i]);
    }
    struct observed out = observe("http_requests_total{x=\"500\"} 1\n",
                                  "http_requests_total{x=\"500\"} 2\n", 1, NULL);
    check_near(out.error_share, UNKNOWN, "errors without a label for the status");
    TAP_OK(observe_says(&out, "no label for the status"), "it says so");
}

/* The count of the histogram may have the status, too. */
static void status_of_histogram(void)
{
    struct observed out = observe(HISTOGRAM("status=\"200\",", "1", "1", "1", "1")
                                      HISTOGRAM("status=\"500\",", "1", "1", "1", "1"),
                                  HISTOGRAM("status=\"200\",", "4", "4", "4", "4")
                                      HISTOGRAM("status=\"500\",", "2", "2", "2", "2"),
                                  1, NULL);
    check_near(out.error_share, .25, "the share of 5xx by the histogram's count");
    TAP_OK(!out.names[OBSERVED_REQUESTS][0], "… which is no other metric");
}

static void scales(void)
{
    struct observed out =
        observe("",
                "http_server_duration_milliseconds_bucket{le=\"5\"} 10\n"
                "http_server_duration_milliseconds_bucket{le=\"+Inf\"} 10\n"
                "http_server_duration_milliseconds_sum 20\n"
                "http_server_duration_milliseconds_count 10\n"
                "process_cpu_time_ns_total 500000000\n",
                1, NULL);
    check_near(out.mean_s, .002, "a mean in milliseconds");
    check_near(out.quantiles[0].value, .0025, "p50 in milliseconds");
    check_near(out.quantiles[0].high, .005, "… its bucket");
    check_near(out.cpu, .5, "CPU time in nanoseconds");
}

static void named(void)
{
    const char *after = "x_ms_sum 20\nx_ms_count 10\ny_sum 20\ny_count 10\n"
                        "http_server_duration_milliseconds_sum 30\n"
                        "http_server_duration_milliseconds_count 10\n"
                        "http_request_duration_seconds_count 99\nmem_ms 7\n";
    struct observed_rules rules = {
        .names = {[OBSERVED_DURATION] = "y", [OBSERVED_RESIDENT] = "mem_ms"}};
    struct observed out = observe("", after, 1, &rules);
    check_near(out.mean_s, 2, "a mean of the metric that was named");
    TAP_TEXT(out.names[OBSERVED_DURATION], "y", "… its name");
    check_near(out.resident_bytes, 7, "a unit of time means nothing for bytes: memory");
    rules.names[OBSERVED_DURATION] = "x_ms";
    check_near(observe("", after, 1, &rules).mean_s, .002,
               "its name has the unit: a mean");
    rules.names[OBSERVED_DURATION] = "http_server_duration_milliseconds";
    check_near(observe("", after, 1, &rules).mean_s, .003, "a known name has its own");
    rules.names[OBSERVED_DURATION] = "none";
    out = observe("", after, 1, &rules);
    check_near(out.mean_s, UNKNOWN, "a mean of what is not there");
    TAP_OK(observe_says(&out, "there is no metric none (duration)"), "it says so");
    TAP_OK(!observe_says(&out, "known by its name"), "… and does not ask for a name");
}

/* The first name that is there wins. */
static void conventions(void)
{
    double scale;
    int count = 0;
    for (int kind = 0; kind < OBSERVED_KINDS; kind++) {
        const char *name;
        for (int i = 0; (name = observed_convention((enum observed_kind)kind, i, &scale));
             i++) {
            TAP_OK(scale > 0 && scale <= 1 && strlen(name) < 100, "%s", name);
            TAP_NEAR(observed_scale((enum observed_kind)kind, name), scale, 0,
                     "… its scale when it is named");
            count++;
        }
        TAP_OK(observed_kind_name((enum observed_kind)kind)[0], "a kind has a name");
    }
    TAP_OK(count > 25, "%d names are known", count);
    struct observed out = observe("",
                                  "http_requests_duration_seconds_count 5\n"
                                  "http_server_request_duration_seconds_count 3\n",
                                  1, NULL);
    check_near(out.requests, 3, "requests of the more specific name");
}

/* --- pauses ---------------------------------------------------------------------- */

#define PAUSES(tenth, half, all, sum)                                                    \
    "jvm_gc_pause_seconds_bucket{le=\"0.1\"} " tenth "\n"                                \
    "jvm_gc_pause_seconds_bucket{le=\"0.5\"} " half "\n"                                 \
    "jvm_gc_pause_seconds_bucket{le=\"+Inf\"} " all "\n"                                 \
    "jvm_gc_pause_seconds_count " all "\njvm_gc_pause_seconds_sum " sum "\n"

static void pauses(void)
{
    const char *texts[] = {PAUSES("1", "1", "1", "1"), PAUSES("3", "4", "4", "3"),
                           PAUSES("3", "4", "5", "9")};
    check_near(observe(texts[0], texts[1], 1, NULL).gc_longest_s, .5,
               "no pause was longer than its bucket: the longest");
    TAP_OK(isinf(observe(texts[1], texts[2], 1, NULL).gc_longest_s),
           "above all bounds nothing bounds it");
    check_near(observe(texts[0], texts[1], 1, NULL).gc_pauses, 3, "pauses");
}

/* --- summaries ------------------------------------------------------------------- */

#define SUMMARY(labels, half, most)                                                      \
    "http_request_duration_seconds{" labels "quantile=\"0.5\"} " half "\n"               \
    "http_request_duration_seconds{" labels "quantile=\"0.99\"} " most "\n"              \
    "http_request_duration_seconds_sum{" labels "} 10\n"                                 \
    "http_request_duration_seconds_count{" labels "} 20\n"

static void summaries(void)
{
    struct observed out = observe("", SUMMARY("", "0.002", "0.05"), 1, NULL);
    TAP_OK(out.rolling, "quantiles of a summary are rolling");
    check_near(out.quantiles[0].value, .002, "p50");
    check_near(out.quantiles[2].value, .05, "p99");
    check_near(out.quantiles[1].value, UNKNOWN, "p95, which it does not have,");
    check_near(out.requests, 20, "requests");
    check_near(out.mean_s, .5, "the mean");
    TAP_OK(observe_says(&out, "not over the window"), "it says what they are over");
    const char *two = SUMMARY("a=\"1\",", "1", "2") SUMMARY("a=\"2\",", "3", "4");
    out = observe("", two, 1, NULL);
    check_near(out.quantiles[0].value, UNKNOWN, "p50 of two series");
    check_near(out.quantiles[2].value, UNKNOWN, "p99 of two series");
    TAP_OK(observe_says(&out, "has 2 series"), "it says why");
    const struct observed_rules rules = {.matches = {{STR("a"), STR("2")}},
                                         .match_count = 1};
    out = observe("", two, 1, &rules);
    check_near(out.quantiles[2].value, 4, "p99 of the one that was chosen");
    out = observe("",
                  "http_request_duration_seconds{a=\"1\",quantile=\"0.99\"} 1\n"
                  "http_request_duration_seconds{a=\"2\",quantile=\"0.99\"} 2\n",
                  1, NULL);
    check_near(out.quantiles[2].value, UNKNOWN, "p99 of two series without p50");
}

int main(void)
{
    everything();
    nothing();
    idle();
    several();
    escaped();
    empty_label();
    other_format();
    twice();
    resets();
    bucket_back();
    other_counters();
    restarts();
    status_labels();
    status_of_histogram();
    scales();
    named();
    conventions();
    pauses();
    summaries();
    return tap_done();
}
