#include "result/result.h"

#include "base/mem.h"

void trial_fini(struct trial *trial)
{
    mem_free(trial->why);
    mem_free(trial->answers);
    mem_free(trial->own);
    mem_free(trial->own_why);
    load_result_fini(&trial->load);
    *trial = (struct trial){0};
}

bool trial_counts(const struct trial *trial, int service)
{
    return trial->service == service && !trial->superseded;
}

void result_supersede(struct result *result)
{
    const struct trial *last = &result->trials[result->trial_count - 1];
    for (int i = 0; i < result->trial_count - 1; i++) {
        struct trial *trial = &result->trials[i];
        if (trial->block == last->block && trial->service == last->service)
            trial->superseded = true;
    }
}

int result_blocks(const struct result *result)
{
    return result->stopped_at ? result->stopped_at : result->blocks_planned;
}

void result_choose(struct result *result, int baseline, int other)
{
    struct result_service chosen[] = {result->services[baseline],
                                      result->services[other]};
    int kept = 0;
    for (int i = 0; i < result->trial_count; i++) {
        struct trial *trial = &result->trials[i];
        int service = trial->service;
        if (service == baseline || service == other) {
            trial->service = service == other;
            result->trials[kept++] = *trial;
        } else {
            trial_fini(trial);
        }
    }
    result->trial_count = kept;
    result->services[0] = chosen[0];
    result->services[1] = chosen[1];
    result->services[0].control = result->services[1].control = false;
    result->service_count = 2;
    result->baseline = 0;
    result->rule_count = 0;
}

void result_fini(struct result *result)
{
    for (int i = 0; i < result->trial_count; i++)
        trial_fini(&result->trials[i]);
    mem_free(result->trials);
    mem_free(result->services);
    mem_free(result->rules);
    mem_free(result->name);
    mem_free(result->title);
    mem_free(result->plan_text);
    mem_free(result->version);
    *result = (struct result){0};
}
