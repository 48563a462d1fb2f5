/* The summary of `dragstrip load`: a good run and a bad one. */
#include "golden.h"
#include "race.h"
#include "report/load_text.h"

static void check(const struct load_result *load, const char *file)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    load_text_print(load, &out);
    golden_check(file, buf_text(&out));
    buf_fini(&out);
}

static void good(void)
{
    struct load_result load;
    race_load(&load);
    check(&load, "load.txt");
    load_result_fini(&load);
}

static void bad(void)
{
    struct load_result load;
    race_load(&load);
    load.errors[LOAD_ERROR_TIMEOUT] = 12345;
    load.errors[LOAD_ERROR_RESET] = 1;
    load.ok -= 12346;
    load.achieved_rate = 12345.6;
    load.latency.k_eff[LOAD_P999] = 3;
    load.latency.p[LOAD_P99] = load.latency.max = (double)INFINITY;
    load.overloaded = load.interrupted = true;
    load.arrival_check = (struct load_arrival_check){4000, 187.654, 0, .1234};
    load.tls = (struct load_tls){mem_copy_text("TLSv1.3 TLS_AES_256_GCM_SHA384"), 76, 12};
    load.invalid_count = 2;
    snprintf(
        load.invalid[0], LOAD_REASON_BYTES,
        "the generator was late: lag p99 is 3.1 ms, above 1 ms; give it a CPU of its "
        "own or a lower rate");
    snprintf(load.invalid[1], LOAD_REASON_BYTES, "errors: 6.2%% of requests");
    check(&load, "load_bad.txt");
    load_result_fini(&load);
}

static void closed(void)
{
    struct buf out;
    struct load_result load;
    race_load(&load);
    load.offered_rate = (double)NAN;
    buf_init(&out, 1 << 16);
    load_text_print(&load, &out);
    TAP_OK(strstr(buf_text(&out), "\nclosed loop, achieved 19,999/s\n"), "a closed loop");
    TAP_OK(strstr(buf_text(&out), "hide stalls"), "with what that hides");
    buf_fini(&out);
    load_result_fini(&load);
}

/* A percentile that is mostly lag is named, if it is shown at all. */
static void late(void)
{
    struct buf out;
    struct load_result load;
    race_load(&load);
    load.less_lag.p[LOAD_P99] = load.latency.p[LOAD_P99] * .5;
    load.less_lag.p[LOAD_P9999] = load.latency.p[LOAD_P9999] * .5; /* k_eff is 8 */
    buf_init(&out, 1 << 16);
    load_text_print(&load, &out);
    TAP_OK(strstr(buf_text(&out),
                  "\nLATE: 50% of the latency's p99 is the generator's own lag.\n"),
           "half of p99 is lag");
    TAP_OK(!strstr(buf_text(&out), "p9999 is"), "a dash needs no excuse");
    buf_fini(&out);
    load_result_fini(&load);
}

/* A difference up to the limit, or that nobody knows, is not worth a line. */
static void gaps(void)
{
    static const struct {
        double distance;
        bool told;
    } cases[] = {{0, false}, {.1, false}, {.101, true}, {(double)NAN, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        struct load_result load;
        race_load(&load);
        load.arrival_check.distance = cases[i].distance;
        buf_init(&out, 1 << 16);
        load_text_print(&load, &out);
        TAP_OK(!strstr(buf_text(&out), "\nGAPS: ") == !cases[i].told,
               "a distance of %g is%s told", cases[i].distance,
               cases[i].told ? "" : " not");
        buf_fini(&out);
        load_result_fini(&load);
    }
}

int main(void)
{
    good();
    bad();
    closed();
    late();
    gaps();
    return tap_done();
}
