#include "sys/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"

enum { PIECE = 65536 };

bool pipe_open(struct pipe_ends *out, struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, "cannot make a pipe: %s", strerror(errno));
    /* Only our end: O_NONBLOCK on the other would be the child's standard output. */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *out = (struct pipe_ends){ends[0], ends[1]};
    return true;
}

enum pipe_status pipe_read(int fd, int64_t until_ns, struct buf *out)
{
    char piece[PIECE];
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    int64_t left = until_ns - clock_now_ns();
    struct timespec timeout = {0};
    if (left > 0)
        timeout = (struct timespec){left / NS_PER_S, left % NS_PER_S};
    if (ppoll(&readable, 1, &timeout, NULL) <= 0)
        return PIPE_QUIET;
    ssize_t n = read(fd, piece, sizeof(piece));
    if (n > 0)
        buf_add(out, (struct str){piece, (size_t)n});
    return n > 0 ? PIPE_BYTES : n == 0 ? PIPE_OVER : PIPE_QUIET;
}

static bool write_whole(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n <= 0)
            return false;
        text = (struct str){text.ptr + n, text.len - (size_t)n};
    }
    return lseek(fd, 0, SEEK_SET) == 0;
}

int pipe_text_file(struct str text, struct error *err)
{
    int fd = memfd_create("dragstrip", MFD_CLOEXEC);
    if (fd >= 0 && write_whole(fd, text))
        return fd;
    error_set(err, "cannot make a file in memory: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

void pipe_read_file(int fd, struct buf *out)
{
    char piece[4096];
    ssize_t n;
    for (off_t at = 0; (n = pread(fd, piece, sizeof(piece), at)) > 0; at += n)
        buf_add(out, (struct str){piece, (size_t)n});
}
