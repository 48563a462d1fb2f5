/*
 * fetch: one HTTP exchange on a connection of its own, for readiness probes, scrapes, and
 * to see what a service answers.
 */
#ifndef DRAGSTRIP_RUN_FETCH_H
#define DRAGSTRIP_RUN_FETCH_H

#include "base/buf.h"
#include "base/error.h"
#include "load/target.h"

enum { FETCH_FIELD_BYTES = 256 };

/* Of the answer's head. */
struct fetched {
    int status;
    char media_type[FETCH_FIELD_BYTES]; /* Content-Type; "" without one, cut if longer */
    char encoding[FETCH_FIELD_BYTES];   /* Content-Encoding, likewise */
    char location[FETCH_FIELD_BYTES];   /* Location, likewise */
};

/* From the first of the target's addresses that can be had. Blocks up to the time-out.
 * The body is appended to *body unless NULL; one that is longer than that may be is an
 * error as soon as it is. */
bool fetch(const struct target *target, const char *path, int64_t timeout_ns,
           struct fetched *out, struct buf *body, struct error *err);

/* The same with a whole request of any kind; answers to HEAD have no body. */
bool fetch_exchange(const struct target *target, struct str request, bool head_method,
                    int64_t timeout_ns, struct fetched *out, struct buf *body,
                    struct error *err);

#endif
