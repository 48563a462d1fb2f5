/*
 * procfs: what the kernel knows about processes and the machine (proc(5)).
 */
#ifndef DRAGSTRIP_SYS_PROCFS_H
#define DRAGSTRIP_SYS_PROCFS_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

/* A process and all its descendants, summed. */
struct procfs_tree {
    int processes;
    int64_t cpu_ns; /* user + system of the living, of zombies, and of the dead that were
                     * waited for */
    int64_t rss_bytes;      /* now; shared pages count once a process */
    int64_t rss_peak_bytes; /* sum of VmHWM: exact for a single process */
    int64_t switches_voluntary;
    int64_t switches_involuntary;
    int64_t run_wait_ns; /* of the living threads: runnable, but waiting for a CPU; 0
                          * where the kernel keeps no schedstat */
};

/* strays: more roots, which belong to the tree although root no longer knows them. False
 * when root is gone. */
bool procfs_read_tree(pid_t root, const pid_t *strays, int count,
                      struct procfs_tree *out);

/* Children of a process, those that it inherited as a subreaper too; how many, at most
 * max. */
int procfs_children(pid_t pid, pid_t *out, int max);

/* Whether "NAME=value" was in the environment that the process was started with. */
bool procfs_was_started_with(pid_t pid, const char *variable);

/* Whether some TCP socket listens on the port, at whatever address. */
bool procfs_port_listens(unsigned port);

/* Names the sockets of this machine that listen on the port: the sum of their inodes,
 * which changes when a service is started anew; 0: there is none. */
uint64_t procfs_port_listeners(unsigned port);

#endif
