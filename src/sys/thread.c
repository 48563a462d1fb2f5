#include "sys/thread.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

static void *enter(void *opaque)
{
    struct thread *thread = opaque;
    thread->run(thread->argument);
    return NULL;
}

bool thread_start(struct thread *thread, const char *name, void (*run)(void *argument),
                  void *argument, struct error *err)
{
    thread->run = run;
    thread->argument = argument;
    int code = pthread_create(&thread->id, NULL, enter, thread);
    if (code != 0)
        return error_set(err, "cannot start a thread: %s", strerror(code));
    pthread_setname_np(thread->id, name);
    return true;
}

void thread_join(struct thread *thread)
{
    pthread_join(thread->id, NULL);
}

bool thread_own_files(struct error *err)
{
    if (unshare(CLONE_FILES) != 0)
        return error_set(err, "cannot give a thread its own descriptors: %s",
                         strerror(errno));
    return true;
}
