/* Rates over time: each form against sums and integrals worked by hand. */
#include <math.h>

#include "base/clock.h"
#include "load/schedule.h"
#include "tap.h"

static struct profile parse(const char *text, int64_t warmup_ns, int64_t duration_ns)
{
    struct profile profile = {.count = 0};
    struct error err = {""};
    if (!TAP_OK(profile_parse(text, warmup_ns, duration_ns, &profile, &err), "%s", text))
        printf("# %s\n", err.text);
    return profile;
}

/* Requests due in [from, to) of a constant law, counted one by one. */
static int64_t due_between(const struct profile *profile, int workers, int64_t from_ns,
                           int64_t to_ns)
{
    int64_t due = 0;
    for (int w = 0; w < workers; w++) {
        struct schedule at;
        schedule_init(&at, ARRIVALS_CONSTANT, profile, to_ns, 1, w, workers);
        for (; schedule_peek(&at) != SCHEDULE_OVER; schedule_advance(&at))
            due += schedule_peek(&at) >= from_ns;
    }
    return due;
}

static void counts(void)
{
    static const struct {
        const char *rate;
        int64_t warmup_s, duration_s;
        double warm, all; /* due in the warm-up, and altogether */
    } cases[] = {
        {"500", 2, 8, 1000, 5000},
        {"ramp:5k..50k", 0, 10, 0, 275000},
        {"ramp:5k..50k", 2, 10, 10000, 285000},
        {"ramp:50k..5k", 1, 10, 50000, 325000},
        {"ramp:1k..1k", 1, 10, 1000, 11000},
        {"steps:5k,10k,20k", 1, 3, 5000, 40000},
        {"steps:5k", 1, 3, 5000, 20000},
        {"burst:base=20k,peak=60k,on=200ms,period=1s", 1, 4, 28000, 140000},
        {"burst:base=100,peak=1k,on=500ms,period=2s", 0, 3, 0, 1200},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t warm_ns = cases[i].warmup_s * NS_PER_S;
        int64_t all_ns = warm_ns + cases[i].duration_s * NS_PER_S;
        struct profile profile = parse(cases[i].rate, warm_ns, all_ns - warm_ns);
        TAP_NEAR(profile_count(&profile, (double)warm_ns), cases[i].warm, 1e-6,
                 "warm-up");
        TAP_NEAR(profile_count(&profile, (double)all_ns), cases[i].all, 1e-6, "all");
        for (int workers = 1; workers <= 7; workers += 3)
            TAP_NEAR((double)due_between(&profile, workers, 0, all_ns), cases[i].all, 1,
                     "as many are due");
    }
}

/* profile_reach and profile_count undo each other, at each place of each form. */
static void inverse(void)
{
    static const char *const rates[] = {"777", "ramp:10..1k", "ramp:1k..10",
                                        "steps:9,90,900",
                                        "burst:base=30,peak=300,on=10ms,period=100ms"};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct profile profile = parse(rates[i], NS_PER_S, 9 * NS_PER_S);
        struct profile_cursor cursor = {0};
        double worst = 0, last = 0;
        bool rising = true;
        for (int count = 0; count < 1000; count++) {
            double at_ns = profile_reach(&profile, &cursor, count);
            worst = fmax(worst, fabs(profile_count(&profile, at_ns) - count));
            rising = rising && at_ns >= last;
            last = at_ns;
        }
        TAP_OK(worst < 1e-6, "%s: off by %g requests", rates[i], worst);
        TAP_OK(rising, "%s: times never fall", rates[i]);
    }
}

/* 20 bursts of Poisson arrivals: what is due in peaks and between them. */
static void poisson_bursts(void)
{
    struct profile profile =
        parse("burst:base=1k,peak=9k,on=250ms,period=1s", 0, 20 * NS_PER_S);
    double peak = 0, base = 0;
    for (int w = 0; w < 3; w++) {
        struct schedule at;
        schedule_init(&at, ARRIVALS_POISSON, &profile, 20 * NS_PER_S, 4, w, 3);
        for (; schedule_peek(&at) != SCHEDULE_OVER; schedule_advance(&at))
            *(schedule_peek(&at) % NS_PER_S < 250 * NS_PER_MS ? &peak : &base) += 1;
    }
    TAP_OK(fabs(peak - 45000) < 5 * sqrt(45000), "in the peaks: %.0f", peak);
    TAP_OK(fabs(base - 15000) < 5 * sqrt(15000), "between them: %.0f", base);
}

static void refusals(void)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "-5",
                                      "fast",
                                      "5k..50k",
                                      "ramp:",
                                      "ramp:5k",
                                      "ramp:..5k",
                                      "ramp:0..5k",
                                      "ramp:5k..",

                                      "steps:",
                                      "steps:1,",
                                      "steps:1,,2",
                                      "steps:1,x",
                                      "burst:",
                                      "burst:base=1",
                                      "burst:base=1,peak=2,on=1s,period=1s",
                                      "burst:base=1,peak=2,on=0s,period=1s",
                                      "burst:base=1,peak=2,on=1,period=2s",
                                      "burst:base=1,peak=2,on=1s,period=2s,x=3",
                                      "burst:base=1,peak=2,on=1s,period=3s",
                                      "max",
                                      "wave:1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct profile profile = {.count = -1};
        struct error err = {""};
        TAP_OK(!profile_parse(bad[i], 2 * NS_PER_S, NS_PER_S, &profile, &err) &&
                   profile.count == -1 && err.text[0],
               "'%s' is refused", bad[i]);
    }
}

static void too_many_steps(void)
{
    struct profile profile;
    struct error err;
    char text[512] = "steps:1";
    for (int i = 1; i < PROFILE_PIECES_MAX - 1; i++)
        strcat(text, ",2");
    TAP_OK(profile_parse(text, NS_PER_S, NS_PER_S, &profile, &err) &&
               profile.count == PROFILE_PIECES_MAX,
           "as many steps as there are pieces, and the warm-up");
    strcat(text, ",2");
    TAP_OK(!profile_parse(text, NS_PER_S, NS_PER_S, &profile, &err), "one more");
}

int main(void)
{
    counts();
    inverse();
    poisson_bursts();
    refusals();
    too_many_steps();
    return tap_done();
}
