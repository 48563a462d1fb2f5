/*
 * fetch: one HTTP exchange on a connection of its own, for readiness probes, scrapes, and
 * to see what a service answers.
 */
#ifndef DRAGSTRIP_RUN_FETCH_H
#define DRAGSTRIP_RUN_FETCH_H

#include "base/buf.h"
#include "base/error.h"
#include "load/target.h"

/* From the first of the target's addresses that can be had. Blocks up to the time-out.
 * The body is appended to *body unless NULL. */
bool fetch(const struct target *target, const char *path, int64_t timeout_ns, int *status,
           struct buf *body, struct error *err);

/* The same with a whole request of any kind; answers to HEAD have no body. */
bool fetch_exchange(const struct target *target, struct str request, bool head_method,
                    int64_t timeout_ns, int *status, struct buf *body, struct error *err);

#endif
