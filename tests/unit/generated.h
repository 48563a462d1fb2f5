/*
 * generated: runs of the generator against a scripted server, and what must hold of their
 * books whatever the server did.
 */
#ifndef DRAGSTRIP_TESTS_GENERATED_H
#define DRAGSTRIP_TESTS_GENERATED_H

#include <stdlib.h>

#include "load/load.h"
#include "rates.h"
#include "scripted.h"
#include "tap.h"

static struct scripted server;

__attribute__((unused)) static struct scripted_act prompt(uint64_t index)
{
    (void)index;
    return (struct scripted_act){.answer = SCRIPTED_OK};
}

static uint64_t sum_errors(const struct tally *tally)
{
    uint64_t sum = 0;
    for (int i = 0; i < TALLY_ERRORS; i++)
        sum += tally->errors[i];
    return sum;
}

static uint64_t sum_windows(const struct tally *tally, bool errors)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < tally->window_count; i++)
        sum += errors ? tally->windows[i].errors : tally->windows[i].ok;
    return sum;
}

/* How many of the log's values are infinite; those without a value are counted as both.
 */
static uint64_t count_infinite(const struct load_outcome *outcome)
{
    uint64_t infinite = 0;
    for (size_t i = 0; i < outcome->log_count; i++)
        infinite += outcome->log[i] == TALLY_INFINITE;
    return infinite;
}

/* What holds whatever the server did. */
static void check_books(const struct load_outcome *outcome, bool open_loop,
                        const char *what)
{
    const struct tally *tally = &outcome->tally;
    uint64_t errors = sum_errors(tally);
    TAP_INT(tally->due, tally->ok + errors, what);
    TAP_OK(sum_windows(tally, false) == tally->ok && sum_windows(tally, true) == errors,
           "%s: windows hold the same", what);
    TAP_OK(hist_total(&outcome->latency) == tally->due &&
               outcome->latency.infinite == errors,
           "%s: errors are infinite, and part of the total", what);
    TAP_OK(tally->sent <= tally->due && hist_total(&tally->lag) == tally->due &&
               hist_total(&tally->wait) == tally->sent &&
               hist_total(&tally->service_time) == tally->ok &&
               hist_total(&tally->first_byte) == tally->ok,
           "%s: the parts are complete", what);
    TAP_INT(tally->sent,
            tally->due - tally->errors[TALLY_UNSENT] - tally->errors[TALLY_CONNECT],
            "all but the unsent were sent");
    if (open_loop)
        TAP_OK(outcome->log_count == tally->due && count_infinite(outcome) == errors,
               "%s: so does the log", what);
}

static struct load_spec spec_of(const struct target *target)
{
    return (struct load_spec){.target = target,
                              .profile = rate_of(400),
                              .connections = 8,
                              .threads = 2,
                              .warmup_ns = 50 * NS_PER_MS,
                              .duration_ns = 250 * NS_PER_MS,
                              .timeout_ns = 2 * NS_PER_S,
                              .seed = 5};
}

/* Runs spec (its target is ours) against the running server. */
static bool run(struct load_spec spec, const struct load_watcher *watcher,
                atomic_int *stop, struct load_outcome *outcome)
{
    static atomic_int never;
    struct target target;
    struct error err;
    spec.target = &target;
    bool good = target_init(&target, server.url, &err) &&
                target_set_request(&target, "GET", NULL, 0, STR(""), &err) &&
                load_run(&spec, watcher, stop ? stop : &never, outcome, &err);
    if (!good)
        printf("# %s\n", err.text);
    target_fini(&target);
    return good;
}

__attribute__((unused)) static struct load_outcome run_script(scripted_script *script,
                                                              struct load_spec spec)
{
    struct load_outcome outcome = {0};
    scripted_start(&server, script);
    if (!run(spec, NULL, NULL, &outcome))
        exit(1);
    scripted_stop(&server);
    return outcome;
}

#endif
