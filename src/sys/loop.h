/*
 * loop: readiness of file descriptors, edge-triggered epoll. A descriptor is added once
 * for reading and writing and never modified. One loop belongs to one thread.
 */
#ifndef DRAGSTRIP_SYS_LOOP_H
#define DRAGSTRIP_SYS_LOOP_H

#include "base/error.h"

#include <stdint.h>

enum { LOOP_EVENTS_MAX = 256 };

#define LOOP_READ 1u  /* bytes or end of stream (or an error) can be read */
#define LOOP_WRITE 2u /* room to write */
#define LOOP_END                                                                         \
    4u /* the peer ended its stream or the connection broke: read to the end             \
        * now, no other edge will come */
#define LOOP_FOREVER INT64_MAX

struct loop_event {
    void *owner; /* as given to loop_add */
    unsigned ready;
};

struct loop {
    int fd;
    bool coarse; /* the kernel has no epoll_pwait2 (before Linux 5.11): time-outs are in
                    ms */
};

bool loop_init(struct loop *loop, struct error *err);
void loop_fini(struct loop *loop);

/* owner is handed back with each event; it must outlive the registration. A closed
 * descriptor leaves by itself. False: errno says why. */
bool loop_add(struct loop *loop, int fd, void *owner);
/* Level-triggered, for reading only: listeners, wake-up and signal descriptors. */
bool loop_add_level(struct loop *loop, int fd, void *owner);
void loop_remove(struct loop *loop, int fd);

/*
 * Waits until something is ready or the monotonic clock reaches until_ns (LOOP_FOREVER:
 * no limit; in the past: does not wait), with nanosecond time-outs (epoll_pwait2), or
 * milliseconds, rounded up, on kernels and under tools that lack it.
 * Returns the number of events, 0 also when a signal came.
 */
int loop_wait(struct loop *loop, struct loop_event events[LOOP_EVENTS_MAX],
              int64_t until_ns);

#endif
