/*
 * Where a group is takes two files: /proc/self/cgroup has its path within the hierarchy,
 * /proc/self/mountinfo where that hierarchy, or a part of it, is mounted. In a container
 * either may be a view: a mount of the container's own group (its root is then the head
 * of the path), or a name space in which the own group is "/". Where the two do not meet,
 * the mount point itself is the group: what is above it limits the container all the
 * same.
 */
#include "sys/cgroup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 8192, NAME_BYTES = CGROUP_PATH_BYTES + 128 };

static FILE *open_under(const char *root, const char *path)
{
    char name[NAME_BYTES];
    int len = snprintf(name, sizeof(name), "%s%s", root, path);
    return len > 0 && (size_t)len < sizeof(name) ? fopen(name, "re") : NULL;
}

/* Whether a list with commas has this word. */
static bool has_word(const char *list, const char *word)
{
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        if (len == strlen(word) && strncmp(at, word, len) == 0)
            return true;
        at += len;
        if (*at == '\0')
            return false;
    }
}

/* ---- the path within the hierarchy ---- */

/* "4:cpu,cpuacct:/path", or "0::/path" of the second hierarchy; the path, NULL when the
 * line is neither. */
static char *path_in(char *line, bool *second)
{
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path || path[1] != '/')
        return NULL;
    *controllers++ = *path++ = '\0';
    *second = strcmp(line, "0") == 0 && !*controllers;
    path[strcspn(path, "\n")] = '\0';
    return *second || has_word(controllers, "cpu") ? path : NULL;
}

/* A first hierarchy that has the controller goes before the second, which then has it
 * not.
 */
static bool read_path(const char *root, char out[CGROUP_PATH_BYTES], bool *second)
{
    char line[LINE_BYTES];
    bool found = false, first = false;
    FILE *file = open_under(root, "/proc/self/cgroup");
    while (file && !first && fgets(line, sizeof(line), file)) {
        bool of_second;
        const char *path = path_in(line, &of_second);
        if (!path || strlen(path) >= CGROUP_PATH_BYTES)
            continue;
        memcpy(out, path, strlen(path) + 1);
        *second = of_second;
        first = !of_second;
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

/* ---- where it is mounted ---- */

struct mount {
    char root[CGROUP_PATH_BYTES]; /* the path within the hierarchy that is mounted */
    char point[CGROUP_PATH_BYTES];
};

/* "\040" and the like, in place: how mountinfo writes blanks and backslashes. */
static void decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        unsigned byte;
        if (at[0] == '\\' && sscanf(at + 1, "%3o", &byte) == 1) {
            *to++ = (char)byte;
            at += 3;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

/* "31 23 0:28 ROOT POINT OPTIONS [TAGS] - TYPE SOURCE SUPER-OPTIONS" (proc(5)). */
static bool read_mount(const char *line, bool second, struct mount *mount)
{
    char type[32], options[LINE_BYTES];
    const char *rest = strstr(line, " - ");
    if (!rest ||
        sscanf(line, "%*s %*s %*s %4095s %4095s", mount->root, mount->point) != 2 ||
        sscanf(rest, " - %31s %*s %8191s", type, options) != 2)
        return false;
    decode(mount->root);
    decode(mount->point);
    if (second)
        return strcmp(type, "cgroup2") == 0;
    return strcmp(type, "cgroup") == 0 && has_word(options, "cpu");
}

/* What is left of the path below the mount's root; NULL when it is not below it. */
static const char *below(const char *path, const char *root)
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, len) != 0 || strstr(path, "/.."))
        return NULL;
    if (strcmp(path + len, "/") == 0)
        return "";
    return path[len] == '/' || path[len] == '\0' ? path + len : NULL;
}

/* Of several mounts one that shows the path, otherwise the first. */
static bool find_mount(const char *root, const char *path, bool second, struct mount *out)
{
    char line[LINE_BYTES];
    struct mount mount;
    bool found = false, shows = false;
    FILE *file = open_under(root, "/proc/self/mountinfo");
    while (file && !shows && fgets(line, sizeof(line), file)) {
        if (!read_mount(line, second, &mount))
            continue;
        shows = below(path, mount.root) != NULL;
        if (shows || !found)
            *out = mount;
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

bool cgroup_find_cpu(const char *root, struct cgroup *out)
{
    char path[CGROUP_PATH_BYTES];
    struct cgroup cgroup;
    struct mount mount = {.root = "/"};
    if (!read_path(root, path, &cgroup.second))
        return false;
    if (!find_mount(root, path, cgroup.second, &mount))
        strcpy(mount.point, cgroup.second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu");
    const char *rest = below(path, mount.root);
    int len = snprintf(cgroup.path, sizeof(cgroup.path), "%s%s%s", root, mount.point,
                       rest ? rest : "");
    if (len < 0 || (size_t)len >= sizeof(cgroup.path))
        return false;
    cgroup.top = strlen(root) + strlen(mount.point);
    *out = cgroup;
    return true;
}

/* ---- limits ---- */

/* The first line of a file of the group; "" when there is none. */
static const char *line_of(const char *path, const char *file, char line[128])
{
    char name[NAME_BYTES];
    line[0] = '\0';
    snprintf(name, sizeof(name), "%s/%s", path, file);
    FILE *stream = fopen(name, "re");
    if (stream && !fgets(line, 128, stream))
        line[0] = '\0';
    if (stream)
        fclose(stream);
    return line;
}

/* "QUOTA PERIOD" in us, "max PERIOD"; the first hierarchy has a file for each, and -1. */
static double limit_of(const char *path, bool second)
{
    char line[128];
    long long quota_us = 0, period_us = 0;
    if (second) {
        sscanf(line_of(path, "cpu.max", line), "%lld %lld", &quota_us, &period_us);
    } else {
        sscanf(line_of(path, "cpu.cfs_quota_us", line), "%lld", &quota_us);
        sscanf(line_of(path, "cpu.cfs_period_us", line), "%lld", &period_us);
    }
    return quota_us > 0 && period_us > 0 ? (double)quota_us / (double)period_us
                                         : (double)INFINITY;
}

double cgroup_cpu_limit(const char *root)
{
    struct cgroup cgroup;
    if (!cgroup_find_cpu(root, &cgroup))
        return (double)INFINITY;
    double limit = limit_of(cgroup.path, cgroup.second);
    while (strlen(cgroup.path) > cgroup.top) {
        *strrchr(cgroup.path, '/') = '\0';
        limit = fmin(limit, limit_of(cgroup.path, cgroup.second));
    }
    return limit;
}

int cgroup_cpus(const char *root, int cpus)
{
    double limit = ceil(cgroup_cpu_limit(root));
    return limit < cpus ? (int)limit : cpus;
}
