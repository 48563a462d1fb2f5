/* Slabs: each object is its holder's alone, blocks are many, and what is given back is
 * taken again before anything new. */
#include "slab.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "exchange.h"
#include "stats/rng.h"
#include "tap.h"

enum { OBJECTS = 30000, STEPS = 100000 };

static char *objects[OBJECTS], *again[OBJECTS];

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (char *const *)a, y = (uintptr_t) * (char *const *)b;
    return (x > y) - (x < y);
}

/* A pattern that no other object has, in every byte of it. */
static void mark(char *object, size_t bytes, int owner)
{
    for (size_t i = 0; i < bytes; i++)
        object[i] = (char)(owner * 31 + (int)i * 7 + (owner >> 8));
}

static bool is_marked(const char *object, size_t bytes, int owner)
{
    for (size_t i = 0; i < bytes; i++) {
        if (object[i] != (char)(owner * 31 + (int)i * 7 + (owner >> 8)))
            return false;
    }
    return true;
}

static int count_blocks(const struct slab *slab)
{
    int count = 0;
    for (void *at = slab->blocks; at; memcpy(&at, at, sizeof(at)))
        count++;
    return count;
}

/* Overlapping neighbours, in the order of their addresses. */
static int overlaps(char **sorted, size_t bytes)
{
    int count = 0;
    qsort(sorted, OBJECTS, sizeof(sorted[0]), by_address);
    for (int i = 1; i < OBJECTS; i++)
        count += (size_t)((uintptr_t)sorted[i] - (uintptr_t)sorted[i - 1]) < bytes;
    return count;
}

static void take_all(struct slab *slab, char **out)
{
    for (int i = 0; i < OBJECTS; i++) {
        out[i] = slab_take(slab);
        mark(out[i], slab->object_bytes, i);
    }
}

static void many(size_t bytes)
{
    struct slab slab;
    int wrong = 0, crooked = 0;
    slab_init(&slab, bytes);
    take_all(&slab, objects);
    for (int i = 0; i < OBJECTS; i++) {
        wrong += !is_marked(objects[i], bytes, i);
        crooked += (uintptr_t)objects[i] % sizeof(void *) != 0;
    }
    TAP_INT(wrong, 0, "each object keeps its content");
    TAP_INT(crooked, 0, "… and is aligned as a pointer is");
    int blocks = count_blocks(&slab);
    TAP_OK((size_t)blocks >= OBJECTS * bytes / (256 << 10) && blocks <= 64,
           "… %d objects of %zu bytes are in %d blocks", OBJECTS, bytes, blocks);
    for (int i = 0; i < OBJECTS; i++)
        slab_give(&slab, objects[i]);
    take_all(&slab, again);
    TAP_INT(count_blocks(&slab), blocks, "given back, all of them come again");
    TAP_INT(overlaps(objects, bytes), 0, "… none overlapped another");
    TAP_INT(overlaps(again, bytes), 0, "… and none does now");
    TAP_OK(memcmp(objects, again, sizeof(objects)) == 0, "… they are the same");
    slab_fini(&slab);
    TAP_OK(!slab.blocks && !slab.free, "the end leaves nothing");
    mark(slab_take(&slab), bytes, 1);
    TAP_INT(count_blocks(&slab), 1, "… and it can begin anew");
    slab_fini(&slab);
}

/* The last one given back is the first one taken: it is the warmest. */
static void last_first(void)
{
    struct slab slab;
    slab_init(&slab, 64);
    void *a = slab_take(&slab), *b = slab_take(&slab), *c = slab_take(&slab);
    slab_give(&slab, a);
    slab_give(&slab, c);
    TAP_OK(slab_take(&slab) == c, "what was given back last is taken first");
    TAP_OK(slab_take(&slab) == a, "… then what was before");
    void *d = slab_take(&slab);
    TAP_OK(d != a && d != b && d != c, "… then a new one");
    slab_fini(&slab);
}

/* Random takers and givers: nobody's content changes while it is his. */
static void random_steps(void)
{
    enum { HELD = 6000, BYTES = 136 };
    struct slab slab;
    struct rng rng;
    int wrong = 0;
    slab_init(&slab, BYTES);
    rng_init(&rng, 2, 0);
    memset(objects, 0, sizeof(objects));
    for (int step = 0; step < STEPS; step++) {
        int i = (int)rng_below(&rng, HELD);
        if (objects[i]) {
            wrong += !is_marked(objects[i], BYTES, i);
            slab_give(&slab, objects[i]);
            objects[i] = NULL;
        } else {
            objects[i] = slab_take(&slab);
            mark(objects[i], BYTES, i);
        }
    }
    TAP_INT(wrong, 0, "each holder finds what he left");
    TAP_OK(count_blocks(&slab) <= HELD * BYTES / (256 << 10) + 1, "… in %d blocks",
           count_blocks(&slab));
    slab_fini(&slab);
}

int main(void)
{
    static const size_t sizes[] = {8, 16, 24, 64, 136, sizeof(struct exchange)};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        many(sizes[i]);
    last_first();
    random_steps();
    return tap_done();
}
