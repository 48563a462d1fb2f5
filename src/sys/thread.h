/*
 * thread: one function on a thread of its own.
 */
#ifndef DRAGSTRIP_SYS_THREAD_H
#define DRAGSTRIP_SYS_THREAD_H

#include "base/error.h"

#include <pthread.h>

struct thread {
    pthread_t id;
    void (*run)(void *argument);
    void *argument;
};

/* The struct and the argument must outlive the thread. The name (at most 15 bytes) is
 * what ps and perf show. */
bool thread_start(struct thread *thread, const char *name, void (*run)(void *argument),
                  void *argument, struct error *err);

/* Waits until it has returned. */
void thread_join(struct thread *thread);

/* Gives the calling thread a descriptor table of its own, a copy of the shared one
 * (unshare(2)): the limit of open files then counts for this thread alone, and what it
 * opens from now on others do not see. */
bool thread_own_files(struct error *err);

#endif
