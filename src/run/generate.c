#include "run/generate.h"

#include <math.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "run/judge.h"
#include "stats/tail.h"
#include "sys/cpu.h"
#include "sys/env.h"

enum {
    HDR_TEXT_MAX = 1 << 20,
    FILES_KEPT = 16,
    THREADS_MAX = 256,
    WINDOWS_MAX = 50000 /* 0.2 MB of address space each, in a mapping of its own */
};

static const char *method_of(const struct generate_spec *spec)
{
    if (spec->method)
        return spec->method;
    return spec->body.len > 0 ? "POST" : "GET";
}

bool generate_is_closed(const struct generate_spec *spec)
{
    return strcmp(spec->rate, "max") == 0;
}

/* Untouched for a closed loop, which has none. */
static bool read_profile(const struct generate_spec *spec, struct profile *out,
                         struct error *err)
{
    return generate_is_closed(spec) ||
           profile_parse(spec->rate, spec->warmup_ns, spec->duration_ns, out, err);
}

double generate_mean_rate(const struct generate_spec *spec)
{
    struct profile profile;
    struct error ignored;
    double from_ns = (double)spec->warmup_ns, to_ns = from_ns + (double)spec->duration_ns;
    if (generate_is_closed(spec) || !read_profile(spec, &profile, &ignored))
        return (double)NAN;
    double count = profile_count(&profile, to_ns) - profile_count(&profile, from_ns);
    return count * 1e9 / (double)spec->duration_ns;
}

char *generate_arrivals(const struct generate_spec *spec)
{
    const char *law = spec->arrivals == ARRIVALS_POISSON ? "poisson" : "constant";
    if (generate_is_closed(spec))
        return mem_copy_text("closed");
    return strchr(spec->rate, ':') ? mem_format("%s, %s", law, spec->rate)
                                   : mem_copy_text(law);
}

bool generate_check_load(const struct generate_spec *spec, struct error *err)
{
    uint64_t files = env_raise_files();
    if (spec->duration_ns <= 0)
        return error_set(err, "the duration must be longer than 0");
    if (spec->timeout_ns <= 0)
        return error_set(err, "the time-out must be longer than 0");
    if (spec->warmup_ns < 0)
        return error_set(err, "the warm-up cannot be negative");
    struct profile profile;
    if (!read_profile(spec, &profile, err))
        return false;
    if (spec->connections < 1 || spec->threads < 1 || spec->threads > THREADS_MAX)
        return error_set(err, "at least 1 connection and 1 to %d threads are needed",
                         THREADS_MAX);
    if (spec->duration_ns / NS_PER_S * spec->threads > WINDOWS_MAX)
        return error_set(
            err,
            "a run of %d thread%s can be measured for %.1f hours at most; its "
            "histograms, one a second, would not fit",
            spec->threads, spec->threads == 1 ? "" : "s",
            (double)WINDOWS_MAX / spec->threads / 3600);
    if (spec->threads > spec->connections)
        return error_set(err,
                         "%d threads cannot share %d connections; ask for more "
                         "connections or fewer threads",
                         spec->threads, spec->connections);
    if ((uint64_t)spec->connections + FILES_KEPT > files)
        return error_set(err,
                         "%d connections need more than the %llu open files allowed "
                         "here; raise 'ulimit -n' or ask for fewer connections",
                         spec->connections, (unsigned long long)files);
    return true;
}

/* What the generator talks to, with its request, and where it runs. */
struct prepared {
    struct target target;
    struct profile profile; /* unless closed */
    cpu_set_t cpus;
};

static bool prepare(const struct generate_spec *spec, struct prepared *out,
                    struct error *err)
{
    if (spec->cpus && !cpu_parse(spec->cpus, &out->cpus, err))
        return false;
    if (!read_profile(spec, &out->profile, err))
        return false;
    if (!target_init(&out->target, spec->url, err))
        return false;
    bool good = target_set_request(&out->target, method_of(spec), spec->headers,
                                   spec->header_count, spec->body, err);
    if (good && spec->expect)
        good = target_expect(&out->target, spec->expect, err);
    if (!good)
        target_fini(&out->target);
    return good;
}

bool generate_check_target(const struct generate_spec *spec, struct error *err)
{
    struct prepared prepared;
    bool good = prepare(spec, &prepared, err);
    if (good)
        target_fini(&prepared.target);
    return good;
}

bool generate_check(const struct generate_spec *spec, struct error *err)
{
    return generate_check_load(spec, err) && generate_check_target(spec, err);
}

static double time_of(int64_t value_ns)
{
    if (value_ns < 0)
        return (double)NAN;
    return value_ns == HIST_INFINITE ? (double)INFINITY : (double)value_ns;
}

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
        out->p[i] = enough ? time_of(hist_quantile(hist, q)) : (double)NAN;
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
                                 .p50 = time_of(hist_quantile(&window->latency, .5)),
                                 .p99 = time_of(hist_quantile(&window->latency, .99)),
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

static void fill_result(const struct generate_spec *asked, const struct load_spec *spec,
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
    fill_windows(outcome, out);
    judge_load(out);
}

bool generate_run(const struct generate_spec *asked, const struct load_watcher *watcher,
                  atomic_int *stop, struct load_result *out, struct error *err)
{
    struct prepared prepared;
    struct load_outcome outcome;
    bool closed = generate_is_closed(asked);
    if (!generate_check_load(asked, err) || !prepare(asked, &prepared, err))
        return false;
    struct load_spec spec = {.target = &prepared.target,
                             .profile = closed ? NULL : &prepared.profile,
                             .arrivals = asked->arrivals,
                             .connections = asked->connections,
                             .threads = asked->threads,
                             .warmup_ns = asked->warmup_ns,
                             .duration_ns = asked->duration_ns,
                             .timeout_ns = asked->timeout_ns,
                             .seed = asked->seed,
                             .cpus = asked->cpus ? &prepared.cpus : NULL};
    spec.spin = asked->spin && spec.cpus && CPU_COUNT(spec.cpus) >= asked->threads;
    bool good = load_run(&spec, watcher, stop, &outcome, err);
    if (good) {
        fill_result(asked, &spec, &outcome, out);
        load_outcome_fini(&outcome);
    }
    target_fini(&prepared.target);
    return good;
}
