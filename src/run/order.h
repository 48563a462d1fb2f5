/*
 * order: the randomised blocks (METHOD 2). Pure and deterministic in the seed.
 */
#ifndef DRAGSTRIP_RUN_ORDER_H
#define DRAGSTRIP_RUN_ORDER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Order of the services in one block (from 1) of `blocks`. Two services: as many blocks
 * begin with one as with the other (an odd count differs by one), up to each look, too;
 * more: a random permutation for each block.
 */
void order_block(uint64_t seed, int block, int blocks, int services, int *out_order);

/* Whether a race may stop after this block, by the width of its intervals alone: 10, 15,
 * 20 and 30. */
bool order_is_look(int block);

/* Seed of a block's arrivals: common random numbers for all its services. */
uint64_t order_block_seed(uint64_t seed, int block);

#endif
