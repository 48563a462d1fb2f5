/*
 * Rules on made-up races, METHOD 8: what is proven, what holds, what stays open, and
 * Holm's procedure over many claims; p by hand from the ranks.
 */
#include "gates.h"

#define UP                                                                               \
    {                                                                                    \
        .30, .31, .29, .28, .33, .30, .27, .32, .30, .31                                 \
    }
#define DOWN                                                                             \
    {                                                                                    \
        -.30, -.31, -.29, -.28, -.33, -.30, -.27, -.32, -.30, -.31                       \
    }
#define WIDE                                                                             \
    {                                                                                    \
        -.4, .3, -.2, .2, .1, .35, -.3, .2, -.25, .1                                     \
    }
#define SEVEN                                                                            \
    {                                                                                    \
        .070, .071, .072, .069, .068, .070, .073, .067, .070, .071                       \
    }
#define EACH(array) (sizeof(array) / sizeof((array)[0]))

/* Against the baseline; margins are 5 % (.0488) and 10 % (.0953). */
static const struct {
    const char *rule;
    bool required;
    enum metric metric;
    double d[10];
    enum gate_status status;
    double p; /* times 1024 */
    const char *why;
} of_ratios[] = {
    {"p50 worse by 5%", false, METRIC_P50, UP, GATE_BROKEN, 1, "proven"},
    {"p50 worse by 40%", false, METRIC_P50, UP, GATE_PASSES, 1024, "not proven"},
    {"p50 worse", false, METRIC_P50, DOWN, GATE_PASSES, 1024, "not proven"},
    {"p50 worse", false, METRIC_P50, WIDE, GATE_PASSES, -1, "not proven"},
    {"p50 not worse by 40%", true, METRIC_P50, UP, GATE_PASSES, 1024, "proven"},
    {"p50 not worse by 5%", true, METRIC_P50, UP, GATE_BROKEN, 1, "proven"},
    {"p50 not worse", true, METRIC_P50, DOWN, GATE_PASSES, 1024, "proven"},
    {"p50 not worse", true, METRIC_P50, WIDE, GATE_OPEN, -1, "not proven"},
    {"CPU worse", false, METRIC_CPU, UP, GATE_BROKEN, 1, "proven"},
    {"memory worse", false, METRIC_RSS, UP, GATE_BROKEN, 1, "proven"},
    {"cold start worse", false, METRIC_COLD_START, UP, GATE_BROKEN, 1, "proven"},
    {"throughput worse by 10%", false, METRIC_THROUGHPUT, DOWN, GATE_BROKEN, 1, "proven"},
    {"throughput worse by 10%", false, METRIC_THROUGHPUT, UP, GATE_PASSES, 1024,
     "not proven"},
    {"throughput not worse", true, METRIC_THROUGHPUT, UP, GATE_PASSES, 1024, "proven"},
    {"throughput not worse", true, METRIC_THROUGHPUT, DOWN, GATE_BROKEN, 1, "proven"},
    {"throughput not worse", true, METRIC_THROUGHPUT, WIDE, GATE_OPEN, -1, "not proven"},
    {"p95 worse", false, METRIC_P95, SEVEN, GATE_BROKEN, 1, "proven"},
    {"p99 worse", false, METRIC_P99, SEVEN, GATE_PASSES, 1024, "not proven"},
    {"p95 not worse", true, METRIC_P95, SEVEN, GATE_BROKEN, 1, "proven"},
    {"p99 not worse", true, METRIC_P99, SEVEN, GATE_PASSES, 1024, "proven"},
    {"p99 worse by 5%", false, METRIC_P99, SEVEN, GATE_BROKEN, 1, "proven"},
    {"p50 worse by 0%", false, METRIC_P50, {0}, GATE_PASSES, 1024, "not proven"},
    {"p50 not worse by 0%", true, METRIC_P50, {0}, GATE_OPEN, 1024, "not proven"},
};

static void relative(void)
{
    for (size_t i = 0; i < EACH(of_ratios); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        set_ratios(&race, 1, of_ratios[i].metric, of_ratios[i].d);
        race_rule(&race, of_ratios[i].rule, of_ratios[i].required);
        struct gate_check check = judge_once(&race);
        expect_status(&check, of_ratios[i].status, of_ratios[i].rule);
        TAP_TEXT(check.why, of_ratios[i].why, "… and why");
        if (of_ratios[i].p > 0)
            TAP_NEAR(check.p * 1024, of_ratios[i].p, 1e-9, "… p");
        TAP_NEAR(check.level, .025, 0, "… all of alpha is its own");
        TAP_OK(!check.by_losses && check.ci95.low <= check.value &&
                   check.value <= check.ci95.high,
               "… with a ratio and its interval");
    }
}

/* P(W- <= w) for ten blocks: subsets of 1…10 whose sum is at most w, of 1024. */
static void by_ranks(void)
{
    static const struct {
        int w, subsets;
        enum gate_status status;
    } cases[] = {{0, 1, GATE_BROKEN},  {1, 2, GATE_BROKEN},  {3, 5, GATE_BROKEN},
                 {5, 10, GATE_BROKEN}, {8, 25, GATE_BROKEN}, {9, 33, GATE_PASSES}};
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        set_around(&race, 1, METRIC_P50, cases[i].w);
        race_rule(&race, "p50 worse by 5%", false);
        struct gate_check check = judge_once(&race);
        TAP_NEAR(check.p * 1024, cases[i].subsets, 1e-9, "p by hand");
        expect_status(&check, cases[i].status, "2.5 % is the limit");
    }
}

/* A little over 1 ms in `above` blocks, over half a ms in the others. */
static void set_above(struct result *race, int service, enum metric metric, int above)
{
    for (int block = 1; block <= race->blocks_planned; block++)
        race_set(race_trial(race, block, service), metric,
                 block <= above ? 1000e3 + block : 500e3 + block);
}

/* P(Bin(10, 1/2) >= above), and x_2 and x_9 of ten as the interval. Memory in bytes,
 * where the limit is a value. */
static const struct {
    const char *rule;
    bool required;
    enum metric metric;
    int above;
    enum gate_status status;
    int p; /* times 1024 */
    const char *why;
} of_limits[] = {
    {"p99 > 750us", false, METRIC_P99, 10, GATE_BROKEN, 1, "proven"},
    {"p99 > 750us", false, METRIC_P99, 9, GATE_BROKEN, 11, "proven"},
    {"p99 > 750us", false, METRIC_P99, 8, GATE_PASSES, 56, "not proven"},
    {"p99 > 750us", false, METRIC_P99, 0, GATE_PASSES, 1024, "not proven"},
    {"p99 < 750us", true, METRIC_P99, 0, GATE_PASSES, 1024, "proven"},
    {"p99 < 750us", true, METRIC_P99, 1, GATE_PASSES, 1023, "proven"},
    {"p99 < 750us", true, METRIC_P99, 2, GATE_OPEN, 1013, "not proven"},
    {"p99 < 750us", true, METRIC_P99, 8, GATE_OPEN, 56, "not proven"},
    {"p99 < 750us", true, METRIC_P99, 9, GATE_BROKEN, 11, "proven"},
    {"throughput < 750k", false, METRIC_THROUGHPUT, 1, GATE_BROKEN, 11, "proven"},
    {"throughput < 750k", false, METRIC_THROUGHPUT, 2, GATE_PASSES, 56, "not proven"},
    {"throughput > 750k", true, METRIC_THROUGHPUT, 9, GATE_PASSES, 1023, "proven"},
    {"throughput > 750k", true, METRIC_THROUGHPUT, 8, GATE_OPEN, 1013, "not proven"},
    {"throughput > 750k", true, METRIC_THROUGHPUT, 0, GATE_BROKEN, 1, "proven"},
    {"memory > 750000", false, METRIC_RSS, 9, GATE_BROKEN, 11, "proven"},
    {"CPU > 750ms", false, METRIC_CPU, 9, GATE_BROKEN, 11, "proven"},
    {"drain > 750us", false, METRIC_DRAIN, 9, GATE_BROKEN, 11, "proven"},
};

static void absolute(void)
{
    for (size_t i = 0; i < EACH(of_limits); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        set_above(&race, 1, of_limits[i].metric, of_limits[i].above);
        race_rule(&race, of_limits[i].rule, of_limits[i].required);
        struct gate_check check = judge_once(&race);
        expect_status(&check, of_limits[i].status, of_limits[i].rule);
        TAP_NEAR(check.p * 1024, of_limits[i].p, 1e-9, "… p of the sign test");
        TAP_TEXT(check.why, of_limits[i].why, "… and why");
        TAP_INT(check.service, 1, "… about the rival");
        if (of_limits[i].above == 9)
            TAP_OK(check.value > 1e6 && check.ci95.low > 1e6 && check.ci95.high < 2e6,
                   "… its median and interval");
        if (of_limits[i].above == 2)
            TAP_OK(check.value < 6e5 && check.ci95.low < 6e5 && check.ci95.high > 1e6,
                   "… its median and interval");
    }
}

/* Values that equal the limit are neither above nor proven to be below. */
static void at_the_limit(void)
{
    for (int required = 0; required < 2; required++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        for (int block = 1; block <= 10; block++)
            race_set(race_trial(&race, block, 1), METRIC_P99, 750e3);
        race_rule(&race, required ? "p99 < 750us" : "p99 > 750us", required);
        struct gate_check check = judge_once(&race);
        expect_status(&check, required ? GATE_OPEN : GATE_PASSES, "all at the limit");
        TAP_NEAR(check.p, 1, 0, "p");
        TAP_OK(check.ci95.low >= 750e3 && check.ci95.high <= 750e3, "and its interval");
    }
}

/* Six blocks: the smallest p is 1/64, and two claims are one too many. A fail_if that
 * could not have been broken is no pass, and neither is one that would have been. */
static void six_blocks(void)
{
    static const double up[] = {.3, .31, .29, .28, .33, .3};
    static const char few[] = "6 blocks cannot prove one of 2 claims; that takes 7";
    static const char alone[] = "broken by its own test (p = 0.016), which is no proof "
                                "among 2 claims (Holm allows 0.013)";
    static const struct {
        const char *rule;
        bool required;
        enum gate_status status;
        const char *why;
    } cases[] = {{"p90 worse", false, GATE_INVALID, few},
                 {"p90 not worse", true, GATE_OPEN, alone},
                 {"p90 worse by 40%", false, GATE_INVALID, few},
                 {"p90 not worse by 40%", true, GATE_PASSES, "proven"}};
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        struct judged judged;
        race_new(&race, 2, 6, .01);
        set_ratios(&race, 1, METRIC_P50, up);
        set_ratios(&race, 1, METRIC_P90, up);
        race_rule(&race, "p50 worse", false);
        judged_init(&judged, &race);
        TAP_NEAR(judged.gate.checks[0].p, 1 / 64., 0, "six blocks: p");
        expect_status(&judged.gate.checks[0], GATE_BROKEN, "one claim can be proven");
        judged_fini(&judged);
        race_rule(&race, cases[i].rule, cases[i].required);
        judged_init(&judged, &race);
        TAP_TEXT(judged.gate.checks[0].why, few, "of two claims none can");
        expect_status(&judged.gate.checks[1], cases[i].status, cases[i].rule);
        TAP_TEXT(judged.gate.checks[1].why, cases[i].why, "… and why");
        judged_fini(&judged);
        result_fini(&race);
    }
}

/* Of eight values the interval is all of them, and one above the limit spoils it. */
static void eight_values(void)
{
    struct result race;
    race_new(&race, 2, 8, .01);
    set_above(&race, 1, METRIC_P99, 1);
    race_rule(&race, "p99 < 750us", true);
    struct gate_check check = judge_once(&race);
    TAP_NEAR(check.ci95.low, 500e3 + 2, 0, "from the lowest");
    TAP_NEAR(check.ci95.high, 1000e3 + 1, 0, "to the highest");
    expect_status(&check, GATE_OPEN, "of which one is above the limit");
}

/* Claims so many that one block less could prove none of them. */
static void blocks_min(void)
{
    static const struct {
        int claims, blocks;
    } cases[] = {{0, 6},  {1, 6},   {2, 7},   {3, 7},   {4, 8},    {6, 8},         {7, 9},
                 {12, 9}, {13, 10}, {25, 10}, {26, 11}, {960, 16}, {INT32_MAX, 37}};
    for (size_t i = 0; i < EACH(cases); i++)
        TAP_INT(gate_blocks_min(cases[i].claims), cases[i].blocks, "blocks for claims");
}

/* The same by experiment: `claims` services, all proven or none. */
static enum gate_status all_worse(int claims, int blocks)
{
    struct result race;
    struct judged judged;
    double d[16];
    race_new(&race, 2, blocks, .01);
    for (int i = 0; i < blocks; i++)
        d[i] = .3 + .01 * i;
    for (int i = 0; i < claims; i++)
        race_rule(&race, "CPU worse", false);
    set_ratios(&race, 1, METRIC_CPU, d);
    judged_init(&judged, &race);
    enum gate_status status = judged.gate.status;
    judged_fini(&judged);
    result_fini(&race);
    return status;
}

static void blocks_min_is_enough(void)
{
    for (int claims = 1; claims <= 14; claims++) {
        int blocks = gate_blocks_min(claims);
        TAP_INT(all_worse(claims, blocks), GATE_BROKEN, "enough blocks prove");
        if (blocks > COMPARE_BLOCKS_MIN)
            TAP_INT(all_worse(claims, blocks - 1), GATE_INVALID, "one less does not");
    }
}

/* Two rules, two rivals: four claims, the rank sums below the margin given for each. */
static void four_claims(const int w[4], struct judged *judged, struct result *race)
{
    race_new(race, 3, 10, .01);
    for (int i = 0; i < 4; i++)
        set_around(race, 1 + i % 2, i < 2 ? METRIC_P50 : METRIC_P90, w[i]);
    race_rule(race, "p50 worse by 5%", false);
    race_rule(race, "p90 worse by 5%", false);
    judged_init(judged, race);
}

/* Levels are .025 / 4, / 3, / 2 and / 1 from the smallest p on, until the first fails. */
static void holm(void)
{
    static const struct {
        int w[4];
        double p[4];       /* times 1024 */
        double divisor[4]; /* of the level */
        bool broken[4];
    } cases[] = {
        {{8, 10, 10, 10}, {25, 43, 43, 43}, {4, 4, 4, 4}, {false, false, false, false}},
        {{0, 8, 10, 10}, {1, 25, 43, 43}, {4, 3, 3, 3}, {true, false, false, false}},
        {{10, 8, 3, 5}, {43, 25, 5, 10}, {3, 3, 4, 3}, {false, false, true, false}},
        {{10, 8, 3, 0}, {43, 25, 5, 1}, {2, 2, 3, 4}, {false, false, true, true}},
        {{8, 5, 3, 1}, {25, 10, 5, 2}, {1, 2, 3, 4}, {true, true, true, true}},
        {{6, 7, 8, 1}, {14, 19, 25, 2}, {3, 3, 3, 4}, {false, false, false, true}},
    };
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        struct judged judged;
        four_claims(cases[i].w, &judged, &race);
        TAP_INT(judged.gate.count, 4, "two rules and two rivals");
        for (int j = 0; j < 4; j++) {
            const struct gate_check *check = &judged.gate.checks[j];
            TAP_INT(check->service, 1 + j % 2, "in the order of the services");
            TAP_OK(check->rule == &race.rules[j / 2], "and of the rules before");
            TAP_NEAR(check->p * 1024, cases[i].p[j], 1e-9, "p by hand");
            TAP_NEAR(check->level, .025 / cases[i].divisor[j], 1e-12, "level by hand");
            expect_status(check,
                          cases[i].broken[j]     ? GATE_BROKEN
                          : cases[i].p[j] < 25.6 ? GATE_OPEN
                                                 : GATE_PASSES,
                          "proven, by its own test alone, or neither");
        }
        judged_fini(&judged);
        result_fini(&race);
    }
}

/* One rule about one rival is proven where the same among four is not. */
static void holm_costs(void)
{
    static const int w[] = {8, 10, 10, 10};
    struct result race;
    struct judged judged;
    four_claims(w, &judged, &race);
    TAP_TEXT(judged.gate.checks[0].why,
             "broken by its own test (p = 0.024), which is no proof among 4 claims "
             "(Holm allows 0.0063)",
             "that it would have been is said");
    TAP_TEXT(judged.gate.checks[1].why, "not proven", "of the others nothing is");
    judged_fini(&judged);
    race.rule_count = 0;
    race_rule(&race, "p50 worse by 5% of go-echo", false);
    struct gate_check check = judge_once(&race);
    expect_status(&check, GATE_BROKEN, "alone it is proven");
    TAP_NEAR(check.level, .025, 0, "at its own level");
}

/* The level that stopped the procedure is the one that is named. */
static void holm_stops(void)
{
    static const int w[] = {0, 8, 8, 8};
    struct result race;
    struct judged judged;
    four_claims(w, &judged, &race);
    expect_status(&judged.gate.checks[0], GATE_BROKEN, "the first is proven");
    for (int i = 1; i < 4; i++) {
        expect_status(&judged.gate.checks[i], GATE_OPEN, "after the first failure none");
        TAP_TEXT(judged.gate.checks[i].why,
                 "broken by its own test (p = 0.024), which is no proof among 4 "
                 "claims (Holm allows 0.0083)",
                 "and why");
    }
    judged_fini(&judged);
    result_fini(&race);
}

/* What cannot be measured makes no claim, and costs the others nothing. */
static void holm_counts_claims(void)
{
    struct result race;
    struct judged judged;
    race_new(&race, 2, 10, .01);
    set_around(&race, 1, METRIC_P50, 8);
    race_trial(&race, 4, 1)->cpu_us_per_request = 0;
    race_rule(&race, "p50 worse by 5%", false);
    race_rule(&race, "CPU worse", false);
    race_rule(&race, "p99.9 > 1s of nobody", false);
    judged_init(&judged, &race);
    expect_status(&judged.gate.checks[0], GATE_BROKEN, "the one claim is proven");
    TAP_NEAR(judged.gate.checks[0].level, .025, 0, "with all of alpha");
    for (int i = 1; i < 3; i++) {
        expect_status(&judged.gate.checks[i], GATE_INVALID, "this is none");
        TAP_OK(isnan(judged.gate.checks[i].p) && isnan(judged.gate.checks[i].level),
               "it has no p and no level");
    }
    judged_fini(&judged);
    result_fini(&race);
}

int main(void)
{
    relative();
    by_ranks();
    absolute();
    at_the_limit();
    six_blocks();
    eight_values();
    blocks_min();
    blocks_min_is_enough();
    holm();
    holm_costs();
    holm_stops();
    holm_counts_claims();
    return tap_done();
}
