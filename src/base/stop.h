/*
 * stop: how far the user's wish to end has come. An atomic_int, set by a signal handler
 * and looked at wherever the program waits.
 */
#ifndef DRAGSTRIP_BASE_STOP_H
#define DRAGSTRIP_BASE_STOP_H

#include <stdatomic.h>

enum stop_level {
    STOP_NOT,
    STOP_SOON, /* one signal: end what is going on in good order */
    STOP_NOW   /* two: without waiting for anybody */
};

#endif
