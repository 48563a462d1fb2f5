/*
 * The page of live figures: read line by line as Prometheus does (text format 0.0.4), and
 * held against what was added.
 */
#include <stdlib.h>

#include "run/exposition.h"
#include "tap.h"

enum { PAGE_MAX = 1 << 16 };

#define TARGET "target=\"http://h/\""

static struct buf page;

static void write_as(const struct exposition *exposition, enum exposition_format format)
{
    buf_clear(&page);
    exposition_write(exposition, format, &page);
}

/* Of one generator. */
static void write_page(struct exposition_series *series)
{
    const struct exposition exposition = {.series = series, .count = 1};
    write_as(&exposition, EXPOSITION_TEXT);
}

static struct exposition_series series_of(const char *target, double offered_rate)
{
    return (struct exposition_series){.target = target, .offered_rate = offered_rate};
}

/* The value of the sample with exactly this name and these labels; NAN when there is not
 * exactly one. */
static double value_of(const char *series)
{
    double value = (double)NAN;
    size_t len = strlen(series);
    int found = 0;
    for (const char *line = buf_text(&page); *line; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, series, len) != 0 || line[len] != ' ')
            continue;
        value = strtod(line + len + 1, NULL);
        found++;
    }
    return found == 1 ? value : (double)NAN;
}

static void check_value(const char *series, double expected)
{
    double got = value_of(series);
    if (!TAP_OK(fabs(got - expected) <= 1e-12 * fabs(expected), "%s is %g", series,
                expected))
        printf("# got %g\n", got);
}

/* A second with latencies of 1 to `ok` ms and some errors. */
static struct load_second second_of(int ok, int timeouts, int resets)
{
    struct load_second second = {.due = (uint64_t)(ok + timeouts + resets),
                                 .length_ns = 500000000,
                                 .lag_max_ns = 1500000,
                                 .in_flight = 7,
                                 .queued = 9};
    books_passed_init(&second.passed);
    for (int i = 1; i <= ok; i++)
        hist_record(&second.passed.latency, i * INT64_C(1000000));
    for (int i = 0; i < timeouts + resets; i++)
        hist_record_infinite(&second.passed.latency);
    second.passed.ok = (uint64_t)ok;
    second.passed.errors[TALLY_TIMEOUT] = (uint64_t)timeouts;
    second.passed.errors[TALLY_RESET] = (uint64_t)resets;
    return second;
}

static void add(struct exposition_series *series, struct load_second second)
{
    struct figures figures;
    figures_of_second(&second, &figures);
    figures_add(&series->sum, &figures);
    books_passed_fini(&second.passed);
}

static void sums(void)
{
    struct exposition_series series = series_of("http://h/", 1500);
    write_page(&series);
    check_value("dragstrip_due_total{" TARGET "}", 0);
    check_value("dragstrip_latency_seconds_count{" TARGET "}", 0);
    check_value("dragstrip_offered_rate{" TARGET "}", 1500);
    add(&series, second_of(100, 3, 0));
    struct load_second last = second_of(10, 1, 2);
    last.lag_max_ns = 250;
    last.in_flight = 1;
    last.queued = 0;
    add(&series, last);
    write_page(&series);
    check_value("dragstrip_due_total{" TARGET "}", 116);
    check_value("dragstrip_ok_total{" TARGET "}", 110);
    check_value("dragstrip_errors_total{" TARGET ",kind=\"timeout\"}", 4);
    check_value("dragstrip_errors_total{" TARGET ",kind=\"reset\"}", 2);
    check_value("dragstrip_errors_total{" TARGET ",kind=\"connect\"}", 0);
    check_value("dragstrip_errors_total{" TARGET ",kind=\"unsent\"}", 0);
    check_value("dragstrip_latency_seconds_count{" TARGET "}", 116);
    check_value("dragstrip_latency_seconds_sum{" TARGET "}", 5.050 + .055);
    check_value("dragstrip_in_flight{" TARGET "}", 1);
    check_value("dragstrip_queued{" TARGET "}", 0);
    check_value("dragstrip_lag_max_seconds{" TARGET "}", 250e-9);
    check_value("dragstrip_achieved_rate{" TARGET "}", 20);
}

/* Buckets are cumulative: what lies at or below each bound, errors above all of them. */
static void buckets(void)
{
    struct exposition_series series = series_of("http://h/", 1);
    add(&series, second_of(100, 5, 6));
    write_page(&series);
#define BUCKET(bound) "dragstrip_latency_seconds_bucket{" TARGET ",le=\"" bound "\"}"
    check_value(BUCKET("0.0005"), 0);
    check_value(BUCKET("0.001"), 1);
    check_value(BUCKET("0.005"), 5);
    check_value(BUCKET("0.05"), 50);
    check_value(BUCKET("0.1"), 100);
    check_value(BUCKET("10"), 100);
    check_value(BUCKET("+Inf"), 111);
    check_value("dragstrip_latency_seconds_count{" TARGET "}", 111);
    double last = -1, last_bound = 0;
    int count = 0, wrong = 0;
    const char *line = buf_text(&page);
    for (; (line = strstr(line, "\ndragstrip_latency_seconds_bucket{")); line++) {
        const char *bound = strstr(line, "le=\"") + 4;
        double value = strtod(strchr(line, '}') + 1, NULL), upper = strtod(bound, NULL);
        wrong += value < last || upper <= last_bound;
        last = value;
        last_bound = upper;
        count++;
    }
    TAP_OK(count > 10 && wrong == 0, "%d buckets, bounds and counts rise", count);
    TAP_OK(isinf(last_bound), "the last is without a bound");
}

/* Each family is announced once, with its type, before its samples; every sample is
 * `name{labels} number`. */
static void shape(void)
{
    static const char *const types[] = {
        "dragstrip_due_total counter",     "dragstrip_ok_total counter",
        "dragstrip_errors_total counter",  "dragstrip_latency_seconds histogram",
        "dragstrip_in_flight gauge",       "dragstrip_queued gauge",
        "dragstrip_lag_max_seconds gauge", "dragstrip_achieved_rate gauge",
        "dragstrip_offered_rate gauge"};
    struct exposition_series series = series_of("http://h/", 3);
    write_page(&series);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char line[96];
        snprintf(line, sizeof(line), "# TYPE %s\n", types[i]);
        const char *at = strstr(buf_text(&page), line);
        TAP_OK(at && !strstr(at + 1, line), "%s, once", types[i]);
    }
    char family[64] = "?";
    int odd = 0, samples = 0;
    for (const char *line = buf_text(&page); *line; line += strcspn(line, "\n") + 1) {
        if (sscanf(line, "# TYPE %63s", family) == 1 || line[0] == '#')
            continue;
        char *end = NULL;
        const char *close = strchr(line, '}');
        odd += strncmp(line, family, strlen(family)) != 0 || !close || close[1] != ' ';
        if (close)
            strtod(close + 2, &end);
        odd += !end || *end != '\n';
        samples++;
    }
    TAP_OK(samples > 30 && odd == 0, "%d samples, each of the family above it", samples);
    TAP_OK(page.len > 0 && page.ptr[page.len - 1] == '\n', "the last line ends, too");
}

static void closed_loop(void)
{
    struct exposition_series series = series_of("http://h/", (double)NAN);
    write_page(&series);
    TAP_OK(!strstr(buf_text(&page), "offered_rate"), "a closed loop offers no rate");
    TAP_OK(!strstr(buf_text(&page), "nan"), "… and nothing is NaN");
}

static void labels(void)
{
    static const struct {
        const char *target, *label;
    } rows[] = {{"http://h/?a=\"b\"", "target=\"http://h/?a=\\\"b\\\"\""},
                {"http://h/\\n", "target=\"http://h/\\\\n\""},
                {"a\nb", "target=\"a\\nb\""},
                {"\\", "target=\"\\\\\""},
                {"%s%n", "target=\"%s%n\""},
                {"", "target=\"\""}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[128];
        struct exposition_series series = series_of(rows[i].target, 1);
        series.sum.due = 5;
        write_page(&series);
        snprintf(name, sizeof(name), "dragstrip_due_total{%s}", rows[i].label);
        check_value(name, 5);
    }
}

/* Counts that a double still holds are whole numbers, and not rounded to six digits. */
static void large_numbers(void)
{
    struct exposition_series series = series_of("http://h/", 1);
    series.sum.due = UINT64_C(9007199254740991);
    write_page(&series);
    TAP_OK(strstr(buf_text(&page), "dragstrip_due_total{" TARGET "} 9007199254740991\n"),
           "a large count to its last digit");
}

/* ---- a race ---- */

#define A "service=\"a\",target=\"http://h/\""
#define B "service=\"b-2\",target=\"http://h:2/\""

static struct exposition_series both[2];

/* One service has been loaded, the other has not. */
static struct exposition race_page(const struct exposition_race *race)
{
    both[0] = series_of("http://h/", 1500);
    both[1] = series_of("http://h:2/", 20);
    both[0].service = "a";
    both[1].service = "b-2";
    add(&both[0], second_of(100, 5, 6));
    return (struct exposition){both, 2, race};
}

static void several_services(void)
{
    const struct exposition_race race = {3, 40, 17, 80, "b-2", "warmup"};
    const struct exposition exposition = race_page(&race);
    write_as(&exposition, EXPOSITION_TEXT);
    check_value("dragstrip_due_total{" A "}", 111);
    check_value("dragstrip_due_total{" B "}", 0);
    check_value("dragstrip_ok_total{" A "}", 100);
    check_value("dragstrip_errors_total{" A ",kind=\"timeout\"}", 5);
    check_value("dragstrip_errors_total{" B ",kind=\"timeout\"}", 0);
    check_value("dragstrip_latency_seconds_bucket{" A ",le=\"0.005\"}", 5);
    check_value("dragstrip_latency_seconds_bucket{" B ",le=\"+Inf\"}", 0);
    check_value("dragstrip_latency_seconds_count{" A "}", 111);
    check_value("dragstrip_in_flight{" A "}", 7);
    check_value("dragstrip_in_flight{" B "}", 0);
    check_value("dragstrip_offered_rate{" B "}", 20);
    check_value("dragstrip_race_block", 3);
    check_value("dragstrip_race_blocks", 40);
    check_value("dragstrip_race_trial", 17);
    check_value("dragstrip_race_trials", 80);
    check_value("dragstrip_trial_info{service=\"b-2\",block=\"3\",trial=\"17\","
                "phase=\"warmup\"}",
                1);
    /* A family stands together: announced once, whoever is in it. */
    const char *at = strstr(buf_text(&page), "# TYPE dragstrip_latency_seconds ");
    TAP_OK(at && !strstr(at + 1, "# TYPE dragstrip_latency_seconds "), "a family once");
}

static void between_trials(void)
{
    const struct exposition_race race = {.blocks = 40};
    const struct exposition exposition = race_page(&race);
    write_as(&exposition, EXPOSITION_TEXT);
    check_value("dragstrip_race_block", 0);
    TAP_OK(!strstr(buf_text(&page), "dragstrip_trial_info{"), "no trial runs");
}

static void openmetrics(void)
{
    static const char *const lines[] = {
        "# TYPE dragstrip_due counter\n",
        "# TYPE dragstrip_ok counter\n",
        "# TYPE dragstrip_errors counter\n",
        "# TYPE dragstrip_trial info\n",
        "\ndragstrip_due_total{" A "} 111\n",
        "\ndragstrip_trial_info{service=\"a\",block=\"1\",trial=\"2\","
        "phase=\"measured\"} 1\n",
        "\ndragstrip_latency_seconds_bucket{" A ",le=\"1.0\"} 100\n",
        "\ndragstrip_latency_seconds_bucket{" A ",le=\"0.5\"} 100\n",
        "\ndragstrip_latency_seconds_bucket{" A ",le=\"1e-05\"} 0\n",
        "\ndragstrip_latency_seconds_bucket{" A ",le=\"+Inf\"} 111\n"};
    const struct exposition_race race = {1, 4, 2, 8, "a", "measured"};
    const struct exposition exposition = race_page(&race);
    write_as(&exposition, EXPOSITION_OPENMETRICS);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *line = lines[i] + (lines[i][0] == '\n');
        TAP_OK(strstr(buf_text(&page), lines[i]) != NULL, "OpenMetrics: %.*s",
               (int)strcspn(line, "\n"), line);
    }
    const char *eof = strstr(buf_text(&page), "# EOF\n");
    TAP_OK(eof && eof[6] == '\0', "… and ends with its end");
    write_as(&exposition, EXPOSITION_TEXT);
    TAP_OK(!strstr(buf_text(&page), "# EOF"), "the text does not");
    TAP_OK(strstr(buf_text(&page), "# TYPE dragstrip_trial_info gauge\n") != NULL,
           "… and knows no infos");
    TAP_OK(strstr(exposition_type(EXPOSITION_TEXT), "version=0.0.4") &&
               strstr(exposition_type(EXPOSITION_OPENMETRICS), "version=1.0.0"),
           "each has its type");
}

int main(void)
{
    buf_init(&page, PAGE_MAX);
    sums();
    buckets();
    shape();
    closed_loop();
    labels();
    large_numbers();
    several_services();
    between_trials();
    openmetrics();
    buf_fini(&page);
    return tap_done();
}
