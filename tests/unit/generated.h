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

/* 100 requests in the measured time, 20 before it; the exchange is filled in by run_at.
 */
static struct load_spec usual_spec(void)
{
    return (struct load_spec){.profile = rate_of(400),
                              .connections = 8,
                              .threads = 2,
                              .warmup_ns = 50 * NS_PER_MS,
                              .duration_ns = 250 * NS_PER_MS,
                              .timeout_ns = 2 * NS_PER_S,
                              .seed = 5};
}

/* Where, what is asked, and what is wanted; zeroed but for the URL: GET, and any good
 * answer. */
struct asking {
    const char *url;
    struct target_options reach;
    const struct str *bodies;
    int body_count;
    const double *weights;
    struct expect_spec expect;
};

struct asked {
    struct target target;
    struct requests requests;
    struct expect expect;
};

static bool asked_init(struct asked *asked, const struct asking *asking,
                       struct error *err)
{
    *asked = (struct asked){.target = {.tls = NULL}};
    if (!target_init(&asked->target, asking->url, &asking->reach, err))
        return false;
    const struct requests_spec spec = {.host = asked->target.url.host,
                                       .path = asked->target.url.path,
                                       .bodies = asking->bodies,
                                       .body_count = asking->body_count,
                                       .weights = asking->weights};
    return requests_init(&asked->requests, &spec, err) &&
           expect_init(&asked->expect, &asking->expect, asked->requests.count, err);
}

static void asked_fini(struct asked *asked)
{
    expect_fini(&asked->expect);
    requests_fini(&asked->requests);
    target_fini(&asked->target);
}

static struct error run_error; /* of the last run that could not be */

static bool run_asking(const struct asking *asking, struct load_spec spec,
                       const struct load_watcher *watcher, atomic_int *stop,
                       struct load_outcome *outcome)
{
    static atomic_int never;
    struct asked asked;
    spec.exchange = (struct exchange){&asked.target, &asked.requests, &asked.expect};
    bool good = asked_init(&asked, asking, &run_error) &&
                load_run(&spec, watcher, stop ? stop : &never, outcome, &run_error);
    if (!good)
        printf("# %s\n", run_error.text);
    asked_fini(&asked);
    return good;
}

/* … against the running server. */
__attribute__((unused)) static bool run(struct load_spec spec,
                                        const struct load_watcher *watcher,
                                        atomic_int *stop, struct load_outcome *outcome)
{
    const struct asking asking = {.url = server.url};
    return run_asking(&asking, spec, watcher, stop, outcome);
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
