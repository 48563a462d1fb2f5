/*
 * hgrm: a latency distribution in the percentile format of HdrHistogram (".hgrm"), which
 * its plotters read: values in ms, five lines for each halving of what is left above.
 *
 * Errors are part of the total, as everywhere: the lines end where they begin, without
 * one for 100 %, and a comment says how many there are.
 */
#ifndef DRAGSTRIP_REPORT_HGRM_H
#define DRAGSTRIP_REPORT_HGRM_H

#include "result/load_result.h"

/* False: the result holds no latency histogram. */
bool hgrm_print(const struct load_result *result, struct buf *out);

#endif
