/*
 * judge: can a load result be trusted, and could the service hold the rate? METHOD 6.
 */
#ifndef DRAGSTRIP_RUN_JUDGE_H
#define DRAGSTRIP_RUN_JUDGE_H

#include "result/load_result.h"

/* Sets overloaded and adds the reasons for which the result is invalid. */
void judge_load(struct load_result *result);

/* Whether the generator itself came late, by that measure of METHOD 6 which does not
 * depend on the service: the p99 of its lag is over 1 ms. */
bool judge_was_late(const struct load_result *result);

#endif
