/*
 * answers: do the services answer the same? Before the load of each trial every request
 * form is sent once, and its answer kept as status, length and digest (the values of
 * masked members left out). What changes from trial to trial in the answers of both
 * cannot be compared; that is a finding, and not a fault.
 */
#ifndef DRAGSTRIP_RESULT_ANSWERS_H
#define DRAGSTRIP_RESULT_ANSWERS_H

#include "result/compare.h"

extern const char *const answers_level_names[ANSWERS_LEVELS]; /* as in plan and JSON */

/* Sets answers_differ, answers_vary and answers_why of the service's finding; the
 * baseline cannot differ from itself. */
void answers_compare(const struct result *result, int service,
                     struct service_finding *out);

#endif
