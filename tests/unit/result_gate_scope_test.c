/* Whom a rule is about, and what the rules together come to. */
#include "gates.h"

#define EACH(array) (sizeof(array) / sizeof((array)[0]))

/* Services by index as digits, in the order of the checks; "-": about nobody. */
static void expect_about(struct result *race, const char *rule, bool required,
                         const char *expected)
{
    char about[32] = "";
    struct judged judged;
    race->rule_count = 0;
    race_rule(race, rule, required);
    judged_init(&judged, race);
    for (int i = 0; i < judged.gate.count; i++) {
        const struct gate_check *check = &judged.gate.checks[i];
        bool nobody =
            strcmp(check->why, "no service of this race is one that it is about") == 0;
        about[i] = nobody ? '-' : (char)('0' + check->service);
        if (nobody)
            TAP_OK(check->status == GATE_INVALID && check->service == race->baseline,
                   "about nobody: INVALID, and told with the baseline");
    }
    TAP_TEXT(about, expected, rule);
    judged_fini(&judged);
}

static const struct {
    int services, baseline, control; /* -1: none */
    const char *rule;
    bool required;
    const char *expected;
} scopes[] = {
    {4, 0, -1, "p99 worse", false, "123"},
    {4, 2, -1, "p99 worse", false, "013"},
    {4, 0, 3, "p99 worse", false, "12"},
    {4, 0, 3, "p99 not worse", true, "12"},
    {4, 0, -1, "p99 > 1s", false, "123"},
    {4, 1, -1, "p99 < 1s", true, "023"},
    {4, 0, 3, "p99 > 1s", false, "12"},
    {4, 0, -1, "p99 worse of rust-echo", false, "2"},
    {4, 0, -1, "p99 > 1s of rust-echo", false, "2"},
    {4, 0, -1, "p99 > 1s of c-echo", false, "0"},
    {4, 0, -1, "p99 worse of c-echo", false, "-"},
    {4, 0, -1, "p99 worse of rust", false, "-"},
    {4, 0, -1, "p99 > 1s of RUST-ECHO", false, "-"},
    {4, 0, 2, "p99 worse of rust-echo", false, "-"},
    {4, 0, 2, "p99 > 1s of rust-echo", false, "-"},
    {1, 0, -1, "p99 > 1s", false, "0"},
    {1, 0, -1, "p99 < 1s", true, "0"},
    {1, 0, -1, "p99 < 1s of c-echo", true, "0"},
    {1, 0, -1, "p99 worse", false, "-"},
    {1, 0, -1, "p99 not worse", true, "-"},
    {2, 0, 1, "p99 < 1s", true, "0"},
    {2, 1, 0, "p99 < 1s", true, "1"},
    {2, 0, 1, "p99 not worse", true, "-"},
};

static void about(void)
{
    for (size_t i = 0; i < EACH(scopes); i++) {
        struct result race;
        race_new(&race, scopes[i].services, 6, .01);
        race.baseline = scopes[i].baseline;
        if (scopes[i].control >= 0)
            race.services[scopes[i].control].control = true;
        expect_about(&race, scopes[i].rule, scopes[i].required, scopes[i].expected);
        result_fini(&race);
    }
}

static void alone(void)
{
    static const struct {
        const char *rule;
        bool required;
        enum gate_status status;
    } cases[] = {{"p99 < 1s", true, GATE_PASSES},
                 {"p99 < 1us", true, GATE_BROKEN},
                 {"p99 > 1us", false, GATE_BROKEN},
                 {"p99 > 1s", false, GATE_PASSES},
                 {"throughput > 10k", true, GATE_PASSES}};
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        race_new(&race, 1, 6, .01);
        race_rule(&race, cases[i].rule, cases[i].required);
        struct gate_check check = judge_once(&race);
        expect_status(&check, cases[i].status, cases[i].rule);
        TAP_OK(isfinite(check.value) && check.service == 0, "… about the one there is");
    }
}

/* A gate's status is its gravest: all sets of four rules, one of each status. */
static void precedence(void)
{
    static const struct {
        const char *rule;
        bool required;
        enum gate_status status;
    } rules[] = {{"CPU not worse by 40%", true, GATE_PASSES},
                 {"p90 not worse", true, GATE_OPEN},
                 {"p99.9 not worse", true, GATE_INVALID},
                 {"p50 worse", false, GATE_BROKEN}};
    static const double up[] = {.3, .31, .29, .28, .33, .30, .27, .32, .30, .31};
    static const double wide[] = {-.4, .3, -.2, .2, .1, .35, -.3, .2, -.25, .1};
    struct result race;
    race_new(&race, 2, 10, .01);
    set_ratios(&race, 1, METRIC_P50, up);
    set_ratios(&race, 1, METRIC_P90, wide);
    for (int block = 1; block <= 10; block++)
        race_trial(&race, block, 1)->load.latency.k_eff[LOAD_P999] = 5;
    for (unsigned set = 0; set < 1u << EACH(rules); set++) {
        struct judged judged;
        enum gate_status worst = GATE_PASSES;
        race.rule_count = 0;
        for (unsigned i = EACH(rules); i-- > 0;) {
            if (!(set >> i & 1))
                continue;
            race_rule(&race, rules[i].rule, rules[i].required);
            worst = rules[i].status > worst ? rules[i].status : worst;
        }
        judged_init(&judged, &race);
        TAP_INT(judged.gate.count, race.rule_count, "a check a rule");
        TAP_TEXT(gate_status_names[judged.gate.status], gate_status_names[worst],
                 "the whole is as its gravest");
        judged_fini(&judged);
    }
    result_fini(&race);
}

/* ln of the ratio from which on a rule speaks; of throughput it is what is lost. */
static void gate_limits(void)
{
    static const struct {
        const char *rule;
        double by, by_wider; /* with margins of 5 and 10 %, 7 and 21 % */
    } cases[] = {{"p50 worse", 1.05, 1.07},
                 {"p99 worse", 1.10, 1.21},
                 {"cold start worse", 1.10, 1.21},
                 {"CPU worse", 1.05, 1.07},
                 {"p99 worse by 3%", 1.03, 1.03},
                 {"p99 worse by 0%", 1, 1},
                 {"p99 worse by 300%", 4, 4},
                 {"throughput worse", 1 / .95, 1 / .93},
                 {"throughput worse by 10%", 1 / .9, 1 / .9},
                 {"throughput worse by 75%", 4, 4}};
    struct result race;
    race_new(&race, 2, 6, .01);
    for (size_t i = 0; i < EACH(cases); i++) {
        race.rule_count = 0;
        race_rule(&race, cases[i].rule, false);
        race.margins = (struct result_margins){.05, .10};
        TAP_NEAR(gate_limit(&race, &race.rules[0]), log(cases[i].by), 1e-12,
                 cases[i].rule);
        race.margins = (struct result_margins){.07, .21};
        TAP_NEAR(gate_limit(&race, &race.rules[0]), log(cases[i].by_wider), 1e-12,
                 "… with other margins");
    }
    result_fini(&race);
}

static void names(void)
{
    static const char *const expected[] = {"passes", "inconclusive", "invalid", "broken"};
    TAP_OK(GATE_PASSES < GATE_OPEN && GATE_OPEN < GATE_INVALID &&
               GATE_INVALID < GATE_BROKEN,
           "proof of a breach is the gravest");
    for (int i = GATE_PASSES; i <= GATE_BROKEN; i++)
        TAP_TEXT(gate_status_names[i], expected[i], "as in JSON");
}

static void no_rules(void)
{
    struct result race;
    struct judged judged;
    race_new(&race, 2, 6, .01);
    race_trial(&race, 1, 1)->outcome = TRIAL_FAILED;
    judged_init(&judged, &race);
    TAP_INT(judged.gate.count, 0, "no rule, no check");
    expect_status(&(struct gate_check){.status = judged.gate.status}, GATE_PASSES,
                  "and nothing that could fail");
    gate_fini(&judged.gate);
    TAP_OK(!judged.gate.checks && judged.gate.count == 0, "empty after fini");
    judged_fini(&judged);
    result_fini(&race);
}

int main(void)
{
    about();
    alone();
    precedence();
    gate_limits();
    names();
    no_rules();
    return tap_done();
}
