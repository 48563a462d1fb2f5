/*
 * The machine between two looks: shares by tables, and the looks themselves against our
 * own readings of the same files. Nothing here depends on how busy the machine is.
 */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/vitals.h"
#include "tap.h"

#define MS NS_PER_MS
#define UNTOLD ((double)NAN)

/* ---- shares ---- */

typedef double share_of(const struct vitals *from, const struct vitals *to);

struct share_row {
    const char *what;
    struct vitals from, to;
    double share;
};

static void check_share(share_of *share, const struct share_row *row, const char *name)
{
    double got = share(&row->from, &row->to);
    bool good = isnan(row->share) ? isnan(got) : fabs(got - row->share) <= 1e-12;
    if (!TAP_OK(good, "%s: %s", name, row->what))
        printf("# got %.12g, expected %.12g\n", got, row->share);
}

#define CHECK_SHARES(share, rows)                                                        \
    for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                        \
    check_share(share, &(rows)[i], #share)

#define STEAL(total, steal)                                                              \
    {                                                                                    \
        .total_ns = (total), .steal_ns = (steal)                                         \
    }

static const struct share_row steals[] = {
    {"a quarter", STEAL(1000, 100), STEAL(1100, 125), .25},
    {"everything", STEAL(0, 0), STEAL(100, 100), 1},
    {"nothing", STEAL(1000, 100), STEAL(2000, 100), 0},
    {"no time passed", STEAL(1000, 100), STEAL(1000, 100), 0},
    {"no time, but steal", STEAL(1000, 100), STEAL(1000, 101), 0},
    {"time went back", STEAL(1000, 100), STEAL(900, 90), 0},
    {"time went back, steal went on", STEAL(1000, 100), STEAL(900, 110), 0},
    {"steal went back", STEAL(1000, 100), STEAL(1100, 90), 0},
    {"more steal than time", STEAL(1000, 100), STEAL(1100, 900), 1},
    {"large numbers", STEAL(INT64_MAX / 2, 7), STEAL(INT64_MAX / 2 + 8, 8), .125}};

#define IDLE(total, idle)                                                                \
    {                                                                                    \
        .total_ns = (total), .idle_ns = (idle)                                           \
    }

static const struct share_row idles[] = {
    {"three quarters", IDLE(1000, 100), IDLE(1100, 125), .75},
    {"everything", IDLE(1000, 100), IDLE(1100, 100), 1},
    {"nothing", IDLE(1000, 100), IDLE(1100, 200), 0},
    {"more idle than time", IDLE(1000, 100), IDLE(1100, 300), 0},
    {"idle went back", IDLE(1000, 100), IDLE(1100, 90), 1},
    {"no time passed", IDLE(1000, 100), IDLE(1000, 100), 0},
    {"no time, but idle went back", IDLE(1000, 100), IDLE(1000, 90), 0},
    {"time went back", IDLE(1000, 100), IDLE(900, 0), 0}};

#define PRESSURE(at, pressure)                                                           \
    {                                                                                    \
        .at_ns = (at), .pressure_ns = (pressure)                                         \
    }

static const struct share_row pressures[] = {
    {"a tenth", PRESSURE(1000, 50), PRESSURE(1100, 60), .1},
    {"everything", PRESSURE(1000, 50), PRESSURE(1100, 150), 1},
    {"more than everything", PRESSURE(1000, 50), PRESSURE(1100, 151), 1},
    {"nothing", PRESSURE(1000, 50), PRESSURE(1100, 50), 0},
    {"from the first", PRESSURE(1000, 0), PRESSURE(1100, 25), .25},
    {"backwards", PRESSURE(1000, 50), PRESSURE(1100, 49), 0},
    {"no time passed", PRESSURE(1000, 50), PRESSURE(1000, 60), 0},
    {"not told", PRESSURE(1000, -1), PRESSURE(1100, -1), UNTOLD},
    {"told only later", PRESSURE(1000, -1), PRESSURE(1100, 60), UNTOLD},
    {"not told any more", PRESSURE(1000, 50), PRESSURE(1100, -1), UNTOLD}};

#define THROTTLED(at, throttled)                                                         \
    {                                                                                    \
        .at_ns = (at), .throttled_ns = (throttled)                                       \
    }

static const struct share_row throttles[] = {
    {"a half", THROTTLED(1000, 50), THROTTLED(1100, 100), .5},
    {"nothing", THROTTLED(1000, 0), THROTTLED(1100, 0), 0},
    {"more than everything", THROTTLED(1000, 0), THROTTLED(1100, 200), 1},
    {"not told", THROTTLED(1000, -1), THROTTLED(1100, -1), UNTOLD},
    {"not told any more", THROTTLED(1000, 0), THROTTLED(1100, -1), UNTOLD}};

#define EVENTS(count)                                                                    \
    {                                                                                    \
        .throttle_events = (count)                                                       \
    }

static const struct share_row events[] = {
    {"none", EVENTS(7), EVENTS(7), 0},
    {"some", EVENTS(7), EVENTS(10), 3},
    {"the first", EVENTS(0), EVENTS(1), 1},
    {"not told", EVENTS(-1), EVENTS(-1), UNTOLD},
    {"told only later", EVENTS(-1), EVENTS(3), UNTOLD},
    {"not told any more", EVENTS(3), EVENTS(-1), UNTOLD},
    {"backwards", EVENTS(3), EVENTS(2), UNTOLD}};

static void others(void)
{
    static const struct {
        const char *what;
        int64_t used_ns, total_ns, our_ns;
        double share;
    } rows[] = {{"a tenth", 30, 100, 20, .1},
                {"all that is used", 30, 100, 0, .3},
                {"the whole CPU", 100, 100, 0, 1},
                {"nobody", 30, 100, 30, 0},
                {"we used more than was seen", 30, 100, 31, 0},
                {"far more", 30, 100, INT32_MAX, 0},
                {"what we used went back", 30, 100, -100, 1},
                {"used went back", -10, 100, 0, 0},
                {"no time passed", 30, 0, 0, 0},
                {"time went back", 30, -5, 0, 0}};
    const struct vitals from = {.used_ns = 1000, .total_ns = 5000};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct vitals to = {.used_ns = 1000 + rows[i].used_ns,
                                  .total_ns = 5000 + rows[i].total_ns};
        TAP_NEAR(vitals_others_share(&from, &to, rows[i].our_ns), rows[i].share, 1e-12,
                 rows[i].what);
    }
}

/* ---- looks ---- */

/* Adds a line of /proc/stat: name user nice system idle iowait irq softirq steal (the two
 * behind them are part of the first two). */
static void add_line(const char *name, struct vitals *out)
{
    unsigned long long n[8];
    char line[1024], label[16];
    int64_t tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
    FILE *stat = fopen("/proc/stat", "r");
    while (stat && fgets(line, sizeof(line), stat)) {
        if (sscanf(line, "%15s %llu %llu %llu %llu %llu %llu %llu %llu", label, &n[0],
                   &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) != 9 ||
            strcmp(label, name) != 0)
            continue;
        for (int i = 0; i < 8; i++)
            out->total_ns += (int64_t)n[i] * tick_ns;
        out->used_ns += (int64_t)(n[0] + n[1] + n[2]) * tick_ns;
        out->idle_ns += (int64_t)(n[3] + n[4]) * tick_ns;
        out->steal_ns += (int64_t)n[7] * tick_ns;
    }
    if (stat)
        fclose(stat);
}

/* Of those that this process may use. */
static int first_cpu(const cpu_set_t *allowed)
{
    int cpu = 0;
    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, allowed))
        cpu++;
    return cpu;
}

static cpu_set_t allowed_cpus(void)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof(allowed), &allowed);
    return allowed;
}

static int64_t our_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int64_t burn(int64_t ns)
{
    int64_t from_ns = our_cpu_ns();
    while (our_cpu_ns() - from_ns < ns)
        continue;
    return our_cpu_ns() - from_ns;
}

static bool between(int64_t low, int64_t value, int64_t high)
{
    return low <= value && value <= high;
}

/* Our own reading, by the CPUs' names, lies between two looks. */
static void check_looks(const cpu_set_t *cpus, const char *const *names, const char *what)
{
    struct vitals low = {0}, own = {0}, high = {0};
    TAP_OK(vitals_read(cpus, &low), "%s: read", what);
    for (int i = 0; names[i]; i++)
        add_line(names[i], &own);
    int64_t now_ns = clock_now_ns();
    burn(30 * MS);
    TAP_OK(vitals_read(cpus, &high), "%s: read again", what);
    TAP_OK(between(low.used_ns, own.used_ns, high.used_ns), "%s: used", what);
    TAP_OK(between(low.steal_ns, own.steal_ns, high.steal_ns), "%s: steal", what);
    /* The time that waits for disks may go back a little, says proc(5), and with it all.
     */
    TAP_OK(between(low.total_ns - 200 * MS, own.total_ns, high.total_ns + 200 * MS),
           "%s: total", what);
    TAP_OK(between(low.idle_ns - 200 * MS, own.idle_ns, high.idle_ns + 200 * MS),
           "%s: idle", what);
    TAP_OK(between(low.at_ns, now_ns, high.at_ns), "%s: when", what);
    TAP_OK(high.total_ns > low.total_ns, "%s: time passes", what);
    TAP_OK(low.used_ns > 0 && low.total_ns >= low.used_ns + low.idle_ns + low.steal_ns,
           "%s: the parts are no more than the whole", what);
}

static void looks(void)
{
    char first_name[16], last_name[16];
    const cpu_set_t allowed = allowed_cpus();
    int first = first_cpu(&allowed), last = first;
    for (int cpu = first; cpu < CPU_SETSIZE; cpu++)
        last = CPU_ISSET(cpu, &allowed) ? cpu : last;
    snprintf(first_name, sizeof(first_name), "cpu%d", first);
    snprintf(last_name, sizeof(last_name), "cpu%d", last);
    cpu_set_t one, two;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    two = one;
    CPU_SET(last, &two);
    check_looks(NULL, (const char *const[]){"cpu", NULL}, "all CPUs");
    check_looks(&one, (const char *const[]){first_name, NULL}, "one CPU");
    check_looks(&two,
                (const char *const[]){first_name, last != first ? last_name : NULL, NULL},
                "two CPUs");
}

static void no_such_cpu(void)
{
    struct vitals vitals, untouched;
    cpu_set_t none;
    memset(&vitals, 0x5a, sizeof(vitals));
    memset(&untouched, 0x5a, sizeof(untouched));
    CPU_ZERO(&none);
    CPU_SET(CPU_SETSIZE - 1, &none);
    TAP_OK(!vitals_read(&none, &vitals), "a CPU that is not there");
    TAP_OK(memcmp(&vitals, &untouched, sizeof(vitals)) == 0, "… is nothing to see");
}

/* The "some" line of /proc/pressure/cpu ends with microseconds; -1: there is none. */
static int64_t own_pressure_ns(void)
{
    long long us = -1;
    FILE *file = fopen("/proc/pressure/cpu", "r");
    int found = file ? fscanf(file, "some %*s %*s %*s total=%lld", &us) : 0;
    if (file)
        fclose(file);
    return found == 1 ? us * 1000 : -1;
}

/* What the machine may or may not tell. */
static void optional(void)
{
    struct vitals low, high;
    char line[64] = "";
    vitals_read(NULL, &low);
    int64_t pressure_ns = own_pressure_ns();
    vitals_read(NULL, &high);
    TAP_OK(between(low.pressure_ns, pressure_ns, high.pressure_ns),
           "pressure: %lld us in between", (long long)pressure_ns / 1000);
    TAP_OK(low.throttled_ns >= -1 && high.throttled_ns >= low.throttled_ns,
           "throttled by a quota");
    TAP_OK(low.throttle_events >= -1 && high.throttle_events >= low.throttle_events,
           "throttled by heat");
    TAP_OK(isnan(low.frequency_hz) || (low.frequency_hz > 1e8 && low.frequency_hz < 1e11),
           "a frequency, if any: %g", low.frequency_hz);
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_congestion_control", "r");
    if (file && fgets(line, sizeof(line), file))
        line[strcspn(line, "\n")] = '\0';
    if (file)
        fclose(file);
    TAP_TEXT(low.congestion_control, line, "congestion control");
}

/* A tenth of a second is burnt on one CPU: at least half of it is seen there, for what
 * the clock's ticks find is a sample. Others may use it, too. */
static void busy(void)
{
    const cpu_set_t allowed = allowed_cpus();
    struct vitals from, to;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first_cpu(&allowed), &one);
    sched_setaffinity(0, sizeof(one), &one);
    vitals_read(&one, &from);
    int64_t burnt_ns = burn(100 * MS);
    vitals_read(&one, &to);
    sched_setaffinity(0, sizeof(allowed), &allowed);
    int64_t seen_ns = to.used_ns - from.used_ns;
    TAP_OK(seen_ns >= burnt_ns / 2, "of %lld us burnt %lld us are seen",
           (long long)burnt_ns / 1000, (long long)seen_ns / 1000);
    TAP_OK(vitals_busy_share(&from, &to) > 0, "the CPU was busy");
    double all = vitals_others_share(&from, &to, 0);
    double without = vitals_others_share(&from, &to, burnt_ns);
    TAP_OK(all > 0 && without < all && without >= 0, "others: %g of %g", without, all);
    TAP_NEAR(vitals_others_share(&from, &to, seen_ns + NS_PER_S), 0, 0,
             "others are never less than nobody");
}

/* ---- speed ---- */

static bool affinity_is(const cpu_set_t *expected)
{
    const cpu_set_t now = allowed_cpus();
    return CPU_EQUAL(&now, expected);
}

static void speed(void)
{
    const cpu_set_t allowed = allowed_cpus();
    cpu_set_t one, none;
    CPU_ZERO(&one);
    CPU_ZERO(&none);
    CPU_SET(first_cpu(&allowed), &one);
    double all = vitals_cpu_speed(&allowed), first = vitals_cpu_speed(&one);
    TAP_OK(all > 0 && all < 50 && first > 0 && first < 50, "steps a ns: %g, %g", all,
           first);
    TAP_OK(affinity_is(&allowed), "it may run everywhere afterwards");
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
    }
    sched_setaffinity(0, sizeof(one), &one);
    TAP_OK(vitals_cpu_speed(&allowed) > 0, "elsewhere");
    TAP_OK(affinity_is(&one), "… and back to where it may run");
    TAP_OK(isnan(vitals_cpu_speed(&none)), "on no CPU");
    CPU_SET(CPU_SETSIZE - 1, &none);
    TAP_OK(isnan(vitals_cpu_speed(&none)), "on a CPU that is not there");
    TAP_OK(affinity_is(&one), "… which changes nothing");
    sched_setaffinity(0, sizeof(allowed), &allowed);
}

int main(void)
{
    CHECK_SHARES(vitals_steal_share, steals);
    CHECK_SHARES(vitals_busy_share, idles);
    CHECK_SHARES(vitals_pressure_share, pressures);
    CHECK_SHARES(vitals_throttled_share, throttles);
    CHECK_SHARES(vitals_throttle_events, events);
    others();
    looks();
    no_such_cpu();
    optional();
    busy();
    speed();
    return tap_done();
}
