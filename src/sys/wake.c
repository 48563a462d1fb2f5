#include "sys/wake.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

int wake_open(struct error *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        error_set(err, "cannot create an eventfd: %s", strerror(errno));
    return fd;
}

void wake_ring(int fd)
{
    /* Fails only when the counter is full, and then it rings already. */
    (void)eventfd_write(fd, 1);
}

void wake_clear(int fd)
{
    eventfd_t ignored;
    (void)eventfd_read(fd, &ignored);
}
