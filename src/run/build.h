/*
 * build: a service's build step, once before the race.
 */
#ifndef DRAGSTRIP_RUN_BUILD_H
#define DRAGSTRIP_RUN_BUILD_H

#include "base/stop.h"

#include "run/plan.h"

enum build_outcome {
    BUILD_DONE,
    BUILD_MISSING, /* a program that it needs is not installed */
    BUILD_FAILED,  /* its command did not end with status 0 */
    BUILD_STOPPED  /* interrupted */
};

/* Runs `sh -c build` with its output in log_path. err says why unless BUILD_DONE. */
enum build_outcome build_service(const struct plan_service *service, const char *log_path,
                                 atomic_int *stop, struct error *err);

#endif
