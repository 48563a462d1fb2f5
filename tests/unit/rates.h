/*
 * rates: constant rates for tests of schedules and of whole runs.
 */
#ifndef DRAGSTRIP_TESTS_RATES_H
#define DRAGSTRIP_TESTS_RATES_H

#include <assert.h>

#include "load/profile.h"

/* A constant profile that lives as long as the program: schedules only point to theirs.
 */
static const struct profile *rate_of(double rate_hz)
{
    static struct profile profiles[64];
    static int count;
    assert(count < 64);
    profile_constant(&profiles[count], rate_hz);
    return &profiles[count++];
}

#endif
