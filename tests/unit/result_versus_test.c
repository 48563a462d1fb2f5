/*
 * Two results held against each other: shifts by hand, what the baseline takes out, what
 * stands in the way, and which pairs are refused.
 */
#include "race.h"
#include "result/versus.h"
#include "tap.h"

struct pair { /* two races of the same three services */
    struct result before, after;
    struct comparisons found_before, found_after;
};

static void pair_new(struct pair *pair, int blocks_before, int blocks_after)
{
    race_new(&pair->before, 3, blocks_before, .01);
    race_new(&pair->after, 3, blocks_after, .01);
}

static void pair_find(struct pair *pair)
{
    compare_result(&pair->before, &pair->found_before);
    compare_result(&pair->after, &pair->found_after);
}

static struct versus pair_compare(const struct pair *pair, int service)
{
    struct versus versus;
    const struct versus_side before = {&pair->before, &pair->found_before, service};
    const struct versus_side after = {&pair->after, &pair->found_after, service};
    versus_compare(&before, &after, &versus);
    return versus;
}

static void pair_fini(struct pair *pair)
{
    comparisons_fini(&pair->found_before);
    comparisons_fini(&pair->found_after);
    result_fini(&pair->before);
    result_fini(&pair->after);
}

/* Every p50 of all services times factor: the machine became slower. */
static void slow_down(struct result *race, double factor)
{
    for (int i = 0; i < race->trial_count; i++) {
        race->trials[i].load.latency.p[LOAD_P50] *= factor;
        race->trials[i].load.less_lag.p[LOAD_P50] *= factor;
    }
}

static void shifts(void)
{
    struct pair pair;
    pair_new(&pair, 8, 10);
    race_vary(&pair.after, 1, METRIC_P50, 1.3, .01);
    slow_down(&pair.after, 1.25);
    pair_find(&pair);
    struct versus go = pair_compare(&pair, 1), c = pair_compare(&pair, 0);
    const struct versus_item *p50 = &go.items[METRIC_P50];
    TAP_OK(go.anchored && !c.anchored, "a rival is held to the baseline, it to nothing");
    TAP_INT(p50->n[0], 8, "blocks before");
    TAP_INT(p50->n[1], 10, "blocks after");
    TAP_NEAR(p50->ratio, 1.3, .02, "the machine's change is out of the ratio");
    TAP_OK(p50->ci95.low > 1.27 && p50->ci95.high < 1.33, "and of its interval");
    TAP_NEAR(c.items[METRIC_P50].ratio, 1.25, .1, "the baseline itself has it");
    TAP_NEAR(go.items[METRIC_CPU].ratio, 1, .02, "another metric stays");
    TAP_TEXT(p50->why, "", "nothing is in the way");
    pair_fini(&pair);
}

/* Three values a side, by hand: the median of the nine differences. */
static void by_hand(void)
{
    static const double before[] = {100, 110, 120}, after[] = {130, 150, 180};
    struct pair pair;
    pair_new(&pair, 3, 3);
    for (int block = 1; block <= 3; block++) {
        race_trial(&pair.before, block, 0)->cold_start_ns = before[block - 1];
        race_trial(&pair.after, block, 0)->cold_start_ns = after[block - 1];
    }
    pair_find(&pair);
    struct versus c = pair_compare(&pair, 0);
    /* Ratios: 1.083 1.182 1.25 1.3 1.364 1.5 1.5 1.636 1.8 */
    TAP_NEAR(c.items[METRIC_COLD_START].ratio, 150. / 110, 1e-9, "median of nine ratios");
    TAP_OK(isnan(c.items[METRIC_COLD_START].ci95.low), "three a side have no interval");
    pair_fini(&pair);
}

static void in_the_way(void)
{
    struct pair pair;
    pair_new(&pair, 8, 8);
    race_trial(&pair.before, 3, 0)->outcome = TRIAL_FAILED;
    pair_find(&pair);
    struct versus go = pair_compare(&pair, 1), rust;
    TAP_OK(isnan(go.items[METRIC_P50].ratio) &&
               strstr(go.items[METRIC_P50].why, "c-echo"),
           "a baseline that failed spoils its rivals: %s", go.items[METRIC_P50].why);
    pair_fini(&pair);
    pair_new(&pair, 8, 8);
    race_trial(&pair.after, 2, 2)->load.latency.p[LOAD_P99] = (double)INFINITY;
    pair_find(&pair);
    rust = pair_compare(&pair, 2);
    TAP_OK(isnan(rust.items[METRIC_P99].ratio) && *rust.items[METRIC_P99].why,
           "a percentile that reaches the errors has no ratio");
    TAP_OK(!isnan(rust.items[METRIC_P95].ratio), "the others have");
    pair_fini(&pair);
    pair_new(&pair, 8, 8);
    race_trial(&pair.before, 4, 2)->outcome = TRIAL_FAILED;
    pair_find(&pair);
    rust = pair_compare(&pair, 2);
    TAP_OK(isnan(rust.items[METRIC_P50].ratio) &&
               strstr(rust.items[METRIC_P50].why, "rust-echo"),
           "so does its own failure: %s", rust.items[METRIC_P50].why);
    pair_fini(&pair);
}

static void unanchored(void)
{
    struct pair pair;
    pair_new(&pair, 6, 6);
    snprintf(pair.after.services[0].command, RESULT_TEXT_BYTES, "build/c-echo --new");
    slow_down(&pair.after, 1.25);
    pair_find(&pair);
    struct versus go = pair_compare(&pair, 1);
    TAP_OK(!go.anchored, "a baseline of another command is another baseline");
    TAP_NEAR(go.items[METRIC_P50].ratio, 1.25, .1, "the machine's change stays in");
    TAP_INT(versus_find(&pair.after, "rust-echo"), 2, "a service is found by name");
    TAP_INT(versus_find(&pair.after, "zig-echo"), -1, "or not");
    pair_fini(&pair);
}

static void refusals(void)
{
    struct pair pair;
    struct error err;
    pair_new(&pair, 6, 6);
    TAP_OK(versus_is_comparable(&pair.before, &pair.after, &err), "the same");
    pair.after.params.rate = 30000;
    pair.after.params.connections = 65;
    snprintf(pair.after.machine.cpu_model, RESULT_TEXT_BYTES, "Another CPU");
    TAP_OK(!versus_is_comparable(&pair.before, &pair.after, &err), "others are refused");
    TAP_TEXT(err.text,
             "they are not of one plan on one machine: requests/s: 20000 and 30000; "
             "connections: 64 and 65; CPU: 'Made-up CPU 3000' and 'Another CPU'",
             "and every difference is told");
    pair.after.params = pair.before.params;
    pair.after.machine = pair.before.machine;
    pair.after.margins.tail = .2;
    TAP_OK(!versus_is_comparable(&pair.before, &pair.after, &err) &&
               strstr(err.text, "margin of the tail: 0.1 and 0.2"),
           "other margins");
    pair.after.margins = pair.before.margins;
    pair.before.params.rate = pair.after.params.rate = (double)NAN;
    TAP_OK(versus_is_comparable(&pair.before, &pair.after, &err), "two closed loops");
    pair.after.partial = true;
    TAP_OK(!versus_is_comparable(&pair.before, &pair.after, &err) &&
               strstr(err.text, "the second ended early"),
           "a part of a race");
    pair_find(&pair);
    pair_fini(&pair);
}

static void choose(void)
{
    struct result race;
    struct comparisons found;
    race_new(&race, 4, 8, .01);
    race_rule(&race, "p99 worse", false);
    race_vary(&race, 1, METRIC_P50, 2, .01);
    result_choose(&race, 3, 1);
    compare_result(&race, &found);
    TAP_INT(race.service_count, 2, "two services are left");
    TAP_INT(race.trial_count, 16, "with their trials");
    TAP_TEXT(race.services[race.baseline].name, "zig-echo", "the first is the baseline");
    TAP_NEAR(comparisons_find(&found, 1, METRIC_P50)->ratio, 2, .05, "and compared");
    TAP_INT(race.rule_count, 0, "rules were about others");
    comparisons_fini(&found);
    result_fini(&race);
}

int main(void)
{
    shifts();
    by_hand();
    in_the_way();
    unanchored();
    refusals();
    choose();
    return tap_done();
}
