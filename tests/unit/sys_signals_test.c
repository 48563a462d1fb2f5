/*
 * What wakes a thread: signals as readiness, the bell between threads, and threads
 * themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/fd.h"
#include "sys/signals.h"
#include "sys/thread.h"
#include "sys/wake.h"
#include "tap.h"

/* Now, without waiting. */
static bool readable(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, 0) == 1;
}

/* --- threads ------------------------------------------------------------------------ */

static pthread_t main_thread;

struct seen {
    bool blocked[2]; /* SIGINT, SIGTERM */
    char name[32];
    pthread_t id;
};

static void see(void *argument)
{
    struct seen *seen = argument;
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    seen->blocked[0] = sigismember(&set, SIGINT);
    seen->blocked[1] = sigismember(&set, SIGTERM);
    seen->id = pthread_self();
    /* The name may come when the thread already runs: late, but it comes. */
    char ours[32];
    pthread_getname_np(main_thread, ours, sizeof(ours));
    int64_t until_ns = clock_now_ns() + 10 * NS_PER_S;
    do {
        clock_sleep_until(clock_now_ns() + NS_PER_MS);
        pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    } while (strcmp(seen->name, ours) == 0 && clock_now_ns() < until_ns);
    strcat(seen->name, "!");
}

static struct seen run(const char *name)
{
    struct seen seen = {0};
    struct thread thread = {0};
    struct error err = {""};
    bool started = thread_start(&thread, name, see, &seen, &err);
    if (TAP_OK(started, "a thread is started%s", err.text))
        thread_join(&thread);
    TAP_OK(!pthread_equal(seen.id, pthread_self()), "… it is another one");
    return seen;
}

static void threads(void)
{
    TAP_TEXT(run("worker 3").name, "worker 3!", "join waits; the name");
    TAP_TEXT(run("fifteen bytes..").name, "fifteen bytes..!", "the longest name");
}

/* --- signals ------------------------------------------------------------------------ */

static void taken(int fd)
{
    TAP_OK(!readable(fd), "nothing came");
    TAP_INT(signals_take(fd), 0, "… nothing to take");
    kill(getpid(), SIGINT);
    TAP_OK(readable(fd), "SIGINT makes it readable");
    TAP_INT(signals_take(fd), SIGINT, "… and is taken");
    TAP_INT(signals_take(fd), 0, "… once");
    TAP_OK(!readable(fd), "… and silent");
    raise(SIGTERM);
    TAP_INT(signals_take(fd), SIGTERM, "SIGTERM, to the thread itself");
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGINT);
    int first = signals_take(fd), second = signals_take(fd);
    TAP_OK(first != second && first + second == SIGINT + SIGTERM, "both");
    TAP_INT(signals_take(fd), 0, "… and no more");
}

static void signals(void)
{
    struct error err = {""};
    struct sigaction action;
    /* As a shell does for what it starts in the background. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    int fd = signals_open(&err);
    if (!TAP_OK(fd >= 0, "open%s", err.text))
        return;
    TAP_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "closed by exec");
    taken(fd);
    sigaction(SIGINT, NULL, &action);
    TAP_OK(action.sa_handler == SIG_DFL, "SIGINT is ignored no more");
    sigaction(SIGTERM, NULL, &action);
    TAP_OK(action.sa_handler == SIG_DFL, "SIGTERM neither");
    sigaction(SIGPIPE, NULL, &action);
    TAP_OK(action.sa_handler == SIG_IGN, "SIGPIPE is ignored");
    struct seen seen = run("later");
    TAP_OK(seen.blocked[0] && seen.blocked[1], "blocked in a thread started later");
    fd_close(fd);
}

/* --- the bell ----------------------------------------------------------------------- */

static void ring(void *argument)
{
    wake_ring(*(int *)argument);
}

static void bell(void)
{
    struct error err = {""};
    int fd = wake_open(&err);
    if (!TAP_OK(fd >= 0, "a bell%s", err.text))
        return;
    TAP_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "closed by exec");
    TAP_OK(!readable(fd), "silent at first");
    wake_clear(fd);
    TAP_OK(!readable(fd), "clearing a silent one does not wait");
    wake_ring(fd);
    wake_ring(fd);
    TAP_OK(readable(fd) && readable(fd), "it rings until cleared");
    wake_clear(fd);
    TAP_OK(!readable(fd), "… twice rung is cleared at once");
    struct thread thread;
    if (TAP_OK(thread_start(&thread, "ringer", ring, &fd, &err), "another thread"))
        thread_join(&thread);
    TAP_OK(readable(fd), "… can ring it");
    for (int i = 0; i < 100000; i++)
        wake_ring(fd);
    TAP_OK(readable(fd), "ringing often never blocks");
    wake_clear(fd);
    TAP_OK(!readable(fd), "… and is cleared at once");
    fd_close(fd);
}

/* Even when the counter behind it is full. */
static void full_bell(void)
{
    struct error err = {""};
    uint64_t nearly = UINT64_MAX - 1;
    int fd = wake_open(&err);
    if (write(fd, &nearly, sizeof(nearly)) == sizeof(nearly)) {
        wake_ring(fd);
        TAP_OK(readable(fd), "ringing a full bell does not block");
    }
    wake_clear(fd);
    TAP_OK(!readable(fd), "… and it can be cleared");
    fd_close(fd);
}

static void closing(void)
{
    struct error err = {""};
    int fd = wake_open(&err);
    fd_close(-1);
    fd_close(fd);
    TAP_OK(fcntl(fd, F_GETFD) < 0 && errno == EBADF,
           "closed; a negative one is let pass");
}

int main(void)
{
    main_thread = pthread_self();
    threads();
    signals();
    bell();
    full_bell();
    closing();
    return tap_done();
}
