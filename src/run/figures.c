#include "run/figures.h"

#include <assert.h>
#include <math.h>

#include "base/clock.h"
#include "result/load_result.h"
#include "result/members.h"

const double figures_bounds_s[FIGURES_BOUNDS] = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3,
                                                 2e-3, 5e-3, .01,  .02,  .05,  .1,   .2,
                                                 .5,   1,    2,    5,    10};

static_assert((int)TALLY_ERRORS == (int)LOAD_ERROR_KINDS, "they share their names");

/* Errors that are answers all the same. */
static uint64_t answered(const struct books_passed *passed)
{
    return passed->ok + passed->errors[TALLY_STATUS] + passed->errors[TALLY_BODY];
}

void figures_of_rest(const struct load_second *rest, struct figures *out)
{
    int64_t bounds_ns[FIGURES_BOUNDS];
    const struct books_passed *passed = &rest->passed;
    *out = (struct figures){
        .due = rest->due, .ok = passed->ok, .sum_ns = passed->latency.sum_ns};
    for (int i = 0; i < TALLY_ERRORS; i++)
        out->errors[i] = passed->errors[i];
    for (int i = 0; i < FIGURES_BOUNDS; i++)
        bounds_ns[i] = llround(figures_bounds_s[i] * 1e9);
    hist_counts_up_to(&passed->latency, bounds_ns, FIGURES_BOUNDS, out->within);
}

void figures_of_second(const struct load_second *second, struct figures *out)
{
    double seconds = (double)second->length_ns / (double)NS_PER_S;
    figures_of_rest(second, out);
    out->has_now = true;
    out->now = (struct figures_now){
        .lag_max_ns = second->lag_max_ns,
        .in_flight = second->in_flight,
        .queued = second->queued,
        .answered_rate = seconds > 0 ? (double)answered(&second->passed) / seconds : 0};
}

void figures_add(struct figures *sum, const struct figures *later)
{
    sum->due += later->due;
    sum->ok += later->ok;
    for (int i = 0; i < TALLY_ERRORS; i++)
        sum->errors[i] += later->errors[i];
    for (int i = 0; i < FIGURES_BOUNDS; i++)
        sum->within[i] += later->within[i];
    sum->sum_ns += later->sum_ns;
    if (later->has_now) {
        sum->has_now = true;
        sum->now = later->now;
    }
}

uint64_t figures_ended(const struct figures *figures)
{
    uint64_t sum = figures->ok;
    for (int i = 0; i < TALLY_ERRORS; i++)
        sum += figures->errors[i];
    return sum;
}

/* ---- JSON ---- */

static json_t *now_to_json(const struct figures_now *now)
{
    json_t *json = json_object();
    member_put(json, "lag_max_ns", json_integer(now->lag_max_ns));
    member_put(json, "in_flight", member_of_u64(now->in_flight));
    member_put(json, "queued", member_of_u64(now->queued));
    member_put(json, "answered_rate", member_of_number(now->answered_rate));
    return json;
}

static void read_now(const struct members *from, struct figures_now *out)
{
    struct members now = members_child(from, "now");
    out->lag_max_ns = members_integer(&now, "lag_max_ns", 0, INT64_MAX);
    out->in_flight = members_u64(&now, "in_flight");
    out->queued = members_u64(&now, "queued");
    out->answered_rate = members_number(&now, "answered_rate");
}

static json_t *within_to_json(const struct figures *figures)
{
    json_t *array = json_array();
    for (int i = 0; i < FIGURES_BOUNDS; i++)
        json_array_append_new(array, member_of_u64(figures->within[i]));
    return array;
}

static void read_within(const struct members *from, struct figures *out)
{
    const json_t *array = members_array(from, "within");
    if (array && json_array_size(array) != FIGURES_BOUNDS)
        members_complain(from, "within", "has another number of bounds");
    for (int i = 0; i < FIGURES_BOUNDS; i++) {
        const json_t *count = json_array_get(array, (size_t)i);
        if (!json_is_integer(count))
            members_complain(from, "within", "holds something that is no count");
        out->within[i] = (uint64_t)json_integer_value(count);
    }
}

/* The sum is of whole nanoseconds: as an integer it keeps every digit. */
json_t *figures_to_json(const struct figures *figures, int64_t line)
{
    json_t *json = json_object(), *errors = json_object();
    for (int i = 0; i < TALLY_ERRORS; i++)
        member_put(errors, load_error_names[i], member_of_u64(figures->errors[i]));
    member_put(json, "line", json_integer(line));
    member_put(json, "due", member_of_u64(figures->due));
    member_put(json, "ok", member_of_u64(figures->ok));
    member_put(json, "errors", errors);
    member_put(json, "within", within_to_json(figures));
    member_put(json, "sum_ns", json_integer(llround(figures->sum_ns)));
    if (figures->has_now)
        member_put(json, "now", now_to_json(&figures->now));
    return json;
}

bool figures_from_json(const json_t *json, int64_t line, struct figures *out,
                       struct error *err)
{
    struct members_fault fault = {err, false};
    struct members root = members_root(json, "figures", &fault);
    struct members errors = members_child(&root, "errors");
    struct figures figures = {.due = members_u64(&root, "due"),
                              .ok = members_u64(&root, "ok")};
    int64_t number = members_integer(&root, "line", 1, INT64_MAX);
    for (int i = 0; i < TALLY_ERRORS; i++)
        figures.errors[i] = members_u64(&errors, load_error_names[i]);
    read_within(&root, &figures);
    figures.sum_ns = (double)members_integer(&root, "sum_ns", 0, INT64_MAX);
    figures.has_now = members_has(&root, "now");
    if (figures.has_now)
        read_now(&root, &figures.now);
    if (!fault.failed && number != line)
        return error_set(err, "line %lld of the live figures came where %lld is next",
                         (long long)number, (long long)line);
    if (!fault.failed)
        *out = figures;
    return !fault.failed;
}
