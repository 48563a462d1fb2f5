#include "sys/cpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/file.h"

void cpu_allowed(cpu_set_t *out)
{
    CPU_ZERO(out);
    if (sched_getaffinity(0, sizeof(*out), out) != 0)
        CPU_SET(0, out);
}

/* Adds "0-3,8" to *out; false when it is not such a list. */
static bool parse_list(const char *text, cpu_set_t *out)
{
    const char *at = text;
    CPU_ZERO(out);
    do {
        char *end;
        if (*at < '0' || *at > '9')
            return false;
        long first = strtol(at, &end, 10), last = first;
        if (*end == '-' && end[1] >= '0' && end[1] <= '9')
            last = strtol(end + 1, &end, 10);
        if (first > last || last >= CPU_SETSIZE)
            return false;
        for (long cpu = first; cpu <= last; cpu++)
            CPU_SET((size_t)cpu, out);
        at = end;
    } while (*at++ == ',');
    at--;
    return *at == '\0' || *at == '\n';
}

bool cpu_parse(const char *text, cpu_set_t *out, struct error *err)
{
    char have[CPU_TEXT_BYTES];
    cpu_set_t wanted, allowed, both;
    if (!parse_list(text, &wanted))
        return error_set(err, "'%s' is not a list of CPUs, such as 0-3,8", text);
    cpu_allowed(&allowed);
    CPU_AND(&both, &wanted, &allowed);
    if (!CPU_EQUAL(&both, &wanted))
        return error_set(err, "CPUs '%s' are not all there: this process may use %s",
                         text, cpu_format(&allowed, have));
    *out = wanted;
    return true;
}

const char *cpu_format(const cpu_set_t *set, char out[CPU_TEXT_BYTES])
{
    size_t len = 0;
    out[0] = '\0';
    for (int cpu = 0; cpu < CPU_SETSIZE && len + 16 < CPU_TEXT_BYTES; cpu++) {
        if (!CPU_ISSET(cpu, set))
            continue;
        int last = cpu;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
            last++;
        const char *comma = len ? "," : "";
        int n =
            last > cpu
                ? snprintf(out + len, CPU_TEXT_BYTES - len, "%s%d-%d", comma, cpu, last)
                : snprintf(out + len, CPU_TEXT_BYTES - len, "%s%d", comma, cpu);
        len += (size_t)n;
        cpu = last;
    }
    return out;
}

/* The CPUs that share a core with this one; the CPU alone when the kernel hides it. */
static void read_siblings(int cpu, cpu_set_t *out)
{
    char path[96];
    struct buf text;
    struct error ignored;
    buf_init(&text, 256);
    snprintf(path, sizeof(path),
             "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    if (!file_read(path, &text, &ignored) || !parse_list(buf_text(&text), out)) {
        CPU_ZERO(out);
        CPU_SET(cpu, out);
    }
    buf_fini(&text);
}

static int count_cores(const cpu_set_t *allowed)
{
    int cores = 0;
    cpu_set_t left = *allowed, siblings;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &left))
            continue;
        read_siblings(cpu, &siblings);
        CPU_SET(cpu, &siblings);
        CPU_AND(&siblings, &siblings, &left);
        CPU_XOR(&left, &left, &siblings);
        cores++;
    }
    return cores;
}

void cpu_divide(struct cpu_plan *out)
{
    cpu_set_t left, siblings;
    cpu_allowed(&left);
    int cores = count_cores(&left);
    CPU_ZERO(&out->service);
    CPU_ZERO(&out->generator);
    out->shared = cores < 2;
    if (out->shared) {
        out->service = out->generator = left;
        return;
    }
    int for_service = (cores + 1) / 2;
    for (int cpu = 0, core = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &left))
            continue;
        read_siblings(cpu, &siblings);
        CPU_SET(cpu, &siblings);
        CPU_AND(&siblings, &siblings, &left);
        CPU_XOR(&left, &left, &siblings);
        cpu_set_t *side = core++ < for_service ? &out->service : &out->generator;
        CPU_OR(side, side, &siblings);
    }
}

bool cpu_sets_touch(const cpu_set_t *a, const cpu_set_t *b)
{
    cpu_set_t siblings, both;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, a))
            continue;
        read_siblings(cpu, &siblings);
        CPU_SET(cpu, &siblings);
        CPU_AND(&both, &siblings, b);
        if (CPU_COUNT(&both) > 0)
            return true;
    }
    return false;
}

bool cpu_pin(const cpu_set_t *set)
{
    return sched_setaffinity(0, sizeof(*set), set) == 0;
}

void cpu_pin_thread(pthread_t thread, const cpu_set_t *set)
{
    pthread_setaffinity_np(thread, sizeof(*set), set);
}
