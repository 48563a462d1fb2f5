/*
 * Counters: which bucket a time falls into, sums over loops, and the numbers on the page,
 * in both of its formats.
 * Lines of the page are looked for one by one; what else is on it is not looked at.
 */
#include "metrics.h"

#include <stdlib.h>

#include "base/clock.h"
#include "stats/rng.h"
#include "tap.h"

enum { LOOPS = 3, ANSWERS = 5000 };

static struct metrics loops[LOOPS];
static const struct metrics *const all[LOOPS] = {&loops[0], &loops[1], &loops[2]};
static struct buf page;
static enum metrics_format format = METRICS_TEXT;

static const struct {
    int64_t upto_ns;
    const char *le;
} edges[] = {{100000, "0.0001"},          {250000, "0.00025"}, {500000, "0.0005"},
             {1000000, "0.001"},          {2500000, "0.0025"}, {5000000, "0.005"},
             {10000000, "0.01"},          {25000000, "0.025"}, {50000000, "0.05"},
             {100000000, "0.1"},          {250000000, "0.25"}, {500000000, "0.5"},
             {1000000000, "1"},           {2500000000, "2.5"}, {5000000000, "5"},
             {INT64_C(10000000000), "10"}};
enum { EDGES = sizeof(edges) / sizeof(edges[0]) };

static const int statuses[] = {200, 400, 404, 405, 408, 411, 413,
                               414, 417, 431, 501, 503, 505};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

static void begin(void)
{
    memset(loops, 0, sizeof(loops));
}

static void make_page(int count)
{
    buf_clear(&page);
    struct metrics_process process = {all, count, 1234 * NS_PER_S, false};
    metrics_page(&page, format, &process);
}

/* What stands behind the name and its labels at the beginning of a line; NULL when there
 * is no such line. */
static const char *value_of(const char *name)
{
    size_t len = strlen(name);
    const char *at = buf_text(&page);
    while (at && !(strncmp(at, name, len) == 0 && at[len] == ' ')) {
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return at ? at + len + 1 : NULL;
}

/* -1 when there is no such line. */
static double number(const char *name)
{
    const char *value = value_of(name);
    return value ? strtod(value, NULL) : -1;
}

/* In OpenMetrics a bound is never written as an integer. */
static double bucket(enum route route, const char *le)
{
    char name[128];
    bool whole = !strpbrk(le, ".+");
    snprintf(name, sizeof(name),
             "http_request_duration_seconds_bucket{route=\"%s\",le=\"%s%s\"}",
             route_label(route), le, format == METRICS_OPENMETRICS && whole ? ".0" : "");
    return number(name);
}

static double of_route(const char *what, enum route route)
{
    char name[128];
    snprintf(name, sizeof(name), "http_request_duration_seconds_%s{route=\"%s\"}", what,
             route_label(route));
    return number(name);
}

static double requests(enum method method, enum route route, int status)
{
    char name[128];
    snprintf(name, sizeof(name),
             "http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"}",
             route_method_label(method), route_label(route), status);
    return number(name);
}

static void count(int loop, enum route route, int64_t took_ns)
{
    struct metrics_record record = {METHOD_POST, route, 200, 5 * NS_PER_S};
    metrics_count(&loops[loop], &record, 5 * NS_PER_S + took_ns);
}

/* How many buckets count an answer that took so long, from the largest on. */
static int buckets_with(int64_t took_ns)
{
    int with = 0;
    begin();
    count(0, ROUTE_ECHO, took_ns);
    make_page(1);
    for (int i = EDGES - 1; i >= 0 && bucket(ROUTE_ECHO, edges[i].le) == 1; i--)
        with++;
    return with;
}

/* le means less or equal. */
static void at_edges(void)
{
    TAP_INT(buckets_with(0), EDGES, "no time at all is in all buckets");
    for (int i = 0; i < EDGES; i++) {
        TAP_INT(buckets_with(edges[i].upto_ns), EDGES - i, edges[i].le);
        TAP_INT(buckets_with(edges[i].upto_ns + 1), EDGES - i - 1, "… and 1 ns more");
    }
    TAP_INT(buckets_with(3600 * NS_PER_S), 0, "an hour is beyond them");
    TAP_INT(bucket(ROUTE_ECHO, "+Inf"), 1, "… but counted");
    TAP_INT(of_route("count", ROUTE_ECHO), 1, "… once");
    TAP_NEAR(of_route("sum", ROUTE_ECHO), 3600, 1e-6, "… with its time");
    TAP_INT(bucket(ROUTE_METRICS, "+Inf"), 0, "… and for its own route only");
}

/* Each status of each method and route has a line of its own, once it is there. */
static void statuses_apart(void)
{
    int wrong = 0, kinds = METHOD_COUNT * ROUTE_COUNT * STATUSES;
    begin();
    for (int pass = 0; pass < 2; pass++) {
        for (int kind = 0; kind < kinds; kind++) {
            struct metrics_record record = {
                (enum method)(kind % METHOD_COUNT),
                (enum route)(kind / METHOD_COUNT % ROUTE_COUNT),
                statuses[kind / METHOD_COUNT / ROUTE_COUNT], 0};
            for (int i = 0; pass == 0 && i <= kind % 7; i++)
                metrics_count(&loops[0], &record, 1000);
            wrong += pass == 1 &&
                     requests(record.method, record.route, record.status) != kind % 7 + 1;
        }
        make_page(1);
    }
    TAP_INT(wrong, 0, "each method, route and status is counted apart");
    TAP_OK(!page.overflow && page.len <= METRICS_PAGE_MAX_BYTES,
           "… and a page with all of them fits: %zu bytes", page.len);
    begin();
    make_page(1);
    TAP_OK(!strstr(buf_text(&page), "http_requests_total{"), "none was: no line");
    TAP_INT(bucket(ROUTE_OTHER, "0.0001"), 0, "… but all buckets");
}

/* Times at random: cumulative buckets, +Inf is the count, sums are right; and the page of
 * several loops is the sum of theirs. */
static void sums(void)
{
    struct rng rng;
    uint64_t below[EDGES] = {0}, in_loop[LOOPS] = {0};
    double sum_s = 0;
    int wrong = 0;
    begin();
    rng_init(&rng, 8, 0);
    for (int i = 0; i < ANSWERS; i++) {
        int loop = (int)rng_below(&rng, LOOPS);
        int64_t took_ns = (int64_t)rng_below(&rng, UINT64_C(1) << rng_below(&rng, 35));
        count(loop, ROUTE_ECHO, took_ns);
        in_loop[loop]++;
        sum_s += (double)took_ns / 1e9;
        for (int edge = 0; edge < EDGES; edge++)
            below[edge] += took_ns <= edges[edge].upto_ns;
    }
    make_page(LOOPS);
    for (int edge = 0; edge < EDGES; edge++)
        wrong += bucket(ROUTE_ECHO, edges[edge].le) != (double)below[edge];
    TAP_INT(wrong, 0, "random times: each bucket of three loops together");
    TAP_INT(bucket(ROUTE_ECHO, "+Inf"), ANSWERS, "… +Inf is all of them");
    TAP_INT(of_route("count", ROUTE_ECHO), ANSWERS, "… and so is the count");
    TAP_NEAR(of_route("sum", ROUTE_ECHO), sum_s, 1e-5, "… the sum of their times");
    TAP_INT(requests(METHOD_POST, ROUTE_ECHO, 200), ANSWERS, "… and all requests");
    for (int loop = 1; loop <= LOOPS; loop++) {
        uint64_t expected = 0;
        for (int i = 0; i < loop; i++)
            expected += in_loop[i];
        make_page(loop);
        TAP_INT(bucket(ROUTE_ECHO, "+Inf"), expected, "a page is of the loops it is for");
    }
}

static void process(void)
{
    make_page(1);
    TAP_NEAR(number("process_start_time_seconds"), 1234, 1e-9,
             "the start as it is given");
    TAP_OK(number("process_open_fds") >= 3, "open files");
    TAP_OK(number("process_resident_memory_bytes") > 100000, "memory");
    TAP_OK(number("process_cpu_seconds_total") >= 0, "CPU time");
}

int main(void)
{
    buf_init(&page, METRICS_PAGE_MAX_BYTES);
    at_edges();
    statuses_apart();
    sums();
    process();
    TAP_OK(!strstr(buf_text(&page), "# EOF"), "the text has no end");
    format = METRICS_OPENMETRICS;
    statuses_apart();
    sums();
    process();
    TAP_OK(strstr(buf_text(&page), "\n# EOF\n") == buf_text(&page) + page.len - 7,
           "OpenMetrics has it as the last line");
    buf_fini(&page);
    return tap_done();
}
