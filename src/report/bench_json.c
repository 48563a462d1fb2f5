#include "report/bench_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/figure.h"
#include "report/view_parts.h"
#include "result/blocks.h"
#include "result/members.h"
#include "result/obstacles.h"
#include "stats/order_interval.h"

enum { DIGITS = 9 };

struct entry { /* one number: a service and a metric */
    const struct result *result;
    const struct comparisons *found;
    int service;
    enum metric metric;
    double value;
    struct interval ci95; /* of the median; NAN with fewer than 6 blocks */
};

static const char *const units[] = {[UNIT_NS] = "ns",
                                    [UNIT_RATE] = "requests/s",
                                    [UNIT_US] = "us",
                                    [UNIT_BYTES] = "bytes"};

/* What the race itself would not give a number for, is none here. */
static bool is_worth_keeping(const struct result *result, const struct comparisons *found,
                             int service, enum metric metric)
{
    struct comparison obstacle = {.why = ""};
    const struct scope scope = {result, found, {service, 0}, 1, metric};
    const struct cell_value *cell = &found->cells[service * METRICS + metric];
    return !result->partial && !result->services[service].control &&
           metric_infos[metric].judged && isfinite(cell->median) &&
           !obstacle_to_number(&scope, &obstacle);
}

/* Calls each for every number that there is; of the control none is told. */
static void for_each(const struct result *result, const struct comparisons *found,
                     json_t *into, void (*each)(const struct entry *, json_t *))
{
    struct blocks blocks;
    blocks_init(&blocks, result);
    for (int service = 0; service < result->service_count; service++) {
        for (int metric = 0; metric < METRICS; metric++) {
            struct sample sample;
            const struct cell_value *cell = &found->cells[service * METRICS + metric];
            if (!is_worth_keeping(result, found, service, (enum metric)metric))
                continue;
            blocks_sample(&blocks, service, (enum metric)metric, &sample);
            const struct entry entry = {
                result,       found,
                service,      (enum metric)metric,
                cell->median, order_interval(sample.values, sample.n, .05)};
            each(&entry, into);
        }
    }
    blocks_fini(&blocks);
}

static void print(json_t *json, struct buf *out)
{
    char *text = json_dumps(json, JSON_INDENT(1) | LOAD_JSON_DIGITS);
    buf_add_text(out, text);
    buf_add_text(out, "\n");
    mem_free(text);
    json_decref(json);
}

/* What the race itself says of it, for people. */
static char *extra_of(const struct entry *entry)
{
    char ratio[FIGURE_BYTES];
    struct view_difference word;
    const char *baseline = entry->result->services[entry->result->baseline].name;
    const struct comparison *c =
        comparisons_find(entry->found, entry->service, entry->metric);
    if (!c)
        return mem_copy_text("the baseline of its race");
    view_verdict_word(entry->result, c, &word);
    figure_difference(view_shows_ratio(c) ? c->ratio : (double)NAN, c->ci95, ratio);
    return mem_format("%s of %s in the same race: %s", ratio, baseline, word.verdict);
}

static void add_action(const struct entry *entry, json_t *into)
{
    char name[RESULT_NAME_BYTES + 64], range[64];
    if (metric_infos[entry->metric].more_is_better)
        return;
    json_t *json = json_object();
    char *extra = extra_of(entry);
    snprintf(name, sizeof(name), "%s: %s", entry->result->services[entry->service].name,
             metric_infos[entry->metric].label);
    snprintf(range, sizeof(range), "%.6g to %.6g", entry->ci95.low, entry->ci95.high);
    member_put(json, "name", member_of_text(name));
    member_put(json, "unit", json_string(units[metric_infos[entry->metric].unit]));
    member_put(json, "value", member_of_rounded(entry->value, DIGITS));
    if (isfinite(entry->ci95.low) && isfinite(entry->ci95.high))
        member_put(json, "range", member_of_text(range));
    member_put(json, "extra", member_of_text(extra));
    json_array_append_new(into, json);
    mem_free(extra);
}

void bench_json_action(const struct result *result, const struct comparisons *comparisons,
                       struct buf *out)
{
    json_t *json = json_array();
    for_each(result, comparisons, json, add_action);
    print(json, out);
}

/* "cold-start-ns": a slug with the unit, since the format has no place for it. */
static void measure_name(enum metric metric, char *out, size_t size)
{
    static const char *const suffixes[] = {[UNIT_NS] = "-ns",
                                           [UNIT_RATE] = "-per-second",
                                           [UNIT_US] = "-us-per-request",
                                           [UNIT_BYTES] = "-bytes"};
    snprintf(out, size, "%s%s", metric_infos[metric].name,
             suffixes[metric_infos[metric].unit]);
    for (char *c = out; *c; c++) {
        bool kept = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        bool upper = *c >= 'A' && *c <= 'Z';
        *c = kept ? *c : upper ? (char)(*c | 0x20) : '-';
    }
}

static void add_bencher(const struct entry *entry, json_t *into)
{
    char measure[64];
    const char *race = entry->result->name ? entry->result->name : "race";
    char *name = mem_format("%s/%s", race, entry->result->services[entry->service].name);
    json_t *of_service = json_object_get(into, name), *json = json_object();
    if (!of_service) {
        of_service = json_object();
        member_put(into, name, of_service);
    }
    measure_name(entry->metric, measure, sizeof(measure));
    member_put(json, "value", member_of_rounded(entry->value, DIGITS));
    if (isfinite(entry->ci95.low) && isfinite(entry->ci95.high)) {
        member_put(json, "lower_value", member_of_rounded(entry->ci95.low, DIGITS));
        member_put(json, "upper_value", member_of_rounded(entry->ci95.high, DIGITS));
    }
    member_put(of_service, measure, json);
    mem_free(name);
}

void bench_json_bencher(const struct result *result,
                        const struct comparisons *comparisons, struct buf *out)
{
    json_t *json = json_object();
    for_each(result, comparisons, json, add_bencher);
    print(json, out);
}
