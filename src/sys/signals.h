/*
 * signals: SIGINT and SIGTERM as readiness of a descriptor, so that no handler runs.
 */
#ifndef DRAGSTRIP_SYS_SIGNALS_H
#define DRAGSTRIP_SYS_SIGNALS_H

#include "base/error.h"

/*
 * Blocks both in the calling thread and in those it starts later, so call it first; an
 * inherited "ignore" of them is undone (a shell's & sets it for SIGINT), and SIGPIPE is
 * ignored. Returns a descriptor for loop_add_level, or -1 with err.
 */
int signals_open(struct error *err);

/* The number of a signal that came, 0 when none did. Does not block. */
int signals_take(int fd);

#endif
