/*
 * junit: a race as JUnit XML, for the servers that show test results. One suite a
 * service: a case for whether it was measured as planned, one for each of the gate's
 * rules, and one for each metric's comparison. A
 * broken rule is a failure of type "broken", one without proof of type "inconclusive";
 * what cannot be trusted is an error of type "invalid"; what has no verdict is skipped.
 */
#ifndef DRAGSTRIP_REPORT_JUNIT_H
#define DRAGSTRIP_REPORT_JUNIT_H

#include "result/compare.h"

void junit_print(const struct result *result, const struct comparisons *comparisons,
                 struct buf *out);

#endif
