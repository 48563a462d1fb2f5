/*
 * pool: buffers that connections borrow while a request or an answer is incomplete.
 * Sizes are powers of two; what is given back waits in a list of its size, so that the
 * steady state allocates nothing. One pool belongs to one loop; no locks.
 */
#ifndef ECHO_POOL_H
#define ECHO_POOL_H

#include <stddef.h>

enum { POOL_SIZES = 16, POOL_SMALLEST_BYTES = 4096 }; /* up to 128 MiB */

/* At most this much lies in the lists; the rest goes back to the allocator. */
enum { POOL_KEPT_BYTES = 32 << 20 };

struct pool {
    void *free[POOL_SIZES];
    size_t kept_bytes;
};

/* Zeroed: none borrowed. */
struct block {
    char *ptr;
    size_t len;
    size_t capacity;
};

/* Gives the block at least this capacity, keeping its content. */
void block_reserve(struct pool *pool, struct block *block, size_t capacity);

/* Gives the buffer back; the block is zeroed. */
void block_release(struct pool *pool, struct block *block);

void pool_fini(struct pool *pool);

#endif
