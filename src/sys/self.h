/*
 * self: what this process uses, cheap enough to be asked within an event loop (a few
 * system calls, no walk through /proc as in procfs, which is about others).
 */
#ifndef DRAGSTRIP_SYS_SELF_H
#define DRAGSTRIP_SYS_SELF_H

#include <stdint.h>

/* User and system time of all threads. */
int64_t self_cpu_ns(void);

/* Resident memory now; 0 when /proc cannot be read. */
int64_t self_resident_bytes(void);

/* The most memory that was ever resident (ru_maxrss). */
int64_t self_resident_peak_bytes(void);

/* Open descriptors; the soft limit when /proc/self/fd cannot be read. */
int64_t self_open_files(void);

/* The same where threads have descriptor tables of their own (thread_own_files): the sum
 * over all of them. */
int64_t self_open_files_of_threads(void);

#endif
