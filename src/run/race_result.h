/*
 * race_result: the parts of a result that are known before its first trial. Used by
 * race.c only.
 */
#ifndef DRAGSTRIP_RUN_RACE_RESULT_H
#define DRAGSTRIP_RUN_RACE_RESULT_H

#include "result/result.h"
#include "run/plan.h"
#include "sys/cpu.h"

/* The caller calls result_fini. */
void race_result_init(struct result *result, const struct plan *plan, const char *version,
                      const struct cpu_plan *cpus);

/* Appends an empty trial and returns it; valid until the next call. */
struct trial *race_result_add(struct result *result);

#endif
