#include "run/exposition.h"

#include <math.h>

#include "result/load_result.h"

static const double bounds_s[] = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3,
                                  2e-3, 5e-3, .01,  .02,  .05,  .1,   .2,
                                  .5,   1,    2,    5,    10};

enum { BOUNDS = sizeof(bounds_s) / sizeof(bounds_s[0]) };

void exposition_init(struct exposition *exposition, const char *target,
                     double offered_rate)
{
    *exposition = (struct exposition){.target = target, .offered_rate = offered_rate};
    books_passed_init(&exposition->passed);
}

void exposition_fini(struct exposition *exposition)
{
    books_passed_fini(&exposition->passed);
}

void exposition_add(struct exposition *exposition, const struct load_second *second)
{
    hist_merge(&exposition->passed.latency, &second->passed.latency);
    exposition->passed.ok += second->passed.ok;
    for (int i = 0; i < TALLY_ERRORS; i++)
        exposition->passed.errors[i] += second->passed.errors[i];
    exposition->due += second->due;
    exposition->lag_max_ns = second->lag_max_ns;
    exposition->in_flight = second->in_flight;
    exposition->queued = second->queued;
}

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The label's value: backslash, quote and line end are escaped (text format 0.0.4). */
static void add_target(const struct exposition *exposition, struct buf *out)
{
    buf_add_text(out, "target=\"");
    for (const char *at = exposition->target; *at; at++) {
        if (*at == '\n')
            buf_add_text(out, "\\n");
        else
            buf_format(out, *at == '\\' || *at == '"' ? "\\%c" : "%c", *at);
    }
    buf_add_text(out, "\"");
}

/* more: further labels with their leading comma, or "". */
static void sample(const struct exposition *exposition, struct buf *out, const char *name,
                   const char *more, double value)
{
    buf_format(out, "%s{", name);
    add_target(exposition, out);
    buf_format(out, "%s} %.17g\n", more, value);
}

static void counter(const struct exposition *exposition, struct buf *out,
                    const char *name, const char *help, uint64_t value)
{
    family(out, name, "counter", help);
    sample(exposition, out, name, "", (double)value);
}

static void gauge(const struct exposition *exposition, struct buf *out, const char *name,
                  const char *help, double value)
{
    family(out, name, "gauge", help);
    sample(exposition, out, name, "", value);
}

static void write_errors(const struct exposition *exposition, struct buf *out)
{
    char kind[32];
    family(out, "dragstrip_errors_total", "counter",
           "Requests that ended in an error, by kind.");
    for (int i = 0; i < TALLY_ERRORS; i++) {
        snprintf(kind, sizeof(kind), ",kind=\"%s\"", load_error_names[i]);
        sample(exposition, out, "dragstrip_errors_total", kind,
               (double)exposition->passed.errors[i]);
    }
}

static void write_latency(const struct exposition *exposition, struct buf *out)
{
    char bound[32];
    const struct hist *latency = &exposition->passed.latency;
    family(out, "dragstrip_latency_seconds", "histogram",
           "Time from when a request was due to its whole answer; errors are above all.");
    for (int i = 0; i < BOUNDS; i++) {
        snprintf(bound, sizeof(bound), ",le=\"%g\"", bounds_s[i]);
        sample(exposition, out, "dragstrip_latency_seconds_bucket", bound,
               (double)hist_count_up_to(latency, (int64_t)(bounds_s[i] * 1e9)));
    }
    sample(exposition, out, "dragstrip_latency_seconds_bucket", ",le=\"+Inf\"",
           (double)hist_total(latency));
    sample(exposition, out, "dragstrip_latency_seconds_sum", "", latency->sum_ns / 1e9);
    sample(exposition, out, "dragstrip_latency_seconds_count", "",
           (double)hist_total(latency));
}

void exposition_write(const struct exposition *exposition, struct buf *out)
{
    counter(exposition, out, "dragstrip_due_total", "Requests that fell due.",
            exposition->due);
    counter(exposition, out, "dragstrip_ok_total", "Requests with a good answer.",
            exposition->passed.ok);
    write_errors(exposition, out);
    write_latency(exposition, out);
    gauge(exposition, out, "dragstrip_in_flight",
          "Requests sent and not yet answered, as the last second ended.",
          (double)exposition->in_flight);
    gauge(exposition, out, "dragstrip_queued",
          "Requests due that wait for a connection, as the last second ended.",
          (double)exposition->queued);
    gauge(exposition, out, "dragstrip_lag_max_seconds",
          "How late the generator was at most in the last second.",
          (double)exposition->lag_max_ns / 1e9);
    if (!isnan(exposition->offered_rate))
        gauge(exposition, out, "dragstrip_offered_rate",
              "Requests a second that the measured time asks for on average.",
              exposition->offered_rate);
}
