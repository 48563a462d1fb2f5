/*
 * findings: what the trials of one service say apart from its numbers. For compare.c.
 */
#ifndef DRAGSTRIP_RESULT_FINDINGS_H
#define DRAGSTRIP_RESULT_FINDINGS_H

#include "result/compare.h"

void findings_of_service(const struct result *result, int service,
                         struct service_finding *out);

#endif
