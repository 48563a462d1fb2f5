/*
 * The JSON of a load result, both directions. Writer and reader of each group of members
 * stand next to each other, in the same order.
 */
#include "result/load_result_json.h"

#include <math.h>

#include "base/mem.h"
#include "base/units.h"

#define SCHEMA "dragstrip.load/1"

json_t *load_time_to_json(double ns, int64_t above_ns)
{
    char limit[UNITS_TEXT_BYTES];
    if (isinf(ns) && above_ns <= 0)
        return json_string(">timeout");
    if (isinf(ns))
        return json_sprintf(">%s", units_format_floor(above_ns, limit));
    return member_of_number(round(ns * 10) / 10);
}

bool load_time_from_json(const json_t *json, double *out)
{
    if (json_is_null(json))
        *out = (double)NAN;
    else if (json_is_number(json))
        *out = json_number_value(json);
    else if (json_is_string(json) && json_string_value(json)[0] == '>')
        *out = (double)INFINITY;
    else
        return false;
    return true;
}

static json_t *summary_to_json(const struct load_summary *summary, int64_t above_ns,
                               bool with_k_eff)
{
    json_t *json = json_object();
    member_put(json, "count", member_of_u64(summary->count));
    member_put(json, "mean", load_time_to_json(summary->mean, above_ns));
    for (int i = 0; i < LOAD_PERCENTILES; i++)
        member_put(json, load_percentile_names[i],
                   load_time_to_json(summary->p[i], above_ns));
    member_put(json, "max", load_time_to_json(summary->max, above_ns));
    if (with_k_eff) {
        json_t *k_eff = json_object();
        for (int i = 0; i < LOAD_PERCENTILES; i++)
            member_put(k_eff, load_percentile_names[i],
                       member_of_rounded(summary->k_eff[i], 6));
        member_put(json, "k_eff", k_eff);
    }
    member_put(json, "hdr", member_of_text(summary->hdr));
    return json;
}

static void read_summary(const struct members *from, const char *key, bool with_k_eff,
                         struct load_summary *out)
{
    struct members summary = members_child(from, key);
    out->count = members_u64(&summary, "count");
    out->mean = members_time(&summary, "mean");
    for (int i = 0; i < LOAD_PERCENTILES; i++) {
        out->p[i] = members_time(&summary, load_percentile_names[i]);
        out->k_eff[i] = (double)NAN;
    }
    out->max = members_time(&summary, "max");
    if (with_k_eff) {
        struct members k_eff = members_child(&summary, "k_eff");
        for (int i = 0; i < LOAD_PERCENTILES; i++)
            out->k_eff[i] = members_number_or_null(&k_eff, load_percentile_names[i]);
    }
    out->hdr = members_text_or_null(&summary, "hdr");
}

static const char *const mark_names[LOAD_MARKS] = {"start", "middle", "end"};

static json_t *counts_to_json(const struct load_result *result)
{
    json_t *counts = json_object(), *errors = json_object(), *backlog = json_object();
    member_put(counts, "due", member_of_u64(result->due));
    member_put(counts, "sent", member_of_u64(result->sent));
    member_put(counts, "ok", member_of_u64(result->ok));
    for (int kind = 0; kind < LOAD_ERROR_KINDS; kind++)
        member_put(errors, load_error_names[kind], member_of_u64(result->errors[kind]));
    member_put(counts, "errors", errors);
    member_put(counts, "expired_waiting", member_of_u64(result->expired_waiting));
    for (int i = 0; i < LOAD_MARKS; i++)
        member_put(backlog, mark_names[i], member_of_u64(result->backlog[i]));
    member_put(counts, "backlog", backlog);
    member_put(counts, "reconnects", member_of_u64(result->reconnects));
    member_put(counts, "bytes_received", member_of_u64(result->bytes_received));
    return counts;
}

static void read_counts(const struct members *from, struct load_result *out)
{
    struct members counts = members_child(from, "counts");
    out->due = members_u64(&counts, "due");
    out->sent = members_u64(&counts, "sent");
    out->ok = members_u64(&counts, "ok");
    struct members errors = members_child(&counts, "errors");
    for (int kind = 0; kind < LOAD_ERROR_KINDS; kind++)
        out->errors[kind] = members_u64(&errors, load_error_names[kind]);
    out->expired_waiting = members_u64(&counts, "expired_waiting");
    struct members backlog = members_child(&counts, "backlog");
    for (int i = 0; i < LOAD_MARKS; i++)
        out->backlog[i] = members_u64(&backlog, mark_names[i]);
    out->reconnects = members_u64(&counts, "reconnects");
    out->bytes_received = members_u64(&counts, "bytes_received");
}

static json_t *generator_to_json(const struct load_result *result)
{
    json_t *json = json_object();
    member_put(json, "cpu_seconds", member_of_number(result->cpu_seconds));
    member_put(json, "spin_seconds", member_of_number(result->spin_seconds));
    member_put(json, "cpu_share", member_of_number(result->cpu_share));
    member_put(json, "max_rss_bytes", json_integer(result->max_rss_bytes));
    member_put(json, "peak_in_flight", member_of_u64(result->peak_in_flight));
    return json;
}

static void read_generator(const struct members *from, struct load_result *out)
{
    struct members generator = members_child(from, "generator");
    out->cpu_seconds = members_number_or_null(&generator, "cpu_seconds");
    out->spin_seconds = members_number_or_null(&generator, "spin_seconds");
    out->cpu_share = members_number_or_null(&generator, "cpu_share");
    out->max_rss_bytes = members_integer(&generator, "max_rss_bytes", 0, INT64_MAX);
    out->peak_in_flight = members_u64(&generator, "peak_in_flight");
}

static json_t *arrival_check_to_json(const struct load_arrival_check *check)
{
    json_t *json = json_object();
    member_put(json, "gaps", member_of_u64(check->gaps));
    member_put(json, "a2", member_of_rounded(check->a2, 6));
    member_put(json, "p", member_of_rounded(check->p, 6));
    member_put(json, "distance", member_of_rounded(check->distance, 6));
    return json;
}

static void read_arrival_check(const struct members *from, struct load_arrival_check *out)
{
    *out = (struct load_arrival_check){0, (double)NAN, (double)NAN, (double)NAN};
    if (!members_has(from, "arrival_check")) /* a result of version 0.1.0 */
        return;
    struct members check = members_child(from, "arrival_check");
    out->gaps = members_u64(&check, "gaps");
    out->a2 = members_number_or_null(&check, "a2");
    out->p = members_number_or_null(&check, "p");
    out->distance = members_number_or_null(&check, "distance");
}

static json_t *level_to_json(const struct load_level *level)
{
    json_t *json = json_object();
    member_put(json, "cusum", member_of_rounded(level->cusum, 6));
    member_put(json, "kpss", member_of_rounded(level->kpss, 6));
    member_put(json, "moves", json_boolean(level->moves));
    member_put(json, "mser5", member_of_rounded(level->mser5, 6));
    return json;
}

static void read_level(const struct members *from, struct load_level *out)
{
    *out = (struct load_level){(double)NAN, (double)NAN, false, (double)NAN};
    if (!members_has(from, "stationarity")) /* a result of version 0.1.0 */
        return;
    struct members level = members_child(from, "stationarity");
    out->cusum = members_number_or_null(&level, "cusum");
    out->kpss = members_number_or_null(&level, "kpss");
    out->moves = members_flag(&level, "moves");
    out->mser5 = members_number_or_null(&level, "mser5");
}

static json_t *tls_to_json(const struct load_tls *tls)
{
    json_t *json = json_object();
    member_put(json, "version", member_of_text(tls->version));
    member_put(json, "handshakes", member_of_u64(tls->handshakes));
    member_put(json, "resumed", member_of_u64(tls->resumed));
    return json;
}

static void read_tls(const struct members *from, struct load_tls *out)
{
    if (!members_has(from, "tls")) /* a result of version 0.1.0 */
        return;
    struct members tls = members_child(from, "tls");
    out->version = members_text_or_null(&tls, "version");
    out->handshakes = members_u64(&tls, "handshakes");
    out->resumed = members_u64(&tls, "resumed");
}

static json_t *window_object(const struct load_window *window, int64_t above_ns)
{
    json_t *json = json_object();
    member_put(json, "t", json_integer(window->second));
    member_put(json, "ok", member_of_u64(window->ok));
    member_put(json, "errors", member_of_u64(window->errors));
    member_put(json, "p50", load_time_to_json(window->p50, above_ns));
    member_put(json, "p99", load_time_to_json(window->p99, above_ns));
    if (window->hdr)
        member_put(json, "hdr", member_of_text(window->hdr));
    return json;
}

json_t *load_live_to_json(const struct load_live *live)
{
    json_t *json = json_object(), *window = window_object(&live->window, 0);
    member_put(window, "in_flight", member_of_u64(live->in_flight));
    member_put(window, "queued", member_of_u64(live->queued));
    member_put(window, "lag_max", load_time_to_json(live->lag_max, 0));
    member_put(json, "window", window);
    return json;
}

static void read_windows(const struct members *from, struct load_result *out)
{
    if (!members_has(from, "windows"))
        return;
    size_t count = json_array_size(members_array(from, "windows"));
    out->windows = mem_new(count, sizeof(*out->windows));
    out->window_count = count;
    for (size_t i = 0; i < count && !from->fault->failed; i++) {
        struct members window = members_item(from, "windows", (int)i);
        struct load_window *to = &out->windows[i];
        to->second = members_integer(&window, "t", 0, INT64_MAX);
        to->ok = members_u64(&window, "ok");
        to->errors = members_u64(&window, "errors");
        to->p50 = members_time(&window, "p50");
        to->p99 = members_time(&window, "p99");
        if (members_has(&window, "hdr"))
            to->hdr = members_text_or_null(&window, "hdr");
    }
}

/* What was asked for and whether it came about. */
static void put_run(json_t *json, const struct load_result *result)
{
    member_put(json, "schema", json_string(SCHEMA));
    member_put(json, "valid", json_boolean(result->invalid_count == 0));
    member_put(
        json, "invalid",
        member_of_texts(result->invalid[0], LOAD_REASON_BYTES, result->invalid_count));
    member_put(json, "overloaded", json_boolean(result->overloaded));
    member_put(json, "interrupted", json_boolean(result->interrupted));
    member_put(json, "target", member_of_text(result->target));
    member_put(json, "arrivals", member_of_text(result->arrivals));
    member_put(json, "seed", member_of_u64(result->seed));
    member_put(json, "offered_rate", member_of_number(result->offered_rate));
    member_put(json, "achieved_rate", member_of_number(result->achieved_rate));
    member_put(json, "goodput", member_of_number(result->goodput));
    member_put(json, "duration_ns", json_integer(result->duration_ns));
    member_put(json, "timeout_ns", json_integer(result->timeout_ns));
    member_put(json, "errors_above_ns", json_integer(result->errors_above_ns));
    member_put(json, "connections", json_integer(result->connections));
    member_put(json, "threads", json_integer(result->threads));
}

static void read_run(const struct members *from, struct load_result *out)
{
    members_expect(from, "schema", SCHEMA);
    bool valid = members_flag(from, "valid");
    out->invalid_count = members_texts(from, "invalid", out->invalid[0],
                                       LOAD_REASON_BYTES, LOAD_INVALID_MAX);
    if (valid != (out->invalid_count == 0))
        members_complain(from, "valid", "contradicts invalid");
    out->overloaded = members_flag(from, "overloaded");
    out->interrupted = members_flag(from, "interrupted");
    out->target = members_text_or_null(from, "target");
    out->arrivals = members_text_or_null(from, "arrivals");
    out->seed = members_u64(from, "seed");
    out->offered_rate = members_number_or_null(from, "offered_rate");
    out->achieved_rate = members_number_or_null(from, "achieved_rate");
    out->goodput = members_number_or_null(from, "goodput");
    out->duration_ns = members_integer(from, "duration_ns", 0, INT64_MAX);
    out->timeout_ns = members_integer(from, "timeout_ns", 0, INT64_MAX);
    out->errors_above_ns = members_integer(from, "errors_above_ns", 0, INT64_MAX);
    out->connections = (int)members_integer(from, "connections", 0, INT32_MAX);
    out->threads = (int)members_integer(from, "threads", 0, INT32_MAX);
}

json_t *load_result_to_json(const struct load_result *result, bool with_windows)
{
    int64_t above_ns = result->errors_above_ns;
    json_t *json = json_object();
    put_run(json, result);
    member_put(json, "counts", counts_to_json(result));
    member_put(json, "latency", summary_to_json(&result->latency, above_ns, true));
    member_put(json, "service_time",
               summary_to_json(&result->service_time, above_ns, false));
    member_put(json, "wait", summary_to_json(&result->wait, above_ns, false));
    member_put(json, "lag", summary_to_json(&result->lag, above_ns, false));
    member_put(json, "first_byte", summary_to_json(&result->first_byte, above_ns, false));
    member_put(json, "latency_less_lag",
               summary_to_json(&result->less_lag, above_ns, false));
    member_put(json, "arrival_check", arrival_check_to_json(&result->arrival_check));
    member_put(json, "stationarity", level_to_json(&result->level));
    member_put(json, "tls", tls_to_json(&result->tls));
    member_put(json, "generator", generator_to_json(result));
    if (with_windows) {
        json_t *windows = json_array();
        for (size_t i = 0; i < result->window_count; i++)
            json_array_append_new(windows, window_object(&result->windows[i], above_ns));
        member_put(json, "windows", windows);
    }
    return json;
}

void load_result_read(const struct members *from, struct load_result *out)
{
    read_run(from, out);
    read_counts(from, out);
    read_summary(from, "latency", true, &out->latency);
    read_summary(from, "service_time", false, &out->service_time);
    read_summary(from, "wait", false, &out->wait);
    read_summary(from, "lag", false, &out->lag);
    read_summary(from, "first_byte", false, &out->first_byte);
    read_summary(from, "latency_less_lag", false, &out->less_lag);
    read_arrival_check(from, &out->arrival_check);
    read_level(from, &out->level);
    read_tls(from, &out->tls);
    read_generator(from, out);
    read_windows(from, out);
}

bool load_result_from_json(const json_t *json, struct load_result *out, struct error *err)
{
    struct members_fault fault = {err, false};
    struct members root = members_root(json, "load result", &fault);
    struct load_result result = {0};
    load_result_read(&root, &result);
    if (fault.failed) {
        load_result_fini(&result);
        return false;
    }
    *out = result;
    return true;
}
