#include "run/generate_result.h"

#include <math.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "run/judge.h"
#include "stats/goodness.h"
#include "stats/stationarity.h"
#include "stats/tail.h"
#include "sys/cpu.h"

enum { HDR_TEXT_MAX = 1 << 20 };

static char *encode(const struct hist *hist)
{
    struct buf text;
    char *copy = NULL;
    buf_init(&text, HDR_TEXT_MAX);
    hist_encode(hist, &text);
    if (text.len > 0 && !text.overflow)
        copy = mem_copy_text(buf_text(&text));
    buf_fini(&text);
    return copy;
}

enum { RANK_BEYOND_MIN = 10 }; /* fewer values above a percentile say nothing about it */

static void summarise(const struct hist *hist, struct load_summary *out)
{
    uint64_t total = hist_total(hist);
    double mean = hist->infinite ? (double)INFINITY : hist_mean(hist);
    *out = (struct load_summary){.count = total, .mean = mean, .max = (double)NAN};
    if (total > 0)
        out->max = hist->infinite ? (double)INFINITY : (double)hist->max_ns;
    for (int i = 0; i < LOAD_PERCENTILES; i++) {
        double q = load_percentile_q[i];
        bool enough = (double)total * (1 - q) >= RANK_BEYOND_MIN - 1e-9;
        out->p[i] = enough ? hist_quantile_time(hist, q) : (double)NAN;
        out->k_eff[i] = (double)NAN;
    }
    if (hist->finite > 0)
        out->hdr = encode(hist);
}

static void measure_tails(const struct load_outcome *outcome,
                          struct load_summary *latency)
{
    for (int i = 0; outcome->log && i < LOAD_PERCENTILES; i++) {
        int64_t value_ns = hist_quantile(&outcome->latency, load_percentile_q[i]);
        if (value_ns < 0 || value_ns == HIST_INFINITE)
            continue;
        struct tail tail =
            tail_of(outcome->log, outcome->log_count, (uint16_t)hist_index(value_ns));
        latency->k_eff[i] = tail.k_eff;
    }
}

static void fill_windows(const struct load_outcome *outcome, struct load_result *out)
{
    size_t count = (size_t)((outcome->measured_ns + NS_PER_S - 1) / NS_PER_S);
    if (count > outcome->tally.window_count)
        count = outcome->tally.window_count;
    out->windows = mem_new(count, sizeof(*out->windows));
    out->window_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct tally_window *window = &outcome->tally.windows[i];
        out->windows[i] =
            (struct load_window){.second = (int64_t)i,
                                 .ok = window->ok,
                                 .errors = window->errors,
                                 .p50 = hist_quantile_time(&window->latency, .5),
                                 .p99 = hist_quantile_time(&window->latency, .99),
                                 .hdr = encode(&window->latency)};
    }
}

static void fill_counts(const struct tally *tally, struct load_result *out)
{
    _Static_assert((int)TALLY_ERRORS == (int)LOAD_ERROR_KINDS, "the same kinds of error");
    out->due = tally->due;
    out->sent = tally->sent;
    out->ok = tally->ok;
    for (int i = 0; i < LOAD_ERROR_KINDS; i++)
        out->errors[i] = tally->errors[i];
    _Static_assert((int)TALLY_MARKS == (int)LOAD_MARKS, "the same marks");
    for (int i = 0; i < LOAD_MARKS; i++)
        out->backlog[i] = tally->backlog[i];
    out->expired_waiting = tally->expired_waiting;
    out->reconnects = tally->reconnects;
    out->bytes_received = tally->bytes_received;
    out->peak_in_flight = tally->peak_in_flight;
}

/*
 * METHOD 1.8: the gaps between what was sent, against the plan. By the theorem of time
 * rescaling the integral of a worker's rate over its gaps is exponential with mean 1 if
 * the requests went out as a Poisson process, whatever the rate over time.
 */
static void check_gaps(const struct load_spec *spec, const struct load_outcome *outcome,
                       struct load_arrival_check *out)
{
    const struct tally *tally = &outcome->tally;
    *out = (struct load_arrival_check){
        .a2 = (double)NAN, .p = (double)NAN, .distance = (double)NAN};
    if (!spec->profile || spec->arrivals != ARRIVALS_POISSON)
        return;
    double *gaps = mem_new(tally->gap_count, sizeof(*gaps));
    for (size_t i = 0; i < tally->gap_count; i++) {
        const struct tally_gap *gap = &tally->gaps[i];
        double from_ns = (double)(spec->warmup_ns + gap->from_ns);
        double to_ns = (double)(spec->warmup_ns + gap->to_ns);
        gaps[i] = (profile_count(spec->profile, to_ns) -
                   profile_count(spec->profile, from_ns)) /
                  spec->threads;
    }
    struct goodness goodness = goodness_exponential(gaps, tally->gap_count);
    *out = (struct load_arrival_check){tally->gap_count, goodness.a2, goodness.p,
                                       goodness.distance};
    mem_free(gaps);
}

/* Latencies in due order; an error counts as the longest of them. */
static double warm_up_left(const struct load_outcome *outcome)
{
    if (!outcome->log)
        return (double)NAN;
    double *values = mem_new(outcome->log_count, sizeof(*values));
    for (size_t i = 0; i < outcome->log_count; i++)
        values[i] = outcome->log[i] == TALLY_INFINITE
                        ? (double)outcome->latency.max_ns
                        : (double)hist_index_highest(outcome->log[i]);
    double share = stationarity_mser5(values, outcome->log_count);
    mem_free(values);
    return share;
}

/* METHOD 7, on the logarithm of the windows' medians; a window that has none is left out,
 * and so is the last one of a run that ended within it. */
static void check_level(const struct load_outcome *outcome,
                        const struct load_result *result, struct load_level *out)
{
    double *medians = mem_new(result->window_count, sizeof(*medians));
    size_t count = 0, whole = (size_t)(outcome->measured_ns / NS_PER_S);
    for (size_t i = 0; i < result->window_count && i < whole; i++) {
        double p50 = result->windows[i].p50;
        if (isfinite(p50) && p50 > 0)
            medians[count++] = log(p50);
    }
    struct stationarity found = stationarity_of(medians, count);
    *out =
        (struct load_level){found.cusum, found.kpss, found.moves, warm_up_left(outcome)};
    mem_free(medians);
}

static void fill_tls(const struct load_outcome *outcome, struct load_tls *out)
{
    *out = (struct load_tls){.handshakes = outcome->tls_handshakes,
                             .resumed = outcome->tls_resumed};
    if (outcome->tls_version[0])
        out->version = mem_copy_text(outcome->tls_version);
}

static int cpus_usable(const struct load_spec *spec)
{
    cpu_set_t allowed;
    cpu_allowed(&allowed);
    int cpus = CPU_COUNT(spec->cpus ? spec->cpus : &allowed);
    return cpus < spec->threads ? cpus : spec->threads;
}

/* The time-out runs from the sending, a latency from the due time: so a good one that had
 * to wait can be longer than the time-out, and the errors are longer still. */
static int64_t errors_above(const struct load_spec *spec,
                            const struct load_outcome *outcome)
{
    const struct hist *latency = &outcome->latency;
    bool longer = latency->finite > 0 && latency->max_ns > spec->timeout_ns;
    return longer ? latency->max_ns : spec->timeout_ns;
}

void generate_result(const struct generate_spec *asked, const struct load_spec *spec,
                     const struct load_outcome *outcome, struct load_result *out)
{
    double seconds = (double)outcome->measured_ns / 1e9;
    double busy = seconds > 0 ? outcome->cpu_seconds - outcome->spin_seconds : 0;
    *out = (struct load_result){
        .target = mem_copy_text(asked->url),
        .arrivals = generate_arrivals(asked),
        .seed = spec->seed,
        .offered_rate = generate_mean_rate(asked),
        .achieved_rate =
            seconds > 0 ? (double)outcome->tally.answered_in_time / seconds : 0,
        .goodput = seconds > 0 ? (double)outcome->tally.ok_in_time / seconds : 0,
        .duration_ns = outcome->measured_ns,
        .timeout_ns = spec->timeout_ns,
        .errors_above_ns = errors_above(spec, outcome),
        .connections = spec->connections,
        .threads = spec->threads,
        .cpu_seconds = outcome->cpu_seconds,
        .spin_seconds = outcome->spin_seconds,
        .cpu_share = busy > 0 ? busy / seconds / cpus_usable(spec) : 0,
        .max_rss_bytes = outcome->max_rss_bytes,
        .interrupted = outcome->interrupted};
    fill_counts(&outcome->tally, out);
    summarise(&outcome->latency, &out->latency);
    measure_tails(outcome, &out->latency);
    summarise(&outcome->tally.service_time, &out->service_time);
    summarise(&outcome->tally.wait, &out->wait);
    summarise(&outcome->tally.lag, &out->lag);
    summarise(&outcome->tally.first_byte, &out->first_byte);
    summarise(&outcome->tally.less_lag, &out->less_lag);
    check_gaps(spec, outcome, &out->arrival_check);
    fill_tls(outcome, &out->tls);
    fill_windows(outcome, out);
    check_level(outcome, out, &out->level);
    judge_load(out);
}
