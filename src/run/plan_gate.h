/*
 * plan_gate: the parts of a plan that decide: its rules, when to stop, and how far
 * answers must agree. For plan.c alone.
 */
#ifndef DRAGSTRIP_RUN_PLAN_GATE_H
#define DRAGSTRIP_RUN_PLAN_GATE_H

#include "run/plan_node.h"

bool plan_take_gate(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field); /* struct plan_gate */
bool plan_take_stop(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field); /* struct plan_stop: "p99 within 5%" */
bool plan_take_answers(struct plan_reader *reader, const char *name, yaml_node_t *value,
                       void *field); /* enum answers_level */

void plan_gate_fini(struct plan_gate *gate);

#endif
