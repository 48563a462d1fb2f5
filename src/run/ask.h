/*
 * ask: what a service answers, before it is loaded: every request form once, on a
 * connection of its own.
 */
#ifndef DRAGSTRIP_RUN_ASK_H
#define DRAGSTRIP_RUN_ASK_H

#include "result/result.h"
#include "run/generate.h"

/*
 * Sends the requests of the spec to the target, one after the other, and keeps what comes
 * back in out->answers; values of masked members do not count. The first that gets no
 * answer is the last that is asked. Blocks for the spec's time-out at most each.
 */
void ask_all(const struct generate_spec *spec, const struct target *target,
             const struct jmask *mask, struct trial *out);

#endif
