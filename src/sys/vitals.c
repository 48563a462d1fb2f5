#include "sys/vitals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/cgroup.h"
#include "sys/cpu.h"
#include "sys/env.h"

enum { LINE_BYTES = 512, SPEED_RUNS = 8, SPEED_STEPS = 200000 };

/* ---- /proc/stat ---- */

static void add_cpu(const char *line, struct vitals *out)
{
    unsigned long long t[8];
    int64_t jiffy_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
    if (sscanf(line, "%*s %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
               &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
        return;
    for (int i = 0; i < 8; i++)
        out->total_ns += (int64_t)t[i] * jiffy_ns;
    out->used_ns += (int64_t)(t[0] + t[1] + t[2]) * jiffy_ns;
    out->idle_ns += (int64_t)(t[3] + t[4]) * jiffy_ns;
    out->steal_ns += (int64_t)t[7] * jiffy_ns;
}

static bool read_stat(const cpu_set_t *cpus, struct vitals *out)
{
    char line[LINE_BYTES];
    FILE *file = fopen("/proc/stat", "re");
    if (!file)
        return false;
    while (fgets(line, sizeof(line), file) && strncmp(line, "cpu", 3) == 0) {
        bool all = line[3] == ' ';
        int cpu = all ? 0 : atoi(line + 3);
        if (all ? !cpus : cpus && CPU_ISSET(cpu, cpus))
            add_cpu(line, out);
    }
    fclose(file);
    return out->total_ns > 0;
}

/* ---- one number from one file ---- */

/* The number after `key` in a file; -1 when either is not there. */
static int64_t number_in(const char *path, const char *key)
{
    char line[LINE_BYTES];
    int64_t found = -1;
    FILE *file = fopen(path, "re");
    while (file && found < 0 && fgets(line, sizeof(line), file)) {
        const char *at = strstr(line, key);
        if (at)
            found = strtoll(at + strlen(key), NULL, 10);
    }
    if (file)
        fclose(file);
    return found;
}

/* In the second hierarchy cpu.stat counts microseconds, in a first one nanoseconds. */
static int64_t read_throttled(void)
{
    struct cgroup cgroup;
    char path[CGROUP_PATH_BYTES + 16];
    if (!cgroup_find_cpu("", &cgroup))
        return -1;
    snprintf(path, sizeof(path), "%s/cpu.stat", cgroup.path);
    int64_t count =
        number_in(path, cgroup.second ? "throttled_usec " : "throttled_time ");
    return cgroup.second && count >= 0 ? count * 1000 : count;
}

static void read_clocks(const cpu_set_t *cpus, struct vitals *out)
{
    double sum_khz = 0;
    int known = 0;
    cpu_set_t allowed;
    cpu_allowed(&allowed);
    out->throttle_events = -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        char path[128];
        if (!CPU_ISSET(cpu, cpus ? cpus : &allowed))
            continue;
        snprintf(path, sizeof(path),
                 "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
        int64_t khz = number_in(path, "");
        snprintf(path, sizeof(path),
                 "/sys/devices/system/cpu/cpu%d/thermal_throttle/core_throttle_count",
                 cpu);
        int64_t events = number_in(path, "");
        if (khz > 0) {
            sum_khz += (double)khz;
            known++;
        }
        if (events >= 0)
            out->throttle_events =
                (out->throttle_events < 0 ? 0 : out->throttle_events) + events;
    }
    out->frequency_hz = known ? 1e3 * sum_khz / known : (double)NAN;
}

bool vitals_read(const cpu_set_t *cpus, struct vitals *out)
{
    struct vitals vitals = {.at_ns = clock_now_ns()};
    int64_t pressure_us = number_in("/proc/pressure/cpu", "total=");
    if (!read_stat(cpus, &vitals))
        return false;
    vitals.pressure_ns = pressure_us < 0 ? -1 : pressure_us * 1000;
    vitals.throttled_ns = read_throttled();
    read_clocks(cpus, &vitals);
    env_congestion_control(vitals.congestion_control);
    *out = vitals;
    return true;
}

/* ---- between two looks ---- */

/* Counters may go back a little when a virtual machine is moved. */
static double share(int64_t part_ns, int64_t whole_ns)
{
    if (whole_ns <= 0 || part_ns <= 0)
        return 0;
    return part_ns < whole_ns ? (double)part_ns / (double)whole_ns : 1;
}

double vitals_steal_share(const struct vitals *from, const struct vitals *to)
{
    return share(to->steal_ns - from->steal_ns, to->total_ns - from->total_ns);
}

double vitals_busy_share(const struct vitals *from, const struct vitals *to)
{
    int64_t total_ns = to->total_ns - from->total_ns;
    return share(total_ns - (to->idle_ns - from->idle_ns), total_ns);
}

double vitals_others_share(const struct vitals *from, const struct vitals *to,
                           int64_t our_ns)
{
    return share(to->used_ns - from->used_ns - our_ns, to->total_ns - from->total_ns);
}

static double share_of_time(int64_t from_ns, int64_t to_ns, const struct vitals *from,
                            const struct vitals *to)
{
    if (from_ns < 0 || to_ns < 0)
        return (double)NAN;
    return share(to_ns - from_ns, to->at_ns - from->at_ns);
}

double vitals_pressure_share(const struct vitals *from, const struct vitals *to)
{
    return share_of_time(from->pressure_ns, to->pressure_ns, from, to);
}

double vitals_throttled_share(const struct vitals *from, const struct vitals *to)
{
    return share_of_time(from->throttled_ns, to->throttled_ns, from, to);
}

double vitals_throttle_events(const struct vitals *from, const struct vitals *to)
{
    if (from->throttle_events < 0 || to->throttle_events < from->throttle_events)
        return (double)NAN;
    return (double)(to->throttle_events - from->throttle_events);
}

/* ---- speed ---- */

/* Each step needs the one before (xorshift), so that the time is that of the clock, not
 * of how many can run at once. */
static uint64_t chain(uint64_t x, int steps)
{
    for (int i = 0; i < steps; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static double best_speed(void)
{
    volatile uint64_t kept = 88172645463325252u; /* so that the chain is not left out */
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < SPEED_RUNS; i++) {
        int64_t from_ns = clock_now_ns();
        kept = chain(kept, SPEED_STEPS);
        int64_t took_ns = clock_now_ns() - from_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    return (double)SPEED_STEPS / (double)best_ns;
}

double vitals_cpu_speed(const cpu_set_t *cpus)
{
    cpu_set_t before, one;
    int first = 0;
    while (first < CPU_SETSIZE - 1 && !CPU_ISSET(first, cpus))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    cpu_allowed(&before);
    if (!cpu_pin(&one))
        return (double)NAN;
    double speed = best_speed();
    cpu_pin(&before);
    return speed;
}
