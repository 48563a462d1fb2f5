/*
 * compare: what stands in the way of a verdict is looked for in one order, the gravest
 * first (compare_metric shows it); only a metric that passes all gets METHOD 4.
 */
#include "result/compare.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "result/blocks.h"
#include "result/verdict.h"
#include "stats/robust.h"

const char *const verdict_names[] = {"FASTER",       "SLOWER",        "EQUIVALENT",
                                     "INCONCLUSIVE", "NOT_ESTIMABLE", "OVERLOADED",
                                     "INVALID",      "NONE"};

static const double K_EFF_SHOWN = 10, K_EFF_JUDGED = 100; /* METHOD 5 */

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
    out->thin_tail = percentile >= 0 && !(out->k_eff >= K_EFF_SHOWN);
}

static const char *invalid_reason(const struct trial *trial)
{
    if (trial->invalid_count > 0)
        return trial->invalid[0];
    return trial->load.invalid_count > 0 ? trial->load.invalid[0] : NULL;
}

static void count_ok_trial(const struct trial *trial, struct service_finding *out)
{
    const struct load_result *load = &trial->load;
    const char *reason = invalid_reason(trial);
    double share = (double)load_result_errors(load) / (double)load->due;
    out->trials_ok++;
    out->trials_overloaded += load->overloaded;
    if (load->due > 0)
        out->error_share = fmax(out->error_share, share);
    if (!reason)
        return;
    if (!out->trials_invalid++ && !out->trials_failed)
        snprintf(out->why, sizeof(out->why), "in block %d: %.200s", trial->block, reason);
}

static void find_service(const struct result *result, int service,
                         struct service_finding *out)
{
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (trial->service != service || trial->outcome == TRIAL_SKIPPED)
            continue;
        if (trial->outcome == TRIAL_OK)
            count_ok_trial(trial, out);
        else if (!out->trials_failed++)
            snprintf(out->why, sizeof(out->why), "in block %d: %.200s", trial->block,
                     trial->why ? trial->why : "failed");
    }
    out->overloaded = out->trials_overloaded > 0;
}

struct contest { /* one metric of one service against the baseline */
    const struct result *result;
    const struct comparisons *all;
    const struct pairs *pairs;
    int sides[2]; /* baseline, service */
    enum metric metric;
};

static const char *name_of(const struct contest *contest, int side)
{
    return contest->result->services[contest->sides[side]].name;
}

static bool decide(struct comparison *out, enum verdict verdict)
{
    out->verdict = verdict;
    return true;
}

static bool was_skipped(const struct contest *contest, struct comparison *out)
{
    for (int side = 0; side < 2; side++) {
        const struct result_service *service =
            &contest->result->services[contest->sides[side]];
        if (!service->skipped)
            continue;
        snprintf(out->why, sizeof(out->why), "%s was not run: %.100s", service->name,
                 service->why);
        return decide(out, VERDICT_NOT_ESTIMABLE);
    }
    return false;
}

/* A failed trial spoils every metric, an invalid one those of the load. */
static bool is_invalid(const struct contest *contest, struct comparison *out)
{
    bool of_load =
        contest->metric != METRIC_COLD_START && contest->metric != METRIC_DRAIN;
    for (int side = 1; side >= 0; side--) {
        const struct service_finding *found =
            &contest->all->findings[contest->sides[side]];
        if (!found->trials_failed && !(of_load && found->trials_invalid))
            continue;
        snprintf(out->why, sizeof(out->why), "%s, %.130s", name_of(contest, side),
                 found->why);
        return decide(out, VERDICT_INVALID);
    }
    return false;
}

static bool is_overloaded(const struct contest *contest, struct comparison *out)
{
    for (int side = 1; compare_is_latency(contest->metric) && side >= 0; side--) {
        if (!contest->all->findings[contest->sides[side]].overloaded)
            continue;
        snprintf(out->why, sizeof(out->why), "%s could not hold the offered rate",
                 name_of(contest, side));
        return decide(out, VERDICT_OVERLOADED);
    }
    return false;
}

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
    return decide(out, VERDICT_NOT_ESTIMABLE);
}

static bool has_no_ratio(const struct contest *contest, struct comparison *out)
{
    for (int side = 1; side >= 0; side--) {
        int infinite = contest->pairs->infinite[side], zero = contest->pairs->zero[side];
        out->reaches_errors |= infinite && compare_is_latency(contest->metric);
        if (!infinite && !zero)
            continue;
        const char *fault = !infinite ? "the value is 0 for"
                            : contest->metric == METRIC_DRAIN
                                ? "it took a kill to stop"
                                : "it reaches the errors of";
        snprintf(out->why, sizeof(out->why), "%s %s in %d of %zu trials", fault,
                 name_of(contest, side), infinite ? infinite : zero, contest->pairs->n);
        return decide(out, VERDICT_NOT_ESTIMABLE);
    }
    return false;
}

/* The thinner tail of the two counts. */
static bool has_thin_tail(const struct contest *contest, struct comparison *out)
{
    const struct cell_value *cells = contest->all->cells;
    double a = cells[contest->sides[0] * METRICS + contest->metric].k_eff;
    double b = cells[contest->sides[1] * METRICS + contest->metric].k_eff;
    double k_eff = isnan(a) || isnan(b) ? 0 : fmin(a, b);
    if (metric_infos[contest->metric].percentile < 0 || k_eff >= K_EFF_JUDGED)
        return false;
    snprintf(out->why, sizeof(out->why),
             "the tail is too thin: about %.0f independent events a trial, %s needs %.0f",
             floor(k_eff), k_eff < K_EFF_SHOWN ? "an estimate" : "a verdict",
             k_eff < K_EFF_SHOWN ? K_EFF_SHOWN : K_EFF_JUDGED);
    if (k_eff >= K_EFF_SHOWN)
        return decide(out, VERDICT_NONE);
    verdict_withhold(out);
    return decide(out, VERDICT_NOT_ESTIMABLE);
}

/* The trial of this service whose percentile holds most lag, as a share; NULL: none. */
static const struct trial *latest_trial(const struct contest *contest, int side,
                                        double *share)
{
    const struct result *result = contest->result;
    const struct trial *worst = NULL;
    enum load_percentile percentile =
        (enum load_percentile)metric_infos[contest->metric].percentile;
    *share = 0;
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        double here = load_result_lag_share(&trial->load, percentile);
        if (trial->service != contest->sides[side] || trial->outcome != TRIAL_OK ||
            !(here > *share))
            continue;
        *share = here;
        worst = trial;
    }
    return worst;
}

/* A percentile of which too much is the generator's own lateness, in whichever trial. */
static bool is_late(const struct contest *contest, struct comparison *out)
{
    if (metric_infos[contest->metric].percentile < 0)
        return false;
    for (int side = 1; side >= 0; side--) {
        double share;
        const struct trial *worst = latest_trial(contest, side, &share);
        if (!worst || !(share > LOAD_LAG_SHARE_MAX))
            continue;
        snprintf(out->why, sizeof(out->why),
                 "%.0f %% of it is the generator's own lateness in block %d of %s",
                 100 * share, worst->block, name_of(contest, side));
        out->late = true;
        return decide(out, VERDICT_INVALID);
    }
    return false;
}

static void compare_metric(const struct contest *contest, struct comparison *out)
{
    const struct metric_info *info = &metric_infos[contest->metric];
    verdict_estimate(contest->pairs, out);
    if (was_skipped(contest, out))
        return;
    if (!info->judged) {
        out->verdict = VERDICT_NONE;
        return;
    }
    if (is_invalid(contest, out) || is_overloaded(contest, out) ||
        has_few_pairs(contest, out) || has_no_ratio(contest, out) ||
        has_thin_tail(contest, out) || is_late(contest, out))
        return;
    verdict_classify(compare_margin(contest->result, contest->metric),
                     info->more_is_better, out);
}

static void compare_service(const struct blocks *blocks, int service,
                            const struct comparisons *all, struct comparison *out)
{
    struct pairs pairs;
    for (int metric = 0; metric < METRICS; metric++) {
        int baseline = blocks->result->baseline;
        const struct contest contest = {
            blocks->result, all, &pairs, {baseline, service}, (enum metric)metric};
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
        find_service(result, service, &out->findings[service]);
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
