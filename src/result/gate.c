#include "result/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "result/blocks.h"
#include "result/obstacles.h"
#include "stats/order_interval.h"
#include "stats/robust.h"

static const double ALPHA = .05; /* of two-sided intervals; claims are one-sided */

const char *const gate_status_names[] = {"passes", "inconclusive", "invalid", "broken"};

struct court { /* what all checks look at */
    const struct result *result;
    const struct comparisons *found;
    const struct blocks *blocks;
};

double gate_limit(const struct result *result, const struct rule *rule)
{
    enum metric metric = (enum metric)rule->metric;
    double tolerance =
        isnan(rule->tolerance) ? compare_margin(result, metric) : rule->tolerance;
    return metric_infos[metric].more_is_better ? -log1p(-tolerance) : log1p(tolerance);
}

int gate_blocks_min(int claims)
{
    int blocks = COMPARE_BLOCKS_MIN;
    while (blocks < SIGNED_RANK_MAX && ldexp(1, -blocks) * claims > ALPHA / 2)
        blocks++;
    return blocks;
}

static void settle(struct gate_check *check, enum gate_status status, const char *why)
{
    check->status = status;
    snprintf(check->why, sizeof(check->why), "%s", why);
}

/* ---- rules about the baseline ---- */

/* Differences in the direction in which more is worse. */
static size_t worsening(const struct pairs *pairs, enum metric metric, double *out)
{
    double sign = metric_infos[metric].more_is_better ? -1 : 1;
    for (size_t i = 0; i < pairs->n; i++)
        out[i] = sign * pairs->d[i];
    return pairs->n;
}

static void judge_ratio(const struct court *court, const struct comparison *c,
                        struct gate_check *check)
{
    struct pairs pairs;
    double d[SIGNED_RANK_MAX];
    double m = gate_limit(court->result, check->rule);
    blocks_pairs(court->blocks, check->service, c->metric, &pairs);
    size_t n = worsening(&pairs, c->metric, d);
    check->n = (int)n;
    struct interval ci = signed_rank_interval(d, n, ALPHA);
    check->value = c->ratio;
    check->ci95 = c->ci95;
    check->p = signed_rank_p_above(d, n, m);
    if (check->rule->required && !(ci.high < m))
        settle(check, GATE_OPEN, "not proven");
    else
        settle(check, GATE_PASSES, check->rule->required ? "proven" : "not proven");
}

/* What a block says where a side may have no number: whether the service is worse than
 * the baseline by more than the rule allows. */
enum loss { LOSS_PROVEN, LOSS_NOT, LOSS_UNKNOWN };

static enum loss loss_in(const struct trial *base, const struct trial *own,
                         enum metric metric, double m)
{
    double a = compare_value(base, metric), b = compare_value(own, metric);
    if (own->load.overloaded || base->load.overloaded)
        return own->load.overloaded && base->load.overloaded ? LOSS_UNKNOWN
               : own->load.overloaded                        ? LOSS_PROVEN
                                                             : LOSS_NOT;
    if (isnan(a) || isnan(b) || (isinf(a) && isinf(b)))
        return LOSS_UNKNOWN;
    /* The errors are at least so long; it may not be enough to prove anything. */
    double at_least = isinf(b) ? (double)own->load.errors_above_ns : b;
    return !isinf(a) && log(at_least / a) > m ? LOSS_PROVEN : LOSS_NOT;
}

/*
 * Where no ratio can be had because a side could not hold the rate or reached the errors
 * in some blocks, the sign test over all blocks can still prove the rule broken; nothing
 * there can prove that it holds.
 */
static void judge_losses(const struct court *court, const char *why,
                         struct gate_check *check)
{
    double signs[SIGNED_RANK_MAX];
    size_t n = 0;
    double m = gate_limit(court->result, check->rule);
    for (int i = 0; i < SIGNED_RANK_MAX; i++) {
        const struct trial *a =
            court->blocks->grid[court->result->baseline * SIGNED_RANK_MAX + i];
        const struct trial *b = court->blocks->grid[check->service * SIGNED_RANK_MAX + i];
        enum loss loss =
            !a || !b ? LOSS_UNKNOWN : loss_in(a, b, (enum metric)check->rule->metric, m);
        if (loss != LOSS_UNKNOWN)
            signs[n++] = loss == LOSS_PROVEN ? 1 : -1;
    }
    settle(check, GATE_OPEN, why);
    check->by_losses = true;
    check->n = (int)n;
    check->p = order_interval_p_above(signs, n, 0);
}

static bool has_few_blocks(const struct court *court, struct gate_check *check)
{
    struct pairs pairs;
    blocks_pairs(court->blocks, check->service, (enum metric)check->rule->metric, &pairs);
    if (pairs.blocks >= COMPARE_BLOCKS_MIN)
        return false;
    check->status = GATE_INVALID;
    snprintf(check->why, sizeof(check->why), "it needs at least %d blocks, has %zu",
             COMPARE_BLOCKS_MIN, pairs.blocks);
    return true;
}

static void judge_relative(const struct court *court, struct gate_check *check)
{
    const struct comparison *c =
        comparisons_find(court->found, check->service, (enum metric)check->rule->metric);
    switch (c->verdict) {
    case VERDICT_FASTER:
    case VERDICT_SLOWER:
    case VERDICT_EQUIVALENT:
    case VERDICT_INCONCLUSIVE:
        judge_ratio(court, c, check);
        break;
    case VERDICT_OVERLOADED:
        if (!has_few_blocks(court, check))
            judge_losses(court, c->why, check);
        break;
    case VERDICT_NOT_ESTIMABLE:
        if (c->reaches_errors)
            judge_losses(court, c->why, check);
        else
            settle(check, GATE_INVALID, c->why);
        break;
    case VERDICT_INVALID:
    case VERDICT_NONE:
        settle(check, GATE_INVALID, c->why);
        break;
    }
}

/* ---- limits ---- */

static bool has_few_trials(const struct sample *sample, struct comparison *out)
{
    if (sample->n >= COMPARE_BLOCKS_MIN)
        return false;
    out->verdict = VERDICT_NOT_ESTIMABLE;
    snprintf(out->why, sizeof(out->why), "it needs at least %d blocks, has %zu",
             COMPARE_BLOCKS_MIN, sample->n);
    return true;
}

static void judge_values(const struct sample *sample, struct gate_check *check)
{
    double values[SIGNED_RANK_MAX], sign = check->rule->below ? 1 : -1;
    double limit = sign * check->rule->limit;
    for (size_t i = 0; i < sample->n; i++)
        values[i] = sign * sample->values[i];
    struct interval ci = order_interval(values, sample->n, ALPHA);
    check->p = order_interval_p_above(values, sample->n, limit);
    if (check->rule->required && !(ci.high < limit))
        settle(check, GATE_OPEN, "not proven");
    else
        settle(check, GATE_PASSES, check->rule->required ? "proven" : "not proven");
}

/* An overloaded service's latency says only that it is long: it counts as endless. */
static void mark_overloads(const struct court *court, struct sample *sample,
                           const struct gate_check *check)
{
    if (!compare_is_latency((enum metric)check->rule->metric))
        return;
    for (size_t i = 0; i < sample->n; i++) {
        const struct trial *trial =
            court->blocks->grid[check->service * SIGNED_RANK_MAX + sample->block[i] - 1];
        if (trial->load.overloaded)
            sample->values[i] = (double)INFINITY;
    }
}

static void judge_absolute(const struct court *court, struct gate_check *check)
{
    struct sample sample;
    struct comparison obstacle = {.verdict = VERDICT_NONE};
    enum metric metric = (enum metric)check->rule->metric;
    const struct scope scope = {
        court->result, court->found, {check->service, 0}, 1, metric};
    blocks_sample(court->blocks, check->service, metric, &sample);
    bool found =
        obstacle_was_skipped(&scope, &obstacle) || obstacle_in_trials(&scope, &obstacle);
    bool overloaded = found && obstacle.verdict == VERDICT_OVERLOADED;
    if ((found && !overloaded) || has_few_trials(&sample, &obstacle) ||
        (!overloaded && obstacle_in_tail(&scope, &obstacle))) {
        settle(check, GATE_INVALID, obstacle.why);
        return;
    }
    mark_overloads(court, &sample, check);
    check->n = (int)sample.n;
    check->value = robust_median(sample.values, sample.n);
    check->ci95 = order_interval(sample.values, sample.n, ALPHA);
    judge_values(&sample, check);
    check->by_losses = overloaded;
    if (overloaded)
        settle(check, GATE_OPEN, obstacle.why);
}

/* ---- all of them ---- */

static int by_p(const void *left, const void *right)
{
    const struct gate_check *const *a = left, *const *b = right;
    int order = ((*a)->p > (*b)->p) - ((*a)->p < (*b)->p);
    return order ? order : (*a > *b) - (*a < *b); /* as they were written */
}

/*
 * A claim that its own test would have made, and that is one of too many: the rule does
 * not hold, nor is it proven broken. And where not even the clearest outcome of so few
 * blocks could have proven one of the claims, a fail_if that was not broken says nothing.
 */
static void doubt(struct gate_check *check, int claims)
{
    bool could = ldexp(1, -check->n) * claims <= ALPHA / 2;
    if (check->status == GATE_PASSES && !check->rule->required && !could) {
        check->status = GATE_INVALID;
        snprintf(check->why, sizeof(check->why),
                 "%d blocks cannot prove one of %d claims; that takes %d", check->n,
                 claims, gate_blocks_min(claims));
    } else if (check->p <= ALPHA / 2 && !check->by_losses) {
        check->status = GATE_OPEN;
        snprintf(check->why, sizeof(check->why),
                 "broken by its own test (p = %.2g), which is no proof among %d claims "
                 "(Holm allows %.2g)",
                 check->p, claims, check->level);
    }
}

/* Holm, step down: the smallest p may be alpha/m, the next alpha/(m-1), and so on; after
 * the first that is too large nothing is proven any more. */
static void prove_broken(struct gate *gate)
{
    struct gate_check **claims =
        mem_new((size_t)gate->count, sizeof(struct gate_check *));
    int count = 0;
    bool still = true;
    for (int i = 0; i < gate->count; i++) {
        if (!isnan(gate->checks[i].p))
            claims[count++] = &gate->checks[i];
    }
    qsort(claims, (size_t)count, sizeof(struct gate_check *), by_p);
    for (int i = 0; i < count; i++) {
        claims[i]->level = still ? ALPHA / 2 / (count - i) : claims[i - 1]->level;
        still = still && claims[i]->p <= claims[i]->level;
        if (!still)
            doubt(claims[i], count);
        else if (claims[i]->by_losses)
            claims[i]->status = GATE_BROKEN;
        else
            settle(claims[i], GATE_BROKEN, "proven");
    }
    mem_free(claims);
}

static bool is_about(const struct result *result, const struct rule *rule, int service)
{
    struct rule_subject subject = {result->services[service].name,
                                   service == result->baseline,
                                   result->services[service].control, -1};
    for (int i = 0; i < result->service_count; i++)
        subject.rivals += !result->services[i].control;
    return rule_is_about(rule, &subject);
}

static struct gate_check *add_check(const struct rule *rule, int service,
                                    struct gate *out)
{
    struct gate_check *check = &out->checks[out->count++];
    *check = (struct gate_check){.rule = rule,
                                 .service = service,
                                 .p = (double)NAN,
                                 .level = (double)NAN,
                                 .value = (double)NAN,
                                 .ci95 = {(double)NAN, (double)NAN}};
    return check;
}

/* A rule that is about nobody here must not pass for that. */
static void add_checks(const struct court *court, const struct rule *rule,
                       struct gate *out)
{
    int before = out->count;
    for (int service = 0; service < court->result->service_count; service++) {
        if (!is_about(court->result, rule, service))
            continue;
        struct gate_check *check = add_check(rule, service, out);
        if (court->result->partial)
            settle(check, GATE_INVALID, "the race ended early; resume it");
        else if (rule->relative)
            judge_relative(court, check);
        else
            judge_absolute(court, check);
    }
    if (out->count == before)
        settle(add_check(rule, court->result->baseline, out), GATE_INVALID,
               "no service of this race is one that it is about");
}

void gate_apply(const struct result *result, const struct comparisons *found,
                struct gate *out)
{
    struct blocks blocks;
    const struct court court = {result, found, &blocks};
    size_t most = (size_t)(result->rule_count * result->service_count);
    *out = (struct gate){.checks = mem_new(most, sizeof(*out->checks))};
    blocks_init(&blocks, result);
    for (int i = 0; i < result->rule_count; i++)
        add_checks(&court, &result->rules[i], out);
    prove_broken(out);
    for (int i = 0; i < out->count; i++) {
        if (out->checks[i].status > out->status)
            out->status = out->checks[i].status;
    }
    blocks_fini(&blocks);
}

void gate_fini(struct gate *gate)
{
    mem_free(gate->checks);
    *gate = (struct gate){.count = 0};
}
