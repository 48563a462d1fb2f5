#include "sys/loop.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

bool loop_init(struct loop *loop, struct error *err)
{
    loop->coarse = false;
    loop->fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->fd < 0)
        return error_set(err, "cannot create an epoll instance: %s", strerror(errno));
    return true;
}

void loop_fini(struct loop *loop)
{
    if (loop->fd > 0)
        close(loop->fd);
    loop->fd = -1;
}

static bool add(struct loop *loop, int fd, void *owner, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = owner};
    return epoll_ctl(loop->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool loop_add(struct loop *loop, int fd, void *owner)
{
    return add(loop, fd, owner, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

bool loop_add_level(struct loop *loop, int fd, void *owner)
{
    return add(loop, fd, owner, EPOLLIN);
}

void loop_remove(struct loop *loop, int fd)
{
    epoll_ctl(loop->fd, EPOLL_CTL_DEL, fd, NULL);
}

static unsigned readiness(uint32_t events)
{
    unsigned ready = 0;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        ready |= LOOP_READ;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        ready |= LOOP_WRITE;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        ready |= LOOP_END;
    return ready;
}

/* In whole milliseconds, rounded up: never too early. */
static int wait_coarsely(struct loop *loop, struct epoll_event *events, int64_t left_ns)
{
    int64_t left_ms = left_ns <= 0 ? 0 : (left_ns - 1) / NS_PER_MS + 1;
    if (left_ns == LOOP_FOREVER)
        left_ms = -1;
    else if (left_ms > INT32_MAX)
        left_ms = INT32_MAX;
    return epoll_wait(loop->fd, events, LOOP_EVENTS_MAX, (int)left_ms);
}

static int wait_finely(struct loop *loop, struct epoll_event *events, int64_t left_ns)
{
    if (left_ns == LOOP_FOREVER)
        return epoll_pwait2(loop->fd, events, LOOP_EVENTS_MAX, NULL, NULL);
    struct timespec timeout = {0};
    if (left_ns > 0) {
        timeout.tv_sec = left_ns / NS_PER_S;
        timeout.tv_nsec = left_ns % NS_PER_S;
    }
    return epoll_pwait2(loop->fd, events, LOOP_EVENTS_MAX, &timeout, NULL);
}

static int wait_kernel(struct loop *loop, struct epoll_event *events, int64_t until_ns)
{
    int64_t left_ns = until_ns;
    if (until_ns != LOOP_FOREVER)
        left_ns = until_ns <= 0 ? 0 : until_ns - clock_now_ns();
    if (!loop->coarse) {
        int n = wait_finely(loop, events, left_ns);
        if (n >= 0 || errno != ENOSYS)
            return n;
        loop->coarse = true;
    }
    return wait_coarsely(loop, events, left_ns);
}

int loop_wait(struct loop *loop, struct loop_event events[LOOP_EVENTS_MAX],
              int64_t until_ns)
{
    struct epoll_event kernel[LOOP_EVENTS_MAX];
    int n = wait_kernel(loop, kernel, until_ns);
    for (int i = 0; i < n; i++) {
        events[i].owner = kernel[i].data.ptr;
        events[i].ready = readiness(kernel[i].events);
    }
    return n < 0 ? 0 : n;
}
