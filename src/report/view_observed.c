#include "report/view_observed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "report/view_parts.h"

#define DASH "–"

static bool is_time(enum observed_row row)
{
    return (row >= OBSERVED_P50 && row <= OBSERVED_MEAN) || row == OBSERVED_GC_TOTAL ||
           row == OBSERVED_GC_LONGEST;
}

static const char *format_value(double value, enum observed_row row,
                                char out[FIGURE_BYTES])
{
    char text[UNITS_TEXT_BYTES];
    if (isnan(value))
        snprintf(out, FIGURE_BYTES, DASH);
    else if (isinf(value))
        snprintf(out, FIGURE_BYTES, value > 0 ? "∞" : "-∞");
    else if (is_time(row))
        snprintf(out, FIGURE_BYTES, "%s",
                 value > 0 ? units_format_duration(value * 1e9, text) : "0");
    else if (row == OBSERVED_RATE)
        figure_rate(value, out);
    else if (row == OBSERVED_ERRORS)
        figure_share(value, out);
    else if (row == OBSERVED_CPU_US)
        snprintf(out, FIGURE_BYTES, "%s", units_format_duration(value * 1e3, text));
    else if (row == OBSERVED_MEMORY)
        snprintf(out, FIGURE_BYTES, "%s", units_format_size(value, text));
    else
        snprintf(out, FIGURE_BYTES, "%.3g", value);
    return out;
}

/* "8.31 ms (5.00 ms to 10.0 ms)": all that the buckets tell. */
static void set_value(const struct observed_set *set, int service, enum observed_row row,
                      char out[FIGURE_BYTES])
{
    double low, high;
    char value[FIGURE_BYTES], from[FIGURE_BYTES], to[FIGURE_BYTES];
    format_value(observed_median(set, service, row), row, value);
    if (observed_bounds(set, service, row, &low, &high))
        snprintf(out, FIGURE_BYTES, "%.15s (%.12s to %.12s)", value,
                 format_value(low, row, from), format_value(high, row, to));
    else
        snprintf(out, FIGURE_BYTES, "%s", value);
}

static void set_difference(const struct observed_set *set, int service,
                           enum observed_row row, struct view_difference *out)
{
    struct interval ci95;
    double ratio = observed_ratio(set, service, row, &ci95);
    if (isnan(ratio))
        snprintf(out->ratio, FIGURE_BYTES, DASH);
    else
        figure_difference(ratio, ci95, out->ratio);
    snprintf(out->verdict, FIGURE_BYTES, "not judged");
}

/* Of no service is anything known: such a row says nothing. */
static bool is_known(const struct observed_set *set, enum observed_row row)
{
    for (int service = 0; service < set->service_count; service++) {
        if (!isnan(observed_median(set, service, row)))
            return true;
    }
    return false;
}

static void add_row(struct view *view, const struct observed_set *set,
                    enum observed_row row)
{
    struct view_row *out = &view->rows[view->row_count++];
    out->label = observed_row_label(row);
    for (int service = 0; service < set->service_count; service++) {
        set_value(set, service, row, out->values[service]);
        if (service > 0)
            set_difference(set, service, row, &out->differences[service - 1]);
    }
}

static bool said_before(const struct observed *cells, int count, const char *text)
{
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < cells[i].note_count; j++) {
            if (strcmp(cells[i].notes[j], text) == 0)
                return true;
        }
    }
    return false;
}

/* Each sentence once a service, in whatever window it was said first. */
static void add_notes(struct view *view, const struct observed_set *set, int service)
{
    const struct observed *cells = &set->cells[service * set->window_count];
    for (int window = 0; window < set->window_count; window++) {
        for (int i = 0; i < cells[window].note_count; i++) {
            if (!said_before(cells, window, cells[window].notes[i]))
                lines_add(&view->doubts, "%s: %s.", set->names[service],
                          cells[window].notes[i]);
        }
    }
}

/* "p99 from http_request_duration_seconds": what the figures are made of. */
static void add_names(struct view *view, const struct observed_set *set, int service)
{
    const struct observed *last =
        &set->cells[service * set->window_count + set->window_count - 1];
    struct buf text;
    buf_init(&text, 4096);
    for (int kind = 0; kind < OBSERVED_KINDS; kind++)
        buf_format(&text, "%s%s %s", kind > 0 ? ", " : "",
                   observed_kind_name((enum observed_kind)kind),
                   last->names[kind][0] ? last->names[kind] : "none");
    lines_add(&view->facts, "%s: %s", set->urls[service], buf_text(&text));
    buf_fini(&text);
}

void view_init_observed(struct view *view, const struct observed_set *set)
{
    *view = (struct view){
        .title = mem_copy_text("running services, by their own metrics"),
        .setting = mem_format("%d window%s of %.3g s", set->window_count,
                              set->window_count > 1 ? "s" : "", set->cells[0].window_s),
        .column_count = set->service_count};
    if (set->service_count > 1)
        lines_add(
            &view->doubts,
            "Each service had the load that it happened to have: differences may be "
            "the loads'. For a verdict race them.");
    for (int service = 0; service < set->service_count; service++) {
        view->columns[service] = set->names[service];
        add_notes(view, set, service);
        add_names(view, set, service);
    }
    for (int row = 0; row < OBSERVED_ROWS; row++) {
        if (is_known(set, (enum observed_row)row))
            add_row(view, set, (enum observed_row)row);
    }
    view->legend = mem_format(
        "Quantiles as histogram_quantile of Prometheus computes them; in brackets the "
        "bounds of the bucket: no more is known. %s.",
        set->window_count > 1
            ? "Medians over the windows; ratios to the first service by window "
              "(Hodges-Lehmann, 95% interval of the signed rank)"
            : "Ratios are to the first service");
}
