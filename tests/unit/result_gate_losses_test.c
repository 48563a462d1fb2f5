/*
 * Rules on races in which a side could not hold the rate, or whose percentile reaches the
 * errors: there is no ratio, but who lost which block can still prove a rule broken.
 */
#include "gates.h"

#define EACH(array) (sizeof(array) / sizeof((array)[0]))

/* Blocks 1…ours of the service and the last `theirs` of the baseline are overloaded. */
static void overload(struct result *race, int ours, int theirs)
{
    for (int block = 1; block <= 10; block++) {
        race_trial(race, block, 1)->load.overloaded = block <= ours;
        race_trial(race, block, 0)->load.overloaded = block > 10 - theirs;
    }
}

/* P(Bin(n, 1/2) >= ours), n without the blocks that both lost, of 1024. */
static void overloaded(void)
{
    static const struct {
        int ours, theirs;
        enum gate_status status;
        int p;
        const char *who;
    } cases[] = {
        {10, 0, GATE_BROKEN, 1, "go-echo"},   {9, 0, GATE_BROKEN, 11, "go-echo"},
        {8, 0, GATE_OPEN, 56, "go-echo"},     {1, 0, GATE_OPEN, 1023, "go-echo"},
        {9, 1, GATE_BROKEN, 11, "go-echo"},   {8, 2, GATE_OPEN, 56, "go-echo"},
        {10, 10, GATE_OPEN, 1024, "go-echo"}, {10, 4, GATE_BROKEN, 16, "go-echo"},
        {10, 5, GATE_OPEN, 32, "go-echo"},    {0, 10, GATE_OPEN, 1024, "c-echo"},
    };
    for (size_t i = 0; i < EACH(cases); i++) {
        for (int required = 0; required < 2; required++) {
            char why[100];
            struct result race;
            race_new(&race, 2, 10, .01);
            overload(&race, cases[i].ours, cases[i].theirs);
            race_rule(&race, required ? "p50 not worse" : "p50 worse", required);
            struct gate_check check = judge_once(&race);
            expect_status(&check, cases[i].status, "overloaded blocks");
            TAP_NEAR(check.p * 1024, cases[i].p, 1e-9, "… p by who lost");
            snprintf(why, sizeof(why), "%s could not hold the offered rate",
                     cases[i].who);
            TAP_TEXT(check.why, why, "… and why");
            TAP_OK(check.by_losses && isnan(check.value) && isnan(check.ci95.low),
                   "… without a ratio");
        }
    }
}

/* Blocks in which both held the rate count by their ratio: here one is overloaded and so
 * many of the others are worse than the rule allows. */
static void overloaded_and_worse(void)
{
    static const struct {
        const char *rule;
        int worse;
        enum gate_status status;
        int p;
    } cases[] = {{"p50 worse by 10%", 9, GATE_BROKEN, 1},
                 {"p50 worse by 10%", 8, GATE_BROKEN, 11},
                 {"p50 worse by 10%", 7, GATE_OPEN, 56},
                 {"p50 worse by 100%", 9, GATE_OPEN, 1023}};
    for (size_t i = 0; i < EACH(cases); i++) {
        double d[10] = {0};
        struct result race;
        race_new(&race, 2, 10, .01);
        overload(&race, 1, 0);
        for (int block = 2; block <= 1 + cases[i].worse; block++)
            d[block - 1] = .3;
        set_ratios(&race, 1, METRIC_P50, d);
        race_rule(&race, cases[i].rule, false);
        struct gate_check check = judge_once(&race);
        expect_status(&check, cases[i].status, cases[i].rule);
        TAP_NEAR(check.p * 1024, cases[i].p, 1e-9, "… p by who was worse");
    }
}

/* One of three claims: proven by losses no more than by a ratio. */
static void overloaded_among_others(void)
{
    struct result race;
    struct judged judged;
    race_new(&race, 2, 10, .01);
    overload(&race, 9, 0);
    race_rule(&race, "p50 worse", false);
    race_rule(&race, "CPU not worse by 40%", true);
    race_rule(&race, "memory not worse by 40%", true);
    judged_init(&judged, &race);
    expect_status(&judged.gate.checks[0], GATE_OPEN, "nine blocks of ten, three claims");
    TAP_TEXT(judged.gate.checks[0].why, "go-echo could not hold the offered rate", "why");
    for (int i = 1; i < 3; i++)
        expect_status(&judged.gate.checks[i], GATE_PASSES, "costs can be compared");
    judged_fini(&judged);
    result_fini(&race);
}

/* Five blocks prove nothing, whoever was overloaded. */
static void overloaded_few(void)
{
    struct result race;
    race_new(&race, 2, 5, .01);
    for (int block = 1; block <= 5; block++)
        race_trial(&race, block, 1)->load.overloaded = true;
    race_rule(&race, "p50 worse", false);
    struct gate_check check = judge_once(&race);
    expect_status(&check, GATE_INVALID, "five overloaded blocks");
    TAP_TEXT(check.why, "it needs at least 6 blocks, has 5", "and why");
    TAP_OK(isnan(check.p), "so there is no claim");
}

/* A limit on who is overloaded: its latency is endless in those blocks. */
static void overloaded_limits(void)
{
    static const struct {
        const char *rule;
        bool required;
        int ours;
        enum gate_status status;
        int p;
        bool endless[3]; /* median, and the ends of its interval */
    } cases[] = {
        {"p99 > 100ms", false, 10, GATE_BROKEN, 1, {true, true, true}},
        {"p99 > 100ms", false, 9, GATE_BROKEN, 11, {true, true, true}},
        {"p99 > 100ms", false, 6, GATE_OPEN, 386, {true, false, true}},
        {"p99 > 100ms", false, 2, GATE_OPEN, 1013, {false, false, true}},
        {"p99 < 100ms", true, 10, GATE_BROKEN, 1, {true, true, true}},
        {"p99 < 100ms", true, 1, GATE_OPEN, 1023, {false, false, false}},
    };
    for (size_t i = 0; i < EACH(cases); i++) {
        for (int thin = 0; thin < 2; thin++) {
            struct result race;
            race_new(&race, 2, 10, .01);
            overload(&race, cases[i].ours, 0);
            for (int block = 1; block <= 10; block++)
                race_trial(&race, block, 1)->load.latency.k_eff[LOAD_P99] =
                    thin ? 5 : 1000;
            race_rule(&race, cases[i].rule, cases[i].required);
            struct gate_check check = judge_once(&race);
            expect_status(&check, cases[i].status, cases[i].rule);
            TAP_NEAR(check.p * 1024, cases[i].p, 1e-9, "… p of the sign test");
            TAP_OK(check.by_losses && isinf(check.value) == cases[i].endless[0] &&
                       isinf(check.ci95.low) == cases[i].endless[1] &&
                       isinf(check.ci95.high) == cases[i].endless[2],
                   "… median and interval over the same values");
            TAP_TEXT(check.why, "go-echo could not hold the offered rate", "… why");
        }
    }
}

/* What does not wait for the service is measured nevertheless. */
static void overloaded_costs(void)
{
    static const struct {
        const char *rule;
        enum gate_status status;
    } cases[] = {{"throughput < 10k", GATE_PASSES},
                 {"throughput < 30k", GATE_BROKEN},
                 {"throughput worse", GATE_PASSES},
                 {"CPU worse", GATE_PASSES},
                 {"drain > 1us", GATE_BROKEN}};
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        overload(&race, 10, 0);
        race_rule(&race, cases[i].rule, false);
        struct gate_check check = judge_once(&race);
        expect_status(&check, cases[i].status, cases[i].rule);
        TAP_OK(!check.by_losses && isfinite(check.value), "… with a value");
    }
}

/* p99 of these many blocks is longer than any number; deep tails or, as the generator
 * has it there, none. */
static void set_endless(struct result *race, int service, int blocks)
{
    for (int block = 1; block <= blocks; block++) {
        struct load_summary *latency = &race_trial(race, block, service)->load.latency;
        latency->p[LOAD_P99] = (double)INFINITY;
        latency->k_eff[LOAD_P99] = (double)NAN;
    }
}

static void errors_in_the_tail(void)
{
    static const struct {
        const char *rule;
        bool required;
        int ours, theirs;
        enum gate_status status;
        int p;
        const char *why;
    } cases[] = {
        {"p99 worse", false, 1, 0, GATE_OPEN, 1023,
         "it reaches the errors of go-echo in 1 of 10 trials"},
        {"p99 worse", false, 10, 0, GATE_BROKEN, 1,
         "it reaches the errors of go-echo in 10 of 10 trials"},
        {"p99 not worse", true, 8, 0, GATE_OPEN, 56,
         "it reaches the errors of go-echo in 8 of 10 trials"},
        {"p99 not worse", true, 9, 0, GATE_BROKEN, 11,
         "it reaches the errors of go-echo in 9 of 10 trials"},
        {"p99 not worse", true, 10, 4, GATE_BROKEN, 16,
         "it reaches the errors of go-echo in 10 of 10 trials"},
        {"p99 not worse", true, 0, 10, GATE_OPEN, 1024,
         "it reaches the errors of c-echo in 10 of 10 trials"},
        {"p99 worse", false, 8, 8, GATE_OPEN, 1024,
         "it reaches the errors of go-echo in 8 of 10 trials"},
        {"p99 > 100ms", false, 10, 0, GATE_BROKEN, 1, "proven"},
        {"p99 > 100ms", false, 9, 0, GATE_BROKEN, 11, "proven"},
        {"p99 > 100ms", false, 8, 0, GATE_PASSES, 56, "not proven"},
        {"p99 < 100ms", true, 1, 0, GATE_PASSES, 1023, "proven"},
        {"p99 < 100ms", true, 2, 0, GATE_OPEN, 1013, "not proven"},
        {"p99 < 100ms", true, 10, 10, GATE_BROKEN, 1, "proven"},
    };
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        set_endless(&race, 1, cases[i].ours);
        set_endless(&race, 0, cases[i].theirs);
        race_rule(&race, cases[i].rule, cases[i].required);
        struct gate_check check = judge_once(&race);
        expect_status(&check, cases[i].status, cases[i].rule);
        TAP_NEAR(check.p * 1024, cases[i].p, 1e-9, "… p by who lost");
        TAP_TEXT(check.why, cases[i].why, "… and why");
    }
}

/* Errors are at least so long, which may be no more than the rule allows. */
static void short_errors(void)
{
    static const struct {
        int64_t above_ns;
        enum gate_status status;
        int p;
    } cases[] = {{1080000, GATE_OPEN, 1024}, {1120000, GATE_BROKEN, 1}};
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        set_ratios(&race, 1, METRIC_P99, (const double[10]){0});
        set_endless(&race, 1, 10);
        for (int block = 1; block <= 10; block++)
            race_trial(&race, block, 1)->load.errors_above_ns = cases[i].above_ns;
        race_rule(&race, "p99 worse by 10%", false);
        struct gate_check check = judge_once(&race);
        expect_status(&check, cases[i].status, "errors after little more than 1 ms");
        TAP_NEAR(check.p * 1024, cases[i].p, 1e-9, "… p");
    }
}

int main(void)
{
    overloaded();
    overloaded_and_worse();
    overloaded_among_others();
    overloaded_few();
    overloaded_limits();
    overloaded_costs();
    errors_in_the_tail();
    short_errors();
    return tap_done();
}
