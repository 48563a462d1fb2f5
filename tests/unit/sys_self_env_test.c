/*
 * What this process uses and what the machine is, against what the kernel says by other
 * ways.
 */
#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "fds.h"
#include "sys/env.h"
#include "sys/self.h"
#include "sys/thread.h"
#include "tap.h"

/* --- self ----------------------------------------------------------------------------
 */

static int64_t used_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void burn(void *argument)
{
    int64_t until_ns = used_ns(CLOCK_THREAD_CPUTIME_ID) + *(int64_t *)argument;
    while (used_ns(CLOCK_THREAD_CPUTIME_ID) < until_ns)
        ;
}

/* Ours lies between two readings of the process's own clock, but for the ticks that the
 * kernel may count in. */
static void cpu_is_right(const char *what)
{
    enum { TICK_NS = 10000000 };
    int64_t low_ns = used_ns(CLOCK_PROCESS_CPUTIME_ID), cpu_ns = self_cpu_ns();
    int64_t high_ns = used_ns(CLOCK_PROCESS_CPUTIME_ID);
    TAP_OK(cpu_ns >= low_ns - TICK_NS && cpu_ns <= high_ns + TICK_NS,
           "%s: %lld us of %lld", what, (long long)cpu_ns / 1000,
           (long long)high_ns / 1000);
}

static void cpu(void)
{
    int64_t span_ns = 40 * NS_PER_MS, before_ns = self_cpu_ns();
    struct thread thread;
    struct error err;
    cpu_is_right("at the start");
    burn(&span_ns);
    cpu_is_right("after burning");
    if (thread_start(&thread, "burn", burn, &span_ns, &err))
        thread_join(&thread);
    cpu_is_right("after another thread burnt");
    TAP_OK(self_cpu_ns() - before_ns >= 60 * NS_PER_MS, "both of them count");
}

static void resident(void)
{
    enum { BLOCK = 32 << 20, NEAR = 2 << 20 };
    int64_t before = self_resident_bytes();
    char *block =
        mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(block, 1, BLOCK);
    int64_t full = self_resident_bytes();
    munmap(block, BLOCK);
    int64_t after = self_resident_bytes();
    int64_t peak = self_resident_peak_bytes();
    TAP_OK(peak >= full - NEAR, "the peak is what it was when full: %lld",
           (long long)peak);
    TAP_OK(before > 0, "some memory: %lld", (long long)before);
    TAP_OK(llabs(full - before - BLOCK) < NEAR, "32 MiB more when touched");
    TAP_OK(llabs(after - before) < NEAR, "… and less when given back");
}

static void open_files(void)
{
    enum { MORE = 10 };
    int fds[MORE], before = fds_count();
    TAP_INT(self_open_files(), before, "open files, its own look not among them");
    for (int i = 0; i < MORE; i++)
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    TAP_INT(self_open_files(), before + MORE, "ten more");
    for (int i = 0; i < MORE; i++)
        close(fds[i]);
    TAP_INT(self_open_files(), before, "and closed again");
    TAP_INT(fds_count(), before, "the look leaves none open");
}

enum { APART = 7 };

/* Opens some files in a table of its own, and waits to be told that they were counted. */
static void *opens_apart(void *argument)
{
    pthread_barrier_t *both = argument;
    struct error err;
    int fds[APART];
    bool apart = thread_own_files(&err);
    for (int i = 0; i < APART; i++)
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pthread_barrier_wait(both);
    pthread_barrier_wait(both);
    for (int i = 0; i < APART; i++)
        close(fds[i]);
    return apart ? NULL : argument;
}

static void open_files_apart(void)
{
    pthread_barrier_t both;
    pthread_t thread;
    void *failed;
    int before = fds_count();
    pthread_barrier_init(&both, NULL, 2);
    pthread_create(&thread, NULL, opens_apart, &both);
    pthread_barrier_wait(&both);
    int64_t sum = self_open_files_of_threads(), own = self_open_files();
    pthread_barrier_wait(&both);
    pthread_join(thread, &failed);
    pthread_barrier_destroy(&both);
    TAP_OK(!failed, "a thread takes a descriptor table of its own");
    TAP_INT(own, before, "what it opens is not in ours");
    TAP_INT(sum, 2 * before + APART,
            "the sum: ours, its copy of ours, and what it opened");
}

/* No descriptor is left for looking into /proc. */
static void exhausted(void)
{
    struct rlimit whole, cut;
    int taken[FDS_MAX], count = 0;
    getrlimit(RLIMIT_NOFILE, &whole);
    cut = (struct rlimit){.rlim_cur = 64, .rlim_max = whole.rlim_max};
    setrlimit(RLIMIT_NOFILE, &cut);
    while (count < FDS_MAX && (taken[count] = dup(0)) >= 0)
        count++;
    int64_t open_files = self_open_files(), bytes = self_resident_bytes();
    int counted = fds_count();
    while (count > 0)
        close(taken[--count]);
    setrlimit(RLIMIT_NOFILE, &whole);
    /* Some kernels tell the number without a look into the folder. */
    TAP_OK(open_files == 64 || open_files == counted,
           "no descriptor left: the soft limit, or the number");
    TAP_INT(bytes, 0, "… and memory is not known");
}

/* --- env ------------------------------------------------------------------------------
 */

/* A file's first line, "" when there is none. */
static const char *line_of(const char *path)
{
    static char line[4096];
    line[0] = '\0';
    FILE *file = fopen(path, "re");
    if (file && fgets(line, sizeof(line), file))
        line[strcspn(line, "\n")] = '\0';
    if (file)
        fclose(file);
    return line;
}

/* Nearly as a text that is cut at ENV_TEXT. */
static void same_as_file(const char *text, const char *path, const char *what)
{
    char expected[ENV_TEXT];
    snprintf(expected, sizeof(expected), "%.*s", ENV_TEXT - 1, line_of(path));
    TAP_TEXT(text, expected, what);
}

static bool in_cpuinfo(const char *model)
{
    char line[4096];
    bool found = false;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && !found && fgets(line, sizeof(line), file))
        found = strstr(line, model) != NULL;
    if (file)
        fclose(file);
    return found;
}

static void texts(const struct env_machine *machine)
{
    struct utsname names;
    uname(&names);
    TAP_OK(strstr(machine->kernel, names.release) != NULL, "kernel: %s", machine->kernel);
    TAP_OK(machine->cpu_model[0] != '\0', "model: %s", machine->cpu_model);
    TAP_OK(in_cpuinfo(machine->cpu_model), "… as /proc/cpuinfo has it");
    TAP_OK(!isspace((unsigned char)machine->cpu_model[0]), "… without blanks in front");
    same_as_file(machine->governor,
                 "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "governor");
    same_as_file(machine->congestion_control, "/proc/sys/net/ipv4/tcp_congestion_control",
                 "congestion control");
    same_as_file(machine->clock_source,
                 "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                 "clock source");
    TAP_OK(strpbrk(machine->mitigations, "0123456789") || !machine->mitigations[0],
           "mitigations: %s", machine->mitigations);
}

static void numbers(const struct env_machine *machine)
{
    cpu_set_t set;
    struct rlimit limit;
    double load;
    sched_getaffinity(0, sizeof(set), &set);
    getrlimit(RLIMIT_NOFILE, &limit);
    TAP_INT(machine->cpus_allowed, CPU_COUNT(&set), "CPUs");
    TAP_INT(machine->open_files_max, limit.rlim_cur, "open files");
    int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    TAP_OK(llabs(machine->memory_bytes - memory) <= memory / 100, "memory: %lld",
           (long long)machine->memory_bytes);
    if (getloadavg(&load, 1) == 1) /* may change between the two, but not by much */
        TAP_NEAR(machine->load_1min, load, 1 + load / 4, "load");
}

static void machine(void)
{
    struct env_machine machine;
    int before = fds_count();
    memset(&machine, 0x5a, sizeof(machine));
    env_read_machine(&machine);
    texts(&machine);
    numbers(&machine);
    TAP_INT(fds_count(), before, "no descriptor is left open");
}

static void pinned_machine(void)
{
    struct env_machine machine;
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof(all), &all);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++) {
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    }
    sched_setaffinity(0, sizeof(one), &one);
    env_read_machine(&machine);
    sched_setaffinity(0, sizeof(all), &all);
    TAP_INT(machine.cpus_allowed, 1, "CPUs are those we may use");
}

static void raise_files(void)
{
    struct rlimit whole, cut, now;
    struct env_machine machine;
    getrlimit(RLIMIT_NOFILE, &whole);
    cut = (struct rlimit){.rlim_cur = whole.rlim_max / 2, .rlim_max = whole.rlim_max};
    setrlimit(RLIMIT_NOFILE, &cut);
    env_read_machine(&machine);
    TAP_INT(machine.open_files_max, cut.rlim_cur, "the soft limit");
    TAP_INT(env_raise_files(0), whole.rlim_max, "raised to the hard one");
    getrlimit(RLIMIT_NOFILE, &now);
    TAP_INT(now.rlim_cur, whole.rlim_max, "… which is in force");
    TAP_INT(env_raise_files(0), whole.rlim_max, "raised again");
    setrlimit(RLIMIT_NOFILE, &whole);
}

static void sharpen_timers(void)
{
    int before = prctl(PR_GET_TIMERSLACK);
    env_sharpen_timers();
    TAP_INT(prctl(PR_GET_TIMERSLACK), 1, "timers are sharp");
    prctl(PR_SET_TIMERSLACK, before);
}

int main(void)
{
    cpu();
    resident();
    open_files();
    open_files_apart();
    exhausted();
    machine();
    pinned_machine();
    raise_files();
    sharpen_timers();
    return tap_done();
}
