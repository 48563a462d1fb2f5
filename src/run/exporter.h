/*
 * exporter: a small HTTP server on a thread of its own that shows a page of live figures
 * to Prometheus: GET /metrics. One client after the other, each with a second.
 */
#ifndef DRAGSTRIP_RUN_EXPORTER_H
#define DRAGSTRIP_RUN_EXPORTER_H

#include "run/exposition.h"
#include "sys/cpu.h"

struct exporter;

/* What is shown. write appends the page; it is called on the exporter's thread. */
struct exporter_page {
    void *context;
    void (*write)(void *context, enum exposition_format format, struct buf *out);
};

/* address: "127.0.0.1:9090", ":9090" (all interfaces) or "9090" (loopback). NULL: err
 * says why it cannot listen. */
struct exporter *exporter_start(const char *address, const struct exporter_page *page,
                                struct error *err);

/* Where its thread runs from now on. */
void exporter_pin(struct exporter *exporter, const cpu_set_t *cpus);

void exporter_stop(struct exporter *exporter); /* NULL is allowed */

#endif
