#include "sys/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/file.h"

enum { TREE_MAX = 1024, ENVIRON_MAX = 4 << 20 };

/* Whole small file as text; false when it is gone. */
static bool read_small(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    if (n < 0)
        return false;
    out[n] = '\0';
    return true;
}

/* Value after "Name:" in a status text; 0 when missing. */
static int64_t status_field(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoll(at + strlen(name), NULL, 10) : 0;
}

/*
 * User and system time to the nanosecond from the process's CPU clock, which counts all
 * its threads, dead ones too; the jiffies of waited-for children come from stat.
 */
static int64_t process_cpu_ns(pid_t pid)
{
    clockid_t id;
    struct timespec used;
    if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &used) != 0)
        return 0;
    return used.tv_sec * NS_PER_S + used.tv_nsec;
}

/* Jiffies from /proc/PID/stat, as ns. */
struct stat_times {
    int64_t own_ns;    /* user + system */
    int64_t waited_ns; /* of children that it waited for */
};

static bool read_times(pid_t pid, struct stat_times *out)
{
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (!read_small(path, text, sizeof(text)))
        return false;
    const char *at = strrchr(text, ')'); /* the name may contain anything */
    long long user, system, waited_user, waited_system;
    /* Fields 3…13 are skipped: proc(5), utime is 14, stime 15, cutime 16, cstime 17. */
    if (!at ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
               &user, &system, &waited_user, &waited_system) != 4)
        return false;
    int64_t jiffy_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
    out->own_ns = (user + system) * jiffy_ns;
    out->waited_ns = (waited_user + waited_system) * jiffy_ns;
    return true;
}

/* Context switches are kept by thread. */
static void add_switches(pid_t pid, pid_t thread, struct procfs_tree *tree)
{
    char path[96], text[4096];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)thread);
    if (!read_small(path, text, sizeof(text)))
        return;
    tree->switches_voluntary += status_field(text, "\nvoluntary_ctxt_switches:");
    tree->switches_involuntary += status_field(text, "\nnonvoluntary_ctxt_switches:");
}

/* "ran waited slices", in ns (Documentation/scheduler/sched-stats). */
static void add_run_wait(pid_t pid, pid_t thread, struct procfs_tree *tree)
{
    char path[96], text[128];
    long long waited;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, (int)thread);
    if (read_small(path, text, sizeof(text)) && sscanf(text, "%*d %lld", &waited) == 1)
        tree->run_wait_ns += waited;
}

struct pid_list {
    pid_t pids[TREE_MAX];
    int count;
};

/* Children by thread (CONFIG_PROC_CHILDREN, on in every distribution's kernel). */
static void add_children(pid_t pid, pid_t thread, struct pid_list *list)
{
    char path[96], text[8192];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)thread);
    if (!read_small(path, text, sizeof(text)))
        return;
    char *at = text, *end;
    for (long child = strtol(at, &end, 10); end != at; child = strtol(at, &end, 10)) {
        if (list->count < TREE_MAX)
            list->pids[list->count++] = (pid_t)child;
        at = end;
    }
}

/* tree may be NULL: children only. */
static void add_threads(pid_t pid, struct procfs_tree *tree, struct pid_list *list)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return;
    for (struct dirent *entry = readdir(tasks); entry; entry = readdir(tasks)) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        if (thread <= 0)
            continue;
        if (tree) {
            add_switches(pid, thread, tree);
            add_run_wait(pid, thread, tree);
        }
        add_children(pid, thread, list);
    }
    closedir(tasks);
}

int procfs_children(pid_t pid, pid_t *out, int max)
{
    struct pid_list list = {.count = 0};
    add_threads(pid, NULL, &list);
    int count = list.count < max ? list.count : max;
    for (int i = 0; i < count; i++)
        out[i] = list.pids[i];
    return count;
}

bool procfs_was_started_with(pid_t pid, const char *variable)
{
    char path[64];
    struct buf text;
    struct error ignored;
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    buf_init(&text, ENVIRON_MAX);
    file_read(path, &text, &ignored); /* too long a one is looked at as far as it goes */
    size_t len = strlen(variable);
    for (size_t at = 0; !found && at + len <= text.len;
         at += strnlen(text.ptr + at, text.len - at) + 1)
        found = strnlen(text.ptr + at, text.len - at) == len &&
                memcmp(text.ptr + at, variable, len) == 0;
    buf_fini(&text);
    return found;
}

static bool add_process(pid_t pid, struct procfs_tree *tree, struct pid_list *list)
{
    char path[64], text[4096];
    struct stat_times times;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    if (!read_small(path, text, sizeof(text)) || !read_times(pid, &times))
        return false;
    if (strstr(text, "\nState:\tZ")) { /* what it has used is still the tree's */
        tree->cpu_ns += times.own_ns + times.waited_ns;
        return false;
    }
    int64_t exact_ns = process_cpu_ns(pid);
    tree->processes++;
    tree->cpu_ns += (exact_ns ? exact_ns : times.own_ns) + times.waited_ns;
    tree->rss_bytes += status_field(text, "\nVmRSS:") * 1024;
    tree->rss_peak_bytes += status_field(text, "\nVmHWM:") * 1024;
    add_threads(pid, tree, list);
    return true;
}

bool procfs_read_tree(pid_t root, const pid_t *strays, int count, struct procfs_tree *out)
{
    struct procfs_tree tree = {0};
    struct pid_list list = {.pids = {root}, .count = 1};
    if (!add_process(root, &tree, &list))
        return false;
    for (int i = 0; i < count && list.count < TREE_MAX; i++)
        list.pids[list.count++] = strays[i];
    for (int i = 1; i < list.count; i++)
        add_process(list.pids[i], &tree, &list);
    *out = tree;
    return true;
}

static uint64_t listeners_in(const char *path, unsigned port)
{
    char line[512];
    uint64_t sum = 0;
    FILE *table = fopen(path, "re");
    while (table && fgets(line, sizeof(line), table)) {
        unsigned local = 0, state = 0;
        unsigned long long inode = 0;
        /* "0: 0100007F:1F90 00000000:0000 0A queues timer retransmits uid time-out
         * inode": local, remote, state; 0A is LISTEN. */
        int found = sscanf(line,
                           " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*u "
                           "%llu",
                           &local, &state, &inode);
        if (found == 3 && local == port && state == 0x0a)
            sum += inode;
    }
    if (table)
        fclose(table);
    return sum;
}

uint64_t procfs_port_listeners(unsigned port)
{
    return listeners_in("/proc/net/tcp", port) + listeners_in("/proc/net/tcp6", port);
}

bool procfs_port_listens(unsigned port)
{
    return procfs_port_listeners(port) > 0;
}
