#include "run/resume.h"

#include <string.h>

#include "run/order.h"
#include "run/race_result.h"
#include "run/trial.h"

enum { TEXT_MAX = 1 << 30 };

bool resume_check_plan(const struct outdir *out, const struct plan *plan,
                       struct error *err)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    bool good = outdir_read(out, "plan.yaml", &text, err) &&
                (str_eq(buf_str(&text), str_of(plan->text)) ||
                 error_set(err,
                           "%s was begun with another plan: its plan.yaml is not "
                           "what this one says now",
                           out->path));
    buf_fini(&text);
    return good;
}

static bool differ(struct error *err, const struct outdir *out, const char *what)
{
    return error_set(err,
                     "%s was begun with %s; its trials and new ones would not be one "
                     "race",
                     out->path, what);
}

static bool is_same_service(const struct result_service *a,
                            const struct result_service *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->command, b->command) == 0 &&
           a->control == b->control && a->skipped == b->skipped;
}

static bool check_services(const struct outdir *out, const struct result *before,
                           const struct result *now, struct error *err)
{
    if (before->service_count != now->service_count)
        return differ(err, out, "other services (--only)");
    for (int i = 0; i < now->service_count; i++) {
        const struct result_service *a = &before->services[i], *b = &now->services[i];
        if (!is_same_service(a, b))
            return differ(err, out, "other services (--only, or a missing toolchain)");
        if (strcmp(a->program_hash, b->program_hash) != 0)
            return error_set(err,
                             "%s was begun with another build of %s; its trials and "
                             "new ones would not be one race",
                             out->path, a->name);
    }
    return true;
}

static bool is_same_machine(const struct result_machine *a,
                            const struct result_machine *b)
{
    return strcmp(a->cpu_model, b->cpu_model) == 0 && strcmp(a->kernel, b->kernel) == 0 &&
           a->memory_bytes == b->memory_bytes &&
           strcmp(a->service_cpus, b->service_cpus) == 0 &&
           strcmp(a->generator_cpus, b->generator_cpus) == 0;
}

bool resume_check_result(const struct outdir *out, const struct result *now,
                         struct error *err)
{
    struct buf text;
    struct result before;
    if (!outdir_has(out, "result.json")) /* cut off before its first block was over */
        return true;
    buf_init(&text, TEXT_MAX);
    bool good = outdir_read(out, "result.json", &text, err) &&
                (result_from_text(buf_str(&text), &before, err) ||
                 error_prefix(err,
                              "%s/result.json cannot be used; delete it to resume "
                              "without it: ",
                              out->path));
    buf_fini(&text);
    if (!good)
        return false;
    if (!is_same_machine(&before.machine, &now->machine))
        good = differ(err, out, "another machine or other CPUs");
    else if (strcmp(before.params.bodies_hash, now->params.bodies_hash) != 0)
        good = differ(err, out, "other request bodies");
    else
        good = check_services(out, &before, now, err);
    result_fini(&before);
    return good;
}

/* The attempts at one place. */
static bool recall_place(const struct outdir *out, const struct plan *plan,
                         struct result *result, struct outdir_place place, int position,
                         struct resume_places *places, struct error *err)
{
    int *next = &places->next[(place.block - 1) * result->service_count + place.service];
    while (*next && outdir_has_trial(out, result->services, place)) {
        struct trial trial;
        if (!outdir_read_trial(out, result, place, &trial, err))
            return false;
        if (trial.block != place.block || trial.service != place.service ||
            trial.position != position || trial.attempt != place.attempt) {
            trial_fini(&trial);
            return differ(err, out, "other services or in another order");
        }
        places->out[place.service] |= !trial.ready;
        *next = trial.attempt == 1 && trial_is_spoilt(&trial, plan) ? 2 : 0;
        race_result_add(result, &trial);
        place.attempt++;
    }
    return true;
}

bool resume_recall(const struct outdir *out, const struct plan *plan,
                   struct result *result, struct resume_places *places, struct error *err)
{
    for (int block = 1; block <= plan->blocks; block++) {
        int order[PLAN_SERVICES_MAX];
        order_block(plan->seed, block, plan->blocks, places->runner_count, order);
        for (int i = 0; i < places->runner_count; i++) {
            struct outdir_place place = {block, places->runners[order[i]], 1};
            if (!recall_place(out, plan, result, place, i + 1, places, err))
                return false;
        }
    }
    return true;
}
