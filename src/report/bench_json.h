/*
 * bench_json: the medians of a race for services that keep benchmark results over time.
 * They keep numbers, and no verdict: what changed from one run to another was not
 * measured side by side. Values that no number is (errors, thin tails) are left out.
 */
#ifndef DRAGSTRIP_REPORT_BENCH_JSON_H
#define DRAGSTRIP_REPORT_BENCH_JSON_H

#include "result/compare.h"

/* For github-action-benchmark with tool customSmallerIsBetter: an array of name, unit,
 * value, range and extra. Throughput, where more is better, is left out. */
void bench_json_action(const struct result *result, const struct comparisons *comparisons,
                       struct buf *out);

/* Bencher Metric Format: benchmark (service), measure, value with the 95 % interval of
 * the median. */
void bench_json_bencher(const struct result *result,
                        const struct comparisons *comparisons, struct buf *out);

#endif
