/*
 * spectrum: the percentiles of a load result's latency as a plot in text: a line a
 * percentile, evenly spaced in the number of nines, times on a logarithmic scale.
 */
#ifndef DRAGSTRIP_REPORT_SPECTRUM_H
#define DRAGSTRIP_REPORT_SPECTRUM_H

#include "base/buf.h"
#include "result/load_result.h"

/* Appends the plot; nothing when there are no latencies. */
void spectrum_print(const struct load_result *result, struct buf *out);

#endif
