/* What a load result says of the gaps between requests, and of TLS, from made-up counts.
 */
#include "run/generate_result.h"

#include "base/clock.h"
#include "base/mem.h"
#include "small_spec.h"
#include "tap.h"

enum { GAPS = 2000 };

/* An outcome of one second with gaps whose integral over the profile is what `share`
 * makes of each; *profile is the whole rate, of which a thread has its part. */
static struct load_outcome outcome_of(const struct profile *profile, int threads,
                                      int64_t warmup_ns, double (*share)(struct rng *))
{
    struct load_outcome outcome = {.measured_ns = NS_PER_S};
    struct rng rng;
    struct profile_cursor cursor = {0};
    double at = profile_count(profile, (double)warmup_ns);
    rng_init(&rng, 21, 0);
    tally_init(&outcome.tally, 1, GAPS);
    hist_init(&outcome.latency);
    double from_ns = profile_reach(profile, &cursor, at);
    for (int i = 0; i < GAPS; i++) {
        at += share(&rng) * threads;
        double to_ns = profile_reach(profile, &cursor, at);
        outcome.tally.gaps[outcome.tally.gap_count++] =
            (struct tally_gap){(int64_t)from_ns - warmup_ns, (int64_t)to_ns - warmup_ns};
        from_ns = to_ns;
    }
    return outcome;
}

static double exponential(struct rng *rng)
{
    return rng_exponential(rng);
}

static double even(struct rng *rng)
{
    (void)rng;
    return 1;
}

static struct load_arrival_check check_of(const struct load_spec *spec, const char *rate,
                                          double (*share)(struct rng *))
{
    struct generate_spec asked = small_spec();
    struct load_result result;
    asked.rate = rate;
    asked.duration_ns = spec->duration_ns;
    struct load_outcome outcome =
        outcome_of(spec->profile, spec->threads, spec->warmup_ns, share);
    struct load_spec as_run = *spec;
    if (strcmp(rate, "max") == 0)
        as_run.profile = NULL;
    generate_result(&asked, &as_run, &outcome, &result);
    struct load_arrival_check check = result.arrival_check;
    TAP_OK(!result.tls.version && result.tls.handshakes == 0, "plain");
    load_result_fini(&result);
    load_outcome_fini(&outcome);
    return check;
}

static void poisson(const char *rate, int threads, int64_t warmup_ns)
{
    struct profile profile;
    struct error err;
    struct load_spec spec = {.profile = &profile,
                             .arrivals = ARRIVALS_POISSON,
                             .connections = threads,
                             .threads = threads,
                             .warmup_ns = warmup_ns,
                             .duration_ns = 10 * NS_PER_S,
                             .timeout_ns = NS_PER_S};
    if (!profile_parse(rate, warmup_ns, spec.duration_ns, &profile, &err))
        printf("Bail out! %s\n", err.text);
    struct load_arrival_check check = check_of(&spec, rate, exponential);
    TAP_INT(check.gaps, GAPS, rate);
    TAP_OK(check.p > .05 && check.distance < .04,
           "… are those of a Poisson process: p %.2f, distance %.3f", check.p,
           check.distance);
    check = check_of(&spec, rate, even);
    TAP_OK(check.p < 1e-6 && check.distance > .6, "… even ones are not: distance %.2f",
           check.distance);
    spec.arrivals = ARRIVALS_CONSTANT;
    check = check_of(&spec, rate, exponential);
    TAP_OK(check.gaps == 0 && isnan(check.p) && isnan(check.distance),
           "… of a constant plan nothing is said");
    spec.arrivals = ARRIVALS_POISSON;
    check = check_of(&spec, "max", exponential);
    TAP_OK(check.gaps == 0 && isnan(check.p), "… nor of a closed loop");
}

static void secure(void)
{
    struct profile profile;
    struct generate_spec asked = small_spec();
    struct load_result result;
    profile_constant(&profile, 1000);
    struct load_spec spec = {
        .profile = &profile, .connections = 1, .threads = 1, .timeout_ns = NS_PER_S};
    struct load_outcome outcome = outcome_of(&profile, 1, 0, even);
    strcpy(outcome.tls_version, "TLSv1.3 X");
    outcome.tls_handshakes = 12;
    outcome.tls_resumed = 5;
    generate_result(&asked, &spec, &outcome, &result);
    TAP_TEXT(result.tls.version, "TLSv1.3 X", "TLS is told");
    TAP_OK(result.tls.handshakes == 12 && result.tls.resumed == 5, "… with its counts");
    load_result_fini(&result);
    load_outcome_fini(&outcome);
}

int main(void)
{
    poisson("1000", 1, 0);
    poisson("1000", 3, 2 * NS_PER_S);
    poisson("ramp:100..2k", 1, 0);
    poisson("ramp:50..500", 2, NS_PER_S);
    poisson("burst:base=200,peak=2k,on=100ms,period=500ms", 2, NS_PER_S);
    secure();
    return tap_done();
}
