#include "pool.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static size_t size_of(unsigned index)
{
    return (size_t)POOL_SMALLEST_BYTES << index;
}

static unsigned index_of(size_t capacity)
{
    unsigned index = 0;
    while (size_of(index) < capacity)
        index++;
    assert(index < POOL_SIZES);
    return index;
}

/* A free buffer holds the pointer to the next one in its first bytes. */
static char *take(struct pool *pool, unsigned index)
{
    char *buffer = pool->free[index];
    if (!buffer)
        return mem_new(size_of(index), 1);
    memcpy(&pool->free[index], buffer, sizeof(void *));
    pool->kept_bytes -= size_of(index);
    return buffer;
}

static void give(struct pool *pool, char *buffer, unsigned index)
{
    if (pool->kept_bytes + size_of(index) > POOL_KEPT_BYTES) {
        mem_free(buffer);
        return;
    }
    memcpy(buffer, &pool->free[index], sizeof(void *));
    pool->free[index] = buffer;
    pool->kept_bytes += size_of(index);
}

void block_reserve(struct pool *pool, struct block *block, size_t capacity)
{
    if (capacity <= block->capacity)
        return;
    unsigned index = index_of(capacity);
    struct block larger = {take(pool, index), block->len, size_of(index)};
    if (block->len > 0)
        memcpy(larger.ptr, block->ptr, block->len);
    block_release(pool, block);
    *block = larger;
}

void block_release(struct pool *pool, struct block *block)
{
    if (block->ptr)
        give(pool, block->ptr, index_of(block->capacity));
    *block = (struct block){0};
}

void pool_fini(struct pool *pool)
{
    for (unsigned index = 0; index < POOL_SIZES; index++) {
        while (pool->free[index])
            mem_free(take(pool, index));
    }
}
