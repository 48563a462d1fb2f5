/*
 * race_result: the parts of a result that are known before its first trial. Used by
 * race.c and resume.c only.
 */
#ifndef DRAGSTRIP_RUN_RACE_RESULT_H
#define DRAGSTRIP_RUN_RACE_RESULT_H

#include "result/result.h"
#include "run/plan.h"
#include "sys/cpu.h"

/* The caller calls result_fini. */
void race_result_init(struct result *result, const struct plan *plan, const char *version,
                      const struct cpu_plan *cpus);

/* Once it is built: the SHA-256 of the program, where the command names its file. */
void race_result_note_program(struct result *result, const struct plan_service *plan,
                              int service);

/* Appends the trial, which is the result's from now on, and returns where it is. */
struct trial *race_result_add(struct result *result, const struct trial *trial);

#endif
