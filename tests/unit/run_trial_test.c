/*
 * Which trials are worth a second attempt: those that the machine or the generator
 * spoilt, for nothing that the service did.
 */
#include "run/trial.h"

#include "tap.h"

struct row {
    const char *what;
    bool spoilt;
    enum trial_outcome outcome;
    bool valid; /* there is no reason against it */
    double steal, others, lag_ns;
    bool unknown;       /* neither steal nor others can be told */
    bool closed;        /* a closed loop: it has no lag */
    uint64_t errors;    /* of 1000 due */
    uint64_t expired;   /* of the errors: waited too long for a connection */
    bool overloaded;    /* … because the service could not hold the rate */
    bool none_answered; /* or none at all */
    bool restarted;
};

static const struct row rows[] = {
    {.what = "valid", .valid = true},
    {.what = "valid, with a few errors", .valid = true, .errors = 5},
    {.what = "valid, and just within the limits",
     .valid = true,
     .steal = .05,
     .others = .1,
     .lag_ns = 1e6},
    {.what = "steal that nobody held against it", .valid = true, .steal = .2},
    {.what = "a late generator", .spoilt = true, .lag_ns = 1.1e6},
    {.what = "steal", .spoilt = true, .steal = .051},
    {.what = "others", .spoilt = true, .others = .11},
    {.what = "all of them", .spoilt = true, .steal = 1, .others = 1, .lag_ns = 1e9},
    {.what = "late, on a machine that tells nothing",
     .spoilt = true,
     .unknown = true,
     .lag_ns = 2e6},
    {.what = "a machine that tells nothing", .unknown = true},
    {.what = "invalid for what the service did"},
    {.what = "invalid, and just within the limits",
     .steal = .05,
     .others = .1,
     .lag_ns = 1e6},
    {.what = "a closed loop", .closed = true, .lag_ns = 2e6},
    {.what = "a closed loop, and steal", .spoilt = true, .closed = true, .steal = .2},
    {.what = "steal and a few errors", .spoilt = true, .steal = .2, .errors = 5},
    {.what = "as many errors as allowed", .spoilt = true, .steal = .2, .errors = 10},
    {.what = "one more", .steal = .2, .errors = 11},
    {.what = "too many errors, and a late generator", .lag_ns = 2e6, .errors = 500},
    {.what = "only errors", .steal = .2, .errors = 1000},
    {.what = "nothing answered", .steal = .2, .none_answered = true},
    {.what = "overloaded: what waited too long is no error",
     .spoilt = true,
     .steal = .2,
     .errors = 500,
     .expired = 500,
     .overloaded = true},
    {.what = "overloaded, and errors besides",
     .steal = .2,
     .errors = 500,
     .expired = 480,
     .overloaded = true},
    {.what = "waited too long, but not overloaded",
     .steal = .2,
     .errors = 500,
     .expired = 500},
    {.what = "restarted", .restarted = true},
    {.what = "restarted, and steal", .steal = .2, .restarted = true},
    {.what = "failed", .outcome = TRIAL_FAILED, .valid = true},
    {.what = "failed, and steal", .outcome = TRIAL_FAILED, .steal = .2},
    {.what = "interrupted, and steal", .outcome = TRIAL_SKIPPED, .steal = .2}};

/* Errors of two kinds, so that all kinds must be summed. */
static struct trial trial_of(const struct row *row)
{
    struct trial trial = {.outcome = row->outcome,
                          .ready = true,
                          .attempt = 1,
                          .restarted = row->restarted,
                          .machine = TRIAL_MACHINE_UNKNOWN,
                          .load = {.offered_rate = row->closed ? (double)NAN : 100,
                                   .due = 1000,
                                   .ok = row->none_answered ? 0 : 1000 - row->errors,
                                   .expired_waiting = row->expired,
                                   .overloaded = row->overloaded}};
    if (!row->unknown) {
        trial.machine.steal_share = row->steal;
        trial.machine.others_share = row->others;
    }
    trial.load.lag.p[LOAD_P99] = row->lag_ns;
    trial.load.errors[LOAD_ERROR_CONNECT] = row->errors / 2;
    trial.load.errors[LOAD_ERROR_UNSENT] = row->errors - row->errors / 2;
    if (!row->valid)
        snprintf(trial.invalid[trial.invalid_count++], LOAD_REASON_BYTES, "a reason");
    return trial;
}

static void check(const struct row *row, const struct plan *plan)
{
    const struct trial trial = trial_of(row);
    TAP_OK(trial_is_spoilt(&trial, plan) == row->spoilt, "%s: %s", row->what,
           row->spoilt ? "once more" : "as it is");
}

/* The plan's limits are what counts. */
static void other_limits(void)
{
    const struct plan strict = {.steal_limit = .05, .others_limit = .1};
    const struct plan lenient = {.error_limit = 1, .steal_limit = .5, .others_limit = .5};
    check(&(struct row){.what = "one error where none is allowed",
                        .steal = .2,
                        .errors = 1},
          &strict);
    check(&(struct row){.what = "no error", .spoilt = true, .steal = .2}, &strict);
    check(&(struct row){.what = "errors where all are allowed",
                        .spoilt = true,
                        .steal = .6,
                        .errors = 999},
          &lenient);
    check(&(struct row){.what = "steal that is allowed", .steal = .5}, &lenient);
    check(&(struct row){.what = "others that are allowed", .others = .5}, &lenient);
}

/* A run too short for a p99 is late when its largest lag is. */
static void short_run(void)
{
    const struct plan plan = {.error_limit = .01, .steal_limit = .05, .others_limit = .1};
    struct trial trial = trial_of(&(struct row){.what = ""});
    trial.load.lag.p[LOAD_P99] = (double)NAN;
    trial.load.lag.max = 1e6;
    TAP_OK(!trial_is_spoilt(&trial, &plan), "a short run, just within the limit");
    trial.load.lag.max = 1.1e6;
    TAP_OK(trial_is_spoilt(&trial, &plan), "a short run, late");
}

int main(void)
{
    const struct plan usual = {
        .error_limit = .01, .steal_limit = .05, .others_limit = .1};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i], &usual);
    other_limits();
    short_run();
    return tap_done();
}
