#include "sys/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define STOP_LOOK_NS (50 * NS_PER_MS)

enum { MARKER_BYTES = 64, STRAYS_MAX = 256 };

void child_check(const struct child *child)
{
    switch (child->state) {
    case CHILD_NONE:
        break;
    case CHILD_RUNNING:
        assert(child->pid > 0 && child->pidfd >= 0);
        break;
    case CHILD_ENDED:
        assert(child->pid > 0 && child->pidfd < 0);
        break;
    }
}

/* All three are first moved out of the way: one's number may be another's place. */
static void redirect(const int from[3])
{
    int moved[3];
    for (int i = 0; i < 3; i++) {
        int fd = from[i] >= 0 ? from[i] : open("/dev/null", O_RDWR | O_CLOEXEC);
        moved[i] = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
    for (int i = 0; i < 3; i++)
        dup2(moved[i], i); /* clears close-on-exec */
}

/*
 * Every child is started with a variable of its own, which all that it starts inherit: so
 * a process that left the group, or made a session of its own, is known again when it is
 * handed to us, the subreaper.
 */
static const char *marker(const struct child *child, char out[MARKER_BYTES])
{
    snprintf(out, MARKER_BYTES, "DRAGSTRIP_CHILD=%d.%lld", (int)getpid(),
             (long long)child->started_ns);
    return out;
}

/* In the child, after fork: only returns when exec failed. */
static void become(const struct child_spec *spec, pid_t parent, const char *mark)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int signal_number = 1; signal_number < 32; signal_number++)
        signal(signal_number, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    redirect((const int[3]){spec->stdin_fd, spec->stdout_fd, spec->stderr_fd});
    if (spec->cpus)
        sched_setaffinity(0, sizeof(*spec->cpus), spec->cpus);
    if (spec->timer_slack_ns)
        prctl(PR_SET_TIMERSLACK, (unsigned long)spec->timer_slack_ns);
    putenv(mem_copy_text(mark));
    for (const char *const *name = spec->env; name && *name; name++)
        putenv(mem_copy_text(*name));
    /* execvp does not change its arguments; its type is older than const. */
    char *const *argv;
    memcpy(&argv, &spec->argv, sizeof(argv));
    execvp(argv[0], argv);
}

/* Reads why exec failed: 0 when the pipe closed without a word, because exec succeeded.
 */
static int read_exec_error(int fd)
{
    int why = 0;
    ssize_t n;
    do {
        n = read(fd, &why, sizeof(why));
    } while (n < 0 && errno == EINTR);
    return n == sizeof(why) ? why : 0;
}

static bool fail_start(const struct child_spec *spec, int why, struct error *err)
{
    return error_set(err, "cannot start '%s': %s%s", spec->argv[0], strerror(why),
                     why == ENOENT ? " (is it built, and is the path right?)" : "");
}

bool child_start(struct child *child, const struct child_spec *spec, struct error *err)
{
    int report[2];
    assert(child->state != CHILD_RUNNING);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe2(report, O_CLOEXEC) != 0)
        return fail_start(spec, errno, err);
    pid_t parent = getpid();
    char mark[MARKER_BYTES];
    struct child started = {.started_ns = clock_now_ns()};
    marker(&started, mark);
    pid_t pid = fork();
    if (pid == 0) {
        become(spec, parent, mark);
        int why = errno;
        ssize_t ignored = write(report[1], &why, sizeof(why));
        (void)ignored;
        _exit(127);
    }
    int why = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0)
        why = read_exec_error(report[0]);
    close(report[0]);
    if (why != 0) {
        if (pid > 0)
            waitpid(pid, NULL, 0);
        return fail_start(spec, why, err);
    }
    setpgid(pid, pid);
    started.state = CHILD_RUNNING;
    started.pid = pid;
    started.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    *child = started;
    child_check(child);
    return true;
}

static void note_end(struct child *child, int status)
{
    close(child->pidfd);
    child->pidfd = -1;
    child->status = status;
    child->ended_ns = clock_now_ns();
    child->state = CHILD_ENDED;
    child_check(child);
}

bool child_poll(struct child *child)
{
    int status;
    if (child->state != CHILD_RUNNING)
        return false;
    if (waitpid(child->pid, &status, WNOHANG) == child->pid)
        note_end(child, status);
    return child->state == CHILD_RUNNING;
}

bool child_wait(struct child *child, int64_t until_ns)
{
    while (child_poll(child)) {
        int64_t left = until_ns - clock_now_ns();
        if (left <= 0)
            return false;
        struct timespec timeout = {left / NS_PER_S, left % NS_PER_S};
        struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};
        ppoll(&ended, 1, &timeout, NULL);
    }
    return true;
}

void child_signal(struct child *child, int signal_number)
{
    if (child->state == CHILD_RUNNING)
        kill(-child->pid, signal_number);
}

/* Those of our own children that carry the child's marker: strays, left to us by parents
 * that ended. The child itself is not among them. */
static int find_strays(const struct child *child, pid_t out[STRAYS_MAX])
{
    char mark[MARKER_BYTES];
    pid_t pids[STRAYS_MAX];
    int strays = 0, count = procfs_children(getpid(), pids, STRAYS_MAX);
    marker(child, mark);
    for (int i = 0; i < count; i++) {
        if (pids[i] != child->pid && procfs_was_started_with(pids[i], mark))
            out[strays++] = pids[i];
    }
    return strays;
}

bool child_read_tree(const struct child *child, struct procfs_tree *out)
{
    pid_t strays[STRAYS_MAX];
    if (child->state != CHILD_RUNNING)
        return false;
    int count = find_strays(child, strays);
    return procfs_read_tree(child->pid, strays, count, out);
}

/* How many were killed and reaped. */
static int sweep_strays(const struct child *child)
{
    pid_t strays[STRAYS_MAX];
    int count = find_strays(child, strays);
    for (int i = 0; i < count; i++) {
        kill(strays[i], SIGKILL);
        waitpid(strays[i], NULL, 0);
    }
    return count;
}

bool child_terminate(struct child *child, int64_t grace_ns, const atomic_int *stop)
{
    int64_t until_ns = clock_now_ns() + grace_ns;
    child_signal(child, SIGTERM);
    for (;;) {
        int64_t now_ns = clock_now_ns();
        int64_t look_ns = now_ns + STOP_LOOK_NS;
        if (child_wait(child, look_ns < until_ns ? look_ns : until_ns))
            return true;
        if (now_ns >= until_ns || atomic_load(stop) >= STOP_NOW)
            return false;
    }
}

int child_sweep(struct child *child)
{
    int swept = 0, more;
    if (child->state != CHILD_ENDED)
        return 0;
    while (kill(-child->pid, SIGKILL) == 0) {
        if (waitpid(-child->pid, NULL, 0) < 0)
            break;
        swept++;
    }
    /* Each one killed hands its own children to us, so again until there is none. */
    while ((more = sweep_strays(child)) > 0)
        swept += more;
    return swept;
}

void child_kill(struct child *child)
{
    if (child->state == CHILD_RUNNING) {
        int status = 0;
        kill(-child->pid, SIGKILL);
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
            ;
        note_end(child, status);
    }
    child_sweep(child);
}

const char *child_describe(const struct child *child, char *out)
{
    enum { DESCRIPTION_BYTES = 64 };
    int number = WTERMSIG(child->status);
    if (child->state != CHILD_ENDED)
        snprintf(out, DESCRIPTION_BYTES, "is running");
    else if (WIFSIGNALED(child->status) && sigabbrev_np(number))
        snprintf(out, DESCRIPTION_BYTES, "was killed by SIG%s", sigabbrev_np(number));
    else if (WIFSIGNALED(child->status))
        snprintf(out, DESCRIPTION_BYTES, "was killed by signal %d", number);
    else
        snprintf(out, DESCRIPTION_BYTES, "exited with status %d",
                 WEXITSTATUS(child->status));
    return out;
}
