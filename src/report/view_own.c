/*
 * What the services' own metrics say of the measured time, beside what the client saw:
 * the gap between both is the way and the wait before a service begins to count.
 */
#include <math.h>

#include "base/mem.h"
#include "base/units.h"
#include "report/view_parts.h"
#include "result/observed_set.h"
#include "stats/robust.h"

/* The trials of a service that have such a page, as windows of one service. */
static int collect(const struct result *result, int service, struct observed *out)
{
    int count = 0;
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (trial->service == service && trial->own && trial->outcome == TRIAL_OK &&
            !trial->superseded)
            out[count++] = *trial->own;
    }
    return count;
}

static const char *time_of(double seconds, char out[UNITS_TEXT_BYTES])
{
    if (seconds > 0 && !isinf(seconds))
        return units_format_duration(seconds * 1e9, out);
    return seconds > 0 ? "more than the last bound" : "0";
}

static void add_quantile(const struct observed_set *set, enum observed_row row,
                         double client_ns, struct buf *text)
{
    char value[UNITS_TEXT_BYTES], from[UNITS_TEXT_BYTES], to[UNITS_TEXT_BYTES],
        client[UNITS_TEXT_BYTES];
    double low, high;
    if (!observed_bounds(set, 0, row, &low, &high))
        return;
    buf_format(text, "%s%s %s (%s to %s)", text->len ? "; " : "", observed_row_label(row),
               time_of(observed_median(set, 0, row), value), time_of(low, from),
               time_of(high, to));
    if (isfinite(client_ns))
        buf_format(text, ", the client's %s", units_format_duration(client_ns, client));
}

static void add_gc(const struct observed_set *set, struct buf *text)
{
    char total[UNITS_TEXT_BYTES], longest[UNITS_TEXT_BYTES];
    double pauses = observed_median(set, 0, OBSERVED_GC_PAUSES);
    double bound = observed_median(set, 0, OBSERVED_GC_LONGEST);
    if (isnan(pauses))
        return;
    buf_format(text, "%sGC %.4g pauses, %s in all", text->len ? "; " : "", pauses,
               time_of(observed_median(set, 0, OBSERVED_GC_TOTAL), total));
    if (pauses > 0 && isinf(bound))
        buf_add_text(text, ", the longest beyond the last bound");
    else if (pauses > 0 && !isnan(bound))
        buf_format(text, ", none longer than %s", time_of(bound, longest));
}

/* Beside what /proc says of the same processes. */
static void add_cpu(const struct observed_set *set, double proc_us, struct buf *text)
{
    char own[UNITS_TEXT_BYTES], proc[UNITS_TEXT_BYTES];
    double own_us = observed_median(set, 0, OBSERVED_CPU_US);
    if (isnan(own_us))
        return;
    buf_format(text, "%sCPU %s a request", text->len ? "; " : "",
               units_format_duration(own_us * 1e3, own));
    if (isfinite(proc_us))
        buf_format(text, ", by /proc %s", units_format_duration(proc_us * 1e3, proc));
}

/* Further ones that the plan names: medians over the trials. */
static void add_more(const struct observed *windows, int count, struct buf *text)
{
    for (int i = 0; count > 0 && i < windows[0].more_count; i++) {
        double values[SIGNED_RANK_MAX];
        size_t known = 0;
        char value[UNITS_TEXT_BYTES];
        for (int window = 0; window < count; window++) {
            if (i < windows[window].more_count && !isnan(windows[window].more[i].value))
                values[known++] = windows[window].more[i].value;
        }
        if (known > 0)
            buf_format(text, "%s%s %s%s", text->len ? "; " : "", windows[0].more[i].name,
                       units_format_count(robust_median(values, known), value),
                       windows[0].more[i].is_rate ? "/s" : "");
    }
}

static void add_service(struct view *view, const struct result *result, int service,
                        const struct cell_value *cells, struct observed *windows)
{
    struct buf text;
    struct observed_set set = {.service_count = 1,
                               .window_count = collect(result, service, windows),
                               .cells = windows};
    if (set.window_count == 0)
        return;
    buf_init(&text, 4096);
    add_quantile(&set, OBSERVED_P50, cells[METRIC_P50].median, &text);
    add_quantile(&set, OBSERVED_P99, cells[METRIC_P99].median, &text);
    add_gc(&set, &text);
    add_cpu(&set, cells[METRIC_CPU].median, &text);
    add_more(windows, set.window_count, &text);
    if (text.len > 0)
        lines_add(&view->own, "%s: %s", result->services[service].name, buf_text(&text));
    buf_fini(&text);
}

/* Why a page that the plan names was not read, once a service. */
static void add_why(struct view *view, const struct result *result, int service)
{
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (trial->service == service && trial->own_why && trial->own_why[0]) {
            lines_add(&view->own, "%s: its metrics page could not be read: %s",
                      result->services[service].name, trial->own_why);
            return;
        }
    }
}

void view_add_own(struct view *view, const struct result *result,
                  const struct comparisons *comparisons)
{
    struct observed *windows = mem_new((size_t)result->trial_count + 1, sizeof(*windows));
    for (int i = 0; i < view->column_count; i++) {
        int service = view->services[i];
        add_service(view, result, service, &comparisons->cells[service * METRICS],
                    windows);
        add_why(view, result, service);
    }
    mem_free(windows);
}
