/*
 * rng: integers are exact everywhere; rng_exponential depends on the libm's log, which
 * may differ in the last bit between systems (a shift of a due time far below 1 ns).
 */
#include "stats/rng.h"

#include <assert.h>
#include <math.h>

/* SplitMix64 (Steele, Lea & Flood 2014). */
static uint64_t splitmix_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/*
 * The seed is mixed before the stream is added: with a plain sum (1, 2) and (2, 1) would
 * be one sequence. Four successive outputs of SplitMix64 all differ, so that the state is
 * never all zero.
 */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;
    state = splitmix_next(&state) + stream;
    state = splitmix_next(&state);
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix_next(&state);
}

static uint64_t rotate_left(uint64_t x, int count)
{
    return (x << count) | (x >> (64 - count));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double rng_uniform(struct rng *rng)
{
    return (double)((rng_next(rng) >> 11) + 1) * 0x1p-53;
}

double rng_exponential(struct rng *rng)
{
    return 0.0 - log(rng_uniform(rng)); /* never -0 */
}

double rng_normal(struct rng *rng)
{
    double radius = sqrt(-2 * log(rng_uniform(rng)));
    return radius * cos(2 * M_PI * rng_uniform(rng));
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
    assert(n > 0);
    __extension__ unsigned __int128 product =
        (__extension__(unsigned __int128) rng_next(rng)) * n;
    if ((uint64_t)product < n) {
        uint64_t biased = (0 - n) % n; /* 2^64 mod n low words are one too many */
        while ((uint64_t)product < biased)
            product = (__extension__(unsigned __int128) rng_next(rng)) * n;
    }
    return (uint64_t)(product >> 64);
}
