#include "result/findings.h"

#include <math.h>
#include <stdio.h>

#include "result/answers.h"

static const char *invalid_reason(const struct trial *trial)
{
    if (trial->invalid_count > 0)
        return trial->invalid[0];
    return trial->load.invalid_count > 0 ? trial->load.invalid[0] : NULL;
}

static void count_ok_trial(const struct trial *trial, struct service_finding *out)
{
    const struct load_result *load = &trial->load;
    const char *reason = invalid_reason(trial);
    double share = (double)load_result_errors(load) / (double)load->due;
    out->trials_ok++;
    out->trials_overloaded += load->overloaded;
    if (load->due > 0)
        out->error_share = fmax(out->error_share, share);
    if (!reason)
        return;
    if (!out->trials_invalid++ && !out->trials_failed)
        snprintf(out->why, sizeof(out->why), "in block %d: %.200s", trial->block, reason);
}

void findings_of_service(const struct result *result, int service,
                         struct service_finding *out)
{
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        out->trials_repeated += trial->service == service && trial->superseded;
        if (!trial_counts(trial, service) || trial->outcome == TRIAL_SKIPPED)
            continue;
        if (trial->outcome == TRIAL_OK)
            count_ok_trial(trial, out);
        else if (!out->trials_failed++)
            snprintf(out->why, sizeof(out->why), "in block %d: %.200s", trial->block,
                     trial->why ? trial->why : "failed");
    }
    out->overloaded = out->trials_overloaded > 0;
    answers_compare(result, service, out);
}
