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

/* In the unit of the metric; errors are text, as everywhere. */
static json_t *bound_to_json(double value, const struct gate_check *check,
                             const struct result *result)
{
    enum metric metric = (enum metric)check->rule->metric;
    return check->rule->relative
               ? member_of_rounded(value, DIGITS)
               : value_to_json(value, metric,
                               compare_errors_above(result, check->service));
}

static json_t *check_to_json(const struct result *result, const struct gate_check *check)
{
    json_t *json = json_object(), *ci95 = json_array();
    member_put(json, "rule", member_of_text(check->rule->text));
    member_put(json, "required", json_boolean(check->rule->required));
    member_put(json, "service", member_of_text(result->services[check->service].name));
    member_put(json, "status", json_string(gate_status_names[check->status]));
    member_put(json, "p", member_of_rounded(check->p, DIGITS));
    member_put(json, "level", member_of_rounded(check->level, DIGITS));
    member_put(json, "value", bound_to_json(check->value, check, result));
    json_array_append_new(ci95, bound_to_json(check->ci95.low, check, result));
    json_array_append_new(ci95, bound_to_json(check->ci95.high, check, result));
    member_put(json, "ci95", ci95);
    member_put(json, "why", member_of_text(check->why));
    return json;
}

static json_t *rules_to_json(const struct result *result, bool required)
{
    json_t *array = json_array();
    for (int i = 0; i < result->rule_count; i++) {
        if (result->rules[i].required == required)
            json_array_append_new(array, member_of_text(result->rules[i].text));
    }
    return array;
}

json_t *gate_to_json(const struct result *result, const struct gate *gate)
{
    json_t *json = json_object(), *checks = json_array();
    for (int i = 0; i < gate->count; i++)
        json_array_append_new(checks, check_to_json(result, &gate->checks[i]));
    member_put(json, "fail_if", rules_to_json(result, false));
    member_put(json, "require", rules_to_json(result, true));
    member_put(json, "status",
               result->rule_count ? json_string(gate_status_names[gate->status])
                                  : json_null());
    member_put(json, "checks", checks);
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
        member_put(json, "trials_repeated", json_integer(found->trials_repeated));
        member_put(json, "answers_vary", json_boolean(found->answers_vary));
        member_put(json, "answers_differ", json_boolean(found->answers_differ));
        member_put(json, "overloaded", json_boolean(found->overloaded));
        member_put(json, "error_share", member_of_number(found->error_share));
        member_put(json, "why", found->why[0] ? member_of_text(found->why) : json_null());
        member_put(json, "metrics", metrics_to_json(result, comparisons, service));
        json_array_append_new(array, json);
    }
    return array;
}
