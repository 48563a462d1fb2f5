/*
 * Processes and the machine as /proc tells them. A family of processes is forked that do
 * one thing at a time when told so and are idle otherwise: their numbers then stand still
 * and can be compared with what they know of themselves and what the kernel says
 * elsewhere.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/procfs.h"
#include "tap.h"

enum { MEBIBYTE = 1 << 20, BLOCK = 32 * MEBIBYTE };

#define TICK_NS (NS_PER_S / 100) /* /proc counts time in hundredths of a second */

/* --- a process that obeys ---------------------------------------------------------- */

struct worker {
    pid_t pid;
    int order, answer; /* a byte to it; an int64 from it */
};

static void burn(int64_t cpu_ns)
{
    struct timespec now;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (now.tv_sec * NS_PER_S + now.tv_nsec < cpu_ns);
}

static int64_t used_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Burns in a child of its own and waits for it; the child's own account is the answer. */
static int64_t burn_in_child(void)
{
    int pipes[2];
    int64_t ns = 0;
    if (pipe(pipes))
        return 0;
    pid_t pid = fork();
    if (pid == 0) {
        burn(60 * NS_PER_MS);
        ns = used_ns();
        _exit(write(pipes[1], &ns, sizeof(ns)) != sizeof(ns));
    }
    if (read(pipes[0], &ns, sizeof(ns)) != sizeof(ns))
        ns = 0;
    waitpid(pid, NULL, 0);
    close(pipes[0]);
    close(pipes[1]);
    return ns;
}

static void sleep_often(void)
{
    for (int i = 0; i < 50; i++)
        clock_sleep_until(clock_now_ns() + 100 * NS_PER_US);
}

static int64_t obey(char order, char **block)
{
    switch (order) {
    case 'b':
        burn(60 * NS_PER_MS);
        break;
    case 'c':
        return burn_in_child();
    case 'm':
        memset(*block, 1, BLOCK);
        break;
    case 'f':
        munmap(*block, BLOCK);
        break;
    case 's':
        sleep_often();
        break;
    case 'n':
        prctl(PR_SET_NAME, "a) S 1 (b 2");
        break;
    default:
        break;
    }
    return used_ns();
}

/* Below the worker stand depth more, each the child of the one before, which only wait.
 */
static void stand_below(int depth)
{
    if (depth == 0 || fork() != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    stand_below(depth - 1);
    for (;;)
        pause();
}

static struct worker worker_start(int depth)
{
    int order[2], answer[2];
    struct worker worker = {0};
    if (pipe(order) || pipe(answer))
        return worker;
    fflush(stdout);
    worker.pid = fork();
    if (worker.pid == 0) {
        char *block =
            mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char byte;
        close(order[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        stand_below(depth);
        while (read(order[0], &byte, 1) == 1) {
            int64_t reply = obey(byte, &block);
            if (write(answer[1], &reply, sizeof(reply)) != sizeof(reply))
                break;
        }
        _exit(0);
    }
    close(order[0]);
    close(answer[1]);
    worker.order = order[1];
    worker.answer = answer[0];
    return worker;
}

/* Waits for its answer, and until it is asleep again and its numbers stand still. */
static int64_t worker_do(const struct worker *worker, char order)
{
    int64_t reply = -1;
    char path[64], state = 'R';
    if (write(worker->order, &order, 1) != 1 ||
        read(worker->answer, &reply, sizeof(reply)) != sizeof(reply))
        return -1;
    snprintf(path, sizeof(path), "/proc/%d/status", worker->pid);
    for (int i = 0; i < 10000 && state != 'S'; i++) {
        char line[256];
        FILE *status = fopen(path, "r");
        while (status && fgets(line, sizeof(line), status)) {
            if (sscanf(line, "State: %c", &state) == 1)
                break;
        }
        if (status)
            fclose(status);
    }
    return reply;
}

/* Killed, since another worker may hold its pipe; those below it follow. */
static void worker_end(const struct worker *worker)
{
    kill(worker->pid, SIGKILL);
    close(worker->order);
    close(worker->answer);
    waitpid(worker->pid, NULL, 0);
}

static struct procfs_tree tree_of(pid_t root)
{
    struct procfs_tree tree;
    memset(&tree, 0x5a, sizeof(tree));
    TAP_OK(procfs_read_tree(root, NULL, 0, &tree), "a tree is read");
    return tree;
}

/* A number of /proc/pid/status. */
static int64_t status_number(pid_t pid, const char *name)
{
    char path[64], line[256];
    long long number = -1;
    size_t len = strlen(name);
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof(line), status)) {
        if (strncmp(line, name, len) == 0)
            number = strtoll(line + len, NULL, 10);
    }
    if (status)
        fclose(status);
    return number;
}

/* --- trees ------------------------------------------------------------------------- */

static void counts(void)
{
    struct worker alone = worker_start(0), deep = worker_start(3);
    worker_do(&alone, ' ');
    worker_do(&deep, ' ');
    TAP_INT(tree_of(alone.pid).processes, 1, "one process is a tree");
    struct procfs_tree three = {0};
    int64_t until_ns = clock_now_ns() + 10 * NS_PER_S;
    while (three.processes < 4 && clock_now_ns() < until_ns)
        procfs_read_tree(deep.pid, NULL, 0, &three);
    TAP_INT(three.processes, 4, "children, theirs and theirs are counted");
    struct procfs_tree all = tree_of(getpid());
    TAP_INT(all.processes, 6, "two trees below this process");
    TAP_OK(all.rss_bytes > three.rss_bytes, "… which use more than one of them");
    worker_end(&alone);
    worker_end(&deep);
}

static void gone(void)
{
    struct procfs_tree tree, before;
    struct worker worker = worker_start(0);
    worker_do(&worker, ' ');
    worker_end(&worker);
    memset(&tree, 0x5a, sizeof(tree));
    before = tree;
    TAP_OK(!procfs_read_tree(worker.pid, NULL, 0, &tree),
           "a root that is gone is no tree");
    TAP_OK(memcmp(&tree, &before, sizeof(tree)) == 0,
           "… and leaves the answer as it was");
}

static void cpu_time(void)
{
    struct worker worker = worker_start(0);
    worker_do(&worker, ' ');
    TAP_OK(tree_of(worker.pid).cpu_ns < 50 * NS_PER_MS, "an idle process used little");
    int64_t own_ns = worker_do(&worker, 'b');
    int64_t cpu_ns = tree_of(worker.pid).cpu_ns;
    TAP_OK(own_ns >= 60 * NS_PER_MS && llabs(cpu_ns - own_ns) <= 3 * TICK_NS,
           "60 ms burnt: %lld us of its own %lld", (long long)cpu_ns / 1000,
           (long long)own_ns / 1000);
    int64_t child_ns = worker_do(&worker, 'c');
    int64_t both_ns = tree_of(worker.pid).cpu_ns;
    TAP_OK(child_ns >= 60 * NS_PER_MS &&
               llabs(both_ns - cpu_ns - child_ns) <= 3 * TICK_NS,
           "60 ms of a dead child: %lld us of its own %lld",
           (long long)(both_ns - cpu_ns) / 1000, (long long)child_ns / 1000);
    worker_end(&worker);
}

static bool about(int64_t bytes, int64_t expected)
{
    return llabs(bytes - expected) <= MEBIBYTE;
}

static void memory(void)
{
    struct worker worker = worker_start(0);
    worker_do(&worker, ' ');
    struct procfs_tree before = tree_of(worker.pid);
    TAP_OK(about(before.rss_bytes, status_number(worker.pid, "VmRSS:") * 1024),
           "resident memory as the kernel says: %lld", (long long)before.rss_bytes);
    worker_do(&worker, 'm');
    struct procfs_tree full = tree_of(worker.pid);
    TAP_OK(about(full.rss_bytes - before.rss_bytes, BLOCK), "32 MiB touched");
    TAP_OK(full.rss_peak_bytes >= before.rss_bytes + BLOCK - MEBIBYTE, "… are the peak");
    worker_do(&worker, 'f');
    struct procfs_tree freed = tree_of(worker.pid);
    TAP_OK(about(freed.rss_bytes, before.rss_bytes), "… and given back");
    TAP_OK(about(freed.rss_peak_bytes, full.rss_peak_bytes), "… the peak stays");
    TAP_INT(freed.rss_peak_bytes, status_number(worker.pid, "VmHWM:") * 1024,
            "… as the kernel says");
    worker_end(&worker);
}

/* The second number of /proc/pid/schedstat; 0 where the kernel keeps none. */
static int64_t waited_ns(pid_t pid)
{
    char path[64];
    long long waited = 0;
    snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*d %lld", &waited) != 1)
        waited = 0;
    if (file)
        fclose(file);
    return waited;
}

/* What two of them burnt side by side on one CPU, each has waited for about as long. */
static void check_waiting(const struct procfs_tree *before,
                          const struct procfs_tree *after, pid_t pid)
{
    int64_t grown_ns = after->run_wait_ns - before->run_wait_ns;
    TAP_INT(after->run_wait_ns, waited_ns(pid), "waiting for a CPU, as the kernel says");
    if (after->run_wait_ns == 0)
        printf("# the kernel keeps no schedstat\n");
    else
        TAP_OK(grown_ns > 5 * NS_PER_MS, "waited for the other: %lld us",
               (long long)grown_ns / 1000);
}

/* Two on one CPU take it from each other: that makes involuntary switches, and both wait.
 */
static void fight_for_cpu(void)
{
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof(all), &all);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++) {
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    }
    sched_setaffinity(0, sizeof(one), &one);
    struct worker a = worker_start(0), b = worker_start(0);
    worker_do(&a, ' ');
    worker_do(&b, ' ');
    struct procfs_tree before = tree_of(a.pid);
    int64_t reply;
    if (write(a.order, "b", 1) != 1 || read(a.answer, &reply, 0) != 0)
        reply = -1;
    worker_do(&b, 'b');
    if (read(a.answer, &reply, sizeof(reply)) != sizeof(reply))
        reply = -1;
    worker_do(&a, ' ');
    struct procfs_tree tree = tree_of(a.pid);
    TAP_OK(tree.switches_involuntary > 0, "a CPU is taken away");
    TAP_INT(tree.switches_involuntary,
            status_number(a.pid, "nonvoluntary_ctxt_switches:"), "… as often as counted");
    check_waiting(&before, &tree, a.pid);
    worker_end(&a);
    worker_end(&b);
    sched_setaffinity(0, sizeof(all), &all);
}

static void switches(void)
{
    struct worker worker = worker_start(0);
    worker_do(&worker, ' ');
    int64_t before = tree_of(worker.pid).switches_voluntary;
    worker_do(&worker, 's');
    int64_t after = tree_of(worker.pid).switches_voluntary;
    TAP_OK(after - before >= 50, "50 sleeps, %lld switches", (long long)(after - before));
    TAP_INT(after, status_number(worker.pid, "voluntary_ctxt_switches:"),
            "… as the kernel says");
    worker_end(&worker);
}

/* A program may call itself anything; the line of numbers begins behind that. */
static void strange_name(void)
{
    struct worker worker = worker_start(1);
    worker_do(&worker, ' ');
    struct procfs_tree plain = {0};
    while (plain.processes < 2)
        procfs_read_tree(worker.pid, NULL, 0, &plain);
    worker_do(&worker, 'b');
    worker_do(&worker, 'c');
    int64_t before_ns = tree_of(worker.pid).cpu_ns;
    worker_do(&worker, 'n');
    struct procfs_tree named = tree_of(worker.pid);
    TAP_INT(named.processes, 2, "parentheses and blanks in a name");
    TAP_OK(llabs(named.cpu_ns - before_ns) <= 2 * TICK_NS, "… do not shift its numbers");
    TAP_OK(about(named.rss_bytes, plain.rss_bytes), "… of memory neither");
    worker_end(&worker);
}

int main(void)
{
    counts();
    gone();
    cpu_time();
    memory();
    switches();
    fight_for_cpu();
    strange_name();
    return tap_done();
}
