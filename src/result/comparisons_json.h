/*
 * comparisons_json: what compare_result found, as JSON. Only written, never read: readers
 * compute it again from the trials.
 */
#ifndef DRAGSTRIP_RESULT_COMPARISONS_JSON_H
#define DRAGSTRIP_RESULT_COMPARISONS_JSON_H

#include "result/compare.h"

/* New references: the array "comparisons", and "summary" (medians by service). */
json_t *comparisons_to_json(const struct result *result,
                            const struct comparisons *comparisons);
json_t *comparisons_summary_to_json(const struct result *result,
                                    const struct comparisons *comparisons);

#endif
