/*
 * dry_run: what a race would do, without starting anything.
 */
#ifndef DRAGSTRIP_CMD_DRY_RUN_H
#define DRAGSTRIP_CMD_DRY_RUN_H

#include "run/plan.h"

/* Prints the order, the length, and how well a difference would be known; exit code. */
int dry_run_print(const struct plan *plan);

#endif
