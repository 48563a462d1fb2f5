#include "report/load_text.h"

#include <math.h>

#include "base/units.h"
#include "report/figure.h"
#include "report/text.h"

enum { WIDTH = 80, LABEL = 14, VALUE = 9 };

static const double K_EFF_SHOWN = 10; /* METHOD 5 */

static const enum load_percentile shown[] = {LOAD_P50, LOAD_P90, LOAD_P95, LOAD_P99,
                                             LOAD_P999};

enum { SHOWN = sizeof(shown) / sizeof(shown[0]) };

static void print_run(const struct load_result *result, struct buf *out)
{
    char run[UNITS_TEXT_BYTES], offered[FIGURE_BYTES], achieved[FIGURE_BYTES];
    text_wrap(out, result->target ? result->target : "unknown target", WIDTH, 0, 2);
    if (isnan(result->offered_rate))
        buf_format(out, "closed loop, achieved %s",
                   figure_rate(result->achieved_rate, achieved));
    else
        buf_format(out, "offered %s (%s), achieved %s",
                   figure_rate(result->offered_rate, offered),
                   result->arrivals ? result->arrivals : "unknown",
                   figure_rate(result->achieved_rate, achieved));
    buf_format(out, "\n%s measured, %d connection%s, %d thread%s, seed %llu\n",
               units_format_setting(result->duration_ns, run), result->connections,
               result->connections == 1 ? "" : "s", result->threads,
               result->threads == 1 ? "" : "s", (unsigned long long)result->seed);
    if (result->tls.version)
        buf_format(out, "%s, %llu handshakes, %llu of them resumed\n",
                   result->tls.version, (unsigned long long)result->tls.handshakes,
                   (unsigned long long)result->tls.resumed);
    buf_add_text(out, "\n");
}

static void print_counts(const struct load_result *result, struct buf *out)
{
    char due[UNITS_TEXT_BYTES], sent[UNITS_TEXT_BYTES], ok[UNITS_TEXT_BYTES];
    char count[UNITS_TEXT_BYTES];
    uint64_t errors = load_result_errors(result);
    bool first = true;
    buf_format(out, "requests: %s due, %s sent, %s ok, %s error%s",
               units_format_count((double)result->due, due),
               units_format_count((double)result->sent, sent),
               units_format_count((double)result->ok, ok),
               units_format_count((double)errors, count), errors == 1 ? "" : "s");
    for (int kind = 0; kind < LOAD_ERROR_KINDS; kind++) {
        if (!result->errors[kind])
            continue;
        buf_format(out, "%s%s %s", first ? " (" : ", ", load_error_names[kind],
                   units_format_count((double)result->errors[kind], count));
        first = false;
    }
    buf_add_text(out, first ? "\n\n" : ")\n\n");
}

static void print_time(double ns, const struct load_result *result, struct buf *out)
{
    char text[FIGURE_BYTES];
    text_right(out, figure_time(ns, result->errors_above_ns, text), VALUE);
}

static void print_summary(const char *label, const struct load_summary *summary,
                          const struct load_result *result, struct buf *out)
{
    bool empty = summary->count == 0;
    text_left(out, label, LABEL);
    print_time(empty ? (double)NAN : summary->mean, result, out);
    for (size_t i = 0; i < SHOWN; i++) {
        bool thin = summary->k_eff[shown[i]] < K_EFF_SHOWN;
        print_time(empty || thin ? (double)NAN : summary->p[shown[i]], result, out);
    }
    print_time(empty ? (double)NAN : summary->max, result, out);
    buf_add_text(out, "\n");
}

static void print_table(const struct load_result *result, struct buf *out)
{
    static const char *const headings[] = {"mean", "p50",   "p90", "p95",
                                           "p99",  "p99.9", "max"};
    text_left(out, "", LABEL);
    for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
        text_right(out, headings[i], VALUE);
    buf_add_text(out, "\n");
    print_summary("latency", &result->latency, result, out);
    print_summary("service time", &result->service_time, result, out);
    print_summary("wait", &result->wait, result, out);
    print_summary("lag", &result->lag, result, out);
    print_summary("first byte", &result->first_byte, result, out);
}

static void print_generator(const struct load_result *result, struct buf *out)
{
    char share[FIGURE_BYTES], memory[UNITS_TEXT_BYTES], count[UNITS_TEXT_BYTES];
    char again[UNITS_TEXT_BYTES];
    struct buf text;
    buf_init(&text, 512);
    buf_format(&text,
               "generator: %s of its CPUs%s, %s, at most %s requests in flight, "
               "%s reconnects",
               figure_share(result->cpu_share, share),
               result->spin_seconds > 0 ? ", not counting its polling" : "",
               units_format_size((double)result->max_rss_bytes, memory),
               units_format_count((double)result->peak_in_flight, count),
               units_format_count((double)result->reconnects, again));
    buf_add_text(out, "\n");
    text_wrap(out, buf_text(&text), WIDTH, 0, 11);
    buf_fini(&text);
}

/* A percentile that tells of the generator more than a little. */
static void print_late(const struct load_result *result, struct buf *out)
{
    char share[FIGURE_BYTES];
    for (int i = 0; i < LOAD_PERCENTILES && result->invalid_count == 0; i++) {
        double late = load_result_lag_share(result, (enum load_percentile)i);
        bool thin = result->latency.k_eff[i] < K_EFF_SHOWN;
        if (late > LOAD_LAG_SHARE_MAX && !thin)
            buf_format(out, "LATE: %s of the latency's %s is the generator's own lag.\n",
                       figure_share(late, share), load_percentile_names[i]);
    }
}

/* The service got other gaps than the plan's, for whatever cause: too few connections, a
 * late generator, or requests due closer than one thread can send them. */
static void print_gaps(const struct load_result *result, struct buf *out)
{
    char distance[FIGURE_BYTES];
    const struct load_arrival_check *check = &result->arrival_check;
    if (check->distance > LOAD_GAP_DISTANCE_MAX)
        buf_format(
            out,
            "GAPS: the requests as sent differ from a Poisson process by up to %s\n"
            "      (Anderson-Darling A² %.3g, p %.2g, %llu gaps).\n",
            figure_share(check->distance, distance), check->a2, check->p,
            (unsigned long long)check->gaps);
}

static void print_doubts(const struct load_result *result, struct buf *out)
{
    char offered[FIGURE_BYTES], achieved[FIGURE_BYTES];
    if (isnan(result->offered_rate))
        buf_add_text(out,
                     "A closed loop: a connection waits for its answer before it asks "
                     "again, so its\nlatencies hide stalls. Take the rate from it, and "
                     "latencies from an open loop.\n");
    for (int i = 0; i < result->invalid_count; i++) {
        buf_add_text(out, "INVALID: ");
        text_wrap(out, result->invalid[i], WIDTH, 9, 9);
    }
    if (result->overloaded)
        buf_format(out,
                   "OVERLOADED: the service could not hold %s, it answered %s;\n"
                   "            its latency depends on how long one waits.\n",
                   figure_rate(result->offered_rate, offered),
                   figure_rate(result->achieved_rate, achieved));
    if (result->interrupted)
        buf_add_text(out, "INTERRUPTED: the run ended before its time.\n");
}

void load_text_print(const struct load_result *result, struct buf *out)
{
    print_run(result, out);
    print_counts(result, out);
    print_table(result, out);
    print_generator(result, out);
    print_late(result, out);
    print_gaps(result, out);
    print_doubts(result, out);
}
