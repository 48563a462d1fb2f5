/*
 * verdict: the numbers and the verdict of one metric of one service against the baseline,
 * METHOD 3-5. Used by compare.c only.
 */
#ifndef DRAGSTRIP_RESULT_VERDICT_H
#define DRAGSTRIP_RESULT_VERDICT_H

#include "result/blocks.h"

/* Sets n, ratio, intervals, t cross-check from the pairs; all but n NAN when an infinite
 * or zero value leaves no ratio. */
void verdict_estimate(const struct pairs *pairs, struct comparison *out);

/* Takes back the numbers, which the evidence does not carry; n stays. */
void verdict_withhold(struct comparison *out);

/* METHOD 4 on what verdict_estimate set: verdict, beyond_margin, negligible,
 * blocks_needed, and `why` when the cross-check disagrees. */
void verdict_classify(double margin, bool more_is_better, struct comparison *out);

#endif
