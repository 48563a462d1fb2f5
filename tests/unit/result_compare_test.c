/* From made-up trials to every verdict, METHOD 3-6. The baseline is service 0. */
#include "race.h"
#include "tap.h"

#define M_05 0.0487901641694320 /* ln 1.05 */

/* Compares, keeps a copy of one comparison, forgets the rest. */
static struct comparison judge(const struct result *race, int service, enum metric metric)
{
    struct comparisons all;
    compare_result(race, &all);
    struct comparison out = *comparisons_find(&all, service, metric);
    comparisons_fini(&all);
    return out;
}

static void expect_verdict(const struct comparison *c, enum verdict wanted,
                           const char *what)
{
    TAP_TEXT(verdict_names[c->verdict], verdict_names[wanted], what);
}

/* d[i] of ten blocks, in the metric's ratio; baseline 100 us. */
static void set_ratios(struct result *race, enum metric metric, const double *d)
{
    for (int block = 1; block <= race->blocks_planned; block++) {
        race_set(race_trial(race, block, 0), metric, 1e9);
        race_set(race_trial(race, block, 1), metric, 1e9 * exp(d[block - 1]));
    }
}

/* ln 1.05 = .0488 and ln 1.10 = .0953 are the margins. */
static void verdict_table(void)
{
    static const struct {
        const char *what;
        enum metric metric;
        double d[10];
        enum verdict verdict;
        bool beyond, negligible;
    } cases[] = {
        {"all much larger",
         METRIC_P50,
         {.3, .31, .29, .28, .33, .3, .27, .32, .3, .31},
         VERDICT_SLOWER,
         true,
         false},
        {"all much smaller",
         METRIC_P50,
         {-.3, -.31, -.29, -.28, -.33, -.3, -.27, -.32, -.3, -.31},
         VERDICT_FASTER,
         true,
         false},
        {"larger, but perhaps within the margin",
         METRIC_P50,
         {.01, .05, .09, .03, .07, .04, .06, .02, .08, .05},
         VERDICT_SLOWER,
         false,
         false},
        {"larger, and within the margin",
         METRIC_P50,
         {.01, .02, .03, .02, .02, .01, .03, .02, .02, .01},
         VERDICT_SLOWER,
         false,
         true},
        {"smaller, and within the margin",
         METRIC_P50,
         {-.01, -.02, -.03, -.02, -.02, -.01, -.03, -.02, -.02, -.01},
         VERDICT_FASTER,
         false,
         true},
        {"around nothing, narrow",
         METRIC_P50,
         {-.02, .02, -.01, .01, 0, .015, -.015, .01, -.01, 0},
         VERDICT_EQUIVALENT,
         false,
         false},
        {"around nothing, wide",
         METRIC_P50,
         {-.4, .3, -.2, .2, .1, .35, -.3, .2, -.25, .1},
         VERDICT_INCONCLUSIVE,
         false,
         false},
        {"within the tail's margin only: p95",
         METRIC_P95,
         {-.09, .12, -.06, .09, .01, .08, -.07, .06, -.06, .01},
         VERDICT_INCONCLUSIVE,
         false,
         false},
        {"within the tail's margin only: p99",
         METRIC_P99,
         {-.09, .12, -.06, .09, .01, .08, -.07, .06, -.06, .01},
         VERDICT_EQUIVALENT,
         false,
         false},
        {"more throughput is faster",
         METRIC_THROUGHPUT,
         {.3, .31, .29, .28, .33, .3, .27, .32, .3, .31},
         VERDICT_FASTER,
         true,
         false},
        {"less throughput is slower",
         METRIC_THROUGHPUT,
         {-.3, -.31, -.29, -.28, -.33, -.3, -.27, -.32, -.3, -.31},
         VERDICT_SLOWER,
         true,
         false},
        {"more CPU",
         METRIC_CPU,
         {.3, .31, .29, .28, .33, .3, .27, .32, .3, .31},
         VERDICT_SLOWER,
         true,
         false},
        {"the same to the byte", METRIC_RSS, {0}, VERDICT_EQUIVALENT, false, false},
        {"max is not judged",
         METRIC_MAX,
         {.3, .31, .29, .28, .33, .3, .27, .32, .3, .31},
         VERDICT_NONE,
         false,
         false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        set_ratios(&race, cases[i].metric, cases[i].d);
        struct comparison c = judge(&race, 1, cases[i].metric);
        expect_verdict(&c, cases[i].verdict, cases[i].what);
        TAP_OK(c.beyond_margin == cases[i].beyond && c.negligible == cases[i].negligible,
               "%s: beyond, negligible", cases[i].what);
        TAP_INT(c.n, 10, "ten pairs");
        result_fini(&race);
    }
}

/* Walsh averages by hand: d = 1…6 hundredths, n = 6: 95 % is the whole range (k = 1). */
static void numbers(void)
{
    static const double d[] = {.01, .02, .03, .04, .05, .12};
    struct result race;
    race_new(&race, 2, 6, .01);
    set_ratios(&race, METRIC_P50, d);
    struct comparison c = judge(&race, 1, METRIC_P50);
    /* 21 averages; the eleventh is .035 */
    TAP_NEAR(log(c.ratio), .035, 1e-6, "Hodges-Lehmann");
    TAP_NEAR(log(c.ci95.low), .01, 1e-6, "95 % from the first average");
    TAP_NEAR(log(c.ci95.high), .12, 1e-6, "to the last");
    TAP_NEAR(log(c.ci90.low), .02, 1e-6, "90 % from the third (k = 3)");
    TAP_NEAR(log(c.ci90.high), .08, 1e-6, "to the third last");
    TAP_NEAR(log(c.t_ratio), .045, 1e-6, "mean of the logarithms");
    TAP_NEAR(log(c.t_ci95.high), .0863163, 1e-6, "paired t, upper end");
    result_fini(&race);
}

/* n* = ceil((t s / ln 1.05)^2), by hand: s = .1414, t(9) = 2.262. */
static void blocks_needed(void)
{
    static const double d[] = {-.2, .2, -.1, .1, 0, .15, -.15, .1, -.1, 0};
    struct result race;
    race_new(&race, 2, 10, .01);
    set_ratios(&race, METRIC_P50, d);
    struct comparison c = judge(&race, 1, METRIC_P50);
    double squares = 0;
    for (size_t i = 0; i < 10; i++)
        squares += d[i] * d[i];
    double ts = 2.2621571628 * sqrt(squares / 9);
    TAP_INT(c.blocks_needed, (int)ceil(ts * ts / (M_05 * M_05)), "n* of METHOD 4");
    TAP_TEXT(c.why, "", "an ordinary INCONCLUSIVE has no other reason");
    result_fini(&race);
}

/* One wild block turns the paired t, not the ranks. */
static void unstable(void)
{
    static const double d[] = {.3, .31, .29, .28, .33, .3, .27, .32, .3, -3};
    struct result race;
    race_new(&race, 2, 10, .01);
    set_ratios(&race, METRIC_P50, d);
    struct comparison c = judge(&race, 1, METRIC_P50);
    TAP_OK(c.ci95.low < 1, "at n = 10 one wild block reaches the interval, too");
    expect_verdict(&c, VERDICT_INCONCLUSIVE, "one wild block of ten");
    result_fini(&race);
    race_new(&race, 2, 20, .01);
    double more[20];
    for (size_t i = 0; i < 20; i++)
        more[i] = i == 19 ? -6 : d[i % 9];
    set_ratios(&race, METRIC_P50, more);
    c = judge(&race, 1, METRIC_P50);
    TAP_OK(c.ci95.low > 1, "at n = 20 it does not");
    expect_verdict(&c, VERDICT_INCONCLUSIVE, "ranks and t disagree");
    TAP_TEXT(c.why,
             "unstable: the signed-rank interval says SLOWER, the paired t INCONCLUSIVE",
             "and that is said");
    TAP_OK(!c.beyond_margin && !c.negligible, "no flags on an open question");
    result_fini(&race);
}

/* Ranks find a difference within the margin, t does not: both say equivalent. */
static void both_equivalent(void)
{
    static const double d[] = {1e-3, 1e-3, 1e-3, 1e-3, 1e-3,
                               1e-3, 1e-3, 1e-3, 1e-3, -1e-2};
    double more[20];
    struct result race;
    race_new(&race, 2, 20, .01);
    for (size_t i = 0; i < 20; i++)
        more[i] = i == 19 ? -.03 : d[i % 9];
    set_ratios(&race, METRIC_P50, more);
    struct comparison c = judge(&race, 1, METRIC_P50);
    TAP_OK(c.ci95.low > 1 && c.t_ci95.low < 1, "ranks see a difference, t does not");
    expect_verdict(&c, VERDICT_EQUIVALENT, "within the margin by both: equivalent");
    TAP_TEXT(c.why, "", "and not called unstable");
    result_fini(&race);
}

static void few_blocks(void)
{
    struct result race;
    race_new(&race, 2, 5, .001);
    struct comparison c = judge(&race, 1, METRIC_CPU);
    expect_verdict(&c, VERDICT_NOT_ESTIMABLE, "five blocks");
    TAP_TEXT(c.why, "needs at least 6 blocks, has 5", "and why");
    TAP_OK(isfinite(c.ratio) && isnan(c.ci95.low), "a ratio without an interval");
    result_fini(&race);
    race_new(&race, 2, 6, .001);
    c = judge(&race, 1, METRIC_CPU);
    expect_verdict(&c, VERDICT_EQUIVALENT, "six blocks are enough");
    result_fini(&race);
    race_new(&race, 2, 10, .001);
    for (int block = 1; block <= 10; block++)
        race_trial(&race, block, 1)->cpu_us_per_request = (double)NAN;
    c = judge(&race, 1, METRIC_CPU);
    expect_verdict(&c, VERDICT_NOT_ESTIMABLE, "a service given by URL has no CPU");
    TAP_TEXT(c.why, "not measured", "and why");
    for (int block = 1; block <= 5; block++)
        race_trial(&race, block, 1)->cpu_us_per_request = 31;
    c = judge(&race, 1, METRIC_CPU);
    TAP_TEXT(c.why, "needs at least 6 blocks, was measured in 5 of 10", "half measured");
    result_fini(&race);
}

/* A pair is a block where both are ok: an unfinished block is none. */
static void unfinished_block(void)
{
    struct result race;
    race_new(&race, 2, 7, .001);
    race_trial(&race, 7, 1)->outcome = TRIAL_SKIPPED;
    race_set(race_trial(&race, 7, 1), METRIC_P50, 1);
    struct comparison c = judge(&race, 1, METRIC_P50);
    TAP_INT(c.n, 6, "six whole blocks of seven");
    expect_verdict(&c, VERDICT_EQUIVALENT, "and a verdict from them");
    result_fini(&race);
}

/* Pairs follow the block number, not the order of the trials in the file. */
static void any_order(void)
{
    struct result race;
    race_new(&race, 2, 10, .003);
    struct comparison before = judge(&race, 1, METRIC_P50);
    for (int i = 0; i < race.trial_count / 2; i++) {
        struct trial swap = race.trials[i];
        race.trials[i] = race.trials[race.trial_count - 1 - i];
        race.trials[race.trial_count - 1 - i] = swap;
    }
    struct comparison after = judge(&race, 1, METRIC_P50);
    TAP_OK(before.ratio == after.ratio && before.ci95.low == after.ci95.low,
           "the order of the trials does not matter");
    result_fini(&race);
}

static void no_ratio(void)
{
    struct result race;
    race_new(&race, 2, 10, .01);
    race_trial(&race, 3, 1)->load.latency.p[LOAD_P999] = (double)INFINITY;
    race_trial(&race, 3, 1)->cpu_us_per_request = 0;
    race_trial(&race, 4, 0)->drain_killed = true;
    for (int block = 1; block <= 10; block++)
        race_trial(&race, block, 1)->load.latency.k_eff[LOAD_P999] = 1000;
    struct comparison c = judge(&race, 1, METRIC_P999);
    expect_verdict(&c, VERDICT_NOT_ESTIMABLE, "a percentile that reaches the errors");
    TAP_TEXT(c.why, "it reaches the errors of go-echo in 1 of 10 trials", "and why");
    TAP_OK(c.reaches_errors, "which the headline has to know");
    TAP_OK(isnan(c.ratio) && isnan(c.ci95.high), "it has no ratio");
    c = judge(&race, 1, METRIC_CPU);
    expect_verdict(&c, VERDICT_NOT_ESTIMABLE, "a CPU time of 0");
    TAP_OK(isnan(c.ratio), "its ratio is NAN, not -inf");
    TAP_TEXT(c.why, "the value is 0 for go-echo in 1 of 10 trials", "and why");
    c = judge(&race, 1, METRIC_DRAIN);
    TAP_TEXT(c.why, "it took a kill to stop c-echo in 1 of 10 trials", "a killed drain");
    result_fini(&race);
}

static void tails(void)
{
    static const struct {
        double k_eff;
        enum verdict verdict;
        bool shown;
    } cases[] = {{9.9, VERDICT_NOT_ESTIMABLE, false},
                 {10, VERDICT_NONE, true},
                 {99.9, VERDICT_NONE, true},
                 {100, VERDICT_EQUIVALENT, true},
                 {(double)NAN, VERDICT_NOT_ESTIMABLE, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int side = 0; side < 2; side++) {
            struct result race;
            race_new(&race, 2, 10, .002);
            for (int block = 1; block <= 10; block++)
                race_trial(&race, block, side)->load.latency.k_eff[LOAD_P99] =
                    cases[i].k_eff;
            struct comparison c = judge(&race, 1, METRIC_P99);
            expect_verdict(&c, cases[i].verdict, "k_eff");
            TAP_OK(isfinite(c.ratio) == cases[i].shown, "k_eff %g: ratio shown?",
                   cases[i].k_eff);
            TAP_OK((c.why[0] == '\0') == (cases[i].verdict == VERDICT_EQUIVALENT),
                   "a reason, unless there is a verdict");
            result_fini(&race);
        }
    }
}

/* Values beyond every number have no spread, least of all 0. */
static void no_spread(void)
{
    struct result race;
    struct comparisons all;
    race_new(&race, 2, 10, .01);
    for (int block = 1; block <= 10; block++)
        race_trial(&race, block, 1)->load.latency.p[LOAD_P50] = (double)INFINITY;
    compare_result(&race, &all);
    TAP_OK(isnan(all.cells[METRICS + METRIC_P50].spread), "all beyond: no spread");
    TAP_OK(isnan(comparisons_find(&all, 1, METRIC_P50)->spread_ratio), "and no ratio");
    TAP_OK(all.cells[METRIC_P50].spread > 0, "the baseline has its own");
    comparisons_fini(&all);
    result_fini(&race);
}

/* A percentile that is mostly the generator's own lateness says nothing of a service. */
static void late(void)
{
    struct result race;
    race_new(&race, 2, 10, .002);
    for (int block = 1; block <= 10; block++) {
        struct load_result *load = &race_trial(&race, block, 1)->load;
        load->latency.k_eff[LOAD_P999] = 1000;
        load->less_lag.p[LOAD_P999] = load->latency.p[LOAD_P999] * (block == 7 ? .89 : 1);
        load->less_lag.p[LOAD_P90] = load->latency.p[LOAD_P90] * .91;
        race_trial(&race, block, 0)->load.latency.k_eff[LOAD_P999] = 1000;
    }
    struct comparison c = judge(&race, 1, METRIC_P999);
    expect_verdict(&c, VERDICT_INVALID, "11 % of p99.9 is lag");
    TAP_TEXT(c.why, "11 % of it is the generator's own lateness in block 7 of go-echo",
             "and why");
    TAP_OK(c.late, "which is said with the metric");
    c = judge(&race, 1, METRIC_P90);
    expect_verdict(&c, VERDICT_EQUIVALENT, "9 % of p90 is lag");
    result_fini(&race);
}

static void overloaded(void)
{
    struct result race;
    race_new(&race, 3, 10, .01);
    race_vary(&race, 1, METRIC_THROUGHPUT, .4, .001);
    race_trial(&race, 6, 1)->load.overloaded = true;
    struct comparison c = judge(&race, 1, METRIC_P50);
    expect_verdict(&c, VERDICT_OVERLOADED, "latency with one overloaded trial");
    TAP_TEXT(c.why, "go-echo could not hold the offered rate", "and why");
    c = judge(&race, 1, METRIC_THROUGHPUT);
    expect_verdict(&c, VERDICT_SLOWER, "throughput is compared");
    c = judge(&race, 1, METRIC_CPU);
    expect_verdict(&c, VERDICT_EQUIVALENT, "CPU is compared");
    c = judge(&race, 2, METRIC_P50);
    expect_verdict(&c, VERDICT_EQUIVALENT, "the third service is not touched");
    race_trial(&race, 6, 1)->load.overloaded = false;
    c = judge(&race, 1, METRIC_P50);
    expect_verdict(&c, VERDICT_EQUIVALENT, "and without it");
    for (int block = 1; block <= 6; block++)
        race_trial(&race, block, 0)->load.overloaded = true;
    c = judge(&race, 2, METRIC_P50);
    expect_verdict(&c, VERDICT_OVERLOADED, "an overloaded baseline counts, too");
    TAP_TEXT(c.why, "c-echo could not hold the offered rate", "and is named");
    result_fini(&race);
}

static void invalid(void)
{
    struct result race;
    race_new(&race, 3, 10, .003);
    struct trial *trial = race_trial(&race, 4, 1);
    trial->invalid_count = 1;
    snprintf(trial->invalid[0], LOAD_REASON_BYTES, "lag p99 of 3 ms");
    struct comparison c = judge(&race, 1, METRIC_P50);
    expect_verdict(&c, VERDICT_INVALID, "one invalid trial of ten");
    TAP_TEXT(c.why, "go-echo, in block 4: lag p99 of 3 ms", "with the reason");
    c = judge(&race, 1, METRIC_CPU);
    expect_verdict(&c, VERDICT_INVALID, "its CPU as well");
    c = judge(&race, 1, METRIC_COLD_START);
    expect_verdict(&c, VERDICT_EQUIVALENT, "cold start does not depend on the load");
    c = judge(&race, 1, METRIC_DRAIN);
    expect_verdict(&c, VERDICT_EQUIVALENT, "nor does the drain");
    c = judge(&race, 2, METRIC_P50);
    expect_verdict(&c, VERDICT_EQUIVALENT, "the other service is not touched");
    trial->invalid_count = 0;
    trial->load.invalid_count = 1;
    snprintf(trial->load.invalid[0], LOAD_REASON_BYTES, "no data");
    c = judge(&race, 1, METRIC_P50);
    TAP_TEXT(c.why, "go-echo, in block 4: no data", "the load's own reasons count");
    trial->load.invalid_count = 0;
    race_trial(&race, 1, 0)->invalid_count = 1;
    c = judge(&race, 2, METRIC_P50);
    expect_verdict(&c, VERDICT_INVALID, "an invalid baseline spoils all");
    result_fini(&race);
}

static void failed(void)
{
    struct result race;
    struct comparisons all;
    race_new(&race, 3, 10, .003);
    struct trial *trial = race_trial(&race, 4, 1);
    trial->outcome = TRIAL_FAILED;
    trial->why = mem_copy_text("the service died");
    race_trial(&race, 2, 1)->invalid_count = 1;
    compare_result(&race, &all);
    for (int metric = 0; metric < METRICS; metric++) {
        const struct comparison *c = comparisons_find(&all, 1, (enum metric)metric);
        if (metric != METRIC_MAX && c->verdict != VERDICT_INVALID)
            TAP_OK(false, "%s is not INVALID", metric_infos[metric].key);
    }
    TAP_TEXT(comparisons_find(&all, 1, METRIC_COLD_START)->why,
             "go-echo, in block 4: the service died", "a failure is named");
    TAP_INT(all.findings[1].trials_failed, 1, "failed trials are counted");
    TAP_INT(all.findings[1].trials_invalid, 1, "invalid ones, too");
    TAP_INT(all.findings[1].trials_ok, 9, "and the others");
    TAP_INT(all.cells[1 * METRICS + METRIC_P50].n, 9, "the median is over nine");
    TAP_OK(!comparisons_find(&all, 0, METRIC_P50), "no comparison of the baseline");
    comparisons_fini(&all);
    result_fini(&race);
}

static void skipped(void)
{
    struct result race;
    race_new(&race, 3, 10, .003);
    race.services[2].skipped = true;
    snprintf(race.services[2].why, sizeof(race.services[2].why), "no cargo");
    struct comparison c = judge(&race, 2, METRIC_P50);
    expect_verdict(&c, VERDICT_NOT_ESTIMABLE, "a skipped service");
    TAP_TEXT(c.why, "rust-echo was not run: no cargo", "and why");
    result_fini(&race);
}

static void cells(void)
{
    struct result race;
    struct comparisons all;
    race_new(&race, 2, 10, .01);
    for (int block = 1; block <= 10; block++)
        race_set(race_trial(&race, block, 1), METRIC_P50, 1000 + block);
    race_set(race_trial(&race, 6, 1), METRIC_P50, 5000);
    race_set(race_trial(&race, 7, 1), METRIC_P50, 9000);
    race_trial(&race, 2, 1)->load.errors[LOAD_ERROR_RESET] = 2000;
    compare_result(&race, &all);
    const struct cell_value *cell = &all.cells[METRICS + METRIC_P50];
    TAP_NEAR(cell->median, 1006.5, 0, "median of an even number");
    TAP_OK(cell->low == 1001 && cell->high == 9000, "smallest and largest");
    TAP_INT(cell->outliers, 2, "two trials stand out");
    TAP_INT(cell->outlier_block, 7, "and this is the furthest");
    TAP_NEAR(cell->k_eff, 90000, 0, "k_eff of p50");
    TAP_OK(!cell->thin_tail && isnan(all.cells[METRIC_CPU].k_eff), "CPU has no tail");
    TAP_OK(!all.cells[METRIC_CPU].thin_tail, "nor a thin one");
    TAP_NEAR(all.findings[1].error_share, .01, 0, "worst share of errors");
    comparisons_fini(&all);
    race.baseline = 1;
    struct comparison c = judge(&race, 0, METRIC_P50);
    TAP_OK(c.ratio > 100, "the baseline may be any service");
    result_fini(&race);
}

/* More blocks than the statistics can hold, and blocks that no plan makes. */
static void too_many(void)
{
    struct result race;
    race_new(&race, 2, 230, .01);
    race.trials[0].block = 0;
    struct comparison c = judge(&race, 1, METRIC_P50);
    TAP_INT(c.n, 199, "blocks outside 1 to 200 are left out");
    result_fini(&race);
}

int main(void)
{
    verdict_table();
    numbers();
    blocks_needed();
    unstable();
    both_equivalent();
    few_blocks();
    unfinished_block();
    any_order();
    no_ratio();
    tails();
    late();
    no_spread();
    overloaded();
    invalid();
    failed();
    skipped();
    cells();
    too_many();
    return tap_done();
}
