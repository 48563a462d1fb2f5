#include "slab.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Large enough for the allocator to map it, so that pages not yet used cost nothing. */
enum { BLOCK_BYTES = 256 << 10 };

void slab_init(struct slab *slab, size_t object_bytes)
{
    assert(object_bytes % sizeof(void *) == 0);
    *slab = (struct slab){.object_bytes = object_bytes};
}

static void push(void **list, void *object)
{
    memcpy(object, list, sizeof(*list));
    *list = object;
}

static void *pop(void **list)
{
    void *object = *list;
    memcpy(list, object, sizeof(*list));
    return object;
}

void slab_fini(struct slab *slab)
{
    while (slab->blocks)
        mem_free(pop(&slab->blocks));
    *slab = (struct slab){.object_bytes = slab->object_bytes};
}

/* The first place of a block holds the pointer to the next block. */
static void add_block(struct slab *slab)
{
    push(&slab->blocks, mem_new(BLOCK_BYTES, 1));
    slab->unused = BLOCK_BYTES / slab->object_bytes - 1;
}

void *slab_take(struct slab *slab)
{
    if (slab->free)
        return pop(&slab->free);
    if (slab->unused == 0)
        add_block(slab);
    size_t place = BLOCK_BYTES / slab->object_bytes - slab->unused--;
    return (char *)slab->blocks + place * slab->object_bytes;
}

void slab_give(struct slab *slab, void *object)
{
    push(&slab->free, object);
}
