/*
 * Trials that the machine spoilt and that were run again: only the last attempt at a
 * place counts, and both are kept. And results of version 0.1.0, which knew of none.
 */
#include "race.h"
#include "result/answers.h"
#include "result/blocks.h"
#include "result/gate.h"
#include "result/obstacles.h"
#include "tap.h"

#include <jansson.h>

static const char *const SPOILT = "other processes used 40 % of the race's CPUs";

/* The trial at this place was spoilt; returns the next attempt, which is good. */
static struct trial *run_again(struct result *race, int block, int service)
{
    int last = race->trial_count++;
    for (int i = last - 1; i >= 0; i--) {
        struct trial *trial = &race->trials[i];
        if (trial->block != block || trial->service != service)
            continue;
        trial->invalid_count = 1;
        snprintf(trial->invalid[0], LOAD_REASON_BYTES, "%s", SPOILT);
        race->trials = mem_resize(race->trials, (size_t)last + 1, sizeof(*race->trials));
        trial = &race->trials[i];
        race_fill_trial(&race->trials[last], block, trial->position, service);
        race->trials[last].attempt = trial->attempt + 1;
        break;
    }
    for (int metric = 0; metric < METRICS; metric++)
        race_set(&race->trials[last], (enum metric)metric, race_bases[metric]);
    result_supersede(race);
    return &race->trials[last];
}

static void supersedes(void)
{
    struct result race;
    race_new(&race, 2, 6, .003);
    run_again(&race, 3, 1);
    for (int i = 0; i < race.trial_count; i++) {
        const struct trial *trial = &race.trials[i];
        bool expected = trial->block == 3 && trial->service == 1 && trial->attempt == 1;
        if (trial->superseded != expected)
            TAP_OK(false, "trial %d is wrongly marked", i);
    }
    TAP_OK(race_trial(&race, 3, 1)->superseded, "the first attempt is superseded");
    TAP_OK(!trial_counts(race_trial(&race, 3, 1), 1), "and does not count");
    TAP_OK(trial_counts(&race.trials[12], 1), "the second does");
    TAP_OK(!trial_counts(&race.trials[12], 0), "but not for another service");
    run_again(&race, 3, 1);
    TAP_OK(race_trial(&race, 3, 1)->superseded && race.trials[12].superseded &&
               !race.trials[13].superseded,
           "of three attempts the last counts");
    result_fini(&race);
}

static void findings(void)
{
    struct result race;
    struct comparisons all;
    race_new(&race, 2, 6, .003);
    race_trial(&race, 3, 1)->load.errors[LOAD_ERROR_RESET] = 100000;
    race_trial(&race, 3, 1)->load.overloaded = true;
    run_again(&race, 3, 1);
    run_again(&race, 5, 1);
    run_again(&race, 5, 1);
    compare_result(&race, &all);
    const struct service_finding *found = &all.findings[1];
    TAP_INT(found->trials_repeated, 3, "spoilt trials are counted");
    TAP_INT(found->trials_ok, 6, "the others are six");
    TAP_INT(found->trials_invalid, 0, "none of them invalid");
    TAP_INT(found->trials_overloaded, 0, "nor overloaded");
    TAP_NEAR(found->error_share, 0, 0, "nor with errors");
    TAP_TEXT(found->why, "", "so there is no reason");
    TAP_INT(all.findings[0].trials_repeated, 0, "the baseline had none");
    comparisons_fini(&all);
    race_trial(&race, 1, 0)->attempt = 2;
    compare_result(&race, &all);
    TAP_INT(all.findings[0].trials_repeated, 0, "a second attempt alone is no first");
    comparisons_fini(&all);
    struct trial *again = run_again(&race, 3, 1);
    again->outcome = TRIAL_FAILED;
    again->why = mem_copy_text("the service died");
    compare_result(&race, &all);
    TAP_INT(all.findings[1].trials_failed, 1, "a second attempt may fail");
    TAP_INT(all.findings[1].trials_ok, 5, "and then counts as that");
    TAP_INT(all.cells[METRICS + METRIC_P50].n, 5, "without falling back on the first");
    comparisons_fini(&all);
    result_fini(&race);
}

static void cells(void)
{
    struct result race;
    struct comparisons all;
    race_new(&race, 2, 7, .003);
    for (int service = 0; service < 2; service++) {
        race_set(race_trial(&race, 3, service), METRIC_P50, 1e9);
        race_set(race_trial(&race, 3, service), METRIC_CPU, 1e-3);
        run_again(&race, 3, service);
    }
    compare_result(&race, &all);
    for (int service = 0; service < 2; service++) {
        const struct cell_value *cells = &all.cells[service * METRICS];
        TAP_INT(cells[METRIC_P50].n, 7, "one value a block");
        TAP_OK(cells[METRIC_P50].high < 1e6 && cells[METRIC_CPU].low > 1,
               "and not those of the spoilt trial");
    }
    const struct comparison *c = comparisons_find(&all, 1, METRIC_P50);
    TAP_INT(c->n, 7, "one pair a block");
    TAP_TEXT(verdict_names[c->verdict], "EQUIVALENT", "and a verdict from them");
    TAP_OK(c->ci95.high < 1.1 && c->ci95.low > .9, "near to each other");
    comparisons_fini(&all);
    result_fini(&race);
}

/* Lag, answers and gate look at the trials themselves. */
static void obstacles(void)
{
    struct result race;
    struct comparisons all;
    struct gate gate;
    race_new(&race, 2, 6, .003);
    struct trial *spoilt = race_trial(&race, 3, 1);
    spoilt->load.less_lag.p[LOAD_P99] = 1;
    spoilt->answers[0].status = 503;
    spoilt->load.overloaded = true;
    race_rule(&race, "p99 < 1s", true);
    race_rule(&race, "p99 not worse by 40%", true);
    run_again(&race, 3, 1);
    compare_result(&race, &all);
    gate_apply(&race, &all, &gate);
    TAP_TEXT(verdict_names[comparisons_find(&all, 1, METRIC_P99)->verdict], "EQUIVALENT",
             "the lag of a spoilt trial is no obstacle");
    TAP_OK(!all.findings[1].answers_vary && !all.findings[1].answers_differ,
           "nor is what it answered");
    for (int i = 0; i < 2; i++)
        TAP_TEXT(gate_status_names[gate.checks[i].status], "passes", "nor to a rule");
    gate_fini(&gate);
    comparisons_fini(&all);
    result_fini(&race);
}

static void read_again(const char *text, struct result *out)
{
    struct error err = {""};
    if (!TAP_OK(result_from_text(str_of(text), out, &err), "the result can be read")) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
}

static void round_trip(void)
{
    struct result race, again;
    race_new(&race, 2, 6, .003);
    run_again(&race, 3, 1);
    run_again(&race, 4, 0)->ready = false;
    run_again(&race, 3, 1);
    char *text = result_to_text(&race);
    read_again(text, &again);
    char *text_again = result_to_text(&again);
    TAP_OK(strcmp(text, text_again) == 0, "and is written again byte for byte");
    TAP_INT(again.trial_count, 15, "with all attempts");
    for (int i = 0; i < race.trial_count; i++) {
        const struct trial *a = &race.trials[i], *b = &again.trials[i];
        if (a->attempt != b->attempt || a->superseded != b->superseded ||
            a->ready != b->ready)
            TAP_OK(false, "trial %d differs", i);
    }
    TAP_OK(again.trials[5].superseded && again.trials[12].superseded &&
               !again.trials[14].superseded,
           "which are marked again");
    TAP_INT(again.trials[14].attempt, 3, "with their numbers");
    TAP_OK(again.trials[12].ready && !again.trials[13].ready, "who came up");
    TAP_TEXT(again.trials[5].invalid[0], SPOILT, "and why the first did not count");
    mem_free(text);
    mem_free(text_again);
    result_fini(&race);
    result_fini(&again);
}

static void delete_all(json_t *object, const char *const *keys)
{
    for (; *keys; keys++)
        json_object_del(object, *keys);
}

/* What version 0.1.0 would have written of the race. The caller frees the text. */
static char *as_old(const char *text)
{
    static const char *const of_race[] = {"gate", "stop_when", "stopped_at", NULL};
    static const char *const of_limits[] = {"others", "answers", NULL};
    static const char *const of_service[] = {"control", NULL};
    static const char *const of_trial[] = {"attempt", "ready", "machine", "answers",
                                           NULL};
    static const char *const of_load[] = {"arrival_check", "stationarity", "tls", NULL};
    size_t i;
    json_t *item, *json = json_loads(text, 0, NULL);
    delete_all(json, of_race);
    delete_all(json_object_get(json, "limits"), of_limits);
    json_array_foreach(json_object_get(json, "services"), i, item)
        delete_all(item, of_service);
    json_t *cell = json_array_get(json_object_get(json, "cells"), 0);
    json_array_foreach(json_object_get(cell, "trials"), i, item)
    {
        delete_all(item, of_trial);
        json_object_set_new(item, "steal_share", json_real(.0125));
        delete_all(json_object_get(item, "load"), of_load);
    }
    char *old = json_dumps(json, JSON_INDENT(1) | LOAD_JSON_DIGITS);
    json_decref(json);
    return old;
}

static void expect_old(const struct result *race)
{
    TAP_INT(race->rule_count, 0, "it has no rules");
    TAP_TEXT(answers_level_names[race->answers], "any", "holds nobody to answers");
    TAP_OK(race->stopped_at == 0 && !*race->stop_when, "and ran all blocks");
    for (int i = 0; i < race->trial_count; i++) {
        const struct trial *trial = &race->trials[i];
        const struct trial_machine *machine = &trial->machine;
        bool good = trial->attempt == 1 && !trial->superseded && trial->ready &&
                    trial->answer_count == 0 && fabs(machine->steal_share - .0125) == 0 &&
                    isnan(machine->others_share) && isnan(machine->wait_share) &&
                    isnan(machine->pressure_share) && isnan(machine->throttled_share) &&
                    isnan(machine->throttle_events) && isnan(machine->speed_before) &&
                    isnan(machine->speed_after) && isnan(machine->frequency_hz) &&
                    !*machine->congestion_control;
        if (!good)
            TAP_OK(false, "trial %d", i);
    }
}

/* Verdicts follow from the trials, and are the same. */
static void version_0_1_0(void)
{
    struct result race, old;
    struct comparisons ours, theirs;
    race_showcase(&race);
    race.services[1].control = true;
    char *text = result_to_text(&race), *old_text = as_old(text);
    read_again(old_text, &old);
    expect_old(&old);
    TAP_OK(!old.services[1].control, "and no control");
    compare_result(&race, &ours);
    compare_result(&old, &theirs);
    TAP_INT(theirs.count, ours.count, "as many comparisons");
    for (int i = 0; i < ours.count; i++) {
        const struct comparison *a = &ours.items[i], *b = &theirs.items[i];
        if (a->verdict != b->verdict || strcmp(a->why, b->why) != 0)
            TAP_OK(false, "%s of service %d differs", metric_infos[a->metric].key,
                   a->service);
    }
    struct result again;
    char *new_text = result_to_text(&old);
    read_again(new_text, &again);
    expect_old(&again);
    comparisons_fini(&ours);
    comparisons_fini(&theirs);
    mem_free(text);
    mem_free(old_text);
    mem_free(new_text);
    result_fini(&race);
    result_fini(&old);
    result_fini(&again);
}

int main(void)
{
    supersedes();
    findings();
    cells();
    obstacles();
    round_trip();
    version_0_1_0();
    return tap_done();
}
