#include "sys/self.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

int64_t self_cpu_ns(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        return 0;
    return used.tv_sec * NS_PER_S + used.tv_nsec;
}

int64_t self_resident_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    char *second = strchr(text, ' '); /* size resident shared …, in pages: proc(5) */
    return second ? strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

int64_t self_resident_peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss * INT64_C(1024) : 0;
}

static int64_t files_limit(void)
{
    struct rlimit files;
    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? (int64_t)files.rlim_cur : 0;
}

/* Entries of a folder of descriptors, of the calling thread's table or of another one; -1
 * when it cannot be read. */
static int64_t count_files(const char *folder, bool own)
{
    struct stat status;
    int64_t count = own ? -1 : 0; /* the descriptor that counts is open itself */
    /* From Linux 6.2 on the folder's size is the number; before, it is 0. */
    if (stat(folder, &status) == 0 && status.st_size > 0)
        return status.st_size;
    DIR *dir = opendir(folder);
    if (!dir)
        return -1;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

int64_t self_open_files(void)
{
    int64_t count = count_files("/proc/self/fd", true);
    return count < 0 ? files_limit() : count;
}

int64_t self_open_files_of_threads(void)
{
    char folder[64];
    int64_t sum = -1; /* the folder that lists the threads is open, too */
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return self_open_files();
    for (struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(folder, sizeof(folder), "/proc/self/task/%.20s/fd", task->d_name);
        int64_t count = count_files(folder, atoi(task->d_name) == gettid());
        sum += count > 0 ? count : 0;
    }
    closedir(tasks);
    return sum;
}
