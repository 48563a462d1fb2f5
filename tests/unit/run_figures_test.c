/*
 * The figures of a second: taken from what the generator counted, summed, and there and
 * back through JSON text, with every member broken once.
 */
#include "run/figures.h"

#include <stdlib.h>

#include "base/clock.h"
#include "faults.h"
#include "result/load_result.h"

/* Latencies at, above and below bounds, and errors of each kind: 1 of the first, 2 of the
 * second … */
static struct load_second full_second(void)
{
    struct load_second second = {.number = -2,
                                 .length_ns = 2 * NS_PER_S,
                                 .due = 100,
                                 .lag_max_ns = 12345,
                                 .in_flight = 3,
                                 .queued = 4};
    books_passed_init(&second.passed);
    static const int64_t latencies_ns[] = {9000,    10000,      15000,      1900000,
                                           2100000, 9999999999, 20000000000};
    for (size_t i = 0; i < sizeof(latencies_ns) / sizeof(latencies_ns[0]); i++) {
        hist_record(&second.passed.latency, latencies_ns[i]);
        second.passed.ok++;
    }
    for (int kind = 0; kind < TALLY_ERRORS; kind++) {
        for (int i = 0; i <= kind; i++)
            hist_record_infinite(&second.passed.latency);
        second.passed.errors[kind] = (uint64_t)kind + 1;
    }
    return second;
}

enum { ALL_ERRORS = TALLY_ERRORS * (TALLY_ERRORS + 1) / 2 };

static struct figures full_figures(void)
{
    struct figures figures;
    struct load_second second = full_second();
    figures_of_second(&second, &figures);
    books_passed_fini(&second.passed);
    return figures;
}

static uint64_t within(const struct figures *figures, double bound_s)
{
    int at = 0;
    while (at < FIGURES_BOUNDS && figures_bounds_s[at] < bound_s)
        at++;
    return at < FIGURES_BOUNDS && figures_bounds_s[at] == bound_s ? figures->within[at]
                                                                  : UINT64_MAX;
}

static void of_a_second(void)
{
    struct figures figures = full_figures();
    TAP_INT(figures.due, 100, "due");
    TAP_INT(figures.ok, 7, "ok");
    TAP_INT(figures.errors[TALLY_UNSENT], 7, "the last kind of error");
    TAP_INT(figures_ended(&figures), 7 + ALL_ERRORS, "ended: good and bad");
    TAP_INT(hist_index(9000) < hist_index(10000), 1, "two buckets");
    TAP_INT(within(&figures, 1e-5), 2, "up to 10 us: at the bound, too");
    TAP_INT(within(&figures, 2e-5), 3, "up to 20 us");
    TAP_INT(within(&figures, 1e-3), 3, "up to 1 ms");
    TAP_INT(within(&figures, 2e-3), 4, "up to 2 ms");
    TAP_INT(within(&figures, 5e-3), 5, "up to 5 ms");
    TAP_INT(within(&figures, 10), 6, "up to 10 s: one is above all bounds");
    TAP_NEAR(figures.sum_ns, 30004033999.0, .5, "the sum is exact");
    TAP_OK(figures.has_now, "how things stand");
    TAP_INT(figures.now.lag_max_ns, 12345, "lag");
    TAP_INT(figures.now.in_flight, 3, "in flight");
    TAP_INT(figures.now.queued, 4, "queued");
    /* Good ones, wrong statuses and wrong bodies are answers. */
    TAP_NEAR(figures.now.answered_rate, (7 + (TALLY_STATUS + 1) + (TALLY_BODY + 1)) / 2.0,
             1e-12, "answers a second, over two seconds");
}

static void of_a_rest(void)
{
    struct figures figures;
    struct load_second rest = full_second();
    figures_of_rest(&rest, &figures);
    TAP_OK(!figures.has_now, "a rest says nothing of now");
    TAP_INT(figures_ended(&figures), 7 + ALL_ERRORS, "… but what passed");
    rest.length_ns = 0;
    figures_of_second(&rest, &figures);
    TAP_OK(figures.now.answered_rate == 0, "no time, no rate");
    books_passed_fini(&rest.passed);
}

static void sums(void)
{
    struct figures sum = {.due = 0}, more = full_figures(), rest = full_figures();
    figures_add(&sum, &more);
    more.now.in_flight = 50;
    figures_add(&sum, &more);
    rest.has_now = false;
    rest.now.in_flight = 60;
    figures_add(&sum, &rest);
    TAP_INT(sum.due, 300, "due adds up");
    TAP_INT(sum.ok, 21, "ok");
    TAP_INT(sum.errors[0], 3, "errors");
    TAP_INT(within(&sum, 10), 18, "latencies");
    TAP_NEAR(sum.sum_ns, 3 * 30004033999.0, 1.5, "their sum");
    TAP_OK(sum.has_now && sum.now.in_flight == 50, "now is the latest that says so");
}

/* ---- JSON ---- */

static json_t *through_text(const struct figures *figures, int64_t line)
{
    json_error_t why;
    json_t *json = figures_to_json(figures, line);
    char *text = json_dumps(json, JSON_COMPACT | LOAD_JSON_DIGITS);
    json_t *parsed = json_loads(text, 0, &why);
    TAP_OK(parsed != NULL && !strchr(text, '\n'), "one line of JSON");
    free(text);
    json_decref(json);
    return parsed;
}

static void check_round_trip(const struct figures *figures, const char *what)
{
    struct figures back;
    struct error err = {""};
    memset(&back, 0x5a, sizeof(back));
    json_t *json = through_text(figures, 7);
    TAP_OK(figures_from_json(json, 7, &back, &err), "%s: read back%s", what, err.text);
    TAP_OK(back.due == figures->due && back.ok == figures->ok &&
               memcmp(back.errors, figures->errors, sizeof(back.errors)) == 0,
           "%s: counts", what);
    TAP_OK(memcmp(back.within, figures->within, sizeof(back.within)) == 0 &&
               back.sum_ns == figures->sum_ns,
           "%s: latencies and their sum to the last digit", what);
    TAP_OK(back.has_now == figures->has_now &&
               back.now.lag_max_ns == figures->now.lag_max_ns &&
               back.now.in_flight == figures->now.in_flight &&
               back.now.queued == figures->now.queued &&
               back.now.answered_rate == figures->now.answered_rate,
           "%s: now", what);
    json_decref(json);
}

static void round_trips(void)
{
    struct figures figures = full_figures(), nothing = {.due = 0};
    check_round_trip(&figures, "full");
    check_round_trip(&nothing, "nothing");
    figures.sum_ns = 9007199254740991.0;
    figures.due = INT64_MAX;
    check_round_trip(&figures, "large");
}

static bool reads(const json_t *json, struct error *err)
{
    struct figures figures, untouched;
    memset(&figures, 0x5a, sizeof(figures));
    memset(&untouched, 0x5a, sizeof(untouched));
    bool good = figures_from_json(json, 7, &figures, err);
    return good || memcmp(&figures, &untouched, sizeof(figures)) != 0;
}

static void members(void)
{
    static const char *const optional[] = {"now", NULL};
    struct figures figures = full_figures();
    json_t *json = through_text(&figures, 7);
    struct faults faults = {json, reads, optional, 0, 0};
    faults_walk(&faults, json, "");
    TAP_INT(faults.tried, 2 * (6 + TALLY_ERRORS + 4), "members left out, and mistyped");
    TAP_INT(faults.missed, 0, "… each refused by a sentence with its name");
    json_decref(json);
}

static void check_refused(const char *member, json_t *value, const char *words)
{
    struct error err = {""};
    struct figures figures = full_figures();
    json_t *json = through_text(&figures, 7);
    json_object_set_new(json, member, value);
    TAP_OK(!reads(json, &err) && strstr(err.text, words), "%s: %s", member, err.text);
    json_decref(json);
}

static void meaningless(void)
{
    check_refused("line", json_integer(8), "line 8 of the live figures came where 7 is");
    check_refused("line", json_integer(6), "line 6 of the live figures came where 7 is");
    check_refused("line", json_integer(0), "line");
    check_refused("within", json_pack("[i,i]", 1, 2), "within has another number");
    check_refused("sum_ns", json_integer(-1), "sum_ns");
    check_refused("now", json_true(), "now");
}

int main(void)
{
    of_a_second();
    of_a_rest();
    sums();
    round_trips();
    members();
    meaningless();
    return tap_done();
}
