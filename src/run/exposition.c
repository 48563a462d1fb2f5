#include "run/exposition.h"

#include <math.h>

#include "result/load_result.h"

struct page { /* that is being written */
    const struct exposition *exposition;
    enum exposition_format format;
    struct buf *out;
};

const char *exposition_type(enum exposition_format format)
{
    return format == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

static void family(const struct page *page, const char *name, const char *type,
                   const char *help)
{
    buf_format(page->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A family whose samples end in what OpenMetrics leaves out of its name. */
static void suffixed(const struct page *page, const char *name, const char *suffix,
                     const char *type, const char *help)
{
    char full[64];
    const char *end = page->format == EXPOSITION_OPENMETRICS ? "" : suffix;
    snprintf(full, sizeof(full), "%s%s", name, end);
    family(page, full, type, help);
}

/* The label's value: backslash, quote and line end are escaped (both formats). */
static void add_label(struct buf *out, const char *name, const char *value)
{
    buf_add_text(out, name);
    buf_add_text(out, "=\"");
    for (const char *at = value; *at;) {
        size_t plain = strcspn(at, "\\\"\n");
        buf_add(out, (struct str){at, plain});
        at += plain;
        if (*at != '\0')
            buf_format(out, "\\%c", *at == '\n' ? 'n' : *at);
        at += *at != '\0';
    }
    buf_add_text(out, "\"");
}

/* more: further labels with their leading comma, or "". */
static void sample(const struct page *page, const struct exposition_series *series,
                   const char *name, const char *more, double value)
{
    buf_format(page->out, "%s{", name);
    if (series->service) {
        add_label(page->out, "service", series->service);
        buf_add_text(page->out, ",");
    }
    add_label(page->out, "target", series->target);
    buf_format(page->out, "%s} %.17g\n", more, value);
}

/* One sample of each series. */
static void samples(const struct page *page, const char *name,
                    double (*value)(const struct exposition_series *series))
{
    for (int i = 0; i < page->exposition->count; i++) {
        const struct exposition_series *series = &page->exposition->series[i];
        if (!isnan(value(series)))
            sample(page, series, name, "", value(series));
    }
}

/* ---- what passed ---- */

static double due_of(const struct exposition_series *series)
{
    return (double)series->sum.due;
}

static double ok_of(const struct exposition_series *series)
{
    return (double)series->sum.ok;
}

static void write_errors(const struct page *page)
{
    char kind[32];
    suffixed(page, "dragstrip_errors", "_total", "counter",
             "Requests that ended in an error, by kind.");
    for (int at = 0; at < page->exposition->count; at++) {
        const struct exposition_series *series = &page->exposition->series[at];
        for (int i = 0; i < TALLY_ERRORS; i++) {
            snprintf(kind, sizeof(kind), ",kind=\"%s\"", load_error_names[i]);
            sample(page, series, "dragstrip_errors_total", kind,
                   (double)series->sum.errors[i]);
        }
    }
}

/* In OpenMetrics a bound shows that it is no integer (its "Considerations: Canonical
 * Numbers"). */
static void write_latency_of(const struct page *page,
                             const struct exposition_series *series)
{
    char number[16], label[32];
    double total = (double)figures_ended(&series->sum);
    bool fraction = page->format == EXPOSITION_OPENMETRICS;
    for (int i = 0; i < FIGURES_BOUNDS; i++) {
        snprintf(number, sizeof(number), "%g", figures_bounds_s[i]);
        const char *end = fraction && !strpbrk(number, ".e") ? ".0" : "";
        snprintf(label, sizeof(label), ",le=\"%s%s\"", number, end);
        sample(page, series, "dragstrip_latency_seconds_bucket", label,
               (double)series->sum.within[i]);
    }
    sample(page, series, "dragstrip_latency_seconds_bucket", ",le=\"+Inf\"", total);
    sample(page, series, "dragstrip_latency_seconds_sum", "", series->sum.sum_ns / 1e9);
    sample(page, series, "dragstrip_latency_seconds_count", "", total);
}

static void write_passed(const struct page *page)
{
    suffixed(page, "dragstrip_due", "_total", "counter", "Requests that fell due.");
    samples(page, "dragstrip_due_total", due_of);
    suffixed(page, "dragstrip_ok", "_total", "counter", "Requests with a good answer.");
    samples(page, "dragstrip_ok_total", ok_of);
    write_errors(page);
    family(page, "dragstrip_latency_seconds", "histogram",
           "Time from when a request was due to its whole answer; errors are above all.");
    for (int i = 0; i < page->exposition->count; i++)
        write_latency_of(page, &page->exposition->series[i]);
}

/* ---- how things stand ---- */

static double in_flight_of(const struct exposition_series *series)
{
    return (double)series->sum.now.in_flight;
}

static double queued_of(const struct exposition_series *series)
{
    return (double)series->sum.now.queued;
}

static double lag_of(const struct exposition_series *series)
{
    return (double)series->sum.now.lag_max_ns / 1e9;
}

static double achieved_rate_of(const struct exposition_series *series)
{
    return series->sum.now.answered_rate;
}

static double offered_rate_of(const struct exposition_series *series)
{
    return series->offered_rate;
}

static void write_now(const struct page *page)
{
    family(page, "dragstrip_in_flight", "gauge",
           "Requests sent and not yet answered, as the last second ended.");
    samples(page, "dragstrip_in_flight", in_flight_of);
    family(page, "dragstrip_queued", "gauge",
           "Requests due that wait for a connection, as the last second ended.");
    samples(page, "dragstrip_queued", queued_of);
    family(page, "dragstrip_lag_max_seconds", "gauge",
           "How late the generator was at most in the last second.");
    samples(page, "dragstrip_lag_max_seconds", lag_of);
    family(page, "dragstrip_achieved_rate", "gauge",
           "Answers a second in the last second, of any status.");
    samples(page, "dragstrip_achieved_rate", achieved_rate_of);
}

static void write_offered_rate(const struct page *page)
{
    bool any = false;
    for (int i = 0; i < page->exposition->count; i++)
        any = any || !isnan(page->exposition->series[i].offered_rate);
    if (!any)
        return;
    family(page, "dragstrip_offered_rate", "gauge",
           "Requests a second that the measured time asks for on average.");
    samples(page, "dragstrip_offered_rate", offered_rate_of);
}

/* ---- where a race is ---- */

static void gauge(const struct page *page, const char *name, const char *help, int value)
{
    family(page, name, "gauge", help);
    buf_format(page->out, "%s %d\n", name, value);
}

static void write_trial(const struct page *page, const struct exposition_race *race)
{
    suffixed(page, "dragstrip_trial", "_info",
             page->format == EXPOSITION_OPENMETRICS ? "info" : "gauge",
             "The trial that runs, and how far it is.");
    if (!race->service)
        return;
    buf_add_text(page->out, "dragstrip_trial_info{");
    add_label(page->out, "service", race->service);
    buf_format(page->out, ",block=\"%d\",trial=\"%d\",phase=\"%s\"} 1\n", race->block,
               race->trial, race->phase);
}

static void write_race(const struct page *page, const struct exposition_race *race)
{
    gauge(page, "dragstrip_race_block", "The block that runs, from 1.", race->block);
    gauge(page, "dragstrip_race_blocks", "Blocks that are planned.", race->blocks);
    gauge(page, "dragstrip_race_trial", "The trial that runs, from 1.", race->trial);
    gauge(page, "dragstrip_race_trials", "Trials that are planned.", race->trials);
    write_trial(page, race);
}

void exposition_write(const struct exposition *exposition, enum exposition_format format,
                      struct buf *out)
{
    const struct page page = {exposition, format, out};
    write_passed(&page);
    write_now(&page);
    write_offered_rate(&page);
    if (exposition->race)
        write_race(&page, exposition->race);
    if (format == EXPOSITION_OPENMETRICS)
        buf_add_text(out, "# EOF\n");
}
