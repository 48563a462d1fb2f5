#include "result/members.h"
#include "result/observed_set.h"

#include <math.h>
#include <string.h>

enum { DIGITS = 9 };

static json_t *bound_to_json(double bound)
{
    if (isinf(bound))
        return json_string(bound > 0 ? "+Inf" : "-Inf");
    return member_of_rounded(bound, DIGITS);
}

static json_t *quantile_to_json(const struct observed *observed, int i)
{
    const struct bucket_quantile *found = &observed->quantiles[i];
    json_t *json = json_object();
    member_put(json, "quantile", json_real(observed_quantiles[i]));
    member_put(json, "value_s", member_of_rounded(found->value, DIGITS));
    if (!isnan(found->value) && !observed->rolling) {
        member_put(json, "above_s", bound_to_json(found->low));
        member_put(json, "at_most_s", bound_to_json(found->high));
    }
    return json;
}

static json_t *more_to_json(const struct observed *observed)
{
    json_t *array = json_array();
    for (int i = 0; i < observed->more_count; i++) {
        const struct observed_more *more = &observed->more[i];
        json_t *json = json_object();
        member_put(json, "name", member_of_text(more->name));
        member_put(json, "per_second", json_boolean(more->is_rate));
        member_put(json, "value", bound_to_json(more->value));
        json_array_append_new(array, json);
    }
    return array;
}

json_t *observed_window_to_json(const struct observed *observed)
{
    json_t *json = json_object(), *quantiles = json_array(), *metrics = json_object();
    member_put(json, "seconds", member_of_rounded(observed->window_s, DIGITS));
    member_put(json, "requests", member_of_number(observed->requests));
    for (int row = 0; row < OBSERVED_ROWS; row++) {
        if (row >= OBSERVED_P50 && row <= OBSERVED_P999)
            continue;
        member_put(json, observed_row_key((enum observed_row)row),
                   bound_to_json(observed_value(observed, (enum observed_row)row)));
    }
    for (int i = 0; i < OBSERVED_QUANTILES; i++)
        json_array_append_new(quantiles, quantile_to_json(observed, i));
    member_put(json, "quantiles", quantiles);
    member_put(json, "rolling", json_boolean(observed->rolling));
    member_put(json, "reset", json_boolean(observed->restarted));
    for (int kind = 0; kind < OBSERVED_KINDS; kind++)
        member_put(metrics, observed_kind_name((enum observed_kind)kind),
                   observed->names[kind][0] ? member_of_text(observed->names[kind])
                                            : json_null());
    member_put(json, "metrics", metrics);
    member_put(json, "more", more_to_json(observed));
    member_put(json, "notes",
               member_of_texts(observed->notes[0], sizeof(observed->notes[0]),
                               observed->note_count));
    return json;
}

static double read_bound(const struct members *from, const char *key)
{
    char text[8] = "";
    if (!members_has(from, key))
        return (double)NAN;
    if (!json_is_string(json_object_get(from->object, key)))
        return members_number_or_null(from, key);
    members_text(from, key, text, sizeof(text));
    return strcmp(text, "-Inf") == 0 ? -(double)INFINITY : (double)INFINITY;
}

static void read_quantiles(const struct members *from, struct observed *out)
{
    size_t count = json_array_size(members_array(from, "quantiles"));
    if (!from->fault->failed && count != OBSERVED_QUANTILES)
        members_complain(from, "quantiles", "does not hold four quantiles");
    for (int i = 0; i < OBSERVED_QUANTILES && !from->fault->failed; i++) {
        struct members one = members_item(from, "quantiles", i);
        struct bucket_quantile *to = &out->quantiles[i];
        to->value = members_number_or_null(&one, "value_s");
        to->low = read_bound(&one, "above_s");
        to->high = read_bound(&one, "at_most_s");
    }
}

static void read_more(const struct members *from, struct observed *out)
{
    size_t count = json_array_size(members_array(from, "more"));
    if (!from->fault->failed && count > OBSERVED_MORE_MAX)
        members_complain(from, "more", "holds too many metrics");
    for (size_t i = 0; i < count && !from->fault->failed; i++) {
        struct members one = members_item(from, "more", (int)i);
        struct observed_more *more = &out->more[out->more_count++];
        members_text(&one, "name", more->name, sizeof(more->name));
        more->is_rate = members_flag(&one, "per_second");
        more->value = read_bound(&one, "value");
    }
}

void observed_window_read(const struct members *from, struct observed *out)
{
    *out = (struct observed){.window_s = members_number(from, "seconds")};
    out->requests = members_number_or_null(from, "requests");
    out->rate = read_bound(from, "rate");
    out->error_share = read_bound(from, "error_share");
    out->mean_s = read_bound(from, "mean_s");
    out->cpu = read_bound(from, "cpus");
    out->cpu_us = read_bound(from, "cpu_us_per_request");
    out->resident_bytes = read_bound(from, "resident_bytes");
    out->files = read_bound(from, "open_files");
    out->tasks = read_bound(from, "tasks");
    out->gc_pauses = read_bound(from, "gc_pauses");
    out->gc_s = read_bound(from, "gc_s");
    out->gc_longest_s = read_bound(from, "gc_longest_bound_s");
    out->rolling = members_flag(from, "rolling");
    out->restarted = members_flag(from, "reset");
    read_quantiles(from, out);
    read_more(from, out);
    struct members metrics = members_child(from, "metrics");
    for (int kind = 0; kind < OBSERVED_KINDS; kind++) {
        const char *key = observed_kind_name((enum observed_kind)kind);
        if (members_has(&metrics, key))
            members_text(&metrics, key, out->names[kind], sizeof(out->names[kind]));
    }
    out->note_count = members_texts(from, "notes", out->notes[0], sizeof(out->notes[0]),
                                    OBSERVED_NOTES_MAX);
}

static json_t *row_to_json(const struct observed_set *set, int service,
                           enum observed_row row)
{
    struct interval ci95;
    json_t *json = json_object();
    double ratio = observed_ratio(set, service, row, &ci95);
    member_put(json, "median", bound_to_json(observed_median(set, service, row)));
    if (service == 0)
        return json;
    member_put(json, "ratio", member_of_rounded(ratio, DIGITS));
    json_t *interval = json_null();
    if (isfinite(ci95.low) && isfinite(ci95.high)) {
        interval = json_array();
        json_array_append_new(interval, member_of_rounded(ci95.low, DIGITS));
        json_array_append_new(interval, member_of_rounded(ci95.high, DIGITS));
    }
    member_put(json, "ci95", interval);
    return json;
}

static json_t *service_to_json(const struct observed_set *set, int service)
{
    json_t *json = json_object(), *windows = json_array(), *figures = json_object();
    member_put(json, "url", member_of_text(set->urls[service]));
    for (int row = 0; row < OBSERVED_ROWS; row++)
        member_put(figures, observed_row_key((enum observed_row)row),
                   row_to_json(set, service, (enum observed_row)row));
    member_put(json, "figures", figures);
    for (int i = 0; i < set->window_count; i++)
        json_array_append_new(windows, observed_window_to_json(
                                           &set->cells[service * set->window_count + i]));
    member_put(json, "windows", windows);
    return json;
}

json_t *observed_to_json(const struct observed_set *set)
{
    json_t *json = json_object(), *services = json_array();
    member_put(json, "schema", json_string("dragstrip.observed/1"));
    for (int i = 0; i < set->service_count; i++)
        json_array_append_new(services, service_to_json(set, i));
    member_put(json, "services", services);
    return json;
}
