/*
 * Lines of a report at 120 columns, each with the numbers that it must show: gate, noise
 * floor, answers, repeated trials, and what the machine did. Line breaks do not count.
 */
#include "race.h"
#include "report/term.h"
#include "tap.h"

#define EACH(array) (sizeof(array) / sizeof((array)[0]))

/* Runs of white space as one space, in place. */
static void flatten(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool space = *from == ' ' || *from == '\n';
        if (!space || (to > text && to[-1] != ' '))
            *to++ = space ? ' ' : *from;
    }
    *to = '\0';
}

typedef void print_race(const struct result *, const struct comparisons *, int, bool,
                        struct buf *);

/* The caller frees it. */
static char *flat(const struct result *race, print_race *print)
{
    struct comparisons comparisons;
    struct buf out;
    buf_init(&out, 1 << 20);
    compare_result(race, &comparisons);
    print(race, &comparisons, 120, false, &out);
    comparisons_fini(&comparisons);
    char *text = mem_copy_text(buf_text(&out));
    buf_fini(&out);
    flatten(text);
    return text;
}

struct line {
    const char *text;
    bool there;
};

/* Frees the race. */
static void expect(struct result *race, const struct line *lines, size_t count)
{
    char *text = flat(race, term_print);
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        bool found = strstr(text, lines[i].text) != NULL;
        good = TAP_OK(found == lines[i].there, "%s: %s",
                      lines[i].there ? "says" : "does not say", lines[i].text) &&
               good;
    }
    if (!good)
        printf("# %s\n", text);
    mem_free(text);
    result_fini(race);
}

/* The same ratio in every block, whatever the noise. */
static void set_factor(struct result *race, int service, enum metric metric,
                       double factor)
{
    for (int block = 1; block <= race->blocks_planned; block++) {
        race_set(race_trial(race, block, 0), metric, race_bases[metric]);
        race_set(race_trial(race, block, service), metric, race_bases[metric] * factor);
    }
}

/* ---- gate ---- */

static void gate_race(struct result *race)
{
    race_new(race, 3, 10, .001);
    set_factor(race, 1, METRIC_CPU, 2);
    set_factor(race, 2, METRIC_CPU, 1);
    set_factor(race, 1, METRIC_P99, 1.5);
    for (int block = 1; block <= 10; block++)
        race_trial(race, block, 1)->load.latency.k_eff[LOAD_P999] = 42;
    race_rule(race, "CPU worse by 10%", false);
    race_rule(race, "p99<1ms of go-echo", true);
    race_rule(race, "p99.9 < 1s of go-echo", true);
    race_rule(race, "memory not worse by 0% of go-echo", true);
}

static void gate(void)
{
    static const struct line lines[] = {
        {"Gate: BROKEN go-echo BROKEN fail_if CPU worse by 10%: 2.00× [2.00, 2.00]; "
         "proven rust-echo PASS fail_if CPU worse by 10%: 1.00× [1.00, 1.00]; not proven "
         "go-echo BROKEN require p99 < 1ms of go-echo: median 1.35 ms [1.35 ms, 1.35 "
         "ms]; proven go-echo INVALID require p99.9 < 1s of go-echo: the tail is too "
         "thin: about 42 independent events a trial, a verdict needs 100 go-echo "
         "INCONCLUSIVE require memory not worse by 0% of go-echo: 1.00× [1.00, 1.00]; "
         "not proven 20,000 requests/s",
         true}};
    struct result race;
    gate_race(&race);
    expect(&race, lines, EACH(lines));
}

/* The gate alone, as its command prints it: nothing before it and nothing after. */
static void gate_alone(void)
{
    struct result race;
    gate_race(&race);
    race.rule_count = 1;
    char *text = flat(&race, term_print_gate);
    TAP_TEXT(text,
             "Gate: BROKEN go-echo BROKEN fail_if CPU worse by 10%: 2.00× [2.00, 2.00]; "
             "proven rust-echo PASS fail_if CPU worse by 10%: 1.00× [1.00, 1.00]; not "
             "proven ",
             "the gate alone");
    mem_free(text);
    race.rule_count = 0;
    text = flat(&race, term_print_gate);
    TAP_TEXT(text, "", "without a rule there is nothing");
    mem_free(text);
    static const struct line none[] = {{"Gate:", false}};
    expect(&race, none, EACH(none));
}

static void gate_without_numbers(void)
{
    static const struct line lines[] = {
        {"Gate: INCONCLUSIVE go-echo INCONCLUSIVE fail_if p99 worse: go-echo could not "
         "hold the offered rate go-echo INCONCLUSIVE require p99 < 1s: median 900 µs "
         "[900 "
         "µs, 900 µs]; go-echo could not hold the offered rate go-echo INCONCLUSIVE "
         "require drain < 1s: median 3.00 ms "
         "[3.00 ms, killed]; not proven 20,000",
         true}};
    static const struct line early[] = {
        {"Gate: INVALID go-echo INVALID require p99 < 1s: the race ended early; resume "
         "it 20,000",
         true}};
    struct result race;
    race_new(&race, 2, 10, .001);
    race_trial(&race, 3, 1)->load.overloaded = true;
    set_factor(&race, 1, METRIC_P99, 1);
    set_factor(&race, 1, METRIC_DRAIN, 1);
    race_trial(&race, 5, 1)->drain_killed = race_trial(&race, 6, 1)->drain_killed = true;
    race_rule(&race, "p99 worse", false);
    race_rule(&race, "p99 < 1s", true);
    race_rule(&race, "drain < 1s", true);
    expect(&race, lines, EACH(lines));
    race_new(&race, 2, 10, .001);
    race.partial = true;
    race_rule(&race, "p99 < 1s", true);
    expect(&race, early, EACH(early));
}

/* A percentile in the errors is a time longer than the time-out, and no dash. */
static void gate_in_the_errors(void)
{
    static const struct line lines[] = {
        {"go-echo BROKEN require p99 < 1s: median >5s [>5s, >5s]; proven", true},
        {"p99 latency 900 µs >5s – not estimable", true}};
    struct result race;
    race_new(&race, 2, 10, .001);
    set_factor(&race, 1, METRIC_P99, 1);
    for (int block = 1; block <= 10; block++) {
        race_trial(&race, block, 1)->load.latency.p[LOAD_P99] = (double)INFINITY;
        race_trial(&race, block, 1)->load.latency.k_eff[LOAD_P99] = (double)NAN;
    }
    race_rule(&race, "p99 < 1s", true);
    expect(&race, lines, EACH(lines));
}

/* ---- noise floor ---- */

static void noise_race(struct result *race)
{
    race_new(race, 3, 10, .001);
    snprintf(race->services[2].name, RESULT_NAME_BYTES, "c-control");
    race->services[2].control = true;
    for (int i = 0; i < 2 * METRICS; i++)
        set_factor(race, 1 + i / METRICS, (enum metric)(i % METRICS), 1);
    for (int block = 1; block <= 10; block++)
        race_trial(race, block, 2)->load.latency.k_eff[LOAD_P999] = 5;
}

static void noise(void)
{
    static const struct line lines[] = {
        {"Noise floor, c-echo against itself: p50 1.02× [1.02, 1.02], p90 1.00× [1.00, "
         "1.00], p95 1.00× [1.00, 1.00], p99 1.00× [1.00, 1.00], throughput 1.00× [1.00, "
         "1.00], CPU 1.21× [1.21, 1.21], memory 1.00× [1.00, 1.00], cold start 1.00× "
         "[1.00, 1.00], drain 1.00× [1.00, 1.00]. 20,000",
         true},
        {"The control differs from the baseline, which it is: CPU. One metric in twenty "
         "does so by chance; more of them mean that this machine makes differences where "
         "there are none.",
         true},
        {"Against c-echo: go-echo EQUIVALENT p99 1.00× [1.00, 1.00] Noise floor", true},
        {"metric c-echo go-echo go-echo/c-echo verdict", true}};
    static const struct line quiet[] = {
        {"Noise floor, c-echo against itself: p50 1.00×", true},
        {"Doubts: none", true},
        {"The control differs", false}};
    static const struct line none[] = {{"Noise floor", false}};
    struct result race;
    noise_race(&race);
    set_factor(&race, 2, METRIC_P50, 1.02); /* negligible */
    set_factor(&race, 2, METRIC_CPU, 1.21);
    expect(&race, lines, EACH(lines));
    noise_race(&race);
    expect(&race, quiet, EACH(quiet));
    race_new(&race, 2, 10, .001);
    expect(&race, none, EACH(none));
}

/* ---- answers and attempts ---- */

static void answers(void)
{
    static const struct line lines[] = {
        {"go-echo does not answer as the baseline does: request form 1 is answered with "
         "1999 bytes, by c-echo with 2048. Name what may differ under load: mask, or say "
         "under design: answers how far they must agree.",
         true},
        {"rust-echo: its own answers to one request are not always the same, so they are "
         "compared only in what is (load: mask names members that change).",
         true},
        {"rust-echo does not answer", false},
        {"go-echo: its own answers", false},
        {"c-echo: its own answers", false},
        {"go-echo INVALID go-echo answers differently: request form 1 is answered with "
         "1999 bytes, by c-echo with 2048 rust-echo EQUIVALENT",
         true}};
    struct result race;
    race_new(&race, 3, 10, .001);
    for (int block = 1; block <= 10; block++)
        race_trial(&race, block, 1)->answers[0].length = 1999;
    race_trial(&race, 4, 2)->answers[0].digest[0] = '0';
    expect(&race, lines, EACH(lines));
}

/* The first attempts at these places were spoilt; the race has good second ones. */
static void spoil(struct result *race, const int *blocks, int count, int service)
{
    for (int i = 0; i < count; i++) {
        race->trials = mem_resize(race->trials, (size_t)race->trial_count + 1,
                                  sizeof(*race->trials));
        struct trial *first = race_trial(race, blocks[i], service);
        struct trial *second = &race->trials[race->trial_count++];
        *second = *first;
        second->attempt = 2;
        race_fill_trial(first, blocks[i], first->position, service);
        first->superseded = true;
        first->invalid_count = 1;
        snprintf(first->invalid[0], LOAD_REASON_BYTES, "steal of %d %%", 5 + blocks[i]);
    }
}

static void repeated(void)
{
    static const struct line lines[] = {
        {"go-echo: 1 trial was spoilt by the machine and run again, in block 4: steal of "
         "9 %.",
         true},
        {"rust-echo: 2 trials were spoilt by the machine and run again, first in block "
         "3: steal of 8 %.",
         true},
        {"c-echo: 1 trial", false},
        {"INVALID", false}};
    static const struct line without[] = {
        {"go-echo: 1 trial was spoilt by the machine and run again, in block 4: it was "
         "not valid.",
         true}};
    static const int one[] = {4}, two[] = {7, 3};
    struct result race;
    race_new(&race, 3, 10, .001);
    spoil(&race, one, 1, 1);
    spoil(&race, two, 2, 2);
    expect(&race, lines, EACH(lines));
    race_new(&race, 2, 10, .001);
    spoil(&race, one, 1, 1);
    race_trial(&race, 4, 1)->invalid_count = 0;
    expect(&race, without, EACH(without));
}

/* ---- the machine ---- */

static void machine_shares(void)
{
    static const struct line lines[] = {
        {"Other guests of the host took up to 2.5% of the race's CPUs (block 2, go-echo; "
         "the limit is 5%).",
         true},
        {"Other processes used up to 3.1% of the race's CPUs (block 4, c-echo; the limit "
         "is 10%).",
         true},
        {"A CPU quota of this container held it back for up to 12% of the measured time "
         "(block 6, go-echo): latencies are those of the quota.",
         true},
        {"The CPU throttled itself for heat in block 8 (c-echo).", true}};
    static const struct line none[] = {{"Doubts: none", true}};
    static const int spoilt[] = {4};
    struct result race;
    race_new(&race, 2, 10, .001);
    race_trial(&race, 2, 1)->machine.steal_share = .025;
    race_trial(&race, 3, 1)->machine.steal_share = .02;
    race_trial(&race, 4, 0)->machine.others_share = .031;
    race_trial(&race, 6, 1)->machine.throttled_share = .123;
    race_trial(&race, 7, 1)->machine.throttled_share = .001;
    race_trial(&race, 8, 0)->machine.throttle_events = 3;
    expect(&race, lines, EACH(lines));
    race_new(&race, 2, 10, .001);
    race_trial(&race, 2, 1)->machine.steal_share = .005;
    race_trial(&race, 4, 0)->machine.others_share = .03;
    race_trial(&race, 8, 0)->machine.throttle_events = 0;
    expect(&race, none, EACH(none));
    race_new(&race, 2, 10, .001);
    spoil(&race, spoilt, 1, 1);
    race_trial(&race, 4, 1)->machine.others_share = .5;
    static const struct line superseded[] = {{"Other processes", false}};
    expect(&race, superseded, EACH(superseded));
    race_new(&race, 2, 10, .001);
    for (int i = 0; i < race.trial_count; i++)
        race.trials[i].machine = TRIAL_MACHINE_UNKNOWN;
    expect(&race, none, EACH(none));
}

/* Speeds of made-up races are .72 before and .715 after. */
static void machine_speed(void)
{
    static const struct line slow[] = {
        {"The service's CPU was up to 12% faster at one time than at another: the host "
         "or its clock changes speed. Blocks hold services against each other at about "
         "the same time, but their spread grows.",
         true}};
    static const struct line within[] = {
        {"The service's CPU was up to 12% faster at one time than at another, within "
         "single trials too: the host or its clock changes speed.",
         true}};
    static const struct line none[] = {{"Doubts: none", true}};
    struct result race;
    race_new(&race, 2, 10, .001);
    race_trial(&race, 3, 0)->machine.speed_before = .8;
    race_trial(&race, 3, 0)->machine.speed_after = .79;
    expect(&race, slow, EACH(slow));
    race_new(&race, 2, 10, .001);
    race_trial(&race, 3, 0)->machine.speed_after = .8;
    expect(&race, within, EACH(within));
    race_new(&race, 2, 10, .001);
    race_trial(&race, 3, 0)->machine.speed_after = .75;
    race_trial(&race, 4, 0)->machine.speed_after = (double)NAN;
    race_trial(&race, 5, 0)->machine.speed_before = 0;
    expect(&race, none, EACH(none));
}

static void stopped_early(void)
{
    static const struct line lines[] = {
        {"64 connections, 10 blocks (of 30: p99 within 5%) of 10s after 2s of warm-up",
         true},
        {"ended early", false}};
    struct result race;
    race_new(&race, 2, 10, .001);
    race.blocks_planned = 30;
    race.stopped_at = 10;
    snprintf(race.stop_when, sizeof(race.stop_when), "p99 within 5%%");
    expect(&race, lines, EACH(lines));
}

int main(void)
{
    gate();
    gate_alone();
    gate_without_numbers();
    gate_in_the_errors();
    noise();
    answers();
    repeated();
    machine_shares();
    machine_speed();
    stopped_early();
    return tap_done();
}
