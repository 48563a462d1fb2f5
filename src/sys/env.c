#include "sys/env.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/cpu.h"

/* First line of a file, without its newline; "" when it cannot be read. */
static void read_line(const char *path, char out[ENV_TEXT])
{
    out[0] = '\0';
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    if (!fgets(out, ENV_TEXT, file))
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    fclose(file);
}

static void read_cpu_model(char out[ENV_TEXT])
{
    char line[512];
    snprintf(out, ENV_TEXT, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(out, ENV_TEXT, "%.*s", ENV_TEXT - 1, colon + 2);
            break;
        }
    }
    fclose(file);
}

static void count_mitigations(char out[ENV_TEXT])
{
    static const char directory[] = "/sys/devices/system/cpu/vulnerabilities";
    int mitigated = 0, open_ones = 0;
    out[0] = '\0';
    DIR *dir = opendir(directory);
    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[512], line[ENV_TEXT];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        read_line(path, line);
        mitigated += strncmp(line, "Mitigation", 10) == 0;
        open_ones += strncmp(line, "Vulnerable", 10) == 0;
    }
    closedir(dir);
    snprintf(out, ENV_TEXT, "%d mitigated, %d vulnerable", mitigated, open_ones);
}

const char *env_variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

void env_congestion_control(char out[ENV_TEXT])
{
    read_line("/proc/sys/net/ipv4/tcp_congestion_control", out);
}

void env_read_machine(struct env_machine *out)
{
    struct utsname name;
    struct rlimit files;
    cpu_set_t allowed;
    *out = (struct env_machine){0};
    read_cpu_model(out->cpu_model);
    if (uname(&name) == 0)
        snprintf(out->kernel, ENV_TEXT, "%.20s %.100s", name.sysname, name.release);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", out->governor);
    env_congestion_control(out->congestion_control);
    read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
              out->clock_source);
    count_mitigations(out->mitigations);
    cpu_allowed(&allowed);
    out->cpus_allowed = CPU_COUNT(&allowed);
    out->memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    if (getloadavg(&out->load_1min, 1) != 1)
        out->load_1min = 0;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        out->open_files_max = files.rlim_cur;
}

/* intel_pstate counts the other way round than the boost of other drivers. */
static void read_turbo(char out[ENV_TEXT])
{
    char line[ENV_TEXT];
    read_line("/sys/devices/system/cpu/intel_pstate/no_turbo", line);
    bool off = strcmp(line, "1") == 0, known = *line != '\0';
    if (!known) {
        read_line("/sys/devices/system/cpu/cpufreq/boost", line);
        off = strcmp(line, "0") == 0;
        known = *line != '\0';
    }
    snprintf(out, ENV_TEXT, "%s", !known ? "" : off ? "off" : "on");
}

/* "always [madvise] never": the word in brackets. */
static void read_huge_pages(char out[ENV_TEXT])
{
    char line[ENV_TEXT];
    read_line("/sys/kernel/mm/transparent_hugepage/enabled", line);
    const char *open = strchr(line, '[');
    size_t len = open ? strcspn(open + 1, "]") : 0;
    snprintf(out, ENV_TEXT, "%.*s", (int)len, open ? open + 1 : "");
}

void env_read_tuning(struct env_tuning *out)
{
    char line[ENV_TEXT];
    *out = (struct env_tuning){.port_first = 0};
    read_turbo(out->turbo);
    read_huge_pages(out->huge_pages);
    read_line("/sys/devices/system/cpu/smt/active", line);
    snprintf(out->smt, ENV_TEXT, "%s",
             !*line                   ? ""
             : strcmp(line, "1") == 0 ? "on"
                                      : "off");
    read_line("/proc/sys/net/ipv4/ip_local_port_range", line);
    if (sscanf(line, "%d %d", &out->port_first, &out->port_last) != 2)
        out->port_first = out->port_last = 0;
}

uint64_t env_raise_files(uint64_t wanted)
{
    struct rlimit files, more;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 1024;
    more.rlim_cur = more.rlim_max = wanted;
    if (wanted > files.rlim_max && setrlimit(RLIMIT_NOFILE, &more) == 0)
        return wanted;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur;
}

void env_sharpen_timers(void)
{
    prctl(PR_SET_TIMERSLACK, 1UL);
}
