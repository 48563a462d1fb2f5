/*
 * vitals: what the machine does besides what we ask of it: CPU time taken by other guests
 * and by other processes, waiting, throttling, frequency. Two looks make a period.
 */
#ifndef DRAGSTRIP_SYS_VITALS_H
#define DRAGSTRIP_SYS_VITALS_H

#include "sys/env.h"

#include <sched.h>
#include <stdbool.h>

struct vitals {
    int64_t at_ns; /* monotonic */
    /* Jiffies of the chosen CPUs since boot, as ns (proc(5), /proc/stat). */
    int64_t total_ns, idle_ns, steal_ns;
    int64_t used_ns;         /* user, nice and system: what processes are charged for */
    int64_t pressure_ns;     /* in which some task waited for a CPU, machine-wide; -1 */
    int64_t throttled_ns;    /* in which a CPU quota held our cgroup back; -1 */
    int64_t throttle_events; /* thermal, of the chosen CPUs; -1 */
    double frequency_hz;     /* mean of the chosen CPUs now; NAN */
    char congestion_control[ENV_TEXT]; /* of new TCP sockets */
};

/* cpus NULL: all. False: /proc/stat cannot be read. What the machine does not tell is -1
 * or NAN. */
bool vitals_read(const cpu_set_t *cpus, struct vitals *out);

/* Shares of the chosen CPUs' time between two looks, 0...1; 0 when no time passed. */
double vitals_steal_share(const struct vitals *from, const struct vitals *to);
double vitals_busy_share(const struct vitals *from, const struct vitals *to);

/* The same of processes other than ours, which used our_ns meanwhile. */
double vitals_others_share(const struct vitals *from, const struct vitals *to,
                           int64_t our_ns);

/* Shares of the time that passed; NAN when the machine does not tell. */
double vitals_pressure_share(const struct vitals *from, const struct vitals *to);
double vitals_throttled_share(const struct vitals *from, const struct vitals *to);

double vitals_throttle_events(const struct vitals *from, const struct vitals *to);

/*
 * Steps of a fixed chain of dependent operations a ns on the first of the CPUs: it
 * follows the clock that the CPU really has, in virtual machines too, which tell no
 * frequency. The best of a few runs of half a millisecond, so that being interrupted does
 * not count. Runs there itself meanwhile. NAN: it may not run there.
 */
double vitals_cpu_speed(const cpu_set_t *cpus);

#endif
