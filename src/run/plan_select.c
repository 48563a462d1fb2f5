/* Which services of a plan are raced: some of them alone, and the baseline twice. */
#include <string.h>

#include "base/mem.h"
#include "result/gate.h"
#include "run/plan.h"

/* Marks the services of the list; false when one is none of the plan's. */
static bool mark_services(const struct plan *plan, const char *list,
                          bool kept[PLAN_SERVICES_MAX], struct error *err)
{
    for (const char *at = list; *at; at += *at == ',') {
        size_t len = strcspn(at, ",");
        char *name = mem_copy_bytes(at, len);
        int found = plan_find_service(&plan->services, name);
        if (found >= 0)
            kept[found] = true;
        else
            error_set(err, "--only: '%s' is none of the services of %s", name,
                      plan->path);
        mem_free(name);
        if (found < 0)
            return false;
        at += len;
    }
    return true;
}

static bool knows_ruled(const struct plan *plan, struct error *err)
{
    for (int i = 0; i < plan->gate.count; i++) {
        const struct rule *rule = &plan->gate.rules[i];
        if (*rule->service && plan_find_service(&plan->services, rule->service) < 0)
            return error_set(err, "--only leaves out '%s', which the rule '%s' is about",
                             rule->service, rule->text);
    }
    return true;
}

bool plan_only(struct plan *plan, const char *list, struct error *err)
{
    struct plan_services *services = &plan->services;
    bool kept[PLAN_SERVICES_MAX] = {false};
    int count = 0, baseline = plan->baseline;
    if (!mark_services(plan, list, kept, err))
        return false;
    if (!kept[baseline])
        return error_set(err, "--only leaves out the baseline '%s'; name it, too",
                         services->items[baseline].name);
    for (int i = 0; i < services->count; i++) {
        if (i == baseline)
            plan->baseline = count;
        if (kept[i])
            services->items[count++] = services->items[i];
        else
            plan_service_fini(&services->items[i]);
    }
    services->count = count;
    return knows_ruled(plan, err);
}

static void copy_list(const struct plan_list *from, struct plan_list *to)
{
    for (to->count = 0; to->count < from->count; to->count++)
        to->items[to->count] = mem_copy_text(from->items[to->count]);
}

bool plan_add_control(struct plan *plan, struct error *err)
{
    struct plan_services *services = &plan->services;
    const struct plan_service *baseline = &services->items[plan->baseline];
    if (!plan->control)
        return true;
    char *name = mem_format("%s-control", baseline->name);
    if (plan_find_service(services, name) >= 0) {
        error_set(err, "%s: '%s' is the control's name; call that service otherwise",
                  plan->path, name);
        mem_free(name);
        return false;
    }
    /* Built already, as the baseline. */
    struct plan_service *control = &services->items[services->count++];
    *control = (struct plan_service){.name = name,
                                     .url = mem_copy_text(baseline->url),
                                     .ready = mem_copy_text(baseline->ready),
                                     .where = mem_copy_text(baseline->where),
                                     .control = true};
    if (baseline->metrics)
        control->metrics = mem_copy_text(baseline->metrics);
    copy_list(&baseline->command, &control->command);
    copy_list(&baseline->env, &control->env);
    return true;
}

/* How many services the rule is about. */
static int subjects_of(const struct plan *plan, const struct rule *rule)
{
    int subjects = 0;
    for (int i = 0; i < plan->services.count; i++) {
        const struct plan_service *service = &plan->services.items[i];
        const struct rule_subject subject = {service->name, i == plan->baseline,
                                             service->control,
                                             plan->services.count - 1 - plan->control};
        subjects += rule_is_about(rule, &subject);
    }
    return subjects;
}

bool plan_check_gate(const struct plan *plan, struct error *err)
{
    int claims = 0, wanted = COMPARE_BLOCKS_MIN;
    bool forbids = false;
    for (int i = 0; i < plan->gate.count; i++) {
        const struct rule *rule = &plan->gate.rules[i];
        int subjects = subjects_of(plan, rule);
        if (subjects == 0)
            return error_set(err, "%s: '%s' is about no service of this race",
                             plan->gate.where[i], rule->text);
        claims += subjects;
        forbids |= !rule->required;
    }
    if (forbids)
        wanted = gate_blocks_min(claims);
    return plan->gate.count == 0 || plan->blocks >= wanted ||
           error_set(err,
                     "%s: %d blocks cannot prove a rule broken where there are %d (rules "
                     "times services); give it design: blocks: %d or more",
                     plan->gate.where[0], plan->blocks, claims, wanted);
}
