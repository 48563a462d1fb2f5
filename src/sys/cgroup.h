/*
 * cgroup: the control group that may hold this process's CPU time back (cgroups(7)), of
 * the second hierarchy or, where the cpu controller is there, of a first one.
 *
 * All files are looked for under `root`, "" for the machine's own; tests give a folder.
 */
#ifndef DRAGSTRIP_SYS_CGROUP_H
#define DRAGSTRIP_SYS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

enum { CGROUP_PATH_BYTES = 4096 };

struct cgroup {
    char path[CGROUP_PATH_BYTES]; /* the group's folder */
    size_t top;                   /* length of its beginning that is the mount point */
    bool second;                  /* hierarchy: cpu.max; else cpu.cfs_quota_us */
};

/* False: the process is in no group that is to be seen. */
bool cgroup_find_cpu(const char *root, struct cgroup *out);

/* CPUs whose time the quotas of the group and of all above it allow, which may be a
 * fraction; INFINITY without a quota. */
double cgroup_cpu_limit(const char *root);

/* The same rounded up to whole ones, so that it is at least 1, and at most `cpus`. */
int cgroup_cpus(const char *root, int cpus);

#endif
