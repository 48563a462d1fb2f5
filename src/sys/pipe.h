/*
 * pipe: bytes between us and a child: what it prints as it runs, and small texts that it
 * reads or leaves behind.
 */
#ifndef DRAGSTRIP_SYS_PIPE_H
#define DRAGSTRIP_SYS_PIPE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

struct pipe_ends { /* both close-on-exec; reading does not block */
    int read_fd, write_fd;
};

/* The caller closes both. */
bool pipe_open(struct pipe_ends *out, struct error *err);

enum pipe_status {
    PIPE_QUIET, /* nothing came before until_ns */
    PIPE_BYTES, /* some were appended */
    PIPE_OVER   /* nobody can write any more */
};

/* Appends what can be read now, waiting until until_ns (monotonic) for the first byte. */
enum pipe_status pipe_read(int fd, int64_t until_ns, struct buf *out);

/* A file without a name that holds text, read from its start; -1 with err. */
int pipe_text_file(struct str text, struct error *err);

/* Appends the content of such a file, whoever wrote it, from its start. */
void pipe_read_file(int fd, struct buf *out);

#endif
