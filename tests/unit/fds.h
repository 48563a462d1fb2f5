/*
 * fds: the open descriptors of the test program itself, asked of the kernel one by one,
 * so that asking opens none.
 */
#ifndef DRAGSTRIP_TESTS_FDS_H
#define DRAGSTRIP_TESTS_FDS_H

#include <fcntl.h>
#include <stdbool.h>

enum { FDS_MAX = 1024 };

static inline bool fds_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static inline int fds_count(void)
{
    int count = 0;
    for (int fd = 0; fd < FDS_MAX; fd++)
        count += fds_is_open(fd);
    return count;
}

/* What whoever started the test left open (a make's job server, say) goes no further. */
static inline void fds_keep_from_children(void)
{
    for (int fd = 3; fd < FDS_MAX; fd++) {
        if (fds_is_open(fd))
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

#endif
