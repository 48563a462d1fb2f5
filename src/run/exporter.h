/*
 * exporter: a small HTTP server on a thread of its own that shows the live figures of a
 * generator to Prometheus: GET /metrics. One client after the other, each with a second.
 */
#ifndef DRAGSTRIP_RUN_EXPORTER_H
#define DRAGSTRIP_RUN_EXPORTER_H

#include "run/generate.h"

struct exporter;

/* address: "127.0.0.1:9090", ":9090" (all interfaces) or "9090" (loopback). NULL: err
 * says why it cannot listen. The spec must outlive it. */
struct exporter *exporter_start(const char *address, const struct generate_spec *spec,
                                struct error *err);

/* From the thread that watches the run. */
void exporter_second(struct exporter *exporter, const struct load_second *second);

void exporter_stop(struct exporter *exporter); /* NULL is allowed */

#endif
