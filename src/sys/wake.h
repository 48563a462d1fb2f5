/*
 * wake: a bell between threads. One thread rings it, the loop of another one sees its
 * descriptor become readable (loop_add_level).
 */
#ifndef DRAGSTRIP_SYS_WAKE_H
#define DRAGSTRIP_SYS_WAKE_H

#include "base/error.h"

/* A descriptor to be closed with fd_close, or -1 with err. */
int wake_open(struct error *err);

/* From any thread; never blocks. Rings before the next wake_clear count as one. */
void wake_ring(int fd);

/* Makes it silent again. */
void wake_clear(int fd);

#endif
