#include "run/order.h"

#include <stddef.h>

#include "base/mem.h"
#include "stats/rng.h"

/* Streams of the race's seed; a block's arrivals have streams of their own. */
enum { STREAM_PAIRS = 1, STREAM_BLOCKS = 1 << 16, STREAM_ARRIVALS = 1 << 24 };

static void shuffle(struct rng *rng, int *items, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)rng_below(rng, (uint64_t)i + 1);
        int kept = items[i];
        items[i] = items[j];
        items[j] = kept;
    }
}

/* Where a race may stop early (METHOD 4): each stretch between is balanced by itself. */
static const int looks[] = {10, 15, 20, 30};

bool order_is_look(int block)
{
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        if (looks[i] == block)
            return true;
    }
    return false;
}

/* Which of two services begins: a list 0, 1, 0, 1 ..., shuffled within each stretch. */
static int first_of_two(uint64_t seed, int block, int blocks)
{
    struct rng rng;
    int *firsts = mem_new((size_t)blocks, sizeof(*firsts));
    rng_init(&rng, seed, STREAM_PAIRS);
    for (int i = 0, from = 0; i < blocks; i++) {
        firsts[i] = i % 2;
        if (i + 1 < blocks && !order_is_look(i + 1))
            continue;
        shuffle(&rng, firsts + from, i + 1 - from);
        from = i + 1;
    }
    int first = firsts[block - 1];
    mem_free(firsts);
    return first;
}

void order_block(uint64_t seed, int block, int blocks, int services, int *out_order)
{
    struct rng rng;
    for (int i = 0; i < services; i++)
        out_order[i] = i;
    if (services == 2) {
        out_order[0] = first_of_two(seed, block, blocks);
        out_order[1] = 1 - out_order[0];
        return;
    }
    rng_init(&rng, seed, STREAM_BLOCKS + (uint64_t)block);
    shuffle(&rng, out_order, services);
}

uint64_t order_block_seed(uint64_t seed, int block)
{
    struct rng rng;
    rng_init(&rng, seed, STREAM_ARRIVALS + (uint64_t)block);
    return rng_next(&rng) >> 1; /* 63 bits: JSON integers are signed */
}
