#include "result/comparisons_json.h"

#include <math.h>

#include "result/members.h"

enum { DIGITS = 9 }; /* the last bits depend on the machine's libm */

static json_t *interval_to_json(struct interval interval)
{
    if (!isfinite(interval.low) || !isfinite(interval.high))
        return json_null();
    json_t *json = json_array();
    json_array_append_new(json, member_of_rounded(interval.low, DIGITS));
    json_array_append_new(json, member_of_rounded(interval.high, DIGITS));
    return json;
}

static json_t *comparison_to_json(const struct result *result, const struct comparison *c)
{
    json_t *json = json_object(), *t = json_object();
    member_put(json, "metric", json_string(metric_infos[c->metric].key));
    member_put(json, "baseline", member_of_text(result->services[result->baseline].name));
    member_put(json, "service", member_of_text(result->services[c->service].name));
    member_put(json, "ratio", member_of_rounded(c->ratio, DIGITS));
    member_put(json, "ci95", interval_to_json(c->ci95));
    member_put(json, "ci90", interval_to_json(c->ci90));
    member_put(json, "verdict", json_string(verdict_names[c->verdict]));
    member_put(json, "margin", member_of_number(compare_margin(result, c->metric)));
    member_put(json, "beyond_margin", json_boolean(c->beyond_margin));
    member_put(json, "negligible", json_boolean(c->negligible));
    member_put(json, "n", json_integer(c->n));
    member_put(json, "blocks_needed",
               c->blocks_needed ? json_integer(c->blocks_needed) : json_null());
    member_put(json, "why", c->why[0] ? member_of_text(c->why) : json_null());
    member_put(t, "ratio", member_of_rounded(c->t_ratio, DIGITS));
    member_put(t, "ci95", interval_to_json(c->t_ci95));
    member_put(t, "ci90", interval_to_json(c->t_ci90));
    member_put(json, "paired_t", t);
    member_put(json, "spread_ratio", member_of_rounded(c->spread_ratio, DIGITS));
    return json;
}

json_t *comparisons_to_json(const struct result *result,
                            const struct comparisons *comparisons)
{
    json_t *array = json_array();
    for (int i = 0; i < comparisons->count; i++)
        json_array_append_new(array, comparison_to_json(result, &comparisons->items[i]));
    return array;
}

/* Drain is the one metric whose infinity is no error's. */
static json_t *value_to_json(double value, enum metric metric, int64_t above_ns)
{
    if (isinf(value) && metric == METRIC_DRAIN)
        return json_string(">killed");
    return isinf(value) ? load_time_to_json(value, above_ns)
                        : member_of_rounded(value, DIGITS);
}

static json_t *cell_to_json(const struct cell_value *cell, enum metric metric,
                            int64_t above_ns)
{
    json_t *json = json_object();
    double median = cell->thin_tail ? (double)NAN : cell->median;
    member_put(json, "median", value_to_json(median, metric, above_ns));
    member_put(json, "low", value_to_json(cell->low, metric, above_ns));
    member_put(json, "high", value_to_json(cell->high, metric, above_ns));
    member_put(json, "n", json_integer(cell->n));
    member_put(json, "spread", member_of_rounded(cell->spread, DIGITS));
    member_put(json, "outliers", json_integer(cell->outliers));
    if (metric_infos[metric].percentile >= 0)
        member_put(json, "k_eff", member_of_rounded(cell->k_eff, DIGITS));
    return json;
}

static json_t *metrics_to_json(const struct result *result,
                               const struct comparisons *comparisons, int service)
{
    json_t *json = json_object();
    int64_t above_ns = compare_errors_above(result, service);
    for (int metric = 0; metric < METRICS; metric++)
        member_put(json, metric_infos[metric].key,
                   cell_to_json(&comparisons->cells[service * METRICS + metric],
                                (enum metric)metric, above_ns));
    return json;
}

json_t *comparisons_summary_to_json(const struct result *result,
                                    const struct comparisons *comparisons)
{
    json_t *array = json_array();
    for (int service = 0; service < result->service_count; service++) {
        const struct service_finding *found = &comparisons->findings[service];
        json_t *json = json_object();
        member_put(json, "service", member_of_text(result->services[service].name));
        member_put(json, "trials_ok", json_integer(found->trials_ok));
        member_put(json, "trials_failed", json_integer(found->trials_failed));
        member_put(json, "trials_invalid", json_integer(found->trials_invalid));
        member_put(json, "trials_overloaded", json_integer(found->trials_overloaded));
        member_put(json, "overloaded", json_boolean(found->overloaded));
        member_put(json, "error_share", member_of_number(found->error_share));
        member_put(json, "why", found->why[0] ? member_of_text(found->why) : json_null());
        member_put(json, "metrics", metrics_to_json(result, comparisons, service));
        json_array_append_new(array, json);
    }
    return array;
}
