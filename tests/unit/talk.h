/*
 * talk: children of a test, and talking with them.
 *
 * A test program starts itself under other roles (play), so that a child can say exactly
 * what it sees. All that a child leaves running holds the writing end of one pipe: the
 * pipe's end of stream proves that every one of them is dead, without looking at the
 * clock.
 */
#ifndef DRAGSTRIP_TESTS_TALK_H
#define DRAGSTRIP_TESTS_TALK_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fds.h"
#include "sys/child.h"
#include "sys/cpu.h"
#include "tap.h"

#define SELF "/proc/self/exe"
#define LIMIT_NS                                                                         \
    (10 * NS_PER_S) /* for what happens at once unless something is broken               \
                     */

/* --- what children of this program do ------------------------------------------- */

static inline void say_descriptors(void)
{
    for (int fd = 0; fd < FDS_MAX; fd++) {
        if (fds_is_open(fd))
            dprintf(1, "%d ", fd);
    }
}

static inline void say_null(void)
{
    static const int modes[] = {O_RDONLY, O_WRONLY, O_WRONLY};
    for (int fd = 0; fd < 3; fd++) {
        char path[32], name[64] = "";
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t len = readlink(path, name, sizeof(name) - 1);
        int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
        if (len < 0 || strcmp(name, "/dev/null") || (mode != modes[fd] && mode != O_RDWR))
            _exit(1);
    }
}

static inline void say_signals(void)
{
    sigset_t blocked;
    struct sigaction pipe;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigaction(SIGPIPE, NULL, &pipe);
    dprintf(1, "%d %d %d", sigismember(&blocked, SIGTERM), sigismember(&blocked, SIGINT),
            pipe.sa_handler == SIG_IGN);
}

static inline void say_place(void)
{
    int death = 0;
    prctl(PR_GET_PDEATHSIG, &death);
    dprintf(1, "%d %d %d", getpgrp() == getpid(), death == SIGKILL,
            prctl(PR_GET_TIMERSLACK));
}

static inline void say_cpus(void)
{
    cpu_set_t set;
    char text[CPU_TEXT_BYTES];
    cpu_allowed(&set);
    dprintf(1, "%s", cpu_format(&set, text));
}

/* One more process that stays; "stubborn" ones ignore what can be ignored, "apart" ones
 * leave the group and the session. Says a byte on stdout when it is ready. */
static inline void stay(bool stubborn, bool apart)
{
    if (fork() != 0)
        return;
    alarm(60); /* should the test itself be killed */
    if (apart)
        setsid();
    signal(SIGTERM, stubborn ? SIG_IGN : SIG_DFL);
    signal(SIGINT, stubborn ? SIG_IGN : SIG_DFL);
    signal(SIGHUP, stubborn ? SIG_IGN : SIG_DFL);
    if (write(1, "r", 1) == 1) {
        for (;;)
            pause();
    }
    _exit(0);
}

/* "leave 3": starts three that stay and ends with status 5. */
static inline void family(const char *role, const char *count)
{
    bool apart = strstr(role, "apart"), stubborn = strstr(role, "stubborn");
    for (int i = 0; i < atoi(count); i++)
        stay(stubborn, apart);
    /* Ends when its stdin does. */
    char byte;
    if (strstr(role, "leave") && read(0, &byte, 1) == 0)
        _exit(5);
    signal(SIGTERM, stubborn ? SIG_IGN : SIG_DFL);
    if (write(1, "r", 1) == 1) {
        for (;;)
            pause();
    }
}

static inline int play(char **argv)
{
    static const struct {
        const char *role;
        void (*say)(void);
    } sayings[] = {{"descriptors", say_descriptors},
                   {"null", say_null},
                   {"signals", say_signals},
                   {"place", say_place},
                   {"cpus", say_cpus}};
    for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
        if (strcmp(argv[1], sayings[i].role) == 0)
            sayings[i].say();
    }
    if (argv[2])
        family(argv[1], argv[2]);
    return 0;
}

/* --- the means of the tests ------------------------------------------------------ */

/* A child whose stdout is a pipe to us and whose stdin another one from us. */
struct talk {
    struct child child;
    int out; /* read here what it says */
    int in;  /* close this to end its stdin */
};

static inline bool talk_start(struct talk *talk, const struct child_spec *spec)
{
    int out[2], in[2];
    struct error err = {""};
    struct child_spec piped = *spec;
    *talk = (struct talk){.out = -1, .in = -1};
    if (pipe2(out, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
        return TAP_OK(false, "pipes");
    piped.stdin_fd = in[0];
    piped.stdout_fd = out[1];
    piped.stderr_fd = STDERR_FILENO;
    bool started = child_start(&talk->child, &piped, &err);
    TAP_OK(started, "%s %s is started%s", spec->argv[0],
           spec->argv[1] ? spec->argv[1] : "", err.text);
    close(in[0]);
    close(out[1]);
    talk->out = out[0];
    talk->in = in[1];
    return started;
}

/* Up to count bytes from fd, fewer only at the end of the stream: -1 when that does not
 * come in time. */
static inline ssize_t read_in_time(int fd, char *bytes, size_t count)
{
    size_t len = 0;
    int64_t until_ns = clock_now_ns() + LIMIT_NS;
    while (len < count) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left_ns = until_ns - clock_now_ns();
        if (left_ns <= 0 || poll(&wait, 1, (int)(left_ns / NS_PER_MS) + 1) <= 0)
            return -1;
        ssize_t got = read(fd, bytes + len, count - len);
        if (got <= 0)
            return (ssize_t)len;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static inline void talk_stop_input(struct talk *talk)
{
    if (talk->in >= 0)
        close(talk->in);
    talk->in = -1;
}

/* So that a failing test leaves no process: those that came to us are listed by /proc. */
static inline void end_orphans(void)
{
    char path[64];
    int pid;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
    FILE *children = fopen(path, "re");
    while (children && fscanf(children, "%d", &pid) == 1) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    if (children)
        fclose(children);
}

/* All who had the pipe are dead. */
static inline void talk_end(struct talk *talk, const char *what)
{
    char rest[64];
    ssize_t len = read_in_time(talk->out, rest, sizeof(rest));
    TAP_OK(len >= 0, "%s: nobody is left at the pipe", what);
    errno = 0;
    TAP_OK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "%s: and none to reap",
           what);
    end_orphans();
    talk_stop_input(talk);
    close(talk->out);
}

/* Runs it to its end and keeps what it said. */
static inline const char *said(const struct child_spec *spec)
{
    static char text[4096];
    struct talk talk;
    strcpy(text, "(not started)");
    if (!talk_start(&talk, spec))
        return text;
    talk_stop_input(&talk);
    ssize_t len = read_in_time(talk.out, text, sizeof(text) - 1);
    text[len < 0 ? 0 : len] = '\0';
    TAP_OK(child_wait(&talk.child, clock_now_ns() + LIMIT_NS), "… and ends");
    child_check(&talk.child);
    close(talk.out);
    return text;
}

static inline struct child_spec role(const char *name, const char *count)
{
    static const char *argv[4];
    argv[0] = SELF;
    argv[1] = name;
    argv[2] = count;
    return (struct child_spec){.argv = argv};
}

static inline struct child_spec shell(const char *script)
{
    static const char *argv[] = {"sh", "-c", NULL, NULL};
    argv[2] = script;
    return (struct child_spec){
        .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
}

static inline bool start(struct child *child, const struct child_spec *spec)
{
    struct error err = {""};
    memset(child, 0, sizeof(*child));
    return TAP_OK(child_start(child, spec, &err), "sh -c '%s' is started%s",
                  spec->argv[2], err.text);
}

/* Returns once the child is dead, and leaves it to be reaped by others. */
static inline void wait_dead(pid_t pid)
{
    siginfo_t info;
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

#endif
