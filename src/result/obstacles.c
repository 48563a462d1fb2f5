#include "result/obstacles.h"

#include <math.h>
#include <stdio.h>

#include "result/verdict.h"

static const double K_EFF_JUDGED = 100; /* METHOD 5 */

const char *scope_name(const struct scope *scope, int side)
{
    return scope->result->services[scope->sides[side]].name;
}

static bool decide(struct comparison *out, enum verdict verdict)
{
    out->verdict = verdict;
    return true;
}

bool obstacle_was_skipped(const struct scope *scope, struct comparison *out)
{
    for (int side = 0; side < scope->side_count; side++) {
        const struct result_service *service =
            &scope->result->services[scope->sides[side]];
        if (!service->skipped)
            continue;
        snprintf(out->why, sizeof(out->why), "%s was not run: %.100s", service->name,
                 service->why);
        return decide(out, VERDICT_NOT_ESTIMABLE);
    }
    return false;
}

static const struct service_finding *found_of(const struct scope *scope, int side)
{
    return &scope->all->findings[scope->sides[side]];
}

static bool is_invalid(const struct scope *scope, struct comparison *out)
{
    for (int side = scope->side_count - 1; side >= 0; side--) {
        const struct service_finding *found = found_of(scope, side);
        if (!compare_is_spoilt(found, scope->metric))
            continue;
        snprintf(out->why, sizeof(out->why), "%s, %.130s", scope_name(scope, side),
                 found->why);
        return decide(out, VERDICT_INVALID);
    }
    return false;
}

/* Who answers something else does other work: no cost of it can be compared. */
static bool answers_differ(const struct scope *scope, struct comparison *out)
{
    for (int side = scope->side_count - 1; side >= 0; side--) {
        const struct service_finding *found = found_of(scope, side);
        if (!found->answers_differ)
            continue;
        snprintf(out->why, sizeof(out->why), "%s answers differently: %.110s",
                 scope_name(scope, side), found->answers_why);
        return decide(out, VERDICT_INVALID);
    }
    return false;
}

static bool is_overloaded(const struct scope *scope, struct comparison *out)
{
    for (int side = scope->side_count - 1; side >= 0; side--) {
        if (!compare_is_latency(scope->metric) || !found_of(scope, side)->overloaded)
            continue;
        snprintf(out->why, sizeof(out->why), "%s could not hold the offered rate",
                 scope_name(scope, side));
        return decide(out, VERDICT_OVERLOADED);
    }
    return false;
}

bool obstacle_in_trials(const struct scope *scope, struct comparison *out)
{
    return is_invalid(scope, out) || answers_differ(scope, out) ||
           is_overloaded(scope, out);
}

/* The thinner tail of the two counts. */
static double k_eff_of(const struct scope *scope)
{
    double k_eff = (double)INFINITY;
    for (int side = 0; side < scope->side_count; side++) {
        const struct cell_value *cell =
            &scope->all->cells[scope->sides[side] * METRICS + scope->metric];
        if (!isinf(cell->median)) /* the errors are no estimate */
            k_eff = fmin(k_eff, isnan(cell->k_eff) ? 0 : cell->k_eff);
    }
    return k_eff;
}

static bool has_thinner_tail(const struct scope *scope, double wanted, const char *what,
                             struct comparison *out)
{
    double k_eff = k_eff_of(scope);
    if (metric_infos[scope->metric].percentile < 0 || k_eff >= wanted)
        return false;
    snprintf(out->why, sizeof(out->why),
             "the tail is too thin: about %.0f independent events a trial, %s needs %.0f",
             floor(k_eff), what, wanted);
    return true;
}

static bool has_no_tail(const struct scope *scope, struct comparison *out)
{
    if (!has_thinner_tail(scope, COMPARE_K_EFF_SHOWN, "an estimate", out))
        return false;
    verdict_withhold(out);
    return decide(out, VERDICT_NOT_ESTIMABLE);
}

static bool has_thin_tail(const struct scope *scope, struct comparison *out)
{
    return has_thinner_tail(scope, K_EFF_JUDGED, "a verdict", out) &&
           decide(out, VERDICT_NONE);
}

/* The trial of this service whose percentile holds most lag, as a share; NULL: none. */
static const struct trial *latest_trial(const struct scope *scope, int side,
                                        double *share)
{
    const struct result *result = scope->result;
    const struct trial *worst = NULL;
    enum load_percentile percentile =
        (enum load_percentile)metric_infos[scope->metric].percentile;
    *share = 0;
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        double here = load_result_lag_share(&trial->load, percentile);
        if (!trial_counts(trial, scope->sides[side]) || trial->outcome != TRIAL_OK ||
            !(here > *share))
            continue;
        *share = here;
        worst = trial;
    }
    return worst;
}

/* A percentile of which too much is the generator's own lateness, in whichever trial. */
static bool is_late(const struct scope *scope, struct comparison *out)
{
    if (metric_infos[scope->metric].percentile < 0)
        return false;
    for (int side = scope->side_count - 1; side >= 0; side--) {
        double share;
        const struct trial *worst = latest_trial(scope, side, &share);
        if (!worst || !(share > LOAD_LAG_SHARE_MAX))
            continue;
        snprintf(out->why, sizeof(out->why),
                 "%.0f %% of it is the generator's own lateness in block %d of %s",
                 100 * share, worst->block, scope_name(scope, side));
        out->late = true;
        return decide(out, VERDICT_INVALID);
    }
    return false;
}

bool obstacle_in_tail(const struct scope *scope, struct comparison *out)
{
    return has_no_tail(scope, out) || is_late(scope, out) || has_thin_tail(scope, out);
}

bool obstacle_to_number(const struct scope *scope, struct comparison *out)
{
    return (obstacle_was_skipped(scope, out) || obstacle_in_trials(scope, out) ||
            obstacle_in_tail(scope, out)) &&
           out->verdict != VERDICT_NONE;
}
