/* The two formats for benchmark services: golden files, and what must not be in them. */
#include <jansson.h>

#include "golden.h"
#include "race.h"
#include "report/bench_json.h"

#define EACH(array) (sizeof(array) / sizeof((array)[0]))

typedef void print_json(const struct result *, const struct comparisons *, struct buf *);

static void print(const struct result *race, print_json *printer, struct buf *out)
{
    struct comparisons comparisons;
    buf_init(out, 1 << 20);
    compare_result(race, &comparisons);
    printer(race, &comparisons, out);
    comparisons_fini(&comparisons);
}

/* As a reader has it; what is there twice is refused. */
static json_t *printed(const struct result *race, print_json *printer)
{
    struct buf out;
    json_error_t why;
    print(race, printer, &out);
    json_t *json = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, &why);
    if (!TAP_OK(json, "it is JSON"))
        printf("# line %d: %s\n", why.line, why.text);
    TAP_OK(out.len > 0 && out.ptr[out.len - 1] == '\n', "and ends with a newline");
    buf_fini(&out);
    return json;
}

/* NULL: there is none. */
static const json_t *action_entry(const json_t *json, const char *name)
{
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *entry = json_array_get(json, i);
        if (strcmp(json_string_value(json_object_get(entry, "name")), name) == 0)
            return entry;
    }
    return NULL;
}

static const json_t *bencher_entry(const json_t *json, const char *benchmark,
                                   const char *measure)
{
    return json_object_get(json_object_get(json, benchmark), measure);
}

static double number(const json_t *entry, const char *key)
{
    const json_t *value = json_object_get(entry, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text(const json_t *entry, const char *key)
{
    const char *value = json_string_value(json_object_get(entry, key));
    return value ? value : "(none)";
}

static void showcase(void)
{
    static const struct {
        print_json *printer;
        const char *file;
    } cases[] = {{bench_json_action, "benchmark-action.json"},
                 {bench_json_bencher, "bencher.json"}};
    struct result race;
    race_showcase(&race);
    for (size_t i = 0; i < EACH(cases); i++) {
        struct buf out;
        print(&race, cases[i].printer, &out);
        golden_check(cases[i].file, buf_text(&out));
        buf_fini(&out);
    }
    result_fini(&race);
}

/* Six values: the median is between the third and fourth, the interval is all of them. */
static void set_six(struct result *race, int service, enum metric metric, double base)
{
    static const double factors[] = {1.04, 1, 1.01, 1.05, 1.02, 1.03};
    for (int block = 1; block <= 6; block++)
        race_set(race_trial(race, block, service), metric, base * factors[block - 1]);
}

/* Every metric that is judged, with its unit; throughput is no smaller-is-better. */
static const struct {
    enum metric metric;
    double base;
    const char *label, *unit, *measure;
} metric_cases[] = {
    {METRIC_P50, 1e6, "p50 latency", "ns", "p50-ns"},
    {METRIC_P90, 2e6, "p90 latency", "ns", "p90-ns"},
    {METRIC_P95, 3e6, "p95 latency", "ns", "p95-ns"},
    {METRIC_P99, 4e6, "p99 latency", "ns", "p99-ns"},
    {METRIC_P999, 5e6, "p99.9 latency", "ns", "p99-9-ns"},
    {METRIC_THROUGHPUT, 6e6, NULL, NULL, "throughput-per-second"},
    {METRIC_CPU, 70, "CPU per request", "us", "cpu-us-per-request"},
    {METRIC_RSS, 8e6, "memory, peak", "bytes", "memory-bytes"},
    {METRIC_COLD_START, 9e6, "cold start", "ns", "cold-start-ns"},
    {METRIC_DRAIN, 10e6, "drain", "ns", "drain-ns"},
};

static void metrics(void)
{
    struct result race;
    race_new(&race, 2, 6, .01);
    for (size_t i = 0; i < EACH(metric_cases); i++)
        set_six(&race, 1, metric_cases[i].metric, metric_cases[i].base);
    json_t *action = printed(&race, bench_json_action);
    json_t *bencher = printed(&race, bench_json_bencher);
    TAP_INT(json_array_size(action), 18, "nine metrics of two services");
    TAP_INT(json_object_size(bencher), 2, "two benchmarks");
    TAP_INT(json_object_size(json_object_get(bencher, "echo/go-echo")), 10, "ten each");
    for (size_t i = 0; i < EACH(metric_cases); i++) {
        char name[100], range[100];
        double base = metric_cases[i].base;
        const json_t *b = bencher_entry(bencher, "echo/go-echo", metric_cases[i].measure);
        TAP_NEAR(number(b, "value"), base * 1.025, base * 1e-9, metric_cases[i].measure);
        TAP_NEAR(number(b, "lower_value"), base, base * 1e-9, "… from the lowest");
        TAP_NEAR(number(b, "upper_value"), base * 1.05, base * 1e-9, "… to the highest");
        if (!metric_cases[i].label)
            continue;
        snprintf(name, sizeof(name), "go-echo: %s", metric_cases[i].label);
        snprintf(range, sizeof(range), "%.4g to %.4g", base, base * 1.05);
        const json_t *a = action_entry(action, name);
        TAP_NEAR(number(a, "value"), base * 1.025, base * 1e-9, name);
        TAP_TEXT(text(a, "unit"), metric_cases[i].unit, "… its unit");
        TAP_TEXT(text(a, "range"), range, "… its range");
        TAP_INT(json_object_size(a), 5, "… and nothing else but extra");
    }
    json_decref(action);
    json_decref(bencher);
    result_fini(&race);
}

static void unique_names(const json_t *action)
{
    json_t *names = json_object();
    for (size_t i = 0; i < json_array_size(action); i++) {
        const char *name = text(json_array_get(action, i), "name");
        if (json_object_get(names, name))
            TAP_OK(false, "%s is there twice", name);
        json_object_set_new(names, name, json_true());
    }
    TAP_INT(json_object_size(names), json_array_size(action), "every name once");
    json_decref(names);
}

static void left_out(struct result *race)
{
    for (int block = 1; block <= 6; block++) {
        struct trial *trial = race_trial(race, block, 1);
        trial->load.latency.p[LOAD_P50] = (double)NAN;
        trial->load.latency.k_eff[LOAD_P999] = 9.9;
        trial->load.latency.p[LOAD_P95] = (double)INFINITY;
        trial->cpu_us_per_request = (double)NAN;
        trial->drain_killed = block > 2;
        race_trial(race, block, 0)->load.latency.k_eff[LOAD_P999] = 10;
    }
}

/* NAN, INFINITY, thin tails, max, throughput, and the control. */
static const struct {
    const char *label, *measure;
    bool there;
} perhaps[] = {
    {"p50 latency", "p50-ns", false}, {"p90 latency", "p90-ns", true},
    {"p95 latency", "p95-ns", false}, {"p99.9 latency", "p99-9-ns", false},
    {"max latency", "max-ns", false}, {"CPU per request", "cpu-us-per-request", false},
    {"drain", "drain-ns", false},     {"cold start", "cold-start-ns", true},
};

static void no_numbers(void)
{
    struct result race;
    race_new(&race, 3, 6, .01);
    race.services[2].control = true;
    left_out(&race);
    json_t *action = printed(&race, bench_json_action);
    json_t *bencher = printed(&race, bench_json_bencher);
    for (size_t i = 0; i < EACH(perhaps); i++) {
        char name[100];
        snprintf(name, sizeof(name), "go-echo: %s", perhaps[i].label);
        TAP_OK((action_entry(action, name) != NULL) == perhaps[i].there, "%s: there?",
               name);
        TAP_OK((bencher_entry(bencher, "echo/go-echo", perhaps[i].measure) != NULL) ==
                   perhaps[i].there,
               "%s: there?", perhaps[i].measure);
    }
    TAP_OK(action_entry(action, "c-echo: p99.9 latency"),
           "a tail that is shown is there");
    TAP_OK(!action_entry(action, "go-echo: throughput"), "no throughput for action");
    TAP_OK(bencher_entry(bencher, "echo/go-echo", "throughput-per-second"),
           "but for bencher");
    TAP_INT(json_object_size(bencher), 2, "of the control there is nothing");
    TAP_INT(json_array_size(action), 9 + 4, "nor for action");
    unique_names(action);
    json_decref(action);
    json_decref(bencher);
    result_fini(&race);
}

/* What is spoilt or overloaded has no number, and the others keep theirs. */
static void spoilt(void)
{
    struct result race;
    race_new(&race, 4, 6, .01);
    race_trial(&race, 3, 1)->outcome = TRIAL_FAILED;
    race_trial(&race, 3, 2)->invalid_count = 1;
    race_trial(&race, 3, 3)->load.overloaded = true;
    json_t *json = printed(&race, bench_json_bencher);
    TAP_OK(!json_object_get(json, "echo/go-echo"), "nothing of who failed");
    const json_t *invalid = json_object_get(json, "echo/rust-echo");
    TAP_INT(json_object_size(invalid), 2, "two of who was measured wrongly");
    TAP_OK(json_object_get(invalid, "cold-start-ns") &&
               json_object_get(invalid, "drain-ns"),
           "which do not depend on the load");
    const json_t *overloaded = json_object_get(json, "echo/zig-echo");
    TAP_INT(json_object_size(overloaded), 5, "no percentile of who is overloaded");
    TAP_OK(json_object_get(overloaded, "throughput-per-second") &&
               !json_object_get(overloaded, "p50-ns"),
           "but what it could do");
    TAP_INT(json_object_size(json_object_get(json, "echo/c-echo")), 10,
            "and the baseline");
    json_decref(json);
    result_fini(&race);
}

/* No interval: too few blocks, or one that ends in the errors. */
static void no_interval(void)
{
    for (int few = 0; few < 2; few++) {
        struct result race;
        race_new(&race, 2, few ? 5 : 6, .01);
        if (!few)
            race_trial(&race, 2, 1)->load.latency.p[LOAD_P99] = (double)INFINITY;
        json_t *action = printed(&race, bench_json_action);
        json_t *bencher = printed(&race, bench_json_bencher);
        const json_t *a = action_entry(action, "go-echo: p99 latency");
        const json_t *b = bencher_entry(bencher, "echo/go-echo", "p99-ns");
        TAP_OK(isfinite(number(a, "value")) && isfinite(number(b, "value")), "a value");
        TAP_OK(!json_object_get(a, "range") && !json_object_get(b, "lower_value") &&
                   !json_object_get(b, "upper_value"),
               "without an interval");
        TAP_OK((json_object_get(action_entry(action, "go-echo: p90 latency"), "range") !=
                NULL) == !few,
               "which another metric has if there are blocks enough");
        json_decref(action);
        json_decref(bencher);
        result_fini(&race);
    }
}

static void extras(void)
{
    struct result race;
    race_new(&race, 3, 10, .001);
    race_vary(&race, 1, METRIC_CPU, 2.0, .001);
    json_t *json = printed(&race, bench_json_action);
    static const struct {
        const char *name, *extra;
    } cases[] = {
        {"c-echo: CPU per request", "the baseline of its race"},
        {"go-echo: CPU per request",
         "2.00× [2.00, 2.00] of c-echo in the same race: MORE by >5%"},
    };
    for (size_t i = 0; i < EACH(cases); i++)
        TAP_TEXT(text(action_entry(json, cases[i].name), "extra"), cases[i].extra,
                 cases[i].name);
    json_decref(json);
    race_trial(&race, 3, 0)->outcome = TRIAL_FAILED;
    json = printed(&race, bench_json_action);
    TAP_TEXT(text(action_entry(json, "go-echo: CPU per request"), "extra"),
             "– of c-echo in the same race: INVALID", "without a ratio that holds");
    json_decref(json);
    result_fini(&race);
}

/* Other answers are other work, lag is not the service's, and half a race is none. */
static void not_comparable(void)
{
    struct result race;
    race_new(&race, 3, 6, .01);
    for (int block = 1; block <= 6; block++)
        race_trial(&race, block, 1)->answers[0].status = 500;
    struct load_result *load = &race_trial(&race, 3, 2)->load;
    load->less_lag.p[LOAD_P99] = load->latency.p[LOAD_P99] * .8;
    json_t *json = printed(&race, bench_json_bencher);
    TAP_OK(!json_object_get(json, "echo/go-echo"), "nothing of who answers otherwise");
    const json_t *late = json_object_get(json, "echo/rust-echo");
    TAP_OK(!json_object_get(late, "p99-ns") && json_object_size(late) == 9,
           "no percentile that is the generator's lateness");
    json_decref(json);
    race.partial = true;
    json = printed(&race, bench_json_bencher);
    TAP_INT(json_object_size(json), 0, "nothing of a race that ended early");
    json_decref(json);
    result_fini(&race);
}

/* Names are kept whole, whatever is in them; a race without one is called so. */
static void names(void)
{
    struct result race;
    char name[300];
    race_new(&race, 2, 6, .01);
    mem_free(race.name);
    race.name = mem_format("%062dé/\"%0100d", 0, 0);
    snprintf(race.services[1].name, RESULT_NAME_BYTES, "a \"é\" \\");
    json_t *json = printed(&race, bench_json_bencher);
    snprintf(name, sizeof(name), "%s/%s", race.name, race.services[1].name);
    TAP_INT(json_object_size(json_object_get(json, name)), 10, "a long name is whole");
    json_decref(json);
    json = printed(&race, bench_json_action);
    TAP_OK(action_entry(json, "a \"é\" \\: drain"), "and so is a strange one");
    json_decref(json);
    mem_free(race.name);
    race.name = NULL;
    json = printed(&race, bench_json_bencher);
    TAP_OK(json_object_get(json, "race/c-echo"), "no name is a race");
    json_decref(json);
    result_fini(&race);
}

/* Nothing measured is an empty document, and no fault. */
static void nothing(void)
{
    struct result race;
    race_new(&race, 2, 6, .01);
    for (int i = 0; i < race.trial_count; i++)
        race.trials[i].outcome = TRIAL_SKIPPED;
    json_t *action = printed(&race, bench_json_action);
    json_t *bencher = printed(&race, bench_json_bencher);
    TAP_OK(json_is_array(action) && json_array_size(action) == 0, "an empty array");
    TAP_OK(json_is_object(bencher) && json_object_size(bencher) == 0, "an empty object");
    json_decref(action);
    json_decref(bencher);
    result_fini(&race);
}

int main(void)
{
    showcase();
    metrics();
    no_numbers();
    spoilt();
    not_comparable();
    no_interval();
    extras();
    names();
    nothing();
    return tap_done();
}
