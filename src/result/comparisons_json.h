/*
 * comparisons_json: what compare_result and gate_apply found, as JSON. Only written,
 * never read: readers compute it again from the trials.
 */
#ifndef DRAGSTRIP_RESULT_COMPARISONS_JSON_H
#define DRAGSTRIP_RESULT_COMPARISONS_JSON_H

#include "result/gate.h"

/* New references: the array "comparisons", and "summary" (medians by service). */
json_t *comparisons_to_json(const struct result *result,
                            const struct comparisons *comparisons);
json_t *comparisons_summary_to_json(const struct result *result,
                                    const struct comparisons *comparisons);

/* With the rules' texts, which are the one part that is read again. */
json_t *gate_to_json(const struct result *result, const struct gate *gate);

#endif
