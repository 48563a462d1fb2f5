#include "result/blocks.h"

#include <math.h>

#include "base/mem.h"

void blocks_init(struct blocks *blocks, const struct result *result)
{
    blocks->result = result;
    blocks->grid =
        mem_new((size_t)result->service_count * SIGNED_RANK_MAX, sizeof(*blocks->grid));
    for (int i = 0; i < result->trial_count; i++) {
        const struct trial *trial = &result->trials[i];
        if (trial->outcome == TRIAL_OK && !trial->superseded && trial->block >= 1 &&
            trial->block <= SIGNED_RANK_MAX)
            blocks->grid[trial->service * SIGNED_RANK_MAX + trial->block - 1] = trial;
    }
}

void blocks_fini(struct blocks *blocks)
{
    mem_free(blocks->grid);
    *blocks = (struct blocks){0};
}

void blocks_sample(const struct blocks *blocks, int service, enum metric metric,
                   struct sample *out)
{
    const struct trial *const *row = &blocks->grid[service * SIGNED_RANK_MAX];
    out->n = 0;
    for (int block = 1; block <= SIGNED_RANK_MAX; block++) {
        double value =
            row[block - 1] ? compare_value(row[block - 1], metric) : (double)NAN;
        if (isnan(value))
            continue;
        out->values[out->n] = value;
        out->block[out->n++] = block;
    }
}

static void add_pair(double baseline, double service, struct pairs *out)
{
    if (isnan(baseline) || isnan(service))
        return;
    bool finite = isfinite(baseline) && isfinite(service);
    bool positive = baseline > 0 && service > 0;
    out->infinite[0] += isinf(baseline) != 0;
    out->infinite[1] += isinf(service) != 0;
    out->zero[0] += baseline <= 0;
    out->zero[1] += service <= 0;
    out->d[out->n++] = finite && positive ? log(service) - log(baseline) : (double)NAN;
}

void blocks_pairs(const struct blocks *blocks, int service, enum metric metric,
                  struct pairs *out)
{
    int baseline = blocks->result->baseline;
    *out = (struct pairs){0};
    for (int i = 0; i < SIGNED_RANK_MAX; i++) {
        const struct trial *a = blocks->grid[baseline * SIGNED_RANK_MAX + i];
        const struct trial *b = blocks->grid[service * SIGNED_RANK_MAX + i];
        if (!a || !b)
            continue;
        out->blocks++;
        add_pair(compare_value(a, metric), compare_value(b, metric), out);
    }
}
