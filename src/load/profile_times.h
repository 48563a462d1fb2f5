/*
 * profile_times: the part of a profile that is a list of times. For profile.c alone.
 */
#ifndef DRAGSTRIP_LOAD_PROFILE_TIMES_H
#define DRAGSTRIP_LOAD_PROFILE_TIMES_H

#include "load/profile.h"

/* How many of the times are below to_ns. */
size_t profile_times_before(const struct profile *profile, double to_ns);

#endif
