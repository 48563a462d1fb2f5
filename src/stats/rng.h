/*
 * rng: xoshiro256** (Blackman & Vigna 2018), seeded by SplitMix64. Deterministic on every
 * machine; state is plain and copyable.
 */
#ifndef DRAGSTRIP_STATS_RNG_H
#define DRAGSTRIP_STATS_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

/* (seed, stream) pairs give independent sequences. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
double rng_uniform(struct rng *rng);     /* (0, 1], 53 bits */
double rng_exponential(struct rng *rng); /* mean 1 */
double rng_normal(struct rng *rng);      /* mean 0, variance 1 (Box & Muller 1958) */
uint64_t rng_below(struct rng *rng,
                   uint64_t n); /* 0…n-1 without bias (Lemire 2019), n>0 */

#endif
