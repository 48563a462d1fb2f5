/*
 * child: a program that we started, and everything that it starts.
 *
 * States and who moves them:
 *   NONE    --child_start-->  RUNNING
 *   RUNNING --child_poll / child_wait (it ended)--> ENDED
 *   RUNNING --child_kill--> ENDED
 * Invariants (child_check): RUNNING has pid > 0 and a pidfd; ENDED has neither.
 *
 * The child leads its own process group and dies with the parent (PR_SET_PDEATHSIG). The
 * caller is a subreaper and each child has a variable DRAGSTRIP_CHILD in its environment,
 * so grandchildren that outlive the child, in whatever group or session, are found and
 * killed; only one that also dropped its environment escapes.
 * A failing exec is reported by child_start itself over a close-on-exec pipe.
 */
#ifndef DRAGSTRIP_SYS_CHILD_H
#define DRAGSTRIP_SYS_CHILD_H

#include "base/error.h"
#include "base/stop.h"
#include "sys/procfs.h"

#include <sched.h>
#include <stdint.h>
#include <sys/types.h>

enum child_state { CHILD_NONE, CHILD_RUNNING, CHILD_ENDED };

struct child {
    enum child_state state;
    pid_t pid;
    int pidfd;
    int status;         /* of waitpid, once ENDED */
    int64_t started_ns; /* just before exec */
    int64_t ended_ns;   /* when we learned of the end */
};

struct child_spec {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *const *env;  /* "NAME=value" additions, NULL-terminated, or NULL */
    const cpu_set_t *cpus;   /* NULL: as ours */
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
    unsigned timer_slack_ns;            /* 0: as ours */
};

bool child_start(struct child *child, const struct child_spec *spec, struct error *err);

/* True while it runs. Does not block. */
bool child_poll(struct child *child);

/* Waits until it ends or until_ns; true if it ended. */
bool child_wait(struct child *child, int64_t until_ns);

/* SIGTERM to the group, then waits until it ends by itself, for grace_ns at most, and no
 * longer than until *stop is STOP_NOW. True if it ended; else child_kill is next. */
bool child_terminate(struct child *child, int64_t grace_ns, const atomic_int *stop);

/* To the process group. No effect unless RUNNING. */
void child_signal(struct child *child, int signal);

/* What it and everything that it started use; false when it is gone. */
bool child_read_tree(const struct child *child, struct procfs_tree *out);

/* SIGKILL to the group and everything that was left behind, reaps all. */
void child_kill(struct child *child);

/* Kills and reaps the group's left-overs after the child ended by itself; how many. */
int child_sweep(struct child *child);

void child_check(const struct child *child);

/* "exited with status 1", "was killed by SIGSEGV". out of at least 64 bytes. */
const char *child_describe(const struct child *child, char *out);

#endif
