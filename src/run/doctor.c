#include "run/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sys/cpu.h"
#include "sys/vitals.h"

#define LOOK_NS NS_PER_S
#define STEP_NS (50 * NS_PER_MS)

/* Above these a measurement can be seen to suffer. */
static const double BUSY_MAX = .05, STEAL_MAX = .01;
enum { FILES_ENOUGH = 65536, PORTS_ENOUGH = 20000 };

/* ---- looking ---- */

static void look_at_load(struct doctor_facts *out, atomic_int *stop)
{
    struct vitals from, to;
    int64_t until_ns = clock_now_ns() + LOOK_NS;
    if (!vitals_read(NULL, &from))
        return;
    while (clock_now_ns() < until_ns && atomic_load(stop) == STOP_NOT)
        clock_sleep_until(clock_now_ns() + STEP_NS);
    if (!vitals_read(NULL, &to))
        return;
    out->steal_share = vitals_steal_share(&from, &to);
    out->busy_share = vitals_busy_share(&from, &to);
}

void doctor_look(struct doctor_facts *out, atomic_int *stop)
{
    struct cpu_plan cpus;
    *out = (struct doctor_facts){0};
    env_read_machine(&out->machine);
    env_read_tuning(&out->tuning);
    out->open_files_hard = env_raise_files(0);
    cpu_divide(&cpus);
    out->cores_for_service = CPU_COUNT(&cpus.service);
    out->cores_for_generator = CPU_COUNT(&cpus.generator);
    out->cpus_shared = cpus.shared;
    look_at_load(out, stop);
}

/* ---- judging ---- */

struct findings {
    struct doctor_finding *items;
    int count;
};

/* A finding with its text; bad ones keep effect and remedy, others need none. */
__attribute__((format(printf, 6, 7))) static void
add(struct findings *findings, enum doctor_level level, const char *what,
    const char *effect, const char *remedy, const char *format, ...)
{
    struct doctor_finding *finding = &findings->items[findings->count++];
    va_list args;
    *finding = (struct doctor_finding){.level = level,
                                       .what = what,
                                       .effect = level == DOCTOR_BAD ? effect : NULL,
                                       .remedy = level == DOCTOR_BAD ? remedy : NULL};
    va_start(args, format);
    vsnprintf(finding->found, sizeof(finding->found), format, args);
    va_end(args);
}

static enum doctor_level bad_if(bool bad)
{
    return bad ? DOCTOR_BAD : DOCTOR_GOOD;
}

static void judge_limits(const struct doctor_facts *facts, struct findings *out)
{
    int ports = facts->tuning.port_last - facts->tuning.port_first + 1;
    add(out, bad_if(facts->open_files_hard < FILES_ENOUGH), "open files",
        "limits the number of connections",
        "ulimit -Hn 1048576 (as root, or in limits.conf)", "%llu",
        (unsigned long long)facts->open_files_hard);
    if (facts->tuning.port_first == 0)
        add(out, DOCTOR_UNKNOWN, "local ports", NULL, NULL, "not to be read");
    else
        add(out, bad_if(ports < PORTS_ENOUGH), "local ports",
            "limits the connections to one address, and reconnects above all",
            "sysctl -w net.ipv4.ip_local_port_range='1024 65535'", "%d to %d",
            facts->tuning.port_first, facts->tuning.port_last);
}

static void judge_network(const struct doctor_facts *facts, struct findings *out)
{
    const char *control = facts->machine.congestion_control;
    add(out, *control ? bad_if(strcmp(control, "bbr") == 0) : DOCTOR_UNKNOWN,
        "congestion control",
        "bbr paces every send, on loopback too, which costs CPU time and latency",
        "sysctl -w net.ipv4.tcp_congestion_control=cubic", "%s",
        *control ? control : "not to be read");
}

static void judge_cpus(const struct doctor_facts *facts, struct findings *out)
{
    const char *governor = facts->machine.governor, *turbo = facts->tuning.turbo;
    const char *smt = facts->tuning.smt;
    add(out, bad_if(facts->cpus_shared), "CPUs",
        "service and generator take time from each other, and the generator cannot poll",
        "give this machine or container at least two cores",
        facts->cpus_shared ? "%d, shared by both"
                           : "%d for the service, %d for the generator",
        facts->cores_for_service, facts->cores_for_generator);
    add(out, *governor ? bad_if(strcmp(governor, "performance") != 0) : DOCTOR_UNKNOWN,
        "frequency governor", "the clock changes with the load, and latencies with it",
        "cpupower frequency-set -g performance", "%s",
        *governor ? governor : "not to be read, as in most virtual machines");
    add(out, *turbo ? bad_if(strcmp(turbo, "on") == 0) : DOCTOR_UNKNOWN, "turbo",
        "the clock falls when the CPU gets warm or other cores wake",
        "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 > "
        "/sys/devices/system/cpu/cpufreq/boost",
        "%s", *turbo ? turbo : "not to be read");
    add(out, *smt ? bad_if(strcmp(smt, "on") == 0) : DOCTOR_UNKNOWN, "SMT siblings",
        "two threads of one core slow each other; the default pinning keeps cores whole, "
        "other processes do not",
        "echo off > /sys/devices/system/cpu/smt/control", "%s",
        *smt ? smt : "not to be read");
}

static void judge_kernel(const struct doctor_facts *facts, struct findings *out)
{
    const char *clock = facts->machine.clock_source, *huge = facts->tuning.huge_pages;
    bool known = *clock != '\0';
    bool fast = strcmp(clock, "tsc") == 0 || strcmp(clock, "kvm-clock") == 0 ||
                strcmp(clock, "arch_sys_counter") == 0;
    add(out, known ? bad_if(!fast) : DOCTOR_UNKNOWN, "clock source",
        "each look at the clock is a system call of a microsecond or more",
        "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource",
        "%s", known ? clock : "not to be read");
    add(out, *huge ? bad_if(strcmp(huge, "always") == 0) : DOCTOR_UNKNOWN,
        "transparent huge pages",
        "the kernel moves memory together in the background, which stalls services",
        "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled", "%s",
        *huge ? huge : "not to be read");
    add(out, *facts->machine.mitigations ? DOCTOR_GOOD : DOCTOR_UNKNOWN, "mitigations",
        NULL, NULL, "%s%s",
        *facts->machine.mitigations ? facts->machine.mitigations : "not to be read",
        *facts->machine.mitigations ? " (compare only machines with the same)" : "");
}

static void judge_others(const struct doctor_facts *facts, struct findings *out)
{
    add(out, bad_if(facts->steal_share > STEAL_MAX), "steal",
        "other guests of the host take CPU time, and it looks like a slow service",
        "measure at another time, or on a machine of your own",
        "%.1f %% of the last second", 100 * facts->steal_share);
    add(out, bad_if(facts->busy_share > BUSY_MAX), "other load",
        "what else runs here takes CPU time from service or generator",
        "top, and end what need not run", "%.1f %% of all CPUs busy in the last second",
        100 * facts->busy_share);
}

int doctor_judge(const struct doctor_facts *facts,
                 struct doctor_finding out[DOCTOR_FINDINGS_MAX])
{
    struct findings findings = {.items = out};
    judge_cpus(facts, &findings);
    judge_others(facts, &findings);
    judge_network(facts, &findings);
    judge_limits(facts, &findings);
    judge_kernel(facts, &findings);
    return findings.count;
}
