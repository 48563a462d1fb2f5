/*
 * live: the live figures of one generator, served to Prometheus while it runs.
 */
#ifndef DRAGSTRIP_RUN_LIVE_H
#define DRAGSTRIP_RUN_LIVE_H

#include "run/exporter.h"
#include "run/generate.h"

struct live;

/* address as exporter_start's. NULL: err says why. The spec must outlive it. */
struct live *live_start(const char *address, const struct generate_spec *spec,
                        struct error *err);

/* What passed since the last call. From the thread that watches the run. */
void live_add(struct live *live, const struct figures *figures);

void live_stop(struct live *live); /* NULL is allowed */

#endif
