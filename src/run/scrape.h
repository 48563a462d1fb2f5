/*
 * scrape: a metrics page over HTTP, as Prometheus fetches it.
 */
#ifndef DRAGSTRIP_RUN_SCRAPE_H
#define DRAGSTRIP_RUN_SCRAPE_H

#include "base/buf.h"
#include "load/target.h"
#include "result/page.h"

/* No longer page is read. */
enum { SCRAPE_MAX_BYTES = 16 << 20 };

struct scrape {
    struct buf text;
    struct page page; /* views of the text */
    int64_t at_ns;    /* monotonic clock, half-way between asking and the answer */
};

/* Asks for this path of the target. False: a sentence that says what there is instead of
 * a page of metrics; *scrape is then empty. Blocks up to the time-out. */
bool scrape_page(struct scrape *scrape, const struct target *target, struct str path,
                 int64_t timeout_ns, struct error *err);

void scrape_fini(struct scrape *scrape);

#endif
