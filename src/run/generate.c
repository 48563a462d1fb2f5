#include "run/generate.h"

#include <math.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "run/generate_result.h"
#include "sys/cpu.h"
#include "sys/env.h"
#include "sys/file.h"

enum {
    REPLAY_BYTES_MAX = 1 << 30,
    FILES_KEPT = 16,
    THREADS_MAX = 256,
    WINDOWS_MAX = 50000 /* 0.2 MB of address space each, in a mapping of its own */
};

#define REPLAY "replay:"

bool generate_is_closed(const struct generate_spec *spec)
{
    return strcmp(spec->rate, "max") == 0;
}

/* The file of a replay, or NULL. */
static const char *replay_file(const struct generate_spec *spec)
{
    size_t len = sizeof(REPLAY) - 1;
    return strncmp(spec->rate, REPLAY, len) == 0 ? spec->rate + len : NULL;
}

static bool read_replay(const char *path, struct profile *out, struct error *err)
{
    struct buf text;
    buf_init(&text, REPLAY_BYTES_MAX);
    bool good = file_read(path, &text, err);
    if (good && !profile_parse_times(buf_str(&text), out, err))
        good = error_prefix(err, "%s: ", path);
    buf_fini(&text);
    return good;
}

/* A closed loop has none: zeroed. The caller calls profile_fini. */
static bool read_profile(const struct generate_spec *spec, struct profile *out,
                         struct error *err)
{
    const char *replay = replay_file(spec);
    *out = (struct profile){.count = 0};
    if (generate_is_closed(spec))
        return true;
    return replay
               ? read_replay(replay, out, err)
               : profile_parse(spec->rate, spec->warmup_ns, spec->duration_ns, out, err);
}

double generate_mean_rate(const struct generate_spec *spec)
{
    struct profile profile;
    struct error ignored;
    double from_ns = (double)spec->warmup_ns, to_ns = from_ns + (double)spec->duration_ns;
    if (generate_is_closed(spec) || !read_profile(spec, &profile, &ignored))
        return (double)NAN;
    double count = profile_count(&profile, to_ns) - profile_count(&profile, from_ns);
    profile_fini(&profile);
    return count * 1e9 / (double)spec->duration_ns;
}

/* Up to and with the last of its times. */
static int64_t span_of(const struct profile *times)
{
    return (int64_t)times->times_ns[times->time_count - 1] + 1;
}

bool generate_fit_replay(struct generate_spec *spec, struct error *err)
{
    struct profile profile;
    if (!replay_file(spec))
        return true;
    if (!read_profile(spec, &profile, err))
        return false;
    spec->duration_ns = span_of(&profile) - spec->warmup_ns;
    profile_fini(&profile);
    return spec->duration_ns > 0 ||
           error_set(err, "%s is over before the warm-up is", replay_file(spec));
}

char *generate_arrivals(const struct generate_spec *spec)
{
    const char *law = spec->arrivals == ARRIVALS_POISSON ? "poisson" : "constant";
    if (generate_is_closed(spec))
        return mem_copy_text("closed");
    if (replay_file(spec))
        return mem_copy_text(spec->rate);
    return strchr(spec->rate, ':') ? mem_format("%s, %s", law, spec->rate)
                                   : mem_copy_text(law);
}

static bool check_profile(const struct generate_spec *spec, struct error *err)
{
    struct profile profile;
    if (!read_profile(spec, &profile, err))
        return false;
    int64_t run_ns = spec->warmup_ns + spec->duration_ns;
    bool covered = !profile.times_ns || run_ns <= span_of(&profile);
    if (!covered)
        error_set(err, "%s covers %.9g s, but warm-up and duration are %.9g s",
                  replay_file(spec), (double)(span_of(&profile) - 1) / 1e9,
                  (double)run_ns / 1e9);
    profile_fini(&profile);
    return covered;
}

bool generate_check_load(const struct generate_spec *spec, struct error *err)
{
    uint64_t files = env_raise_files(0);
    if (spec->duration_ns <= 0)
        return error_set(err, "the duration must be longer than 0");
    if (spec->timeout_ns <= 0)
        return error_set(err, "the time-out must be longer than 0");
    if (spec->warmup_ns < 0)
        return error_set(err, "the warm-up cannot be negative");
    if (!check_profile(spec, err))
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

/* What the generator talks to, with its requests, and where it runs. */
struct prepared {
    struct target target;
    struct requests requests;
    struct expect expect;
    struct profile profile; /* zeroed for a closed loop */
    cpu_set_t cpus;
};

static void discard(struct prepared *prepared)
{
    profile_fini(&prepared->profile);
    expect_fini(&prepared->expect);
    requests_fini(&prepared->requests);
    target_fini(&prepared->target);
}

static bool check_weights(const struct generate_spec *spec, struct error *err)
{
    return !spec->weights || spec->weight_count == spec->body_count ||
           error_set(err, "weights: %d, bodies: %d; give one for each",
                     spec->weight_count, spec->body_count);
}

bool generate_requests(const struct generate_spec *spec, const struct target *target,
                       struct requests *out, struct error *err)
{
    const struct requests_spec requests = {.method = spec->method,
                                           .host = target->url.host,
                                           .path = target->url.path,
                                           .headers = spec->headers,
                                           .header_count = spec->header_count,
                                           .bodies = spec->bodies,
                                           .body_count = spec->body_count,
                                           .weights = spec->weights};
    return check_weights(spec, err) && requests_init(out, &requests, err);
}

static bool prepare_requests(const struct generate_spec *spec, struct prepared *out,
                             struct error *err)
{
    if (!generate_requests(spec, &out->target, &out->requests, err))
        return false;
    if (out->requests.head_method && spec->expect.body_count > 0)
        return error_set(err, "answers to HEAD have no body to expect");
    return expect_init(&out->expect, &spec->expect, out->requests.count, err);
}

static bool prepare(const struct generate_spec *spec, struct prepared *out,
                    struct error *err)
{
    *out = (struct prepared){.profile = {.count = 0}};
    bool good = (!spec->cpus || cpu_parse(spec->cpus, &out->cpus, err)) &&
                read_profile(spec, &out->profile, err) &&
                target_init(&out->target, spec->url, &spec->reach, err) &&
                prepare_requests(spec, out, err);
    if (!good)
        discard(out);
    return good;
}

bool generate_check_target(const struct generate_spec *spec, struct error *err)
{
    struct prepared prepared;
    bool good = prepare(spec, &prepared, err);
    if (good)
        discard(&prepared);
    return good;
}

bool generate_check(const struct generate_spec *spec, struct error *err)
{
    return generate_check_load(spec, err) && generate_check_target(spec, err);
}

bool generate_run(const struct generate_spec *asked, const struct load_watcher *watcher,
                  atomic_int *stop, struct load_result *out, struct error *err)
{
    struct prepared prepared;
    struct load_outcome outcome;
    if (!generate_check_load(asked, err) || !prepare(asked, &prepared, err))
        return false;
    struct load_spec spec = {
        .exchange = {&prepared.target, &prepared.requests, &prepared.expect},
        .profile = generate_is_closed(asked) ? NULL : &prepared.profile,
        .arrivals = replay_file(asked) ? ARRIVALS_CONSTANT : asked->arrivals,
        .connections = asked->connections,
        .threads = asked->threads,
        .warmup_ns = asked->warmup_ns,
        .duration_ns = asked->duration_ns,
        .timeout_ns = asked->timeout_ns,
        .seed = asked->seed,
        .cpus = asked->cpus ? &prepared.cpus : NULL};
    spec.spin = asked->spin && spec.cpus && CPU_COUNT(spec.cpus) >= asked->threads;
    bool good = target_pick_family(&prepared.target, asked->timeout_ns, err) &&
                load_run(&spec, watcher, stop, &outcome, err);
    if (good) {
        generate_result(asked, &spec, &outcome, out);
        load_outcome_fini(&outcome);
    }
    discard(&prepared);
    return good;
}
