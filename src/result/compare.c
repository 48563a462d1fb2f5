/*
 * compare: what stands in the way of a verdict is looked for in one order, the gravest
 * first (compare_metric shows it); only a metric that passes all gets METHOD 4.
 */
#include "result/compare.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "result/blocks.h"
#include "result/findings.h"
#include "result/obstacles.h"
#include "result/verdict.h"
#include "stats/robust.h"

const char *const verdict_names[] = {"FASTER",       "SLOWER",        "EQUIVALENT",
                                     "INCONCLUSIVE", "NOT_ESTIMABLE", "OVERLOADED",
                                     "INVALID",      "NONE"};

static double k_eff_median(const struct blocks *blocks, int service, int percentile)
{
    double values[SIGNED_RANK_MAX];
    size_t n = 0;
    for (int i = 0; i < SIGNED_RANK_MAX; i++) {
        const struct trial *trial = blocks->grid[service * SIGNED_RANK_MAX + i];
        if (trial && !isnan(trial->load.latency.k_eff[percentile]))
            values[n++] = trial->load.latency.k_eff[percentile];
    }
    return robust_median(values, n);
}

static double spread_of(const struct sample *sample)
{
    double ln[SIGNED_RANK_MAX];
    for (size_t i = 0; i < sample->n; i++) {
        ln[i] = log(sample->values[i]);
        if (!isfinite(ln[i])) /* the errors, a kill, or a zero: no number spreads there */
            return (double)NAN;
    }
    return robust_mad(ln, sample->n);
}

/* Of the whole sample: counts who is far out, and remembers the furthest. */
static void flag_outliers(const struct sample *sample, struct cell_value *out)
{
    double furthest = 0;
    for (size_t i = 0; i < sample->n; i++) {
        double distance = fabs(sample->values[i] - out->median);
        if (!robust_is_outlier(sample->values, sample->n, i))
            continue;
        out->outliers++;
        if (distance > furthest) {
            furthest = distance;
            out->outlier_block = sample->block[i];
        }
    }
}

static void fill_cell(const struct blocks *blocks, int service, enum metric metric,
                      struct cell_value *out)
{
    struct sample sample;
    int percentile = metric_infos[metric].percentile;
    blocks_sample(blocks, service, metric, &sample);
    out->n = (int)sample.n;
    out->median = robust_median(sample.values, sample.n);
    out->spread = spread_of(&sample);
    out->low = out->high = sample.n ? sample.values[0] : (double)NAN;
    for (size_t i = 1; i < sample.n; i++) {
        out->low = fmin(out->low, sample.values[i]);
        out->high = fmax(out->high, sample.values[i]);
    }
    flag_outliers(&sample, out);
    out->k_eff = percentile < 0 ? (double)NAN : k_eff_median(blocks, service, percentile);
    out->thin_tail =
        percentile >= 0 && !isinf(out->median) && !(out->k_eff >= COMPARE_K_EFF_SHOWN);
}

struct contest { /* one metric of one service against the baseline */
    struct scope scope;
    const struct pairs *pairs;
};

static bool has_few_pairs(const struct contest *contest, struct comparison *out)
{
    size_t blocks = contest->pairs->blocks, values = contest->pairs->n;
    if (values >= COMPARE_BLOCKS_MIN)
        return false;
    if (blocks < COMPARE_BLOCKS_MIN)
        snprintf(out->why, sizeof(out->why), "needs at least %d blocks, has %zu",
                 COMPARE_BLOCKS_MIN, blocks);
    else if (values == 0)
        snprintf(out->why, sizeof(out->why), "not measured");
    else
        snprintf(out->why, sizeof(out->why),
                 "needs at least %d blocks, was measured in %zu of %zu",
                 COMPARE_BLOCKS_MIN, values, blocks);
    out->verdict = VERDICT_NOT_ESTIMABLE;
    return true;
}

static bool has_no_ratio(const struct contest *contest, struct comparison *out)
{
    for (int side = 1; side >= 0; side--) {
        int infinite = contest->pairs->infinite[side], zero = contest->pairs->zero[side];
        out->reaches_errors |= infinite && compare_is_latency(contest->scope.metric);
        if (!infinite && !zero)
            continue;
        const char *fault = !infinite ? "the value is 0 for"
                            : contest->scope.metric == METRIC_DRAIN
                                ? "it took a kill to stop"
                                : "it reaches the errors of";
        snprintf(out->why, sizeof(out->why), "%s %s in %d of %zu trials", fault,
                 scope_name(&contest->scope, side), infinite ? infinite : zero,
                 contest->pairs->n);
        out->verdict = VERDICT_NOT_ESTIMABLE;
        return true;
    }
    return false;
}

static void compare_metric(const struct contest *contest, struct comparison *out)
{
    const struct scope *scope = &contest->scope;
    const struct metric_info *info = &metric_infos[scope->metric];
    verdict_estimate(contest->pairs, out);
    if (obstacle_was_skipped(scope, out))
        return;
    if (!info->judged) {
        out->verdict = VERDICT_NONE;
        return;
    }
    if (obstacle_in_trials(scope, out) || has_few_pairs(contest, out) ||
        has_no_ratio(contest, out) || obstacle_in_tail(scope, out))
        return;
    verdict_classify(compare_margin(scope->result, scope->metric), info->more_is_better,
                     out);
}

bool compare_is_spoilt(const struct service_finding *found, enum metric metric)
{
    bool of_load = metric != METRIC_COLD_START && metric != METRIC_DRAIN;
    return found->trials_failed || (of_load && found->trials_invalid);
}

static void compare_service(const struct blocks *blocks, int service,
                            const struct comparisons *all, struct comparison *out)
{
    struct pairs pairs;
    for (int metric = 0; metric < METRICS; metric++) {
        int baseline = blocks->result->baseline;
        const struct contest contest = {
            {blocks->result, all, {baseline, service}, 2, (enum metric)metric}, &pairs};
        double mad = all->cells[baseline * METRICS + metric].spread;
        out[metric].metric = (enum metric)metric;
        out[metric].service = service;
        blocks_pairs(blocks, service, (enum metric)metric, &pairs);
        out[metric].spread_ratio =
            mad > 0 ? all->cells[service * METRICS + metric].spread / mad : (double)NAN;
        compare_metric(&contest, &out[metric]);
    }
}

void compare_result(const struct result *result, struct comparisons *out)
{
    struct blocks blocks;
    size_t services = (size_t)result->service_count;
    *out = (struct comparisons){
        .cells = mem_new(services * METRICS, sizeof(*out->cells)),
        .items = mem_new(services * METRICS, sizeof(*out->items)),
        .findings = mem_new(services, sizeof(*out->findings)),
    };
    blocks_init(&blocks, result);
    for (int service = 0; service < result->service_count; service++) {
        findings_of_service(result, service, &out->findings[service]);
        for (int metric = 0; metric < METRICS; metric++)
            fill_cell(&blocks, service, (enum metric)metric,
                      &out->cells[service * METRICS + metric]);
    }
    for (int service = 0; service < result->service_count; service++) {
        if (service == result->baseline)
            continue;
        compare_service(&blocks, service, out, &out->items[out->count]);
        out->count += METRICS;
    }
    blocks_fini(&blocks);
}

void comparisons_fini(struct comparisons *comparisons)
{
    mem_free(comparisons->cells);
    mem_free(comparisons->items);
    mem_free(comparisons->findings);
    *comparisons = (struct comparisons){0};
}

const struct comparison *comparisons_find(const struct comparisons *all, int service,
                                          enum metric metric)
{
    for (int i = 0; i < all->count; i++) {
        if (all->items[i].service == service && all->items[i].metric == metric)
            return &all->items[i];
    }
    return NULL;
}
