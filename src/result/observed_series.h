/*
 * observed_series: the series of a page, found by name and labels whatever their order.
 * Private to src/result.
 *
 * A page may have several samples of one series, which Prometheus accepts: without times
 * the first of them counts, with times the latest.
 */
#ifndef DRAGSTRIP_RESULT_OBSERVED_SERIES_H
#define DRAGSTRIP_RESULT_OBSERVED_SERIES_H

#include "result/page.h"

struct observed_series {
    const struct page *page;
    size_t *slots; /* hash table of the samples that count, from 1; 0 is free */
    size_t slot_count;
};

/* The page must outlive it. */
void observed_series_init(struct observed_series *series, const struct page *page);
void observed_series_fini(struct observed_series *series);

/* The sample that counts of the same series as this one, which may be of another page;
 * NULL: there is none. A label without a value is none (as in both formats), and bounds
 * and quantiles are compared as numbers: le="1" is le="1.0". */
const struct page_sample *observed_series_find(const struct observed_series *series,
                                               const struct page_sample *sample);

#endif
