/*
 * generate: the generator as the tool's own program sees it: a spec as JSON (the seam
 * between race and its child, DESIGN 3), a run of the load room, and its outcome as a
 * load result with the validity checks of METHOD 6 that the generator can make.
 */
#ifndef DRAGSTRIP_RUN_GENERATE_H
#define DRAGSTRIP_RUN_GENERATE_H

#include "base/stop.h"
#include <jansson.h>

#include "base/error.h"
#include "base/str.h"
#include "load/load.h"
#include "result/load_result.h"

/* What is asked of the generator. Views, strings and arrays belong to the caller. */
struct generate_spec {
    const char *url;
    struct target_options reach;
    const char *method;         /* NULL: POST with a body, otherwise GET */
    const char *const *headers; /* header_count of them */
    int header_count;
    const struct str *bodies; /* body_count of them, one a request */
    int body_count;
    const double *weights; /* NULL: in rotation; otherwise weight_count, one a body */
    int weight_count;
    struct expect_spec expect;
    const char *rate; /* as profile.h reads it; "replay:FILE"; or "max": closed loop */
    enum arrivals arrivals; /* of a replay, its own */
    int connections, threads;
    int64_t warmup_ns, duration_ns, timeout_ns;
    uint64_t seed;
    const char *cpus; /* "1-3", or NULL */
    bool spin;        /* the CPUs are the generator's own: poll where it helps (load.h) */
    bool figures;     /* its live lines carry those, too (figures.h) */
};

json_t *generate_spec_to_json(const struct generate_spec *spec);

/* Strings of *out point into json, which must outlive it; end it with generate_spec_fini.
 */
bool generate_spec_from_json(const json_t *json, struct generate_spec *out,
                             struct error *err);
void generate_spec_fini(struct generate_spec *spec);

/* The requests that are sent to the target; the caller calls requests_fini. */
bool generate_requests(const struct generate_spec *spec, const struct target *target,
                       struct requests *out, struct error *err);

/* Whether each request waits for the answer of the one before. */
bool generate_is_closed(const struct generate_spec *spec);

/* The mean rate of the measured time; NAN for a closed loop or a rate that is none. */
double generate_mean_rate(const struct generate_spec *spec);

/* Sets the duration of a replay to what the file has after the warm-up. */
bool generate_fit_replay(struct generate_spec *spec, struct error *err);

/* "poisson", "constant, ramp:5k..50k", "replay:FILE", "closed". On the heap. */
char *generate_arrivals(const struct generate_spec *spec);

/*
 * Everything that can be wrong before a connection is opened: numbers and limits, then
 * URL, request and CPUs; or both.
 */
bool generate_check_load(const struct generate_spec *spec, struct error *err);
bool generate_check_target(const struct generate_spec *spec, struct error *err);
bool generate_check(const struct generate_spec *spec, struct error *err);

/* Runs it. False: nothing could be measured. The caller calls load_result_fini. */
bool generate_run(const struct generate_spec *spec, const struct load_watcher *watcher,
                  atomic_int *stop, struct load_result *out, struct error *err);

#endif
