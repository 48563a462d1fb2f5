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

#endif
