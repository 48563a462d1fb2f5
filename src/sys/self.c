#include "sys/self.h"

#include <dirent.h>
#include <fcntl.h>
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

int64_t self_open_files(void)
{
    struct stat status;
    int64_t count = -1; /* the directory that counts is open itself */
    /* From Linux 6.2 on the directory's size is the number; before, it is 0. */
    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
        return status.st_size;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return files_limit();
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}
