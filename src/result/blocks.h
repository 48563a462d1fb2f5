/*
 * blocks: the trials of a race as a grid of block and service, for compare. Views: valid
 * as long as the result.
 */
#ifndef DRAGSTRIP_RESULT_BLOCKS_H
#define DRAGSTRIP_RESULT_BLOCKS_H

#include "result/compare.h"

struct blocks {
    const struct result *result;
    const struct trial **grid; /* [service * SIGNED_RANK_MAX + block - 1]; the trial
                                * there that counts, or NULL when it is not ok */
};

void blocks_init(struct blocks *blocks, const struct result *result);
void blocks_fini(struct blocks *blocks);

struct sample { /* values of one service and metric, NAN left out */
    double values[SIGNED_RANK_MAX];
    int block[SIGNED_RANK_MAX];
    size_t n;
};

void blocks_sample(const struct blocks *blocks, int service, enum metric metric,
                   struct sample *out);

struct pairs {                 /* of one service with the baseline */
    double d[SIGNED_RANK_MAX]; /* ln service - ln baseline, where both are usable */
    size_t n;                  /* pairs where both have a value */
    size_t blocks;             /* blocks where both have an ok trial */
    int infinite[2], zero[2];  /* how many values are such: of baseline, service */
};

void blocks_pairs(const struct blocks *blocks, int service, enum metric metric,
                  struct pairs *out);

#endif
