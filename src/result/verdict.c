/*
 * The decision of METHOD 4. Everything happens on the logarithm of the ratio; the fields
 * of struct comparison hold ratios, so they are taken back here.
 *
 * "Different, but negligible" and "equivalent" are one class for the cross-check: both
 * say that the services may be exchanged. Without that, throughput under an open loop
 * (ratios of 1.0000) would come out as unstable whenever one of the two intervals just
 * misses 1.
 */
#include "result/verdict.h"

#include <math.h>
#include <stdio.h>

enum { BLOCKS_NEEDED_MAX = 1000000 };

static const double ALPHA_95 = .05, ALPHA_90 = .10;

static struct interval interval_exp(struct interval ln)
{
    return (struct interval){exp(ln.low), exp(ln.high)};
}

static struct interval interval_ln(struct interval ratio)
{
    return (struct interval){log(ratio.low), log(ratio.high)};
}

void verdict_withhold(struct comparison *out)
{
    const struct interval none = {(double)NAN, (double)NAN};
    out->ratio = out->t_ratio = (double)NAN;
    out->ci95 = out->ci90 = out->t_ci95 = out->t_ci90 = none;
}

void verdict_estimate(const struct pairs *pairs, struct comparison *out)
{
    out->n = (int)pairs->n;
    verdict_withhold(out);
    for (int side = 0; side < 2; side++) {
        if (pairs->infinite[side] || pairs->zero[side])
            return;
    }
    out->ratio = exp(signed_rank_hodges_lehmann(pairs->d, pairs->n));
    out->ci95 = interval_exp(signed_rank_interval(pairs->d, pairs->n, ALPHA_95));
    out->ci90 = interval_exp(signed_rank_interval(pairs->d, pairs->n, ALPHA_90));
    out->t_ratio = exp(paired_t_mean(pairs->d, pairs->n));
    out->t_ci95 = interval_exp(paired_t_interval(pairs->d, pairs->n, ALPHA_95));
    out->t_ci90 = interval_exp(paired_t_interval(pairs->d, pairs->n, ALPHA_90));
}

struct call { /* what one pair of intervals says */
    int sign; /* of a difference that excludes 0; otherwise 0 */
    bool equivalent;
    enum verdict verdict;
};

static struct call call_of(struct interval ratio95, struct interval ratio90, double m,
                           bool more_is_better)
{
    struct interval ci95 = interval_ln(ratio95), ci90 = interval_ln(ratio90);
    struct call call = {.sign = (ci95.low > 0) - (ci95.high < 0),
                        .equivalent = -m < ci90.low && ci90.high < m};
    if (call.sign)
        call.verdict =
            (call.sign > 0) == more_is_better ? VERDICT_FASTER : VERDICT_SLOWER;
    else
        call.verdict = call.equivalent ? VERDICT_EQUIVALENT : VERDICT_INCONCLUSIVE;
    return call;
}

/* n* = ceil((t s / half-width)^2), the half-width wanted being the margin m, and t s
 * taken from the paired t interval; 0 when that many blocks did not decide. */
static int blocks_needed(const struct comparison *c, double m)
{
    struct interval t = interval_ln(c->t_ci95);
    double half = (t.high - t.low) / 2;
    double needed = ceil(c->n * (half / m) * (half / m));
    if (!(needed > c->n))
        return 0;
    return needed < BLOCKS_NEEDED_MAX ? (int)needed : BLOCKS_NEEDED_MAX;
}

void verdict_classify(double margin, bool more_is_better, struct comparison *out)
{
    double m = log1p(margin);
    struct interval ci95 = interval_ln(out->ci95);
    struct call ranks = call_of(out->ci95, out->ci90, m, more_is_better);
    struct call t = call_of(out->t_ci95, out->t_ci90, m, more_is_better);
    out->verdict = ranks.verdict;
    if (ranks.equivalent && t.equivalent && ranks.sign != t.sign) {
        out->verdict = VERDICT_EQUIVALENT;
    } else if (ranks.verdict != t.verdict) {
        out->verdict = VERDICT_INCONCLUSIVE;
        snprintf(out->why, sizeof(out->why),
                 "unstable: the signed-rank interval says %s, the paired t %s",
                 verdict_names[ranks.verdict], verdict_names[t.verdict]);
    }
    bool different = out->verdict == VERDICT_FASTER || out->verdict == VERDICT_SLOWER;
    out->beyond_margin = different && (ci95.low > m || ci95.high < -m);
    out->negligible = different && ranks.equivalent;
    if (out->verdict == VERDICT_INCONCLUSIVE)
        out->blocks_needed = blocks_needed(out, m);
}
