#include "run/plan_gate.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/units.h"
#include "result/answers.h"

static bool add_rule(struct plan_reader *reader, const char *name, yaml_node_t *value,
                     bool required, struct plan_gate *gate)
{
    struct error why;
    const char *text = plan_scalar(reader, name, value);
    if (!text)
        return false;
    if (gate->count == RULES_MAX)
        return plan_complain(reader, value, "more than %d rules", RULES_MAX);
    if (!rule_parse(text, required, &gate->rules[gate->count], &why))
        return plan_complain(reader, value, "%s", why.text);
    gate->where[gate->count++] = plan_where(reader, value);
    return true;
}

static bool take_rules(struct plan_reader *reader, const char *name, yaml_node_t *value,
                       bool required, struct plan_gate *gate)
{
    if (value->type != YAML_SEQUENCE_NODE)
        return add_rule(reader, name, value, required, gate);
    if (value->data.sequence.items.start == value->data.sequence.items.top)
        return plan_complain(reader, value, "%s has no rule, so nothing would be checked",
                             name);
    for (const int *item = value->data.sequence.items.start;
         item < value->data.sequence.items.top; item++) {
        if (!add_rule(reader, name, plan_node(reader, *item), required, gate))
            return false;
    }
    return true;
}

static bool take_fail_if(struct plan_reader *reader, const char *name, yaml_node_t *value,
                         void *field)
{
    return take_rules(reader, name, value, false, field);
}

static bool take_require(struct plan_reader *reader, const char *name, yaml_node_t *value,
                         void *field)
{
    return take_rules(reader, name, value, true, field);
}

static const struct plan_key gate_keys[] = {{"fail_if", take_fail_if, 0, false},
                                            {"require", take_require, 0, false},
                                            {NULL, NULL, 0, false}};

bool plan_take_gate(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    const struct plan_gate *gate = field;
    return plan_walk(reader, gate_keys, name, value, field) &&
           (gate->count > 0 ||
            plan_complain(reader, value, "%s has neither fail_if nor require", name));
}

bool plan_take_stop(struct plan_reader *reader, const char *name, yaml_node_t *value,
                    void *field)
{
    static const char within[] = " within ";
    struct plan_stop *stop = field;
    double percent = 0;
    const char *text = plan_scalar(reader, name, value);
    if (!text)
        return false;
    const char *at = strstr(text, within);
    const char *share = at ? at + strlen(within) : "";
    size_t len = strlen(share);
    bool good =
        len > 1 && share[len - 1] == '%' &&
        units_parse_count((struct str){share, len - 1}, &percent) && percent > 0 &&
        percent <= 100 &&
        metric_find(str_trim((struct str){text, (size_t)(at - text)}), &stop->metric) &&
        metric_infos[stop->metric].judged;
    stop->wanted = good;
    stop->precision = percent / 100;
    return good || plan_complain(reader, value,
                                 "%s must name a judged metric and the half-width of its "
                                 "interval, such as 'p99 within 5%%', not '%s'",
                                 name, text);
}

bool plan_take_answers(struct plan_reader *reader, const char *name, yaml_node_t *value,
                       void *field)
{
    enum answers_level *level = field;
    const char *text = plan_scalar(reader, name, value);
    if (!text)
        return false;
    for (int i = 0; i < ANSWERS_LEVELS; i++) {
        if (strcmp(text, answers_level_names[i]) != 0)
            continue;
        *level = (enum answers_level)i;
        return true;
    }
    return plan_complain(reader, value,
                         "%s must be body, length, status or any, not '%s'", name, text);
}

void plan_gate_fini(struct plan_gate *gate)
{
    for (int i = 0; i < gate->count; i++)
        mem_free(gate->where[i]);
}
