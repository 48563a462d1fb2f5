/*
 * plan_load: the part of a plan that says what the generator does. For plan.c alone.
 */
#ifndef DRAGSTRIP_RUN_PLAN_LOAD_H
#define DRAGSTRIP_RUN_PLAN_LOAD_H

#include "run/plan_node.h"

struct plan_load plan_load_default(void);

/* field is a struct plan_load. */
bool plan_take_load(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field);

/* Views of the load, without URL and seed. */
struct generate_spec plan_load_spec(const struct plan_load *load);

void plan_load_fini(struct plan_load *load);

#endif
