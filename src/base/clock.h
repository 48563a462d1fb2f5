/*
 * clock: monotonic and wall time as int64 nanoseconds. The only wall clock user is the
 * naming of output folders and the services' server_timestamp.
 */
#ifndef DRAGSTRIP_BASE_CLOCK_H
#define DRAGSTRIP_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* CLOCK_MONOTONIC. */
int64_t clock_now_ns(void);

/* CLOCK_REALTIME, since 1970. */
int64_t clock_wall_ns(void);

/* Sleeps until the monotonic time; returns at once when it has passed, or on a signal. */
void clock_sleep_until(int64_t when_ns);

#endif
