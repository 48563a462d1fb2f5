/*
 * Rules on races that went wrong: everything without which a rule has no data. None of it
 * is ever a pass that was not measured.
 */
#include "gates.h"

#define EACH(array) (sizeof(array) / sizeof((array)[0]))

static void spoil_failed(struct result *race)
{
    struct trial *trial = race_trial(race, 4, 1);
    trial->outcome = TRIAL_FAILED;
    trial->why = mem_copy_text("the service died");
}

static void spoil_invalid(struct result *race)
{
    struct trial *trial = race_trial(race, 4, 1);
    trial->invalid_count = 1;
    snprintf(trial->invalid[0], LOAD_REASON_BYTES, "lag p99 of 3 ms");
}

/* The failure is told, though what is invalid comes later. */
static void spoil_twice(struct result *race)
{
    spoil_failed(race);
    race_trial(race, 5, 1)->invalid_count = 1;
}

static void spoil_skipped(struct result *race)
{
    race->services[1].skipped = true;
    snprintf(race->services[1].why, sizeof(race->services[1].why), "no go");
    for (int block = 1; block <= race->blocks_planned; block++)
        race_trial(race, block, 1)->outcome = TRIAL_SKIPPED;
}

static void spoil_absent(struct result *race)
{
    for (int block = 1; block <= race->blocks_planned; block++)
        race_trial(race, block, 1)->outcome = TRIAL_SKIPPED;
}

static void spoil_tail(struct result *race)
{
    for (int block = 1; block <= race->blocks_planned; block++)
        race_trial(race, block, 1)->load.latency.k_eff[LOAD_P99] = 99.9;
}

static void spoil_tail_more(struct result *race)
{
    for (int block = 1; block <= race->blocks_planned; block++)
        race_trial(race, block, 1)->load.latency.k_eff[LOAD_P99] = (double)NAN;
}

static void spoil_lag(struct result *race)
{
    struct load_result *load = &race_trial(race, 7, 1)->load;
    load->less_lag.p[LOAD_P99] = load->latency.p[LOAD_P99] * .8;
}

/* Lateness is the graver of the two. */
static void spoil_lag_and_tail(struct result *race)
{
    spoil_lag(race);
    spoil_tail(race);
}

static void skip_lag(struct result *race)
{
    spoil_lag(race);
    race_trial(race, 7, 1)->outcome = TRIAL_SKIPPED;
}

static void spoil_answers(struct result *race)
{
    for (int block = 1; block <= race->blocks_planned; block++)
        race_trial(race, block, 1)->answers[0].status = 404;
}

static void spoil_few(struct result *race)
{
    for (int block = 6; block <= race->blocks_planned; block++)
        race_trial(race, block, 1)->outcome = TRIAL_SKIPPED;
}

static void spoil_partial(struct result *race)
{
    race->partial = true;
}

static void spoil_value(struct result *race)
{
    for (int block = 1; block <= race->blocks_planned; block++)
        race_trial(race, block, 1)->load.latency.p[LOAD_P99] = (double)NAN;
}

static const struct {
    void (*spoil)(struct result *);
    const char *why;       /* of a rule about the baseline */
    const char *why_limit; /* of a limit; NULL: the same */
} spoilers[] = {
    {spoil_failed, "go-echo, in block 4: the service died", NULL},
    {spoil_invalid, "go-echo, in block 4: lag p99 of 3 ms", NULL},
    {spoil_twice, "go-echo, in block 4: the service died", NULL},
    {spoil_skipped, "go-echo was not run: no go", NULL},
    {spoil_absent, "needs at least 6 blocks, has 0", "it needs at least 6 blocks, has 0"},
    {spoil_tail,
     "the tail is too thin: about 99 independent events a trial, a verdict needs 100",
     NULL},
    {spoil_tail_more,
     "the tail is too thin: about 0 independent events a trial, an estimate needs 10",
     NULL},
    {spoil_lag, "20 % of it is the generator's own lateness in block 7 of go-echo", NULL},
    {spoil_lag_and_tail,
     "20 % of it is the generator's own lateness in block 7 of go-echo", NULL},
    {spoil_answers,
     "go-echo answers differently: request form 1 is answered with 404, by c-echo with "
     "200",
     NULL},
    {spoil_few, "needs at least 6 blocks, has 5", "it needs at least 6 blocks, has 5"},
    {spoil_partial, "the race ended early; resume it", NULL},
    {spoil_value, "not measured", "it needs at least 6 blocks, has 0"},
};

static void no_data(void)
{
    static const struct {
        const char *text;
        bool required;
    } rules[] = {{"p99 worse by 1000%", false},
                 {"p99 not worse by 1000%", true},
                 {"p99 > 1h", false},
                 {"p99 < 1h of go-echo", true}};
    for (size_t i = 0; i < EACH(spoilers); i++) {
        for (size_t j = 0; j < EACH(rules); j++) {
            struct result race;
            bool limit = j >= 2 && spoilers[i].why_limit;
            race_new(&race, 3, 10, .01);
            spoilers[i].spoil(&race);
            race_rule(&race, rules[j].text, rules[j].required);
            if (j < 3)
                race.services[2].control = true; /* of which no rule is */
            struct gate_check check = judge_once(&race);
            expect_status(&check, GATE_INVALID, "a spoilt race");
            TAP_TEXT(check.why, limit ? spoilers[i].why_limit : spoilers[i].why,
                     "… and why");
            TAP_OK(isnan(check.p) && isnan(check.level) && isnan(check.value),
                   "… no claim, no value");
        }
    }
}

/* Only what is spoilt: cold starts of an invalid trial, limits on the other side. */
static void not_spoilt(void)
{
    static const struct {
        void (*spoil)(struct result *);
        const char *rule;
        enum gate_status status;
    } cases[] = {
        {spoil_invalid, "cold start not worse by 40%", GATE_PASSES},
        {spoil_invalid, "cold start < 1s", GATE_PASSES},
        {spoil_invalid, "CPU not worse by 40%", GATE_INVALID},
        {spoil_failed, "cold start < 1s", GATE_INVALID},
        {spoil_failed, "p99 < 1s of c-echo", GATE_PASSES},
        {spoil_skipped, "p99 < 1s of c-echo", GATE_PASSES},
        {spoil_answers, "p99 < 1s of c-echo", GATE_PASSES},
        {spoil_answers, "cold start < 1s", GATE_INVALID},
        {spoil_tail, "p90 not worse by 40%", GATE_PASSES},
        {spoil_tail, "p90 < 1s", GATE_PASSES},
        {spoil_lag, "p90 < 1s", GATE_PASSES},
        {skip_lag, "p99 < 1s", GATE_PASSES},
    };
    for (size_t i = 0; i < EACH(cases); i++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        cases[i].spoil(&race);
        race_rule(&race, cases[i].rule, true);
        struct gate_check check = judge_once(&race);
        expect_status(&check, cases[i].status, cases[i].rule);
    }
}

/* A spoilt baseline spoils what is held against it, and no limit on another. */
static void spoilt_baseline(void)
{
    for (int limit = 0; limit < 2; limit++) {
        struct result race;
        race_new(&race, 2, 10, .01);
        race_trial(&race, 2, 0)->outcome = TRIAL_FAILED;
        race_rule(&race, limit ? "p99 < 1s" : "p99 not worse by 40%", true);
        struct gate_check check = judge_once(&race);
        expect_status(&check, limit ? GATE_PASSES : GATE_INVALID, "a spoilt baseline");
        TAP_TEXT(check.why, limit ? "proven" : "c-echo, in block 2: failed", "… why");
    }
}

int main(void)
{
    no_data();
    not_spoilt();
    spoilt_baseline();
    return tap_done();
}
