#include "result/result.h"

#include "base/mem.h"

void trial_fini(struct trial *trial)
{
    mem_free(trial->why);
    load_result_fini(&trial->load);
    *trial = (struct trial){0};
}

void result_fini(struct result *result)
{
    for (int i = 0; i < result->trial_count; i++)
        trial_fini(&result->trials[i]);
    mem_free(result->trials);
    mem_free(result->services);
    mem_free(result->name);
    mem_free(result->title);
    mem_free(result->plan_text);
    mem_free(result->version);
    *result = (struct result){0};
}
