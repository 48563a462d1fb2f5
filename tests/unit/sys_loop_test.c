/*
 * Readiness: what is told once, what is told until it is done, and how long a wait lasts.
 * Of time only lower bounds are checked; a busy machine may make any wait longer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "blocking.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/sock.h"
#include "sys/thread.h"
#include "tap.h"

#define LIMIT_NS (10 * NS_PER_S) /* for what is ready unless something is broken */

static struct loop loop;
static struct loop_event events[LOOP_EVENTS_MAX];

/* What is ready of the only owner now, 0 when nothing; -1u when others are in it too. */
static unsigned ready_of(const void *owner, int64_t until_ns)
{
    int count = loop_wait(&loop, events, until_ns);
    if (count == 0)
        return 0;
    return count == 1 && events[0].owner == owner ? events[0].ready : -1u;
}

static unsigned ready_now(const void *owner)
{
    return ready_of(owner, 0);
}

/* A connected pair of non-blocking stream sockets. */
static void pair_open(int pair[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
        TAP_OK(false, "a pair of sockets");
}

static void pair_close(const int pair[2])
{
    fd_close(pair[0]);
    fd_close(pair[1]);
}

static int fill(int fd)
{
    static const char bytes[4096];
    int64_t sum = 0;
    for (ssize_t sent; (sent = write(fd, bytes, sizeof(bytes))) > 0;)
        sum += sent;
    return (int)sum;
}

static int drain(int fd)
{
    char bytes[4096];
    int64_t sum = 0;
    for (ssize_t got; (got = read(fd, bytes, sizeof(bytes))) > 0;)
        sum += got;
    return (int)sum;
}

static void edges(void)
{
    int pair[2];
    pair_open(pair);
    TAP_OK(loop_add(&loop, pair[0], pair), "added");
    TAP_INT(ready_now(pair), LOOP_WRITE, "there is room to write, and nothing to read");
    TAP_INT(ready_now(pair), 0, "… told once");
    TAP_INT(write(pair[1], "a", 1), 1, "the peer writes");
    TAP_OK(ready_now(pair) & LOOP_READ, "bytes to read");
    TAP_INT(ready_now(pair), 0, "… told once, though they are still there");
    TAP_INT(write(pair[1], "b", 1), 1, "the peer writes more");
    TAP_OK(ready_now(pair) & LOOP_READ, "… which is told");
    TAP_INT(drain(pair[0]), 2, "read to the end");
    TAP_INT(ready_now(pair), 0, "nothing more");
    pair_close(pair);
}

static void room_to_write(void)
{
    int pair[2];
    pair_open(pair);
    loop_add(&loop, pair[0], pair);
    ready_now(pair);
    int filled = fill(pair[0]);
    TAP_OK(filled > 0 && ready_now(pair) == 0, "full: not ready");
    TAP_INT(drain(pair[1]), filled, "the peer reads all");
    TAP_INT(ready_of(pair, clock_now_ns() + LIMIT_NS), LOOP_WRITE, "room again");
    pair_close(pair);
}

static void added_late(void)
{
    int pair[2];
    pair_open(pair);
    TAP_INT(write(pair[1], "a", 1), 1, "bytes before it is added");
    loop_add(&loop, pair[0], pair);
    TAP_INT(ready_now(pair), LOOP_READ | LOOP_WRITE, "… are told all the same");
    pair_close(pair);
}

static void ends(void)
{
    int pair[2];
    pair_open(pair);
    loop_add(&loop, pair[0], pair);
    ready_now(pair);
    TAP_INT(write(pair[1], "last", 4), 4, "the peer writes its last");
    TAP_OK(!(ready_now(pair) & LOOP_END), "bytes are not the end");
    shutdown(pair[1], SHUT_WR);
    unsigned ready = ready_now(pair);
    TAP_OK(ready & LOOP_END, "the peer ends its stream");
    TAP_OK(ready & LOOP_READ, "… which can be read");
    TAP_INT(ready_now(pair), 0, "… told once");
    pair_close(pair);

    pair_open(pair);
    loop_add(&loop, pair[0], pair);
    ready_now(pair);
    fd_close(pair[1]);
    ready = ready_now(pair);
    TAP_INT(ready & (LOOP_END | LOOP_READ), LOOP_END | LOOP_READ, "the peer closes");
    fd_close(pair[0]);
}

/* A reset connection, and one that is refused, both of TCP. */
static void breaks(void)
{
    struct sock_address address;
    char byte;
    int listener = blocking_listen(&address);
    int fd = blocking_connect(&address);
    int peer = sock_accept(listener);
    loop_add(&loop, fd, &fd);
    ready_now(&fd);
    sock_reset_on_close(peer);
    fd_close(peer);
    unsigned ready = ready_of(&fd, clock_now_ns() + LIMIT_NS);
    TAP_INT(ready & (LOOP_END | LOOP_READ), LOOP_END | LOOP_READ, "a reset is an end");
    TAP_OK(sock_recv(fd, &byte, 1) < 0 && errno == ECONNRESET, "… to be read as one");
    fd_close(fd);
    fd_close(listener);
    fd = sock_connect(&address);
    if (fd >= 0) {
        loop_add(&loop, fd, &fd);
        ready = ready_of(&fd, clock_now_ns() + LIMIT_NS);
        TAP_INT(ready & (LOOP_END | LOOP_READ), LOOP_END | LOOP_READ, "a refusal too");
        fd_close(fd);
    }
}

static void level(void)
{
    int pair[2];
    char byte;
    pair_open(pair);
    TAP_OK(loop_add_level(&loop, pair[0], pair), "added by level");
    TAP_INT(ready_now(pair), 0, "room to write is of no interest");
    TAP_INT(write(pair[1], "ab", 2), 2, "the peer writes");
    TAP_INT(ready_now(pair), LOOP_READ, "bytes to read");
    TAP_INT(ready_now(pair), LOOP_READ, "… told again");
    TAP_INT(read(pair[0], &byte, 1), 1, "half of them read");
    TAP_INT(ready_now(pair), LOOP_READ, "… told for the rest");
    TAP_INT(drain(pair[0]), 1, "all read");
    TAP_INT(ready_now(pair), 0, "… and silent");
    pair_close(pair);
}

static void leaves(void)
{
    int pair[2];
    pair_open(pair);
    loop_add(&loop, pair[0], pair);
    TAP_INT(write(pair[1], "a", 1), 1, "something is ready");
    loop_remove(&loop, pair[0]);
    TAP_INT(ready_now(pair), 0, "removed: not told");
    TAP_OK(loop_add(&loop, pair[0], pair), "added again");
    TAP_INT(ready_now(pair), LOOP_READ | LOOP_WRITE, "… told again");
    TAP_INT(write(pair[1], "a", 1), 1, "something is ready");
    fd_close(pair[0]);
    TAP_INT(ready_now(pair), 0, "closed: left by itself");
    fd_close(pair[1]);
}

static void refusals(void)
{
    int pair[2];
    pair_open(pair);
    loop_add(&loop, pair[0], pair);
    ready_now(pair);
    TAP_OK(!loop_add(&loop, pair[0], NULL) && errno == EEXIST, "twice the same");
    TAP_OK(!loop_add_level(&loop, pair[0], NULL) && errno == EEXIST, "… nor by level");
    TAP_OK(!loop_add(&loop, -1, NULL) && errno == EBADF, "no descriptor");
    TAP_INT(write(pair[1], "a", 1), 1, "the first one");
    TAP_OK(ready_now(pair) & LOOP_READ, "… is still the owner");
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    TAP_OK(!loop_add(&loop, file, NULL) && errno == EPERM, "a file is never waited for");
    fd_close(file);
    pair_close(pair);
}

/* More are ready than one wait tells: the others come with the next. */
static void many(void)
{
    enum { COUNT = LOOP_EVENTS_MAX + 44 };
    static int fds[COUNT], seen[COUNT];
    int owners = 0, first = 0, calls = 0;
    for (int i = 0; i < COUNT; i++) {
        fds[i] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        loop_add(&loop, fds[i], &seen[i]);
    }
    for (int count; (count = loop_wait(&loop, events, 0)) > 0; calls++) {
        first = calls == 0 ? count : first;
        for (int i = 0; i < count; i++)
            ++*(int *)events[i].owner;
    }
    for (int i = 0; i < COUNT; i++) {
        owners += seen[i] == 1;
        fd_close(fds[i]);
    }
    TAP_INT(first, LOOP_EVENTS_MAX, "as many as there is room for");
    TAP_INT(owners, COUNT, "each owner once");
}

/* --- time -------------------------------------------------------------------------- */

static void timeouts(void)
{
    static const int64_t waits_ns[] = {1, 999, 100000, 1000001, 3456789, 20 * NS_PER_MS};
    for (size_t i = 0; i < sizeof(waits_ns) / sizeof(waits_ns[0]); i++) {
        bool early = false;
        for (int n = 0; n < 5; n++) {
            int64_t until_ns = clock_now_ns() + waits_ns[i];
            early = early || loop_wait(&loop, events, until_ns) != 0 ||
                    clock_now_ns() < until_ns;
        }
        TAP_OK(!early, "a wait of %lld ns never ends early", (long long)waits_ns[i]);
    }
}

/* Were these waits, the program would not end. */
static void past(void)
{
    int pair[2];
    TAP_INT(loop_wait(&loop, events, 0), 0, "until the start of time");
    TAP_INT(loop_wait(&loop, events, -1), 0, "until before it");
    TAP_INT(loop_wait(&loop, events, INT64_MIN), 0, "until long before it");
    TAP_INT(loop_wait(&loop, events, clock_now_ns()), 0, "until now");
    pair_open(pair);
    loop_add(&loop, pair[0], pair);
    TAP_INT(ready_of(pair, clock_now_ns() - NS_PER_S), LOOP_WRITE,
            "what is ready is told even so");
    pair_close(pair);
}

static void ring_later(void *argument)
{
    clock_sleep_until(clock_now_ns() + 10 * NS_PER_MS);
    if (write(*(int *)argument, "a", 1) != 1)
        fd_close(*(int *)argument);
}

static void forever(void)
{
    int pair[2];
    struct thread thread;
    struct error err;
    pair_open(pair);
    loop_add_level(&loop, pair[0], pair);
    int64_t before_ns = clock_now_ns();
    if (!TAP_OK(thread_start(&thread, "later", ring_later, &pair[1], &err), "a thread"))
        return;
    TAP_INT(ready_of(pair, LOOP_FOREVER), LOOP_READ, "forever is until something comes");
    TAP_OK(clock_now_ns() - before_ns >= 10 * NS_PER_MS, "… and not before");
    thread_join(&thread);
    drain(pair[0]);
    int64_t far_ns = LOOP_FOREVER - 1;
    if (thread_start(&thread, "later", ring_later, &pair[1], &err)) {
        TAP_INT(ready_of(pair, far_ns), LOOP_READ, "a nearly endless wait too");
        thread_join(&thread);
    }
    pair_close(pair);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
    (void)signal;
    alarms++;
}

/* The alarm repeats itself, so that one that comes before the wait is no harm. */
static void interrupted(void)
{
    struct sigaction action = {.sa_handler = count_alarm}, old;
    struct itimerval each = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, &old);
    setitimer(ITIMER_REAL, &each, NULL);
    int count = loop_wait(&loop, events, LOOP_FOREVER);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &old, NULL);
    TAP_INT(count, 0, "a signal ends a wait with no event");
    TAP_OK(alarms > 0, "… it came");
}

int main(void)
{
    struct error err = {""};
    if (!TAP_OK(loop_init(&loop, &err), "a loop%s", err.text))
        return tap_done();
    TAP_INT(fcntl(loop.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "closed by exec");
    edges();
    room_to_write();
    added_late();
    ends();
    breaks();
    level();
    leaves();
    refusals();
    many();
    timeouts();
    past();
    forever();
    interrupted();
    int fd = loop.fd;
    loop_fini(&loop);
    TAP_OK(fcntl(fd, F_GETFD) < 0 && errno == EBADF, "ended: its descriptor is closed");
    return tap_done();
}
