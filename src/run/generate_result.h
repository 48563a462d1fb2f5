/*
 * generate_result: what a run of the load room counted as a load result, judged.
 */
#ifndef DRAGSTRIP_RUN_GENERATE_RESULT_H
#define DRAGSTRIP_RUN_GENERATE_RESULT_H

#include "run/generate.h"

/* The caller calls load_result_fini. */
void generate_result(const struct generate_spec *asked, const struct load_spec *spec,
                     const struct load_outcome *outcome, struct load_result *out);

#endif
