/*
 * scratch: a folder of the test's own that is gone at the end, files in it, and the
 * question whether a process was left behind.
 */
#ifndef DRAGSTRIP_TESTS_SCRATCH_H
#define DRAGSTRIP_TESTS_SCRATCH_H

#include <assert.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/file.h"
#include "tap.h"

static char scratch_folder[] = "/tmp/dragstrip-run-XXXXXX";

static inline void scratch_init(void)
{
    const char *made = mkdtemp(scratch_folder);
    assert(made);
}

static inline int scratch_remove(const char *path, const struct stat *status, int kind,
                                 struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

static inline void scratch_fini(void)
{
    nftw(scratch_folder, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* On the heap: the path of a file in the folder. */
static inline char *scratch_path(const char *file)
{
    return mem_format("%s/%s", scratch_folder, file);
}

/* Without a sync, unlike the room under test: many small files, soon gone. */
static inline void scratch_write(const char *file, struct str bytes)
{
    char *path = scratch_path(file);
    FILE *stream = fopen(path, "we");
    assert(stream);
    size_t written = fwrite(bytes.ptr, 1, bytes.len, stream);
    int closed = fclose(stream);
    assert(written == bytes.len && closed == 0);
    mem_free(path);
}

/* The number in a file that another process writes; waits until it is there. */
static inline int scratch_wait_number(const char *file)
{
    int number = 0;
    char *path = scratch_path(file);
    int64_t until_ns = clock_now_ns() + 10 * NS_PER_S;
    while (number == 0 && clock_now_ns() < until_ns) {
        FILE *stream = fopen(path, "re");
        char text[32];
        if (stream && fgets(text, sizeof(text), stream) && strchr(text, '\n'))
            number = atoi(text);
        if (stream)
            fclose(stream);
        clock_sleep_until(clock_now_ns() + NS_PER_MS);
    }
    mem_free(path);
    return number;
}

/* As the subreaper this process inherits whatever its children leave behind, so having no
 * children at all proves that nothing was left. */
static inline void scratch_check_no_child(const char *what)
{
    pid_t pid = waitpid(-1, NULL, WNOHANG);
    TAP_OK(pid < 0 && errno == ECHILD, "%s: no process is left", what);
}

/* Ends a process that should not be there any more, so that a failing test leaves none.
 */
static inline void scratch_end(pid_t pid)
{
    if (pid > 0 && kill(pid, SIGKILL) == 0)
        waitpid(pid, NULL, 0);
}

#endif
